"""The front-end bundles of a page, each with the version that makes a browser fetch a new one."""

from __future__ import annotations

import hashlib
import re
from functools import cache

from alm_workbench.resources import static_file

REPORTS = "alm-report.js"
WIDGETS = "alm-widgets.js"
WIDGET = re.compile(r"<alm-(audit-timeline|admin-panel|tenant-switcher)\b")


@cache
def bundle_version(name: str = REPORTS) -> str:
    """A short hash of a bundle's content; ``none`` where the front end has not been built."""
    path = static_file(name)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.exists() else "none"


def bundle_url(base_url: str, name: str = REPORTS) -> str:
    """The address of a bundle on a server."""
    return f"{base_url}alm/static/{name}?v={bundle_version(name)}"


def bundles_of(html: str, base_url: str) -> list[str]:
    """The addresses of the bundles that a page needs: the widgets' only where it has one."""
    names = [REPORTS, WIDGETS] if WIDGET.search(html) else [REPORTS]
    return [bundle_url(base_url, name) for name in names]
