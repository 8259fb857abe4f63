"""Which of the three languages a text is written in."""

from __future__ import annotations

import re

from ..errors import MPCError
from .lexical import SKIP

FORMATS = ("dsl", "yaml", "json")
_DSL = re.compile(r"@|def(?:\s|$)")


def detect_format(text: str, format: str | None = None, file: str | None = None) -> str:
    """`dsl`, `yaml` or `json`: as told, by the file name, or by how the text begins; empty text is DSL."""
    if format is not None:
        if format not in FORMATS:
            message = f"Unknown format '{format}'; expected one of: {', '.join(FORMATS)}"
            raise MPCError("E_PARSE_UNSUPPORTED_FORMAT", message)
        return format
    by_name = _by_name(file)
    if by_name is not None:
        return by_name
    rest = text[SKIP.match(text).end() :]  # type: ignore[union-attr]
    if text.lstrip("\ufeff \t\r\n\f\v").startswith("{"):
        return "json"
    if not rest or _DSL.match(rest):
        return "dsl"
    return "yaml"


def _by_name(file: str | None) -> str | None:
    name = (file or "").lower()
    if name.endswith((".yaml", ".yml")):
        return "yaml"
    if name.endswith(".json"):
        return "json"
    return "dsl" if name.endswith(".alm") else None
