"""Reports over the mirror.

A report is an ibis expression over the friendly tables, typed parameters and a presentation::

    from alm_workbench.mirror.reports import Column, Presentation, Report

    def build(t, scope):
        mine = t.artifacts.filter(t.artifacts.project_id == scope.project)
        return mine.group_by("assignee").agg(items=mine.count()).order_by("assignee")

    OPEN_BY_ASSIGNEE = Report(
        name="open_by_assignee", titles={"en": "By assignee", "tr": "Kişilere göre"}, build=build,
        columns=(Column("assignee", {"en": "Assignee", "tr": "Atanan"}), Column("items", {"en": "Items", "tr": "Öğe"})),
        presentation=Presentation("bar", x="assignee", series=("items",)),
    )

A plugin hands its reports over by the hook ``alm_reports``.
"""

from alm_workbench.contexts.reporting.domain import Presentation
from alm_workbench.mirror.reports.definition import Column, Param, Report, ReportScope
from alm_workbench.mirror.reports.registry import ReportRegistry

__all__ = ["Column", "Param", "Presentation", "Report", "ReportRegistry", "ReportScope"]
