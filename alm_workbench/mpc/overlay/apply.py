"""Applying overlays to a manifest: all of them are worked out against the base, then those that agree are done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..ast import ASTNode, FrozenDict, ManifestAST
from ..errors import Diagnostic, MPCError, Related, Severity
from .conflicts import CHILD, Conflict, conflicts_in
from .edits import Edit, apply_edits, set_at
from .paths import MISSING
from .plan import Plan, plan
from .selecting import Index, Target


@dataclass(frozen=True, slots=True)
class OverlayResult:
    """The changed manifest, what was done (`op:id`, `op:id:path`), and what could not be.

    `diagnostics` holds errors and remarks in the order of the overlays; an overlay with an error changed nothing.
    `touched` says by id which overlays changed a definition or made it.
    """

    ast: ManifestAST
    applied: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    touched: Mapping[str, tuple[ASTNode, ...]] = field(default_factory=dict)

    @property
    def conflicts(self) -> tuple[Diagnostic, ...]:
        """The errors: conflicts between overlays, selectors that match nothing, operations that do not exist."""
        return tuple(d for d in self.diagnostics if d.severity == "error")


def apply_overlays(base: ManifestAST, overlays: ManifestAST | Iterable[ASTNode]) -> OverlayResult:
    """Apply the `Overlay` definitions of a manifest, or the given ones, to `base`, which stays as it is.

    Overlays of one call see the base, not each other; two that would give another result in another order are both
    refused (E_OVERLAY_CONFLICT). To build variants of variants, apply layer after layer.
    """
    nodes = overlays.of_kind("Overlay") if isinstance(overlays, ManifestAST) else tuple(overlays)
    index = Index(base)
    work = _Work(index)
    for number, node in enumerate(nodes):
        work.add(number, node)
    work.compare()
    return work.result()


class _Work:
    def __init__(self, index: Index) -> None:
        self.index = index
        self.plans: dict[int, Plan] = {}
        self.findings: list[tuple[int, Diagnostic]] = []
        self.refused: set[int] = set()

    def add(self, number: int, node: ASTNode) -> None:
        try:
            found = plan(node, self.index)
        except MPCError as error:
            self.findings.append((number, _diagnostic(node, error.code, error.message)))
            return
        if found.unmatched:
            message = f"Overlay '{node.id}' removes nothing: there is no such definition"
            self.findings.append((number, _diagnostic(node, "E_OVERLAY_UNKNOWN_SELECTOR", message, severity="warning")))
            return
        self.plans[number] = found

    def compare(self) -> None:
        """Refuse overlays that depend on their order."""
        domains: dict[object, list[tuple[int, Edit]]] = defaultdict(list)
        for number, found in self.plans.items():
            for target, edits in found.edits.items():
                domains[target[0]] += [(number, _seen_from_the_top(edit, *target[1:])) for edit in edits]
            if (made := found.creation) is not None:
                edit = set_at((), made.node.properties, claims=found.op == "replace")
                if made.parent is None:
                    domains[made.node.id].append((number, edit))
                else:
                    domains[made.parent[0]].append((number, _seen_from_the_top(edit, made.node.id)))
        seen: set[tuple[int, int]] = set()
        for changes in domains.values():
            if len({number for number, _ in changes}) > 1:
                conflicts, guilty = conflicts_in(changes, self.plans)
                self.refused |= guilty
                for conflict in conflicts:
                    if (conflict.first, conflict.second) not in seen:
                        seen.add((conflict.first, conflict.second))
                        self._report(conflict)

    def _report(self, conflict: Conflict) -> None:
        first, second = self.plans[conflict.first].overlay, self.plans[conflict.second].overlay
        related = tuple(Related(f"overlay '{first.id}'", span) for span in [first.span()] if span)
        found = _diagnostic(second, "E_OVERLAY_CONFLICT", conflict.message, related=related)
        self.findings.append((conflict.second, found))

    def result(self) -> OverlayResult:
        edits: dict[Target, list[Edit]] = defaultdict(list)
        made: dict[Target | None, dict[tuple[str, str], ASTNode]] = defaultdict(dict)
        applied: list[str] = []
        touched: dict[str, tuple[ASTNode, ...]] = {}
        for number, found in self.plans.items():
            if number in self.refused:
                continue
            for target, changes in found.edits.items():
                edits[target] += changes
            if found.creation is not None:
                node = found.creation.node
                made[found.creation.parent][node.kind, node.id] = node
            applied += found.applied(self.index)
            for id_ in found.ids(self.index):
                touched[id_] = (*touched.get(id_, ()), found.overlay)
        base = self.index.ast
        defs = tuple(
            changed
            for number, node in enumerate(base.defs)
            if (changed := _changed(node, (number,), edits, made)) is not None
        )
        ast = replace(base, defs=(*defs, *made[None].values())) if applied else base
        ordered = sorted(self.findings, key=lambda pair: pair[0])
        return OverlayResult(ast, tuple(applied), tuple(diagnostic for _, diagnostic in ordered), touched)


def _changed(
    node: ASTNode,
    target: Target,
    edits: dict[Target, list[Edit]],
    made: dict[Target | None, dict[tuple[str, str], ASTNode]],
) -> ASTNode | None:
    """A definition after its edits, None if it is removed."""
    own = edits.get(target, [])
    whole = any(edit.path == () for edit in own)
    properties = apply_edits(node.properties, own) if own else node.properties
    if properties is MISSING:
        return None
    children: Sequence[ASTNode] = () if whole else node.children
    if len(target) == 1 and not whole:
        kept = [_changed(child, (*target, n), edits, made) for n, child in enumerate(node.children)]
        children = [child for child in kept if child is not None] + list(made.get(target, {}).values())
    if not own and tuple(children) == node.children:
        return node
    assert isinstance(properties, FrozenDict)
    source = node.source.anew() if node.source else None
    name = None if whole else node.name
    return replace(node, name=name, properties=properties, children=tuple(children), source=source)


def _seen_from_the_top(edit: Edit, *child: int | str) -> Edit:
    """An edit of a child as one of the definition it lies in, so that changes of both are compared."""
    return replace(edit, path=(CHILD, *child, *edit.path)) if child else edit


def _diagnostic(
    node: ASTNode, code: str, message: str, *, severity: Severity = "error", related: tuple[Related, ...] = ()
) -> Diagnostic:
    span = None
    if node.source is not None:
        key = {"E_OVERLAY_UNKNOWN_SELECTOR": "selector", "E_OVERLAY_INVALID_OP": "op"}.get(code, "path")
        key = "target" if key == "selector" and "target" in node.properties else key
        span = node.source.value_span((key,)) if key in node.properties else node.source.id_span()
    return Diagnostic(code, message, severity, span, f"defs/{node.id}", None, related)
