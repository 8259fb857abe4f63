"""Taking a bulk change back: what each item was before comes from the audit trail, and goes through the same guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.batch_messages import ItemsOf, LinksOf, Outcome, Place, PutBack
from alm_workbench.contexts.artifact.link_messages import UnlinkArtifacts
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    DeleteArtifact,
    LinkArtifacts,
    LinkDTO,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.audit.past_messages import PastPayloads
from alm_workbench.contexts.bulk.execution import Change
from alm_workbench.contexts.bulk.handlers import (
    Bulks,
    bulk_event,
    found_run,
    note_refusals,
    require_privileges,
    require_project,
)
from alm_workbench.contexts.bulk.messages import BulkDTO, BulkRunDTO, UndoBulk
from alm_workbench.contexts.bulk.repository import ItemOfRun
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.project.messages import ActiveProcess, ProjectPrivileges
from alm_workbench.contexts.workflow.batch_messages import Reversion
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AccessDenied, Conflict, StaleVersion
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import Command
from alm_workbench.shared.principal import grants

OTHERS = "project:update"
"""The privilege to take back what somebody else did."""

Payload = Mapping[str, Any]


class UndoHandler:
    """Takes a bulk change back."""

    def __init__(self, bulks: Bulks) -> None:
        self._bulks = bulks

    def __call__(self, ctx: MessageContext, message: UndoBulk) -> BulkDTO:
        require_project(ctx, message.project_id)
        runs = self._bulks.runs
        run = found_run(runs.get(ctx.conn, message.project_id, message.run_id, lock=True), message.run_id)
        self._require_right(ctx, run)
        if run.undone_by is not None:
            raise Conflict("This bulk change was taken back already")
        process = ctx.ask(ActiveProcess(message.project_id))
        kept = [item for item in runs.items(ctx.conn, run.id) if item.version_after is not None]
        found = dict(ctx.ask(ItemsOf(tuple(item.artifact_id for item in kept), deleted=True, lock=True)))
        past = self._past(ctx, kept)
        linked = tuple(item.artifact_id for item in kept if item.link_id is not None)
        links = Links(ctx.ask(LinksOf(linked)), ctx.ask(LinksOf(linked, deleted=True))) if linked else Links({}, {})
        plans = [plan_of(item, found, past, process, links) for item in kept]
        self._require_commands(ctx, message, plans)
        done = self._carried_out(ctx, plans, f"undo of bulk change {run.id}")
        items = self._bulks.told(ctx, done, verdicts=False)
        note_refusals(ctx, done)
        undo = self._bulks.keep(ctx, "undo", message, "", done, undo_of=run.id)
        runs.undone(ctx.conn, run.id, undo.id)
        ctx.emit(bulk_event(undo))
        return BulkDTO(undo, items)

    def _require_right(self, ctx: MessageContext, run: BulkRunDTO) -> None:
        if run.created_by == ctx.principal.actor_id:
            return
        if run.kind == "undo":  # else anybody could do in another's name again what he took back himself
            text = "what was taken back is done again by whoever took it back"
            raise AccessDenied(text.capitalize(), reasons=[{"code": "R_NOT_AUTHOR", "message": text, "rule_id": None}])
        if not grants(ctx.principal.privileges | ctx.ask(ProjectPrivileges(run.project_id)), OTHERS):
            text = f"privilege {OTHERS} is needed to take back what somebody else did"
            raise AccessDenied(text, reasons=[{"code": "R_PRIVILEGE_MISSING", "message": text, "rule_id": OTHERS}])

    def _past(self, ctx: MessageContext, kept: Sequence[ItemOfRun]) -> dict[UUID, Payload | None]:
        versions = tuple((item.artifact_id, item.version_before) for item in kept if item.version_before is not None)
        return dict(ctx.ask(PastPayloads("Artifact", versions)))

    def _require_commands(self, ctx: MessageContext, message: UndoBulk, plans: Sequence[Plan]) -> None:
        kinds: set[Any] = {type(step) for plan in plans if isinstance(plan, list) for step in plan}
        behind: dict[Any, type[Command[Any]]] = {Reversion: TransitionArtifact, PutBack: UpdateArtifact}
        require_privileges(ctx, message.project_id, [behind.get(kind, kind) for kind in kinds])

    def _carried_out(self, ctx: MessageContext, plans: Sequence[Plan], reason: str) -> list[Outcome]:
        """Plans of one step run together; those of several one by one, each whole or not at all."""
        together = [plan[0] for plan in plans if isinstance(plan, list) and len(plan) == 1]
        answers = iter(self._bulks.executor.run(ctx, together, reason))
        out: list[Outcome] = []
        for plan in plans:
            if isinstance(plan, Outcome):
                out.append(plan)
            elif len(plan) == 1:
                out.append(next(answers))
            else:
                out.append(self._bulks.executor.in_a_row(ctx, plan, reason))
        return out


@dataclass(frozen=True, slots=True)
class Links:
    """Links of the items of a run: those that are there, and all that ever were."""

    live: Mapping[ArtifactId, Sequence[LinkDTO]]
    all: Mapping[ArtifactId, Sequence[LinkDTO]]

    def back(self, item: ItemOfRun, now: ArtifactDTO) -> list[Change]:
        """Take away the link that a run made, or make again the one that it took away."""
        for link in self.live.get(now.id, ()):
            if link.id == item.link_id:
                return [UnlinkArtifacts(now.id, link.id, link.version)]
        for link in self.all.get(now.id, ()):
            if link.id == item.link_id:
                return [LinkArtifacts(now.id, link.link_type, link.target_id)]
        return []


Plan = Outcome | list[Change]
"""What an item needs to be as it was, or why it cannot be."""


def plan_of(
    item: ItemOfRun,
    found: Mapping[Any, ArtifactDTO],
    past: Mapping[UUID, Payload | None],
    process: ProcessVersion,
    links: Links,
) -> Plan:
    """The single commands that bring an item back to what it was before a run."""
    now = found.get(item.artifact_id)
    if now is None:
        return Outcome(item.artifact_id, error=Conflict("the item is gone for good"))
    if now.version != item.version_after:
        message = (
            f"{now.key} was changed since: it has version {now.version}, the bulk change left {item.version_after}"
        )
        return Outcome(item.artifact_id, now, error=StaleVersion(message))
    if item.version_before is None:
        return [DeleteArtifact(now.id, now.version)] if now.deleted_at is None else Outcome(now.id, now)
    was = past.get(item.artifact_id)
    if was is None:
        return Outcome(item.artifact_id, now, error=Conflict(f"{now.key}: what it was before has been erased"))
    steps = links.back(item, now) if item.link_id is not None else steps_back(now, was, process)
    return steps if steps else Outcome(now.id, now)


def steps_back(now: ArtifactDTO, was: Payload, process: ProcessVersion) -> list[Change]:
    """Out of the bin first, then fields and properties, then the state; into the bin last."""
    steps: list[Change] = []
    version = now.version
    if now.deleted_at is not None and was.get("deleted_at") is None:
        steps.append(RestoreArtifact(now.id))
        version += 1
    update = update_back(now, was, process, version)
    if update is not None:
        steps.append(update)
        version += 1
    parent = UUID(was["parent_id"]) if was.get("parent_id") else None
    if parent != now.parent_id or was.get("rank") != now.rank:
        place = Place(now.id, version, ArtifactId(parent) if parent else None, was.get("rank"))
        steps.append(PutBack(place))
        version += 1
    if now.state != was["state"]:
        steps.append(Reversion(now.id, version, was["state"]))
        version += 1
    if now.deleted_at is None and was.get("deleted_at") is not None:
        steps.append(DeleteArtifact(now.id, version))
    return steps


def update_back(now: ArtifactDTO, was: Payload, process: ProcessVersion, version: int) -> UpdateArtifact | None:
    """The change of fields and properties that brings an item back, None where they are as they were."""
    kind = process.compiled.types[now.type]
    before, originals = was.get("fields") or {}, was.get("originals") or {}
    fields = {
        name: originals.get(name, before.get(name))
        for name in {*before, *now.fields}
        if before.get(name) != now.fields.get(name) and not (name in kind.fields and kind.fields[name].computed)
    }
    title = was["title"] if was["title"] != now.title else None
    found: dict[str, Any] = {}
    assignee = UUID(was["assignee_id"]) if was.get("assignee_id") else None
    if assignee != now.assignee_id:
        found["assignee_id"] = assignee
    tags = tuple(was.get("tags") or ())
    if tags != tuple(now.tags):
        found["tags"] = tags
    if not fields and title is None and not found:
        return None
    return UpdateArtifact(now.id, version, title, fields, **found)
