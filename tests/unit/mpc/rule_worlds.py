"""Random rules with the facts they are about, and access decisions taken the plain, slow way to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from hypothesis import strategies as st

from alm_workbench.mpc import CompiledManifest, DomainMeta, EvalContext
from alm_workbench.mpc.ast import ASTNode, ManifestAST, freeze
from alm_workbench.mpc.compile import build
from alm_workbench.mpc.expr.functions import ExprFault
from alm_workbench.mpc.expr.parse import parse_expr
from alm_workbench.mpc.expr.scope import Scope
from alm_workbench.mpc.expr.walk import truth_of
from alm_workbench.mpc.model import AclDef

ROLES = ("viewer", "engineer", "manager", "owner")
TYPES = ("requirement", "defect")
ACTIONS = ("read", "update")
FIELDS = ("cost", "note")
CONDITIONS = (
    "self.state == 'open'",
    "self.state != 'open'",
    "self.n > 3",
    "not (self.n >= 3)",
    "self.n + 1 < actor.attributes.level",
    "self.state == actor.attributes.home or self.n == 2",
    "self.state == 'open' and self.n < 5",
    "not (self.state == 'done' and self.n > 1)",
    "self.owner == actor.id",
    "self.owner == null or self.n > 0",
    "self.state in ['open', 'draft']",
    "not (self.state in ['open', 'draft'])",
    "self.state in actor.attributes.states",
    "not (self.state in actor.attributes.states)",
    "isEmpty(self.owner) or startsWith(self.owner, 'u')",
    "not contains(self.state, 'e')",
    "hasRole('manager') and self.n > 2",
    "not hasRole('owner')",
    "self.flag",
    "not self.flag or self.n > 4",
    "self.flag if self.n > 2 else self.state == 'done'",
    "self.n > self.state",
    "self.type == 'defect'",
    "-self.n < 0",
    "len(self.state) == 4",
    "actor.attributes.level > 2",
)
META = DomainMeta.load({"kinds": [{"name": "Role"}, {"name": "ACL"}, {"name": "Policy"}]})


def manifest(*nodes: tuple[str, str, Mapping[str, Any]]) -> CompiledManifest:
    """A manifest of definitions as (kind, id, properties) under an open vocabulary, the chain of roles beside them."""
    roles = [("Role", role, {"implies": list(ROLES[n - 1 : n])} if n else {}) for n, role in enumerate(ROLES)]
    defs = tuple(ASTNode(kind, id_, None, freeze(properties)) for kind, id_, properties in (*roles, *nodes))
    return build(ManifestAST(2, "test", "rules", "1.0.0", defs), META)


def some(values: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True) | st.sampled_from(values)


RESOURCES = ("*", *TYPES, "requirement.cost", "*.note", "defect.note")
RULES = st.fixed_dictionaries(
    {
        "action": some(("*", *ACTIONS)),
        "resource": some(RESOURCES),
        "effect": st.sampled_from(["allow", "allow", "deny"]),
        "priority": st.integers(0, 2),
    },
    optional={
        "roles": some(ROLES),
        "condition": st.sampled_from(CONDITIONS),
        "mask": st.lists(st.sampled_from(FIELDS), max_size=2, unique=True),
    },
)
MANIFESTS = st.lists(RULES, max_size=8).map(
    lambda rules: manifest(*(("ACL", f"rule{n}", rule) for n, rule in enumerate(rules)))
)
STATES = st.none() | st.sampled_from(["open", "draft", "done", "", "Open"])
ITEMS = st.fixed_dictionaries(
    {
        "state": STATES,
        "n": st.none() | st.integers(-2, 6),
        "owner": st.none() | st.sampled_from(["u1", "u2", ""]),
        "flag": st.none() | st.booleans(),
    }
)
ODD_ITEMS = ITEMS | st.dictionaries(
    st.sampled_from(["state", "n", "owner", "flag"]),
    st.none() | st.integers(0, 5) | st.text(max_size=3) | st.booleans(),
)
ACTORS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["u1", "u2"]),
        "roles": st.lists(st.sampled_from((*ROLES, "stranger")), max_size=2),
        "attributes": st.fixed_dictionaries(
            {},
            optional={
                "home": STATES,
                "level": st.none() | st.integers(0, 6) | st.just("high"),
                "states": st.none() | st.lists(STATES, max_size=3) | st.just("open") | st.just(5),
            },
        ),
    }
)


def context(actor: Mapping[str, Any], item: Mapping[str, Any], type_id: str) -> EvalContext:
    """The facts of one decision."""
    return EvalContext({**item, "type": type_id}, actor, {"name": "read"}, {"id": "p"})


def outcome(text: str | None, scope: Scope) -> bool | None:
    """A condition by walking its tree; None if undecided."""
    try:
        return True if text is None else truth_of(parse_expr(text), scope)
    except ExprFault:
        return None


def plain_decision(
    compiled: CompiledManifest, action: str, type_id: str, ctx: EvalContext, field: str | None = None
) -> tuple[bool, frozenset[str]]:
    """The answer and the deciding level's mask, by the definition: level by level, deny before allow, no index."""
    scope = Scope(ctx, compiled.close_roles(ctx.actor.get("roles")))
    about = {"*", type_id} | ({f"{type_id}.{field}", f"*.{field}"} if field else set())
    rules = [
        rule
        for rule in sorted(compiled.acl, key=lambda rule: -rule.priority)
        if {action, "*"} & set(rule.actions) and about & set(rule.resources)
    ]
    for _, level in groupby(rules, key=lambda rule: rule.priority):
        matched = [rule for rule in level if _matches(rule, scope)]
        if any(rule.effect == "deny" for rule in matched):
            return False, frozenset()
        if matched:
            return True, frozenset.intersection(*(frozenset(rule.mask) for rule in matched))
    return False, frozenset()


def _matches(rule: AclDef, scope: Scope) -> bool:
    if rule.roles and not scope.roles & set(rule.roles):
        return False
    found = outcome(rule.condition, scope)
    return rule.effect == "deny" if found is None else found


def plainly_allowed(
    compiled: CompiledManifest, action: str, type_id: str, ctx: EvalContext, field: str | None = None
) -> bool:
    """The plain answer; a field must not be masked either."""
    allow, mask = plain_decision(compiled, action, type_id, ctx, field)
    return allow and field not in mask
