"""What an item must be before it is kept, and the context in which rules look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.errors import ErrorItem, InvalidInput, NotFound
from alm_workbench.mpc import (
    ArtifactTypeDef,
    CompiledManifest,
    EvalContext,
    clean_fields,
)
from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId
from alm_workbench.shared.principal import Principal

MAX_TITLE = 500

CORE: Mapping[str, tuple[str, ...]] = {
    "title": ("title",),
    "assignee": ("assignee_id",),
    "assignee_id": ("assignee_id",),
    "parent": ("parent_id",),
    "parent_id": ("parent_id",),
    "rank": ("rank",),
    "tags": ("tags",),
    "state": ("state", "state_category"),
    "status": ("state", "state_category"),
    "state_category": ("state_category",),
    "created_by": ("created_by",),
    "reported_by": ("created_by",),
}
"""Names in masks that mean properties every item has, with the columns they hide."""

BLANK: Mapping[str, Any] = {"title": "", "state": "", "state_category": "", "tags": ()}
"""What stands in place of hidden properties; None for all others."""


@dataclass(frozen=True, slots=True)
class NewArtifact:
    """An item that passed every check and is ready to be written."""

    id: ArtifactId
    project_id: ProjectId
    type_id: str
    key: str
    title: str
    state: str
    category: str
    fields: Mapping[str, Any]
    parent_id: ArtifactId | None
    assignee_id: UUID | None
    version_id: VersionId
    workflow_id: str
    occurred_at: datetime
    originals: Mapping[str, str]
    search_text: str
    system: str | None = None
    ref: str | None = None
    aliased: bool = True
    tags: tuple[str, ...] = ()
    rank: str = ""
    """Given when the item is written, where it is empty."""

    @property
    def size(self) -> int:
        """About how many characters are to be kept."""
        return len(self.title) + len(str(self.fields)) + len(str(self.originals)) + len(self.search_text)


def type_of(compiled: CompiledManifest, name: str, pointer: str = "/artifact_type") -> ArtifactTypeDef:
    """The type called ``name`` (id, alias or label); raises ``InvalidInput`` naming the known ones."""
    found = compiled.find_type(name)
    if found is None:
        known = ", ".join(sorted(compiled.types))
        raise InvalidInput(
            f"There is no type {name!r} in {compiled.name} {compiled.version}",
            errors=[ErrorItem(pointer, "unknown-type", f"{name!r} is none of {known}")],
        )
    return found


def check_title(title: str) -> str:
    """A title: one line, not empty, at most 500 characters; raises ``InvalidInput``."""
    text = " ".join(title.split())
    if not text:
        raise InvalidInput("A title is needed", errors=[ErrorItem("/title", "required", "a title is needed")])
    if len(text) > MAX_TITLE:
        message = f"a title has at most {MAX_TITLE} characters, this one has {len(text)}"
        raise InvalidInput("The title is too long", errors=[ErrorItem("/title", "too-long", message)])
    return text


def checked_fields(
    compiled: CompiledManifest,
    kind: ArtifactTypeDef,
    values: Mapping[str, Any],
    context: EvalContext,
    existing: Mapping[str, Any] | None = None,
    properties: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Field values as they are kept; raises ``InvalidInput`` with every problem at its field.

    ``properties`` are those that change with them: worked-out fields and conditions see the item as it will be.
    """
    partial = existing is not None
    result = clean_fields(
        compiled, kind.id, values, ctx=context, existing=existing, partial=partial, properties=properties or {}
    )
    if result.problems:
        items = [ErrorItem(f"/fields/{p.field}", p.code, p.message) for p in result.problems]
        raise InvalidInput(f"{items[0].path.removeprefix('/fields/')}: {items[0].message}", errors=items)
    return dict(result.values)


def item_view(artifact: ArtifactDTO, last_actor: UUID | None = None) -> dict[str, Any]:
    """``self`` as expressions see it."""
    return {
        "id": str(artifact.id),
        "key": artifact.key,
        "type": artifact.type,
        "title": artifact.title,
        "state": artifact.state,
        "state_category": artifact.state_category,
        "project_id": str(artifact.project_id),
        "parent_id": text_of(artifact.parent_id),
        "assignee": text_of(artifact.assignee_id),
        "assignee_id": text_of(artifact.assignee_id),
        "created_by": text_of(artifact.created_by),
        "updated_by": text_of(artifact.updated_by),
        "last_actor": text_of(last_actor),
        "created_at": artifact.created_at.isoformat(),
        "updated_at": artifact.updated_at.isoformat(),
        "deleted_at": artifact.deleted_at.isoformat() if artifact.deleted_at else None,
        "version": artifact.version,
        "rank": artifact.rank,
        "tags": list(artifact.tags),
        "fields": artifact.fields,
    }


def draft_view(
    kind: ArtifactTypeDef,
    title: str,
    state: str,
    category: str,
    fields: Mapping[str, Any],
    author: UUID,
    now: datetime,
    assignee: UUID | None = None,
    parent: UUID | None = None,
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """``self`` of an item that does not exist yet."""
    return {
        "id": None,
        "key": None,
        "type": kind.id,
        "title": title,
        "state": state,
        "state_category": category,
        "project_id": None,
        "parent_id": text_of(parent),
        "assignee": text_of(assignee),
        "assignee_id": text_of(assignee),
        "created_by": str(author),
        "updated_by": str(author),
        "last_actor": str(author),
        "created_at": now.isoformat(),
        "updated_at": now.isoformat(),
        "deleted_at": None,
        "version": 1,
        "tags": list(tags),
        "fields": fields,
    }


def text_of(value: UUID | None) -> str | None:
    """An id as expressions compare it."""
    return str(value) if value else None


def actor_view(principal: Principal) -> dict[str, Any]:
    """``actor`` as expressions see it."""
    return {
        "id": str(principal.actor_id),
        "kind": principal.kind,
        "roles": sorted(principal.roles),
        "attributes": {"email": principal.email, "name": principal.display_name},
    }


def eval_context(
    principal: Principal,
    view: Mapping[str, Any],
    event: Mapping[str, Any],
    project: Mapping[str, Any],
    now: datetime,
    functions: Mapping[str, Callable[..., Any]],
) -> EvalContext:
    """Everything the rules of a manifest may look at."""
    return EvalContext(
        self_=view, actor=actor_view(principal), event=event, project=project, now=now, functions=functions
    )


def masked(artifact: ArtifactDTO, fields: Iterable[str]) -> ArtifactDTO:
    """The item without the values of some fields; properties that it cannot be without are empty."""
    names = set(fields)
    columns = {column for name in names for column in CORE.get(name, ()) if getattr(artifact, column, None)}
    hidden = sorted((names & set(artifact.fields)) | columns)
    if not hidden:
        return artifact
    kept = {name: value for name, value in artifact.fields.items() if name not in names}
    blank: dict[str, Any] = {column: BLANK.get(column) for column in columns}
    return replace(artifact, fields=kept, masked=tuple(hidden), **blank)


def not_found(artifact_id: object) -> NotFound:
    """The refusal of an unknown, deleted or foreign item: all alike."""
    return NotFound(f"there is no item {artifact_id}")
