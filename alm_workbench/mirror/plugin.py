"""Registers the built-in reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_reports() -> Sequence[Any]:
    """The reports that come with the workbench."""
    from alm_workbench.mirror.reports.builtin import REPORTS

    return REPORTS
