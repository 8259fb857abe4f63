"""Differences between two JSON states as RFC 6902 operations, with the law ``apply(a, diff(a, b)) == b``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from alm_workbench.contexts.audit.messages import DiffOpDTO


def diff(left: Any, right: Any) -> tuple[DiffOpDTO, ...]:
    """The operations that turn ``left`` into ``right``, to be applied in this order; none where they are the same."""
    return tuple(_steps("", left, right))


def apply(state: Any, operations: Iterable[DiffOpDTO]) -> Any:
    """The state after the operations; the given one is not touched. Raises ``LookupError`` where one does not fit."""
    for step in operations:
        state = _applied(state, _parts(step.path), step)
    return state


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same: 1, 1.0 and true are three values."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def _steps(path: str, left: Any, right: Any) -> Iterator[DiffOpDTO]:
    if isinstance(left, dict) and isinstance(right, dict):
        yield from _object_steps(path, left, right)
    elif isinstance(left, list) and isinstance(right, list):
        yield from _array_steps(path, left, right)
    elif not same(left, right):
        yield DiffOpDTO("replace", path, left, right)


def _object_steps(path: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[DiffOpDTO]:
    for name in sorted(left.keys() | right.keys()):
        place = f"{path}/{escaped(name)}"
        if name not in right:
            yield DiffOpDTO("remove", place, left[name], None)
        elif name not in left:
            yield DiffOpDTO("add", place, None, right[name])
        else:
            yield from _steps(place, left[name], right[name])


def _array_steps(path: str, left: list[Any], right: list[Any]) -> Iterator[DiffOpDTO]:
    """What both ends have in common stays, so that an item put in front does not look like a change of all behind it."""
    shorter = min(len(left), len(right))
    head = next((n for n in range(shorter) if not same(left[n], right[n])), shorter)
    tail = next((n for n in range(shorter - head) if not same(left[-1 - n], right[-1 - n])), shorter - head)
    old, new = left[head : len(left) - tail], right[head : len(right) - tail]
    both = min(len(old), len(new))
    for n in range(both):
        yield from _steps(f"{path}/{head + n}", old[n], new[n])
    for n in range(len(old) - 1, both - 1, -1):
        yield DiffOpDTO("remove", f"{path}/{head + n}", old[n], None)
    for n in range(both, len(new)):
        yield DiffOpDTO("add", f"{path}/{head + n}", None, new[n])


def _applied(state: Any, parts: list[str], step: DiffOpDTO) -> Any:
    if not parts:
        return step.right
    name, rest = parts[0], parts[1:]
    if isinstance(state, dict):
        return _in_object(state, name, rest, step)
    if isinstance(state, list):
        return _in_array(state, int(name), rest, step)
    raise LookupError(f"there is nothing at {step.path}")


def _in_object(state: Mapping[str, Any], name: str, rest: list[str], step: DiffOpDTO) -> dict[str, Any]:
    if rest:
        return {**state, name: _applied(state[name], rest, step)}
    if step.op == "remove":
        if name not in state:
            raise LookupError(f"there is nothing at {step.path}")
        return {key: value for key, value in state.items() if key != name}
    return {**state, name: step.right}


def _in_array(state: list[Any], index: int, rest: list[str], step: DiffOpDTO) -> list[Any]:
    if rest:
        return [*state[:index], _applied(state[index], rest, step), *state[index + 1 :]]
    if index > len(state) - (step.op != "add"):
        raise LookupError(f"there is nothing at {step.path}")
    put = [] if step.op == "remove" else [step.right]
    return [*state[:index], *put, *state[index + (step.op != "add") :]]


def escaped(name: str) -> str:
    """A member's name as a step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
