"""Conformance of canary routing: which of two versions an actor gets."""

from __future__ import annotations

from typing import Any

from ..errors import MPCError
from ..routing import CanaryRouter
from .case import Case


def run(case: Case) -> Any:
    """The version; `salt` is ours, the rest is the contract's."""
    given = case.input
    if not isinstance(given, dict):
        raise MPCError("E_PARSE_SYNTAX", "The input must be an object")
    router = CanaryRouter(
        given.get("stable_hash", "stable"),
        given.get("canary_hash", "canary"),
        given.get("weight", 0.1),
        given.get("segments") or {},
        salt=given.get("salt", ""),
    )
    return {"version": router.resolve_version(given.get("actor_id"), given.get("attributes"))}
