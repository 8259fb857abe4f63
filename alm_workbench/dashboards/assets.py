"""The front-end bundle: where it lies, and the version that makes a browser fetch a new one."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

BUNDLE = Path(__file__).parent.parent / "server" / "static" / "alm-report.js"


@cache
def bundle_version() -> str:
    """A short hash of the bundle's content; ``none`` where the front end has not been built."""
    return hashlib.sha256(BUNDLE.read_bytes()).hexdigest()[:12] if BUNDLE.exists() else "none"


def bundle_url(base_url: str) -> str:
    """The address of the bundle on a server."""
    return f"{base_url}alm/static/{BUNDLE.name}?v={bundle_version()}"
