"""The tornado rules of the ALM API, derived from the message registry."""

from __future__ import annotations

import re
from typing import Any

from alm_workbench.server.application import Application
from alm_workbench.server.handlers import (
    LiveHandler,
    MessageHandler,
    OpenApiHandler,
    ReadyHandler,
    UnknownHandler,
    WorkbenchHandler,
)
from alm_workbench.shared.messages import REGISTRY, Spec

API = "alm/api/v1"


def alm_handlers(app: Application, base_url: str = "/") -> list[tuple[str, Any, dict[str, Any]]]:
    """Rules for REST, health and the OpenAPI document below ``base_url`` (which ends in a slash)."""
    root = re.escape(base_url)
    by_path: dict[str, dict[str, Spec]] = {}
    for spec in REGISTRY.public():
        by_path.setdefault(spec.path or "", {})[spec.method or ""] = spec
    rules: list[tuple[str, Any, dict[str, Any]]] = [
        (rf"{root}alm/health/live", LiveHandler, {"app": app}),
        (rf"{root}alm/health/ready", ReadyHandler, {"app": app}),
        (rf"{root}{API}/openapi\.json", OpenApiHandler, {"app": app}),
        (rf"{root}{API}/workbench", WorkbenchHandler, {"app": app}),
    ]
    # fixed segments before placeholders, so that /audit/decisions is not taken for an entity type
    for path, specs in sorted(by_path.items(), key=lambda item: (item[0].count("{"), item[0])):
        rules.append((rf"{root}{API}{pattern(path)}", MessageHandler, {"app": app, "specs": specs}))
    rules.append((rf"{root}alm/(?:api|health|metrics)(?:/.*)?", UnknownHandler, {"app": app}))
    return rules


def pattern(path: str) -> str:
    """A route as a regular expression."""
    parts = re.split(r"({\w+})", path)
    return "".join(rf"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in parts)
