"""What one change of an item has to pass. Single commands, bulk changes and imports all judge here, and only here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from alm_workbench.contexts.artifact.access import Artifacts, require_assignee
from alm_workbench.contexts.artifact.domain import NewArtifact, check_title, checked_fields, text_of, type_of
from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, SetState, UpdateArtifact
from alm_workbench.contexts.artifact.rights import require_access, require_assignment, require_policy
from alm_workbench.contexts.artifact.tags import check_tags
from alm_workbench.contexts.artifact.texts import texts
from alm_workbench.contexts.manifest.messages import CompiledVersion, ProcessVersion
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.messages import UNSET, Event


@dataclass(frozen=True, slots=True)
class Judged:
    """A change that every rule allowed: the columns it writes (none where nothing is asked), and what was named."""

    values: Mapping[str, Any]
    changes: tuple[str, ...]
    record: DecisionRecord


def judge_creation(
    artifacts: Artifacts, ctx: MessageContext, process: ProcessVersion, message: CreateArtifact
) -> tuple[NewArtifact, DecisionRecord]:
    """Let every rule look at an item that is to be; gives it ready to be written, still without a key.

    Raises ``InvalidInput`` and ``AccessDenied``; writes nothing.
    """
    kind = type_of(process.compiled, message.artifact_type)
    item, record = artifacts.prepare(
        ctx,
        process,
        kind,
        message.title,
        message.fields,
        project_id=message.project_id,
        assignee_id=message.assignee_id,
        parent_id=message.parent_id,
        tags=check_tags(message.tags),
    )
    require_assignee(ctx, message.assignee_id)
    return item, record


def judge_update(
    artifacts: Artifacts, ctx: MessageContext, process: ProcessVersion, current: ArtifactDTO, message: UpdateArtifact
) -> Judged:
    """Let every rule look at a change of an item that is loaded, locked and of the expected version.

    Raises ``InvalidInput`` and ``AccessDenied``; writes nothing.
    """
    kind = type_of(process.compiled, current.type)
    changes = sorted({*message.fields, *(NAMES[column] for column in named_columns(message))})
    context = artifacts.context(ctx, process, current, {"name": "update", "changes": changes})
    acl = require_access(process, "update", current.type, context, current.id, changes)
    values = changed_properties(ctx, current, message)
    if values.get("parent_id", current.parent_id) != current.parent_id:
        artifacts.hierarchy.place(ctx, process, current, values["parent_id"])
    properties = seen_by_rules(values)
    fields: Mapping[str, Any] = current.fields
    if message.fields or (values and any(f.computed for f in kind.fields.values())):
        fields = checked_fields(process.compiled, kind, message.fields, context, current.fields, properties)
        fields = artifacts.references.checked(ctx, current.project_id, kind, fields, current.fields)
        if message.fields or fields != current.fields:
            values |= texts(process.compiled, kind, fields)
    judged = replace(context, self_={**context.self_, **properties, "fields": fields})
    record = require_policy(process, current.type, judged, current.id, acl)
    if values.get("assignee_id", current.assignee_id) != current.assignee_id:
        require_assignment(process, current.type, judged, current.id)
    if values:
        values["manifest_version_id"] = process.version_id
    return Judged(values, tuple(changes), record)


def changed_properties(ctx: MessageContext, current: ArtifactDTO, message: UpdateArtifact) -> dict[str, Any]:
    """The columns beside fields that an update names; raises ``InvalidInput``."""
    values: dict[str, Any] = {column: getattr(message, column) for column in named_columns(message)}
    if "title" in values:
        values["title"] = check_title(values["title"])
    if values.get("assignee_id", current.assignee_id) != current.assignee_id:
        require_assignee(ctx, values["assignee_id"])
    if "tags" in values:
        values["tags"] = check_tags(values["tags"])
    return values


def named_columns(message: UpdateArtifact) -> list[str]:
    """The columns beside fields that an update names; a title that is null counts as not named."""
    return [
        column
        for column in NAMES
        if (given := getattr(message, column)) is not UNSET and not (column == "title" and given is None)
    ]


NAMES: Mapping[str, str] = {"title": "title", "assignee_id": "assignee", "parent_id": "parent_id", "tags": "tags"}
"""What rules and events call the columns that an update may name."""


def seen_by_rules(values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as ``self`` has them in expressions."""
    found: dict[str, Any] = {name: values[name] for name in ("title", "tags") if name in values}
    if "assignee_id" in values:
        found["assignee"] = found["assignee_id"] = text_of(values["assignee_id"])
    if "parent_id" in values:
        found["parent_id"] = text_of(values["parent_id"])
    return found


def stepped_values(artifacts: Artifacts, ctx: MessageContext, item: ArtifactDTO, step: SetState) -> dict[str, Any]:
    """The columns that a step of the workflow writes, whose fields were checked as values already.

    What they name has to be there, and fields that are worked out follow the state. Raises ``InvalidInput``.
    """
    process = ctx.ask(CompiledVersion(step.version_id))
    kind = process.compiled.types[item.type]
    values: dict[str, Any] = {
        "state": step.state,
        "state_category": step.category,
        "manifest_version_id": step.version_id,
    }
    fields = step.fields
    if fields != item.fields:
        fields = artifacts.references.checked(ctx, item.project_id, kind, fields, item.fields)
    if any(f.computed for f in kind.fields.values()):
        context = artifacts.context(ctx, process, item, {"name": "update"})
        properties = {"state": step.state, "state_category": step.category}
        fields = checked_fields(process.compiled, kind, {}, context, fields, properties)
    if fields != item.fields:
        values |= texts(process.compiled, kind, fields)
    return values


def updated_event(item: ArtifactDTO, judged: Judged) -> Event:
    """What others are told of a change: the names of what changed, never the values."""
    payload = {"project_id": str(item.project_id), "key": item.key, "changes": list(judged.changes)}
    return Event("ArtifactUpdated", "Artifact", item.id, payload)
