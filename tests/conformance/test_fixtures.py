"""Our own fixtures pass, leave no category and no code out, and are worth something: a lazy handler fails them."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alm_workbench import resources
from alm_workbench.mpc.codes import ERROR_CODES, REASON_CODES
from alm_workbench.mpc.conformance import CATEGORIES, Case
from alm_workbench.testing.conformance import ConformanceRunner
from tests.conformance.unreached import UNREACHED
from tests.unit.mpc.test_codes import NEVER_PRODUCED

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).with_name("fixtures")
RUNNER = ConformanceRunner(FIXTURES)
CODES = {*ERROR_CODES, *REASON_CODES}


def name(path: Path) -> str:
    """`category/name`."""
    return f"{path.parent.name}/{path.name}"


def codes_in(value: Any) -> Iterator[str]:
    """Codes anywhere in an expectation."""
    if isinstance(value, dict):
        code = value.get("code")
        if isinstance(code, str):
            yield code
        for item in value.values():
            yield from codes_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from codes_in(item)


def covered() -> dict[str, set[str]]:
    """The coverage table: codes in expectations, each with the categories that yield it."""
    found: dict[str, set[str]] = {}
    for path in RUNNER.fixtures():
        for code in codes_in(json.loads((path / "expected.json").read_text("utf-8"))):
            found.setdefault(code, set()).add(path.parent.name)
    return found


@pytest.mark.parametrize("path", RUNNER.fixtures(), ids=name)
def test_fixture(path: Path) -> None:
    """Output and expectation are the same canonical text."""
    result = RUNNER.run_fixture(path)
    assert result.passed, result.to_dict()


def test_every_category_has_fixtures() -> None:
    """None of the fifteen is left out, and none is invented."""
    assert set(RUNNER.categories()) == set(CATEGORIES)


def test_every_fixture_names_its_preset() -> None:
    """One of those that ship, so that it runs anywhere."""
    presets = {file.stem for file in resources.path("alm_meta", "conformance", "presets").glob("*.json")}
    for path in RUNNER.fixtures():
        assert json.loads((path / "meta.json").read_text("utf-8"))["preset"] in presets, name(path)


def test_every_code_is_covered() -> None:
    """A code stands in a fixture's expectation, or in the reviewed list with the unit test that covers it."""
    assert CODES - covered().keys() - NEVER_PRODUCED.keys() == UNREACHED.keys()


def test_only_registered_codes_are_expected() -> None:
    """Expectations cannot drift from the registry."""
    assert covered().keys() - CODES == set()


def _functions(path: Path) -> dict[str, str]:
    """Source of each test function of a module by `name` or `Class::name`, decorators included."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    body: list[ast.stmt] = ast.parse(text).body
    named = [("", node) for node in body]
    named += [(f"{c.name}::", node) for c in body if isinstance(c, ast.ClassDef) for node in c.body]
    found = {}
    for prefix, node in named:
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found[prefix + node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


@pytest.mark.parametrize("code", sorted(UNREACHED))
def test_codes_beyond_fixtures_have_a_unit_test(code: str) -> None:
    """The test that the list names exists and is about the code."""
    file, _, function = UNREACHED[code].partition("::")
    assert code in _functions(ROOT / "tests" / file)[function]


# ---------------------------------------------------------------- strength


def _identity(case: Case) -> Any:
    return case.input


def _always_valid(case: Case) -> Any:
    return {"valid": True}


def _allow(case: Case) -> Any:
    return {"allow": True, "reasons": []}


def _deny(case: Case) -> Any:
    return {"allow": False, "reasons": []}


def _failures(handler: Callable[[Case], Any], category: str) -> float:
    runner = ConformanceRunner(FIXTURES)
    runner.register_handler(category, handler)
    report = runner.run_category(category)
    return report.failed / len(report.results)


@pytest.mark.parametrize("handler", [_identity, _always_valid, _allow, _deny])
@pytest.mark.parametrize("category", CATEGORIES)
def test_a_lazy_handler_fails(handler: Callable[[Case], Any], category: str) -> None:
    """Whoever gives back the input, or one answer to everything, fails at least a third of every category."""
    assert _failures(handler, category) >= 1 / 3


def test_the_identity_fails_every_canonical_fixture() -> None:
    """No fixture of this category is decoration."""
    assert _failures(_identity, "canonical") == 1
