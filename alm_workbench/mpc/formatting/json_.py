"""JSON in shape: two spaces a level, one member a line, every number and text as it was written."""

from __future__ import annotations

import re

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\]:,]|[^\s{}\[\]:,"]++', re.S)
_INDENT = "  "


def format_json(text: str) -> str:
    """A JSON text without syntax errors in shape."""
    out: list[str] = []
    depth = 0
    previous = ""
    for part in _TOKEN.findall(text):
        if part in "}]":
            depth -= 1
            out.append(part if previous in ("{", "[") else "\n" + _INDENT * depth + part)
        else:
            if previous in ("{", "[", ","):
                out.append("\n" + _INDENT * depth)
            out.append(": " if part == ":" else part)
            depth += part in "{["
        previous = part
    return "".join(out) + "\n"
