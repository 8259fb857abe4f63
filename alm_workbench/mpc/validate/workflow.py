"""Soundness of workflows: they begin, they go on, they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ast import ASTNode, Path
from .findings import Findings
from .semantic import as_tuple, states_of


def check_workflows(findings: Findings) -> None:
    """Check every Workflow."""
    for node in findings.ast.of_kind("Workflow"):
        _check(node, findings)


def _check(node: ASTNode, findings: Findings) -> None:
    states = states_of(node)
    if not states:
        if "states" in node.properties:
            findings.add("E_VALID_INVALID_WORKFLOW", f"Workflow '{node.id}' has no states", node, ("states",))
        return
    initial = node.properties.get("initial")
    if initial is None and findings.meta.get_kind("Workflow") is None:
        findings.add("E_WF_NO_INITIAL", "Workflow definition must declare an initial state", node)
    _duplicate_ids(node, "states", findings)
    _duplicate_ids(node, "transitions", findings)
    _hierarchy(node, findings)
    edges = _edges(node, states)
    if isinstance(initial, str) and initial in edges:
        _reachability(node, states, initial, edges, findings)
    _ends(node, states, edges, findings)


def _entries(node: ASTNode, key: str) -> list[tuple[int, Mapping[str, Any]]]:
    items = as_tuple(node.properties.get(key))
    return [(i, item) for i, item in enumerate(items) if isinstance(item, Mapping)]


def _duplicate_ids(node: ASTNode, key: str, findings: Findings) -> None:
    seen: set[str] = set()
    for number, item in enumerate(as_tuple(node.properties.get(key))):
        id_ = item.get("id", item.get("name")) if isinstance(item, Mapping) else item
        if not isinstance(id_, str):
            continue
        if id_ in seen:
            path: Path = (key, number, "id") if isinstance(item, Mapping) and "id" in item else (key, number)
            what = "state" if key == "states" else "transition"
            findings.add("E_VALID_DUPLICATE_DEF", f"Workflow '{node.id}' has two {what}s '{id_}'", node, path)
        seen.add(id_)


def _hierarchy(node: ASTNode, findings: Findings) -> None:
    above = {s["id"]: (i, s["parent"]) for i, s in _entries(node, "states") if "id" in s and "parent" in s}
    for state, (number, _) in above.items():
        line, here = {state}, above[state][1]
        while here in above and here not in line:
            line.add(here)
            here = above[here][1]
        if here == state:
            path = ("states", number, "parent")
            findings.add("E_VALID_CYCLE_DETECTED", f"State '{state}' lies inside itself", node, path)


def _edges(node: ASTNode, states: tuple[str, ...]) -> dict[str, set[str]]:
    inner: dict[str, set[str]] = {state: {state} for state in states}
    for _, entry in _entries(node, "states"):
        if entry.get("parent") in inner and entry.get("id") in inner:
            inner[entry["parent"]].add(entry["id"])
    edges: dict[str, set[str]] = {state: set() for state in states}
    for _, step in _entries(node, "transitions"):
        for source in as_tuple(step.get("from")):
            for state in inner.get(str(source), ()):
                if step.get("to") in edges:
                    edges[state].add(step["to"])
    return edges


def _closure(start: set[str], edges: Mapping[str, set[str]]) -> set[str]:
    found, todo = set(start), list(start)
    while todo:
        for state in edges.get(todo.pop(), ()):
            if state not in found:
                found.add(state)
                todo.append(state)
    return found


def _state_paths(node: ASTNode) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for number, item in enumerate(as_tuple(node.properties.get("states"))):
        if isinstance(item, str):
            found.setdefault(item, ("states", number))
        elif isinstance(item, Mapping):
            key = "id" if "id" in item else "name"
            if isinstance(item.get(key), str):
                found.setdefault(item[key], ("states", number, key))
    return found


def _reachability(
    node: ASTNode, states: tuple[str, ...], initial: str, edges: Mapping[str, set[str]], findings: Findings
) -> None:
    reached = _closure({initial}, edges)
    paths = _state_paths(node)
    parents = {s.get("parent") for _, s in _entries(node, "states") if s.get("id") in reached}
    for state in states:
        if state not in reached and state not in parents:
            message = f"State '{state}' of workflow '{node.id}' cannot be reached from '{initial}'"
            findings.add(
                "E_WF_UNREACHABLE_STATE", message, node, paths.get(state, ("states",)), severity="warning",
                hint="add a transition to it",
            )  # fmt: skip


def finals_of(node: ASTNode) -> tuple[str, ...]:
    """The states where life ends: as declared, else those of category done."""
    declared = node.properties.get("finals", node.properties.get("final_states"))
    if declared is not None:
        return tuple(str(state) for state in as_tuple(declared))
    return tuple(s["id"] for _, s in _entries(node, "states") if s.get("category") == "done" and "id" in s)


def _ends(node: ASTNode, states: tuple[str, ...], edges: Mapping[str, set[str]], findings: Findings) -> None:
    finals = set(finals_of(node)) & set(states)
    if not finals:
        return
    back: dict[str, set[str]] = {state: set() for state in states}
    for source, targets in edges.items():
        for target in targets:
            back[target].add(source)
    ending = _closure(finals, back)
    paths = _state_paths(node)
    parents = {s.get("parent") for _, s in _entries(node, "states")}
    for state in states:
        if state in finals or state in parents:
            continue
        if not edges[state]:
            code, message = "E_WF_DEAD_END", f"State '{state}' of workflow '{node.id}' leads nowhere and is not final"
        elif state not in ending:
            code, message = (
                "E_WF_DEADLOCK_STATE",
                f"From state '{state}' of workflow '{node.id}' no final state is reached",
            )
        else:
            continue
        findings.add(code, message, node, paths.get(state, ("states",)), severity="warning")
