"""What is wrong with a manifest, and exactly where."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm_workbench.mpc import CompiledManifest, Diagnostic, DomainMeta, check, parse
from alm_workbench.mpc.imports import Edition, MemoryLibrary

FLOW = """def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
"""
TYPE = 'def ArtifactType item { workflow: "flow" def FieldDef size { type: "int" } def FieldDef kind_of { type: "choice" choices: ["a", "b"] } }\n'


def only(text: str, meta: DomainMeta) -> tuple[Diagnostic, str]:
    """The only finding, and the text it marks."""
    found = check(text, meta).diagnostics
    assert len(found) == 1, [str(d) for d in found]
    span = found[0].span
    assert span is not None
    return found[0], text[span.start : span.end]


class TestStructure:
    @pytest.mark.parametrize(
        ("text", "code", "marked", "hint"),
        [
            ("def Polcy p {}", "E_META_UNKNOWN_KIND", "Polcy", "Policy"),
            ("def EnumDef e {}", "E_META_MISSING_REQUIRED_FIELD", "e", None),
            ("def Role r { prvileges: [] }", "E_META_UNKNOWN_PROPERTY", "prvileges", "privileges"),
            ('def Role r { implies: "x" }', "E_META_TYPE_NOT_ALLOWED", '"x"', None),
            ('def Role r { privileges: ["Artifact Create"] }', "E_META_UNKNOWN_VALUE", '"Artifact Create"', None),
            ('def Role r { labels: {english: "x"} }', "E_META_TYPE_NOT_ALLOWED", "english", None),
            (
                'def EnumDef e { values: [{labels: {en: "x"}}] }',
                "E_META_MISSING_REQUIRED_FIELD",
                '{labels: {en: "x"}}',
                None,
            ),
            ('def EnumDef e { values: [{id: "x", colour: "red"}] }', "E_META_UNKNOWN_PROPERTY", "colour", "color"),
            ('def FieldDef f { type: "int" }', "E_META_CHILD_NOT_ALLOWED", "FieldDef", None),
            ("def Role r { def Role s {} }", "E_META_CHILD_NOT_ALLOWED", "Role", "top level"),
        ],
    )
    def test_findings_mark_the_part_that_is_wrong(
        self, meta: DomainMeta, text: str, code: str, marked: str, hint: str | None
    ) -> None:
        """Kind, id, key or value: the mark is as small as the mistake."""
        found, part = only(text, meta)
        assert (found.code, part) == (code, marked)
        assert hint is None or hint in (found.hint or "")

    def test_unknown_enum_value_and_event(self, meta: DomainMeta) -> None:
        """Listed values are checked with a suggestion."""
        found, part = only(FLOW.replace('"todo"', '"tod"'), meta)
        assert (found.code, part, found.hint) == ("E_META_UNKNOWN_VALUE", '"tod"', "did you mean 'todo'?")
        found, part = only('def Policy p { events: ["updte"] }', meta)
        assert (part, found.hint) == ('"updte"', "did you mean 'update'?")

    def test_a_bad_pattern_is_found(self, meta: DomainMeta) -> None:
        """Patterns are RE2: no look-ahead, no back-references."""
        text = FLOW + 'def ArtifactType t { workflow: "flow" def FieldDef f { type: "string" pattern: "(?=x)" } }'
        assert only(text, meta)[0].code == "E_EXPR_INVALID_REGEX"

    def test_fields_make_sense(self, meta: DomainMeta) -> None:
        """A choice needs choices, a default must be one of them, a limit needs a kind that has one."""
        for field, code in [
            ('type: "choice"', "E_META_MISSING_REQUIRED_FIELD"),
            ('type: "choice" choices: ["a"] default: "b"', "E_META_UNKNOWN_VALUE"),
            ('type: "bool" max: 3', "E_META_TYPE_NOT_ALLOWED"),
            ('type: "int" min: 5 max: 3', "E_META_TYPE_NOT_ALLOWED"),
        ]:
            text = FLOW + f'def ArtifactType t {{ workflow: "flow" def FieldDef f {{ {field} }} }}'
            assert only(text, meta)[0].code == code
        text = FLOW + 'def ArtifactType t { workflow: "flow" def FieldDef title { type: "string" } }'
        assert only(text, meta)[0].code == "E_VALID_RESERVED_NAME"


class TestMeaning:
    @pytest.mark.parametrize(
        ("text", "code", "marked"),
        [
            ('def ArtifactType t { workflow: "flw" }', "E_VALID_UNRESOLVED_REF", '"flw"'),
            ('def LinkType l { from: ["item"] to: "itm" }', "E_VALID_UNRESOLVED_REF", '"itm"'),
            ('def Role r { implies: ["nobody"] }', "E_VALID_UNRESOLVED_REF", '"nobody"'),
            ('def ACL a { action: "read" resource: "item.sice" }', "E_VALID_UNRESOLVED_REF", '"item.sice"'),
            ('def ACL a { action: "read" resource: "*" mask: ["ghost"] }', "E_VALID_UNRESOLVED_REF", '"ghost"'),
            (
                'def View v { layout: "list" types: ["item"] columns: ["key", "sise"] }',
                "E_VALID_UNRESOLVED_REF",
                '"sise"',
            ),
            ('def View v { layout: "board" types: ["item"] hide_states: ["opn"] }', "E_WF_UNKNOWN_STATE", '"opn"'),
            ('def ArtifactType t { extends: "tt" workflow: "flow" }', "E_VALID_UNRESOLVED_REF", '"tt"'),
        ],
    )
    def test_dangling_references_are_found(self, meta: DomainMeta, text: str, code: str, marked: str) -> None:
        """Each at its exact place, with the nearest known name."""
        found, part = only(FLOW + TYPE + text, meta)
        assert (found.code, part) == (code, marked)

    def test_references_suggest_the_nearest_name(self, meta: DomainMeta) -> None:
        """A typing slip is answered with the right word."""
        assert only(FLOW + 'def ArtifactType t { workflow: "flw" }', meta)[0].hint == "did you mean 'flow'?"

    def test_duplicates(self, meta: DomainMeta) -> None:
        """The same definition twice, one id for two kinds, a field twice."""
        assert only("def Role r {}\ndef Role r {}", meta)[0].related[0].span.line == 1
        assert only('def Role r {}\ndef EnumDef r { values: ["x"] }', meta)[0].code == "E_VALID_NAMESPACE_CONFLICT"
        text = (
            FLOW + 'def ArtifactType t { workflow: "flow" def FieldDef f {type: "int"} def FieldDef f {type: "int"} }'
        )
        assert only(text, meta)[0].code == "E_VALID_DUPLICATE_DEF"

    def test_extends_cycle_is_reported_once(self, meta: DomainMeta) -> None:
        """A circle of two is one error, named after the first."""
        found, _ = only('def Role a { extends: "b" }\ndef Role b { extends: "a" }', meta)
        assert (found.code, found.message) == (
            "E_VALID_CYCLE_DETECTED",
            "Cycle detected in extends chain starting at 'a'",
        )


class TestOneCauseOneFinding:
    """What only follows from another mistake is not said beside it."""

    def test_a_kind_with_a_typo(self, meta: DomainMeta) -> None:
        """Those who refer to the definition refer rightly."""
        found = check(FLOW.replace("Workflow", "Workfow") + TYPE, meta).diagnostics
        assert [d.code for d in found] == ["E_META_UNKNOWN_KIND"]

    def test_choices_that_are_not_there(self, meta: DomainMeta) -> None:
        """Whether the default is one of them cannot be said."""
        field = 'def FieldDef size { type: choice choices: "sizes" default: "big" }'
        found = check(f'{FLOW}def ArtifactType item {{ workflow: "flow" {field} }}', meta).diagnostics
        assert [d.code for d in found] == ["E_VALID_UNRESOLVED_REF"]
        found = check(
            f'{FLOW}def ArtifactType item {{ workflow: "flow" {field.replace(chr(34) + "sizes" + chr(34), "[]")} }}',
            meta,
        ).diagnostics
        assert [d.code for d in found] == ["E_META_UNKNOWN_VALUE"]

    @pytest.mark.parametrize("version", ["", ' version: "latest"'])
    def test_an_import_that_failed(self, meta: DomainMeta, version: str) -> None:
        """Names it would have brought are not looked for, others are; without an alias that is any name."""
        library = MemoryLibrary()
        if version:
            library.add(Edition("acme/common", "1.0.0", "common.alm", lambda: parse("@schema 2\n")))
        text = (
            f'def Import common {{ source: "acme/common" alias: "base"{version} }}\n{FLOW}'
            'def ArtifactType item { workflow: "flow" parents: ["base.thing", "thing"]\n'
            '  def FieldDef size { type: choice choices: "base.sizes" default: "big" }\n}\n'
            """def ACL a { action: read resource: "*" roles: ["base.boss"] condition: "hasRole('base.chief')" }\n"""
        )
        found = check(text, meta, library=library).diagnostics
        assert [(d.span.line if d.span else 0, d.code) for d in found] == [
            (1, "E_VALID_UNRESOLVED_REF"),
            (7, "E_VALID_UNRESOLVED_REF"),
        ]
        assert "'thing'" in found[1].message
        whole = check(text.replace(' alias: "base"', ""), meta, library=library).diagnostics
        assert [d.span.line if d.span else 0 for d in whole] == [1]

    def test_a_definition_that_broke_off(self, meta: DomainMeta) -> None:
        """Overlays on it are left alone, and what it held is not told to stand elsewhere."""
        text = (
            FLOW.replace("category:", "category")
            + 'def Overlay o { target: "flow" op: "remove" path: "states[open].color" }\n'
        )
        assert {d.code for d in check(text, meta).diagnostics} == {"E_PARSE_SYNTAX"}
        text = 'def ArtifactType item "Item {\n  workflow: "flow"\n  def FieldDef size { type: int }\n}\n' + FLOW
        assert {d.code for d in check(text, meta).diagnostics} == {"E_PARSE_SYNTAX"}

    def test_an_operation_that_does_not_exist(self, meta: DomainMeta) -> None:
        """The vocabulary says so, the overlay need not."""
        text = FLOW + TYPE + 'def Overlay o { target: "flow" op: "substitute" path: "states[open].color" value: "red" }'
        assert [d.code for d in check(text, meta).diagnostics] == ["E_META_UNKNOWN_VALUE"]

    def test_an_overlay_is_named_where_it_may_be_the_cause(self, meta: DomainMeta) -> None:
        """Of what it did not touch it is silent."""
        overlay = 'def Overlay o { target: "flow" op: "replace" path: "states[open].category" value: "tod" }'
        text = FLOW.replace('to: "done"', 'to: "doen"') + TYPE + overlay
        related = {
            d.code: [r.message for r in d.related] for d in check(text, meta).diagnostics if d.severity == "error"
        }
        assert related == {"E_WF_UNKNOWN_STATE": [], "E_META_UNKNOWN_VALUE": ["changed by overlay 'o'"]}


def test_a_later_version_of_the_vocabulary_is_needed(meta: DomainMeta) -> None:
    """Nobody can tell what the words mean there."""
    found, marked = only(f"@schema {meta.schema_version + 1}\n{FLOW}{TYPE}", meta)
    assert (found.code, marked) == ("E_META_UNKNOWN_VALUE", str(meta.schema_version + 1))
    assert check(f"@schema {meta.schema_version}\n{FLOW}{TYPE}", meta).ok


@pytest.mark.parametrize(
    ("roles", "way"),
    [
        ({"a": "a"}, "a -> a"),
        ({"x": "a", "a": "b", "b": "c", "c": "a"}, "a -> b -> c -> a"),
        ({"a": "b b", "b": "c c", "c": "d"}, None),
        ({"a": "b c", "b": "d", "c": "d", "d": ""}, None),
    ],
)
def test_roles_that_imply_each_other(meta: DomainMeta, roles: dict[str, str], way: str | None) -> None:
    """Said once, at the first role of the circle; whoever implies one of them is not part of it."""
    lines = [
        f"def Role {role} {{ implies: [{', '.join(names.split())}] privileges: [] }}\n" for role, names in roles.items()
    ]
    text = "".join(lines) + "def Role d { privileges: [] }\n" * ("d" not in roles)
    found = [d for d in check(text, meta).diagnostics if d.code == "E_VALID_CYCLE_DETECTED"]
    assert [(d.severity, d.message.rpartition(": ")[2]) for d in found] == ([("warning", way)] if way else [])


class TestFieldValues:
    """Limits, defaults and lists are looked at when they are written, not when the first item is made."""

    @pytest.mark.parametrize(
        ("field", "code", "marked"),
        [
            ('type: int default: "none"', "E_FIELD_TYPE", '"none"'),
            ("type: int max: 3 default: 4", "E_FIELD_RANGE", "4"),
            ('type: date default: "31.12.2026"', "E_FIELD_TYPE", '"31.12.2026"'),
            ('type: string pattern: "[a-z]+" default: "A1"', "E_FIELD_PATTERN", '"A1"'),
            ('type: string max_length: 2 default: "abc"', "E_FIELD_RANGE", '"abc"'),
            ('type: number min: "zero"', "E_FIELD_TYPE", '"zero"'),
            ("type: bool default: 7", "E_FIELD_TYPE", "7"),
            ('type: multichoice choices: [a, b] max: "two"', "E_FIELD_TYPE", '"two"'),
            ("type: choice choices: [a, b, a]", "E_VALID_DUPLICATE_DEF", "a"),
            (
                "type: table columns: [{id: a, type: int}, {id: a, type: text}]",
                "E_VALID_DUPLICATE_DEF",
                "{id: a, type: text}",
            ),
        ],
    )
    def test_what_no_item_could_have(self, meta: DomainMeta, field: str, code: str, marked: str) -> None:
        """The place is the value."""
        found, text = only(f'{FLOW}def ArtifactType item {{ workflow: "flow" def FieldDef f {{ {field} }} }}', meta)
        assert (found.code, found.severity, text) == (code, "error", marked)

    @pytest.mark.parametrize(
        "field",
        [
            'type: date min: "2026-01-01" default: "2026-03-31"',
            "type: number min: 0 max: 1 default: 0.5",
            'type: text default: ""',
            "type: bool default: false",
            "type: multichoice choices: [a, b] min: 1 default: [a]",
        ],
    )
    def test_what_an_item_may_have(self, meta: DomainMeta, field: str) -> None:
        """No finding."""
        assert not check(
            f'{FLOW}def ArtifactType item {{ workflow: "flow" def FieldDef f {{ {field} }} }}', meta
        ).diagnostics

    @pytest.mark.parametrize(
        ("key", "value"), [("max_length", '"x"'), ("pattern", "3"), ("pattern", '"["'), ("min", "{a: 1}")]
    )
    def test_limits_that_are_none(self, meta: DomainMeta, key: str, value: str) -> None:
        """Their own finding, whatever the default."""
        kind = "int" if key == "min" else "string"
        text = f'{FLOW}def ArtifactType item {{ workflow: "flow" def FieldDef f {{ type: {kind} {key}: {value} default: "12" }} }}'
        assert not check(text, meta).ok

    def test_values_of_an_enum(self, meta: DomainMeta) -> None:
        """Also where they are objects."""
        text = 'def EnumDef e { values: [{id: "a"}, "b", "a"] }'
        assert [d.code for d in check(text, meta).diagnostics if d.severity == "error"] == ["E_VALID_DUPLICATE_DEF"]


def test_nothing_is_said_of_the_fields_of_no_type(meta: DomainMeta) -> None:
    """A type with a typo is one finding, whatever its form and its conditions name; a library may leave types to others."""
    form = 'def FormDef f { type: "itme" state: "open" fields: ["size"] sections: [{fields: ["size"], visible_when: "self.fields.size > 1"}] }'
    assert only(FLOW + TYPE + form, meta)[1] == '"itme"'
    text = """def Policy p { events: update when: "self.fields.size > 1 and changed('size')" }"""
    assert check(text, meta).ok


class TestWorkflow:
    def flow(self, states: str, transitions: str, rest: str = 'initial: "a"') -> str:
        return f"def Workflow w {{ {rest} states: [{states}] transitions: [{transitions}] }}"

    @pytest.mark.parametrize(
        ("states", "transitions", "code", "marked", "severity"),
        [
            ('"a", "b"', '{from: "a", to: "b"}, {from: "b", to: "c"}', "E_WF_UNKNOWN_STATE", '"c"', "error"),
            ('"b", "c"', '{from: "b", to: "c"}', "E_WF_UNKNOWN_STATE", '"a"', "error"),
            ('"a", "b", "c"', '{from: ["a", "c"], to: "b"}', "E_WF_UNREACHABLE_STATE", '"c"', "warning"),
            (
                '"a", {id: "b", category: "done"}, "c"',
                '{id: "x", from: "a", to: "b"}, {id: "y", from: "a", to: "c"}',
                "E_WF_DEAD_END", '"c"', "warning",
            ),
            ('"a", "b", "a"', '{from: "a", to: "b"}', "E_VALID_DUPLICATE_DEF", '"a"', "error"),
        ],
    )  # fmt: skip
    def test_soundness(
        self, meta: DomainMeta, states: str, transitions: str, code: str, marked: str, severity: str
    ) -> None:
        """Unknown, unreachable and dead-end states are found where they are written."""
        found, part = only(self.flow(states, transitions), meta)
        assert (found.code, part, found.severity) == (code, marked, severity)

    def test_a_loop_that_never_ends_is_found(self, meta: DomainMeta) -> None:
        """States that reach no final state."""
        text = self.flow(
            '"a", "b", "c", {id: "d", category: "done"}',
            '{id: "x", from: "a", to: "b"}, {id: "y", from: "b", to: "c"}, {id: "z", from: "c", to: "b"}, {id: "e", from: "a", to: "d"}',
        )
        assert {d.code for d in check(text, meta).diagnostics} == {"E_WF_DEADLOCK_STATE"}


class TestExpressions:
    @pytest.mark.parametrize(
        ("guard", "code", "marked"),
        [
            ("self.fields.ghost > 1", "E_EXPR_UNKNOWN_NAME", "self.fields.ghost"),
            ("not isEmpty(self.titel)", "E_EXPR_UNKNOWN_NAME", "self.titel"),
            ("size > 1", "E_EXPR_UNKNOWN_NAME", "size"),
            ("len(self.title) >", "E_EXPR_PARSE", ">"),
            ("self.title = 'x'", "E_EXPR_PARSE", "="),
            ("lenn(self.title) > 1", "E_EXPR_UNKNOWN_FUNCTION", "lenn(self.title)"),
            ("len(5) > 1", "E_EXPR_TYPE_MISMATCH", "5"),
            ("len() > 1", "E_EXPR_TYPE_MISMATCH", "len()"),
            ("self.fields.size == 'x'", "E_EXPR_TYPE_MISMATCH", "self.fields.size == 'x'"),
            ("self.fields.size + 1", "E_EXPR_TYPE_MISMATCH", "self.fields.size + 1"),
            ("self.fields.kind_of == 'c'", "E_EXPR_UNKNOWN_VALUE", "'c'"),
            ("self.fields.kind_of in ['a', 'c']", "E_EXPR_UNKNOWN_VALUE", "'c'"),
            ("self.state == 'opn'", "E_EXPR_UNKNOWN_VALUE", "'opn'"),
            ("self.title matches '('", "E_EXPR_INVALID_REGEX", "'('"),
            ("changed('sise')", "E_EXPR_UNKNOWN_VALUE", "'sise'"),
            ("null > 3", "E_EXPR_TYPE_MISMATCH", "null > 3"),
            ("self.fields.size / 0 > 1", "E_EXPR_DIV_BY_ZERO", "0"),
        ],
    )
    def test_findings_stand_inside_the_text(self, meta: DomainMeta, guard: str, code: str, marked: str) -> None:
        """The mark is the part of the expression that is wrong."""
        text = FLOW.replace('to: "done"}', f'to: "done", guard: "{guard}"}}') + TYPE
        found, part = only(text, meta)
        assert (found.code, part) == (code, marked)

    @pytest.mark.parametrize("format", ["dsl", "yaml", "json"])
    def test_places_are_exact_in_every_language_and_after_escapes(self, meta: DomainMeta, format: str) -> None:
        """Escapes before the mistake do not shift the mark."""
        guard = r"self.title != \"é\u00e9\" and self.fields.ghost > 1"
        ast = parse(FLOW.replace('to: "done"}', f'to: "done", guard: "{guard}"}}') + TYPE)
        text = {"dsl": ast.to_dsl, "yaml": ast.to_yaml, "json": ast.to_json}[format]()
        assert only(text, meta)[1] == "self.fields.ghost"

    def test_yaml_plain_and_single_quoted_scalars_are_exact_too(self, meta: DomainMeta) -> None:
        """A plain scalar, and doubled quotes; a block scalar marks the whole value."""
        base = parse(FLOW.replace('to: "done"}', 'to: "done", guard: "GUARD"}') + TYPE).to_yaml()
        for scalar, marked in [
            ("self.fields.ghost > 1", "self.fields.ghost"),
            ("'self.title != ''x'' and self.fields.ghost > 1'", "self.fields.ghost"),
        ]:
            assert only(base.replace('"GUARD"', scalar), meta)[1] == marked

    def test_a_field_of_some_types_only_is_a_warning(self, meta: DomainMeta) -> None:
        """A guard shared by types where one lacks the field cannot be decided there."""
        text = FLOW.replace('to: "done"}', 'to: "done", guard: "self.fields.size > 1"}') + TYPE
        found, _ = only(text + 'def ArtifactType other { workflow: "flow" }', meta)
        assert (found.code, found.severity) == ("E_EXPR_FIELD_NOT_EVERYWHERE", "warning")

    def test_inherited_fields_are_known(self, meta: DomainMeta) -> None:
        """A type sees what it extends."""
        text = (
            FLOW
            + TYPE
            + 'def ArtifactType sub { extends: "item" def FieldDef x { type: "int" visible_when: "self.fields.size > 1" } }'
        )
        compiled = check(text.replace('extends: "item"', 'extends: "item" workflow: "flow"'), meta).compiled
        assert compiled is not None
        assert list(compiled.types["sub"].fields) == ["size", "kind_of", "x"]


class TestShippedProcesses:
    def test_safety_has_no_findings_and_the_promised_size(self, meta: DomainMeta, safety_text: str) -> None:
        """At least 6 types, 25 fields, 2 workflows of 7 states, 8 policies, 10 ACL rules, 6 link types."""
        result = check(safety_text, meta)
        assert [str(d) for d in result.diagnostics] == []
        c = result.compiled
        assert c is not None
        assert len(c.types) >= 6
        assert sum(len(t.fields) for t in c.types.values()) >= 25
        assert sum(len(w.states) >= 7 for w in c.workflows.values()) >= 2
        assert (len(c.policies) >= 8, len(c.acl) >= 10, len(c.link_types) >= 6) == (True, True, True)

    @pytest.mark.parametrize("name", ["manifests/safety", "presets/basic", "presets/scrum"])
    def test_everything_has_english_and_turkish_names(self, meta: DomainMeta, name: str) -> None:
        """Labels are written in both languages, and no definition has a finding."""
        from .conftest import META_DIR

        result = check((META_DIR / f"{name}.alm").read_text("utf-8"), meta)
        assert [str(d) for d in result.diagnostics] == []
        assert result.compiled is not None
        assert [thing for thing in labelled(result.compiled) if not {"en", "tr"} <= set(thing[1])] == []


def labelled(c: CompiledManifest) -> list[tuple[str, dict[str, str]]]:
    """Everything with labels."""
    found: list[tuple[str, dict[str, str]]] = []
    for group in (c.enums, c.types, c.link_types, c.workflows, c.roles, c.views):
        found += [(thing.id, dict(thing.labels)) for thing in group.values()]
    found += [(rule.id, dict(rule.labels)) for rule in (*c.acl, *c.policies)]
    found += [(choice.id, dict(choice.labels)) for enum in c.enums.values() for choice in enum.values]
    for kind in c.types.values():
        for field in kind.fields.values():
            found += [(thing.id, dict(thing.labels)) for thing in (field, *field.choices, *field.columns)]
    for flow in c.workflows.values():
        found += [(thing.id, dict(thing.labels)) for thing in (*flow.states.values(), *flow.transitions)]
        found += [(reason.id, dict(reason.labels)) for step in flow.transitions for reason in step.reason]
    return found


def test_diagnostics_are_the_same_every_time(meta: DomainMeta, safety_text: str) -> None:
    """Order and words do not depend on hashing."""
    text = safety_text.replace("asil_level", "asil_levl", 3).replace("'verified_by'", "'verified_bi'")
    first = [str(d) for d in check(text, meta).diagnostics]
    assert first == [str(d) for d in check(text, meta).diagnostics]
    assert len(first) >= 3


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_check_never_raises(meta: DomainMeta, safety_text: str, data: st.DataObject) -> None:
    """Any damage to a manifest is a list of findings with places inside the text."""
    at = data.draw(st.integers(0, len(safety_text) - 1))
    length = data.draw(st.integers(0, 60))
    patch = data.draw(
        st.sampled_from(["", "{", "}", "[", '"', "null", "5", "{}", "def", ",", "\\", "\0", "😀", "//", "/*"])
    )
    text = safety_text[:at] + patch + safety_text[at + length :]
    text = text[max(0, at - 4000) : at + 4000] if data.draw(st.booleans()) else text
    result = check(text, meta)
    for found in result.diagnostics:
        assert found.span is None or 0 <= found.span.start <= found.span.end <= len(text)


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(["id", "from", "to", "states", "kind", "x"]), x, max_size=3), max_leaves=6), st.sampled_from(["Workflow", "ArtifactType", "ACL", "Policy", "LinkType", "EnumDef", "View"]), st.data())  # fmt: skip
def test_check_never_raises_on_odd_shapes(meta: DomainMeta, value: object, kind: str, data: st.DataObject) -> None:
    """Any value in any property is a finding or fine."""
    import json

    definition = meta.get_kind(kind)
    assert definition is not None
    props = dict.fromkeys(
        data.draw(st.lists(st.sampled_from(sorted({*definition.properties, "extends", "labels"})), max_size=4)), value
    )
    child = {"kind": "FieldDef", "id": "f", "type": value, "choices": value, "default": value}
    text = json.dumps(
        {"defs": [{**props, "kind": kind, "id": "a", **({"children": [child]} if kind == "ArtifactType" else {})}]}
    )
    check(text, meta)
