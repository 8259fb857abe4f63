"""Computed fields that wait for each other: none of them can be worked out."""

from __future__ import annotations

from collections.abc import Mapping

from ..ast import ASTNode
from ..errors import MPCError
from ..expr.parse import parse_expr
from .findings import Findings
from .names import Names

_FIELDS = "self.fields."


def check_computed(findings: Findings, names: Names, node: ASTNode) -> None:
    """Report each circle of a type's computed fields at the first of its own fields in it, in the order of the text."""
    own = [c for c in node.children if c.kind == "FieldDef" and isinstance(c.properties.get("computed"), str)]
    if node.kind != "ArtifactType" or not own:
        return
    graph = _circular(_concerned(names.computed(node.id), {child.id for child in own}))
    said: set[str] = set()
    for child in own:
        if child.id not in graph or child.id in said:
            continue
        circle = _way_back(child.id, graph)
        if not said.isdisjoint(circle):
            continue
        said.update(circle)
        if len(circle) == 1:
            message = f"The computed field '{child.id}' of '{node.id}' depends on itself"
        elif circle:
            way = " -> ".join([*circle, child.id])
            message = f"Computed fields of '{node.id}' depend on each other in a circle: {way}"
        else:
            continue
        findings.add("E_VALID_CYCLE_DETECTED", message, child, ("computed",))


def fields_read(text: str) -> frozenset[str]:
    """The fields an expression reads; none where it cannot be read, which is said elsewhere."""
    try:
        tree = parse_expr(text)
    except MPCError:
        return frozenset()
    return frozenset(
        leaf.value[len(_FIELDS) :].partition(".")[0]
        for leaf in tree.walk()
        if leaf.op == "ref" and leaf.value.startswith(_FIELDS)
    )


def _concerned(reads: Mapping[str, frozenset[str]], own: set[str]) -> Mapping[str, frozenset[str]]:
    """The fields that circles through a type's own may lead through: those alone where no inherited one reads them."""
    if all(field in own or own.isdisjoint(read) for field, read in reads.items()):
        return {field: read for field, read in reads.items() if field in own}
    return reads


def _circular(reads: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    """What is left when fields that wait for nothing are taken away, again and again."""
    waits = {field: {other for other in others if other in reads} for field, others in reads.items()}
    readers: dict[str, list[str]] = {}
    for field, others in waits.items():
        for other in others:
            readers.setdefault(other, []).append(field)
    ready = [field for field, others in waits.items() if not others]
    while ready:
        done = ready.pop()
        del waits[done]
        for reader in readers.get(done, ()):
            waits[reader].discard(done)
            if not waits[reader]:
                ready.append(reader)
    return {field: sorted(others) for field, others in waits.items()}


def _way_back(start: str, graph: Mapping[str, list[str]]) -> list[str]:
    """The shortest way from a field to itself, without its end; empty where there is none."""
    came: dict[str, str] = {}
    todo = [start]
    for field in todo:
        for other in graph[field]:
            if other == start:
                way = [field]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return way[::-1]
            if other not in came:
                came[other] = field
                todo.append(other)
    return []
