"""Mistakes that each part of a manifest allows by itself and that make no sense: one finding each, at the right place."""

from __future__ import annotations

from typing import Any

import pytest

from alm_workbench.mpc import Diagnostic, DomainMeta, EvalContext, Session, check, decide_policy, parse
from alm_workbench.mpc.parse import read
from alm_workbench.mpc.validate.colours import CSS_NAMES, is_colour

HEAD = '@namespace "a"\n@name "b"\n'
FLOW = """def Workflow flow { initial: "open"
  states: [{id: "open"}, {id: "busy"}, {id: "done", category: "done"}]
  transitions: [{id: "go", from: "open", to: "busy"}, {id: "end", from: "busy", to: "done"}] }
"""
TYPE = 'def ArtifactType item { workflow: "flow" key_prefix: "IT" def FieldDef size { type: "int" } }\n'


def findings(text: str, meta: DomainMeta) -> list[tuple[str, str, str]]:
    """Code, severity, and the text that is marked."""
    return [(d.code, d.severity, marked(d, HEAD + text)) for d in check(HEAD + text, meta).diagnostics]


def marked(found: Diagnostic, text: str) -> str:
    assert found.span is not None
    return text[found.span.start : found.span.end]


def item(*fields: str, id: str = "item", rest: str = "") -> str:
    """A type with fields."""
    inner = " ".join(f"def FieldDef {field}" for field in fields)
    return f'def ArtifactType {id} {{ workflow: "flow" {rest} {inner} }}\n'


def computed(id: str, text: str) -> str:
    return f'{id} {{ type: "number" computed: "{text}" }}'


LINK = 'def LinkType {} {{ from: ["item"] to: ["item"] {} }}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (item(id="other", rest='key_prefix: "IT"'), [("E_VALID_NOT_UNIQUE", "error", '"IT"')]),
        (item(id="other", rest='key_prefix: "ITM"'), []),
        (item(id="other", rest='extends: "item"'), []),
        (
            LINK.format("needs", 'inverse: "x"') + LINK.format("uses", 'inverse: "x"'),
            [("E_VALID_NOT_UNIQUE", "error", '"x"')],
        ),
        (
            LINK.format("needs", 'inverse: "uses"') + LINK.format("uses", ""),
            [("E_VALID_NOT_UNIQUE", "error", '"uses"')],
        ),
        (LINK.format("needs", 'inverse: "needed_by"') + LINK.format("uses", 'inverse: "used_by"'), []),
        (LINK.format("near", 'symmetric: true inverse: "near"'), []),
    ],
)
def test_what_only_one_definition_may_have(meta: DomainMeta, text: str, expected: list[tuple[str, str, str]]) -> None:
    """Key prefixes of types and names of links; the second one is the mistake."""
    assert findings(FLOW + TYPE + text, meta) == expected


CIRCLE = "E_VALID_CYCLE_DETECTED"


class TestComputed:
    @pytest.mark.parametrize(
        ("fields", "way"),
        [
            ((computed("a", "self.fields.b + 1"), computed("b", "self.fields.a")), "a -> b -> a"),
            ((computed("a", "self.fields.a + 1"),), "'a' of 'item' depends on itself"),
            (
                (computed("x", "self.fields.a"), computed("a", "self.fields.b"), computed("b", "abs(self.fields.c)"),
                 computed("c", "max(self.version, self.fields.a)")),
                "a -> b -> c -> a",
            ),
        ],
    )  # fmt: skip
    def test_circles(self, meta: DomainMeta, fields: tuple[str, ...], way: str) -> None:
        """Reported once, at the first field in it; a field that only reads a circle is not in it."""
        text = FLOW + item(*fields)
        (found,) = check(text, meta).diagnostics
        assert (found.code, found.severity) == (CIRCLE, "error")
        assert way in found.message

    def test_two_circles_are_two_findings(self, meta: DomainMeta) -> None:
        """Each at its own place."""
        pairs = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")]
        text = item(*(computed(one, f"self.fields.{two}") for one, two in pairs))
        assert findings(FLOW + text, meta) == [
            (CIRCLE, "error", '"self.fields.b"'),
            (CIRCLE, "error", '"self.fields.d"'),
        ]

    def test_no_circle(self, meta: DomainMeta) -> None:
        """Reading the same field twice, a field that takes values, or the item itself is none."""
        fields = (
            'n { type: "int" }', computed("a", "self.fields.n + self.fields.n"),
            computed("b", "self.fields.a + self.fields.a"), computed("c", "self.fields.a + self.fields.b"),
            computed("d", "self.version + self.fields.c"),
        )  # fmt: skip
        assert findings(FLOW + item(*fields), meta) == []

    def test_a_circle_through_what_is_inherited(self, meta: DomainMeta) -> None:
        """It is the heir's: alone the type above is sound. A field that replaces one breaks a circle."""
        above = item(computed("a", "self.fields.b"), 'b { type: "number" }', id="above")
        heir = item(computed("b", "self.fields.a"), id="heir", rest='extends: "above"')
        assert findings(FLOW + above, meta) == []
        assert findings(FLOW + above + heir, meta) == [(CIRCLE, "error", '"self.fields.a"')]
        round_ = item(computed("a", "self.fields.b"), computed("b", "self.fields.a"), id="above")
        plain = item('b { type: "number" }', computed("c", "self.fields.a"), id="heir", rest='extends: "above"')
        assert findings(FLOW + round_ + plain, meta) == [(CIRCLE, "error", '"self.fields.b"')]

    def test_a_long_line_is_no_circle(self, meta: DomainMeta) -> None:
        """Without recursion, and in time that grows with its length."""
        fields = [computed(f"f{n}", f"self.fields.f{n + 1}") for n in range(3_000)]
        assert findings(FLOW + item(*fields, 'f3000 { type: "int" }'), meta) == []


BAD, DOUBLE, DASH = "E_META_UNKNOWN_VALUE", "E_VALID_DUPLICATE_DEF", "E_VALID_ID"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('f { type: "table" columns: [{id: "c", type: "choice"}] }',
         [("E_META_MISSING_REQUIRED_FIELD", "error", '{id: "c", type: "choice"}')]),
        ('f { type: "table" columns: [{id: "c", type: "choice", choices: ["x"]}, {id: "d", type: "text"}] }', []),
        ('f { type: "string" max_length: 0 }', [(BAD, "error", "0")]),
        ('f { type: "string" max_length: -3 }', [(BAD, "error", "-3")]),
        ('f { type: "string" max_length: 1 }', []),
        ('f { type: "table" columns: [{id: "c", type: "text", max_length: 0}] }', [(BAD, "error", "0")]),
        ('f { type: "choice" choices: [{id: "x", color: "#12"}] }', [(BAD, "warning", '"#12"')]),
        ('f { type: "choice" choices: [{id: "x", color: "#d33"}, {id: "y", color: "Red"}] }', []),
        ('f-g { type: "int" }', [(DASH, "warning", "f-g")]),
        ('f_g { type: "int" }', []),
    ],
)  # fmt: skip
def test_fields(meta: DomainMeta, field: str, expected: list[tuple[str, str, str]]) -> None:
    """Columns to choose in, limits, colours, and names that read as a subtraction."""
    assert findings(FLOW + item(field), meta) == expected


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("#abc", True), ("#A1b2C3", True), ("navy", True), ("RebeccaPurple", True), ("transparent", True),
        ("#abcd", False), ("abc", False), ("rgb(1,2,3)", False), ("", False), ("#abc\n", False), ("pın\u212a", False),
    ],
)  # fmt: skip
def test_colours(text: str, is_one: bool) -> None:
    """Those every part of the workbench can show."""
    assert is_colour(text) is is_one
    assert len(CSS_NAMES) == 149


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FLOW.replace('{id: "busy"}', '{id: "busy", wip_limit: 0}') + TYPE, [(BAD, "error", "0")]),
        (FLOW.replace('{id: "busy"}', '{id: "busy", color: "navvy"}') + TYPE, [(BAD, "warning", '"navvy"')]),
        (FLOW + item(rest="max_depth: -1"), [(BAD, "error", "-1")]),
        (FLOW + TYPE + 'def View v { layout: "list" types: ["item"] sort: ["-siez", "key"] }',
         [("E_VALID_UNRESOLVED_REF", "error", '"-siez"')]),
        (FLOW + TYPE + 'def View v { layout: "list" sort: "siez" }', [("E_VALID_UNRESOLVED_REF", "error", '"siez"')]),
        (FLOW + TYPE + 'def View v { layout: "list" types: ["item"] columns: ["siez"] group_by: "sise" }',
         [("E_VALID_UNRESOLVED_REF", "error", '"siez"'), ("E_VALID_UNRESOLVED_REF", "error", '"sise"')]),
        (FLOW + TYPE + 'def View v { layout: "list" types: ["item"] sort: ["-size", "rank"] columns: ["key"] }', []),
        (FLOW + TYPE + 'def FormDef f { type: "item" fields: ["size", "title"] sections: [{fields: ["size"]}] }',
         [(DOUBLE, "warning", '"size"')]),
        (FLOW + TYPE + 'def FormDef f { type: "item" fields: ["size"] sections: [{fields: ["title"]}] }', []),
    ],
)  # fmt: skip
def test_workflows_types_views_and_forms(meta: DomainMeta, text: str, expected: list[tuple[str, str, str]]) -> None:
    """Limits below one, colours, fields that are not there, fields asked for twice."""
    assert findings(text, meta) == expected


def test_a_policy_without_events_is_about_every_event(meta: DomainMeta) -> None:
    """The warning says what the engine does."""
    result = check(HEAD + FLOW + TYPE + "def Policy p { events: [] }", meta)
    (found,) = result.diagnostics
    assert (found.code, found.severity, "every event" in found.message) == ("E_RULE_FOR_EVERYONE", "warning", True)
    assert result.compiled is not None
    assert not decide_policy(result.compiled, EvalContext({}, {}, {"name": "link"}), "item").allow


TEMPLATE = "E_POLICY_INVALID_TEMPLATE"


@pytest.mark.parametrize(
    ("intent", "problem"),
    [
        ('{kind: "notify", target: "x"}', "'notify' needs the parameter 'template'"),
        ('{kind: "notify", target: "x", params: {template: 3}}', "the parameter 'template' of 'notify' must be of type string"),
        ('{kind: "setField", target: "x", params: {}}', "'setField' needs the parameter 'value'"),
        ('{kind: "notify", target: "x", params: {template: "t"}}', None),
        ('{kind: "maskField", target: "x"}', None),
    ],
)  # fmt: skip
def test_intents_need_their_parameters(meta: DomainMeta, intent: str, problem: str | None) -> None:
    """In policies, automations and workflows; a key for running it once is not asked for, whoever runs it adds one."""
    rule = 'def {} p {{ {}: ["update"] {} intents: [{}] }}\n'
    for kind, key, rest in (("Policy", "events", 'effect: "allow"'), ("Automation", "event", "")):
        said = check(HEAD + FLOW + TYPE + rule.format(kind, key, rest, intent), meta).diagnostics
        assert [(d.code, d.severity, d.message) for d in said] == ([(TEMPLATE, "warning", problem)] if problem else [])
    flow = FLOW.replace('{id: "busy"}', f'{{id: "busy", on_enter: [{intent}]}}')
    assert [d.message for d in check(HEAD + flow + TYPE, meta).diagnostics] == ([problem] if problem else [])


STEP = '{{id: "{}", from: "open", to: "{}", {}}}'


@pytest.mark.parametrize(
    ("first", "second", "never"),
    [
        ('on: "x"', 'on: "x"', True),
        ('on: "x", guard: "self.version > 1"', 'on: "x", guard: "self.version  >  1"', True),
        ('on: "x"', 'on: "x", guard: "self.version > 1"', True),
        ('on: "x", guard: "self.version > 1"', 'on: "x"', False),
        ('on: "x", guard: "self.version > 1"', 'on: "x", guard: "self.version > 2"', False),
        ('on: "x"', 'on: "y"', False),
        ('on: "two"', "", True),
    ],
)
def test_steps_that_answer_one_event(meta: DomainMeta, first: str, second: str, never: bool) -> None:
    """The first that may be taken wins: a second one that never can is a mistake; one with another guard is not."""
    steps = ", ".join([STEP.format("one", "busy", first), STEP.format("two", "done", second)]).replace(", }", "}")
    flow = FLOW.replace('{id: "go", from: "open", to: "busy"}', steps)
    found = [(d.code, d.severity) for d in check(HEAD + flow + TYPE, meta).diagnostics]
    assert found == ([("E_WF_NONDETERMINISTIC", "warning")] if never else [])


def test_open_kinds_may_say_anything() -> None:
    """A vocabulary that does not describe a kind makes none of this a mistake."""
    meta = DomainMeta.load(
        {"kinds": [{"name": "View"}, {"name": "LinkType"}, {"name": "Policy"}, {"name": "ArtifactType"}]}
    )
    text = (
        'def View v { sort: "nothing" color: "x" max_depth: 0 }\ndef LinkType l { inverse: "m" }\ndef LinkType m { inverse: "m" }\n'
        'def Policy p { events: [] intents: [{kind: "notify"}] }\n'
    )
    assert check(text, meta).diagnostics == ()


def test_a_session_notices_what_comes_and_goes_elsewhere(meta: DomainMeta) -> None:
    """Each of these depends on another definition, which alone is edited."""
    parts = [
        TYPE, item(id="other", rest='key_prefix: "IT"'), LINK.format("needs", 'inverse: "uses"'), LINK.format("uses", ""),
        item(computed("a", "self.fields.b"), computed("b", "self.version"), id="above"),
        item(computed("b", "self.fields.a"), id="heir", rest='extends: "above"'),
        'def View v { layout: "list" types: ["item"] sort: "size" }\n',
    ]  # fmt: skip
    edits = [
        ('key_prefix: "IT" def', 'key_prefix: "XX" def'), ("LinkType uses", "LinkType use"), ("FieldDef size", "FieldDef siez"),
        ("self.fields.b", "self.version"), ('extends: "above"', ""),
    ]  # fmt: skip
    session, text = Session(meta), HEAD + FLOW + "".join(parts)
    counts = []
    for old, new in [("", ""), *edits, *[(new, old) for old, new in edits[:3]]]:
        text = text.replace(old, new, 1) if old else text
        found = session.check(text)
        assert found.diagnostics == check(text, meta).diagnostics
        counts.append(len(found.diagnostics))
    assert counts == [3, 2, 1, 2, 1, 2, 3, 4, 3]


class TestTexts:
    @pytest.mark.parametrize(
        ("format", "text", "place", "hint"),
        [
            ("json", '{"defs": [{"kind": "Role", "id": "x",}]}', (1, 38), "JSON has no comma before '}'"),
            ("json", '{"defs": [1,\n ]}', (2, 2), "JSON has no comma before ']'"),
            ("json", '{“defs”: []}', (1, 2), "quotes are written straight"),
            ("dsl", '@name “b”', (1, 7), "quotes are written straight"),
            ("dsl", "def Role x { description: “y” }", (1, 27), "quotes are written straight"),
            ("dsl", "def Role x { description: ‘y’ }", (1, 27), "quotes are written straight"),
            ("dsl", "def Role görev {}", (1, 11), "ids are written with letters a-z"),
            ("dsl", "def Role x { ığdır: 1 }", (1, 14), "ids are written with letters a-z"),
            ("dsl", "şdef Role x {}", (1, 1), "ids are written with letters a-z"),
        ],
    )  # fmt: skip
    def test_characters_from_elsewhere(self, format: str, text: str, place: tuple[int, int], hint: str) -> None:
        """What to write instead, at the character."""
        found = read(text, format=format).diagnostics[0]
        assert found.span is not None
        assert ((found.span.line, found.span.col), hint in (found.hint or "")) == (place, True)

    @pytest.mark.parametrize("format", ["dsl", "yaml", "json"])
    @pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff"])
    def test_nothing_is_an_empty_manifest(self, meta: DomainMeta, format: str, text: str) -> None:
        """In every language."""
        if format == "yaml":
            text = text.replace("\t", "")
        assert parse(text, format=format).defs == ()
        assert check(text, meta, format=format).ok

    def test_an_id_in_other_letters(self, meta: DomainMeta) -> None:
        """Where the language itself allows any text."""
        (found,) = check('{"defs": [{"kind": "Role", "id": "görev", "privileges": ["*"]}]}', meta).diagnostics
        assert (found.code, "a-z" in (found.hint or "")) == ("E_VALID_ID", True)

    def test_a_quote_that_is_never_closed_in_yaml(self) -> None:
        """At the quote, not at the end of the text."""
        (found,) = read('defs:\n- kind: Role\n  id: "x\n- kind: Role\n  id: y\n', format="yaml").diagnostics
        assert found.span is not None
        assert (found.span.line, found.span.col, "never closed" in found.message) == (3, 7, True)

    def test_a_quote_that_is_never_closed_has_no_further_findings(self, meta: DomainMeta) -> None:
        """What its definition would have brought is not missed elsewhere."""
        broken: list[Any] = [
            'def ArtifactType base { workflow: "flow\n  def FieldDef severity { type: "string" required: true }\n}\n',
            'def ArtifactType bug { workflow: "flow" template: "Defect" extends: "base" }\n',
            'def View v { layout: "list" types: ["bug"] sort: "-severity" columns: ["severity"] }\n',
            'def FormDef f { type: "base" fields: ["severity"] }\n',
        ]
        found = check(HEAD + FLOW + "".join(broken), meta).diagnostics
        assert [(d.code, "never closed" in d.message) for d in found] == [("E_PARSE_SYNTAX", True)]
