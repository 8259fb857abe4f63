"""Items as they were at a moment, from what the audit trail kept of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.artifact.visibility import visible_payload
from alm_workbench.contexts.audit.messages import ArtifactsAt
from alm_workbench.contexts.audit.repository import AuditRepository
from alm_workbench.contexts.project.messages import GetProject, ListActivations
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId
from alm_workbench.shared.messages import Page
from alm_workbench.shared.paging import decode_uuid, encode

MAX_PAGE = 1000


class ArtifactsAtHandler:
    """Reads the items of a project as they were."""

    def __init__(self, audit: AuditRepository) -> None:
        self._audit = audit

    def __call__(self, ctx: MessageContext, message: ArtifactsAt) -> Page[ArtifactDTO]:
        """Of each item the last version that had happened; pages are filled with what the caller may see."""
        if message.at.tzinfo is None:
            text = "a moment needs its time zone"
            raise InvalidInput(text, errors=[ErrorItem("?at", "timezone", text)])
        ctx.ask(GetProject(message.project_id))  # 404 for a project the caller may not see
        limit = max(1, min(message.limit, MAX_PAGE))
        after = decode_uuid(message.cursor)
        ruled = self._ruling(ctx, message.project_id, message.at)
        found: list[ArtifactDTO] = []
        while True:
            wanted = limit + 1 - len(found)  # one more tells whether there is a next page
            rows = self._audit.artifacts_at(ctx.conn, message.project_id, message.at, message.type, wanted, after)
            for row in rows:
                item = self._shown(ctx, row.payload, row.happened_at, ruled)
                if item is not None and len(found) == limit:
                    return Page(tuple(found), encode(str(found[-1].id)))
                if item is not None:
                    found.append(item)
            if len(rows) < wanted:
                return Page(tuple(found))
            after = rows[-1].id

    def _ruling(self, ctx: MessageContext, project_id: ProjectId, at: datetime) -> VersionId | None:
        """The version that was in force then; None before the first."""
        activations = ctx.ask(ListActivations(project_id))
        return next((a.manifest_version_id for a in activations if a.activated_at <= at), None)

    def _shown(
        self, ctx: MessageContext, payload: Mapping[str, Any], happened_at: datetime, ruled: VersionId | None
    ) -> ArtifactDTO | None:
        """The item without what is hidden now, was hidden by what ruled then, or by what it was written under."""
        seen = visible_payload(ctx, "Artifact", payload)
        kept, hidden = seen.payload, set(seen.hidden)
        if kept is not None and ruled is not None and payload.get("manifest_version_id") != str(ruled):
            then = visible_payload(ctx, "Artifact", {**payload, "manifest_version_id": str(ruled)})
            if then.payload is None:
                return None
            hidden |= set(then.hidden)
            kept = {name: value for name, value in kept.items() if name in then.payload}
            kept["fields"] = {
                n: v for n, v in (kept.get("fields") or {}).items() if n in then.payload.get("fields", {})
            }
        return item_of(kept, happened_at, sorted(hidden)) if kept is not None else None


def item_of(payload: Mapping[str, Any], happened_at: datetime, hidden: Sequence[str]) -> ArtifactDTO:
    """A row of the items' table, as the audit trail keeps it, as an item; what was taken out is blank.

    ``updated_at`` is when this version happened, which for history told afterwards is not when it was written.
    """
    return ArtifactDTO(
        id=ArtifactId(UUID(payload["id"])),
        project_id=ProjectId(UUID(payload["project_id"])),
        key=payload["key"],
        type=payload["type_id"],
        title=payload.get("title", ""),
        state=payload.get("state", ""),
        state_category=payload.get("state_category", ""),
        fields=payload.get("fields") or {},
        parent_id=ArtifactId(parent) if (parent := uuid(payload.get("parent_id"))) else None,
        assignee_id=uuid(payload.get("assignee_id")),
        manifest_version_id=VersionId(UUID(payload["manifest_version_id"])),
        occurred_at=datetime.fromisoformat(payload["occurred_at"]),
        created_at=datetime.fromisoformat(payload["created_at"]),
        created_by=uuid(payload.get("created_by")),
        updated_at=happened_at,
        updated_by=uuid(payload.get("updated_by")),
        version=payload["version"],
        tags=tuple(payload.get("tags") or ()),
        rank=payload.get("rank"),
        masked=tuple(hidden),
    )


def uuid(text: str | None) -> UUID | None:
    """An id in a payload."""
    return UUID(text) if text else None
