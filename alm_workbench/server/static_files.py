"""Hands out the front-end bundle. It is public code without data, so it needs no log-in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado import web

STATIC = Path(__file__).parent / "static"


class BundleHandler(web.StaticFileHandler):
    """Files of ``static/``; an address with a version is kept by browsers for a year."""

    auth_resource = "alm"

    @allow_unauthenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """A file of the bundle."""
        await super().get(path, include_body)

    @allow_unauthenticated
    async def head(self, path: str) -> None:
        """Its headers."""
        await super().get(path, include_body=False)

    def set_extra_headers(self, path: str) -> None:
        """Tell browsers and pages of other sites what they may do with it."""
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        if self.get_query_argument("v", ""):
            self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        else:
            self.set_header("Cache-Control", "no-cache")


def static_rules(base_url: str = "/") -> list[tuple[str, Any, dict[str, Any]]]:
    """The tornado rules for the bundle below ``base_url`` (which ends in a slash)."""
    return [(rf"{re.escape(base_url)}alm/static/([\w.-]+)", BundleHandler, {"path": str(STATIC)})]
