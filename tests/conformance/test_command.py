"""`alm conformance`: what it prints and the codes it ends with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alm_workbench.cli import main

FIXTURES = Path(__file__).with_name("fixtures")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A root with a fixture that passes, one that differs, one that cannot be read and one nobody answers."""
    for name, text in {
        "canonical/01": "{}",
        "canonical/02": '{"a": 1}',
        "canonical/03": "{",
        "brewing/01": "{}",
    }.items():
        directory = tmp_path / "fixtures" / name
        directory.mkdir(parents=True)
        (directory / "input.json").write_text(text)
        (directory / "expected.json").write_text("{}")
        (directory / "meta.json").write_text("{}")
    return tmp_path / "fixtures"


def run(*arguments: object) -> int:
    """The exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["conformance", *map(str, arguments)])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def run_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    """The exit code, and what it printed."""
    code = run(*arguments, "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, a line for each fixture, and the sum."""
    assert run(FIXTURES, "--category", "governance") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "PASS governance/01_signed_and_attested"
    assert lines[-1] == f"{len(lines) - 1} passed, 0 failed"


def test_json(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    """Exactly the results and two numbers."""
    code, found = run_json(capsys, broken)
    assert code == 1
    assert found.keys() == {"results", "passed", "failed"}
    assert (found["passed"], found["failed"]) == (1, 3)
    by_name = {result["fixture"]: result for result in found["results"]}
    assert by_name["canonical/01"] == {
        "fixture": "canonical/01",
        "passed": True,
        "diff": [],
        "violations": [],
        "trace": [],
        "error": None,
    }
    assert by_name["canonical/02"]["diff"] == [{"path": "$.a", "actual": 1}]
    assert "input.json" in by_name["canonical/03"]["error"]
    assert by_name["brewing/01"]["error"] == "There is no handler for the category 'brewing'"


def test_failures_are_readable(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    """What was expected and what came, at its path."""
    assert run(broken) == 1
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("FAIL canonical/02")
    assert lines[at + 1] == "     $.a: expected nothing, got 1"
    assert lines[-1] == "1 passed, 3 failed"


def test_an_unknown_category(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    """Exit code 1, a sentence, and still JSON."""
    code, found = run_json(capsys, broken, "--category", "acl")
    assert (code, found) == (1, {"results": [], "passed": 0, "failed": 0})
    assert run(broken, "--category", "acl") == 1
    assert "no fixtures of the category 'acl'" in capsys.readouterr().err


def test_an_empty_root(capsys: pytest.CaptureFixture[str], broken: Path, tmp_path: Path) -> None:
    """Nothing to run is no success."""
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty") == 1
    assert "no fixtures" in capsys.readouterr().err
    assert run(broken.parent) == 1
    assert "did you mean" in capsys.readouterr().err


@pytest.mark.parametrize("option", [None, "--presets", "--schemas"])
def test_a_missing_directory(capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str | None) -> None:
    """Exit code 2: nobody can say whether the core conforms."""
    nowhere = tmp_path / "nowhere"
    assert run(*([FIXTURES, option, nowhere] if option else [nowhere])) == 2
    assert "nowhere" in capsys.readouterr().err


def test_no_directory_at_all() -> None:
    """Bad usage."""
    assert run() == 2


def test_presets_and_schemas_can_be_given(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Those of the options count, and nothing else."""
    (tmp_path / "preset-generic-full.json").write_text("{}")
    for name in ("decision", "error", "event_envelope", "intent", "trace"):
        (tmp_path / f"{name}.schema.json").write_text('{"not": {}}')
    code, found = run_json(capsys, FIXTURES, "--category", "contracts", "--presets", tmp_path, "--schemas", tmp_path)
    assert code == 1
    assert found["passed"] == 1  # the one that has no schema anyway
    assert "should not be valid under" in str(found["results"][0]["diff"])
