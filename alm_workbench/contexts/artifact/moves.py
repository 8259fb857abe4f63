"""Moving items: below another item, and in the order of their project."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alm_workbench.contexts.artifact import ranks, suspects
from alm_workbench.contexts.artifact.access import Artifacts, check_version
from alm_workbench.contexts.artifact.changing import seen_by_rules
from alm_workbench.contexts.artifact.domain import checked_fields, not_found
from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.artifact.rights import require_access, require_policy
from alm_workbench.contexts.artifact.structure_messages import MoveArtifact
from alm_workbench.contexts.artifact.texts import texts
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.workflow.messages import Follow, Happening
from alm_workbench.errors import ErrorItem, InvalidInput, StaleVersion
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import UNSET, Event

NEIGHBOURS = 32
"""So many items on either side get new ranks where there is no more room between two."""


class MoveHandler:
    """Moves an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: MoveArtifact) -> ArtifactDTO:
        project = self._artifacts.repo.project_of(ctx.conn, message.artifact_id)
        if project is None:
            raise not_found(message.artifact_id)
        self._artifacts.hierarchy.hold(ctx, project)  # before any item is locked
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        check_version(self._artifacts, ctx, current, message.expected_version)
        values, changes, record = judge_move(self._artifacts, ctx, process, current, message)
        ctx.decided(record)
        updated = self._artifacts.repo.update(ctx.conn, current.id, current.version, values)
        if updated is None:
            raise StaleVersion("somebody else changed this item a moment ago")
        payload = {"project_id": str(current.project_id), "key": current.key, "changes": changes}
        ctx.emit(Event("ArtifactUpdated", "Artifact", current.id, payload))
        differing = suspects.differences(current, updated)
        suspects.mark(ctx, self._artifacts, process, [(updated, differing)])
        told = Happening("update", current.id, current, updated, tuple(changes))
        if ctx.ask(Follow(current.project_id, (told,))):
            updated = self._artifacts.load(ctx, current.id)
        return self._artifacts.readable(ctx, updated)


def judge_move(
    artifacts: Artifacts, ctx: MessageContext, process: ProcessVersion, current: ArtifactDTO, message: MoveArtifact
) -> tuple[dict[str, Any], list[str], DecisionRecord]:
    """Let every rule look at a move of an item that is loaded, locked and of the expected version, in a tree that is held.

    Gives the columns to write, the names of what changes, and the record. Raises ``InvalidInput`` and ``AccessDenied``;
    writes nothing but the ranks of neighbours where there is no room between them.
    """
    moves = message.parent_id is not UNSET and message.parent_id != current.parent_id
    changes = ["parent_id", "rank"] if moves else ["rank"]
    context = artifacts.context(ctx, process, current, {"name": "update", "changes": changes})
    acl = require_access(process, "update", current.type, context, current.id, changes)
    values: dict[str, Any] = {"manifest_version_id": process.version_id}
    if moves:
        values["parent_id"] = message.parent_id
        artifacts.hierarchy.place(ctx, process, current, message.parent_id)
    values["rank"] = rank_for(artifacts, ctx, current, message.before, message.after)
    properties = seen_by_rules(values) | {"rank": values["rank"]}
    kind = process.compiled.types[current.type]
    after = {**context.self_, **properties}
    if any(f.computed for f in kind.fields.values()):
        fields = checked_fields(process.compiled, kind, {}, context, current.fields, properties)
        if fields != current.fields:
            values |= texts(process.compiled, kind, fields)
            after["fields"] = fields
    record = require_policy(process, current.type, replace(context, self_=after), current.id, acl)
    return values, changes, record


def rank_for(
    artifacts: Artifacts,
    ctx: MessageContext,
    item: ArtifactDTO,
    before: ArtifactId | None,
    after: ArtifactId | None,
) -> str:
    """The rank of an item right before or after another one, last for neither; raises ``InvalidInput``.

    Where two items stand between which nothing fits, they and their neighbours are spread first.
    """
    if before is not None and after is not None:
        problem = ErrorItem("/after", "both", "say what it comes before, or what it comes after")
        raise InvalidInput(problem.message, errors=[problem])
    if before is None and after is None:
        return ranks.last()[0]
    pointer, other_id = ("/before", before) if before is not None else ("/after", after)
    assert other_id is not None
    other = artifacts.repo.get(ctx.conn, other_id)
    if (
        other is None
        or other.project_id != item.project_id
        or artifacts.shown(ctx, other) is None
        or other.id == item.id
    ):
        problem = ErrorItem(pointer, "unknown", "no such other item in this project")
        raise InvalidInput("The place does not exist here", errors=[problem])
    found = _beside(artifacts, ctx, item, other, before is not None)
    if found is None or len(found) > ranks.LONGEST:
        respread(artifacts, ctx, other, item.id)
        found = _beside(artifacts, ctx, item, artifacts.load(ctx, other.id), before is not None)
    assert found is not None, "there is room after spreading"
    return found


def _beside(
    artifacts: Artifacts, ctx: MessageContext, item: ArtifactDTO, other: ArtifactDTO, before: bool
) -> str | None:
    """A rank right before or after another item; None where there is no room."""
    rank = other.rank or ""
    near = artifacts.structure.beside(ctx.conn, item.project_id, rank, other.id, -1 if before else 1, item.id)
    if not near:
        return ranks.top()[0] if before else ranks.last()[0]
    try:
        return ranks.between(near[0][1], rank) if before else ranks.between(rank, near[0][1])
    except ValueError:  # two creations in one microsecond, or one place used very often
        return None


def respread(artifacts: Artifacts, ctx: MessageContext, around: ArtifactDTO, without: ArtifactId) -> None:
    """Give the items around one ranks with room between them, in the order they have."""
    project, rank, wide = around.project_id, around.rank or "", NEIGHBOURS
    while True:
        lower = artifacts.structure.beside(ctx.conn, project, rank, around.id, -wide - 1, without)[::-1]
        upper = artifacts.structure.beside(ctx.conn, project, rank, around.id, wide + 1, without)
        low = lower.pop(0)[1] if len(lower) > wide else ranks.top()[0]
        high = upper.pop()[1] if len(upper) > wide else ranks.last()[0]
        if low < high:
            break
        wide *= 8
    crowd = [*(one for one, _ in lower), around.id, *(one for one, _ in upper)]
    new = ranks.spread(low, high, len(crowd))
    artifacts.structure.set_ranks(ctx.conn, dict(zip(crowd, new, strict=True)))
