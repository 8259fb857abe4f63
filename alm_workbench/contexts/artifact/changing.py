"""What one change of an item has to pass. Single commands, bulk changes and imports all judge here, and only here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from alm_workbench.contexts.artifact.access import Artifacts, require_assignee
from alm_workbench.contexts.artifact.domain import NewArtifact, check_title, checked_fields, text_of, type_of
from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, UpdateArtifact
from alm_workbench.contexts.artifact.rights import require_access, require_assignment, require_policy
from alm_workbench.contexts.artifact.texts import texts
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.mpc import ArtifactTypeDef
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import Event


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
    )
    require_assignee(ctx, message.assignee_id)
    return replace(item, parent_id=_parent(artifacts, ctx, message, kind)), record


def _parent(
    artifacts: Artifacts, ctx: MessageContext, message: CreateArtifact, kind: ArtifactTypeDef
) -> ArtifactId | None:
    if message.parent_id is None:
        return None
    parent = artifacts.repo.get(ctx.conn, message.parent_id)
    if parent is None or parent.project_id != message.project_id or artifacts.shown(ctx, parent) is None:
        raise InvalidInput(
            "The parent does not exist here",
            errors=[ErrorItem("/parent_id", "unknown", "no such item in this project")],
        )
    if kind.parents and parent.type not in kind.parents:
        allowed = ", ".join(kind.parents)
        raise InvalidInput(
            f"A {kind.id} cannot stand below a {parent.type}",
            errors=[ErrorItem("/parent_id", "parent-type", f"the parent must be one of {allowed}")],
        )
    return parent.id


def judge_update(
    artifacts: Artifacts, ctx: MessageContext, process: ProcessVersion, current: ArtifactDTO, message: UpdateArtifact
) -> Judged:
    """Let every rule look at a change of an item that is loaded, locked and of the expected version.

    Raises ``InvalidInput`` and ``AccessDenied``; writes nothing.
    """
    kind = type_of(process.compiled, current.type)
    changes = sorted([*message.fields, *(["title"] if message.title is not None else [])])
    context = artifacts.context(ctx, process, current, {"name": "update", "changes": changes})
    acl = require_access(process, "update", current.type, context, current.id, changes)
    values: dict[str, Any] = {}
    fields: Mapping[str, Any] = current.fields
    if message.title is not None:
        values["title"] = check_title(message.title)
    if message.fields:
        fields = checked_fields(process.compiled, kind, message.fields, context, current.fields)
        values |= texts(process.compiled, kind, fields)
    after = {**context.self_, "title": values.get("title", current.title), "fields": fields}
    if message.assignee_id is not None:
        require_assignee(ctx, message.assignee_id)
        values["assignee_id"] = message.assignee_id
        after["assignee"] = after["assignee_id"] = text_of(message.assignee_id)
    judged = replace(context, self_=after)
    record = require_policy(process, current.type, judged, current.id, acl)
    if message.assignee_id not in (None, current.assignee_id):
        require_assignment(process, current.type, judged, current.id)
    if values:
        values["manifest_version_id"] = process.version_id
    return Judged(values, tuple(changes), record)


def updated_event(item: ArtifactDTO, judged: Judged) -> Event:
    """What others are told of a change: the names of what changed, never the values."""
    payload = {"project_id": str(item.project_id), "key": item.key, "changes": list(judged.changes)}
    return Event("ArtifactUpdated", "Artifact", item.id, payload)
