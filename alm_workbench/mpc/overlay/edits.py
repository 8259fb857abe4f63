"""What an overlay does to one definition, as edits at places of its properties; and applying many edits at once.

Edits are worked out against the base, never against each other's results, so that overlays that do not conflict give
the same manifest in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..ast import FrozenDict, Path, freeze
from ..errors import MPCError
from .paths import MISSING

Action = Literal["set", "remove", "append", "start", "object"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: a value put at a path, taken away from it, items (a tuple) added to the list there, or, where there
    is none, what is to be the beginning of one; or an object made of what is none.

    Of edits that claim a path there may be one only, even if they agree about the value.
    """

    path: Path
    action: Action
    value: Any = None
    claims: bool = False


def set_at(path: Path, value: Any, *, claims: bool = False) -> Edit:
    """Put a value at a path."""
    return Edit(path, "set", freeze(value), claims)


def appended(path: Path, base: Any, value: Any) -> Edit:
    """Items added to a list; anything else there is overwritten, as the contract has it."""
    if not isinstance(base, tuple):
        return Edit(path, "start", freeze(value))
    return Edit(path, "append", freeze(value if isinstance(value, (list, tuple)) else (value,)))


def merged(path: Path, base: Any, value: Any, *, depth: int | None = None) -> Iterator[Edit]:
    """Objects merged into objects down to `depth` levels, everything if None; what is no object is overwritten."""
    if not isinstance(value, Mapping) or not (isinstance(base, Mapping) or base is MISSING) or depth == 0:
        yield set_at(path, value)
        return
    if not value and path:
        yield Edit(path, "object")
    for key, item in value.items():
        below = base.get(key, MISSING) if isinstance(base, Mapping) else MISSING
        yield from merged((*path, key), below, item, depth=None if depth is None else depth - 1)


def merge_patched(path: Path, base: Any, patch: Any) -> Iterator[Edit]:
    """The edits of a merge patch (RFC 7396)."""
    from .patching import merge_patch

    if not isinstance(patch, Mapping) or not isinstance(base, Mapping):
        yield set_at(path, merge_patch(None, patch))
        return
    if not patch and path:
        yield Edit(path, "object")
    for key, item in patch.items():
        if item is None:
            yield Edit((*path, key), "remove")
        else:
            yield from merge_patched((*path, key), base.get(key), item)


def patched(path: Path, base: Any, operations: Sequence[Mapping[str, Any]]) -> Iterator[Edit]:
    """The edits of a JSON Patch (RFC 6902): what it writes, and what it reads, put as it is afterwards.

    A list is taken as a whole, for positions in it depend on the operations before.
    """
    from .patching import apply_json_patch

    result = apply_json_patch(None if base is MISSING else base, operations)
    if not path and not isinstance(result, Mapping):
        raise MPCError("E_OVERLAY_PATCH", "The properties of a definition are an object")
    pointers = [op[key] for op in operations for key in ("path", "from") if isinstance(op.get(key), str)]
    touched = {step for pointer in pointers for step in _touched(pointer, base, result)}
    for inner in sorted(touched):
        if not any(inner[:cut] in touched for cut in range(len(inner))):
            found = _at(result, inner)
            yield Edit((*path, *inner), "remove") if found is MISSING else set_at((*path, *inner), found)


def _touched(pointer: str, base: Any, result: Any) -> Iterator[tuple[str, ...]]:
    """The path of a pointer as far as it leads through objects; for the whole document every key of it."""
    way: tuple[str, ...] = ()
    for token in pointer.split("/")[1:]:
        if isinstance(_at(base, way), (list, tuple)) or isinstance(_at(result, way), (list, tuple)):
            break
        way = (*way, token.replace("~1", "/").replace("~0", "~"))
    if way:
        yield way
    else:
        both = (value for value in (base, result) if isinstance(value, Mapping))
        yield from ((key,) for value in both for key in value)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        value = value.get(step, MISSING) if isinstance(value, Mapping) else MISSING
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two frozen values are the same JSON value; true is not 1, but 1.0 is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@dataclass(slots=True)
class _Branch:
    edit: Edit | None = None
    below: dict[str | int, _Branch] = field(default_factory=dict)


def apply_edits(base: Any, edits: Iterable[Edit]) -> Any:
    """The value with every edit done, MISSING if it is gone; the edits must not conflict."""
    root = _Branch()
    for edit in edits:
        branch = root
        for step in edit.path:
            branch = branch.below.setdefault(step, _Branch())
        # An object to be made is nothing beside a value that is one.
        if branch.edit is None or edit.action != "object":
            branch.edit = edit
    return _applied(base, root)


def _applied(value: Any, branch: _Branch) -> Any:
    edit = branch.edit
    if edit is not None and edit.action not in ("append", "object"):
        return MISSING if edit.action == "remove" else edit.value
    if edit is not None and edit.action == "object" and not isinstance(value, Mapping):
        value = FrozenDict()
    if isinstance(value, tuple):
        items = [
            _applied(item, branch.below[number]) if number in branch.below else item
            for number, item in enumerate(value)
        ]
        return tuple(item for item in items if item is not MISSING) + (edit.value if edit is not None else ())
    result = dict(value) if isinstance(value, Mapping) else {}
    for key, below in branch.below.items():
        made = _applied(result.get(str(key), MISSING), below)
        if made is MISSING:
            result.pop(str(key), None)
        else:
            result[str(key)] = made
    return FrozenDict(result) if result or value is not MISSING else MISSING
