"""``alm expr``: values, reasons and SQL, for people and as JSON; exit code 2 with the place of a mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.commands.running import json_of, run_command

GUARD = "self.n > 3 and self.state == 'open'"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return run_command(capsys, "expr", *arguments)


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    return json_of(capsys, "expr", *arguments)


def names(**item: Any) -> str:
    return json.dumps({"self": item})


@pytest.mark.parametrize(
    ("text", "context", "printed"),
    [
        ("1 + 2 * 3", "{}", "7"),
        ("a in ['İ', 'b']", '{"a": "İ"}', "true"),
        ("concat(a, '!')", '{"a": "ş"}', '"ş!"'),
        ("a > 3", "{}", "false"),
    ],
)
def test_eval_prints_the_value(capsys: pytest.CaptureFixture[str], text: str, context: str, printed: str) -> None:
    """As JSON text."""
    assert run(capsys, "eval", text, "--context", context) == (0, printed + "\n", "")


def test_eval_strict_is_undecided_where_something_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """And the trace says where."""
    code, out, _ = run(capsys, "eval", GUARD, "--context", names(n=4), "--strict", "--trace")
    assert code == 0
    assert out.splitlines() == [
        "undecided: a value is missing",
        "  self.n > 3: true",
        "  self.state == 'open': undecided",
    ]
    found = data(capsys, "eval", GUARD, "--context", names(n=1), "--strict", "--trace")
    assert (found["value"], found["undecided"]) == (False, False)
    assert [step["outcome"] for step in found["trace"]] == [False, None]


def test_context_from_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """--context @FILE."""
    (tmp_path / "c.json").write_text(names(n=4, state="open"), "utf-8")
    assert data(capsys, "eval", GUARD, "--context", f"@{tmp_path / 'c.json'}")["value"] is True


def test_explain_names_what_decided(capsys: pytest.CaptureFixture[str]) -> None:
    """The leaf with the values it saw."""
    code, out, _ = run(capsys, "explain", GUARD, "--context", names(n=4, state="draft"))
    assert (code, out) == (0, "false\n  self.state == 'open' was false: 'draft' == 'open'\n")
    found = data(capsys, "explain", GUARD, "--context", names(n=None, state="draft"), "--strict")
    assert found["value"] is None
    assert found["leaves"][0]["values"] == {"self.n": None}
    assert found["leaves"][0]["note"] == "a value is missing (self.n)"


def test_sql_in_both_dialects(capsys: pytest.CaptureFixture[str]) -> None:
    """Parameters are listed, names of --context fold away."""
    found = data(capsys, "sql", GUARD, "--columns", "self.n=int,self.state=text", "--dialect", "postgres")
    assert found["params"] == [3, "open"]
    assert (
        found["sql"] == '(COALESCE(("n" > CAST(? AS BIGINT)), FALSE) AND COALESCE(("state" = CAST(? AS TEXT)), FALSE))'
    )
    context = '{"actor": {"level": 9}}'
    text = "self.n < actor.level and 'x' in self.tags"
    _, out, _ = run(capsys, "sql", text, "--columns", "self.n=int, self.tags=text[]", "--context", context, "--where")
    assert out.splitlines() == [
        '(("n" < CAST(? AS BIGINT)) AND list_contains("tags", CAST(? AS VARCHAR)))',
        "  9",
        '  "x"',
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("eval", "a >"), ["ends too early", "  a >", "    ^"]),
        (("eval", "not 'x'"), ["A condition is needed here", "    ^^^"]),
        (("eval", "frobnicate(1)"), ["Unknown function: 'frobnicate'"]),
        (("eval", " + ".join(["1"] * 60)), ["depth limit"]),
        (("eval", "a", "--context", "[1]"), ["must be a JSON object"]),
        (("eval", "a", "--context", "{"), ["is no JSON"]),
        (("eval", "a", "--context", "@/nowhere/x.json"), ["--context: ", "/nowhere/x.json"]),
        (("explain", "1 < 'a'"), ["cannot be compared"]),
        (("sql", "a &"), ["Unexpected '&'"]),
        (("sql", "a matches '^x'", "--dialect", "postgres"), ["RE2", "  ^^^^^^^^^^^^^^"]),
        (("sql", "a > 1", "--columns", "a=number,b"), ["'b' is no PATH=TYPE"]),
    ],
)  # fmt: skip
def test_mistakes_end_with_two_and_a_place(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: list[str]
) -> None:
    """One sentence and, where there is one, the place."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    for part in words:
        assert part in err


def test_a_function_of_stored_items_is_not_called_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """The guide lists it, and a manifest may call it."""
    code, _, err = run(capsys, "eval", "1 == 1 and linkCount(self, 'verified_by') == 0")
    assert code == 2
    assert err.startswith("alm: linkCount() looks at stored items (an expression alone has none")


def test_of_a_long_line_only_what_is_near_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The mark stands below its place all the same."""
    _, _, err = run(capsys, "eval", "1 + " * 100 + "= 1 " + "+ 1 " * 100)
    _, here, marks = err.splitlines()
    assert len(here) < 130
    assert here[marks.index("^")] == "="
