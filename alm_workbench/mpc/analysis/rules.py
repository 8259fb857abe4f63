"""Rules against rules: which never decide, which say nothing new, which contradict each other.

Access rules are asked by priority, highest first, and at one priority deny beats allow; of policies any denial beats
every allowance. Rules are looked up by what they are about, never compared pair by pair, so ten thousand of them cost
tens of milliseconds. What is reported is certain; not everything that is certain is found (implied roles and the
algebra of conditions beyond `and` are left alone).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from ..errors import Severity
from .conditions import Condition, condition_of

Keyed = tuple[str, str, str]
_CLOSED = (False, False, False)  # no side of a rule is left open: its actions, its resources, its roles
_KEPT = 4  # rules remembered for one key: the broadest come first
_MOST_KEYS = 512


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What a rule is about, in one form for access rules and policies."""

    kind: str
    id: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    roles: tuple[str, ...]
    condition: Condition | None
    effect: str
    priority: float
    mask: tuple[str, ...] = ()
    says: Any = None
    keys: tuple[Keyed, ...] = ()
    open: tuple[bool, bool, bool] = _CLOSED
    rank: tuple[float, ...] = ()


@dataclass(slots=True)
class RuleFinding:
    """A finding about rule `index`, explained by rule `other`."""

    code: str
    message: str
    severity: Severity
    index: int
    other: int
    hint: str
    reason: str


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, tuple) else ()


def facts_of(kind: str, id_: str, properties: Mapping[str, Any]) -> RuleFacts | None:
    """The facts of a rule definition, or None where it is about nothing or its words are not understood."""
    get = properties.get
    priority = get("priority", 0)
    effect = get("effect", "allow" if kind == "ACL" else "deny")
    if effect not in ("allow", "deny") or isinstance(priority, bool) or not isinstance(priority, (int, float)):
        return None
    if kind == "ACL":
        condition = condition_of(get("condition"))
        actions, resources = _texts(get("action")), _texts(get("resource"))
        roles, mask, says = _texts(get("roles")), _texts(get("mask", get("maskFields"))), None
    elif kind == "Policy":
        condition = condition_of(get("when"))
        actions, resources = _texts(get("events")) or ("*",), _texts(get("applies_to")) or ("*",)
        roles, mask, says = (), (), (get("message"), get("intents"))
    else:
        return None
    if not actions or not resources or (condition is not None and condition.constant is False):
        return None
    keys = _keys(actions, resources, roles or ("",))
    rank = _rank(kind, (actions, resources, roles), condition is not None, effect, priority)
    wide = ("*" in actions, any(place.startswith("*") for place in resources), not roles)
    return RuleFacts(kind, id_, actions, resources, roles, condition, effect, priority, mask, says, keys, wide, rank)


def analyse(rules: Sequence[RuleFacts | None]) -> list[RuleFinding]:
    """Findings about rules by their index in `rules`; places without facts are passed over."""
    found: list[RuleFinding] = []
    for kind in ("ACL", "Policy"):
        chosen = [(index, rule) for index, rule in enumerate(rules) if rule is not None and rule.kind == kind]
        if len(chosen) > 1:
            chosen.sort(key=_rank_of)
            table = _Table(chosen)
            for number, (index, rule) in enumerate(chosen):
                finding = table.judge(index, rule)
                if finding is not None:
                    found.append(finding)
                table.add(number, rule)
    return found


def _rank_of(pair: tuple[int, RuleFacts]) -> tuple[float, ...]:
    return pair[1].rank


def _rank(
    kind: str, sides: tuple[tuple[str, ...], ...], conditional: bool, effect: str, priority: float
) -> tuple[float, ...]:
    """As the engine asks; among equals the broadest first, so that the narrower is the one that says nothing new."""
    actions, resources, roles = sides
    breadth = -len(actions) - len(resources)
    if kind == "ACL":
        return -priority, effect != "deny", conditional, len(roles), breadth
    return effect != "deny", conditional, resources != ("*",), breadth


def _compared(rules: Iterable[RuleFacts]) -> set[str | None]:
    """The conditions by which some rule may be known to another: none, and those that occur more than once."""
    once: set[str] = set()
    found: set[str | None] = {None}
    for rule in rules:
        if rule.condition is not None:
            for text in {rule.condition.text, *rule.condition.parts}:
                (found if text in once else once).add(text)
    return found


class _Table:
    """Rules already asked, by condition and by what they are about; every rule in it is asked before the next.

    Rules are kept as their numbers in `asked`: ten thousand small lists would keep the garbage collector busy.
    """

    def __init__(self, asked: Sequence[tuple[int, RuleFacts]]) -> None:
        self.asked = asked
        self.compared = _compared(rule for _, rule in asked)
        self.covering: dict[str | None, dict[Keyed, int | list[int]]] = {}
        self.denials: dict[tuple[float, str | None], dict[Keyed, int]] = {}
        # Which sides some rule leaves open, so that nothing is sought that cannot be there.
        self.any_action: tuple[str, ...] = ()
        self.any_resource = False
        self.any_role: tuple[str, ...] = ()

    def add(self, number: int, rule: RuleFacts) -> None:
        """Remember a rule."""
        text = rule.condition.text if rule.condition else None
        if text not in self.compared:
            return
        here = self.covering.get(text)
        if here is None:
            here = self.covering[text] = {}
        for key in rule.keys:
            same = here.setdefault(key, number)
            if same is number:
                continue
            if isinstance(same, int):
                here[key] = [same, number]
            elif len(same) < _KEPT:
                same.append(number)
        if rule.effect == "deny":
            denials = self.denials.setdefault((rule.priority, text), {})
            for key in rule.keys:
                denials.setdefault(key, number)
        if rule.open != _CLOSED:
            self._open(*rule.open)

    def _open(self, action: bool, resource: bool, role: bool) -> None:
        self.any_action = ("*",) if action else self.any_action
        self.any_resource = self.any_resource or resource
        self.any_role = ("",) if role else self.any_role

    def judge(self, index: int, rule: RuleFacts) -> RuleFinding | None:
        """The first thing to say of a rule, given those asked before it."""
        texts = (None,) if rule.condition is None else _weaker(rule, rule.condition)
        for text in texts:
            here = self.covering.get(text)
            if here:
                finding = self._covered_by(index, rule, here)
                if finding is not None:
                    return finding
        return self._conflict(index, rule) if rule.effect == "allow" and self.denials else None

    def _covered_by(self, index: int, rule: RuleFacts, here: Mapping[Keyed, int | list[int]]) -> RuleFinding | None:
        resource = rule.resources[0]
        places = _around(resource) if self.any_resource or "." in resource else (resource,)
        for action in (rule.actions[0], *self.any_action):
            for role in (*rule.roles[:1], *self.any_role):
                for place in places:
                    numbers = here.get((action, place, role))
                    if numbers is None:
                        continue
                    for number in (numbers,) if isinstance(numbers, int) else numbers:
                        finding = _covered(index, rule, *self.asked[number])
                        if finding is not None:
                            return finding
        return None

    def _conflict(self, index: int, rule: RuleFacts) -> RuleFinding | None:
        text = rule.condition.text if rule.condition else None
        denials = self.denials.get((rule.priority, text))
        if not denials:
            return None
        key = next((key for key in rule.keys if key in denials), None) or next(self._overlapping(rule, denials), None)
        if key is None:
            return None
        other, denial = self.asked[denials[key]]
        what = ", ".join(part for part in key if part)
        message = f"Rule '{rule.id}' allows what '{denial.id}' denies at the same priority ({what}); the denial wins"
        hint = "give one of them another priority, or narrow one"
        return RuleFinding("E_RULE_CONFLICT", message, "warning", index, other, hint, "denied here")

    def _overlapping(self, rule: RuleFacts, denials: Mapping[Keyed, int]) -> Iterator[Keyed]:
        """Keys of denials that are wider than a rule's on some side and share something with it."""
        wide = bool(self.any_action or self.any_resource or self.any_role)
        for action, resource, role in rule.keys:
            if wide or "." in resource:
                for place in _around(resource):
                    for key in product((action, "*"), (place,), (role, "") if role else ("",)):
                        if key in denials:
                            yield key


def _keys(actions: tuple[str, ...], resources: tuple[str, ...], roles: tuple[str, ...]) -> tuple[Keyed, ...]:
    """What a rule is about, one key for each combination; the first few hundred where there are very many."""
    return tuple(islice(product(actions, resources, roles), _MOST_KEYS))


def _around(resource: str) -> tuple[str, ...]:
    """A resource and what includes it."""
    if resource == "*":
        return ("*",)
    owner, dot, name = resource.rpartition(".")
    return (resource, "*", owner, f"*.{name}") if dot else (resource, "*")


def _weaker(rule: RuleFacts, condition: Condition) -> tuple[str | None, ...]:
    """Conditions that hold whenever the rule's does: none at all, itself, and for an allowance each of its parts.

    A part may be decided where the whole is not, and an undecided denial denies: so not for denials.
    """
    if rule.effect == "deny" or len(condition.parts) == 1:
        return (None, condition.text)
    return (None, condition.text, *condition.parts)


def _covers(wide: RuleFacts, rule: RuleFacts) -> bool:
    """Whether everything a rule is about is also what another is about; conditions aside."""
    if wide.roles and not (rule.roles and _within(rule.roles, wide.roles)):
        return False
    if "*" not in wide.actions and not _within(rule.actions, wide.actions):
        return False
    if "*" in wide.resources or rule.resources == wide.resources:
        return True
    have = set(wide.resources)
    return all(_resource_in(resource, have) for resource in rule.resources)


def _within(few: tuple[str, ...], many: tuple[str, ...]) -> bool:
    return few == many or set(few) <= set(many)


def _resource_in(resource: str, have: set[str]) -> bool:
    return any(place in have for place in _around(resource))


def _covered(index: int, rule: RuleFacts, other: int, wide: RuleFacts) -> RuleFinding | None:
    if not _covers(wide, rule):
        return None
    if rule.effect == wide.effect and (rule.kind == "Policy" or rule.priority == wide.priority):
        if rule.says != wide.says or not _within(wide.mask, rule.mask):
            return None
        message = f"Rule '{rule.id}' says nothing that '{wide.id}' does not say"
        return RuleFinding("E_RULE_REDUNDANT", message, "info", index, other, "leave it out", "said here")
    # A denial whose condition cannot be decided denies; an allowance asked before it with that condition does not.
    if rule.effect == "deny" and rule.condition is not None and wide.effect == "allow" and wide.condition is not None:
        return None
    message = f"Rule '{rule.id}' never decides: '{wide.id}' is asked first and covers all of it"
    hint = "raise its priority, narrow the other, or leave it out"
    return RuleFinding("E_RULE_SHADOWED", message, "warning", index, other, hint, "decided here")
