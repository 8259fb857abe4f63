"""The index of rules: which of them a decision about an action, a type or an event has to ask, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..ast import FrozenDict
from .rules import AclDef, PolicyDef, RoleDef, RuleIndex

ANY = "*"


def rule_index(roles: Mapping[str, RoleDef], acl: Sequence[AclDef], policies: Sequence[PolicyDef]) -> RuleIndex:
    """The index of a manifest's rules."""
    return RuleIndex(_closures(roles), _acl(acl), _policies(policies))


def acl_order(rule: AclDef) -> tuple[int, bool, str]:
    """Sorts access rules: highest priority first, in it those that deny, then by id."""
    return (-rule.priority, rule.effect != "deny", rule.id)


def _closures(roles: Mapping[str, RoleDef]) -> FrozenDict:
    return FrozenDict({role: tuple(sorted(_closed(role, roles))) for role in roles})


def _closed(role: str, roles: Mapping[str, RoleDef]) -> set[str]:
    closed: set[str] = set()
    todo = [role]
    while todo:
        here = todo.pop()
        if here not in closed:
            closed.add(here)
            todo.extend(roles[here].implies if here in roles else ())
    return closed


def _acl(rules: Sequence[AclDef]) -> FrozenDict:
    order = sorted(range(len(rules)), key=lambda number: acl_order(rules[number]))
    return _table((number, rules[number].actions, rules[number].resources) for number in order)


def _policies(rules: Sequence[PolicyDef]) -> FrozenDict:
    order = sorted(range(len(rules)), key=lambda number: (-rules[number].priority, rules[number].id))
    return _table((number, rules[number].events or (ANY,), rules[number].applies_to or (ANY,)) for number in order)


def _table(entries: Iterable[tuple[int, tuple[str, ...], tuple[str, ...]]]) -> FrozenDict:
    found: dict[str, dict[str, list[int]]] = {}
    for number, firsts, seconds in entries:
        for first in dict.fromkeys(firsts):
            cells = found.setdefault(first, {})
            for second in dict.fromkeys(seconds):
                cells.setdefault(second, []).append(number)
    return FrozenDict(
        {
            first: FrozenDict({second: tuple(numbers) for second, numbers in cells.items()})
            for first, cells in found.items()
        }
    )
