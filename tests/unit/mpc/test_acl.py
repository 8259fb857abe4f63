"""Access by index, bits and generated code decides as the definition does, and explains what it decided."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import CompiledManifest, EvalContext, decide_acl
from alm_workbench.mpc.engines.acl import allows
from alm_workbench.mpc.engines.authorizer import Authorizer, authorizer_of
from alm_workbench.mpc.expr.scope import Scope

from .rule_worlds import (
    ACTIONS,
    ACTORS,
    FIELDS,
    MANIFESTS,
    ODD_ITEMS,
    TYPES,
    context,
    manifest,
    outcome,
    plainly_allowed,
)
from .soak import soak


def ctx(*roles: str, item: dict[str, Any] | None = None, **attributes: Any) -> EvalContext:
    return EvalContext(item or {}, {"id": "u1", "roles": list(roles), "attributes": attributes})


@soak(300)
@given(MANIFESTS, ACTORS, ODD_ITEMS, st.sampled_from((*ACTIONS, "other")), st.sampled_from((*TYPES, "unknown")))
def test_fast_explained_and_plain_decisions_agree(
    compiled: CompiledManifest, actor: dict[str, Any], item: dict[str, Any], action: str, kind: str
) -> None:
    """Answer, fields, masks and candidates, whatever the rules and the facts."""
    facts = context(actor, item, kind)
    authorizer = Authorizer(compiled)
    ready = authorizer.actor(EvalContext({}, actor, facts.event, facts.project))
    for field in (None, *FIELDS):
        expected = plainly_allowed(compiled, action, kind, facts, field)
        decision = authorizer.decide(ready, action, kind, facts.self_, field)
        assert authorizer.allows(ready, action, kind, facts.self_, field) is expected
        assert decision.allow is expected
        assert decide_acl(compiled, action, kind, facts, field).allow is expected
        assert allows(compiled, action, kind, facts, field) is expected
    hidden = frozenset(f for f in FIELDS if not plainly_allowed(compiled, action, kind, facts, f))
    decision = authorizer.decide(ready, action, kind, facts.self_)
    seen = authorizer.mask_plan(ready, action, kind).hidden(ready, facts.self_)
    assert (decision.mask, seen) == ((hidden, hidden) if decision.allow else (frozenset(), None))


@soak(200)
@given(MANIFESTS, ACTORS, ODD_ITEMS, st.sampled_from(ACTIONS), st.sampled_from(TYPES))
def test_every_candidate_has_its_true_fate(
    compiled: CompiledManifest, actor: dict[str, Any], item: dict[str, Any], action: str, kind: str
) -> None:
    """Roles, conditions and order, each checked by itself."""
    facts = context(actor, item, kind)
    decision = decide_acl(compiled, action, kind, facts)
    scope = Scope(facts, compiled.close_roles(actor["roles"]))
    rules = {rule.id: rule for rule in compiled.acl}
    reached = True
    for candidate in decision.candidates:
        rule = rules[candidate.rule_id]
        for_roles = not rule.roles or bool(scope.roles & set(rule.roles))
        found = outcome(rule.condition, scope)
        fires = found is True or (found is None and rule.effect == "deny")
        expected = (
            "role"
            if not for_roles
            else "not reached"
            if not reached
            else "fired"
            if fires
            else "undecided"
            if found is None
            else "condition"
        )
        assert candidate.fate == expected
        reached = reached and expected != "fired"
    fired = [candidate.rule_id for candidate in decision.candidates if candidate.fate == "fired"]
    assert fired == ([decision.rule_id] if decision.rule_id else [])
    assert decision.explain("en")
    assert decision.explain("tr")
    assert decision.reasons[0].rule_id == decision.rule_id


def test_a_decision_carries_rule_hash_place_and_words() -> None:
    """In both languages; unknown languages get English."""
    compiled = manifest(
        ("ACL", "read_all", {"action": "read", "resource": "*", "roles": ["viewer"]}),
        ("ACL", "not_done", {"action": "*", "condition": "self.state == 'done'", "effect": "deny", "priority": 5}),
        ("ACL", "hides", {"action": "read", "resource": "defect", "roles": ["viewer"], "mask": ["note"]}),
    )
    denied = decide_acl(compiled, "read", "requirement", ctx("viewer", item={"state": "done"}))
    assert (denied.allow, denied.rule_id, denied.manifest_hash) == (False, "not_done", compiled.artifact_hash)
    assert denied.explain() == "denied by access rule not_done: self.state == 'done' was true: 'done' == 'done'"
    assert denied.explain("de") == denied.explain("en")
    assert denied.explain("tr") == (
        "not_done adlı erişim kuralı reddetti: self.state == 'done' doğruydu: 'done' == 'done'"
    )
    assert denied.reasons[0].values == {"self.state": "done"}
    allowed = decide_acl(compiled, "read", "requirement", ctx("engineer", item={"state": "open"}))
    assert allowed.explain() == "allowed by access rule read_all: for the role viewer"
    assert [(c.rule_id, c.fate) for c in allowed.candidates] == [("not_done", "condition"), ("read_all", "fired")]
    nothing = decide_acl(compiled, "delete", "requirement", ctx(item={"state": "open"}))
    assert nothing.explain() == "denied: no access rule lets no role delete requirement"
    assert nothing.explain("tr").startswith("reddedildi: rolü olmayan için requirement")
    assert (nothing.rule_id, nothing.span) == (None, None)


def test_a_hidden_field_says_which_rule_hides_it() -> None:
    """The reason is R_ACL_MASKED, and the whole item's mask says the same."""
    compiled = manifest(("ACL", "hides", {"action": "read", "roles": ["viewer"], "mask": ["note"]}))
    found = decide_acl(compiled, "read", "defect", ctx("viewer"), "note")
    assert (found.allow, found.reasons[0].code, found.rule_id) == (False, "R_ACL_MASKED", "hides")
    assert found.explain() == "the field 'note' is hidden by access rule hides: for the role viewer"
    assert decide_acl(compiled, "read", "defect", ctx("viewer")).mask == {"note"}


def test_a_field_that_a_stronger_rule_opens_is_not_masked() -> None:
    """Mask and single question agree."""
    compiled = manifest(
        ("ACL", "hides", {"action": "read", "roles": ["viewer"], "mask": ["note", "cost"]}),
        ("ACL", "opens", {"action": "read", "resource": "defect.note", "roles": ["viewer"], "priority": 9}),
    )
    assert decide_acl(compiled, "read", "defect", ctx("viewer")).mask == {"cost"}
    assert decide_acl(compiled, "read", "defect", ctx("viewer"), "note").allow


def test_masks_are_cut_from_documents() -> None:
    """Constant ones, those that depend on the item, and items that may not be seen at all."""
    compiled = manifest(
        ("ACL", "reads", {"action": "read", "roles": ["viewer"], "condition": "self.state != 'secret'"}),
        ("ACL", "cost", {"action": "read", "resource": "*.cost", "effect": "deny", "priority": 5}),
        (
            "ACL",
            "note",
            {"action": "read", "resource": "defect.note", "effect": "deny", "priority": 5, "condition": "self.n > 3"},
        ),
    )
    authorizer = authorizer_of(compiled)
    actor = authorizer.actor(ctx("viewer"))
    plan = authorizer.mask_plan(actor, "read", "defect")
    fields = {"note": 1, "cost": 2, "text": 3}
    assert plan.always == {"cost"}
    assert not plan.constant
    assert plan.apply(actor, fields, {"state": "open", "n": 1}) == {"note": 1, "text": 3}
    assert plan.apply(actor, fields, {"state": "open", "n": 4}) == {"text": 3}
    assert plan.apply(actor, fields, {"state": "secret", "n": 1}) is None
    assert fields == {"note": 1, "cost": 2, "text": 3}
    owner = manifest(("ACL", "all", {"roles": ["owner"]}))
    boss = authorizer_of(owner).actor(ctx("owner"))
    everything = authorizer_of(owner).mask_plan(boss, "read", "defect")
    assert (everything.constant, everything.apply(boss, fields)) == (True, fields)
    assert authorizer_of(owner).mask_plan(authorizer_of(owner).actor(ctx()), "read", "x").apply(boss, fields) is None


def test_one_actor_asks_about_many_items_with_their_own_functions() -> None:
    """`with_functions` leaves the actor as it was."""
    compiled = manifest(("ACL", "linked", {"action": "read", "condition": "linkCount(self, 'x') > 0"}))
    authorizer = authorizer_of(compiled)
    actor = authorizer.actor(ctx())
    linked = actor.with_functions({"linkCount": lambda *_: 1})
    assert authorizer.allows(linked, "read", "defect", {})
    assert not authorizer.allows(actor, "read", "defect", {})
    assert linked.roles == actor.roles == frozenset()


def test_the_index_is_part_of_the_artefact_and_older_artefacts_load() -> None:
    """With it, without it, pickled after use: the same decisions."""
    compiled = manifest(
        ("ACL", "a", {"action": ["read", "update"], "resource": ["defect", "*.cost"], "roles": ["manager"]}),
        ("Policy", "p", {"events": ["update"], "applies_to": ["defect"], "effect": "deny"}),
    )
    assert compiled.rules is not None
    assert compiled.rules.roles["owner"] == ("engineer", "manager", "owner", "viewer")
    assert compiled.rules.acl == {
        "read": {"defect": (0,), "*.cost": (0,)},
        "update": {"defect": (0,), "*.cost": (0,)},
    }
    assert compiled.rules.policies == {"update": {"defect": (0,)}}
    data = json.loads(json.dumps(compiled.to_data()))
    assert CompiledManifest.from_data(data) == compiled
    del data["rules"]
    older = CompiledManifest.from_data(data)
    assert older.rules is None
    for found in (compiled, older, pickle.loads(pickle.dumps(compiled))):
        assert decide_acl(found, "read", "defect", ctx("owner")).allow
        assert not decide_acl(found, "read", "requirement", ctx("owner")).allow


@pytest.mark.parametrize("roles", [None, 5, "manager", ["manager", 7, None, ["x"]]])
def test_odd_roles_are_no_roles(roles: Any) -> None:
    """A text is not a list of roles; what is no text in a list is passed over."""
    compiled = manifest(("ACL", "a", {"roles": ["manager"]}))
    allowed = decide_acl(compiled, "read", "defect", EvalContext({}, {"roles": roles})).allow
    assert allowed is isinstance(roles, list)


def test_memory_stays_bounded_whatever_is_asked() -> None:
    """Actions and types come from outside: a flood of unknown ones must not stay."""
    authorizer = Authorizer(manifest(("ACL", "a", {"action": "read", "roles": ["viewer"], "mask": ["x"]})))
    actor = authorizer.actor(ctx("viewer"))
    for number in range(25_000):
        assert not authorizer.allows(actor, f"act{number}", "defect")
    assert len(authorizer.actor(ctx("viewer")).cells) < 20_001
    assert authorizer.allows(authorizer.actor(ctx("viewer")), "read", "defect")
