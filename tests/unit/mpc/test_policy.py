"""Policies in our words and the contract's: matching, reasons, intents, explanations; and decisions composed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import EvalContext, MPCError, decide_policy
from alm_workbench.mpc.engines.common import scope_of
from alm_workbench.mpc.engines.compose import ComposeResult, compose_decisions
from alm_workbench.mpc.engines.policy import Decision
from alm_workbench.mpc.engines.policy import denies as plainly_denies

from .rule_worlds import CONDITIONS, ITEMS, manifest, outcome
from .soak import soak


def decided(event: dict[str, Any], *policies: dict[str, Any], kind: str = "defect") -> Decision:
    compiled = manifest(*(("Policy", f"p{n}", policy) for n, policy in enumerate(policies)))
    return decide_policy(compiled, EvalContext(event=event), kind)


def fires(match: Any, event: dict[str, Any]) -> bool:
    return not decided(event, {"effect": "deny", "match": match}).allow


class TestMatching:
    @pytest.mark.parametrize(
        ("match", "event", "expected"),
        [
            ({"kind": "delete"}, {"kind": "delete"}, True),
            ({"kind": "delete"}, {"kind": "read"}, False),
            ({"kind": "delete"}, {}, False),
            ({"object.type": "x"}, {"object": {"type": "x"}}, True),
            ({"object.type": "x"}, {"object": 5}, False),
            ({"a-b": 1}, {"a-b": 1}, True),
            ({"a.b-c.d": 1}, {"a": {"b-c": {"d": 1}}}, True),
            ({"kind": None}, {}, True),
            ({"kind": None}, {"kind": "x"}, False),
            ({"n": 1}, {"n": 1.0}, True),
            ({"n": 1}, {"n": True}, False),
            ({"tags": {"eq": ["a"]}}, {"tags": ["a"]}, True),
            ({"who": {"eq": {"id": 1}}}, {"who": {"id": 1}}, True),
            ({"kind": ["a", "b"]}, {"kind": "b"}, True),
            ({"kind": ["a", "b"]}, {"kind": "c"}, False),
            ({"kind": ["a", None]}, {}, True),
            ({"kind": []}, {"kind": "a"}, False),
            ({"n": {"in": [1, 2]}}, {"n": 2}, True),
            ({"n": {"nin": [1, 2]}}, {"n": 3}, True),
            ({"n": {"nin": [1, 2]}}, {}, True),
            ({"n": {"gt": 5}}, {"n": 6}, True),
            ({"n": {"gt": 5}}, {"n": 5}, False),
            ({"n": {"gte": 5, "lt": 7}}, {"n": 5}, True),
            ({"n": {"gte": 5, "lt": 7}}, {"n": 7}, False),
            ({"n": {"lte": "b"}}, {"n": "a"}, True),
            ({"n": {"gt": 5}}, {}, False),
            ({"n": {"ne": 5}}, {}, True),
            ({"n": {"ne": 5}}, {"n": 5}, False),
            ({"n": {"exists": True}}, {"n": 0}, True),
            ({"n": {"exists": False}}, {"n": None}, True),
            ({"n": {"exists": True}}, {}, False),
            ({"n": {"gt": 5}}, {"n": "six"}, True),  # undecided: a deny rule takes the safe side
            ({"expr": "event.n > 5"}, {"n": 6}, True),
            ({"expr": {"op": ">", "left": {"ref": "event.n"}, "right": {"lit": 5}}}, {"n": 6}, True),
            ({"expr": True}, {}, True),
            ({"kind": "delete", "expr": "event.n > 5"}, {"kind": "read"}, False),
            ({"kind": "delete", "expr": "event.n > 5"}, {"kind": "delete", "n": 9}, True),
            ({}, {}, True),
            (None, {}, True),
        ],
    )
    def test_matchers(self, match: Any, event: dict[str, Any], expected: bool) -> None:
        """Dotted paths, any of a list, operators, expressions; all keys must hold."""
        assert fires(match, event) is expected

    def test_match_and_when_hold_together(self) -> None:
        """A rule may use both vocabularies."""
        rule = {"effect": "deny", "match": {"kind": "delete"}, "when": "event.n > 5"}
        assert [
            decided({"kind": kind, "n": n}, rule).allow for kind, n in (("delete", 9), ("delete", 1), ("x", 9))
        ] == [
            False,
            True,
            True,
        ]

    @pytest.mark.parametrize(
        "match",
        ["text", 5, [], {"n": {"bigger": 5}}, {"n": {}}, {"n": {"in": 5}}, {"n": {"gt": [1]}}, {"n": {"gt": True}},
         {"n": {"exists": "yes"}}, {"expr": 5}, {"expr": ["x"]}],
    )  # fmt: skip
    def test_nonsense_is_refused(self, match: Any) -> None:
        """With the registered code and the rule's name."""
        with pytest.raises(MPCError, match="Policy 'p0'") as caught:
            fires(match, {})
        assert caught.value.code == "E_POLICY_INVALID_MATCHER"

    def test_events_and_types_narrow_a_policy(self) -> None:
        """None given means any."""
        rule = {"effect": "deny", "events": ["update", "delete"], "applies_to": "defect"}
        found = [decided({"name": name}, rule, kind=kind).allow for name, kind in
                 (("update", "defect"), ("read", "defect"), ("update", "requirement"))]  # fmt: skip
        assert found == [False, True, True]
        assert not decided({}, {"effect": "deny"}, kind="whatever").allow


class TestDecisions:
    def test_reasons_of_the_deciding_side_and_of_all(self) -> None:
        """In the order of priority, then id."""
        found = decided({}, {"effect": "allow", "priority": 1}, {"effect": "deny"}, {"effect": "deny", "priority": 5})
        assert [r.rule_id for r in found.reasons] == ["p2", "p1"]
        assert [(r.rule_id, r.code) for r in found.all_reasons] == [
            ("p2", "R_POLICY_DENY"), ("p0", "R_POLICY_ALLOW"), ("p1", "R_POLICY_DENY")
        ]  # fmt: skip
        assert (found.allow, found.rule_id) == (False, "p2")

    def test_words_candidates_and_hash(self) -> None:
        """Rendered when asked for, in two languages."""
        compiled = manifest(
            ("Policy", "late", {"effect": "deny", "when": "event.n > 5"}),
            ("Policy", "kind", {"match": {"kind": "delete"}}),
            ("Policy", "odd", {"effect": "allow", "when": "event.gone > 5"}),
        )
        found = decide_policy(compiled, EvalContext(event={"n": 7, "kind": "x"}), "t")
        assert found.explain() == "denied by policy late: event.n > 5 was true: 7 > 5"
        assert found.explain("tr") == "late adlı politika reddetti: event.n > 5 doğruydu: 7 > 5"
        assert found.manifest_hash == compiled.artifact_hash
        assert {c.rule_id: c.fate for c in found.candidates} == {
            "late": "fired", "kind": "condition", "odd": "undecided"
        }  # fmt: skip
        matched = decide_policy(compiled, EvalContext(event={"n": 1, "kind": "delete"}), "t")
        assert matched.explain() == "allowed by policy kind: event.kind == 'delete' was true: 'delete' == 'delete'"
        silent = decide_policy(compiled, EvalContext(event={"n": 1}), "t")
        assert (silent.explain(), silent.span, repr(silent)) == (
            "allowed: no policy speaks about it", None, "<Decision allow by default>"
        )  # fmt: skip

    @soak(150)
    @given(
        st.lists(st.tuples(st.sampled_from([None, *CONDITIONS]), st.sampled_from(["allow", "deny"])), max_size=5), ITEMS
    )
    def test_decisions_follow_the_definition(self, rules: list[tuple[str | None, str]], item: dict[str, Any]) -> None:
        """Any deny rule that holds or is undecided denies; the plain question answers alike."""
        compiled = manifest(
            *(
                ("Policy", f"p{n}", {"effect": effect, **({"when": when} if when else {})})
                for n, (when, effect) in enumerate(rules)
            )
        )
        ctx = EvalContext(item, {"id": "u1", "roles": ["manager"], "attributes": {}}, {"name": "update"})
        scope = scope_of(compiled, ctx)
        holds = [(n, effect, outcome(when, scope)) for n, (when, effect) in enumerate(rules)]
        denying = [f"p{n}" for n, effect, found in holds if effect == "deny" and found is not False]
        allowing = [f"p{n}" for n, effect, found in holds if effect == "allow" and found is True]
        decision = decide_policy(compiled, ctx, "defect")
        assert decision.allow is not bool(denying)
        assert [r.rule_id for r in decision.reasons] == (denying or allowing)
        assert plainly_denies(compiled, "update", "defect", scope) is bool(denying)


class Given:
    """A decision to compose."""

    def __init__(self, allow: bool, *codes: str, intents: tuple[Any, ...] = ()) -> None:
        self.allow, self.reasons, self.intents = allow, codes, intents


YES, NO, QUIET = Given(True, "a"), Given(False, "d"), Given(False)


class TestCompose:
    @pytest.mark.parametrize(
        ("strategy", "decisions", "allow", "reasons"),
        [
            ("deny-wins", [YES, NO, Given(False, "d2")], False, ("d", "d2")),
            ("deny-wins", [YES, Given(True, "b", "a")], True, ("a", "b", "a")),
            ("no-such-strategy", [YES, NO], False, ("d",)),
            ("allow-wins", [NO, YES], True, ("d", "a")),
            ("allow-wins", [NO, Given(False, "x")], False, ("d", "x")),
            ("first-applicable", [QUIET, NO, YES], False, ("d",)),
            ("first-applicable", [YES, NO], True, ("a",)),
            ("first-applicable", [QUIET, QUIET], True, ()),
            ("only-one", [QUIET, NO], False, ("d",)),
            ("only-one", [QUIET], True, ()),
        ],
    )
    def test_strategies(self, strategy: str, decisions: list[Given], allow: bool, reasons: tuple[str, ...]) -> None:
        """The table of the contract."""
        found = compose_decisions(decisions, strategy)
        assert (found.allow, found.reasons) == (allow, reasons)

    @pytest.mark.parametrize("strategy", ["deny-wins", "allow-wins", "first-applicable", "only-one", "x"])
    def test_nothing_to_compose_allows(self, strategy: str) -> None:
        """Without reasons."""
        assert compose_decisions([], strategy) == ComposeResult(True)

    def test_only_one_conflicts_when_two_apply(self) -> None:
        """A denial with the one reason, and nothing to be done."""
        found = compose_decisions([Given(True, "a", intents=({"kind": "audit"},)), NO], "only-one")
        assert (found.allow, [r.code for r in found.reasons], found.intents) == (False, ["E_COMPOSE_CONFLICT"], ())

    def test_intents_are_told_apart_by_kind_target_and_key(self) -> None:
        """The first of a kind stays; a denial keeps only its own."""
        first = {"kind": "tag", "target": "x", "params": {"tags": {"a": 1}}}
        again = {"kind": "tag", "target": "x", "params": {"tags": {"b": 2}}}
        keyed = {"kind": "tag", "target": "x", "idempotencyKey": "k"}
        found = compose_decisions([Given(True, "a", intents=(first, keyed)), Given(True, "b", intents=(again, keyed))])
        assert found.intents == (first, keyed)
        grant = Given(True, "a", intents=({"kind": "grantRole", "target": "u"},))
        audit = {"kind": "audit", "target": "o"}
        assert compose_decisions([grant, Given(False, "d", intents=(audit,))]).intents == (audit,)
