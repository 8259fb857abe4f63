"""Roles, access rules, policies and automations, in our own words or the contract's, as one form.

What the vocabulary would have found before is refused here with the same code, since manifests under an open
vocabulary come without that check: no rule may mean something else than it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ast import ASTNode, FrozenDict, freeze
from ..codes import intent_kinds
from ..errors import MPCError
from ..expr.ir import Expr, make, show, to_json
from ..model import AclDef, AutomationDef, PolicyDef, RoleDef
from .context import Context, Props, as_tuple, labels_of
from .matching import BadMatcher, both, conditions_of

EFFECTS = ("allow", "deny")


def role(c: Context, node: ASTNode, props: Props) -> RoleDef:
    """A role."""
    implies, privileges = as_tuple(props.get("implies")), as_tuple(props.get("privileges"))
    return RoleDef(node.id, c.labels(node), implies, privileges, node.span())


def acl(c: Context, node: ASTNode, props: Props) -> AclDef:
    """An access rule; raises MPCError (E_ACL_INVALID_RULE) where its parts are none."""
    rule = _Reader(c, node, props, "E_ACL_INVALID_RULE")
    roles, condition = rule.words("roles", "role"), _condition(rule)
    if not roles and condition is None and rule.find("roles", "role")[1] is not None:
        raise rule.bad("'roles' is empty: leave it out for everybody, or name one", "roles")
    return AclDef(
        node.id,
        c.labels(node),
        rule.words("action", "actions", default=("*",)),
        rule.words("resource", "resources", default=("*",)),
        roles,
        condition,
        rule.effect("allow"),
        rule.priority(),
        rule.words("mask", "maskFields"),
        node.span(),
        c.span(node, "condition") if props.get("condition") is not None else None,
    )


def policy(c: Context, node: ASTNode, props: Props) -> PolicyDef:
    """A policy; raises MPCError (E_POLICY_INVALID_MATCHER, E_META_UNKNOWN_VALUE, …) where its parts are none."""
    rule = _Reader(c, node, props, "E_META_UNKNOWN_VALUE")
    when, key = _when(rule)
    return PolicyDef(
        node.id,
        c.labels(node),
        rule.words("events", "event"),
        rule.words("applies_to", "appliesTo"),
        when,
        rule.effect(_effect_of_kind(c, node)),
        rule.priority(),
        labels_of(None, props.get("message")),
        intents(c, node, props.get("intents")),
        node.span(),
        c.span(node, key) if key else None,
    )


def automation(c: Context, node: ASTNode, props: Props) -> AutomationDef:
    """An automation."""
    return AutomationDef(
        node.id,
        c.labels(node),
        as_tuple(props.get("event")),
        as_tuple(props.get("applies_to")),
        c.expr(props.get("when")),
        intents(c, node, props.get("intents")),
        node.span(),
    )


def intents(c: Context, node: ASTNode, value: Any) -> tuple[Mapping[str, Any], ...]:
    """Intents as they are written, of registered kinds; without one it is `audit`. Raises MPCError."""
    found = []
    for number, intent in enumerate(as_tuple(value)):
        problem = intent_problem(intent)
        if problem:
            span = c.span(node, "intents", number)
            raise MPCError("E_POLICY_INVALID_TEMPLATE", f"{node.kind} '{node.id}': {problem}", span=span)
        found.append(intent if "kind" in intent else FrozenDict({"kind": "audit", **intent}))
    return tuple(found)


def intent_problem(intent: Any) -> str | None:
    """What keeps a value from being an intent, in a sentence."""
    if not isinstance(intent, Mapping):
        return "an intent is an object with kind and target"
    kind = intent.get("kind", "audit")
    if not isinstance(kind, str) or kind not in intent_kinds():
        return f"there is no intent kind '{kind}'; there are {', '.join(sorted(intent_kinds()))}"
    for name, type_ in (("target", str), ("idempotencyKey", str), ("params", Mapping)):
        if name in intent and not isinstance(intent[name], type_):
            return f"'{name}' of an intent must be {'an object' if type_ is Mapping else 'a text'}"
    return None


class _Reader:
    """One rule's properties by any of their names; anything of another shape is refused with its place."""

    def __init__(self, c: Context, node: ASTNode, props: Props, code: str) -> None:
        self.c, self.node, self.props, self.code = c, node, props, code

    def find(self, *names: str) -> tuple[str, Any]:
        for name in names:
            value = self.props.get(name)
            if value is not None:
                return name, value
        return names[0], None

    def words(self, *names: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Texts, from a text or a list of them."""
        name, value = self.find(*names)
        if value is None:
            return default
        found = as_tuple(value)
        if not all(isinstance(word, str) and word for word in found):
            raise self.bad(f"'{name}' must be a text or a list of texts", name)
        if not found and default:
            raise self.bad(f"'{name}' is empty: leave it out for any, or name one", name)
        return found

    def effect(self, default: str) -> str:
        value = self.props.get("effect", default)
        if value not in EFFECTS:
            raise self.bad(f"'{value}' is no effect: write allow or deny", "effect")
        return str(value)

    def priority(self) -> int:
        value = self.props.get("priority", 0)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise self.bad("'priority' must be a whole number", "priority")
        return int(value or 0)

    def bad(self, message: str, *path: str | int, code: str | None = None) -> MPCError:
        return MPCError(
            code or self.code, f"{self.node.kind} '{self.node.id}': {message}", span=self.c.span(self.node, *path)
        )

    def keep(self, tree: Expr) -> str:
        """Store a tree that was made here under its text."""
        text = show(tree)
        self.c.expressions.setdefault(text, freeze(to_json(tree)))
        return text


def _effect_of_kind(c: Context, node: ASTNode) -> str:
    """Our policies forbid unless they say otherwise, the contract's allow."""
    kind = c.meta.get_kind(node.kind)
    prop = kind.find("effect") if kind else None
    return prop.default if prop is not None and prop.default in EFFECTS else "allow"


def _condition(rule: _Reader) -> str | None:
    value = rule.props.get("condition")
    if value is None or isinstance(value, str):
        return rule.c.expr(value)
    try:
        tree = conditions_of(value, "actor.attributes", _sees_attributes)
    except BadMatcher as error:
        raise rule.bad(error.message, "condition", *error.path) from None
    return rule.keep(tree) if tree is not None else None


def _sees_attributes(tree: Expr) -> Expr:
    """The contract's conditions know the actor's attributes as `actor`; ours as `actor.attributes`."""
    if tree.op == "ref" and (tree.value == "actor" or tree.value.startswith("actor.")):
        return make("ref", "actor.attributes" + tree.value[5:])
    return make(tree.op, tree.value, tuple(_sees_attributes(arg) for arg in tree.args)) if tree.args else tree


def _when(rule: _Reader) -> tuple[str | None, str | None]:
    """A policy's condition: `when`, `match`, or both of them together; and the property it stands in."""
    when, match = rule.props.get("when"), rule.props.get("match")
    if match is None:
        return rule.c.expr(when), "when" if when else None
    try:
        tree = conditions_of(match, "event")
    except BadMatcher as error:
        raise rule.bad(error.message, "match", *error.path, code=error.code) from None
    if isinstance(when, str):
        from ..expr.parse import parse_expr

        tree = parse_expr(when) if tree is None else both(tree, parse_expr(when))
    return (rule.keep(tree) if tree is not None else None), "match"
