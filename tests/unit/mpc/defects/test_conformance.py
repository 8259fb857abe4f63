"""Defects of the public core's conformance pack, shown absent."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from alm_workbench.cli import main
from alm_workbench.mpc.conformance import Case
from alm_workbench.testing.conformance import ConformanceRunner

FIXTURES = Path(__file__).resolve().parents[3] / "conformance" / "fixtures"


def failed_with(category: str, handler: Any) -> list[str]:
    """Fixtures that fail when a handler answers its category."""
    runner = ConformanceRunner(FIXTURES)
    runner.register_handler(category, handler)
    return [result.fixture for result in runner.run_category(category) if not result.passed]


def test_w_55_an_identity_handler_fails_canonical() -> None:
    """Every canonical fixture needs the handler to do something; the one about keys too."""
    failed = failed_with("canonical", lambda case: case.input)
    assert failed == [f"canonical/{path.name}" for path in ConformanceRunner(FIXTURES).fixtures("canonical")]
    assert any("keys" in name for name in failed)


def test_w_55_patterns_of_redaction_are_tested() -> None:
    """A redactor that ignores the fixture's patterns fails: no default key hides the lack."""

    def without_patterns(case: Case) -> Any:
        data = copy.deepcopy(case.input)
        data.get("config", {}).pop("deny_patterns", None)
        from alm_workbench.mpc.conformance.redaction import run

        return run(Case(case.category, case.name, data, case.meta, case.preset, case.schemas))

    assert failed_with("redaction", without_patterns)


def test_w_55_stickiness_of_routing_is_tested() -> None:
    """A router that ignores the actor, and one that ignores the weight, fail."""
    assert failed_with("routing", lambda case: {"version": case.input.get("canary_hash", "canary")})
    assert failed_with("routing", lambda case: {"version": case.input.get("stable_hash", "stable")})

    def forgetful(case: Case) -> Any:
        from alm_workbench.mpc.conformance.routing import run

        data = {**case.input, "actor_id": "somebody else"} if "actor_id" in case.input else case.input
        return run(Case(case.category, case.name, data, case.meta, case.preset, case.schemas))

    assert failed_with("routing", forgetful)


@pytest.mark.parametrize("arguments", [[], ["--category", "no-such-category"]])
def test_w_55_nothing_run_is_no_success(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty folder and an unknown category end with 1."""
    root = FIXTURES if arguments else tmp_path
    with pytest.raises(SystemExit) as ended:
        main(["conformance", str(root), *arguments, "--json"])
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["results"] == []


def test_w_55_governance_runs_real_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The category is answered by the admission code: break that, and its fixtures fail."""
    from alm_workbench.mpc import governance

    monkeypatch.setattr(governance, "_signature", lambda *_: None)
    monkeypatch.setattr(governance, "_size", lambda *_: None)
    monkeypatch.setattr(governance, "_attestation", lambda *_: None)
    failed = [result.fixture for result in ConformanceRunner(FIXTURES).run_category("governance") if not result.passed]
    assert len(failed) >= 10
