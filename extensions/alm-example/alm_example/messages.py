"""Commands and queries of the plugin; routes, client methods and documentation come from these declarations."""

from __future__ import annotations

from dataclasses import dataclass

from alm_workbench.shared.messages import Command, Query, command, query


@dataclass(frozen=True, slots=True)
class RiskAppetiteDTO:
    """The highest risk score the organisation accepts; ``asil`` is the level it stands for."""

    score: int
    asil: str


@command(route="PUT /risk/appetite", privilege="project:update", facade="risk.set_appetite")
@dataclass(frozen=True, slots=True)
class SetRiskAppetite(Command[RiskAppetiteDTO]):
    """Say which risk score, 0 to 10, the organisation accepts."""

    score: int


@query(route="GET /risk/appetite", privilege="project:read", facade="risk.appetite")
@dataclass(frozen=True, slots=True)
class GetRiskAppetite(Query[RiskAppetiteDTO]):
    """Which risk score the organisation accepts; 6 unless it said otherwise."""
