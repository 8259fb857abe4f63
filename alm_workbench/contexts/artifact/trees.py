"""Reading what stands below what, and which tags there are, as the caller may see it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.domain import CORE, masked
from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.artifact.structure_messages import ListChildren, ListTags, ProjectTree, TagDTO
from alm_workbench.contexts.artifact.visibility import closed_fields, reader_of
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import Page
from alm_workbench.shared.paging import decode, encode

MAX_PAGE = 500
DEEPEST = 20
MOST = 10_000
"""So many items one answer holds at most, with those below."""
Place = tuple[str, UUID]


class Ranked:
    """Pages of items in the order of their project, filled with what the caller may see."""

    def __init__(self, artifacts: Artifacts) -> None:
        self.artifacts = artifacts

    def page(
        self,
        ctx: MessageContext,
        rows: Callable[[int, Place | None], list[ArtifactDTO]],
        limit: int,
        cursor: str | None,
    ) -> tuple[list[ArtifactDTO], str | None]:
        """Items as they may be seen and the next cursor; none follows that is empty, so nobody counts what is hidden."""
        after, limit = self._place(cursor), max(1, min(limit, MAX_PAGE))
        found: list[tuple[ArtifactDTO, Place]] = []
        while len(found) <= limit:
            read = rows(limit + 1, after)
            found += [(shown, place_of(row)) for row in read if (shown := self.shown(ctx, row))]
            if len(read) <= limit:
                break
            after = place_of(read[-1])
        kept = found[:limit]
        more = encode([kept[-1][1][0], str(kept[-1][1][1])]) if len(found) > limit else None
        return [item for item, _ in kept], more

    def shown(self, ctx: MessageContext, item: ArtifactDTO) -> ArtifactDTO | None:
        """An item as it may be seen; one whose parent or place is hidden is not shown where it stands."""
        hidden = self.artifacts.hidden(ctx, self.artifacts.process(ctx, item.project_id), item)
        if hidden is None or any({"parent_id", "rank"} & set(CORE.get(name, ())) for name in hidden):
            return None
        return masked(item, hidden)

    def _place(self, cursor: str | None) -> Place | None:
        after: Any = decode(cursor)
        return (str(after[0]), UUID(after[1])) if after else None


class ListChildrenHandler:
    """Lists the items right below one."""

    def __init__(self, ranked: Ranked) -> None:
        self._ranked = ranked

    def __call__(self, ctx: MessageContext, message: ListChildren) -> Page[ArtifactDTO]:
        artifacts = self._ranked.artifacts
        artifacts.readable(ctx, artifacts.load(ctx, message.artifact_id))

        def rows(limit: int, after: Place | None) -> list[ArtifactDTO]:
            return artifacts.structure.children(ctx.conn, message.artifact_id, limit, after)

        items, more = self._ranked.page(ctx, rows, message.limit, message.cursor)
        return Page(tuple(items), more)


class ProjectTreeHandler:
    """Reads the items of a project as a tree."""

    def __init__(self, ranked: Ranked) -> None:
        self._ranked = ranked

    def __call__(self, ctx: MessageContext, message: ProjectTree) -> Page[ArtifactDTO]:
        artifacts, structure = self._ranked.artifacts, self._ranked.artifacts.structure
        artifacts.process(ctx, message.project_id)
        if not 1 <= message.depth <= DEEPEST:
            problem = ErrorItem("?depth", "range", f"depth is 1 to {DEEPEST}")
            raise InvalidInput(problem.message, errors=[problem])
        above = message.parent_id
        if above is not None:
            parent = artifacts.load(ctx, above)
            artifacts.readable(ctx, parent)
            if parent.project_id != message.project_id:
                problem = ErrorItem("?parent_id", "unknown", "no such item in this project")
                raise InvalidInput("The parent does not exist here", errors=[problem])

        def rows(limit: int, after: Place | None) -> list[ArtifactDTO]:
            if above is not None:
                return structure.children(ctx.conn, above, limit, after)
            return structure.roots(ctx.conn, message.project_id, limit, after)

        first, more = self._ranked.page(ctx, rows, message.limit, message.cursor)
        return Page(tuple(self._with_children(ctx, first, message.depth)), more)

    def _with_children(self, ctx: MessageContext, first: list[ArtifactDTO], depth: int) -> list[ArtifactDTO]:
        below: dict[ArtifactId, list[ArtifactDTO]] = defaultdict(list)
        level, number = first, len(first)
        for _ in range(depth - 1):
            if not level:
                break
            rows = self._ranked.artifacts.structure.below(ctx.conn, [item.id for item in level], MOST + 1 - number)
            number += len(rows)
            if number > MOST:
                message = f"more than {MOST:,} items lie so deep below these; ask for fewer levels, or for one branch"
                raise InvalidInput(message, errors=[ErrorItem("?depth", "too-many", message)])
            level = [shown for row in rows if (shown := self._ranked.shown(ctx, row))]
            for item in level:
                assert item.parent_id is not None
                below[item.parent_id].append(item)
        found: list[ArtifactDTO] = []
        waiting = first[::-1]
        while waiting:
            item = waiting.pop()
            found.append(item)
            waiting += below.pop(item.id, [])[::-1]
        return found


class ListTagsHandler:
    """Counts the tags of a project."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ListTags) -> tuple[TagDTO, ...]:
        process = self._artifacts.process(ctx, message.project_id)
        counted, looked_at = self._types(ctx, process, message.project_id)
        found = Counter(self._artifacts.structure.tag_counts(ctx.conn, message.project_id, counted))
        for item in self._artifacts.structure.tagged(ctx.conn, message.project_id, looked_at) if looked_at else ():
            shown = self._artifacts.shown(ctx, item)
            found.update(shown.tags if shown else ())
        return tuple(TagDTO(tag, n) for tag, n in sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    def _types(
        self, ctx: MessageContext, process: ProcessVersion, project_id: ProjectId
    ) -> tuple[list[str], list[str]]:
        """Types whose tags the caller may all see, and those where it depends on the item."""
        authorizer, actor = reader_of(ctx, process, project_id, self._artifacts.functions)
        counted: list[str] = []
        looked_at: list[str] = []
        for kind in process.compiled.types:
            closed = closed_fields(authorizer, actor, kind)
            if closed is not None and "tags" not in closed:
                counted.append(kind)
            elif not authorizer.mask_plan(actor, "read", kind).constant:
                looked_at.append(kind)
        return counted, looked_at


def place_of(item: ArtifactDTO) -> Place:
    """Where an item stands in the order of its project."""
    return (item.rank or "", item.id)
