"""The three languages: what they accept, and what they say where they do not."""

from __future__ import annotations

import pytest

from alm_workbench.mpc import ManifestAST, ManifestInvalid, MPCError, ParseLimits, detect_format, parse
from alm_workbench.mpc.parse import dsl, read

from .conftest import ROOT


def finding(text: str, format: str | None = None) -> tuple[str, int, int, str]:
    """The only finding of a text: code, line, column, message."""
    found = read(text, format=format).diagnostics
    assert len(found) == 1, [str(d) for d in found]
    span = found[0].span
    assert span is not None
    return found[0].code, span.line, span.col, found[0].message


def props(text: str) -> dict[str, object]:
    return dict(parse(f"def P a {{ {text} }}").defs[0].properties)


class TestDsl:
    def test_a_whole_document(self) -> None:
        """Directives, display names, nested definitions, optional commas, comments."""
        ast = parse(
            '# one\n@schema 2\n@name "n" /* two */\ndef A a "Name" { x: 1, y: true z: null // three\n def B b {} }'
        )
        assert (ast.schema_version, ast.name, ast.manifest_version) == (2, "n", "0.0.0")
        assert (ast.defs[0].name, ast.defs[0].children[0].id) == ("Name", "b")
        assert ast.defs[0].properties == {"x": 1, "y": True, "z": None}

    def test_empty_collections_are_empty(self) -> None:
        """[] and {} hold nothing."""
        assert props("a: [] b: {}") == {"a": (), "b": {}}

    @pytest.mark.parametrize(
        ("text", "value"),
        [("+5", 5), ("007", 7), (".5", 0.5), ("5.", 5.0), ("1.5e3", 1500.0), ("1e5", 100000.0), ("-2", -2)],
    )
    def test_numbers(self, text: str, value: float) -> None:
        """A point or an exponent makes a float, otherwise it is an int."""
        found = props(f"a: {text}")["a"]
        assert found == value
        assert type(found) is type(value)

    def test_escapes_and_surrogate_pairs(self) -> None:
        """A pair of escapes is one character."""
        assert props(r'a: "\uD83D\uDE00\n\"\\\/"') == {"a": '😀\n"\\/'}

    def test_half_a_pair_is_an_error(self) -> None:
        """A lone surrogate is reported at its place."""
        assert finding(r'def P a { x: "a\uD83D" }')[:3] == ("E_PARSE_SYNTAX", 1, 16)

    def test_def_needs_a_word_boundary(self) -> None:
        """defP is no definition."""
        assert finding("defP a {}")[0] == "E_PARSE_SYNTAX"
        assert finding("def P a {} defP b {}")[1:3] == (1, 12)

    def test_words_may_be_keys_and_ids(self) -> None:
        """Keywords are keywords only where a value or a definition is expected."""
        assert props("true: 1 define: 2 null: 3") == {"true": 1, "define": 2, "null": 3}
        assert parse("def def true {}").defs[0].id == "true"

    def test_empty_text_is_an_empty_manifest(self) -> None:
        """Nothing, spaces and comments are valid."""
        for text in ("", "  \n", "// only\n# comments\n"):
            assert parse(text) == ManifestAST()

    def test_byte_order_mark_is_skipped(self) -> None:
        """A BOM changes neither the content nor the offsets."""
        ast = parse("\ufeffdef P a {}")
        assert ast.defs[0].source is not None
        assert ast.defs[0].source.id_span().start == 7

    @pytest.mark.parametrize(
        ("text", "line", "col", "words"),
        [
            ("def P a { x: = }", 1, 14, "Unexpected '=': expected a value"),
            ("def P a { x: def }", 1, 14, "Unexpected 'def': expected a value"),
            ("def P a { x 1 }", 1, 13, "expected ':'"),
            ("def P a { x: [1 2] }", 1, 17, "expected ']' or ','"),
            ('def P a {\n  x: "open\n}', 2, 6, "never closed"),
            ("def P a {}\n}", 2, 1, "nothing is open here"),
            ("def P {}", 1, 7, "expected a name"),
            ('def P a {}\n@name "x"', 2, 1, "must stand before the first definition"),
            ("def P a {}\nfoo", 2, 1, "expected 'def' or the end of the text"),
            ("@schema two", 1, 9, "expected a whole number"),
            ("def P a { x: 1", 1, 14, "ends too early"),
        ],
    )
    def test_errors_say_in_words_what_was_expected(self, text: str, line: int, col: int, words: str) -> None:
        """Each error stands at its place and names no grammar terminal."""
        code, at_line, at_col, message = finding(text, "dsl")
        assert (code, at_line, at_col) == ("E_PARSE_SYNTAX", line, col)
        assert words in message
        assert not any(name in message for name in ("LSQB", "IDENT", "ANON", "$END", "RBRACE", "COLON"))

    def test_one_broken_definition_reports_alone(self) -> None:
        """The definitions around a broken one are read."""
        result = read("def A a { x: 1 }\ndef B b { y: = }\ndef C c { z: 3 }\n")
        assert [node.id for node in result.ast.defs] == ["a", "c"]
        assert [d.span.line for d in result.diagnostics if d.span] == [2]

    def test_a_definition_that_never_closes_does_not_swallow_the_next(self) -> None:
        """A `def` at the start of a line begins anew when braces do not close."""
        result = read("def A a {\n  x: [1,\ndef B b { y: 2 }\n")
        assert [node.id for node in result.ast.defs] == ["b"]
        assert len(result.diagnostics) == 1

    def test_duplicate_keys_are_refused(self) -> None:
        """The second of two equal keys is the error, the first is related."""
        found = read('def P a { effect: "deny" effect: "allow" }').diagnostics
        assert found[0].code == "E_PARSE_DUPLICATE_KEY"
        assert found[0].related[0].span.col == 11
        assert found[0].span is not None
        assert found[0].span.col == 26

    def test_deep_nesting_is_refused(self) -> None:
        """A thousand brackets are one diagnostic, not a recursion error."""
        assert finding("def P a { x: " + "[" * 1000 + "]" * 1000 + " }")[0] == "E_PARSE_LIMIT"
        assert finding("def P p { " * 400 + "}" * 400)[0] == "E_PARSE_LIMIT"

    def test_every_key_and_value_has_a_place(self) -> None:
        """Nested ones too."""
        text = 'def P a {\n  list: [{key: "v"}]\n}'
        source = parse(text).defs[0].source
        assert source is not None
        span = source.value_span(("list", 0, "key"))
        assert text[span.start : span.end] == '"v"'
        key = source.key_span(("list", 0, "key"))
        assert (text[key.start : key.end], key.line, key.col) == ("key", 2, 11)


class TestYaml:
    def test_scalars_are_those_of_yaml_1_2(self) -> None:
        """on, off, yes, no and dates are text."""
        ast = parse("defs:\n- {kind: P, id: a, on: on, x: no, d: 2020-01-31, n: 1.5, t: true, z: ~, o: 0o17}")
        assert ast.defs[0].properties == {
            "on": "on", "x": "no", "d": "2020-01-31", "n": 1.5, "t": True, "z": None, "o": 15,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "line", "col", "code"),
        [
            ("name: a\nname: b", 2, 1, "E_PARSE_DUPLICATE_KEY"),
            ("defs:\n- {kind: P, id: a, x: .nan}", 2, 23, "E_PARSE_SYNTAX"),
            ("defs:\n- {kind: P}", 2, 3, "E_PARSE_MISSING_REQUIRED"),
            ("defs:\n- 5", 2, 3, "E_PARSE_SYNTAX"),
            ("defs: 5", 1, 7, "E_PARSE_SYNTAX"),
            ("name: !!python/object:os.system y", 1, 7, "E_PARSE_SYNTAX"),
            ("a: [1, 2", 1, 8, "E_PARSE_SYNTAX"),
            ("- x", 1, 1, "E_PARSE_SYNTAX"),
        ],
    )
    def test_errors_have_places(self, text: str, line: int, col: int, code: str) -> None:
        """Shape and syntax errors name line and column."""
        found = read(text, format="yaml").diagnostics
        first = next(d for d in found if d.code == code)
        assert first.span is not None
        assert (first.span.line, first.span.col) == (line, col)

    def test_alias_bombs_are_refused(self) -> None:
        """What aliases unfold to is counted."""
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 8)]
        found = read("\n".join(lines), format="yaml").diagnostics
        assert any(d.code == "E_PARSE_LIMIT" for d in found)

    def test_deep_nesting_is_refused(self) -> None:
        """Depth is bounded before Python's stack is."""
        assert read("[" * 1000 + "]" * 1000, format="yaml").diagnostics[0].code == "E_PARSE_LIMIT"

    def test_places_after_astral_characters_are_code_points(self) -> None:
        """Offsets count characters, not bytes."""
        text = "name: '😀😀'\ndefs:\n- {kind: P, id: a, x: 'é'}"
        source = parse(text).defs[0].source
        assert source is not None
        span = source.value_span(("x",))
        assert text[span.start : span.end] == "'é'"


class TestJson:
    @pytest.mark.parametrize(
        ("text", "col", "words"),
        [
            ('{"defs": [{"kind":"P","id":"a","x":NaN}]}', 36, "expected a value"),
            ('{"name": "a", "name": "b"}', 15, "written twice"),
            ('{"defs": [,]}', 11, "expected a value"),
            ('{"defs": [] "x": 1}', 13, "expected ',' or '}'"),
            ("{'a': 1}", 2, "expected a name in double quotes"),
            ('{"a": 01}', 7, "expected a value"),
            ('{"nope": 1}', 2, "Unknown root key"),
            ('{"defs": []} x', 14, "expected the end of the text"),
        ],
    )
    def test_errors_have_places(self, text: str, col: int, words: str) -> None:
        """JSON is strict, and each refusal has its column."""
        _, line, at, message = finding(text)
        assert (line, at) == (1, col)
        assert words in message

    def test_deep_nesting_is_refused(self) -> None:
        """Depth is bounded before Python's stack is."""
        assert finding('{"defs":' + "[" * 1000)[0] == "E_PARSE_LIMIT"

    def test_source_is_a_property_unless_it_is_a_mapping(self) -> None:
        """An Import keeps its source."""
        ast = parse('{"defs":[{"kind":"Import","id":"a","source":"lib"},{"kind":"P","id":"b","source":{"line":1}}]}')
        assert ast.defs[0].properties == {"source": "lib"}
        assert ast.defs[1].properties == {}


@pytest.mark.parametrize(
    ("text", "file", "format"),
    [
        ("", None, "dsl"),
        (" {", None, "json"),
        ("@x", None, "dsl"),
        ("def\tP", None, "dsl"),
        ("// c\n\n def P a {}", None, "dsl"),
        ("# c\ndefs: []", None, "yaml"),
        ("default: 1", None, "yaml"),
        ("anything", "a/b.alm.yaml", "yaml"),
        ("anything", "b.ALM", "dsl"),
        ("anything", "c.json", "json"),
    ],
)
def test_the_language_is_found(text: str, file: str | None, format: str) -> None:
    """By file name first, then by how the text begins."""
    assert detect_format(text, None, file) == format


def test_an_unknown_format_is_an_error() -> None:
    """Formats are written in lower case."""
    with pytest.raises(MPCError, match="E_PARSE_UNSUPPORTED_FORMAT"):
        parse("", format="DSL")


def test_parse_raises_with_every_finding() -> None:
    """The exception's message names the first place."""
    with pytest.raises(ManifestInvalid, match="line 1, column 14") as caught:
        parse("def P a { x: = }\ndef P b { x: = }")
    assert len(caught.value.diagnostics) == 2


def test_limits_are_arguments() -> None:
    """Characters and definitions are bounded."""
    limits = ParseLimits(max_chars=20)
    assert read("x" * 21, limits=limits).diagnostics[0].code == "E_PARSE_LIMIT"
    text = "def P a {}\n" * 4
    assert [d.code for d in read(text, limits=ParseLimits(max_defs=3)).diagnostics] == ["E_PARSE_LIMIT"]


def test_another_lark_is_slower_and_as_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the quick driver does not know Lark's tables, Lark reads by itself and gives the same."""
    text = (ROOT / "alm_meta" / "presets" / "basic.alm").read_text("utf-8")
    quick = parse(text)

    class Stranger:
        def __init__(self, lark: object) -> None:
            raise AttributeError("parse_table")

    monkeypatch.setattr(dsl, "Driver", Stranger)
    dsl._parser.cache_clear()
    dsl._parse_block.cache_clear()
    try:
        assert parse(text) == quick
        assert dsl._parser()[1] is None
    finally:
        dsl._parser.cache_clear()
        dsl._parse_block.cache_clear()
