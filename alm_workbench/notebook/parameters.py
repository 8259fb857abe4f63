"""The parameters of a SQL text."""

from __future__ import annotations

import re

TOKENS = re.compile(
    r"""
    --[^\n]*                            # comments
    | /\*.*?\*/
    | '(?:[^']|'')*'                    # texts and quoted names
    | "(?:[^"]|"")*"
    | \$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?(tag)(?P=tag))\$   # dollar-quoted texts
    | \$(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)


def parameter_names(sql: str) -> list[str]:
    """Names after a ``$``, each once, in order; texts, quoted names and comments hold none."""
    return list(dict.fromkeys(found["name"] for found in TOKENS.finditer(sql) if found["name"]))
