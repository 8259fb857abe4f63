"""Conformance of redaction: `data` with an optional `config` gives the data without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import MPCError
from ..redaction import DEFAULT_DENY_KEYS, RedactionConfig, redact
from .case import Case


def run(case: Case) -> Any:
    """The redacted data."""
    data, config = case.need("data"), case.input.get("config") or {}
    if not isinstance(config, Mapping):
        raise MPCError("E_PARSE_SYNTAX", "'config' must be an object")
    found = RedactionConfig(
        _texts(config, "deny_keys", DEFAULT_DENY_KEYS),
        _texts(config, "deny_patterns", ()),
        config.get("mask_value", "***"),
        config.get("redact_null_values", False) is True,
    )
    return {"data": redact(data, found)}


def _texts(config: Mapping[str, Any], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    given = config.get(key)
    if given is None:
        return default
    if not isinstance(given, (list, tuple)) or not all(isinstance(item, str) for item in given):
        raise MPCError("E_PARSE_SYNTAX", f"'{key}' must be a list of texts")
    return tuple(given)
