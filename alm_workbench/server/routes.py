"""The tornado rules of the ALM API, derived from the message registry."""

from __future__ import annotations

import re
from typing import Any

from alm_workbench.server.application import Application
from alm_workbench.server.files import ContentHandler, FilesHandler, content_place
from alm_workbench.server.handlers import (
    LiveHandler,
    MessageHandler,
    OpenApiHandler,
    ReadyHandler,
    UnknownHandler,
    WorkbenchHandler,
)
from alm_workbench.server.routing import route_tables
from alm_workbench.shared.messages import REGISTRY

API_ROOT = "alm/api/"
API = f"{API_ROOT}v1"


def alm_handlers(app: Application, base_url: str = "/") -> list[tuple[str, Any, dict[str, Any]]]:
    """Rules for REST, health and the OpenAPI documents below ``base_url`` (which ends in a slash)."""
    root = re.escape(base_url)
    rules: list[tuple[str, Any, dict[str, Any]]] = [
        (rf"{root}alm/health/live", LiveHandler, {"app": app}),
        (rf"{root}alm/health/ready", ReadyHandler, {"app": app}),
    ]
    for version, table in route_tables(REGISTRY).items():
        here = rf"{root}{API_ROOT}v{version}"
        route = {"app": app, "table": table, "root": base_url + API_ROOT, "version": version}
        rules += [
            (rf"{here}/openapi\.json", OpenApiHandler, {"app": app, "version": version}),
            (rf"{here}/workbench", WorkbenchHandler, {"app": app}),
            (rf"{here}/artifacts/[^/]+/attachments", FilesHandler, route),
            (
                content_place(base_url + API_ROOT, version).pattern,
                ContentHandler,
                {"app": app, "root": base_url + API_ROOT, "version": version},
            ),
            (rf"{here}/.*", MessageHandler, route),
        ]
    rules.append((rf"{root}alm/(?:api|health|metrics)(?:/.*)?", UnknownHandler, {"app": app}))
    return rules
