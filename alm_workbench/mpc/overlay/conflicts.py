"""Finding overlays whose result would depend on their order.

Two edits of one definition commute where they touch different places, take away the same thing, put the same value,
or where one adds to a list whose existing items the other changes. Everything else is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..ast import Path
from .edits import Edit, same
from .paths import shown
from .plan import Plan

# The first step to a definition inside another: no property can be called that.
CHILD = "\0child"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two overlays, by their numbers, that do not agree about a place."""

    first: int
    second: int
    path: Path
    message: str


@dataclass(slots=True)
class _Group:
    """All edits at one path, with the number of the overlay each is from."""

    path: Path
    edits: list[tuple[int, Edit]]


def conflicts_in(edits: Sequence[tuple[int, Edit]], plans: Mapping[int, Plan]) -> tuple[list[Conflict], set[int]]:
    """The conflicts among the edits of one definition, and every overlay that takes part in one."""
    found: list[Conflict] = []
    guilty: set[int] = set()
    above: list[_Group] = []
    for group in _groups(edits):
        while above and above[-1].path != group.path[: len(above[-1].path)]:
            above.pop()
        for other in (*above, group):
            clash = _clash(other, group)
            if clash is not None:
                (first, one), (second, two) = sorted(clash, key=lambda pair: pair[0])
                message = _message(plans[first], one, plans[second], two)
                found.append(Conflict(first, second, group.path, message))
                guilty.update(number for number, _ in (*other.edits, *group.edits))
        above.append(group)
    return found, guilty


def _groups(edits: Sequence[tuple[int, Edit]]) -> Iterator[_Group]:
    """Edits by path, every path after those it lies below."""
    by_path: dict[Path, _Group] = {}
    for number, edit in edits:
        by_path.setdefault(edit.path, _Group(edit.path, [])).edits.append((number, edit))
    return iter(sorted(by_path.values(), key=lambda group: [(isinstance(s, str), s) for s in group.path]))


def _clash(above: _Group, below: _Group) -> tuple[tuple[int, Edit], tuple[int, Edit]] | None:
    """The first two edits of different overlays that do not commute."""
    for one in above.edits:
        for two in below.edits:
            if one[0] != two[0] and not _commute(one[1], two[1]):
                return one, two
    return None


def _commute(above: Edit, below: Edit) -> bool:
    if above.path != below.path:
        return above.action in ("append", "object") or above.action == below.action == "remove"
    if above.action != below.action:
        kinds = {above.action: above, below.action: below}
        return set(kinds) == {"set", "object"} and isinstance(kinds["set"].value, Mapping)
    if above.action == "set":
        return not (above.claims and below.claims) and same(above.value, below.value)
    return above.action in ("remove", "object")


def _message(first: Plan, one: Edit, second: Plan, two: Edit) -> str:
    longest = max(one.path, two.path, key=len)
    path = shown(longest[2:] if longest[:1] == (CHILD,) else longest)
    if first.op == second.op == "replace" and one.path == two.path:
        path = second.path or path
        where = f"path '{path}'" if path else f"'{second.overlay.properties.get('target', 'one definition')}'"
        return f"Conflicting overlays on {where}: more than one replace op targets the same path"
    where = f"path '{path}'" if path else "the definition"
    return f"Conflicting overlays on {where}: '{first.op}' and '{second.op}' give another result in another order"
