"""A report over the mirror: how many items carry which risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alm_workbench.contexts.reporting.domain import Presentation
from alm_workbench.mirror.reports.definition import Column, Report, ReportScope

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from alm_workbench.mirror.reports.tables import MirrorTables


def risk_profile(tables: MirrorTables, scope: ReportScope) -> ir.Table:
    """Items of a project by risk score, the highest first; items without all three classes are left out."""
    items = tables.artifacts.filter(tables.artifacts.project_id == scope.project)
    severity, exposure, control = (
        items.fields[name].str.substr(1, 1).try_cast("int64") for name in ("harm", "exposure", "controllability")
    )
    harmless = (severity == 0) | (exposure == 0) | (control == 0)
    scored = items.mutate(score=harmless.ifelse(0, severity + exposure + control))
    known = scored.filter(scored.score.notnull())
    counted = known.group_by("score").agg(items=known.count())
    return counted.order_by(counted.score.desc()).select("score", "items")


RISK_PROFILE = Report(
    name="risk_profile",
    titles={"en": "Risk profile", "tr": "Risk profili"},
    descriptions={"en": "Items by risk score.", "tr": "Risk puanına göre öğeler."},
    build=risk_profile,
    columns=(
        Column("score", {"en": "Risk score", "tr": "Risk puanı"}),
        Column("items", {"en": "Items", "tr": "Öğe"}),
    ),
    presentation=Presentation("bar", x="score", series=("items",)),
)
