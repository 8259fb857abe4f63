"""The words of the DSL as regular expressions, shared by block splitting, the lexer, the formatter and messages.

Every repetition is possessive or ends at a character its body cannot hold, so matching is linear in the text.
"""

from __future__ import annotations

import re

SPACE = r"[ \t\r\n\f\v\u00a0\ufeff]"
NAME_END = r"(?![A-Za-z0-9_.\-])"
WORD = r"[A-Za-z_][A-Za-z0-9_.\-]*+"
NUMBER = r"[+\-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+\-]?[0-9]++)?(?![A-Za-z0-9_])"

# A text never swallows a line that begins a definition or a directive: an unclosed quote stops there.
# Inside a plain text an indented `def` counts too; a triple-quoted one is indented itself and may show examples.
_LINE = r"\n(?![ \t]*(?:def[ \t]|@))"
_QUOTED_LINE = r"\n(?!def[ \t]|@)"
ONE_LINE = r'"(?!"")(?:[^"\\\n]++|\\[^\n])*+"'
PLAIN = rf'"(?!"")(?:[^"\\\n]++|\\[^\n]|{_LINE})*+"'
TRIPLE = rf'"""(?:[^"\\\n]++|\\[^\n]|"(?!"")|{_QUOTED_LINE})*+"""'
TRIPLE_LINE = r'"""(?:[^"\\\n]++|\\[^\n]|"(?!""))*+"""'
STRING = rf"(?:{TRIPLE}|{PLAIN})"

LINE_COMMENT = r"(?://|\#)[^\n]*+"
BLOCK_COMMENT = r"/\*(?:[^*]++|\*(?!/))*+\*/"
COMMENT = rf"(?:{LINE_COMMENT}|{BLOCK_COMMENT})"
SKIP = re.compile(rf"(?:[\s\ufeff]++|{COMMENT})*+")

_TEXTS = re.compile(rf"{COMMENT}|{TRIPLE}|(?P<plain>{PLAIN})")
IDENT = re.compile(rf"{WORD}\Z")


def first_long_text(text: str, begin: int, end: int) -> re.Match[str] | None:
    """The first text in plain quotes that runs over lines and begins and ends within a stretch of the DSL."""
    found = (match for match in _TEXTS.finditer(text, begin, end) if match["plain"] and "\n" in match[0])
    return next(found, None)


def is_word(text: str) -> bool:
    """Whether a text can be written without quotes where a name is expected."""
    return IDENT.match(text) is not None
