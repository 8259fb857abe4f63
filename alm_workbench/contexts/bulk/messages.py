"""Commands and queries of the bulk context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from alm_workbench.contexts.artifact.batch_messages import Outcome
from alm_workbench.contexts.artifact.messages import Category
from alm_workbench.errors import ErrorItem
from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId
from alm_workbench.shared.messages import AUTHENTICATED, UNSET, Command, FieldValue, Page, Query, command, query

Action = Literal["create", "update", "transition", "move", "link", "unlink", "delete", "restore"]
Result = Literal["changed", "unchanged", "refused", "pending"]


@dataclass(frozen=True, slots=True)
class BulkTarget:
    """An item to change; without ``version`` it is changed whatever version it has by then.

    ``title`` and ``fields`` are this item's own, laid over those of the whole change.
    """

    id: ArtifactId
    version: int | None = None
    title: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BulkQuestion:
    """The items that ``GET /projects/{project_id}/artifacts`` finds for the same question, all of them."""

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


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to create; ``artifact_type`` is the id or a label of a type."""

    artifact_type: str
    title: str
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    parent_id: ArtifactId | None = None
    assignee_id: UUID | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeDTO:
    """One property or field (``fields.risk``) that differs; hidden ones are named nowhere."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class RefusalOfItemDTO:
    """Why one item was refused, as the single command would have said it: ``problem`` is the type of the error."""

    problem: str
    message: str
    errors: tuple[ErrorItem, ...]
    reasons: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class BulkItemDTO:
    """What became, or would become, of one item.

    ``verdicts`` are the rules that allowed it, each with its id and place; only plans have them.
    """

    artifact_id: ArtifactId | None
    key: str | None
    type: str | None
    title: str | None
    result: Result
    version: int | None
    diff: tuple[ChangeDTO, ...] = ()
    refusal: RefusalOfItemDTO | None = None
    verdicts: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkRunDTO:
    """A bulk change, the plan of one, or the undoing of one; ``undone_by`` is the run that took it back."""

    id: UUID
    project_id: ProjectId
    kind: Literal["plan", "bulk", "undo"]
    action: str
    changed: int
    refused: int
    unchanged: int
    manifest_version_id: VersionId
    undo_of: UUID | None
    undone_by: UUID | None
    created_at: datetime
    created_by: UUID | None


@dataclass(frozen=True, slots=True)
class BulkDTO:
    """A run with what became of each item, in the order of the selection."""

    run: BulkRunDTO
    items: tuple[BulkItemDTO, ...]


@dataclass(frozen=True, slots=True)
class BulkArguments:
    """What is to be changed, and how.

    ``items`` or ``where`` say which (``create`` has its own). ``update`` takes title, fields, assignee, parent, tags,
    ``add_tags`` and ``remove_tags``; ``transition`` a step with reason and fields; ``move`` a parent and a neighbour
    in the order (``before`` or ``after``); ``link`` and ``unlink`` a type of link and the other end.
    """

    project_id: ProjectId
    action: Action
    items: tuple[BulkTarget, ...] = ()
    where: BulkQuestion | None = None
    create: tuple[NewItem, ...] = ()
    title: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    assignee_id: UUID | None = UNSET
    parent_id: ArtifactId | None = UNSET
    tags: tuple[str, ...] | None = UNSET
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    transition: str | None = None
    reason: str | None = None
    before: ArtifactId | None = None
    after: ArtifactId | None = None
    link_type: str | None = None
    target_id: ArtifactId | None = None


@command(route="POST /projects/{project_id}/bulk/plan", privilege="artifact:read", facade="bulk.plan")
@dataclass(frozen=True, slots=True)
class PlanBulk(Command[BulkDTO], BulkArguments):
    """Say what a bulk change would do: the diff of each item and the verdict of every rule. Nothing is changed.

    It is carried out and taken back, so that it says exactly what ``apply`` does. The run's id is what ``apply`` takes
    as ``plan_id``; it holds for a day.
    """


@command(
    route="POST /projects/{project_id}/bulk",
    privilege="artifact:read",
    facade="bulk.apply",
    idempotent=True,
    status=200,
)
@dataclass(frozen=True, slots=True)
class ApplyBulk(Command[BulkDTO], BulkArguments):
    """Change many items at once, each through the same guards as one by one: all or none, or all that may be.

    Takes the privileges of the single commands. With ``plan_id`` it is refused (409) where an item, the selection or
    the process changed since that plan. ``on_error=stop`` changes nothing where one item is refused.
    """

    on_error: Literal["stop", "skip"] = "stop"
    plan_id: UUID | None = None


@command(
    route="POST /projects/{project_id}/bulk/{run_id}/undo",
    privilege="artifact:read",
    facade="bulk.undo",
    idempotent=True,
    status=200,
)
@dataclass(frozen=True, slots=True)
class UndoBulk(Command[BulkDTO]):
    """Take a bulk change back, once: every item as it was before, through the same guards.

    Items that somebody changed since are refused and named; the others are taken back. It is a bulk change itself.
    Whoever made the change may do it, and whoever may change the project.
    """

    project_id: ProjectId
    run_id: UUID


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class CarryOut(Command[tuple[Outcome, ...]]):
    """Carry out single commands about items, together where they can be; what each of them became, in their order.

    Refused ones leave nothing behind. Privileges are the caller's to check.
    """

    changes: tuple[Command[Any], ...]


@query(route="GET /projects/{project_id}/bulk/{run_id}", privilege="artifact:read", facade="bulk.get")
@dataclass(frozen=True, slots=True)
class GetBulk(Query[BulkRunDTO]):
    """One bulk change."""

    project_id: ProjectId
    run_id: UUID


@query(route="GET /projects/{project_id}/bulk", privilege="artifact:read", facade="bulk.list")
@dataclass(frozen=True, slots=True)
class ListBulks(Query[Page[BulkRunDTO]]):
    """The bulk changes of a project, newest first, without plans."""

    project_id: ProjectId
    limit: int = 50
    cursor: str | None = None
