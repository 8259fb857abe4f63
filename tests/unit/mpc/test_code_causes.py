"""Codes that no conformance category yields: the shortest way to each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from alm_workbench.mpc import (
    ASTNode,
    DomainMeta,
    FrozenDict,
    FunctionDef,
    ManifestAST,
    ManifestInvalid,
    MPCError,
    formatting,
)
from alm_workbench.mpc.canonical import canonicalize, canonicalize_bytes
from alm_workbench.mpc.codec import decode
from alm_workbench.mpc.conformance import Case
from alm_workbench.mpc.conformance.validator import run as validator
from alm_workbench.mpc.contracts import Intent, from_dict
from alm_workbench.mpc.formatting import format_manifest
from alm_workbench.mpc.parse import parse, read
from alm_workbench.mpc.parse.common import ParseLimits
from alm_workbench.mpc.printing import to_dsl, to_json
from alm_workbench.mpc.validate import validate
from alm_workbench.mpc.workflow import Engine, WorkflowMachine, workflow_from
from alm_workbench.mpc.workflow.judge import Ports
from alm_workbench.testing.fakes import RecordingActions, RecordingAudit, RecordingAuthority

TAKEN = DomainMeta.load({"functions": [{"name": "len", "args": ["string"]}], "kinds": [{"name": "P"}]})


def printed(node: ASTNode, how: Callable[[ManifestAST], str]) -> str:
    """A manifest of one definition as text."""
    return how(ManifestAST(1, "", "", "0.0.0", (node,)))


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("E_CANONICAL_KEY", lambda: canonicalize({1: 2})),
        ("E_CANONICAL_NUMBER", lambda: canonicalize([float("nan")])),
        ("E_CANONICAL_TYPE", lambda: canonicalize({"a": object()})),
        ("E_CANONICAL_TYPE", lambda: canonicalize_bytes("\ud800")),
        ("E_ARTIFACT_INVALID", lambda: decode(DomainMeta, 5)),
        ("E_META_FUNCTION_TAKEN", lambda: TAKEN.with_functions([FunctionDef("len")])),
        ("E_PRINT", lambda: printed(ASTNode("P", "a b"), to_dsl)),
        ("E_PRINT", lambda: printed(ASTNode("P", "a", properties=FrozenDict({"children": 1})), to_json)),
        ("E_PARSE_UNSUPPORTED_FORMAT", lambda: parse("", format="toml")),
        ("E_PARSE_LIMIT", lambda: parse("def P a {}", limits=ParseLimits(max_chars=3))),
        ("E_PARSE_DUPLICATE_KEY", lambda: parse("def P a { x: 1 x: 2 }")),
        ("E_PARSE_LIMIT", lambda: from_dict(Intent, {"kind": "tag", "params": deep(5_000)})),
    ],
)
def test_what_raises_a_code(code: str, cause: Callable[[], Any]) -> None:
    """The exception carries the code."""
    with pytest.raises(MPCError) as caught:
        cause()
    assert caught.value.code == code


def deep(levels: int) -> Any:
    """A mapping in a mapping in a mapping."""
    found: Any = {}
    for _ in range(levels):
        found = {"a": found}
    return found


def test_an_invalid_manifest_without_an_error() -> None:
    """E_VALID stands for a manifest of which nothing more is known."""
    assert ManifestInvalid(()).code == "E_VALID"


def test_a_formatter_that_would_change_the_meaning_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """E_FORMAT: the text stays as it is, whatever mistake a formatter makes."""
    monkeypatch.setitem(formatting._FORMATTERS, "dsl", lambda text: text.replace("1", "2"))
    with pytest.raises(MPCError) as caught:
        format_manifest("def P a { x: 1 }")
    assert caught.value.code == "E_FORMAT"


def test_a_function_that_the_vocabulary_does_not_have() -> None:
    """E_META_FUNCTION_NOT_ALLOWED: in an expression of an open kind, and not in prose."""
    found = validate(read('def P p { expr: "mystery(1)" note: "staff (see wiki)" }').ast, TAKEN)
    assert [item.code for item in found] == ["E_META_FUNCTION_NOT_ALLOWED"]


def test_findings_of_the_validator_category_carry_registered_severities() -> None:
    """The contract says `warn`; our own word never leaves the core."""
    flow = {"kind": "Workflow", "id": "w", "initial": "a", "states": ["a", "b"], "transitions": [], "finals": ["b"]}
    found = validator(Case("validator", "x", {"defs": [flow]}))["errors"]
    assert {item["severity"] for item in found} <= {"info", "warn", "error", "fatal"}


# ---------------------------------------------------------------- workflows, with the fakes that ship

FLOW = workflow_from(
    {
        "initial": "a",
        "states": ["a", "b"],
        "finals": ["b"],
        "on_enter": {"b": ["mail"]},
        "transitions": [
            {"from": "a", "to": "b", "on": "go"},
            {"from": "a", "to": "nowhere + 1", "on": "leap", "rule_type": "dynamic"},
        ],
    }
)


def outcome(event: str, ports: Ports) -> tuple[list[str], list[str]]:
    """Codes of the errors and reasons of one event in the first state."""
    engine = Engine(FLOW, ports)
    found = engine.fire(engine.initial(), event)
    assert not found.allow
    assert found.config.state == "a"
    return [item.code for item in found.errors], [reason.code for reason in found.reasons]


@pytest.mark.parametrize(
    ("event", "ports", "error", "reason"),
    [
        ("go", Ports(action=RecordingActions(failing=["mail"])), "E_WF_ACTION_FAILED", "R_WF_ACTION_FAILED"),
        ("go", Ports(audit=RecordingAudit(broken=True)), "E_WF_AUDIT_FAILED", "R_WF_AUDIT_FAILED"),
        ("go", Ports(auth=RecordingAuthority()), "E_WF_AUTH_DENIED", "R_WF_AUTH_DENIED"),
        ("stay", Ports(), "E_WF_UNKNOWN_TRANSITION", "R_WF_UNKNOWN_TRANSITION"),
        ("leap", Ports(), "E_WF_DYN_FAIL", "R_WF_DYN_FAIL"),
    ],
)
def test_what_stops_a_step(event: str, ports: Ports, error: str, reason: str) -> None:
    """The machine stays where it was; the error and the reason say why."""
    errors, reasons = outcome(event, ports)
    assert errors == [error]
    assert reason in reasons


class Echo:
    """An action that fires another event while its step is under way."""

    def __init__(self) -> None:
        self.machine: WorkflowMachine | None = None
        self.answers: list[str] = []

    def execute(self, action: str, context: Mapping[str, Any]) -> None:
        """Fire, and keep what the inner call answers."""
        assert self.machine is not None
        self.answers += [reason.code for reason in self.machine.fire("back").reasons]


def test_events_wait_while_a_step_is_under_way() -> None:
    """R_WF_QUEUED for as many as there is room, then R_WF_QUEUE_FULL."""
    echo = Echo()
    flow = workflow_from(
        {
            "initial": "a",
            "states": ["a", "b"],
            "on_enter": {"b": ["echo", "echo again"]},
            "transitions": [{"from": "a", "to": "b", "on": "go"}, {"from": "b", "to": "a", "on": "back"}],
        }
    )
    echo.machine = WorkflowMachine(Engine(flow, Ports(action=echo)), max_queue=1)
    echo.machine.fire("go")
    assert echo.answers == ["R_WF_QUEUED", "R_WF_QUEUE_FULL"]
    assert echo.machine.state == "a"


def test_time_needs_a_clock() -> None:
    """E_WF_NO_CLOCK: an engine with timeouts never reads one of its own."""
    timed = {"from": "a", "to": "b", "on": "expire", "timeout_ms": 1000}
    engine = Engine(workflow_from({"initial": "a", "states": ["a", "b"], "transitions": [timed]}))
    with pytest.raises(MPCError) as caught:
        engine.fire(engine.initial(), "expire")
    assert caught.value.code == "E_WF_NO_CLOCK"


def test_a_configuration_belongs_to_its_chart() -> None:
    """E_WF_VERSION_MISMATCH: what another workflow kept is not taken up."""
    kept = WorkflowMachine(Engine(FLOW)).serialize()
    other = workflow_from({"initial": "a", "states": ["a", "b", "c"], "transitions": []})
    with pytest.raises(MPCError) as caught:
        WorkflowMachine(Engine(other)).restore(kept)
    assert caught.value.code == "E_WF_VERSION_MISMATCH"
