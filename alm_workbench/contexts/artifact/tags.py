"""Tags: short words on items that need no declaration in the process."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from alm_workbench.errors import ErrorItem, InvalidInput

MAX_TAGS = 50
MAX_TAG = 50
SEPARATORS = frozenset(",;|")
"""Files list tags with these between them."""


def check_tags(tags: Sequence[str] | None, pointer: str = "/tags") -> list[str]:
    """Tags as they are kept: each once whatever its case, in alphabetical order; raises ``InvalidInput``.

    A tag is one line of at most 50 characters without ``,``, ``;`` and ``|``; an item has at most 50 of them.
    """
    found: dict[str, str] = {}
    problems: list[ErrorItem] = []
    for number, given in enumerate(tags or ()):
        tag = " ".join(unicodedata.normalize("NFC", given).split())
        if problem := _problem(tag):
            problems.append(ErrorItem(f"{pointer}/{number}", *problem))
        else:
            found.setdefault(tag.casefold(), tag)
    if len(found) > MAX_TAGS:
        problems.append(ErrorItem(pointer, "too-many", f"an item has at most {MAX_TAGS} tags, these are {len(found)}"))
    if problems:
        raise InvalidInput(f"{problems[0].path.lstrip('/')}: {problems[0].message}", errors=problems)
    return [found[word] for word in sorted(found)]


def _problem(tag: str) -> tuple[str, str] | None:
    if not tag:
        return "required", "a tag says something"
    if len(tag) > MAX_TAG:
        return "too-long", f"a tag has at most {MAX_TAG} characters, this one has {len(tag)}"
    wrong = next((c for c in tag if c in SEPARATORS or unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn", "Co")), None)
    if wrong is not None:
        return "character", f"a tag holds no {wrong!r}"
    return None
