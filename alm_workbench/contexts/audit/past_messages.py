"""What other contexts ask of the audit trail inside their transactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, Query, query


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class PastPayloads(Query[Mapping[UUID, Mapping[str, Any] | None]]):
    """The payloads of things at versions of theirs, unmasked and never shown; None where an erasure took it away."""

    entity_type: str
    versions: tuple[tuple[UUID, int], ...]
