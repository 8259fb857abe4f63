"""What only the manifest as a whole can say: duplicates, shared ids, circles of inheritance and of imports."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from ..ast import ASTNode, ManifestAST
from ..errors import Related
from ..meta import DomainMeta
from .findings import Findings
from .names import NodeKey
from .semantic import imported


def check_duplicates(findings: Findings, ast: ManifestAST) -> None:
    """Ids are unique: no definition twice, no id shared by two kinds."""
    if len({(node.kind, node.id) for node in ast.defs}) < len(ast.defs):
        duplicates_in(findings, ast.defs)
    if len({node.id for node in ast.defs}) < len(ast.defs):
        _shared_ids(findings, ast)


def duplicates_in(findings: Findings, nodes: Iterable[ASTNode]) -> None:
    """Report the second and every later definition of one kind and id."""
    seen: dict[NodeKey, ASTNode] = {}
    for node in nodes:
        first = seen.setdefault((node.kind, node.id), node)
        if first is not node:
            message = f"Duplicate definition: kind='{node.kind}', id='{node.id}'"
            findings.add("E_VALID_DUPLICATE_DEF", message, node, related=_first(first))


def _first(node: ASTNode) -> tuple[Related, ...]:
    return (Related("first defined here", node.source.id_span()),) if node.source else ()


def _shared_ids(findings: Findings, ast: ManifestAST) -> None:
    kinds: dict[str, dict[str, ASTNode]] = {}
    for node in ast.defs:
        kinds.setdefault(node.id, {}).setdefault(node.kind, node)
    for id_, by_kind in kinds.items():
        if len(by_kind) > 1:
            words = ", ".join(sorted(by_kind))
            last = list(by_kind.values())[-1]
            message = f"Namespace conflict: id '{id_}' used by multiple kinds ({words}) in namespace '{ast.namespace}'"
            findings.add("E_VALID_NAMESPACE_CONFLICT", message, last, related=_first(next(iter(by_kind.values()))))


def check_inheritance(
    findings: Findings, heirs: Mapping[NodeKey, ASTNode], known: Container[NodeKey]
) -> dict[NodeKey, str]:
    """Report each circle of `extends` once, at the definition from which it is first walked, and cut it there.

    `heirs` are the definitions that extend something. Gives what extends what, as far as it is known and no circle.
    """
    above: dict[NodeKey, str] = {}
    for (kind, id_), node in heirs.items():
        up = node.properties.get("extends")
        if isinstance(up, str) and (kind, up) in known:
            above[(kind, id_)] = up
    walked: set[NodeKey] = set()
    for start in list(above):
        line: set[NodeKey] = set()
        here: NodeKey | None = start
        last = start
        while here is not None and here not in line and here not in walked:
            line.add(here)
            last, up = here, above.get(here)
            here = (here[0], up) if up is not None else None
        if here is not None and here in line:
            message = f"Cycle detected in extends chain starting at '{start[1]}'"
            findings.add("E_VALID_CYCLE_DETECTED", message, heirs[start], ("extends",))
            del above[last]
        walked |= line
    return above


def check_imports(findings: Findings, defs: Iterable[ASTNode], meta: DomainMeta) -> None:
    """Report each circle of `imports` lists, whatever the kinds, without recursion."""
    own = Findings(ManifestAST(), meta)
    graph: dict[str, list[str]] = {}
    nodes: dict[str, ASTNode] = {}
    for node in defs:
        if "imports" in node.properties:
            nodes.setdefault(node.id, node)
            graph.setdefault(node.id, []).extend(id_ for _, id_ in imported(node, own))
    done: set[str] = set()
    for start in graph:
        if start not in done:
            _walk(start, graph, nodes, done, findings)


def _walk(
    start: str, graph: Mapping[str, list[str]], nodes: Mapping[str, ASTNode], done: set[str], findings: Findings
) -> None:
    line = [start]
    on_line = {start}
    todo = [iter(graph[start])]
    while todo:
        target = next(todo[-1], None)
        if target is None:
            todo.pop()
            done.add(gone := line.pop())
            on_line.discard(gone)
        elif target in on_line:
            circle = " -> ".join([*line[line.index(target) :], target])
            findings.add("E_VALID_CYCLE_DETECTED", f"Cycle detected in imports: {circle}", nodes[target], ("imports",))
        elif target in graph and target not in done:
            line.append(target)
            on_line.add(target)
            todo.append(iter(graph[target]))
