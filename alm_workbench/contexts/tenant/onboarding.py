"""Setting up an organisation as a saga: steps with their way back, each in a transaction of its own with its mark.

A step and the note that it is done commit together, so a run that was cut off goes on where it stopped and does nothing
twice. The organisation is nobody's until the last step opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from alm_workbench.contexts.tenant import domain
from alm_workbench.contexts.tenant.domain import OWNER, Seed
from alm_workbench.contexts.tenant.handlers import present
from alm_workbench.contexts.tenant.messages import TenantDTO
from alm_workbench.contexts.tenant.onboarding_messages import (
    OnboardingDTO,
    OnboardTenant,
    ResumeOnboarding,
    UnfinishedOnboardings,
)
from alm_workbench.contexts.tenant.repository import TenantRepository
from alm_workbench.contexts.tenant.repository.sagas import SagaRepository, SagaRun
from alm_workbench.contexts.tenant.saga_messages import (
    BeginCompensation,
    BeginOnboarding,
    CompensationStep,
    OnboardingStep,
)
from alm_workbench.errors import AlmError, Conflict, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.messages import Command, Event
from alm_workbench.shared.tiers import Tiers

R = TypeVar("R")
KIND = "onboarding"
IDS = ("tenant_id", "actor_id", "membership_id")


class Apart(Protocol):
    """Port: runs a command in a transaction of its own, as nobody."""

    def send(self, command: Command[R], /) -> R: ...


@dataclass(frozen=True, slots=True)
class Run:
    """What the steps work on: ids chosen before the first one, and what was asked for."""

    tenant_id: UUID
    actor_id: UUID
    membership_id: UUID
    given: Mapping[str, Any]

    @classmethod
    def of(cls, run: SagaRun) -> Run:
        """As the saga keeps it."""
        tenant_id, actor_id, membership_id = (UUID(run.input[name]) for name in IDS)
        return cls(tenant_id, actor_id, membership_id, run.input)


class Steps:
    """What each step does and how it is undone; the order of ``names`` is the order of the saga."""

    names = ("tenant", "roles", "workflow", "policies", "owner", "completed")

    def __init__(self, tenants: TenantRepository, seed: Seed) -> None:
        self._tenants, self._seed = tenants, seed
        self._ways: Mapping[str, tuple[Callable[[Any, Run], None], Callable[[Any, Run], None]]] = {
            "tenant": (self._tenant, lambda conn, run: tenants.discard(conn, run.tenant_id)),
            "roles": (self._roles, lambda conn, run: tenants.empty(conn, "roles")),
            "workflow": (self._workflow, lambda conn, run: tenants.empty(conn, "workflow")),
            "policies": (self._policies, lambda conn, run: tenants.empty(conn, "policies")),
            "owner": (self._owner, lambda conn, run: tenants.disband(conn)),
            "completed": (self._open, lambda conn, run: tenants.change(conn, {"status": "onboarding"})),
        }

    def do(self, ctx: MessageContext, name: str, run: Run) -> None:
        """Do one step."""
        self._enter(ctx, name, run)
        self._ways[name][0](ctx.conn, run)
        if name == self.names[-1]:
            payload = {"slug": run.given["slug"], "name": run.given["name"]}
            ctx.emit(Event("TenantOnboarded", "Tenant", run.tenant_id, payload))

    def undo(self, ctx: MessageContext, name: str, run: Run) -> None:
        """Undo one step."""
        self._enter(ctx, name, run)
        self._ways[name][1](ctx.conn, run)

    def failed(self, ctx: MessageContext, run: Run, error: str | None) -> None:
        """Tell that nothing is left of it."""
        self._tenants.enter(ctx.conn, run.tenant_id, None)
        payload = {"slug": run.given["slug"], "error": error}
        ctx.emit(Event("TenantOnboardingFailed", "Tenant", run.tenant_id, payload))

    def _enter(self, ctx: MessageContext, name: str, run: Run) -> None:
        self._tenants.enter(ctx.conn, run.tenant_id, run.actor_id)

    def _tenant(self, conn: Any, run: Run) -> None:
        names = ("slug", "name", "tier", "timezone", "locale")
        self._tenants.prepare(conn, run.tenant_id, {name: run.given[name] for name in names})
        owner = (UUID(run.given["owner_user_id"]), run.given["owner_name"], run.given["owner_email"])
        self._tenants.add_actor(conn, run.tenant_id, run.actor_id, *owner)

    def _roles(self, conn: Any, run: Run) -> None:
        texts = ("labels", "description")
        lists = ("implies", "privileges")
        rows = [
            {
                "code": role["code"],
                **{name: dict(role.get(name, {})) for name in texts},
                **{name: list(role.get(name, [])) for name in lists},
                "built_in": True,
            }
            for role in self._seed.roles
        ]
        self._tenants.fill(conn, run.tenant_id, "roles", rows)

    def _workflow(self, conn: Any, run: Run) -> None:
        rows = [{"code": flow["id"], "definition": dict(flow)} for flow in self._seed.workflows]
        self._tenants.fill(conn, run.tenant_id, "workflow", rows)

    def _policies(self, conn: Any, run: Run) -> None:
        rows = [
            {"code": p["code"], "definition": {k: v for k, v in p.items() if k != "code"}, "enabled": True}
            for p in self._seed.policies
        ]
        self._tenants.fill(conn, run.tenant_id, "policies", rows)

    def _owner(self, conn: Any, run: Run) -> None:
        owner = UUID(run.given["owner_user_id"])
        self._tenants.add_member(conn, run.tenant_id, owner, run.actor_id, [OWNER], run.membership_id)

    def _open(self, conn: Any, run: Run) -> None:
        self._tenants.change(conn, {"status": "active"})


class BeginOnboardingHandler:
    """Opens a run."""

    def __init__(self, sagas: SagaRepository) -> None:
        self._sagas = sagas

    def __call__(self, ctx: MessageContext, message: BeginOnboarding) -> UUID:
        run_id = new_id()
        ids = {name: str(new_id()) for name in IDS}
        self._sagas.start(ctx.conn, run_id, KIND, message.slug, {**message.given, **ids})
        return run_id


class OnboardingStepHandler:
    """Does the next step and notes it, in one transaction."""

    def __init__(self, sagas: SagaRepository, steps: Steps) -> None:
        self._sagas, self._steps = sagas, steps

    def __call__(self, ctx: MessageContext, message: OnboardingStep) -> None:
        run = known(self._sagas, ctx, message.run_id)
        name = self._steps.names[len(run.done)]
        done = (*run.done, name)
        self._sagas.record(ctx.conn, run.run_id, "done" if done == self._steps.names else "running", done, None)
        self._steps.do(ctx, name, Run.of(run))


class BeginCompensationHandler:
    """Turns a run round."""

    def __init__(self, sagas: SagaRepository) -> None:
        self._sagas = sagas

    def __call__(self, ctx: MessageContext, message: BeginCompensation) -> None:
        run = known(self._sagas, ctx, message.run_id)
        self._sagas.record(ctx.conn, run.run_id, "compensating", run.done, message.error)


class CompensationStepHandler:
    """Undoes the last step and notes it; closes the run when nothing is left."""

    def __init__(self, sagas: SagaRepository, steps: Steps) -> None:
        self._sagas, self._steps = sagas, steps

    def __call__(self, ctx: MessageContext, message: CompensationStep) -> None:
        run = known(self._sagas, ctx, message.run_id)
        if run.done:
            self._sagas.record(ctx.conn, run.run_id, "compensating", run.done[:-1], run.error)
            self._steps.undo(ctx, run.done[-1], Run.of(run))
        else:
            self._sagas.record(ctx.conn, run.run_id, "compensated", (), run.error)
            self._steps.failed(ctx, Run.of(run), run.error)


class Onboarding:
    """Drives runs to an end, forwards or backwards; ``apart`` commits every step by itself."""

    def __init__(self, sagas: SagaRepository, apart: Apart) -> None:
        self._sagas, self._apart = sagas, apart

    def begin(self, ctx: MessageContext, slug: str, given: Mapping[str, Any]) -> UUID:
        """A new run, or the unfinished one for the same owner; raises ``Conflict`` on one for somebody else."""
        for run in self._sagas.unfinished(ctx.conn, KIND):
            if run.subject == slug and run.input["owner_user_id"] == given["owner_user_id"]:
                return run.run_id
        return self._apart.send(BeginOnboarding(slug, given))

    def drive(self, ctx: MessageContext, run_id: UUID) -> SagaRun:
        """Finish a run. A step's error is raised again once everything is undone; raises ``Conflict`` when it is taken.

        Only ``ctx`` holds the run: its transaction keeps a lock that the database drops with a dead process.
        """
        if not self._sagas.hold(ctx.conn, run_id):
            raise Conflict("this organisation is being set up right now")
        failure: AlmError | None = None
        while (run := known(self._sagas, ctx, run_id)).status in ("running", "compensating"):
            if run.status == "compensating":
                self._apart.send(CompensationStep(run_id))
                continue
            try:
                self._apart.send(OnboardingStep(run_id))
            except AlmError as error:
                failure = error
                self._apart.send(BeginCompensation(run_id, error.detail))
        if failure is not None:
            raise failure
        return run


class OnboardTenantHandler:
    """Sets up an organisation."""

    def __init__(self, tenants: TenantRepository, onboarding: Onboarding, tiers: Tiers) -> None:
        self._tenants, self._onboarding, self._tiers = tenants, onboarding, tiers

    def __call__(self, ctx: MessageContext, message: OnboardTenant) -> TenantDTO:
        if message.tier not in self._tiers.codes:
            raise domain.refuse("/tier", "unknown", f"{message.tier!r} is none of {', '.join(self._tiers.codes)}")
        given = {
            "slug": domain.check_slug(message.slug),
            "name": domain.check_name(message.name),
            "tier": message.tier,
            "timezone": domain.check_timezone(message.timezone),
            "locale": message.locale,
            "owner_user_id": str(message.owner_user_id),
            "owner_email": message.owner_email,
            "owner_name": message.owner_name,
        }
        run = self._onboarding.drive(ctx, self._onboarding.begin(ctx, message.slug, given))
        if run.status != "done":
            raise Conflict(f"setting up {message.slug!r} had failed and is undone now ({run.error}); try again")
        self._tenants.enter(ctx.conn, Run.of(run).tenant_id, None)
        return present(self._tenants, ctx)


class ResumeOnboardingHandler:
    """Finishes a run that was cut off."""

    def __init__(self, sagas: SagaRepository, onboarding: Onboarding) -> None:
        self._sagas, self._onboarding = sagas, onboarding

    def __call__(self, ctx: MessageContext, message: ResumeOnboarding) -> OnboardingDTO:
        known(self._sagas, ctx, message.run_id)
        return self._onboarding.drive(ctx, message.run_id).dto()


class UnfinishedOnboardingsHandler:
    """Lists the runs that wait for somebody to finish them."""

    def __init__(self, sagas: SagaRepository) -> None:
        self._sagas = sagas

    def __call__(self, ctx: MessageContext, message: UnfinishedOnboardings) -> tuple[OnboardingDTO, ...]:
        return tuple(run.dto() for run in self._sagas.unfinished(ctx.conn, KIND))


def known(sagas: SagaRepository, ctx: MessageContext, run_id: UUID) -> SagaRun:
    """One run; raises ``NotFound``."""
    run = sagas.get(ctx.conn, run_id)
    if run is None:
        raise NotFound(f"there is no run {run_id}")
    return run
