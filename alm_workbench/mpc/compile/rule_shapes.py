"""What keeps a rule from meaning what it says, with the place: for validation, and for the compiler to refuse it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..codes import intent_kinds
from ..errors import MPCError
from ..expr.ir import Expr, make
from .matching import BadMatcher, conditions_of

Get = Callable[[str], Any]
EFFECTS = ("allow", "deny")


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One thing wrong with a rule; `shape` if a vocabulary that types the property finds it too."""

    code: str
    message: str
    path: tuple[str | int, ...]
    shape: bool = False


def rule_problems(kind: str, get: Get, *, typed: bool) -> Iterator[RuleProblem]:
    """Everything wrong with a rule of a kind, its properties read by `get`; nothing for other kinds.

    `typed`: the vocabulary describes the kind, and its validation warns about lists that are empty. Where it does not, as
    the contract's, they are refused: nobody would see that no action means never, and no role everybody.
    """
    if kind == "ACL":
        yield from _acl(get, typed)
    elif kind == "Policy":
        yield from _policy(get)
    if kind in ("Policy", "Automation"):
        yield from _intents(get("intents"))


def _acl(get: Get, typed: bool) -> Iterator[RuleProblem]:
    code = "E_ACL_INVALID_RULE"
    for name in ("action", "resource", "roles", "mask"):
        yield from _words(name, get(name), code, empty=typed or name in ("roles", "mask"))
    yield from _effect_and_priority(get, code)
    condition = get("condition")
    if get("roles") == () and condition is None and not typed:
        yield RuleProblem(code, "'roles' is empty: leave it out for everybody, or name one", ("roles",))
    if condition is not None and not isinstance(condition, str):
        yield from _matchers("condition", condition, condition_tree, code)


def _policy(get: Get) -> Iterator[RuleProblem]:
    code = "E_META_UNKNOWN_VALUE"
    for name in ("events", "applies_to"):
        yield from _words(name, get(name), code, empty=True)
    yield from _effect_and_priority(get, code)
    if get("match") is not None:
        yield from _matchers("match", get("match"), match_tree, "E_POLICY_INVALID_MATCHER")


def _words(name: str, value: Any, code: str, *, empty: bool) -> Iterator[RuleProblem]:
    listed = value if isinstance(value, tuple) else () if value is None else (value,)
    if not all(isinstance(word, str) and word for word in listed):
        yield RuleProblem(code, f"'{name}' must be a text or a list of texts", (name,), shape=True)
    elif value == () and not empty:
        yield RuleProblem(code, f"'{name}' is empty: leave it out for any, or name one", (name,))


def _effect_and_priority(get: Get, code: str) -> Iterator[RuleProblem]:
    effect, priority = get("effect"), get("priority")
    if effect is not None and effect not in EFFECTS:
        yield RuleProblem(code, f"'{effect}' is no effect: write allow or deny", ("effect",), shape=True)
    if priority is not None and (isinstance(priority, bool) or not isinstance(priority, int)):
        yield RuleProblem(code, "'priority' must be a whole number", ("priority",), shape=True)


def _matchers(name: str, value: Any, compile_: Callable[[Any], Any], code: str) -> Iterator[RuleProblem]:
    try:
        compile_(value)
    except BadMatcher as error:
        yield RuleProblem(code, error.message, (name, *error.path))
    except MPCError as error:
        yield RuleProblem(error.code, error.message, (name, "expr"))


def _intents(value: Any) -> Iterator[RuleProblem]:
    for number, intent in enumerate(value if isinstance(value, tuple) else () if value is None else (value,)):
        problem = _intent(intent)
        if problem:
            yield RuleProblem("E_POLICY_INVALID_TEMPLATE", problem, ("intents", number))


def _intent(intent: Any) -> str | None:
    if not isinstance(intent, Mapping):
        return "an intent is an object with kind and target"
    kind = intent.get("kind", "audit")
    if not isinstance(kind, str) or kind not in intent_kinds():
        return f"there is no intent kind '{kind}'; there are {', '.join(sorted(intent_kinds()))}"
    for name, type_ in (("target", str), ("idempotencyKey", str), ("params", Mapping)):
        if name in intent and not isinstance(intent[name], type_):
            return f"'{name}' of an intent must be {'an object' if type_ is Mapping else 'a text'}"
    return None


def match_tree(match: Any) -> Expr | None:
    """The condition of a policy's `match`; raises BadMatcher or MPCError."""
    return conditions_of(match, "event")


def condition_tree(condition: Any) -> Expr | None:
    """The condition of an access rule that is written as a mapping of the actor's attributes; raises as match_tree."""
    return conditions_of(condition, "actor.attributes", _sees_attributes)


def _sees_attributes(tree: Expr) -> Expr:
    """The contract's conditions know the actor's attributes as `actor`; ours as `actor.attributes`."""
    if tree.op == "ref" and (tree.value == "actor" or tree.value.startswith("actor.")):
        return make("ref", "actor.attributes" + tree.value[5:])
    return make(tree.op, tree.value, tuple(_sees_attributes(arg) for arg in tree.args)) if tree.args else tree
