"""Rules that never match, never decide, say nothing new or contradict each other: found, and found to be so."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import DomainMeta, EvalContext, check, decide_acl, decide_policy, parse
from alm_workbench.mpc.analysis import condition_of
from alm_workbench.mpc.compile import build

from .conftest import META_DIR
from .soak import soak

WORLD = """def Role dev { privileges: ["artifact:read"] }
def Role lead { privileges: ["artifact:read"] }
def Workflow flow { initial: "open" states: ["open", {id: "done", category: "done"}]
  transitions: [{id: "go", from: "open", to: "done"}] }
def ArtifactType story { workflow: "flow" def FieldDef size { type: "int" } }
def ArtifactType task { workflow: "flow" def FieldDef size { type: "int" } }
"""


def findings(meta: DomainMeta, rules: str) -> list[tuple[str, str, str | None]]:
    """Code, the rule it is about, and the rule that explains it."""
    text = WORLD + rules
    result = check(text, meta)
    assert result.ok, result.diagnostics
    named = {(d.id, d.source.id_span().start): d.id for d in parse(text).defs if d.source}
    by_start = {start: id_ for (id_, start) in named}
    found = []
    for d in result.diagnostics:
        assert d.path is not None
        other = by_start[d.related[0].span.start] if d.related else None
        found.append((d.code, d.path.split("/")[1], other))
    return found


ACL = "def ACL {id} {{ action: {action} resource: {resource} {rest} }}\n"


def acl(id: str, action: str = '"read"', resource: str = '"story"', rest: str = "") -> str:
    return ACL.format(id=id, action=action, resource=resource, rest=rest)


class TestAccess:
    @pytest.mark.parametrize(
        ("rules", "expected"),
        [
            # Shadowed: a rule asked before covers action, resource, roles and condition.
            (acl("wide", '"*"', '"*"', "priority: 5") + acl("late"), [("E_RULE_SHADOWED", "late", "wide")]),
            (acl("a", rest='effect: "deny" priority: 5') + acl("b", resource='"story.size"'), [("E_RULE_SHADOWED", "b", "a")]),
            (acl("a", rest='effect: "deny"') + acl("b", rest='roles: ["dev"]'), [("E_RULE_SHADOWED", "b", "a")]),
            (acl("a", '["read", "update"]', rest='priority: 2 roles: ["dev", "lead"]')
             + acl("b", '"update"', rest='roles: ["lead"] effect: "deny"'), [("E_RULE_SHADOWED", "b", "a")]),
            (acl("a", rest='priority: 2 condition: "self.fields.size > 1"')
             + acl("b", rest='condition: "self.fields.size > 1 and self.state == \'open\'"'), [("E_RULE_SHADOWED", "b", "a")]),
            # Not shadowed: something is left for the later rule.
            (acl("a", '["read", "update"]', rest="priority: 5") + acl("b", '["read", "delete"]'), []),
            (acl("a", rest='priority: 5 roles: ["dev"]') + acl("b"), []),
            (acl("a", resource='"story.size"', rest="priority: 5") + acl("b"), []),
            (acl("a", rest='priority: 5 condition: "self.fields.size > 1"') + acl("b"), []),
            (acl("a", rest="priority: 1") + acl("b", resource='"*"', rest="priority: 5 roles: [\"dev\"]"), []),
            # An undecided condition denies in the later rule and does not allow in the earlier one.
            (acl("a", rest='priority: 5 condition: "self.fields.size > 1"')
             + acl("b", rest='effect: "deny" condition: "self.fields.size > 1"'), []),
            # Redundant: another rule of the same effect and priority says it already.
            (acl("a") + acl("b", rest='roles: ["dev"]'), [("E_RULE_REDUNDANT", "b", "a")]),
            (acl("narrow", rest='roles: ["dev"]') + acl("z"), [("E_RULE_REDUNDANT", "narrow", "z")]),
            (acl("a") + acl("b"), [("E_RULE_REDUNDANT", "b", "a")]),
            # A mask is the intersection of all that match, so an unmasked rule is not redundant.
            (acl("a", rest='mask: ["size"]') + acl("b", rest='roles: ["dev"]'), []),
            (acl("a") + acl("b", rest='roles: ["dev"] mask: ["size"]'), [("E_RULE_REDUNDANT", "b", "a")]),
            # Conflicts: one priority, one condition, some things in common.
            (acl("a", '["read", "update"]', rest='effect: "deny"') + acl("b", '["update", "delete"]'), [("E_RULE_CONFLICT", "b", "a")]),
            (acl("a", '"*"', rest='effect: "deny" roles: ["dev"]') + acl("b", rest='roles: ["dev", "lead"]'), [("E_RULE_CONFLICT", "b", "a")]),
            (acl("a", '["read", "update"]', rest='effect: "deny" priority: 1') + acl("b", '["update", "delete"]'), []),
            # A rule by itself.
            (acl("a", rest="roles: []"), [("E_RULE_FOR_EVERYONE", "a", None)]),
            (acl("a", rest='condition: "self.state == \'open\' and self.state == \'done\'"'), [("E_RULE_DEAD", "a", None)]),
            (acl("a", "[]"), [("E_RULE_DEAD", "a", None)]),
        ],
    )  # fmt: skip
    def test_what_is_found(self, meta: DomainMeta, rules: str, expected: list[tuple[str, str, str | None]]) -> None:
        """Each with the rule that explains it."""
        assert findings(meta, rules) == expected


POLICY = 'def Policy {id} {{ events: ["update"] {rest} }}\n'


def policy(id: str, rest: str = "") -> str:
    return POLICY.format(id=id, rest=rest)


class TestPolicies:
    @pytest.mark.parametrize(
        ("rules", "expected"),
        [
            # Any denial beats every allowance, whatever the priorities.
            (policy("a") + policy("b", 'effect: "allow" priority: 9'), [("E_RULE_SHADOWED", "b", "a")]),
            (policy("a", 'applies_to: "story"') + policy("b", 'effect: "allow"'), []),
            (policy("a", 'when: "self.title == null"')
             + policy("b", 'effect: "allow" when: "self.title == null and self.key == \'k\'"'), [("E_RULE_SHADOWED", "b", "a")]),
            (policy("a") + policy("b", 'applies_to: "story"'), [("E_RULE_REDUNDANT", "b", "a")]),
            # Two denials that say different things to people are both of use.
            (policy("a", 'message: "one"') + policy("b", 'message: "two"'), []),
            (policy("a", 'applies_to: ["story"]') + policy("b", 'applies_to: ["story", "task"] effect: "allow"'), [("E_RULE_CONFLICT", "b", "a")]),
            (policy("a", 'when: "1 > 2"'), [("E_RULE_DEAD", "a", None)]),
            (policy("a", 'when: "not true"'), [("E_RULE_DEAD", "a", None)]),
            (policy("a", 'when: "1 < 2"') + policy("b", 'effect: "allow"'), [("E_RULE_SHADOWED", "b", "a")]),
        ],
    )  # fmt: skip
    def test_what_is_found(self, meta: DomainMeta, rules: str, expected: list[tuple[str, str, str | None]]) -> None:
        """Each with the rule that explains it."""
        assert findings(meta, rules) == expected


@pytest.mark.parametrize(
    ("text", "parts", "constant"),
    [
        ("a == 1 and b", ("a == 1", "b"), None),
        ("(a and b) and c", ("a", "b", "c"), None),
        ("a or false", ("a or false",), None),
        ("true or a", None, None),
        ("a or true", ("a or true",), None),
        ("false and a", ("false", "a"), False),
        ("a == 'x' and a == 'y'", ("a == 'x'", "a == 'y'"), False),
        ("a == 'x' and 'x' != a", ("a == 'x'", "'x' != a"), False),
        ("a == 1 and a == 1.0", ("a == 1", "a == 1.0"), None),
        ("a == 'x' and b == 'y'", ("a == 'x'", "b == 'y'"), None),
        ("1 == 1", None, None),
        ("'a' < 'b' and not false", None, None),
        ("1 >= 2 or false", ("1 >= 2 or false",), False),
        ("a ===", ("a ===",), None),
    ],
)
def test_conditions(text: str, parts: tuple[str, ...] | None, constant: bool | None) -> None:
    """Parts of a conjunction, constants, contradictions; what always holds is no condition."""
    found = condition_of(text)
    assert (None if found is None else found.parts) == parts
    assert (None if found is None else found.constant) == constant


def rule_lists(kind: str) -> st.SearchStrategy[list[str]]:
    conditions = st.sampled_from(
        ["", "self.fields.size > 1", "self.fields.size > 1 and self.state == 'open'", "self.state == 'open'"]
    )
    types = st.sampled_from(['"*"', '"story"', '["story", "task"]', '"task"', '"story.size"'])
    effects, priorities = st.sampled_from(["allow", "deny"]), st.integers(0, 2)
    if kind == "ACL":
        made = st.builds(
            lambda action, type_, roles, condition, effect, priority: acl(
                "{id}", action, type_, f'{roles} effect: "{effect}" priority: {priority}' + (f' condition: "{condition}"' if condition else "")
            ),
            st.sampled_from(['"*"', '"read"', '["read", "update"]']), types,
            st.sampled_from(["", 'roles: ["dev"]', 'roles: ["dev", "lead"]']), conditions, effects, priorities,
        )  # fmt: skip
    else:
        made = st.builds(
            lambda events, type_, condition, effect, priority: (
                f'def Policy {{id}} {{ events: {events} applies_to: {type_} effect: "{effect}" priority: {priority}'
                + (f' when: "{condition}"' if condition else "") + " }\n"
            ),
            st.sampled_from(['["update"]', '["update", "create"]']),
            st.sampled_from(['["story"]', '["story", "task"]', '["task"]', "[]"]), conditions, effects, priorities,
        )  # fmt: skip
    return st.lists(made, min_size=2, max_size=6)


def decisions(meta: DomainMeta, kind: str, rules: list[str]) -> list[Any]:
    """Whether each of many requests is allowed, and what stays hidden."""
    compiled = build(parse(WORLD + "".join(rules)), meta)
    found: list[Any] = []
    for roles, size, state, type_ in product(
        ([], ["dev"], ["lead"]), (None, 1, 2), ("open", "done"), ("story", "task")
    ):
        item = {"state": state, "fields": {"size": size}}
        for name in ("read", "update", "create"):
            ctx = EvalContext(item, actor={"id": "u", "roles": roles}, event={"name": name})
            if kind == "ACL":
                for field in (None, "size"):
                    answer = decide_acl(compiled, name, type_, ctx, field)
                    found.append((answer.allow, answer.mask))
            else:
                found.append(decide_policy(compiled, ctx, type_).allow)
    return found


worlds = st.one_of([st.tuples(st.just(kind), rule_lists(kind)) for kind in ("ACL", "Policy")])


@soak(120)
@given(world=worlds)
def test_a_rule_found_superfluous_can_be_left_out(meta: DomainMeta, world: tuple[str, list[str]]) -> None:
    """Dead, shadowed and redundant rules change no decision: each is left out, and every request is asked again."""
    kind, rules = world[0], [text.replace("{id}", f"r{number}") for number, text in enumerate(world[1])]
    superfluous = {
        d.path.split("/")[1]
        for d in check(WORLD + "".join(rules), meta).diagnostics
        if d.code in ("E_RULE_DEAD", "E_RULE_SHADOWED", "E_RULE_REDUNDANT") and d.path
    }
    before = decisions(meta, kind, rules)
    for id_ in superfluous:
        rest = [text for number, text in enumerate(rules) if f"r{number}" != id_]
        assert decisions(meta, kind, rest) == before, id_


class TestUnused:
    def test_what_nobody_uses_is_mentioned(self, meta: DomainMeta) -> None:
        """A workflow without a type, an enumeration without a field, a role that grants nothing."""
        text = WORLD + acl("a", rest='roles: ["dev"]')
        text += 'def EnumDef e { values: ["x"] }\ndef Role nobody {}\n'
        text += 'def Workflow spare { initial: "a" states: ["a"] transitions: [] }\n'
        found = {d.message: d.severity for d in check(text, meta).diagnostics if d.code == "E_VALID_UNUSED"}
        assert {message.split("'")[1] for message in found} == {"e", "nobody", "spare"}
        assert set(found.values()) == {"info"}

    @pytest.mark.parametrize(
        "use",
        [
            'def Policy p { events: ["update"] when: "hasRole(\'nobody\')" }',
            'def Policy p { events: ["update"] when: "\'nobody\' in actor.roles" }',
            'def ACL b { action: "read" resource: "*" roles: ["nobody"] priority: 3 }',
            'def Role other { implies: ["nobody"] }',
            'def Role other { extends: "nobody" privileges: ["*"] }',
        ],
    )
    def test_every_kind_of_use_counts(self, meta: DomainMeta, use: str) -> None:
        """A role asked for in an expression, a rule, another role."""
        text = WORLD + acl("a", rest='roles: ["dev"]') + "def Role nobody {}\n" + use
        assert [d for d in check(text, meta).diagnostics if "nobody" in d.message] == []

    def test_a_library_is_not_unused(self, meta: DomainMeta) -> None:
        """Definitions for others to import: nothing in the manifest could use them."""
        assert check('def EnumDef e { values: ["x"] }\ndef Role r {}', meta).diagnostics == ()


@pytest.mark.parametrize("path", sorted(META_DIR.glob("**/*.alm")), ids=lambda p: p.stem)
def test_the_shipped_processes_raise_no_alarm(meta: DomainMeta, path: Any) -> None:
    """Not even one for information."""
    assert check(path.read_text("utf-8"), meta).diagnostics == ()
