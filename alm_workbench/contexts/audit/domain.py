"""What changed between two states of an entity, as far as its reader may see it; and the port to the seals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from alm_workbench.contexts.artifact.visibility import VisiblePayload, visible_payload, without
from alm_workbench.contexts.audit.messages import ChangeDTO, SealingDTO, VerificationDTO
from alm_workbench.shared.context import MessageContext

BOOKKEEPING = frozenset(
    {"version", "updated_at", "updated_by", "created_at", "created_by", "tenant_id", "id", "row_xid"}
)


class AuditVault(Protocol):
    """Port: the seals over an organisation's audit trail. Both work in transactions of their own."""

    def seal(self, tenant_id: UUID, /) -> SealingDTO: ...

    def verify(self, tenant_id: UUID, /, *, live: bool) -> VerificationDTO: ...


@dataclass(frozen=True, slots=True)
class GlobalId:
    """The name of any entity, ``Type/uuid``."""

    entity_type: str
    entity_id: UUID

    def __str__(self) -> str:
        return f"{self.entity_type}/{self.entity_id}"

    @classmethod
    def parse(cls, text: str) -> GlobalId:
        """The name in a text; raises ``ValueError``."""
        kind, slash, rest = text.partition("/")
        if not slash or not kind.isidentifier():
            raise ValueError(f"{text!r} is not of the form Type/uuid")
        return cls(kind, UUID(rest))


@dataclass(frozen=True, slots=True)
class VisibleChange:
    """Two states of an entity as their reader may see them; ``masked`` names what differs and is withheld.

    A state is None where it was erased.
    """

    left: dict[str, Any] | None
    right: dict[str, Any] | None
    masked: tuple[str, ...]

    @property
    def changes(self) -> tuple[ChangeDTO, ...]:
        """The properties that differ; none where one of the states is lost."""
        return changes(self.left, self.right) if self.left is not None and self.right is not None else ()


def visible_change(
    ctx: MessageContext, entity_type: str, left: Mapping[str, Any] | None, right: Mapping[str, Any] | None
) -> VisibleChange:
    """Two states for the caller: what is hidden in either is taken out of both. ``{}`` is the time before the first."""
    seen = [visible_payload(ctx, entity_type, state) if state else VisiblePayload(None) for state in (left, right)]
    if any("*" in found.hidden for found in seen):
        return VisibleChange(None, None, ("*",))
    hidden = {name for found in seen for name in found.hidden}
    states = [
        dict(state) if not state else (without(state, hidden).payload if hidden else dict(state))
        for state in (left or {}, right or {})
    ]
    kept = {change.property for change in changes(states[0] or {}, states[1] or {})}
    differ = [change.property for change in changes(left or {}, right or {})] if hidden else []
    masked = tuple(name for name in differ if name not in kept)
    return VisibleChange(states[0] if left is not None else None, states[1] if right is not None else None, masked)


def changes(left: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[ChangeDTO, ...]:
    """Properties that differ, custom fields one by one as ``fields.<id>``, by name."""
    a, b = flat(left), flat(right)
    names = sorted((a.keys() | b.keys()) - BOOKKEEPING)
    return tuple(ChangeDTO(name, a.get(name), b.get(name)) for name in names if a.get(name) != b.get(name))


def flat(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload with its custom fields beside the other properties."""
    out = {name: value for name, value in payload.items() if name != "fields"}
    fields = payload.get("fields")
    if isinstance(fields, Mapping):
        out |= {f"fields.{name}": value for name, value in fields.items()}
    return out
