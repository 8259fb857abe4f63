"""Steps that the system takes: timers are set with the process, and a job fires those that are due.

Time counts from when the state was entered. A step that is refused then is tried again, later and later.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from alm_workbench.contexts.artifact.messages import SituationOf
from alm_workbench.contexts.manifest.messages import CompiledVersion
from alm_workbench.contexts.workflow.handlers import take
from alm_workbench.contexts.workflow.messages import ArmTimers, FireTimer, PutOffTimer, TransitionArtifact
from alm_workbench.contexts.workflow.repository import CLOCK_NAME, WorkflowRepository, clock_of
from alm_workbench.contexts.workflow.stepping import waiting, weigh_step
from alm_workbench.contexts.workflow.timing import spans_of
from alm_workbench.errors import AlmError, Conflict, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.jobs import JobRun, JobSpec
from alm_workbench.shared.messages import Command
from alm_workbench.shared.principal import Principal

JOB = "workflow.timeouts"
BATCH = 200
ROUNDS = 50
"""A run takes at most this many batches; the next minute goes on."""
HOLD = 300.0
"""Seconds for which a timer that one worker took is nobody else's."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=10), timedelta(days=1)

Send = Callable[[Principal, Command[Any]], Any]
log = structlog.get_logger("alm.workflow")


class ArmTimersHandler:
    """Sets the timers of a project anew."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: ArmTimers) -> int:
        spans = spans_of(ctx.ask(CompiledVersion(message.version_id)).compiled)
        return self._workflows.arm(ctx.conn, ctx.principal.tenant_id, message.project_id, spans)


class FireTimerHandler:
    """Takes a step whose time has come: guards and policies are asked, roles and access rules are nobody's."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: FireTimer) -> bool:
        timer = self._workflows.timer(ctx.conn, message.timer_id)
        if timer is None:
            return False
        self._workflows.clock_actor(ctx.conn, ctx.principal.tenant_id)
        found = ctx.ask(SituationOf(timer.artifact_id, "transition"))
        if found.artifact.state != timer.state:
            self._workflows.drop_timer(ctx.conn, timer.id)
            return False
        step = TransitionArtifact(timer.artifact_id, timer.transition_id, found.artifact.version)
        judged = weigh_step(found, step, by_time=True)
        if judged.approvals:
            raise waiting(found, judged)
        self._workflows.drop_timer(ctx.conn, timer.id)
        take(ctx, self._workflows, found, judged, step)
        return True


class PutOffTimerHandler:
    """Lets a timer wait: twice as long each time, a day at most."""

    def __init__(self, workflows: WorkflowRepository) -> None:
        self._workflows = workflows

    def __call__(self, ctx: MessageContext, message: PutOffTimer) -> datetime | None:
        timer = self._workflows.timer(ctx.conn, message.timer_id)
        if timer is None:
            return None
        later = ctx.now + wait_after(timer.attempts)
        self._workflows.put_off(ctx.conn, timer.id, later, timer.attempts + 1)
        return later


def wait_after(attempts: int) -> timedelta:
    """How long a timer waits after so many tries that were refused."""
    wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts, 10))
    return wait


def clock(tenant_id: UUID) -> Principal:
    """Time as an actor of an organisation: it sees every item and holds no role."""
    return Principal(
        tenant_id=tenant_id,
        actor_id=clock_of(tenant_id),
        user_id=None,
        email="",
        display_name=CLOCK_NAME,
        roles=frozenset(),
        privileges=frozenset({"project:read", "artifact:read"}),
        kind="process",
    )


def specs(send: Send) -> list[JobSpec]:
    """The job that looks every minute; ``send`` runs a command as somebody."""
    repo = WorkflowRepository()
    return [JobSpec(JOB, lambda job: fire_due(job, repo, send), cron="* * * * *", upkeep=True)]


def fire_due(job: JobRun, workflows: WorkflowRepository, send: Send) -> int:
    """Take every step that is due, each in a transaction of its own; how many were taken."""
    taken = 0
    for _ in range(ROUNDS):
        with job.begin() as conn:
            due = workflows.claim(conn, BATCH, HOLD)
        taken += sum(fire(send, tenant_id, timer_id) for tenant_id, timer_id in due)
        if len(due) < BATCH:
            break
    return taken


def fire(send: Send, tenant_id: UUID, timer_id: UUID) -> bool:
    """Take one step; one that is refused is in the decision log and waits."""
    who = clock(tenant_id)
    try:
        return bool(send(who, FireTimer(timer_id)))
    except (NotFound, Conflict) as error:
        log.info("timer.later", timer=str(timer_id), why=error.detail)
    except AlmError as error:
        log.warning("timer.refused", timer=str(timer_id), why=error.detail)
    try:
        send(who, PutOffTimer(timer_id))
    except AlmError as error:  # the organisation was closed meanwhile: HOLD lets it wait too
        log.info("timer.left", timer=str(timer_id), why=error.detail)
    return False
