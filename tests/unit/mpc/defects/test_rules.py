"""Defects of the public core about policies and access, each asked of ours."""

from __future__ import annotations

from typing import Any

import pytest

from alm_workbench.mpc import (
    DomainMeta,
    EvalContext,
    ManifestInvalid,
    MPCError,
    check,
    decide_acl,
    decide_policy,
    parse,
)
from alm_workbench.mpc.compile import build

from ..rule_worlds import META, manifest


def acl(rule: dict[str, Any], roles: tuple[str, ...] = (), **attributes: Any) -> bool:
    ctx = EvalContext({}, {"id": "u", "roles": list(roles), "attributes": attributes})
    return decide_acl(manifest(("ACL", "a", rule)), "read", "doc", ctx).allow


@pytest.mark.parametrize("effect", ["Deny", "DENY", "denied", "forbid", "", True, 1])
def test_w_38_an_effect_is_allow_or_deny_and_nothing_else(effect: Any) -> None:
    """A typo is an error, never an allowance."""
    for kind, code in (("Policy", "E_META_UNKNOWN_VALUE"), ("ACL", "E_ACL_INVALID_RULE")):
        with pytest.raises(MPCError) as caught:
            manifest((kind, "a", {"effect": effect, "roles": ["viewer"]}))
        assert caught.value.code == code


@pytest.mark.parametrize("kind", ["Policy", "ACL"])
def test_w_38_the_place_of_a_wrong_effect_is_shown(kind: str, meta: DomainMeta) -> None:
    """In the editor, and by the compiler under an open vocabulary."""
    text = f'def {kind} a {{\n  events: ["update"]\n  action: "read"\n  resource: "*"\n  effect: "Deny"\n}}'
    with pytest.raises(MPCError) as caught:
        build(parse(text), META)
    assert caught.value.span is not None
    assert (caught.value.span.line, caught.value.span.col) == (5, 11)
    found = [d for d in check(text, meta).diagnostics if d.path == "defs/a/effect"]
    assert [d.span.line for d in found if d.span] == [5]


@pytest.mark.parametrize(
    ("roles", "attributes", "allow"),
    [
        (("owner",), {"dept": "hr"}, True),
        ((), {"dept": "hr"}, False),
        (("owner",), {"dept": "it"}, False),
        (("owner",), {}, False),
    ],
)
def test_w_39_roles_and_condition_must_both_hold(
    roles: tuple[str, ...], attributes: dict[str, Any], allow: bool
) -> None:
    """A guest of hr is no owner, an owner of it is not of hr."""
    assert acl({"roles": ["owner"], "condition": {"dept": "hr"}}, roles, **attributes) is allow


def test_w_39_an_attribute_called_expr_satisfies_no_expression() -> None:
    """`expr` is always an expression about the attributes, whatever the actor brings along."""
    rule = {"condition": {"expr": "actor.level >= 4"}}
    assert not acl(rule, expr="actor.level >= 4")
    assert not acl(rule, level=3)
    assert acl(rule, level=4)


def test_w_40_an_expression_joins_the_other_keys_of_a_match() -> None:
    """`expr: "true"` does not make a rule about deletions one about everything."""
    compiled = manifest(("Policy", "p", {"effect": "deny", "match": {"kind": "delete", "expr": "true"}}))
    for kind, allow in (("delete", False), ("read", True)):
        assert decide_policy(compiled, EvalContext(event={"kind": kind}), "").allow is allow


def test_w_40_intents_keep_their_parameters_and_keys() -> None:
    """All of what is written reaches whoever carries it out."""
    intent = {"kind": "notify", "target": "#x", "params": {"template": "t", "data": {"n": [1]}}, "idempotencyKey": "k"}
    compiled = manifest(("Policy", "p", {"intents": [intent, {"target": "object"}]}))
    found = decide_policy(compiled, EvalContext(event={}), "").intents
    assert [dict(i) for i in found] == [
        {**intent, "params": {"template": "t", "data": {"n": (1,)}}},
        {"kind": "audit", "target": "object"},
    ]


def test_w_40_intents_of_allowing_rules_do_not_survive_a_denial() -> None:
    """Nobody gets a role by an event that is refused."""
    compiled = manifest(
        ("Policy", "a", {"effect": "allow", "intents": [{"kind": "grantRole", "target": "u"}]}),
        ("Policy", "b", {"effect": "deny", "intents": [{"kind": "audit", "target": "o"}]}),
    )
    found = decide_policy(compiled, EvalContext(event={}), "")
    assert (found.allow, [i["kind"] for i in found.intents]) == (False, ["audit"])


@pytest.mark.parametrize(
    "intent",
    ["notify", {"kind": "grantrole"}, {"kind": 5}, {"kind": "audit", "target": 5}, {"kind": "tag", "params": "x"},
     {"kind": "tag", "idempotencyKey": 1}],
)  # fmt: skip
def test_w_40_intents_are_checked_against_the_taxonomy(intent: Any, meta: DomainMeta) -> None:
    """Unknown kinds and wrong shapes are refused, with the place where there is a text."""
    with pytest.raises(MPCError) as caught:
        manifest(("Policy", "p", {"intents": [intent]}))
    assert caught.value.code == "E_POLICY_INVALID_TEMPLATE"


def test_w_40_an_unknown_intent_kind_is_found_while_writing(meta: DomainMeta) -> None:
    """With the place of the intent."""
    text = 'def Policy p {\n  events: ["update"]\n  intents: [{kind: "grantrole", target: "x"}]\n}'
    found = [d for d in check(text, meta).diagnostics if d.code == "E_POLICY_INVALID_TEMPLATE"]
    assert [(d.path, d.span.line if d.span else None) for d in found] == [("defs/p/intents/0", 3)]


def test_w_40_lists_and_operators_match() -> None:
    """Any of a list, and operators by name; an unknown one is an error."""
    compiled = manifest(("Policy", "p", {"effect": "deny", "match": {"kind": ["a", "b"], "n": {"gt": 5}}}))
    assert not decide_policy(compiled, EvalContext(event={"kind": "b", "n": 6}), "").allow
    assert decide_policy(compiled, EvalContext(event={"kind": "c", "n": 6}), "").allow
    with pytest.raises(MPCError) as caught:
        manifest(("Policy", "p", {"match": {"n": {"greater": 5}}}))
    assert caught.value.code == "E_POLICY_INVALID_MATCHER"


def test_w_40_nested_policies_count() -> None:
    """Where a vocabulary lets rules stand inside another definition they are rules; ours does not let them."""
    text = 'def Role box {\n def Policy p { effect: "deny" }\n def ACL a { effect: "allow" }\n}'
    compiled = build(parse(text), META)
    assert not decide_policy(compiled, EvalContext(event={}), "").allow
    assert decide_acl(compiled, "read", "x", EvalContext()).allow


def test_w_40_nested_policies_are_refused_by_our_vocabulary(meta: DomainMeta) -> None:
    """With an error, not in silence."""
    result = check('def Role box { def Policy p { events: ["update"] } }', meta)
    assert result.compiled is None
    assert "E_META_CHILD_NOT_ALLOWED" in {d.code for d in result.diagnostics}


@pytest.mark.parametrize(
    "rule",
    [{"roles": []}, {"roles": [None]}, {"role": 5}, {"action": []}, {"action": [7]}, {"resource": ""}, {"priority": "1"},
     {"priority": True}, {"condition": 5}, {"condition": {"n": {"over": 1}}}, {"maskFields": [1]}],
)  # fmt: skip
def test_a_rule_of_another_shape_is_refused(rule: dict[str, Any]) -> None:
    """Rather than matching nobody, or everybody."""
    with pytest.raises(MPCError) as caught:
        manifest(("ACL", "a", rule))
    assert caught.value.code == "E_ACL_INVALID_RULE"


def test_compiling_checks_first(meta: DomainMeta) -> None:
    """Under our vocabulary every finding comes at once."""
    result = check('def Policy p { events: ["update"] intents: [{kind: "x"}] effect: "no" }', meta)
    assert {d.code for d in result.diagnostics} >= {"E_POLICY_INVALID_TEMPLATE", "E_META_UNKNOWN_VALUE"}
    assert result.compiled is None
    assert issubclass(ManifestInvalid, MPCError)


def test_an_unknown_action_is_shown_with_the_nearest(meta: DomainMeta) -> None:
    """A rule about `raed` would never be asked; a warning, since plugins may have actions of their own."""
    text = 'def Role r {}\ndef ACL a {\n  action: ["read", "updaet"]\n  resource: "*"\n  roles: ["r"]\n}'
    result = check(text, meta)
    found = [d for d in result.diagnostics if d.code == "E_ACL_UNKNOWN_ACTION"]
    assert [(d.severity, d.path, d.span.line if d.span else None) for d in found] == [("warning", "defs/a/action/1", 3)]
    assert found[0].hint is not None
    assert "update" in found[0].hint
    assert result.compiled is not None
