"""The formatter: stable, lossless, and never another meaning."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import ManifestAST, ManifestInvalid, MPCError, parse
from alm_workbench.mpc.formatting import format_manifest
from alm_workbench.mpc.parse.lexical import COMMENT, STRING

from .soak import soak
from .written import dsl_texts, manifests

ROOT = Path(__file__).resolve().parents[3]
TOKEN = re.compile(rf"(?P<comment>{COMMENT})|{STRING}")


def comments(text: str) -> list[str]:
    """The comments of a DSL text in order, without what white space ends them."""
    return [match[0].rstrip() for match in TOKEN.finditer(text) if match["comment"]]


def check_shape(text: str, format: str) -> str:
    """What always holds of a formatted text."""
    shaped = format_manifest(text, format=format)
    assert format_manifest(shaped, format=format) == shaped
    assert parse(shaped, format=format) == parse(text, format=format)
    assert not shaped or (shaped.endswith("\n") and not shaped.endswith("\n\n"))
    return shaped


@soak(20)
@given(dsl_texts())
def test_any_dsl_text_takes_a_stable_shape(written: tuple[ManifestAST, str]) -> None:
    """Formatting twice changes nothing more; content and comments stay, in order."""
    ast, text = written
    shaped = check_shape(text, "dsl")
    assert parse(shaped, format="dsl") == ast
    assert comments(shaped) == comments(text.replace("\r\n", "\n"))


@soak(12)
@given(manifests)
def test_what_is_printed_is_in_shape_but_for_lines(ast: ManifestAST) -> None:
    """Printed JSON and YAML stay as they are, printed DSL keeps its content."""
    assert check_shape(ast.to_json(), "json") == ast.to_json()
    assert check_shape(ast.to_yaml(), "yaml") == ast.to_yaml()
    check_shape(ast.to_dsl(), "dsl")


@soak(20)
@given(manifests, st.integers(0, 1 << 30))
def test_any_yaml_text_takes_a_stable_shape(ast: ManifestAST, seed: int) -> None:
    """Comments, blank lines and deeper levels strewn over a text: the comments stay in order, the content too."""
    chance = Random(seed)
    step = chance.randrange(1, 4)
    out: list[str] = []
    for number, line in enumerate(ast.to_yaml().splitlines()):
        if chance.random() < 0.3:
            out.append(" " * chance.randrange(8) + f"# comment {number}")
        if chance.random() < 0.2:
            out += [""] * chance.randrange(1, 4)
        # All columns but those within texts are multiplied: a dash and the space behind it are two.
        levels = re.match(r"(?: |- )*", line)
        assert levels is not None
        wide = re.sub("- | ", lambda part: part[0][0] + " " * (len(part[0]) * step - 1), levels[0])
        out.append(wide + line[levels.end() :])
    text = "\n".join(out)
    shaped = check_shape(text, "yaml")
    assert re.findall(r"# comment \d+$", shaped, re.M) == re.findall(r"# comment \d+$", text, re.M)


@pytest.mark.parametrize("path", sorted((ROOT / "alm_meta").rglob("*.alm")), ids=lambda path: path.stem)
def test_the_shipped_manifests_can_be_formatted(path: Path) -> None:
    """Every comment of theirs stays."""
    text = path.read_text("utf-8")
    assert comments(check_shape(text, "dsl")) == comments(text)


def test_dsl_in_shape() -> None:
    """Two spaces, one property a line, lists broken where they are long, comments beside and above."""
    text = """// head
@schema 2   # which


@name "x"
/* one */ def A a "N" { x: 1, y: true // beside
   z: [1,2 , 3,]


   // above
   match {
 kind: "x" other: [ {a: 1}, // first
   {b: "LONG", c: "LONG"}] }
   def /* odd */ B b { p: allow q: 2 }
   def C c {}
   // end
}
"""
    long = "long " * 11
    assert format_manifest(text.replace("LONG", long)) == (
        """// head
@schema 2 # which

@name "x"
/* one */
def A a "N" {
  x: 1
  y: true // beside
  z: [1, 2, 3]

  // above
  match {
    kind: "x"
    other: [
      {a: 1}, // first
      {
        b: "LONG",
        c: "LONG",
      },
    ]
  }
  /* odd */
  def B b { p: allow q: 2 }
  def C c {}
  // end
}
""".replace("LONG", long)
    )


def test_yaml_in_shape() -> None:
    """Levels of two, comments with what they stand at, texts and flow collections as written."""
    text = (
        "# top\r\nname:   x  # beside\r\n\r\n\r\ndefs:\r\n    # first\r\n    -   kind: P\r\n        id: a\r\n"
        "        text: |\r\n              one\r\n                two\r\n\r\n\r\n              three\r\n"
        "          # after\r\n        l:\r\n        - a\r\n        - [1,\r\n             2] # flow\r\n   # end\r\n"
    )
    assert format_manifest(text, format="yaml") == (
        "# top\nname:   x  # beside\n\ndefs:\n  # first\n  -   kind: P\n      id: a\n"
        "      text: |\n        one\n          two\n\n\n        three\n"
        "      # after\n      l:\n      - a\n      - [1,\n           2] # flow\n# end\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "? a\n: 1\n",
        "name: |2\n    x\n   y\n",
        "name: 'a\n\n  b'\ndefs: [\n  {kind: P,\n\n   id: a}\n]\n",
        "---\nname: x\n...\n",
        "name: a\rnamespace: b",
        "name: >+\n   x\n\n\n\nnamespace: y\n",
        "defs:\n-\n    kind: P\n    id:\n          a\n    l:\n      - - - 1\n          - 2\n",
    ],
)
def test_rare_yaml_keeps_its_meaning(text: str) -> None:
    """Explicit keys and widths, texts over lines, document marks, odd line breaks."""
    try:
        parse(text, format="yaml")
    except ManifestInvalid:
        with pytest.raises(ManifestInvalid):
            format_manifest(text, format="yaml")
    else:
        check_shape(text, "yaml")


def test_json_in_shape() -> None:
    """Numbers and texts stay as written."""
    assert format_manifest('{"name":"\\u0041","defs":[ ],"schemaVersion": 1}') == (
        '{\n  "name": "\\u0041",\n  "defs": [],\n  "schemaVersion": 1\n}\n'
    )


def test_broken_texts_are_refused() -> None:
    """What cannot be read is not touched."""
    with pytest.raises(ManifestInvalid):
        format_manifest("def P {")
    with pytest.raises(MPCError, match="E_PARSE_UNSUPPORTED_FORMAT"):
        format_manifest("", format="toml")
    assert format_manifest("") == ""


@pytest.mark.parametrize("file", sorted((ROOT / "alm_meta").rglob("*.alm")), ids=lambda file: file.name)
def test_what_ships_is_in_shape(file: Path) -> None:
    """Whoever changes a shipped manifest formats it, so that differences show meaning and not layout."""
    text = file.read_text("utf-8")
    assert format_manifest(text, format="dsl") == text
    assert max(map(len, text.splitlines())) <= 120


def test_lines_break_where_they_no_longer_fit() -> None:
    """A list of 120 columns stays on its line, one of 121 does not."""
    fits = '  names: ["' + "a" * 107 + '"]'
    assert len(fits) == 120
    assert format_manifest(f"def P x {{\n{fits}\n}}\n") == f"def P x {{\n{fits}\n}}\n"
    longer = fits.replace("a", "aa", 1)
    assert len(format_manifest(f"def P x {{\n{longer}\n}}\n").splitlines()) == 5
