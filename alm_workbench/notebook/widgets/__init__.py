"""Widgets of a notebook: log-in, registration, organisations, history, administration.

Each works in JupyterLab, in Voila and, as a plain element with the viewer's own session, in light dashboards. They are
loaded on first use, because they need ipywidgets.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alm_workbench.notebook.widgets.admin import AdminPanel as AdminPanel
    from alm_workbench.notebook.widgets.people import LoginWidget as LoginWidget
    from alm_workbench.notebook.widgets.people import RegisterWidget as RegisterWidget
    from alm_workbench.notebook.widgets.people import TenantSwitcher as TenantSwitcher
    from alm_workbench.notebook.widgets.timeline import AuditTimeline as AuditTimeline

_LAZY = {
    "AdminPanel": "admin",
    "AuditTimeline": "timeline",
    "LoginWidget": "people",
    "RegisterWidget": "people",
    "TenantSwitcher": "people",
}

__all__ = ["AdminPanel", "AuditTimeline", "LoginWidget", "RegisterWidget", "TenantSwitcher"]


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
