"""``alm workflow``: drawings and walks, for people and as JSON; exit code 1 at a refusal, 2 for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.commands.running import run_command

SAFETY = str(Path(__file__).resolve().parents[3] / "alm_meta" / "manifests" / "safety.alm")
READY = json.dumps({"self": {"title": "Braking distance", "created_by": "x", "fields": {"text": "shall"}}})


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return run_command(capsys, "workflow", *arguments)


@pytest.mark.parametrize(
    ("form", "begins", "holds"),
    [
        ("text", "requirement_flow  Gereksinim akışı", "draft --> analysis  ◇ Analize başla"),
        ("mermaid", "---\ntitle:", 'state "Taslak" as s0'),
        ("svg", "<svg ", ">Taslak<"),
    ],
)
def test_graph(capsys: pytest.CaptureFixture[str], form: str, begins: str, holds: str) -> None:
    """Three forms, in Turkish."""
    code, out, err = run(capsys, "graph", SAFETY, "--format", form, "--lang", "tr")
    assert (code, err) == (0, "")
    assert out.startswith(begins)
    assert holds in out


def test_graph_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """States and arrows as JSON, with the drawing where one is asked for."""
    code, out, _ = run(capsys, "graph", SAFETY, "--json", "--lang", "tr")
    found = json.loads(out)
    assert (code, found["id"], found["states"][0]["label"]) == (0, "requirement_flow", "Taslak")
    assert {"source": "draft", "target": "analysis", "labels": ["◇ Analize başla"]} in found["arrows"]
    drawn = json.loads(run(capsys, "graph", SAFETY, "--json", "--format", "svg")[1])
    assert drawn["svg"].startswith("<svg ")


def test_graph_of_one_of_several(capsys: pytest.CaptureFixture[str]) -> None:
    """By id; an unknown one names those that exist."""
    assert run(capsys, "graph", SAFETY, "--workflow", "hazard_flow")[1].startswith("hazard_flow")
    code, _, err = run(capsys, "graph", SAFETY, "--workflow", "nope")
    assert code == 2
    assert "requirement_flow" in err


def test_a_walk_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """Each step with its reason, then what is open."""
    code, out, _ = run(
        capsys, "simulate", SAFETY, "--type", "requirement", "--path", "start, submit, approve",
        "--roles", "engineer,reviewer", "--context", READY,
    )  # fmt: skip
    assert code == 0
    assert "2. submit: analysis --> review\n   R_WF_GUARD_PASS" in out
    assert "now in approved; open from here:" in out
    assert "Actor lacks required roles for 'retire'" in out


def test_a_walk_stops_at_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, the reasons as data, nothing after it."""
    code, out, _ = run(
        capsys, "simulate", SAFETY, "--workflow", "requirement_flow", "--path", "start,submit,approve",
        "--roles", "engineer", "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert (code, found["complete"], found["state"]) == (1, False, "analysis")
    assert [(step["event"], step["allow"]) for step in found["steps"]] == [("start", True), ("submit", False)]
    assert found["steps"][1]["errors"][0]["code"] == "E_WF_GUARD_FAIL"
    assert {option["transition"]: option["allowed"] for option in found["permitted"]} == {
        "submit": False,
        "reject": False,
    }


def test_a_walk_may_begin_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """In any state of the workflow."""
    code, out, _ = run(
        capsys, "simulate", SAFETY, "--path", "rework", "--from", "review", "--roles", "reviewer",
        "--context", '{"self": {"fields": {"rationale": "unclear"}}}',
    )  # fmt: skip
    assert code == 0
    assert "1. rework: review --> analysis" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--path", "start", "--context", "{"), "--context is no JSON"),
        (("--path", "start", "--context", "[]"), "--context must be a JSON object"),
        (("--path", "start", "--context", '{"self": 1}'), "--context must be an object of objects"),
        (("--path", "start", "--type", "nope"), "no type 'nope' with a workflow"),
        (("--path", "start", "--from", "nope"), "has no state 'nope'"),
        ((), "Missing option '--path'"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str) -> None:
    """One sentence, exit code 2."""
    code, _, err = run(capsys, "simulate", SAFETY, *arguments)
    assert code == 2
    assert message in err


def test_an_unsound_manifest(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its errors, with their places."""
    file = tmp_path / "bad.alm"
    file.write_text('def Workflow w { initial: "x" states: ["a"] transitions: [] }', "utf-8")
    code, _, err = run(capsys, "graph", str(file))
    assert code == 2
    assert "'x' is no state" in err


def test_a_walk_names_words_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    """Roles and steps with a typo would only be refused."""
    _, _, err = run(capsys, "simulate", SAFETY, "--type", "requirement", "--path", "strt", "--roles", "enginer")
    assert err.splitlines() == [
        "alm: this manifest has no role 'enginer' (did you mean 'engineer'?)",
        "alm: this manifest has no step 'strt' (did you mean 'start'?)",
    ]
