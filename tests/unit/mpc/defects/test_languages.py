"""Defects of the reference's front ends and AST, each with its example, against ours."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
import time

import pytest

from alm_workbench.mpc import ASTNode, ManifestInvalid, ParseLimits, ast_hash, canonicalize, parse, stable_hash
from alm_workbench.mpc.parse import read


def props(text: str) -> dict[str, object]:
    """The properties that a body holds."""
    return dict(parse(f"def P a {{ {text} }}").defs[0].properties)


def codes(text: str, format: str | None = None, limits: ParseLimits | None = None) -> list[str]:
    """The codes found in a text."""
    found = read(text, format=format, limits=limits or ParseLimits()).diagnostics
    assert all(d.span is not None for d in found)
    return [d.code for d in found]


def test_w_01_empty_collections() -> None:
    """[] holds nothing and {} is no crash."""
    assert parse("def P a { roles: [] m: {} n { } }").defs[0].properties == {"roles": (), "m": {}, "n": {}}


def test_w_02_exponents() -> None:
    """An exponent makes a float, in all three languages."""
    expected = {"x": 100000.0, "y": 0.015}
    assert props("x: 1e5 y: 1.5E-2") == expected
    for text in ('{"defs":[{"kind":"P","id":"a","x":1e5,"y":1.5E-2}]}', "defs: [{kind: P, id: a, x: 1e5, y: 1.5E-2}]"):
        found = parse(text).defs[0].properties
        assert found == expected
        assert isinstance(found["x"], float)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("def P a { x: " + "[" * 1000 + "]" * 1000 + " }", "dsl"),
        ("def P a { " * 400 + "}" * 400, "dsl"),
        ("def P a { x " + "{ x " * 1000 + "}" * 1001, "dsl"),
        ('{"defs": ' + "[" * 1000 + "]" * 1000 + "}", "json"),
        ('{"a":' * 1000 + "1" + "}" * 1000, "json"),
        ("defs: " + "[" * 1000 + "]" * 1000, "yaml"),
        ("\n".join(" " * n + "a:" for n in range(500)), "yaml"),
        ("- " * 1000 + "x", "yaml"),
    ],
)
def test_w_03_deep_nesting(text: str, format: str) -> None:
    """Depth is a finding, never a recursion error, and the depth allowed is an argument."""
    assert "E_PARSE_LIMIT" in codes(text, format)
    assert "E_PARSE_LIMIT" in codes("def P a { x: [[[1]]] }", "dsl", ParseLimits(max_depth=3))


def test_w_04_surrogate_pairs() -> None:
    """Two escapes are one character, which can be hashed; half a pair is refused."""
    for text in (
        r'def P a { x: "\uD83D\uDE00" y: """\uD83D\uDE00""" }',
        r'{"defs":[{"kind":"P","id":"a","x":"\uD83D\uDE00"}]}',
    ):
        ast = parse(text)
        assert ast.defs[0].properties["x"] == "😀"
        assert len(ast_hash(ast)) == 64
    assert stable_hash("😀")
    assert codes(r'def P a { x: "\uD83D" }') == ["E_PARSE_SYNTAX"]
    assert codes('name: "a\ud83d"', "yaml") == ["E_PARSE_SYNTAX"]
    assert codes('def P a { x: "\ud83d" }') == ["E_PARSE_SYNTAX"]
    assert codes('{"name": "\ud83d"}') == ["E_PARSE_SYNTAX"]


def test_w_05_yaml_1_1_scalars() -> None:
    """`on` is a key, and dates and versions are text or what they look like in YAML 1.2."""
    text = """
defs:
  - kind: Workflow
    id: w
    transitions:
      - {from: a, on: go, to: b}
    yes: no
    when: 2020-01-31
    octal: 010
    base60: 1:30
    off: Off
"""
    found = parse(text).defs[0].properties
    assert found["transitions"] == ({"from": "a", "on": "go", "to": "b"},)
    assert {key: found[key] for key in ("yes", "when", "octal", "base60", "off")} == {
        "yes": "no", "when": "2020-01-31", "octal": 10, "base60": "1:30", "off": "Off",
    }  # fmt: skip
    assert canonicalize(dict(found))


def test_w_06_equivalent_formats() -> None:
    """`source` stays a property of an Import everywhere; `name` in a body cannot say two things."""
    dsl = parse('def Import a { source: "lib" }')
    for text in ('{"defs":[{"kind":"Import","id":"a","source":"lib"}]}', "defs: [{kind: Import, id: a, source: lib}]"):
        assert parse(text) == dsl
        assert ast_hash(parse(text)) == ast_hash(dsl)
    named = parse('def P a "x" {}')
    assert parse('{"defs":[{"kind":"P","id":"a","name":"x"}]}') == named
    assert parse('def P a { name: "x" }') != named


@pytest.mark.parametrize("format", ["json", "yaml"])
@pytest.mark.parametrize(
    "data",
    [
        {"defs": None},
        {"defs": 5},
        {"defs": {"p": {"kind": "P"}}},
        {"defs": ["oops", 3]},
        {"defs": [{"kind": 1, "id": "a"}]},
        {"defs": [{"kind": "P", "id": "a", "children": 5}]},
        {"defs": [{"kind": "P", "id": "a", "children": [7]}]},
        {"defs": [{"kind": "P", "id": "a", "name": []}]},
        {"namespace": [1]},
        {"schemaVersion": True},
        {"nope": 1},
        [1],
        "text",
        None,
    ],
    ids=str,
)
def test_w_07_shapes(data: object, format: str) -> None:
    """A wrong shape is a finding with a place."""
    found = codes(json.dumps(data), format)
    assert found
    assert set(found) <= {"E_PARSE_SYNTAX", "E_PARSE_MISSING_REQUIRED"}


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ('def P a { effect: "deny" effect: "allow" }', "dsl"),
        ("def P a { m { effect: deny effect: allow } }", "dsl"),
        ('def P a { m: { "effect": deny, effect: allow } }', "dsl"),
        ('@name "a"\n@name "b"', "dsl"),
        ('{"defs":[{"kind":"P","id":"a","effect":"deny","effect":"allow"}]}', "json"),
        ("defs:\n- {kind: P, id: a, effect: deny, effect: allow}", "yaml"),
    ],
)
def test_w_08_duplicate_keys(text: str, format: str) -> None:
    """Nothing is decided by which of two keys comes last."""
    assert codes(text, format) == ["E_PARSE_DUPLICATE_KEY"]
    with pytest.raises(ManifestInvalid):
        parse(text, format=format)


def test_w_09_word_boundary() -> None:
    """`defP a {}` is no definition; any white space after `def` makes one."""
    assert codes("defP a {}", "dsl") == ["E_PARSE_SYNTAX"]
    assert codes("def P a {}\ndefP b {}\ndef P c {}") == ["E_PARSE_SYNTAX"]
    assert codes("def P a { defP b {} }") == ["E_PARSE_SYNTAX"]
    for gap in ("\t", "\n", "\r\n", "  "):
        assert [node.id for node in parse(f"def{gap}P{gap}a{gap}{{}}").defs] == ["a"]


def test_w_10_alias_amplification() -> None:
    """What aliases unfold to is bounded, early, and a plain alias still works."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    before = time.process_time()
    assert "E_PARSE_LIMIT" in codes("\n".join(lines), "yaml")
    assert time.process_time() - before < 5
    assert "E_PARSE_LIMIT" in codes("\n".join(lines[:3]), "yaml", ParseLimits(max_values=500))
    twice = parse("defs:\n- {kind: P, id: a, x: &x {k: [1]}, y: *x}").defs[0].properties
    assert twice["x"] == twice["y"] == {"k": (1,)}


SYNTAX_ERRORS = "def P a { x: ] }\ndef P b { y 5 }\ndef P c {}\ndef P d { l: [1 2] }"


def test_w_11_error_quality() -> None:
    """The same words in every process, in words, each error with its place, and all of them."""
    script = "import sys\nfrom alm_workbench.mpc.parse import read\nprint(*read(sys.argv[1]).diagnostics, sep='\\n')"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script, SYNTAX_ERRORS],
            env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("0", "1", "2", "3")
    }  # fmt: skip
    assert outputs == {
        "<text>:1:14: error [E_PARSE_SYNTAX] Unexpected ']': expected a value\n"
        "<text>:2:13: error [E_PARSE_SYNTAX] Unexpected '5': expected ':' or '{'\n"
        "<text>:4:17: error [E_PARSE_SYNTAX] Unexpected '2': expected ']' or ',' "
        "(items of a list are separated by commas)\n"
    }
    with pytest.raises(ManifestInvalid) as caught:
        parse(SYNTAX_ERRORS)
    assert caught.value.span is not None
    assert (caught.value.span.line, caught.value.span.col) == (1, 14)
    assert len(caught.value.diagnostics) == 3
    node = parse('{"defs": [{"kind": "P", "id": "a", "x": 1}]}', file="f.json").defs[0]
    assert node.source is not None
    assert (node.source.value_span(("x",)).col, node.source.id_span().file) == (41, "f.json")


class TestW12:
    """What the reference's DSL lacks."""

    def test_w_12_comments(self) -> None:
        """`#`, `//` and `/* */`, anywhere between words and never in a text."""
        text = 'def # c }\nP /* { */ a { /* " */ x: "# // /* */" // "\n y: /* */ 1 }'
        assert parse(text).defs[0].properties == {"x": "# // /* */", "y": 1}

    def test_w_12_blocks_without_colon(self) -> None:
        """A name and braces are a property with an object, nested at will, commas or none."""
        assert props('match { kind: "x" deep { a: 1, b: 2 } } o: { in { c: 3 }, d: 4 }') == {
            "match": {"kind": "x", "deep": {"a": 1, "b": 2}},
            "o": {"in": {"c": 3}, "d": 4},
        }
        assert props('"a key" { }') == {"a key": {}}

    def test_w_12_bare_words(self) -> None:
        """A word is text; true, false and null keep their meaning."""
        assert props("effect: allow from: draft t: true f: false n: null l: [a.b, c-d, null, _x] o: {k: v}") == {
            "effect": "allow", "from": "draft", "t": True, "f": False, "n": None,
            "l": ("a.b", "c-d", None, "_x"), "o": {"k": "v"},
        }  # fmt: skip
        assert codes("def P a { x: def }") == ["E_PARSE_SYNTAX"]
        assert codes("def P a { x: ünicode }") == ["E_PARSE_SYNTAX"]

    def test_w_12_text_over_lines(self) -> None:
        """A line break in quotes is one in the text."""
        assert props('x: "l1\nl2"') == {"x": "l1\nl2"}
        assert props('x: "l1\r\n  l2\\n"') == {"x": "l1\n  l2\n"}

    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            ('"""\n    a\n      b\n    """', "a\n  b\n"),
            ('"""\n    a\n\n    b"""', "a\n\nb"),
            ('"""a"""', "a"),
            ('""""""', ""),
            ('"""say "x" and ""y"" """', 'say "x" and ""y"" '),
            ('"""\n  \\"""\\n\\u0041\n  """', '"""\nA\n'),
            ('"""\r\n  a\r\n  """', "a\n"),
            ('"""\n\n  a"""', "\na"),
            ('"""\n  def X y {\n  @name\n"""', "def X y {\n@name\n"),
        ],
    )
    def test_w_12_triple_quotes(self, raw: str, value: str) -> None:
        """Indentation goes as textwrap.dedent takes it, then the first line break; escapes are escapes."""
        assert props(f"x: {raw} y: 1") == {"x": value, "y": 1}

    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ('def A a {\n  x: "one\n  y: 2\n}\ndef B b { z: 1 }\n', (2, 6)),
            ('def A a {\n  x: "one\n  y: "two"\n  z: 3\n}\n\ndef B b { z: "1" }\n', (2, 6)),
            ('def A a {\n  x: "one\n  y: 2\n  z: "three"\n  w: "f"\n}\ndef B b { z: "1" }\n', (2, 6)),
            ('def A a {\n  x: """one\n  y: "2"\n}\ndef B b { z: 1 }\n', (2, 6)),
            ('def A a "open {\n  x: 1\n}\ndef B b {}\n', (1, 9)),
            ('def A a {\n  def C c { x: "one }\n  def C d { y: "two" }\n}\ndef B b {}\n', (2, 16)),
            ('@name "open\n@version "1.0"\ndef B b {}\n', (1, 7)),
        ],
    )
    def test_w_12_a_quote_that_is_not_closed(self, text: str, place: tuple[int, int]) -> None:
        """It is reported where it was opened, once, and hides no other definition."""
        result = read(text)
        assert "b" in [node.id for node in result.ast.defs]
        assert len(result.diagnostics) == 1, [str(d) for d in result.diagnostics]
        span = result.diagnostics[0].span
        assert span is not None
        assert (span.line, span.col) == place
        assert "clos" in result.diagnostics[0].message


def test_w_53_frozen_and_copyable() -> None:
    """Nothing inside can be changed; copy, pickle and hash work."""
    node = ASTNode("P", "a", properties=parse("def P a { l: [1] m: {k: [2]} }").defs[0].properties)
    with pytest.raises(AttributeError):
        node.properties["l"].append(2)
    with pytest.raises(TypeError):
        node.properties["m"]["k2"] = 1
    assert copy.deepcopy(node) == node == pickle.loads(pickle.dumps(node))
    assert len({node, copy.copy(node)}) == 1
