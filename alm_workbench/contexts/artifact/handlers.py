"""How items change: created and changed (the bin stands in ``bin.py``, imports in ``importing.py``).

What a change has to pass stands in ``changing.py``, which bulk changes share.
"""

from __future__ import annotations

from alm_workbench.contexts.artifact import suspects
from alm_workbench.contexts.artifact.access import Artifacts, check_version
from alm_workbench.contexts.artifact.changing import judge_creation, judge_update, updated_event
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.contexts.workflow.messages import Follow, Happening
from alm_workbench.errors import StaleVersion
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import UNSET


class CreateHandler:
    """Creates one item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: CreateArtifact) -> ArtifactDTO:
        process = self._artifacts.process(ctx, message.project_id)
        item, record = judge_creation(self._artifacts, ctx, process, message)
        ctx.decided(record)
        self._artifacts.write(ctx, process.compiled.types[item.type_id], [item])
        created = self._artifacts.load(ctx, item.id)
        if ctx.ask(
            Follow(message.project_id, (Happening("create", item.id, None, created, tuple(sorted(message.fields))),))
        ):
            created = self._artifacts.load(ctx, item.id)
        return self._artifacts.readable(ctx, created)


class UpdateHandler:
    """Changes fields of an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: UpdateArtifact) -> ArtifactDTO:
        # before the item is locked: who waits for room must not keep others from it
        ctx.ask(RequireQuota("storage", len(str(message.fields)) + len(message.title or "")))
        if message.parent_id is not UNSET and (
            project := self._artifacts.repo.project_of(ctx.conn, message.artifact_id)
        ):
            self._artifacts.hierarchy.hold(ctx, project)
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        check_version(self._artifacts, ctx, current, message.expected_version)
        judged = judge_update(self._artifacts, ctx, process, current, message)
        ctx.decided(judged.record)
        if not judged.values:
            return self._artifacts.readable(ctx, current)
        updated = self._artifacts.repo.update(ctx.conn, current.id, current.version, judged.values)
        if updated is None:
            raise StaleVersion("somebody else changed this item a moment ago")
        ctx.emit(updated_event(current, judged))
        differing = suspects.differences(current, updated)
        suspects.mark(ctx, self._artifacts, process, [(updated, differing)])
        followed = ctx.ask(Follow(current.project_id, update_happenings(current, updated, differing)))
        if followed:
            updated = self._artifacts.load(ctx, current.id)
        return self._artifacts.readable(ctx, updated)


def update_happenings(before: ArtifactDTO, after: ArtifactDTO, differing: frozenset[str]) -> tuple[Happening, ...]:
    """What an update was, in the language's words: an update, and an assignment where somebody else is to do it."""
    if not differing:
        return ()
    found = [Happening("update", after.id, before, after, tuple(sorted(differing)))]
    if "assignee" in differing:
        found.append(Happening("assign", after.id, before, after, ("assignee",)))
    return tuple(found)
