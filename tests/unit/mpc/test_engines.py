"""Decisions: transitions, policies, access. What cannot be decided is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm_workbench.mpc import (
    CompiledManifest,
    DomainMeta,
    EvalContext,
    check,
    decide_acl,
    decide_policy,
    decide_transition,
    permitted,
)

COUNTS = {"linkCount": lambda *_: 0, "openTaskCount": lambda *_: 0, "linkedTaskCount": lambda *_: 0}


def ctx(role: str = "engineer", *, who: str = "u1", event: dict[str, Any] | None = None, **item: Any) -> EvalContext:
    base = {"title": "Braking distance", "created_by": "author", "fields": {"text": "shall"}, **item}
    return EvalContext(base, {"id": who, "roles": [role]}, event or {}, {"status": "active"}, functions=COUNTS)


def build(meta: DomainMeta, text: str) -> CompiledManifest:
    compiled = check(text, meta).compiled
    assert compiled is not None, [str(d) for d in check(text, meta).diagnostics]
    return compiled


class TestTransitions:
    def test_permitted_lists_every_step_with_its_verdict(self, safety: CompiledManifest) -> None:
        """In declaration order, allowed or not."""
        found = permitted(safety, "requirement", "draft", ctx())
        assert [(v.transition.id, v.allowed) for v in found] == [("start", True), ("submit", True), ("reject", False)]

    def test_roles_are_closed_over_what_they_imply(self, safety: CompiledManifest) -> None:
        """An owner may do what an engineer may; a viewer may not."""
        assert decide_transition(safety, "requirement", "draft", "start", ctx("owner")).allowed
        verdict = decide_transition(safety, "requirement", "draft", "start", ctx("viewer"))
        assert (verdict.allowed, verdict.code) == (False, "R_WF_AUTH_DENIED")
        assert "one of engineer is needed, actor has viewer" in verdict.reasons[0].message

    def test_a_failed_guard_says_which_leaf_with_which_values(self, safety: CompiledManifest) -> None:
        """The reason names rule, place and values."""
        verdict = decide_transition(safety, "requirement", "draft", "submit", ctx(title="Short"))
        reason = verdict.reasons[0]
        assert (reason.code, reason.rule_id, reason.values) == ("R_WF_GUARD_FAIL", "submit", {"self.title": "Short"})
        assert reason.message == "Guard failed for 'submit': len(self.title) > 10 was false: 5 > 10"
        assert reason.span is not None
        assert reason.span.line > 100

    def test_a_guard_that_cannot_be_decided_fails(self, safety: CompiledManifest) -> None:
        """A function nobody implements refuses the step."""
        context = EvalContext({"title": "x", "created_by": "a"}, {"id": "u", "roles": ["engineer"]})
        verdict = decide_transition(safety, "requirement", "approved", "implement", context)
        assert (verdict.allowed, verdict.code) == (False, "R_EXPR_UNDECIDED")

    def test_requires_names_missing_fields(self, safety: CompiledManifest) -> None:
        """Spaces are no value; a value in the item or the event's fields is."""
        verdict = decide_transition(
            safety, "requirement", "review", "rework", ctx("reviewer", fields={"rationale": "  "})
        )
        assert verdict.code == "R_WF_REQUIRES"
        assert "Rationale" in verdict.reasons[0].message
        good = ctx("reviewer", fields={"rationale": "unclear"})
        assert decide_transition(safety, "requirement", "review", "rework", good).allowed

    @pytest.mark.parametrize(
        ("who", "created_by", "allowed", "code"),
        [("u1", "u2", True, None), ("u1", "u1", False, "R_WF_NOT_ACTOR"), ("u1", None, False, "R_EXPR_UNDECIDED")],
    )
    def test_not_actor_author(
        self, safety: CompiledManifest, who: str, created_by: str | None, allowed: bool, code: str | None
    ) -> None:
        """The author cannot approve; an unknown author refuses too."""
        verdict = decide_transition(
            safety, "requirement", "review", "approve", ctx("reviewer", who=who, created_by=created_by)
        )
        assert (verdict.allowed, verdict.code) == (allowed, code)

    def test_not_actor_last_actor(self, safety: CompiledManifest) -> None:
        """Whoever took the last step cannot take this one; before any step that is the author."""
        for last, who, allowed in [("u1", "u1", False), ("u2", "u1", True), (None, "author", False)]:
            verdict = decide_transition(
                safety, "defect", "in_review", "resolve", ctx("reviewer", who=who, last_actor=last)
            )
            assert verdict.allowed is allowed

    def test_an_unknown_transition_names_the_permitted_ones(self, safety: CompiledManifest) -> None:
        """And suggests the nearest."""
        verdict = decide_transition(safety, "requirement", "draft", "submti", ctx())
        assert (verdict.allowed, verdict.code) == (False, "E_WF_UNKNOWN_TRANSITION")
        assert verdict.permitted == ("start", "submit")
        assert verdict.reasons[0].message.startswith("No transition 'submti' defined from state 'draft'")
        assert "did you mean 'submit'?" in verdict.reasons[0].message

    def test_guarded_alternatives_of_one_event_are_tried_in_order(self, meta: DomainMeta) -> None:
        """The first whose guard holds is taken."""
        compiled = build(
            meta,
            'def ArtifactType t { workflow: "w" def FieldDef n { type: "int" } }\n'
            'def Workflow w { initial: "a" states: ["a", "big", "small"] transitions: ['
            '{id: "x", from: "a", to: "big", on: "go", guard: "self.fields.n > 100"},'
            '{id: "y", from: "a", to: "small", on: "go", guard: "self.fields.n <= 100"}] }',
        )
        verdict = decide_transition(compiled, "t", "a", "go", ctx(fields={"n": 5}))
        assert (verdict.allowed, verdict.transition.to) == (True, "small")

    def test_a_step_of_a_parent_state_is_open_to_its_children(self, meta: DomainMeta) -> None:
        """Composite states hand their steps down."""
        compiled = build(
            meta,
            'def ArtifactType t { workflow: "w" }\n'
            'def Workflow w { initial: "c" states: ["p", {id: "c", parent: "p"}, "z"] '
            'transitions: [{id: "out", from: "p", to: "z"}] }',
        )
        assert decide_transition(compiled, "t", "c", "out", ctx()).allowed

    @settings(max_examples=150, deadline=None)
    @given(
        item=st.dictionaries(
            st.sampled_from(["title", "fields", "state", "created_by", "last_actor", "type"]),
            st.none()
            | st.integers()
            | st.text(max_size=3)
            | st.lists(st.integers())
            | st.dictionaries(st.text(), st.none()),
        ),
        actor=st.dictionaries(
            st.sampled_from(["id", "roles"]), st.none() | st.lists(st.text()) | st.text() | st.integers()
        ),
        state=st.text(max_size=3) | st.sampled_from(["draft", "review", "approved"]),
    )
    def test_decisions_never_raise_and_never_allow_by_accident(
        self, safety: CompiledManifest, item: dict[str, Any], actor: dict[str, Any], state: str
    ) -> None:
        """Odd facts refuse: no role of this process among them, so nothing is allowed."""
        context = EvalContext(item, {k: v for k, v in actor.items() if k == "id" or isinstance(v, list)})
        for kind in ("requirement", "nothing"):
            assert not any(v.allowed for v in permitted(safety, kind, state, context))
            assert not decide_transition(safety, kind, state, "approve", context).allowed
            assert not decide_acl(safety, "update", kind, context).allow
            decide_policy(safety, context, kind)


class TestPolicies:
    def test_deny_wins_and_speaks_both_languages(self, safety: CompiledManifest) -> None:
        """The reason carries rule, place, values and the author's words."""
        context = ctx("manager", event={"name": "transition", "to": "verified"})
        found = decide_policy(safety, context, "requirement")
        assert (found.allow, found.rule_id) == (False, "no_unverified_close")
        assert found.reasons[0].labels["tr"] == "Önce en az bir doğrulama bağlayın"
        assert "linkCount(self, 'verified_by') == 0 was true: 0 == 0" in found.reasons[0].message
        assert found.reasons[0].values == {"event.to": "verified"}

    def test_nothing_matching_allows(self, safety: CompiledManifest) -> None:
        """Policies forbid; silence permits."""
        found = decide_policy(safety, ctx(event={"name": "comment"}), "requirement")
        assert (found.allow, found.reasons, found.rule_id) == (True, (), None)

    def test_allow_rules_bring_intents_and_denied_events_lose_them(
        self, meta: DomainMeta, safety: CompiledManifest
    ) -> None:
        """Intents of an allowing rule do not survive a denial."""
        found = decide_policy(safety, ctx(event={"name": "transition", "to": "failed"}), "test_case")
        assert (found.allow, [(i["kind"], i["target"]) for i in found.intents]) == (True, [("notify", "role:engineer")])
        assert found.intents[0]["params"]["template"] == "test_failed"
        both = build(
            meta,
            'def Policy a { events: ["update"] effect: "allow" intents: [{kind: "grantRole", target: "x"}] }\n'
            'def Policy b { events: ["update"] intents: [{kind: "audit", target: "y"}] }',
        )
        found = decide_policy(both, ctx(event={"name": "update"}), "t")
        assert (found.allow, [i["kind"] for i in found.intents]) == (False, ["audit"])

    def test_an_undecided_deny_rule_denies_and_an_undecided_allow_rule_is_silent(self, meta: DomainMeta) -> None:
        """When in doubt, no."""
        for effect, allow in (("deny", False), ("allow", True)):
            compiled = build(
                meta, f'def Policy p {{ events: ["update"] when: "self.rank > \'a\'" effect: "{effect}" }}'
            )
            found = decide_policy(compiled, ctx(event={"name": "update"}), "t")
            assert found.allow is allow
            assert [r.code for r in found.reasons] == ([] if allow else ["R_EXPR_UNDECIDED"])


class TestAccess:
    @pytest.mark.parametrize("role", ["owner", "admin"])
    @pytest.mark.parametrize("action", ["read", "create", "delete", "whatever"])
    def test_owners_and_admins_do_everything_unmasked(self, safety: CompiledManifest, role: str, action: str) -> None:
        """No mask, no refusal, for every type."""
        for kind in safety.types:
            found = decide_acl(safety, action, kind, ctx(role, state="approved"))
            assert (found.allow, found.mask) == (True, frozenset())

    def test_viewers_read_with_masks_and_nothing_else(self, safety: CompiledManifest) -> None:
        """Sensitive fields are hidden, writing is refused with a reason."""
        found = decide_acl(safety, "read", "requirement", ctx("viewer"))
        assert (found.allow, found.rule_id) == (True, "viewers_read")
        assert {"hazard_note", "customer_note", "cost_estimate"} <= found.mask
        refused = decide_acl(safety, "update", "requirement", ctx("viewer"))
        assert (refused.allow, refused.reasons[0].code) == (False, "R_ACL_DENY_ROLE")
        assert "viewer" in refused.reasons[0].message

    def test_field_rules_join_the_mask(self, safety: CompiledManifest) -> None:
        """A denied field is masked for those it is denied to."""
        assert decide_acl(safety, "read", "change_request", ctx("engineer")).mask == {"cost_estimate"}
        assert decide_acl(safety, "read", "change_request", ctx("manager")).mask == frozenset()
        assert not decide_acl(safety, "read", "change_request", ctx("engineer"), field="cost_estimate").allow
        assert decide_acl(safety, "read", "change_request", ctx("engineer"), field="text").allow

    def test_conditions_hold_together_with_roles(self, safety: CompiledManifest) -> None:
        """An engineer deletes a draft of their own, not another's."""
        own = ctx("engineer", created_by="u1", state="draft")
        assert decide_acl(safety, "delete", "requirement", own).allow
        assert not decide_acl(safety, "delete", "requirement", ctx("engineer", state="draft")).allow
        assert not decide_acl(safety, "update", "requirement", ctx("engineer", state="approved"), field="asil").allow
        assert decide_acl(safety, "update", "requirement", ctx("engineer", state="draft"), field="asil").allow

    def test_deny_beats_allow_at_one_priority_and_priority_beats_deny(self, meta: DomainMeta) -> None:
        """Order: priority, then deny, then id."""
        for priority, allow in ((0, False), (1, True)):
            compiled = build(
                meta,
                f'def Role r {{}} def ACL a {{ action: "read" resource: "*" roles: ["r"] priority: {priority} }}\n'
                'def ACL b { action: "*" resource: "*" effect: "deny" }',
            )
            assert decide_acl(compiled, "read", "t", ctx("r")).allow is allow

    def test_masks_of_equal_rules_add_up_for_the_reader(self, safety: CompiledManifest) -> None:
        """Someone who is engineer and reviewer sees what the engineer sees."""
        both = EvalContext({}, {"id": "u", "roles": ["engineer", "reviewer"]})
        assert decide_acl(safety, "read", "defect", both).mask == frozenset()
        assert decide_acl(safety, "read", "defect", EvalContext({}, {"id": "u", "roles": ["reviewer"]})).mask == {
            "customer_note"
        }

    def test_an_empty_process_allows_nothing(self) -> None:
        """Deny by default."""
        compiled = build(DomainMeta(), "")
        assert not decide_acl(compiled, "read", "t", ctx("owner")).allow
