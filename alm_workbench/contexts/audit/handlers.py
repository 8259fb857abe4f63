"""What the audit context does with its messages."""

from __future__ import annotations

from alm_workbench.contexts.audit.domain import changes
from alm_workbench.contexts.audit.messages import AuditEntryDTO, EntityHistory
from alm_workbench.contexts.audit.repository import AuditRepository
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Page
from alm_workbench.shared.paging import decode, page_of


class HistoryHandler:
    """Lists the versions of an entity."""

    def __init__(self, audit: AuditRepository) -> None:
        self._audit = audit

    def __call__(self, ctx: MessageContext, message: EntityHistory) -> Page[AuditEntryDTO]:
        limit = max(1, min(message.limit, 200))
        rows = self._audit.snapshots(
            ctx.conn, message.entity_type, message.entity_id, limit + 1, decode(message.cursor)
        )
        names = (
            "version",
            "change_type",
            "actor_id",
            "actor",
            "command",
            "correlation_id",
            "occurred_at",
            "recorded_at",
        )
        entries = [
            AuditEntryDTO(**{n: row[n] for n in names}, changes=changes(row["previous"] or {}, row["payload"] or {}))
            for row in rows
        ]
        return page_of(entries, limit, lambda entry: entry.version)
