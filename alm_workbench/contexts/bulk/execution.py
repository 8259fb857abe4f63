"""How many changes are carried out: together where they can be, one by one where that is what they are.

Either way each passes the checks of the single command: in its handler, or in the room where that handler judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from alm_workbench.contexts.artifact.batch_messages import CreateMany, ItemsOf, Outcome, UpdateMany
from alm_workbench.contexts.artifact.facts import scatter
from alm_workbench.contexts.artifact.link_messages import UnlinkArtifacts
from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, LinkDTO, UpdateArtifact
from alm_workbench.contexts.bulk.repository import BulkRepository
from alm_workbench.contexts.workflow.batch_messages import Reversion, RevertStates, TransitionMany
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AlmError
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import UNSET, Command

Change = Command[Any] | Reversion
CHUNK = 500


class Executor:
    """Carries out changes of one transaction."""

    def __init__(self, runs: BulkRepository) -> None:
        self._runs = runs

    def run(self, ctx: MessageContext, changes: Sequence[Change], reason: str = "") -> list[Outcome]:
        """What became of each change, in their order. Refused ones left nothing behind."""
        out: list[Outcome] = []
        for chunk in chunks(changes):
            out += self._chunk(ctx, chunk, reason)
        return out

    def in_a_row(self, ctx: MessageContext, changes: Sequence[Change], reason: str = "") -> Outcome:
        """Several changes of one item: all of them or none."""
        item = target_of(changes[0])
        before = ctx.ask(ItemsOf((item,) if item is not None else (), deleted=True))
        done = Outcome(item, before.get(item) if item is not None else None)
        try:
            with self._attempt(ctx):
                for change in changes:
                    step = self._single(ctx, change, before, reason)
                    if step.error is not None:
                        raise step.error
        except AlmError as error:
            return replace(done, error=error)
        return finished(done, ctx.ask(ItemsOf((item,) if item is not None else (), deleted=True)))

    def _chunk(self, ctx: MessageContext, chunk: Sequence[Change], reason: str) -> list[Outcome]:
        together = as_one(chunk, reason)
        if together is not None:
            try:
                with self._attempt(ctx):
                    return list(ctx.ask(together))
            except AlmError as error:  # found while writing: whose fault it is, the single commands tell
                if type(error) is AlmError:
                    raise
        return self._one_by_one(ctx, chunk, reason)

    def _one_by_one(self, ctx: MessageContext, chunk: Sequence[Change], reason: str) -> list[Outcome]:
        ids = [item for change in chunk if (item := target_of(change)) is not None]
        before = ctx.ask(ItemsOf(tuple(ids), deleted=True))
        done = [self._single(ctx, change, before, reason) for change in chunk]
        touched = [item.artifact_id for item in done if item.error is None and item.artifact_id is not None]
        after = ctx.ask(ItemsOf(tuple(touched), deleted=True))
        return [finished(item, after) for item in done]

    def _single(
        self, ctx: MessageContext, change: Change, before: Mapping[ArtifactId, ArtifactDTO], reason: str
    ) -> Outcome:
        item = target_of(change)
        found = before.get(item) if item is not None else None
        decided = len(ctx.decisions)
        try:
            with self._attempt(ctx):
                if isinstance(change, Reversion):
                    return ctx.ask(RevertStates((change,), reason))[0]
                result = ctx.ask(change)
        except AlmError as error:
            return Outcome(item, found, error=error)
        record = ctx.decisions[decided] if len(ctx.decisions) > decided else None
        link = result if isinstance(result, LinkDTO) else None
        link_id = link.id if link else None
        gone = isinstance(change, UnlinkArtifacts)
        artifact_id = item if item is not None else result.id
        return Outcome(artifact_id, found, record=record, link_id=link_id, link=link, unlinked=gone)

    @contextmanager
    def _attempt(self, ctx: MessageContext) -> Iterator[None]:
        """Changes that leave nothing behind when they fail: no row, no event, no job, no decision."""
        marks: list[tuple[list[Any], int]] = [(kept, len(kept)) for kept in (ctx.events, ctx.decisions, ctx.jobs)]
        try:
            with self._runs.attempt(ctx.conn):
                yield
        except AlmError:
            scatter(ctx)
            for kept, length in marks:
                del kept[length:]
            raise


def chunks(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Neighbours of one kind, not too many at once."""
    begin = 0
    for number in range(1, len(changes) + 1):
        full = number - begin == CHUNK
        if number == len(changes) or full or kind_of(changes[number]) != kind_of(changes[begin]):
            yield changes[begin:number]
            begin = number


def kind_of(change: Change) -> tuple[type[Any], bool]:
    """What can be carried out together: changes of one kind that look at nothing the others write."""
    placed = isinstance(change, UpdateArtifact) and change.parent_id is not UNSET
    return type(change), placed


def as_one(chunk: Sequence[Change], reason: str) -> Command[tuple[Outcome, ...]] | None:
    """The command that carries a chunk out together, where there is one."""
    first = chunk[0]
    if kind_of(first)[1]:
        return None
    if isinstance(first, UpdateArtifact):
        return UpdateMany(tuple(c for c in chunk if isinstance(c, UpdateArtifact)))
    if isinstance(first, TransitionArtifact):
        return TransitionMany(tuple(c for c in chunk if isinstance(c, TransitionArtifact)))
    if isinstance(first, CreateArtifact):
        return CreateMany(tuple(c for c in chunk if isinstance(c, CreateArtifact)))
    if isinstance(first, Reversion):
        return RevertStates(tuple(c for c in chunk if isinstance(c, Reversion)), reason)
    return None


def target_of(change: Change) -> ArtifactId | None:
    """The item a change is about; None for one that is to be."""
    return getattr(change, "artifact_id", None)


def finished(done: Outcome, after: Mapping[ArtifactId, ArtifactDTO]) -> Outcome:
    """The outcome of a single command with the item as it is now; one that stayed as it was has none."""
    if done.error is not None or done.artifact_id is None:
        return done
    now = after.get(done.artifact_id)
    unchanged = done.before is not None and now is not None and now.version == done.before.version
    if unchanged and done.link_id is None:
        return done
    return replace(done, after=now)
