"""Where an item may stand: what its type and its parent's type say, how deep types nest, and no circles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.mpc import ArtifactTypeDef, CompiledManifest
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId

if TYPE_CHECKING:
    from alm_workbench.contexts.artifact.access import Artifacts

DEEPEST = 100
"""Levels that a tree may have, whatever its types say."""


@dataclass(frozen=True, slots=True)
class Node:
    """An item of a tree that moves: its type, and the number of its parent in the list (None for the one on top)."""

    type_id: str
    parent: int | None


def place_problem(
    compiled: CompiledManifest, above: Sequence[str], tree: Sequence[Node], pointer: str = "/parent_id"
) -> ErrorItem | None:
    """What speaks against a tree below items of the types ``above`` (the topmost first), or at the top for none.

    ``tree`` begins with the item that moves; parents stand before their children. ``max_depth`` bounds how many items of
    a type lie on one way down.
    """
    above = [known_as(compiled, type_id) for type_id in above]
    tree = [Node(known_as(compiled, node.type_id), node.parent) for node in tree]
    kind = compiled.types.get(tree[0].type_id)
    problem = _edge_problem(compiled, kind, above[-1] if above else None) if kind is not None else None
    if problem is not None:
        return ErrorItem(pointer, *problem)
    counts: list[dict[str, int]] = []
    start: dict[str, int] = {}
    for type_id in above:
        start[type_id] = start.get(type_id, 0) + 1
    for node in tree:
        way = dict(start if node.parent is None else counts[node.parent])
        way[node.type_id] = nested = way.get(node.type_id, 0) + 1
        counts.append(way)
        limit = compiled.types[node.type_id].max_depth if node.type_id in compiled.types else None
        if limit is not None and nested > limit:
            return ErrorItem(
                pointer, "too-deep", f"items of type {node.type_id} nest {limit} deep, this would be {nested}"
            )
        if sum(way.values()) > DEEPEST:
            return ErrorItem(pointer, "too-deep", f"a tree has at most {DEEPEST} levels")
    return None


def known_as(compiled: CompiledManifest, type_id: str) -> str:
    """The present id of a type, also where items keep a former one."""
    found = None if type_id in compiled.types else compiled.find_type(type_id)
    return found.id if found is not None else type_id


def _edge_problem(compiled: CompiledManifest, kind: ArtifactTypeDef, parent: str | None) -> tuple[str, str] | None:
    if parent is None:
        if kind.root:
            return None
        where = f"below {', '.join(kind.parents)}" if kind.parents else "below another item"
        return "root", f"a {kind.id} stands {where}, not at the top"
    if kind.parents and parent not in kind.parents:
        return "parent-type", f"the parent must be one of {', '.join(kind.parents)}"
    allowed = compiled.types[parent].children if parent in compiled.types else ()
    if allowed and kind.id not in allowed:
        return "child-type", f"a {parent} holds {', '.join(allowed)}, no {kind.id}"
    return None


class Hierarchy:
    """Checks places against the items that are there."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def hold(self, ctx: MessageContext, project_id: ProjectId, *, shared: bool = False) -> None:
        """Keep the tree of a project still until the transaction ends; before items are locked.

        Whoever moves or deletes holds it alone, whoever adds a leaf shares it with others who do.
        """
        held = ctx.memo.get(("tree", project_id))
        if held == "alone" or (held == "shared" and shared):
            return
        self._artifacts.structure.hold_tree(ctx.conn, project_id, shared)
        ctx.memo["tree", project_id] = "shared" if shared else "alone"

    def place_new(
        self,
        ctx: MessageContext,
        process: ProcessVersion,
        project_id: ProjectId,
        type_id: str,
        parent_id: ArtifactId | None,
    ) -> None:
        """Check the place of an item that is to be; raises ``InvalidInput``."""
        if parent_id is None:
            self._refuse(place_problem(process.compiled, (), [Node(type_id, None)]))
            return
        self.hold(ctx, project_id, shared=True)
        above = self._above(ctx, project_id, parent_id)
        self._refuse(place_problem(process.compiled, [kind for _, kind in above], [Node(type_id, None)]))

    def place(
        self, ctx: MessageContext, process: ProcessVersion, item: ArtifactDTO, parent_id: ArtifactId | None
    ) -> None:
        """Check another place of an item that is there, with all below it; raises ``InvalidInput``."""
        self.hold(ctx, item.project_id)
        for key in [key for key in ctx.memo if isinstance(key, tuple) and key[0] == "above"]:
            del ctx.memo[key]
        above = self._above(ctx, item.project_id, parent_id) if parent_id is not None else []
        if any(upper == item.id for upper, _ in above):
            message = "an item cannot stand below itself or what is below it"
            self._refuse(ErrorItem("/parent_id", "circle", message))
        self._refuse(place_problem(process.compiled, [kind for _, kind in above], self.tree(ctx, item.id)))

    def place_tree(
        self,
        ctx: MessageContext,
        process: ProcessVersion,
        project_id: ProjectId,
        parent_id: ArtifactId | None,
        tree: Sequence[Node],
    ) -> None:
        """Check the place of a tree that comes from elsewhere; raises ``InvalidInput``."""
        self.hold(ctx, project_id)
        above = self._above(ctx, project_id, parent_id) if parent_id is not None else []
        self._refuse(place_problem(process.compiled, [kind for _, kind in above], tree))

    def tree(self, ctx: MessageContext, artifact_id: ArtifactId) -> list[Node]:
        """An item and all below it."""
        rows = self._artifacts.structure.subtree(ctx.conn, artifact_id)
        numbers: Mapping[ArtifactId, int] = {row[0]: number for number, row in enumerate(rows)}
        return [Node(kind, numbers[parent] if depth and parent else None) for _, parent, kind, depth in rows]

    def _above(self, ctx: MessageContext, project_id: ProjectId, parent_id: ArtifactId) -> list[tuple[ArtifactId, str]]:
        known: list[tuple[ArtifactId, str]] | None = ctx.memo.get(("above", parent_id))
        if known is not None:  # many items of one command come below the same parent
            return known
        parent = self._artifacts.repo.get(ctx.conn, parent_id)
        if parent is None or parent.project_id != project_id or self._artifacts.shown(ctx, parent) is None:
            problem = ErrorItem("/parent_id", "unknown", "no such item in this project")
            raise InvalidInput("The parent does not exist here", errors=[problem])
        found = ctx.memo["above", parent_id] = self._artifacts.structure.path(ctx.conn, parent_id)[::-1]
        return found

    def _refuse(self, problem: ErrorItem | None) -> None:
        if problem is not None:
            raise InvalidInput(f"The place is not possible: {problem.message}", errors=[problem])
