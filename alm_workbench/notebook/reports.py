"""Reports: which there are, and running them over a project."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from alm_workbench.contexts.reporting.domain import ReportInfo, UnknownReport
from alm_workbench.errors import InvalidInput
from alm_workbench.i18n import _, language
from alm_workbench.notebook.actions import action, told_html, told_text
from alm_workbench.notebook.hints import hint, suggestion
from alm_workbench.notebook.results import Result
from alm_workbench.notebook.show import Column, Listing

if TYPE_CHECKING:
    from alm_workbench.notebook.projects import Project
    from alm_workbench.notebook.workbench import Workbench


def report_list(workbench: Workbench) -> Listing[ReportInfo]:
    """The reports there are."""
    columns: list[Column[ReportInfo]] = [
        Column("name", _("Name"), lambda r: r.name),
        Column("title", _("Title"), lambda r: r.title),
        Column("description", _("Shows"), lambda r: r.description),
        Column("params", _("Parameters"), lambda r: ", ".join(f"{p.name}={p.default}" for p in r.params)),
    ]
    return Listing(workbench.api.reports.list(lang=language()).items, columns, _("Reports"))


class ProjectReports:
    """Reports over one project: ``p.reports.lead_time(days=30)`` or ``p.reports.run("lead_time", days=30)``."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @action
    def run(self, name: str, **params: Any) -> Result:
        """Run a report; raises ``NotFound`` naming the nearest one, ``InvalidInput`` on a wrong parameter."""
        workbench = self._project.workbench
        params.setdefault("max_age", workbench.max_age())
        params.setdefault("lang", language())
        try:
            return Result(workbench.api.reports.run(project_id=self._project.id, name=name, **params))
        except UnknownReport as error:
            raise hint(error, suggestion(name, self._names())) from None
        except TypeError as error:
            if "unexpected keyword" in str(error):
                raise InvalidInput(
                    _("No report has the parameter {name}").format(name=str(error).rsplit(" ", 1)[-1])
                ) from None
            raise

    def __getattr__(self, name: str) -> Callable[..., Result]:
        if name.startswith("_"):
            raise AttributeError(name)

        def run(**params: Any) -> Result:
            return self.run(name, **params)

        run.__name__, run.__doc__ = name, f"Run the report {name}."
        return run

    def __getitem__(self, name: str) -> Result:
        return self.run(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __dir__(self) -> list[str]:
        return ["run", *self._names()]

    def _names(self) -> list[str]:
        return [info.name for info in report_list(self._project.workbench)]

    def _ipython_key_completions_(self) -> list[str]:
        return self._names()

    @told_text
    def __repr__(self) -> str:
        return repr(report_list(self._project.workbench))

    @told_html
    def _repr_html_(self) -> str:
        return report_list(self._project.workbench)._repr_html_()


class Flow:
    """How work flows: how much is where, how much gets done, and how long it takes."""

    def __init__(self, project: Project) -> None:
        self._run = project.reports.run

    def cumulative(self, days: int = 90, by: Literal["category", "state"] = "category") -> Result:
        """Items in each category (or state) at the end of each day."""
        return self._run("cumulative_flow", days=days, by=by)

    def throughput(self, days: int = 90) -> Result:
        """Items finished in each week."""
        return self._run("throughput_by_week", days=days)

    def lead_time(self, days: int = 90) -> Result:
        """Days from creation to done, by type."""
        return self._run("lead_time", days=days)

    def __repr__(self) -> str:
        return ".cumulative(days=90), .throughput(days=90), .lead_time(days=90)"
