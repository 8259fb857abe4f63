"""What one overlay would do to the manifest it is applied to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ast import ASTNode, FrozenDict
from ..errors import MPCError
from ..words import did_you_mean
from .edits import Edit, appended, merge_patched, merged, patched, set_at
from .paths import MISSING, locate, split
from .selecting import Index, Selector, Target

OPS = ("replace", "merge", "append", "remove", "patch")


@dataclass(frozen=True, slots=True)
class Creation:
    """A definition that an overlay makes because there is none: at the top, or inside its parent."""

    node: ASTNode
    parent: Target | None = None


@dataclass(slots=True)
class Plan:
    """An overlay's effect: edits by definition; an edit at the empty path is about the definition as a whole."""

    overlay: ASTNode
    op: str
    path: str = ""
    edits: dict[Target, tuple[Edit, ...]] = field(default_factory=dict)
    creation: Creation | None = None
    unmatched: bool = False

    def ids(self, index: Index) -> list[str]:
        """The definitions it changes or makes."""
        made = [self.creation.node.id] if self.creation else []
        return [*(index.node(target).id for target in self.edits), *made]

    def applied(self, index: Index) -> Iterable[str]:
        """The contract's words for what was done."""
        word = "remove-path" if self.op == "remove" and self.path else self.op
        tail = f":{self.path}" if self.path else ""
        return (f"{word}:{id_}{tail}" for id_ in self.ids(index))


def plan(overlay: ASTNode, index: Index) -> Plan:
    """Work out an overlay; raises MPCError with one of the E_OVERLAY codes."""
    selector = Selector.of(overlay)
    op, path = overlay.properties.get("op", "merge"), overlay.properties.get("path") or ""
    if not isinstance(path, str):
        raise MPCError("E_OVERLAY_PATH", "'path' must be text")
    found = Plan(overlay, str(op), path)
    targets = index.matching(selector)
    if not targets:
        _unmatched(found, selector, index)
        return found
    if op not in OPS:
        raise MPCError("E_OVERLAY_INVALID_OP", f"There is no operation '{op}' ({did_you_mean(str(op), OPS)})")
    if op == "remove" and not path and selector.wide:
        raise MPCError("E_OVERLAY_UNKNOWN_SELECTOR", "Removing definitions takes a kind, an id or a label")
    for target in targets:
        found.edits[target] = tuple(_OPERATIONS[op](overlay, path, index.node(target).properties))
    return found


def _unmatched(found: Plan, selector: Selector, index: Index) -> None:
    """Make the definition, if the operation can; a removal of nothing is only remarked upon."""
    if found.op in ("replace", "append") and selector.id is not None and not found.path:
        kind = found.overlay.properties.get("kind") or selector.kind or "Unknown"
        node = ASTNode(str(kind), selector.id, None, _object(found.overlay), source=found.overlay.source)
        parent = None
        if selector.parent is not None:
            parents = index.matching(Selector(id=selector.parent, namespace=selector.namespace))
            if not parents:
                raise _nothing(found.overlay, selector, index)
            parent = parents[0]
        elif selector.namespace not in (None, index.ast.namespace):
            raise _nothing(found.overlay, selector, index)
        found.creation = Creation(node, parent)
    elif found.op == "remove":
        found.unmatched = True
    else:
        raise _nothing(found.overlay, selector, index)


def _nothing(overlay: ASTNode, selector: Selector, index: Index) -> MPCError:
    given = ((key, getattr(selector, key)) for key in ("kind", "namespace", "id", "label", "parent"))
    words = ", ".join(f"{key} '{value}'" for key, value in given if value is not None)
    hint = did_you_mean(selector.id, index.ids) if selector.id and selector.id not in index.ids else None
    return MPCError(
        "E_OVERLAY_UNKNOWN_SELECTOR", f"Overlay '{overlay.id}' selects nothing: {words}{f' ({hint})' if hint else ''}"
    )


# ---------------------------------------------------------------- values


def _raw(overlay: ASTNode) -> Any:
    for key in ("values", "value"):
        if key in overlay.properties:
            return overlay.properties[key]
    raise MPCError("E_OVERLAY_INVALID_OP", f"Overlay '{overlay.id}' needs a 'value' or 'values'")


def _object(overlay: ASTNode) -> FrozenDict:
    raw = _raw(overlay)
    if not isinstance(raw, FrozenDict):
        raise MPCError("E_OVERLAY_INVALID_OP", f"Without a path the values of overlay '{overlay.id}' are an object")
    return raw


def _value(overlay: ASTNode, path: str) -> Any:
    """What goes to a path: `value` as it is; of `values` the entry under the path or under its last name, or all."""
    raw = _raw(overlay)
    if "values" in overlay.properties and isinstance(raw, Mapping):
        last = split(path)[-1]
        if path in raw:
            return raw[path]
        if tuple(raw) == (last,):
            return raw[last]
    return raw


# ---------------------------------------------------------------- operations


def _replace(overlay: ASTNode, path: str, base: FrozenDict) -> Iterable[Edit]:
    if not path:
        return [set_at((), _object(overlay), claims=True)]
    where, _ = locate(base, path)
    return [set_at(where, _value(overlay, path), claims=True)]


def _merge(overlay: ASTNode, path: str, base: FrozenDict) -> Iterable[Edit]:
    mode = overlay.properties.get("mode", "deep")
    if mode not in ("deep", "merge-patch"):
        raise MPCError("E_OVERLAY_INVALID_OP", f"There is no mode '{mode}' (known: deep, merge-patch)")
    where, here = locate(base, path) if path else ((), base)
    raw = _value(overlay, path) if path else _object(overlay)
    if mode == "merge-patch":
        return merge_patched(where, None if here is MISSING else here, raw)
    return merged(where, here, raw, depth=1 if path else None)


def _append(overlay: ASTNode, path: str, base: FrozenDict) -> Iterable[Edit]:
    if path:
        where, here = locate(base, path)
        return [appended(where, here, _value(overlay, path))]
    return [appended((key,), base.get(key, MISSING), value) for key, value in _object(overlay).items()]


def _remove(overlay: ASTNode, path: str, base: FrozenDict) -> Iterable[Edit]:
    return [Edit(locate(base, path)[0] if path else (), "remove")]


def _patch(overlay: ASTNode, path: str, base: FrozenDict) -> Iterable[Edit]:
    raw = _raw(overlay)
    if not isinstance(raw, tuple):
        return merged((), base, _object(overlay), depth=2)
    where, here = locate(base, path) if path else ((), base)
    return patched(where, here, raw)


_OPERATIONS: dict[str, Callable[[ASTNode, str, FrozenDict], Iterable[Edit]]] = {
    "replace": _replace,
    "merge": _merge,
    "append": _append,
    "remove": _remove,
    "patch": _patch,
}
