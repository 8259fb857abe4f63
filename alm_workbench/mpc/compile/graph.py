"""Which definition refers to which: by `extends`, `imports`, typed references, resources, and names in expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..analysis.unused import named_in
from ..ast import ASTNode, FrozenDict, ManifestAST
from ..meta import DomainMeta, PropDef

_REFERRING = ("ref", "resource", "expr")


def dependency_graph(ast: ManifestAST, meta: DomainMeta) -> FrozenDict:
    """For each definition (`Kind/id`) the definitions it and its children refer to, sorted; those without are left out.

    A reference by id alone (`imports`) counts for every kind that has it.
    """
    known = {(node.kind, node.id) for node in ast.defs}
    kinds: dict[str, list[str]] = {}
    for kind, id_ in known:
        kinds.setdefault(id_, []).append(kind)
    plans: dict[str, tuple[PropDef, ...]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.defs:
        targets = {target for target in _targets(node, meta, plans, kinds) if target in known}
        targets.discard((node.kind, node.id))
        if targets:
            found[f"{node.kind}/{node.id}"] = tuple(sorted(f"{kind}/{id_}" for kind, id_ in targets))
    return FrozenDict(found)


def _targets(
    top: ASTNode, meta: DomainMeta, plans: dict[str, tuple[PropDef, ...]], kinds: Mapping[str, list[str]]
) -> Iterator[tuple[str, str]]:
    for node in top.walk():
        properties = node.properties
        parent = properties.get("extends")
        if isinstance(parent, str):
            yield node.kind, parent
        for id_ in properties.get("imports", ()) if isinstance(properties.get("imports"), tuple) else ():
            yield from ((kind, id_) for kind in kinds.get(id_, ()))
        plan = plans.get(node.kind)
        if plan is None:
            plan = plans[node.kind] = _plan(node.kind, meta)
        for prop in plan:
            for name in (prop.name, *prop.aka):
                if name in properties:
                    yield from _inside(prop, properties[name])


def _plan(name: str, meta: DomainMeta) -> tuple[PropDef, ...]:
    """The properties of a kind that can hold a reference."""
    kind = meta.get_kind(name)
    return tuple(prop for prop in kind.properties.values() if _refers(prop)) if kind is not None else ()


def _refers(prop: PropDef) -> bool:
    if prop.type in _REFERRING:
        return True
    inner = [*prop.props.values(), *prop.options, *((prop.items,) if prop.items else ())]
    return any(_refers(each) for each in inner)


def _inside(prop: PropDef, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield from _named(prop, value)
    elif isinstance(value, Mapping):
        for option in prop.options:
            yield from _inside(option, value)
        for key, item in value.items():
            inner = prop.find(key)
            if inner is not None and _refers(inner):
                yield from _inside(inner, item)
    elif isinstance(value, tuple):
        for each in (prop, *prop.options):
            if each.items is not None:
                for item in value:
                    yield from _inside(each.items, item)


def _named(prop: PropDef, value: str) -> Iterator[tuple[str, str]]:
    if prop.type == "ref":
        yield prop.kind or "", value
    elif prop.type == "resource":
        yield "ArtifactType", value.partition(".")[0]
    elif prop.type == "expr":
        yield from named_in(value)
    elif prop.items is not None:
        yield from _named(prop.items, value)
    else:
        for option in prop.options:
            yield from _named(option, value)
