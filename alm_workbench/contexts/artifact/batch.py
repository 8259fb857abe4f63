"""Many items at once: judged one by one in the room of single changes, read and written together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from alm_workbench.contexts.artifact import suspects
from alm_workbench.contexts.artifact.access import Artifacts, check_version
from alm_workbench.contexts.artifact.batch_messages import (
    CreateMany,
    HiddenOf,
    ItemsOf,
    LinksOf,
    Outcome,
    PutBack,
    SetStates,
    SituationsOf,
    UpdateMany,
)
from alm_workbench.contexts.artifact.changing import Judged, judge_creation, judge_update, stepped_values, updated_event
from alm_workbench.contexts.artifact.domain import NewArtifact, not_found
from alm_workbench.contexts.artifact.facts import gather, scatter
from alm_workbench.contexts.artifact.handlers import update_happenings
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    LinkDTO,
    Situation,
    UpdateArtifact,
)
from alm_workbench.contexts.artifact.repository.many import ManyArtifacts
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.contexts.workflow.messages import Follow, Happening
from alm_workbench.errors import AlmError, ErrorItem, InvalidInput, StaleVersion
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId


class UpdateManyHandler:
    """Changes items: locked and read together, judged one by one, written together."""

    def __init__(self, artifacts: Artifacts, many: ManyArtifacts) -> None:
        self._artifacts, self._many = artifacts, many

    def __call__(self, ctx: MessageContext, message: UpdateMany) -> tuple[Outcome, ...]:
        ids = once_each(u.artifact_id for u in message.updates)
        ctx.ask(RequireQuota("storage", sum(len(str(u.fields)) + len(u.title or "") for u in message.updates)))
        found = self._many.get(ctx.conn, ids, lock=True)
        gather(ctx, ids)
        judged = {u.artifact_id: self._judged(ctx, found, u) for u in message.updates}
        scatter(ctx)
        allowed = {item: done for item, done in judged.items() if isinstance(done, Judged)}
        after = self._written(ctx, found, {item: done for item, done in allowed.items() if done.values})
        for item, done in allowed.items():
            ctx.decided(done.record)
            if item in after:
                ctx.emit(updated_event(found[item], done))
        if brought_about(self._artifacts, ctx, found, after):
            after = self._many.get(ctx.conn, after)
        return tuple(self._outcome(item, found.get(item), done, after) for item, done in judged.items())

    def _judged(
        self, ctx: MessageContext, found: Mapping[ArtifactId, ArtifactDTO], update: UpdateArtifact
    ) -> Judged | AlmError:
        current = found.get(update.artifact_id)
        if current is None:
            return not_found(update.artifact_id)
        try:
            process = self._artifacts.process(ctx, current.project_id)
            check_version(self._artifacts, ctx, current, update.expected_version)
            return judge_update(self._artifacts, ctx, process, current, update)
        except AlmError as error:
            return error

    def _written(
        self, ctx: MessageContext, found: Mapping[ArtifactId, ArtifactDTO], changes: Mapping[ArtifactId, Judged]
    ) -> dict[ArtifactId, ArtifactDTO]:
        written = self._many.update(ctx.conn, [(found[item], done.values) for item, done in changes.items()])
        if written != len(changes):
            raise StaleVersion("somebody else changed one of these items a moment ago")
        after = self._many.get(ctx.conn, changes)
        require_readable(self._artifacts, ctx, after.values())
        return after

    def _outcome(
        self,
        item: ArtifactId,
        before: ArtifactDTO | None,
        done: Judged | AlmError,
        after: Mapping[ArtifactId, ArtifactDTO],
    ) -> Outcome:
        if isinstance(done, AlmError):
            return Outcome(item, before, error=done)
        return Outcome(item, before, after.get(item), record=done.record)


class CreateManyHandler:
    """Creates items: judged one by one, written together."""

    def __init__(self, artifacts: Artifacts, many: ManyArtifacts) -> None:
        self._artifacts, self._many = artifacts, many

    def __call__(self, ctx: MessageContext, message: CreateMany) -> tuple[Outcome, ...]:
        judged = [self._judged(ctx, item) for item in message.items]
        new = [done for done in judged if not isinstance(done, AlmError)]
        for _, record in new:
            ctx.decided(record)
        kinds = dict.fromkeys(item.type_id for item, _ in new)
        for type_id in kinds:
            of_type = [item for item, _ in new if item.type_id == type_id]
            process = self._artifacts.process(ctx, of_type[0].project_id)
            self._artifacts.write(ctx, process.compiled.types[type_id], of_type)
        ids = [item.id for item, _ in new]
        after = self._many.get(ctx.conn, ids)
        if self._followed(ctx, message, [item.id for item, _ in new], judged, after):
            after = self._many.get(ctx.conn, ids)
        require_readable(self._artifacts, ctx, after.values())
        return tuple(
            Outcome(None, error=done)
            if isinstance(done, AlmError)
            else Outcome(done[0].id, None, after[done[0].id], record=done[1])
            for done in judged
        )

    def _followed(
        self,
        ctx: MessageContext,
        message: CreateMany,
        ids: Sequence[ArtifactId],
        judged: Sequence[tuple[NewArtifact, DecisionRecord] | AlmError],
        after: Mapping[ArtifactId, ArtifactDTO],
    ) -> int:
        """Let what the process says follow the creations."""
        asked = [item for item, done in zip(message.items, judged, strict=True) if not isinstance(done, AlmError)]
        by_project: dict[ProjectId, list[Happening]] = {}
        for item_id, item in zip(ids, asked, strict=True):
            happening = Happening("create", item_id, None, after[item_id], tuple(sorted(item.fields)))
            by_project.setdefault(item.project_id, []).append(happening)
        return sum(ctx.ask(Follow(project, tuple(found))) for project, found in by_project.items())

    def _judged(self, ctx: MessageContext, item: CreateArtifact) -> tuple[NewArtifact, DecisionRecord] | AlmError:
        try:
            process = self._artifacts.process(ctx, item.project_id)
            return judge_creation(self._artifacts, ctx, process, item)
        except AlmError as error:
            return error


class SituationsHandler:
    """Prepares items for decisions of another context; facts about them are gathered until it calls ``scatter``."""

    def __init__(self, artifacts: Artifacts, many: ManyArtifacts) -> None:
        self._artifacts, self._many = artifacts, many

    def __call__(self, ctx: MessageContext, message: SituationsOf) -> dict[ArtifactId, Situation]:
        found = self._many.get(ctx.conn, message.ids, lock=True)
        gather(ctx, found)
        out: dict[ArtifactId, Situation] = {}
        for item in found.values():
            try:
                process = self._artifacts.process(ctx, item.project_id)
            except AlmError:  # of a project the caller may not see: as if it were not there
                continue
            context = self._artifacts.context(ctx, process, item, {"name": message.event})
            out[item.id] = Situation(item, process, context)
        return out


class ItemsHandler:
    """Reads items as they are stored."""

    def __init__(self, artifacts: Artifacts, many: ManyArtifacts) -> None:
        self._artifacts, self._many = artifacts, many

    def __call__(self, ctx: MessageContext, message: ItemsOf) -> dict[ArtifactId, ArtifactDTO]:
        if not message.deleted:
            return self._many.get(ctx.conn, message.ids, lock=message.lock)
        self._artifacts.repo.include_deleted(ctx.conn)
        found = self._many.get(ctx.conn, message.ids, lock=message.lock)
        self._artifacts.repo.include_deleted(ctx.conn, False)
        return found


class LinksHandler:
    """Reads the links of many items."""

    def __init__(self, artifacts: Artifacts, many: ManyArtifacts) -> None:
        self._artifacts, self._many = artifacts, many

    def __call__(self, ctx: MessageContext, message: LinksOf) -> dict[ArtifactId, tuple[LinkDTO, ...]]:
        found: dict[ArtifactId, tuple[LinkDTO, ...]] = {}
        if message.deleted:
            self._artifacts.repo.include_deleted(ctx.conn)
        links = self._many.links(ctx.conn, message.ids)
        if message.deleted:
            self._artifacts.repo.include_deleted(ctx.conn, False)
        for link in links:
            found[link.source_id] = (*found.get(link.source_id, ()), link)
        return found


class PutBackHandler:
    """Puts an item back to where it stood: a change of its parent is judged as one, then the rank is written."""

    def __init__(self, artifacts: Artifacts, many: ManyArtifacts) -> None:
        self._artifacts, self._many = artifacts, many

    def __call__(self, ctx: MessageContext, message: PutBack) -> ArtifactDTO:
        place = message.place
        if project_id := self._artifacts.repo.project_of(ctx.conn, place.artifact_id):
            self._artifacts.hierarchy.hold(ctx, project_id)
        current = self._artifacts.load(ctx, place.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        check_version(self._artifacts, ctx, current, place.expected_version)
        update = UpdateArtifact(current.id, current.version, parent_id=place.parent_id)
        judged = judge_update(self._artifacts, ctx, process, current, update)
        ctx.decided(judged.record)
        values = {**judged.values, "rank": place.rank, "manifest_version_id": process.version_id}
        if self._many.update(ctx.conn, [(current, values)]) != 1:
            raise StaleVersion("somebody else changed this item a moment ago")
        ctx.emit(updated_event(current, judged))
        after = self._artifacts.load(ctx, current.id)
        brought_about(self._artifacts, ctx, {current.id: current}, {current.id: after})
        return after


class HiddenHandler:
    """Says what of many items the caller may not see."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: HiddenOf) -> dict[ArtifactId, frozenset[str] | None]:
        gather(ctx, [item.id for item in message.items])
        found = {item.id: self._hidden(ctx, item) for item in message.items}
        scatter(ctx)
        return found

    def _hidden(self, ctx: MessageContext, item: ArtifactDTO) -> frozenset[str] | None:
        try:
            return self._artifacts.hidden(ctx, self._artifacts.process(ctx, item.project_id), item)
        except AlmError:  # of a project the caller may not see
            return None


class SetStatesHandler:
    """Writes states that the workflow context decided on."""

    def __init__(self, artifacts: Artifacts, many: ManyArtifacts) -> None:
        self._artifacts, self._many = artifacts, many

    def __call__(self, ctx: MessageContext, message: SetStates) -> dict[ArtifactId, ArtifactDTO]:
        ids = [move.artifact_id for move in message.moves]
        found = self._many.get(ctx.conn, ids)
        changes: list[tuple[ArtifactDTO, dict[str, Any]]] = []
        for move in message.moves:
            item = found.get(move.artifact_id)
            if item is None or item.version != move.expected_version:
                raise StaleVersion("somebody else changed one of these items a moment ago")
            changes.append((item, stepped_values(self._artifacts, ctx, item, move)))
        if self._many.update(ctx.conn, changes) != len(changes):
            raise StaleVersion("somebody else changed one of these items a moment ago")
        after = self._many.get(ctx.conn, ids)
        require_readable(self._artifacts, ctx, after.values())
        suspects.mark_many(ctx, self._artifacts, found, after)
        return after


def brought_about(
    artifacts: Artifacts,
    ctx: MessageContext,
    before: Mapping[ArtifactId, ArtifactDTO],
    after: Mapping[ArtifactId, ArtifactDTO],
) -> int:
    """Make links suspect and let what the process says follow changes; gives how much followed."""
    by_project: dict[ProjectId, list[tuple[ArtifactDTO, frozenset[str]]]] = {}
    for item in after.values():
        differing = suspects.differences(before[item.id], item)
        by_project.setdefault(item.project_id, []).append((item, differing))
    followed = 0
    for project_id, changed in by_project.items():
        suspects.mark(ctx, artifacts, artifacts.process(ctx, project_id), changed)
        found = [h for item, names in changed for h in update_happenings(before[item.id], item, names)]
        followed += ctx.ask(Follow(project_id, tuple(found)))
    return followed


def once_each(ids: Iterable[ArtifactId]) -> list[ArtifactId]:
    """Ids of which none may come twice; raises ``InvalidInput``."""
    counted = Counter(ids)
    doubled = [item for item, times in counted.items() if times > 1]
    if doubled:
        problem = ErrorItem("/items", "doubled", f"{doubled[0]} stands in it twice")
        raise InvalidInput("An item stands in the selection twice", errors=[problem])
    return list(counted)


def require_readable(artifacts: Artifacts, ctx: MessageContext, items: Iterable[ArtifactDTO]) -> None:
    """Nobody changes what he may not read; raises ``AccessDenied`` with the rule, as the single change does."""
    for item in items:
        if artifacts.hidden(ctx, artifacts.process(ctx, item.project_id), item) is None:
            artifacts.readable(ctx, item)
