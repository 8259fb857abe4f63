"""Registers the planning context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.planning import handlers as h
from alm_workbench.contexts.planning import messages as m
from alm_workbench.contexts.planning import team_messages as t
from alm_workbench.contexts.planning import teams, work
from alm_workbench.contexts.planning import work_messages as w
from alm_workbench.contexts.planning.repository import PlanningRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    people = teams.Teams(PlanningRepository())
    plans = h.Plans(people)
    return {
        t.ListTeams: teams.ListTeamsHandler(people),
        t.GetTeam: teams.GetTeamHandler(people),
        t.CreateTeam: teams.CreateTeamHandler(people),
        t.UpdateTeam: teams.UpdateTeamHandler(people),
        t.DeleteTeam: teams.DeleteTeamHandler(people),
        t.KnownTeams: teams.KnownTeamsHandler(people),
        m.ListCycles: h.ListCyclesHandler(plans),
        m.GetCyclePlan: h.GetCyclePlanHandler(plans),
        m.SetCapacity: h.SetCapacityHandler(plans),
        m.PlanItems: h.PlanItemsHandler(plans),
        m.CarryOver: h.CarryOverHandler(plans),
        m.ListBacklog: h.ListBacklogHandler(plans),
        m.ListAreas: h.ListAreasHandler(plans),
        w.LogWork: work.LogWorkHandler(people),
        w.ListWork: work.ListWorkHandler(people),
        w.TakeBackWork: work.TakeBackWorkHandler(people),
        w.MyWork: work.MyWorkHandler(),
    }
