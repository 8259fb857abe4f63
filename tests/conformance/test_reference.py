"""The public core's fixtures, where they lie beside the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alm_workbench import resources
from alm_workbench.mpc.conformance import CATEGORIES
from alm_workbench.testing.conformance import ConformanceRunner

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT.parent / "shared" / "reference" / "mpc"
FIXTURES = sorted((REFERENCE / "fixtures").glob("*/*"))

pytestmark = pytest.mark.skipif(not FIXTURES, reason="the public core's fixtures are not here")


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_fixture(path: Path) -> None:
    """Output and expectation are the same canonical text."""
    result = ConformanceRunner(REFERENCE / "fixtures").run_fixture(path)
    assert result.passed, result.to_dict()


def test_every_category_is_there() -> None:
    """The categories are the contract's."""
    assert set(ConformanceRunner(REFERENCE / "fixtures").categories()) == set(CATEGORIES)


def test_the_presets_are_the_same() -> None:
    """Ours hold the numbers of theirs, so that fixtures run the same without them."""
    ours = resources.path("alm_meta", "conformance", "presets")
    for file in sorted((REFERENCE / "presets").glob("*.json")):
        assert json.loads((ours / file.name).read_text("utf-8")) == json.loads(file.read_text("utf-8"))


def test_fixtures_pass_without_what_lies_beside_them(tmp_path: Path) -> None:
    """Our own presets and schemas serve as well."""
    runner = ConformanceRunner(
        REFERENCE / "fixtures",
        resources.path("alm_meta", "conformance", "presets"),
        resources.path("alm_meta", "contracts", "1.0"),
    )
    assert [result.fixture for result in runner.run_all() if not result.passed] == []
