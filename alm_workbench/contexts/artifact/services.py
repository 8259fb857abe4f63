"""What the artifact context does for other contexts, inside their transactions."""

from __future__ import annotations

from alm_workbench.contexts.artifact import suspects
from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.changing import stepped_values
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    FactsOf,
    ProjectOfArtifact,
    ReadRights,
    ReadRightsOf,
    ReindexTexts,
    RemapStates,
    SetState,
    Situation,
    SituationOf,
    StateCounts,
)
from alm_workbench.contexts.artifact.repository.bin import BinRepository
from alm_workbench.contexts.artifact.texts import search_text, searched_fields
from alm_workbench.contexts.manifest.messages import CompiledVersion
from alm_workbench.errors import StaleVersion
from alm_workbench.mpc import EvalContext
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId


class StateCountsHandler:
    """Counts items by type and state."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: StateCounts) -> tuple[tuple[str, str, int], ...]:
        return self._artifacts.repo.state_counts(ctx.conn, message.project_id)


class SituationHandler:
    """Prepares an item for a decision of another context."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: SituationOf) -> Situation:
        artifact = self._artifacts.load(ctx, message.artifact_id, lock=message.lock)
        process = self._artifacts.process(ctx, artifact.project_id)
        context = self._artifacts.context(ctx, process, artifact, {"name": message.event})
        return Situation(artifact, process, context)


class FactsHandler:
    """Gathers what rules may look at."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: FactsOf) -> EvalContext:
        process = self._artifacts.process(ctx, message.artifact.project_id)
        return self._artifacts.context(ctx, process, message.artifact, message.event)


class ReadRightsHandler:
    """Says what the caller may see of an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ReadRightsOf) -> ReadRights:
        return self._artifacts.rights(ctx, message.artifact_id)


class ProjectOfHandler:
    """Finds the project of an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ProjectOfArtifact) -> ProjectId | None:
        found = self._artifacts.repo.project_of(ctx.conn, message.artifact_id)
        if found is None:  # it may lie in the bin, where roles in its project count too
            with BinRepository().seen(ctx.conn):
                found = self._artifacts.repo.project_of(ctx.conn, message.artifact_id)
        return found


class SetStateHandler:
    """Writes a state that the workflow context decided on."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: SetState) -> ArtifactDTO:
        item = self._artifacts.load(ctx, message.artifact_id)
        values = stepped_values(self._artifacts, ctx, item, message)
        updated = self._artifacts.repo.update(ctx.conn, message.artifact_id, message.expected_version, values)
        if updated is None:
            raise StaleVersion("somebody else changed this item a moment ago")
        process = ctx.ask(CompiledVersion(message.version_id))
        suspects.mark(ctx, self._artifacts, process, [(updated, suspects.differences(item, updated))])
        return self._artifacts.readable(ctx, updated)


class ReindexTextsHandler:
    """Rewrites what search may look into where another process withholds other fields."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ReindexTexts) -> int:
        old = ctx.ask(CompiledVersion(message.previous_id)).compiled
        new = ctx.ask(CompiledVersion(message.version_id)).compiled
        changed = 0
        for kind in new.types.values():
            before = searched_fields(old, old.types[kind.id]) if kind.id in old.types else frozenset()
            moved = before ^ searched_fields(new, kind)
            if moved:
                rows = self._artifacts.repo.with_fields(ctx.conn, message.project_id, kind.id, moved)
                texts_ = {item: search_text(new, kind, fields) for item, fields in rows}
                changed += self._artifacts.repo.set_search_texts(ctx.conn, texts_)
        return changed


class RemapStatesHandler:
    """Moves items whose state a new manifest does not have."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: RemapStates) -> tuple[ArtifactId, ...]:
        return self._artifacts.repo.remap(
            ctx.conn,
            message.project_id,
            message.type_id,
            message.old,
            message.new,
            message.category,
            message.version_id,
        )
