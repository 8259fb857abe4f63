"""What changed between two states of an entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.audit.messages import ChangeDTO

BOOKKEEPING = frozenset(
    {"version", "updated_at", "updated_by", "created_at", "created_by", "tenant_id", "id", "row_xid"}
)


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
