"""The reports there are, and the SQL they compile to."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from alm_workbench.contexts.reporting.domain import UnknownReport
from alm_workbench.mirror.reports.definition import Report, ReportScope

KEPT = 512


class ReportRegistry:
    """Reports by name; compiled SQL is kept for each scope, since ibis takes tens of milliseconds."""

    def __init__(self, reports: Iterable[Report] = ()) -> None:
        self._reports: dict[str, Report] = {}
        self._compiled: OrderedDict[tuple[str, ReportScope], str] = OrderedDict()
        self._lock = threading.Lock()
        for report in reports:
            self.add(report)

    def add(self, report: Report) -> None:
        """Register one more; raises ``ValueError`` on a taken name."""
        if report.name in self._reports:
            raise ValueError(f"two reports are called {report.name}")
        self._reports[report.name] = report

    def all(self) -> list[Report]:
        """Every report, by name."""
        return [self._reports[name] for name in sorted(self._reports)]

    def get(self, name: str) -> Report:
        """The report called ``name``; raises ``UnknownReport``."""
        if name not in self._reports:
            raise UnknownReport(f"There is no report called {name}", reports=sorted(self._reports))
        return self._reports[name]

    def compiled(self, report: Report, scope: ReportScope) -> str:
        """The DuckDB SQL of a report for one scope."""
        key = (report.name, scope)
        with self._lock:  # ibis is not known to be safe to use from several threads at once
            if key not in self._compiled:
                self._compiled[key] = compile_report(report, scope)
                while len(self._compiled) > KEPT:
                    self._compiled.popitem(last=False)
            self._compiled.move_to_end(key)
            return self._compiled[key]


def compile_report(report: Report, scope: ReportScope) -> str:
    """Build the expression over tables without data and compile it for DuckDB."""
    import ibis

    from alm_workbench.mirror.reports.tables import mirror_tables

    return str(ibis.to_sql(report.build(mirror_tables(), scope), dialect="duckdb"))
