"""Commands and queries of the artifact context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.mpc import EvalContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId
from alm_workbench.shared.messages import AUTHENTICATED, UNSET, Command, FieldValue, Page, Query, command, query

Category = Literal["todo", "in_progress", "done"]


@dataclass(frozen=True, slots=True)
class RefusalDTO:
    """What the caller may not do: an action, or a field to ``read`` or to ``update``; and why, by language.

    ``room`` says who refuses: privilege, access, policy or workflow; ``rule_id`` names the rule or privilege.
    """

    what: str
    right: str
    room: str
    rule_id: str | None
    why: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ItemAccessDTO:
    """What the caller may do with an item as it is now, and why not the rest.

    Actions are read, update, delete (restore of one in the bin), link and ``transition:<id>`` for each step out of the
    present state; a step may still ask for field values.
    """

    allowed_actions: tuple[str, ...]
    refused_actions: tuple[RefusalDTO, ...]
    visible_fields: tuple[str, ...]
    editable_fields: tuple[str, ...]
    refused_fields: tuple[RefusalDTO, ...]


@dataclass(frozen=True, slots=True)
class PendingDTO:
    """A step that was asked for and waits until ``needed`` people of ``roles`` agree; ``given`` of them have."""

    approval_id: UUID
    transition: str
    target: str
    roles: tuple[str, ...]
    needed: int
    given: int
    requested_by: UUID | None
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class HighlightDTO:
    """Where a search hit: plain ``parts`` of a text of the item, every second one of them a hit. Nothing in them is markup."""

    field: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArtifactDTO:
    """An item as the caller may see it; ``masked`` names what was withheld, ``access`` is there when asked for.

    ``pending`` is there when the step that was just asked for needs the approval of others: nothing has changed yet.
    ``rank`` is the item's place in the order of its project: compare texts byte by byte, what is lower comes first.
    """

    id: ArtifactId
    project_id: ProjectId
    key: str
    type: str
    title: str
    state: str
    state_category: str
    fields: Mapping[str, FieldValue]
    parent_id: ArtifactId | None
    assignee_id: UUID | None
    manifest_version_id: VersionId
    occurred_at: datetime
    created_at: datetime
    created_by: UUID | None
    updated_at: datetime
    updated_by: UUID | None
    version: int
    tags: tuple[str, ...] = ()
    rank: str | None = None
    masked: tuple[str, ...] = ()
    deleted_at: datetime | None = None
    access: ItemAccessDTO | None = None
    highlights: tuple[HighlightDTO, ...] = ()
    pending: PendingDTO | None = None


@dataclass(frozen=True, slots=True)
class LinkEndDTO:
    """One end of a link as the caller may see it; hidden properties are empty."""

    id: ArtifactId
    project_id: ProjectId
    key: str
    type: str
    title: str
    state: str
    version: int


@dataclass(frozen=True, slots=True)
class LinkDTO:
    """A typed link between two items.

    ``suspect`` says that what it speaks of changed since somebody looked, ``suspect_since`` when; ``pinned_version`` is the
    version of the target it speaks of, where it speaks of one: such a link never becomes suspect.
    """

    id: UUID
    link_type: str
    source_id: ArtifactId
    target_id: ArtifactId
    suspect: bool
    version: int
    suspect_since: datetime | None = None
    pinned_version: int | None = None
    source: LinkEndDTO | None = None
    target: LinkEndDTO | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """An item with the process that rules it and the context its rules are evaluated in."""

    artifact: ArtifactDTO
    process: ProcessVersion
    context: EvalContext


@dataclass(frozen=True, slots=True)
class ReadRights:
    """What the caller may see of an item as it is now, in the bin or not.

    ``hidden`` names what is withheld, None stands for the whole item; nothing is withheld of an item that is gone.
    ``functions`` are those that rules about this item may call.
    """

    exists: bool
    hidden: frozenset[str] | None
    functions: Mapping[str, Callable[..., Any]]
    project_id: ProjectId | None = None
    type_id: str = ""


@dataclass(frozen=True, slots=True)
class ImportProblemDTO:
    """A row that was not imported. ``row`` counts the file's lines from 1 (the header is 1)."""

    file: str
    row: int
    column: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportResultDTO:
    """What an import did: rows created, rows that were there already, rows skipped with their problems.

    ``existing`` rows were left alone, ``updated`` ones changed the item they name; ``links`` counts new links.
    """

    run_id: UUID
    source_name: str
    rows: int
    created: int
    existing: int
    skipped: int
    problems: tuple[ImportProblemDTO, ...]
    keys: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    dry_run: bool
    updated: int = 0
    links: int = 0


@command(
    route="POST /projects/{project_id}/artifacts",
    privilege="artifact:create",
    facade="artifacts.create",
    idempotent=True,
)
@dataclass(frozen=True, slots=True)
class CreateArtifact(Command[ArtifactDTO]):
    """Create an item, last in its project's order; ``artifact_type`` is the id or a label of a type of the active manifest."""

    project_id: ProjectId
    artifact_type: str
    title: str
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    parent_id: ArtifactId | None = None
    assignee_id: UUID | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectQuestion:
    """Which items of a project are asked about; ``FindArtifacts`` says what each member means."""

    project_id: ProjectId
    type: str | None = None
    state: str | None = None
    category: Category | None = None
    text: str | None = None
    filter: str | None = None
    assignee_id: UUID | None = None
    tag: str | None = None
    parent_id: ArtifactId | None = None
    keys: str | None = None
    created_since: datetime | None = None
    created_until: datetime | None = None
    updated_since: datetime | None = None
    updated_until: datetime | None = None
    deleted: Literal["only", "include"] | None = None


@query(route="GET /projects/{project_id}/artifacts", privilege="artifact:read", facade="artifacts.find")
@dataclass(frozen=True, slots=True)
class FindArtifacts(Query[Page[ArtifactDTO]], ProjectQuestion):
    """Find items. Newest first, or best hit first where ``text`` is given, or as ``sort`` says.

    ``text`` searches keys, titles and texts in Turkish and English; its last word may be the beginning of one.
    ``filter`` is a condition in the language of manifests, such as ``priority in ['high', 'urgent'] and assignee == actor.id``.
    ``type``, ``state``, ``tag`` and ``keys`` take one value or several with commas between them; of several
    tags an item has all. A moment ``…_since`` counts, one ``…_until`` does not. ``sort`` names fields with commas between
    them, ``-`` before one turns it round, items without a value come last. ``deleted`` shows the bin too, or only it, to
    those who may restore. Items found by what the caller may not see of them are left out. ``include=access`` adds to each
    what I may do with it.
    """

    sort: str | None = None
    include: Literal["access"] | None = None
    limit: int = 50
    cursor: str | None = None


@query(route="GET /artifacts/{artifact_id}", privilege="artifact:read", facade="artifacts.get")
@dataclass(frozen=True, slots=True)
class GetArtifact(Query[ArtifactDTO]):
    """One item; ``include=access`` adds what I may do with it."""

    artifact_id: ArtifactId
    include: Literal["access"] | None = None


@query(route="GET /artifacts/{artifact_id}/access", privilege="artifact:read", facade="artifacts.access")
@dataclass(frozen=True, slots=True)
class ArtifactAccess(Query[ItemAccessDTO]):
    """What I may do with an item, what I may see and change of it, and why not the rest."""

    artifact_id: ArtifactId


@query(route="GET /projects/{project_id}/artifacts/{key}", privilege="artifact:read", facade="artifacts.by_key")
@dataclass(frozen=True, slots=True)
class GetArtifactByKey(Query[ArtifactDTO]):
    """One item by its key, or by a key it had elsewhere."""

    project_id: ProjectId
    key: str
    include: Literal["access"] | None = None


@command(route="PATCH /artifacts/{artifact_id}", privilege="artifact:update", facade="artifacts.update", if_match=True)
@dataclass(frozen=True, slots=True)
class UpdateArtifact(Command[ArtifactDTO]):
    """Change an item. Only what is named is touched; a null clears a field, the assignee, the parent or the tags.

    ``tags`` are all tags that the item has afterwards. With another parent it keeps its rank.
    """

    artifact_id: ArtifactId
    expected_version: int
    title: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    assignee_id: UUID | None = UNSET
    parent_id: ArtifactId | None = UNSET
    tags: tuple[str, ...] | None = UNSET


@command(route="DELETE /artifacts/{artifact_id}", privilege="artifact:delete", facade="artifacts.delete", if_match=True)
@dataclass(frozen=True, slots=True)
class DeleteArtifact(Command[ArtifactDTO]):
    """Put an item into the bin, with its links, comments and files; ``POST …/restore`` brings all of it back.

    Items below it go along if ``cascade`` says so, else they are in the way; tasks below it live on, at the top.
    """

    artifact_id: ArtifactId
    expected_version: int
    cascade: bool = False


@command(
    route="POST /artifacts/{artifact_id}/restore", privilege="artifact:delete", facade="artifacts.restore", status=200
)
@dataclass(frozen=True, slots=True)
class RestoreArtifact(Command[ArtifactDTO]):
    """Take an item out of the bin, with the links, comments and files that went with it.

    Items that were deleted with it stay there; ``RestoreCommit`` brings all back.
    """

    artifact_id: ArtifactId


@command(
    route="POST /artifacts/{artifact_id}/links", privilege="artifact:link", facade="artifacts.link", idempotent=True
)
@dataclass(frozen=True, slots=True)
class LinkArtifacts(Command[LinkDTO]):
    """Link an item to another by a link type of the process, or by its inverse (the other item is the source then).

    ``pinned_version`` makes the link speak of one version of the item at the target's end.
    """

    artifact_id: ArtifactId
    link_type: str
    target_id: ArtifactId
    pinned_version: int | None = None


@query(route="GET /artifacts/{artifact_id}/links", privilege="artifact:read", facade="artifacts.links")
@dataclass(frozen=True, slots=True)
class ListLinks(Query[tuple[LinkDTO, ...]]):
    """The links from and to an item."""

    artifact_id: ArtifactId


@command(
    route="POST /projects/{project_id}/imports",
    privilege="artifact:import",
    facade="artifacts.import_csv",
    idempotent=True,
)
@dataclass(frozen=True, slots=True)
class ImportArtifacts(Command[ImportResultDTO]):
    """Import the rows of a file as items, all or none unless ``on_error`` is ``skip``.

    ``content`` is the file in base64: CSV, an Excel workbook (its first sheet) or JSON as exports write it. ``mapping``
    says which column feeds what: ``title``, ``ref`` (the item's key in the other tool: an item imported before is not
    imported again), ``key``, ``type``, ``state``, ``assignee``, ``parent``, ``tags``, ``version``, ``created_at``,
    ``link:<type of link>``, or a field id; a column mapped to null is left out. Columns that are not mapped go by their
    own name. ``existing`` says what becomes of rows whose key or ref is known: ``skip`` leaves them alone, ``update``
    changes their items through the same checks as single changes (a blank cell clears; with a ``version`` column only
    where that is the item's version). Rows without a known key become new items, in the state they name.
    """

    project_id: ProjectId
    source_name: str
    content: str
    artifact_type: str
    mapping: Mapping[str, str | None] = field(default_factory=dict)
    on_error: Literal["stop", "skip"] = "stop"
    encoding: str = "utf-8"
    delimiter: str | None = None
    dry_run: bool = False
    existing: Literal["skip", "update"] = "skip"


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class StateCounts(Query[tuple[tuple[str, str, int], ...]]):
    """(type, state, items) of a project, items in the bin included: they can be restored."""

    project_id: ProjectId


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class SituationOf(Query[Situation]):
    """An item ready for a decision about ``event`` (name, and from/to for a transition); unmasked, never shown."""

    artifact_id: ArtifactId
    event: str
    lock: bool = True


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class FactsOf(Query[EvalContext]):
    """What rules see of an item that the asking context holds, as it was or is, and of an event (``name`` and more)."""

    artifact: ArtifactDTO
    event: Mapping[str, Any]


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ReadRightsOf(Query[ReadRights]):
    """What the caller may see of an item now, by the process in force; for what shows more than the item itself."""

    artifact_id: ArtifactId


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ProjectOfArtifact(Query[ProjectId | None]):
    """The project an item lives in."""

    artifact_id: ArtifactId


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class SetState(Command[ArtifactDTO]):
    """Move an item to a state the workflow allowed, with the field values that came along."""

    artifact_id: ArtifactId
    expected_version: int
    state: str
    category: str
    fields: Mapping[str, FieldValue]
    version_id: VersionId


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class ReindexTexts(Command[int]):
    """Bring what search looks into up to date with a process that withholds other fields; gives the items changed."""

    project_id: ProjectId
    version_id: VersionId
    previous_id: VersionId


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class RemapStates(Command[tuple[ArtifactId, ...]]):
    """Move every item of one type from one state to another; gives the items moved."""

    project_id: ProjectId
    type_id: str
    old: str
    new: str
    category: str
    version_id: VersionId
