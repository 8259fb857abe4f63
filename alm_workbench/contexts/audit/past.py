"""What things were in versions of the past, for contexts that take changes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from alm_workbench.contexts.audit.past_messages import PastPayloads
from alm_workbench.contexts.audit.repository import AuditRepository
from alm_workbench.shared.context import MessageContext


class PastPayloadsHandler:
    """Reads payloads of the past."""

    def __init__(self, audit: AuditRepository) -> None:
        self._audit = audit

    def __call__(self, ctx: MessageContext, message: PastPayloads) -> dict[UUID, Mapping[str, Any] | None]:
        return self._audit.payloads(ctx.conn, message.entity_type, message.versions)
