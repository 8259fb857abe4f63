"""What the planning context does with the work of people."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from alm_workbench.contexts.artifact.messages import ArtifactDTO, GetArtifact, SituationOf, UpdateArtifact
from alm_workbench.contexts.artifact.planned_messages import OpenItemsOf
from alm_workbench.contexts.artifact.rights import require
from alm_workbench.contexts.planning.domain import rules_of
from alm_workbench.contexts.planning.teams import Teams
from alm_workbench.contexts.planning.work_messages import ListWork, LogWork, MyWork, TakeBackWork, WorkLogDTO
from alm_workbench.contexts.project.messages import ProjectPrivileges
from alm_workbench.contexts.tenant.messages import GetTenant
from alm_workbench.errors import AccessDenied, ErrorItem, InvalidInput, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import decode, encode
from alm_workbench.shared.principal import grants

MAX_HOURS = 24.0
MAX_NOTE = 2_000
MANAGE = "planning:manage"


class LogWorkHandler:
    """Keeps noted work, and what is left of the item."""

    def __init__(self, teams: Teams) -> None:
        self._repo, self._teams = teams.repo, teams

    def __call__(self, ctx: MessageContext, message: LogWork) -> WorkLogDTO:
        found = ctx.ask(SituationOf(message.artifact_id, "update"))
        item, process = found.artifact, found.process
        ctx.decided(require(process, "update", item.type, found.context, item.id))
        today = local_day(ctx)
        worked_on = message.worked_on or today
        refuse_wrong(message, worked_on, today)
        me = ctx.principal
        work = WorkLogDTO(
            new_id(), item.project_id, item.id, me.actor_id, me.display_name, message.hours, worked_on, message.note, 1
        )
        self._repo.add_work(ctx.conn, ctx.principal.tenant_id, work)
        if message.remaining is not None:
            name = rules_of(process.compiled).remaining
            if name is None or name not in process.compiled.types[item.type].fields:
                problem = ErrorItem("/remaining", "unknown", f"a {item.type} does not say what is left of it")
                raise InvalidInput("There is no field for the remaining work", errors=[problem])
            ctx.ask(UpdateArtifact(item.id, item.version, fields={name: message.remaining}))
        payload = {"project_id": str(item.project_id), "key": item.key, "work_id": str(work.id)}
        ctx.emit(Event("WorkLogged", "Artifact", item.id, payload))
        return work


class ListWorkHandler:
    """Lists noted work."""

    def __init__(self, teams: Teams) -> None:
        self._repo, self._teams = teams.repo, teams

    def __call__(self, ctx: MessageContext, message: ListWork) -> Page[WorkLogDTO]:
        ctx.ask(GetArtifact(message.artifact_id))
        limit, after = max(1, min(message.limit, 1000)), decode(message.cursor)
        place = (date.fromisoformat(after[0]), UUID(after[1])) if after else None
        rows = self._repo.work(ctx.conn, message.artifact_id, limit + 1, place)
        page = rows[:limit]
        more = encode([page[-1].worked_on.isoformat(), str(page[-1].id)]) if len(rows) > limit else None
        names = self._teams.names(ctx) if page else {}
        return Page(tuple(replace(work, actor=names.get(work.actor_id, "")) for work in page), more)


class TakeBackWorkHandler:
    """Takes noted work back."""

    def __init__(self, teams: Teams) -> None:
        self._repo, self._teams = teams.repo, teams

    def __call__(self, ctx: MessageContext, message: TakeBackWork) -> WorkLogDTO:
        item = ctx.ask(GetArtifact(message.artifact_id))
        work = self._repo.one_work(ctx.conn, item.id, message.work_id)
        if work is None:
            raise NotFound(f"there is no work {message.work_id} noted on {item.key}")
        held = ctx.principal.privileges | ctx.ask(ProjectPrivileges(item.project_id))
        if work.actor_id != ctx.principal.actor_id and not grants(held, MANAGE):
            raise AccessDenied(f"only who noted this work, or who holds {MANAGE}, may take it back")
        values = {"deleted_at": ctx.now, "deleted_by": ctx.principal.actor_id}
        self._repo.take_back(ctx.conn, work.id, values)
        payload = {"project_id": str(item.project_id), "key": item.key, "work_id": str(work.id)}
        ctx.emit(Event("WorkTakenBack", "Artifact", item.id, payload))
        return work


class MyWorkHandler:
    """Lists what the caller has to do."""

    def __call__(self, ctx: MessageContext, message: MyWork) -> Page[ArtifactDTO]:
        return ctx.ask(OpenItemsOf(ctx.principal.actor_id, message.limit, message.cursor))


def local_day(ctx: MessageContext) -> date:
    """Which day it is where the organisation is."""
    return ctx.now.astimezone(ZoneInfo(ctx.ask(GetTenant()).timezone)).date()


def refuse_wrong(message: LogWork, worked_on: date, today: date) -> None:
    """Raise ``InvalidInput`` for work that cannot have been done like this."""
    problems = []
    if not (math.isfinite(message.hours) and 0 < message.hours <= MAX_HOURS):
        problems.append(ErrorItem("/hours", "range", f"more than 0 and at most {MAX_HOURS:g} hours"))
    if worked_on > today:
        problems.append(ErrorItem("/worked_on", "range", f"{worked_on} is still to come"))
    if len(message.note) > MAX_NOTE:
        problems.append(ErrorItem("/note", "too-long", f"at most {MAX_NOTE:,} characters"))
    if problems:
        raise InvalidInput(problems[0].message, errors=problems)
