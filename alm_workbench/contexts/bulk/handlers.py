"""What the bulk context does with its messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.batch import once_each
from alm_workbench.contexts.artifact.batch_messages import HiddenOf, ItemsOf, LinksOf, Outcome
from alm_workbench.contexts.artifact.domain import not_found
from alm_workbench.contexts.artifact.finding_messages import SelectArtifacts
from alm_workbench.contexts.artifact.messages import ArtifactDTO, FindArtifacts
from alm_workbench.contexts.bulk import domain
from alm_workbench.contexts.bulk.execution import Change, Executor
from alm_workbench.contexts.bulk.messages import (
    ApplyBulk,
    BulkArguments,
    BulkDTO,
    BulkItemDTO,
    BulkRunDTO,
    BulkTarget,
    CarryOut,
    GetBulk,
    ListBulks,
    PlanBulk,
)
from alm_workbench.contexts.bulk.repository import PLANS_HOLD, BulkRepository, ItemOfRun
from alm_workbench.contexts.project.messages import ActiveProcess, GetProject, ProjectPrivileges
from alm_workbench.errors import AccessDenied, ErrorItem, NotFound, PlanOutdated
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, new_id
from alm_workbench.shared.messages import REGISTRY, Command, Event, Page
from alm_workbench.shared.paging import decode, page_of
from alm_workbench.shared.principal import grants


class Bulks:
    """What all handlers of this context share: choosing, carrying out, telling and keeping."""

    def __init__(self, runs: BulkRepository) -> None:
        self.runs, self.executor = runs, Executor(runs)

    def changes(self, ctx: MessageContext, asked: BulkArguments) -> tuple[list[Change], list[Outcome]]:
        """The single commands a request stands for, and the refusals of items that are not there."""
        domain.check(asked)
        require_privileges(ctx, asked.project_id, [domain.SINGLE[asked.action]])
        if asked.action == "create":
            return [domain.creation(asked.project_id, new) for new in asked.create], []
        targets = self._targets(ctx, asked)
        ids = once_each(target.id for target in targets)
        found = ctx.ask(ItemsOf(tuple(ids), deleted=asked.action == "restore", lock=True))
        here = {i.id: i for i in found.values() if i.project_id == asked.project_id}
        lost = [Outcome(target.id, error=not_found(target.id)) for target in targets if target.id not in here]
        if asked.action == "unlink":
            return self._unlinking(ctx, asked, [here[t.id] for t in targets if t.id in here], lost)
        return [domain.single(asked, target, here[target.id]) for target in targets if target.id in here], lost

    def _unlinking(
        self, ctx: MessageContext, asked: BulkArguments, items: Sequence[ArtifactDTO], lost: list[Outcome]
    ) -> tuple[list[Change], list[Outcome]]:
        """Commands for items that have the link; the others stay as they are."""
        links = ctx.ask(LinksOf(tuple(item.id for item in items)))
        found = [(item, domain.unlinking(asked, item, links.get(item.id, ()))) for item in items]
        alone = [Outcome(item.id, item) for item, command in found if command is None]
        return [command for _, command in found if command is not None], [*alone, *lost]

    def _targets(self, ctx: MessageContext, asked: BulkArguments) -> Sequence[BulkTarget]:
        if asked.where is None:
            return asked.items
        found = ctx.ask(SelectArtifacts(FindArtifacts(asked.project_id, **domain.question(asked)), domain.MOST))
        return [BulkTarget(item.id, item.version) for item in found]

    def told(self, ctx: MessageContext, done: Sequence[Outcome], *, verdicts: bool) -> tuple[BulkItemDTO, ...]:
        """What became of each item, without what the caller may not see of it before or after."""
        before = {o.before.id: o.before for o in done if o.before is not None}
        after = {o.after.id: o.after for o in done if o.after is not None}
        was, now = ctx.ask(HiddenOf(tuple(before.values()))), ctx.ask(HiddenOf(tuple(after.values())))

        def hidden(item: ArtifactId | None) -> frozenset[str] | None:
            sides = [side[item] for side in (was, now) if item is not None and item in side]
            if not sides or None in sides:
                return None
            return frozenset().union(*(side for side in sides if side is not None))

        return tuple(domain.described(o, hidden(o.artifact_id), verdicts=verdicts) for o in done)

    def keep(
        self,
        ctx: MessageContext,
        kind: str,
        asked: Any,
        hashed: str,
        done: Sequence[Outcome],
        undo_of: UUID | None = None,
    ) -> BulkRunDTO:
        """Remember a run with the versions its items had before and have now."""
        results = [domain.result_of(o) for o in done]
        run = {
            "tenant_id": ctx.principal.tenant_id,
            "id": new_id(),
            "project_id": asked.project_id,
            "kind": kind,
            "action": getattr(asked, "action", "undo"),
            "request_hash": hashed,
            "manifest_version_id": ctx.ask(ActiveProcess(asked.project_id)).version_id,
            "undo_of": undo_of,
            "changed": results.count("changed"),
            "refused": results.count("refused"),
            "unchanged": results.count("unchanged"),
        }
        final = self._final(ctx, done) if kind != "plan" else {}
        items = [item_of(o, final, planned=kind == "plan") for o in done if o.artifact_id is not None]
        return self.runs.add(ctx.conn, run, [i for i in items if i.version_before or i.version_after])

    def _final(self, ctx: MessageContext, done: Sequence[Outcome]) -> dict[ArtifactId, ArtifactDTO]:
        """Changed items as they are at the end: what followed from one may have changed another."""
        ids = tuple(o.artifact_id for o in done if o.artifact_id is not None and o.after is not None)
        return dict(ctx.ask(ItemsOf(ids, deleted=True)))


class PlanHandler:
    """Carries a bulk change out, takes it back, and tells what it would have done."""

    def __init__(self, bulks: Bulks) -> None:
        self._bulks = bulks

    def __call__(self, ctx: MessageContext, message: PlanBulk) -> BulkDTO:
        require_project(ctx, message.project_id)
        here = self._bulks.runs.take_back(ctx.conn)
        try:
            changes, lost = self._bulks.changes(ctx, message)
            done = [*self._bulks.executor.run(ctx, changes), *lost]
            items = self._bulks.told(ctx, done, verdicts=True)
        finally:
            here.rollback()
            for kept in (ctx.events, ctx.decisions, ctx.jobs):
                kept.clear()
        self._bulks.runs.forget_plans(ctx.conn, ctx.principal.actor_id, ctx.now)
        run = self._bulks.keep(ctx, "plan", message, domain.request_hash(message), done)
        return BulkDTO(run, items)


class ApplyHandler:
    """Carries a bulk change out."""

    def __init__(self, bulks: Bulks) -> None:
        self._bulks = bulks

    def __call__(self, ctx: MessageContext, message: ApplyBulk) -> BulkDTO:
        require_project(ctx, message.project_id)
        changes, lost = self._bulks.changes(ctx, message)
        if message.plan_id is not None:
            self._require_plan(ctx, message, message.plan_id, changes)
        done = [*self._bulks.executor.run(ctx, changes), *lost]
        items = self._bulks.told(ctx, done, verdicts=False)
        if message.on_error == "stop" and any(item.refusal for item in items):
            raise domain.refused(items)
        note_refusals(ctx, done)
        run = self._bulks.keep(ctx, "bulk", message, "", done)
        ctx.emit(bulk_event(run))
        return BulkDTO(run, items)

    def _require_plan(self, ctx: MessageContext, asked: ApplyBulk, plan_id: UUID, changes: Sequence[Change]) -> None:
        """Refuse what differs from the plan; raises ``PlanOutdated`` naming the items."""
        runs = self._bulks.runs
        plan = runs.get(ctx.conn, asked.project_id, plan_id)
        if plan is None or plan.kind != "plan" or plan.created_by != ctx.principal.actor_id:
            raise NotFound(f"there is no plan {plan_id} of yours")
        if plan.created_at < ctx.now - PLANS_HOLD:
            raise PlanOutdated("The plan is older than a day; make it again")
        if runs.request_hash(ctx.conn, plan_id) != domain.request_hash(asked):
            raise PlanOutdated("The plan was made for another change")
        if plan.manifest_version_id != ctx.ask(ActiveProcess(asked.project_id)).version_id:
            raise PlanOutdated("Another process is in force since the plan was made")
        planned = {item.artifact_id: item.version_before for item in runs.items(ctx.conn, plan_id)}
        chosen = tuple(c.artifact_id for c in changes if hasattr(c, "artifact_id"))
        now = ctx.ask(ItemsOf(chosen, deleted=True))
        errors = []
        for item in {**planned, **dict.fromkeys(now)}:
            if item not in now:
                errors.append(ErrorItem(f"/items/{item}", "gone", "is not in the selection any more"))
            elif item not in planned:
                errors.append(ErrorItem(f"/items/{now[item].key}", "new", "was not in the selection then"))
            elif planned[item] != now[item].version:
                text = f"had version {planned[item]} then and has {now[item].version} now"
                errors.append(ErrorItem(f"/items/{now[item].key}", "changed", text))
        if errors:
            raise PlanOutdated(
                f"{len(errors)} items changed, came or went since the plan", errors=errors[: domain.TOLD]
            )


class CarryOutHandler:
    """Carries out single commands for other contexts."""

    def __init__(self, bulks: Bulks) -> None:
        self._bulks = bulks

    def __call__(self, ctx: MessageContext, message: CarryOut) -> tuple[Outcome, ...]:
        return tuple(self._bulks.executor.run(ctx, message.changes))


class GetHandler:
    """Reads one run."""

    def __init__(self, bulks: Bulks) -> None:
        self._bulks = bulks

    def __call__(self, ctx: MessageContext, message: GetBulk) -> BulkRunDTO:
        require_project(ctx, message.project_id)
        return found_run(self._bulks.runs.get(ctx.conn, message.project_id, message.run_id), message.run_id)


class ListHandler:
    """Lists runs."""

    def __init__(self, bulks: Bulks) -> None:
        self._bulks = bulks

    def __call__(self, ctx: MessageContext, message: ListBulks) -> Page[BulkRunDTO]:
        from datetime import datetime

        require_project(ctx, message.project_id)
        limit = max(1, min(message.limit, 200))
        after = decode(message.cursor)
        since = (datetime.fromisoformat(after[0]), UUID(after[1])) if after else None
        rows = self._bulks.runs.page(ctx.conn, message.project_id, limit + 1, since)
        return page_of(rows, limit, lambda row: [row.created_at.isoformat(), str(row.id)])


def require_project(ctx: MessageContext, project_id: ProjectId) -> None:
    """Refuse a project the caller may not see, or that is not of the organisation; raises ``NotFound``."""
    ctx.ask(GetProject(project_id))


def require_privileges(ctx: MessageContext, project_id: ProjectId, commands: Sequence[type[Command[Any]]]) -> None:
    """What single commands need is needed for many of them too; raises ``AccessDenied``."""
    held = ctx.principal.privileges | ctx.ask(ProjectPrivileges(project_id))
    for privilege in sorted({REGISTRY.of(command).privilege for command in commands}):
        if not grants(held, privilege):
            text = f"privilege {privilege} is needed"
            reason = {"code": "R_PRIVILEGE_MISSING", "message": text, "rule_id": privilege}
            raise AccessDenied(f"This takes the privilege {privilege}", reasons=[reason])


def found_run(run: BulkRunDTO | None, run_id: UUID) -> BulkRunDTO:
    """A run that is there; raises ``NotFound``."""
    if run is None or run.kind == "plan":
        raise NotFound(f"there is no bulk change {run_id}")
    return run


def item_of(done: Outcome, final: dict[ArtifactId, ArtifactDTO], *, planned: bool) -> ItemOfRun:
    """What is kept of one item of a run; a plan keeps the version that was planned with."""
    assert done.artifact_id is not None
    before = done.before.version if done.before else None
    now = final.get(done.artifact_id)
    after = None if planned or done.after is None or now is None else now.version
    return ItemOfRun(done.artifact_id, before, after, domain.result_of(done), done.link_id)


def note_refusals(ctx: MessageContext, done: Sequence[Outcome]) -> None:
    """Keep in the decision log what was refused while the others were changed."""
    for o in done:
        if o.error is not None and isinstance(o.error.record, DecisionRecord):
            ctx.decided(o.error.record)


def bulk_event(run: BulkRunDTO) -> Event:
    """What others are told of a bulk change; each item has its own event beside."""
    payload = {"project_id": str(run.project_id), "action": run.action, "changed": run.changed, "refused": run.refused}
    return Event("BulkApplied" if run.kind == "bulk" else "BulkUndone", "BulkRun", run.id, payload)
