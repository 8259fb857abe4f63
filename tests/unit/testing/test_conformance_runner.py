"""The directory runner: what it compares, what it refuses, and where it looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import MPCError, canonicalize
from alm_workbench.mpc.conformance import CATEGORIES, Case, CaseResult, handler_of, run_case
from alm_workbench.mpc.conformance.compare import differences
from alm_workbench.testing.conformance import ConformanceRunner, UnknownCategory, UnreadableFixture
from tests.unit.mpc.soak import soak

PRESETS = ("preset-generic-full", "preset-generic-min", "preset-security-hardened", "preset-ui-friendly")


def fixture(root: Path, name: str, data: Any = None, expected: Any = None, meta: Any = None) -> Path:
    """Write a fixture; texts are written as they are."""
    directory = root / name
    directory.mkdir(parents=True)
    for part, value in (("input", data), ("expected", expected), ("meta", {} if meta is None else meta)):
        text = value if isinstance(value, str) else json.dumps(value)
        (directory / f"{part}.json").write_text(text, "utf-8")
    return directory


def judged(output: Any, expected: Any) -> CaseResult:
    """The result of a handler that gives this output."""
    return run_case(Case("x", "01", {}), expected, lambda case: output)


# ---------------------------------------------------------------- comparing


@pytest.mark.parametrize(
    ("output", "expected", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        ([1, 2], [1, 2, 3], False),
        (1, 1.0, False),
        (True, 1, False),
        (0, False, False),
        (None, {}, False),
        ({"a": None}, {}, False),
        ("é", "e\u0301", False),
        ((1, 2), [1, 2], True),
    ],
)
def test_canonical_texts_are_compared(output: Any, expected: Any, same: bool) -> None:
    """Order of arrays and kind of number count, order of keys does not, and whatever differs is in the diff."""
    result = judged(output, expected)
    assert result.passed is same
    assert bool(result.diff) is not same


def test_the_diff_names_every_place() -> None:
    """A path for each difference; null is not absence."""
    result = judged({"a": [1, {"b": None}], "n": 1.0, "more": 1}, {"a": [2, {}], "n": 1, "less": None})
    assert [item.to_dict() for item in result.diff] == [
        {"path": "$.a[0]", "expected": 2, "actual": 1},
        {"path": "$.a[1].b", "actual": None},
        {"path": "$.less", "expected": None},
        {"path": "$.more", "actual": 1},
        {"path": "$.n", "expected": 1, "actual": 1.0},
    ]
    assert str(result.diff[1]) == "$.a[1].b: expected nothing, got null"


def test_errors_of_the_core_are_output() -> None:
    """An MPCError becomes the error object; any other exception is a failure that says where."""

    def refuse(case: Case) -> Any:
        raise MPCError("E_VALID", "No")

    error = {"error": {"code": "E_VALID", "message": "No", "severity": "error"}}
    assert run_case(Case("x", "01", {}), error, refuse).passed

    def fail(case: Case) -> Any:
        case.note("began")
        raise ZeroDivisionError("oops")

    result = run_case(Case("x", "01", {}), error, fail)
    assert result.error == "Handler error: ZeroDivisionError: oops"
    assert result.trace[0] == "began"
    assert "test_conformance_runner.py" in result.trace[1]
    assert str(Path.cwd()) not in str(result.trace)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ({"v": [float("nan")]}, r"\$.v\[0\]: not a finite number"),
        ({"v": float("-inf")}, r"\$.v: not a finite number"),
        ({"error": {"code": "E_MADE_UP"}}, "unregistered code 'E_MADE_UP'"),
        ({"reasons": [{"code": "R_MADE_UP"}]}, "unregistered code 'R_MADE_UP'"),
        ({"intents": [{"kind": "go", "target": "s"}]}, "unregistered intent kind 'go'"),
    ],
)
def test_violations_fail_even_when_expected(output: Any, words: str) -> None:
    """A fixture cannot bless a code that nobody registered."""
    result = judged(output, output)
    assert not result.passed
    assert pytest.raises(AssertionError, match=words).matches(AssertionError(" ".join(result.violations)))


def endless() -> list[Any]:
    """A list that contains itself."""
    found: list[Any] = []
    found.append(found)
    return found


@pytest.mark.parametrize("output", [{1: 2}, {"a": object()}, {"a": {1, 2}}, endless()])
def test_output_that_is_not_json_fails(output: Any) -> None:
    """Keys are texts, values those of JSON, and there is an end to it."""
    result = judged(output, {})
    assert not result.passed
    assert "cannot be compared" in str(result.error)


VALUES = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, 0.0, "", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, VALUES)
@soak(200)
def test_no_difference_means_the_same_text(one: Any, other: Any) -> None:
    """The diff is empty exactly when the canonical texts are equal."""
    same = canonicalize(one) == canonicalize(other)
    assert (not list(differences(one, other))) is same
    assert judged(one, other).passed is same


def test_notes_are_shown_on_failure_only() -> None:
    """Up to five lines of trace."""

    def talk(case: Case) -> Any:
        for i in range(9):
            case.note(f"line {i}")
        return {}

    assert run_case(Case("x", "01", {}), {}, talk).trace == ()
    assert run_case(Case("x", "01", {}), 1, talk).trace == tuple(f"line {i}" for i in range(5))


def test_every_category_has_a_handler() -> None:
    """Fifteen categories, each with a module of its own."""
    assert len(CATEGORIES) == 15
    assert all(callable(handler_of(category)) for category in CATEGORIES)
    assert handler_of("case") is None
    assert handler_of("..governance") is None


# ---------------------------------------------------------------- directories


def test_a_root_is_walked(tmp_path: Path) -> None:
    """Categories and names in order; hidden and unrelated files do not matter; a missing meta is an empty one."""
    order = {"defs": [{"id": "b"}, {"id": "a"}]}, {"defs": [{"id": "a"}, {"id": "b"}]}
    fixture(tmp_path, "canonical/02_b", *order)
    (fixture(tmp_path, "canonical/01_a", *order) / "meta.json").unlink()
    fixture(tmp_path, ".git/01", 1, 2)
    (tmp_path / "README.md").write_text("x")
    (tmp_path / "acl").mkdir()
    runner = ConformanceRunner(tmp_path)
    assert runner.categories() == ["canonical"]
    report = runner.run_all()
    assert [result.fixture for result in report] == ["canonical/01_a", "canonical/02_b"]
    assert (report.passed, report.failed) == (2, 0)
    assert report.to_dict()["results"][0] == {
        "fixture": "canonical/01_a",
        "passed": True,
        "diff": [],
        "violations": [],
        "trace": [],
        "error": None,
    }
    assert len(runner.run_category("canonical").results) == 2
    with pytest.raises(UnknownCategory, match="canonical"):
        runner.run_category("acl")


@pytest.mark.parametrize("category", ["*", "..", "canon*", "canonical/..", ""])
def test_a_category_is_a_name(tmp_path: Path, category: str) -> None:
    """Patterns and paths are no categories."""
    fixture(tmp_path / "root", "canonical/01", {}, {})
    with pytest.raises(UnknownCategory):
        ConformanceRunner(tmp_path / "root").run_category(category)


@pytest.mark.parametrize(
    ("part", "text", "words"),
    [
        ("input", "{", "Expecting"),
        ("input", "NaN", "NaN is not JSON"),
        ("expected", '{"a": 1, "a": 2}', "'a' appears twice"),
        ("expected", "[" * 100_000, "nested too deep"),
        ("meta", "[]", "must hold an object"),
        ("meta", '{"limits": 5}', "'limits' must be an object"),
    ],
)
def test_unreadable_files_are_named(tmp_path: Path, part: str, text: str, words: str) -> None:
    """What cannot be read fails with the file's name, and nothing else stops."""
    bad = fixture(tmp_path, "canonical/01_bad", {}, {})
    (bad / f"{part}.json").write_text(text)
    fixture(tmp_path, "canonical/02_good", {}, {})
    first, second = ConformanceRunner(tmp_path).run_all()
    assert second.passed
    assert not first.passed
    assert f"{part}.json" in str(first.error)
    assert words in str(first.error)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 is named; a byte order mark is forgiven."""
    bad = fixture(tmp_path, "canonical/01", {}, {})
    (bad / "input.json").write_bytes(b'\xff\xfe{"a":1}')
    marked = fixture(tmp_path, "canonical/02", {}, {})
    (marked / "input.json").write_bytes(b"\xef\xbb\xbf{}")
    first, second = ConformanceRunner(tmp_path).run_all()
    assert "input.json" in str(first.error)
    assert second.passed


@pytest.mark.parametrize("part", ["input", "expected"])
def test_a_missing_half_fails(tmp_path: Path, part: str) -> None:
    """A directory with one of the files is a fixture that is not complete."""
    directory = fixture(tmp_path, "canonical/01", {}, {})
    (directory / f"{part}.json").unlink()
    (result,) = ConformanceRunner(tmp_path).run_all()
    assert f"{part}.json: is missing" in str(result.error)


def test_an_unknown_category_of_fixtures_fails(tmp_path: Path) -> None:
    """Nobody answers it, unless a handler is registered."""
    fixture(tmp_path, "brewing/01", {"a": 1}, {"a": 1})
    runner = ConformanceRunner(tmp_path)
    (result,) = runner.run_all()
    assert result.error == "There is no handler for the category 'brewing'"
    runner.register_handler("brewing", lambda case: case.input)
    assert runner.run_all().passed == 1


def test_a_handler_of_ones_own_goes_first(tmp_path: Path) -> None:
    """Another implementation is tested with the same fixtures."""
    fixture(tmp_path, "canonical/01", {"defs": [{"id": "b"}, {"id": "a"}]}, {"own": True})
    runner = ConformanceRunner(tmp_path)
    assert runner.run_all().failed == 1
    runner.register_handler("canonical", lambda case: {"own": True})
    assert runner.run_all().passed == 1


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    """There is nothing to run and nothing to report."""
    with pytest.raises(NotADirectoryError):
        ConformanceRunner(tmp_path / "nowhere")


# ---------------------------------------------------------------- presets and schemas


def test_presets_are_found(tmp_path: Path) -> None:
    """Beside the root before one level above before our own; a given place alone counts."""
    root = tmp_path / "a" / "fixtures"
    fixture(root, "canonical/01", {}, {})
    runner = ConformanceRunner(root)
    assert runner.load_preset("preset-generic-min")["defaultLimits"]["maxExprSteps"] == 500
    for place, steps in ((tmp_path / "presets", 7), (tmp_path / "a" / "presets", 8), (tmp_path / "mine", 9)):
        place.mkdir()
        (place / "preset-generic-min.json").write_text(json.dumps({"defaultLimits": {"maxExprSteps": steps}}))
        found = ConformanceRunner(root, tmp_path / "mine" if steps == 9 else None).load_preset("preset-generic-min")
        assert found["defaultLimits"]["maxExprSteps"] == steps
    assert ConformanceRunner(root).load_preset("preset-ui-friendly")["name"] == "preset-ui-friendly"
    with pytest.raises(UnreadableFixture, match="preset-ui-friendly"):
        ConformanceRunner(root, tmp_path / "mine").load_preset("preset-ui-friendly")


@pytest.mark.parametrize("name", ["preset-nowhere", "../presets/preset-generic-min", ""])
def test_an_unknown_preset_fails(tmp_path: Path, name: str) -> None:
    """Also in a category that does not look at it; a name is not a path."""
    root = tmp_path / "fixtures"
    fixture(root, "canonical/01", {}, {}, {"preset": name})
    (result,) = ConformanceRunner(root).run_all()
    assert result.passed is (name == "")
    assert name == "" or f"Unknown preset '{name}'" in str(result.error)


def test_limits_are_merged(tmp_path: Path) -> None:
    """The fixture's own limit, else the preset's, else the default."""
    fixture(tmp_path, "x/01", None, [3, 10, 1], {"preset": "preset-generic-min", "limits": {"maxExprSteps": 3}})
    runner = ConformanceRunner(tmp_path)
    runner.register_handler("x", lambda c: [c.limit(n, 1) for n in ("maxExprSteps", "maxExprDepth", "maxNothing")])
    assert runner.run_all().passed == 1


def test_our_presets_have_the_numbers_of_the_contract() -> None:
    """Nodes, steps, depth, milliseconds and regexes of the four presets."""
    runner = ConformanceRunner(Path(__file__).parent)
    limits = {name: tuple(runner.load_preset(name)["defaultLimits"].values()) for name in PRESETS}
    assert limits == {
        "preset-generic-full": (10_000, 5_000, 50, 50, 5_000),
        "preset-generic-min": (500, 500, 10, 10, 100),
        "preset-security-hardened": (5_000, 1_500, 30, 20, 1_000),
        "preset-ui-friendly": (10_000, 5_000, 50, 100, 5_000),
    }
    functions = {
        f["name"]: (f["args"], f["returns"], f["cost"]) for f in runner.load_preset(PRESETS[0])["defaultFunctions"]
    }
    assert functions == {
        "len": (["string|array"], "int", 2),
        "substr": (["string", "int", "int"], "string", 3),
        "concat": (["any", "any"], "string", 3),
        "isEmpty": (["any"], "bool", 2),
        "now": ([], "string", 2),
        "regex": (["string", "string"], "bool", 20),
    }


def test_schemas_are_found(tmp_path: Path) -> None:
    """Given, beside the root, in the contracts above it, or our own."""
    root = tmp_path / "a" / "fixtures"
    fixture(root, "contracts/intent_x", {}, {"valid": True})
    strict = {"type": "object", "required": ["kind"]}
    assert not ConformanceRunner(root).run_all().passed
    places = [tmp_path / "core-contracts" / "schemas", tmp_path / "a" / "schemas", tmp_path / "mine"]
    for place in places:
        place.mkdir(parents=True)
        (place / "intent.schema.json").write_text(json.dumps({} if place == places[2] else strict))
    (places[1] / "intent.schema.json").write_text(json.dumps({**strict, "required": ["other"]}))
    (result,) = ConformanceRunner(root).run_all()
    assert result.diff[0].actual["message"] == "'other' is a required property"
    assert ConformanceRunner(root, schemas_root=places[2]).run_all().passed
    (result,) = ConformanceRunner(root, schemas_root=root).run_all()
    assert "No schemas" in str(result.error)
