"""How items change: created and changed (the bin stands in ``bin.py``, imports in ``importing.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alm_workbench.contexts.artifact.access import Artifacts, check_version, require_assignee
from alm_workbench.contexts.artifact.domain import check_title, checked_fields, text_of, type_of
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.artifact.rights import require_access, require_assignment, require_policy
from alm_workbench.contexts.artifact.texts import texts
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.errors import ErrorItem, InvalidInput, StaleVersion
from alm_workbench.mpc import ArtifactTypeDef
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import Event


class CreateHandler:
    """Creates one item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: CreateArtifact) -> ArtifactDTO:
        process = self._artifacts.process(ctx, message.project_id)
        kind = type_of(process.compiled, message.artifact_type)
        item, record = self._artifacts.prepare(
            ctx,
            process,
            kind,
            message.title,
            message.fields,
            project_id=message.project_id,
            assignee_id=message.assignee_id,
        )
        require_assignee(ctx, message.assignee_id)
        parent = self._parent(ctx, message, kind)
        item = replace(item, parent_id=parent)
        ctx.decided(record)
        self._artifacts.write(ctx, kind, [item])
        return self._artifacts.readable(ctx, self._artifacts.load(ctx, item.id))

    def _parent(self, ctx: MessageContext, message: CreateArtifact, kind: ArtifactTypeDef) -> ArtifactId | None:
        if message.parent_id is None:
            return None
        parent = self._artifacts.repo.get(ctx.conn, message.parent_id)
        if parent is None or parent.project_id != message.project_id or self._artifacts.shown(ctx, parent) is None:
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


class UpdateHandler:
    """Changes fields of an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: UpdateArtifact) -> ArtifactDTO:
        # before the item is locked: who waits for room must not keep others from it
        ctx.ask(RequireQuota("storage", len(str(message.fields)) + len(message.title or "")))
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        check_version(self._artifacts, ctx, current, message.expected_version)
        kind = type_of(process.compiled, current.type)
        changes = sorted([*message.fields, *(["title"] if message.title is not None else [])])
        event = {"name": "update", "changes": changes}
        context = self._artifacts.context(ctx, process, current, event)
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
        ctx.decided(require_policy(process, current.type, judged, current.id, acl))
        if message.assignee_id not in (None, current.assignee_id):
            require_assignment(process, current.type, judged, current.id)
        if not values:
            return self._artifacts.readable(ctx, current)
        values["manifest_version_id"] = process.version_id
        updated = self._artifacts.repo.update(ctx.conn, current.id, current.version, values)
        if updated is None:
            raise StaleVersion("somebody else changed this item a moment ago")
        payload = {"project_id": str(current.project_id), "key": current.key, "changes": changes}
        ctx.emit(Event("ArtifactUpdated", "Artifact", current.id, payload))
        return self._artifacts.readable(ctx, updated)
