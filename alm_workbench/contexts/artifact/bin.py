"""The bin: items are put into it with what hangs on them, and taken out of it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from alm_workbench.contexts.artifact.access import Artifacts, check_version
from alm_workbench.contexts.artifact.bin_messages import (
    BinItemDTO,
    ListBin,
    RestoreCommit,
    RestoredDTO,
    RestoreOfCommit,
)
from alm_workbench.contexts.artifact.domain import masked, not_found
from alm_workbench.contexts.artifact.messages import ArtifactDTO, DeleteArtifact, RestoreArtifact
from alm_workbench.contexts.artifact.policies import decide_policies
from alm_workbench.contexts.artifact.repository.bin import Binned, BinRepository
from alm_workbench.contexts.artifact.repository.structure import Structure
from alm_workbench.contexts.artifact.rights import refusal, require
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.contexts.workflow.messages import Follow, Happening
from alm_workbench.errors import AccessDenied, Conflict, ErrorItem, NotFound
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import decode, page_of

SEEN_AT_ONCE = 200


class Bin:
    """What single, bulk and whole-commit commands share: judging and moving items to the bin and back."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts, self.repo, self._tree = artifacts, BinRepository(), Structure()

    def hold(self, ctx: MessageContext, artifact_id: ArtifactId) -> None:
        """Keep others from laying items below one that goes or returns; before any item is locked."""
        project_id = self._artifacts.repo.project_of(ctx.conn, artifact_id)
        if project_id is not None:
            self._tree.hold_tree(ctx.conn, project_id, shared=False)

    def judge_delete(self, ctx: MessageContext, process: ProcessVersion, item: ArtifactDTO) -> DecisionRecord:
        """Let the rules judge a deletion; policies about ``soft_delete`` and about ``delete`` alike."""
        context = self._artifacts.context(ctx, process, item, {"name": "soft_delete"})
        record = require(process, "delete", item.type, context, item.id)
        context = replace(context, event={**context.event, "name": "delete"})
        verdict = decide_policies(process, context, item.type)
        if not verdict.allow:
            raise refusal(None, process, context, item.type, verdict, item.id)
        return record

    def judge_restore(self, ctx: MessageContext, process: ProcessVersion, item: ArtifactDTO) -> DecisionRecord:
        """Let the rules judge a return; whoever may delete may restore."""
        context = self._artifacts.context(ctx, process, item, {"name": "restore"})
        return require(process, "delete", item.type, context, item.id)

    def below(
        self, ctx: MessageContext, process: ProcessVersion, item: ArtifactDTO
    ) -> tuple[list[ArtifactDTO], dict[ArtifactId, ArtifactId]]:
        """What lies below an item, locked: items that go with it, and tasks (to the item above) that live on."""
        kinds = {kind.id for kind in process.compiled.types.values() if kind.aggregate == "Task"}
        going: list[ArtifactDTO] = []
        tasks: dict[ArtifactId, ArtifactId] = {}
        level = [item.id]
        while level:
            found = self.repo.below(ctx.conn, level)
            tasks |= {child.id: child.parent_id for child in found if child.type in kinds and child.parent_id}
            fresh = [child for child in found if child.type not in kinds]
            going += fresh
            level = [child.id for child in fresh]
        return going, tasks

    def put(
        self,
        ctx: MessageContext,
        items: Sequence[ArtifactDTO],
        tasks: dict[ArtifactId, ArtifactId],
    ) -> list[ArtifactDTO]:
        """Put items of one project that were judged into the bin; gives them as they are then."""
        self.repo.put(ctx.conn, ctx.commit_id, [item.id for item in items], tasks, ctx.now)
        with self.repo.seen(ctx.conn):
            after = {item.id: item for item in self.repo.get(ctx.conn, [item.id for item in items])}
        for item in items:
            payload = {"project_id": str(item.project_id), "key": item.key}
            ctx.emit(Event("EntitySoftDeleted", "Artifact", item.id, payload))
        self._follow(ctx, [Happening("soft_delete", item.id, item, after.get(item.id)) for item in items], items)
        return [after[item.id] for item in items]

    def take(self, ctx: MessageContext, restored: RestoreOfCommit) -> RestoredDTO:
        """Judge and bring back items that a commit deleted, all of them or nothing."""
        wanted = set(restored.items)
        known = [i for i in self.repo.of_commit(ctx.conn, restored.commit_id) if not wanted or i in wanted]
        for artifact_id in known[:1]:
            with self.repo.seen(ctx.conn):
                self.hold(ctx, artifact_id)
        with self.repo.seen(ctx.conn):
            items = [i for i in self.repo.get(ctx.conn, known, lock=True) if i.project_id == restored.project_id]
        process = self._artifacts.process(ctx, restored.project_id)
        if not items:
            raise NotFound(f"nothing in the bin of this project was put there by {restored.commit_id}")
        self.require_parents(ctx, items)
        ctx.ask(RequireQuota("artifacts", len(items)))
        for item in items:
            ctx.decided(self.judge_restore(ctx, process, item))
        rows = self.repo.take(ctx.conn, restored.commit_id, [item.id for item in items])
        self.told(ctx, items)
        return RestoredDTO(restored.commit_id, tuple(item.id for item in items), rows)

    def require_parents(self, ctx: MessageContext, items: Sequence[ArtifactDTO]) -> None:
        """Refuse to lay items below others that stay in the bin; raises ``Conflict``."""
        above = {item.parent_id for item in items if item.parent_id} - {item.id for item in items}
        with self.repo.seen(ctx.conn):
            gone = [parent for parent in self.repo.get(ctx.conn, above) if parent.deleted_at is not None]
        if gone:
            shown = [self._artifacts.shown(ctx, parent) for parent in gone]
            keys = ", ".join(parent.key for parent in shown if parent) or "the item above it"
            problem = ErrorItem("/parent_id", "in-the-bin", f"restore {keys} first")
            raise Conflict(f"What this lies under is in the bin itself: restore {keys} first", errors=[problem])

    def told(self, ctx: MessageContext, items: Sequence[ArtifactDTO]) -> list[ArtifactDTO]:
        """Say that items are back; gives them as they are now."""
        after = {item.id: item for item in self.repo.get(ctx.conn, [item.id for item in items])}
        for item in items:
            payload = {"project_id": str(item.project_id), "key": item.key}
            ctx.emit(Event("EntityRestored", "Artifact", item.id, payload))
        self._follow(ctx, [Happening("restore", item.id, item, after.get(item.id)) for item in items], items)
        return [after[item.id] for item in items]

    def _follow(self, ctx: MessageContext, happenings: Sequence[Happening], items: Sequence[ArtifactDTO]) -> None:
        if items:
            ctx.ask(Follow(items[0].project_id, tuple(happenings)))


class DeleteHandler:
    """Puts an item into the bin."""

    def __init__(self, artifacts: Artifacts, bin: Bin) -> None:
        self._artifacts, self._bin = artifacts, bin

    def __call__(self, ctx: MessageContext, message: DeleteArtifact) -> ArtifactDTO:
        self._bin.hold(ctx, message.artifact_id)
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        check_version(self._artifacts, ctx, current, message.expected_version)
        ctx.decided(self._bin.judge_delete(ctx, process, current))
        shown = self._artifacts.readable(ctx, current)
        going, tasks = self._bin.below(ctx, process, current)
        if going and not message.cascade:
            raise self._in_the_way(ctx, current, going)
        for item in going:
            if self._artifacts.hidden(ctx, process, item) is None:
                raise AccessDenied(f"Something below {current.key} is not yours to delete")
            ctx.decided(self._bin.judge_delete(ctx, process, item))
        gone = self._bin.put(ctx, [current, *going], tasks)[0]
        return replace(shown, deleted_at=gone.deleted_at, version=gone.version)

    def _in_the_way(self, ctx: MessageContext, item: ArtifactDTO, below: Sequence[ArtifactDTO]) -> Conflict:
        seen = [shown for child in below[:SEEN_AT_ONCE] if (shown := self._artifacts.shown(ctx, child))]
        problems = [ErrorItem("/cascade", "below", f"{child.key} {child.title}") for child in seen]
        return Conflict(
            f"Other items lie below {item.key}; say cascade to delete them with it, or move them first",
            errors=problems,
            below=[{"id": str(child.id), "key": child.key} for child in seen],
        )


class RestoreHandler:
    """Takes an item out of the bin."""

    def __init__(self, artifacts: Artifacts, bin: Bin) -> None:
        self._artifacts, self._bin = artifacts, bin

    def __call__(self, ctx: MessageContext, message: RestoreArtifact) -> ArtifactDTO:
        bin = self._bin
        with bin.repo.seen(ctx.conn):
            bin.hold(ctx, message.artifact_id)
            current = next(iter(bin.repo.get(ctx.conn, [message.artifact_id], lock=True)), None)
        if current is None:
            raise not_found(message.artifact_id)
        process = self._artifacts.process(ctx, current.project_id)
        if current.deleted_at is None:
            return self._artifacts.readable(ctx, current)
        ctx.ask(RequireQuota("artifacts"))
        ctx.decided(bin.judge_restore(ctx, process, current))
        bin.require_parents(ctx, [current])
        commit_id = bin.repo.commit_of(ctx.conn, current.id)
        if commit_id is None:
            bin.repo.take_alone(ctx.conn, current.id)
        else:
            bin.repo.take(ctx.conn, commit_id, [current.id])
        return self._artifacts.readable(ctx, bin.told(ctx, [current])[0])


class RestoreCommitHandler:
    """Brings back what one commit deleted."""

    def __init__(self, bin: Bin) -> None:
        self._bin = bin

    def __call__(self, ctx: MessageContext, message: RestoreCommit | RestoreOfCommit) -> RestoredDTO:
        if isinstance(message, RestoreCommit):
            message = RestoreOfCommit(message.project_id, message.commit_id)
        return self._bin.take(ctx, message)


class ListBinHandler:
    """Lists what lies in the bin, as far as the caller may read it."""

    def __init__(self, artifacts: Artifacts, bin: Bin) -> None:
        self._artifacts, self._bin = artifacts, bin

    def __call__(self, ctx: MessageContext, message: ListBin) -> Page[BinItemDTO]:
        process = self._artifacts.process(ctx, message.project_id)
        limit = max(1, min(message.limit, 200))
        found: list[BinItemDTO] = []
        after = decode(message.cursor)
        while len(found) <= limit:
            rows = self._bin.repo.page(ctx.conn, message.project_id, limit + 1, after)
            found += [dto for row in rows if (dto := self._shown(ctx, process, row)) is not None]
            if len(rows) <= limit:
                break
            after = place(rows[-1].item.deleted_at, rows[-1].item.id)
        return page_of(found[: limit + 1], limit, lambda row: place(row.deleted_at, row.id))

    def _shown(self, ctx: MessageContext, process: ProcessVersion, row: Binned) -> BinItemDTO | None:
        hidden = self._artifacts.hidden(ctx, process, row.item)
        if hidden is None or row.item.deleted_at is None:
            return None
        item = masked(row.item, hidden)
        return BinItemDTO(
            item.id,
            item.key,
            item.type,
            item.title,
            item.state,
            row.item.deleted_at,
            row.deleted_by,
            row.deleter,
            row.commit_id,
            item.version,
            item.masked,
        )


def place(at: object, item: object) -> list[str]:
    """Where a page of the bin begins."""
    return [str(at), str(item)]
