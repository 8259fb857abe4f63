"""Versions and version ranges, read as npm reads them (https://github.com/npm/node-semver#ranges).

A range is `^1.2.3`, `~1.2`, `>=1.0.0 <2.0.0`, `1.x`, `*`, `1.0.0 - 2.0.0`, `=1.2.3`, several of them joined by `||`. A
pre-release is matched only by a range that names a pre-release of the same major, minor and patch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_FULL = re.compile(
    r"v?(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})"
    r"(-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z.-]+)?",
    re.ASCII,
)
_LEADING = re.compile(r"v?(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?", re.ASCII)
_LONGEST = 256


def normalised(version: str) -> str | None:
    """A version as `major.minor.patch[-pre]`: missing parts are 0, text behind the numbers does not count; None if it
    begins with no number."""
    text = version.strip()
    if len(text) > _LONGEST:
        return None
    full = _FULL.fullmatch(text)
    if full:
        return ".".join(full.groups()[:3]) + (full[4] or "")
    leading = _LEADING.match(text)
    return ".".join(str(int(part or 0)) for part in leading.groups()) if leading else None


@lru_cache(maxsize=1024)
def is_range(constraint: str) -> bool:
    """Whether a text is a version range; nothing at all means any version."""
    from nodesemver import valid_range

    return len(constraint) <= _LONGEST and valid_range(constraint, False) is not None


@lru_cache(maxsize=4096)
def satisfies(version: str, constraint: str) -> bool:
    """Whether a version lies in a range; what cannot be read is in no range."""
    found = normalised(version)
    if found is None or not is_range(constraint):
        return False
    from nodesemver import satisfies as matches

    return bool(matches(found, constraint, False))


def best_version(versions: Iterable[str], constraints: Iterable[str] = ()) -> str | None:
    """The highest version that every constraint allows; of equal ones the last.

    Without a constraint a release is preferred to a pre-release, and a version that cannot be read comes last of all.
    """
    wanted = [text for text in constraints if text.strip()]
    fitting = [v for v in versions if all(satisfies(v, text) for text in wanted)]
    best: str | None = None
    for version in fitting:
        if best is None or not _before(version, best, prefer_release=not wanted):
            best = version
    return best


def _before(one: str, other: str, *, prefer_release: bool) -> bool:
    a, b = normalised(one), normalised(other)
    if a is None or b is None:
        return a is None and b is not None
    if prefer_release and ("-" in a) != ("-" in b):
        return "-" in a
    from nodesemver import compare

    return bool(compare(a, b, False) < 0)
