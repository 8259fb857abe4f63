"""JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396) over plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..ast import thaw
from ..errors import MPCError

_MOST_OPERATIONS = 10_000
_MOST_VALUES = 1_000_000


def apply_json_patch(document: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    """The document after a list of operations (RFC 6902): add, remove, replace, move, copy, test; never changed itself.

    Either all operations succeed, or MPCError E_OVERLAY_PATCH says which one does not. Copies may not make the
    document larger than a million values.
    """
    from jsonpatch import JsonPatch, JsonPatchException
    from jsonpointer import JsonPointerException

    if len(operations) > _MOST_OPERATIONS:
        raise MPCError("E_OVERLAY_PATCH", f"More than {_MOST_OPERATIONS} operations", limit=_MOST_OPERATIONS)
    result = thaw(document)
    budget = _MOST_VALUES - _size(result)
    for number, operation in enumerate(operations, 1):
        try:
            step = JsonPatch([thaw(operation)])
            budget -= _growth(result, operation)
            if budget < 0:
                raise MPCError("E_OVERLAY_PATCH", f"The result has more than {_MOST_VALUES} values", limit=_MOST_VALUES)
            result = step.apply(result, in_place=True)
        except (JsonPatchException, JsonPointerException, TypeError, AttributeError) as error:
            word = operation.get("op") if isinstance(operation, Mapping) else None
            raise MPCError("E_OVERLAY_PATCH", f"Operation {number} ({word}): {error}") from error
    return result


def _growth(document: Any, operation: Mapping[str, Any]) -> int:
    """How many values an operation may add."""
    if operation.get("op") == "copy":
        from jsonpointer import resolve_pointer

        return _size(resolve_pointer(document, operation.get("from", "")))
    return _size(operation.get("value"))


def _size(value: Any) -> int:
    """How many values a value consists of, counted up to the most that is allowed."""
    count, waiting = 0, [value]
    while waiting and count <= _MOST_VALUES:
        item = waiting.pop()
        count += 1
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
    return count


def merge_patch(target: Any, patch: Any) -> Any:
    """The target after a merge patch (RFC 7396): members of the patch replace those of the target, null removes."""
    if not isinstance(patch, Mapping):
        return thaw(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return thaw(result)
