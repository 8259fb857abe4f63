"""Registers what the plugin adds. The workbench loads this module by the entry point ``alm_workbench``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alm_example import handlers, messages
from alm_example.risk import risk_score
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import FunctionSpec, WidgetSpec, hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of the plugin's messages."""
    return {
        messages.SetRiskAppetite: handlers.SetRiskAppetiteHandler(),
        messages.GetRiskAppetite: handlers.GetRiskAppetiteHandler(),
    }


@hookimpl
def alm_functions() -> Sequence[FunctionSpec]:
    """``riskScore`` for expressions in manifests."""
    doc = "0 to 10 from the classes of severity, exposure and controllability, as in ISO 26262."
    return [FunctionSpec("riskScore", ("string", "string", "string"), "int", 2, risk_score, doc)]


@hookimpl
def alm_reports() -> Sequence[Any]:
    """The risk profile of a project."""
    from alm_example.reports import RISK_PROFILE

    return [RISK_PROFILE]


@hookimpl
def alm_widgets() -> Sequence[WidgetSpec]:
    """The risk badge; the widget library is loaded when the first one is made."""

    def factory(project: Any = None, **options: Any) -> Any:
        from alm_example.widget import risk_badge

        return risk_badge(project, **options)

    return [WidgetSpec("risk_badge", factory, "A badge that shows a risk score in colour.")]
