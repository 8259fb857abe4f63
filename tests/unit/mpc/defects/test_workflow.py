"""Workflow defects of the reference, each reproduced against our engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alm_workbench.mpc.codes import INTENT_KINDS
from alm_workbench.mpc.errors import MPCError
from alm_workbench.mpc.ports import Actor
from alm_workbench.mpc.workflow import Engine, Ports, StepResult, WorkflowMachine, from_data, to_data, workflow_from

from ..conftest import ROOT

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def engine(states: list[Any], *transitions: dict[str, Any], ports: Ports | None = None, **rest: Any) -> Engine:
    """An engine over a chart in either vocabulary."""
    first = states[0] if isinstance(states[0], str) else states[0]["id"]
    data = {"initial": first, "states": states, "transitions": list(transitions), **rest}
    return Engine(workflow_from(data), ports, trace=True)


def step(source: str | list[str], on: str, to: str, **rest: Any) -> dict[str, Any]:
    return {"from": source, "on": on, "to": to, **rest}


def walk(machine: Engine, *events: str, **given: Any) -> StepResult:
    """The last result of events fired one after the other from the beginning."""
    config = machine.initial(given.get("now"))
    for event in events[:-1]:
        config = machine.fire(config, event, **given).config
    return machine.fire(config, events[-1], **given)


class DenyAll:
    """An authority that lets nobody do anything, and remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def authorize(self, actor_id: str | None, transition: str) -> bool:
        self.asked.append(actor_id)
        return False


def test_w_27_guards_fail_closed() -> None:
    """A guard is always evaluated; where nothing can evaluate it, it fails."""
    chart = workflow_from({"initial": "a", "states": ["a", "b"], "transitions": [step("a", "go", "b", guard="false")]})
    for candidate in (Engine(chart), Engine(chart, expressions=False)):
        result = walk(candidate, "go")
        assert (result.allow, result.config.state, result.errors[0].code) == (False, "a", "E_WF_GUARD_FAIL")


def test_w_27_a_guard_port_that_fails_refuses() -> None:
    """An exception is not an answer."""

    class Broken:
        def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
            raise RuntimeError("no connection")

    result = walk(engine(["a", "b"], step("a", "go", "b", guard="true"), ports=Ports(guard=Broken())), "go")
    assert (result.allow, result.errors[0].code) == (False, "E_WF_GUARD_FAIL")


def test_w_28_the_authority_is_always_asked() -> None:
    """Also where nobody says who acts."""
    authority = DenyAll()
    machine = engine(["a", "b"], step("a", "go", "b"), ports=Ports(auth=authority))
    result = walk(machine, "go")
    assert (result.allow, result.errors[0].code, authority.asked) == (False, "E_WF_AUTH_DENIED", [None])


def test_w_29_a_role_as_text_is_one_role() -> None:
    """Not the set of its letters."""
    for key in ("authRoles", "auth_roles", "roles"):
        machine = engine(["a", "b"], step("a", "go", "b", **{key: "admin"}))
        assert not walk(machine, "go", actor=Actor("u", frozenset("admin"))).allow
        assert walk(machine, "go", actor=Actor("u", frozenset({"admin"}))).allow


def test_w_30_guarded_alternatives_are_tried_in_order() -> None:
    """The first that may be taken is."""
    machine = engine(
        ["a", "big", "small"], step("a", "go", "big", guard="n > 100"), step("a", "go", "small", guard="n <= 100")
    )
    assert walk(machine, "go", context={"n": 5}).config.state == "small"
    assert walk(machine, "go", context={"n": 500}).config.state == "big"
    assert walk(machine, "go", context={"n": 5}, now=NOW).config.state == "small"


NESTED = ["C", "P", "Q", "Z"]
HIERARCHY: dict[str, Any] = {
    "parents": {"C": "P", "Q": "P"},
    "initial": "P",
    "on_enter": {"Z": ["enterZ"], "P": ["enterP"], "C": ["enterC"]},
    "on_leave": {"P": ["leaveP"], "C": ["leaveC"]},
}


def test_w_31_an_inherited_step_runs_once() -> None:
    """Whatever is active inside, and in an order that no hash seed changes."""
    code = (
        "from alm_workbench.mpc.workflow import *\n"
        "w = workflow_from({'initial':'p','states':['p','l','r','x','y','z'],'parallels':['p'],"
        "'parents':{'l':'p','r':'p','x':'l','y':'r'},'on_enter':{'z':['enterZ']},"
        "'on_leave':{s:['leave '+s] for s in 'plrxy'},"
        "'transitions':[{'from':'p','on':'out','to':'z','on_enter':['pay']}]})\n"
        "e = Engine(w)\nprint(e.fire(e.initial(), 'out').actions)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2, 3)
    }  # fmt: skip
    assert outputs == {"('leave y', 'leave r', 'leave x', 'leave l', 'leave p', 'pay', 'enterZ')\n"}


def test_w_32_an_internal_step_runs_its_own_actions_only() -> None:
    """Nothing is left, nothing is entered."""
    machine = engine(NESTED, step("P", "note", "P", rule_type="internal", on_enter=["act"]), **HIERARCHY)
    result = walk(machine, "note")
    assert (result.actions, result.config.active) == (("act",), ("P", "C"))


def test_w_33_leaving_a_parallel_state_leaves_its_regions() -> None:
    """Nothing of it stays behind."""
    machine = engine(
        ["par", "R1", "R2", "a", "b", "Z"],
        step("par", "quit", "Z"),
        parallels=["par"],
        parents={"R1": "par", "R2": "par", "a": "R1", "b": "R2"},
    )
    assert machine.initial().active == ("par", "R1", "a", "R2", "b")
    assert walk(machine, "quit").config.active == ("Z",)


@pytest.mark.parametrize(("mode", "expected"), [("deep", "in,step,x2"), ("shallow", "in,step,x1")])
@pytest.mark.parametrize("key", ["history", "history_mode"])
def test_w_34_history_comes_from_manifests_too(mode: str, expected: str, key: str) -> None:
    """Both names, both kinds."""
    states = [
        "out", {"id": "in", key: mode}, {"id": "first", "parent": "in"}, {"id": "step", "parent": "in"},
        {"id": "x1", "parent": "step"}, {"id": "x2", "parent": "step"},
    ]  # fmt: skip
    machine = engine(
        states,
        step("out", "go", "in"),
        step("first", "next", "step"),
        step("x1", "down", "x2"),
        step("in", "leave", "out"),
    )
    assert walk(machine, "go", "next", "down", "leave", "go").config.state == expected


def test_w_35_unknown_targets_are_never_entered() -> None:
    """A fixed one is refused when the chart is built, a computed one when it is computed."""
    with pytest.raises(MPCError, match="unknown state 'nowhere'") as caught:
        engine(["a", "b"], step("a", "go", "nowhere"))
    assert caught.value.code == "E_WF_UNKNOWN_STATE"
    machine = engine(["a", "b"], step("a", "go", "goal", rule_type="dynamic"))
    for goal in ("nowhere", None, 7, ["b"]):
        result = walk(machine, "go", context={"goal": goal})
        assert (result.allow, result.config.state, result.errors[0].code) == (False, "a", "E_WF_DYN_FAIL")
    assert walk(machine, "go", context={"goal": "b"}).config.state == "b"


def test_w_36_intents_are_of_the_taxonomy() -> None:
    """A step asks for what its states and transitions say, never for itself."""
    notify = {"kind": "notify", "target": "#qa", "idempotencyKey": "k", "params": {"template": "t"}}
    machine = engine(["a", {"id": "b", "on_enter": [notify, "log"]}], step("a", "go", "b"))
    result = walk(machine, "go")
    assert [dict(intent) for intent in result.intents] == [notify]
    assert all(intent["kind"] in INTENT_KINDS for intent in result.intents)
    assert result.actions == ("log",)
    with pytest.raises(MPCError) as caught:
        engine(["a", {"id": "b", "on_enter": [{"kind": "go", "target": "b"}]}], step("a", "go", "b"))
    assert caught.value.code == "E_WF_INVALID_ACTION"


def test_w_37_persistence_keeps_history_times_and_queue() -> None:
    """Everything that decides on the continuation survives JSON."""
    machine = engine(
        ["out", {"id": "in", "history": "deep"}, {"id": "x", "parent": "in"}, {"id": "y", "parent": "in"}],
        step("out", "go", "in"), step("x", "next", "y"), step("in", "leave", "out"),
    )  # fmt: skip
    shell = WorkflowMachine(machine, clock=lambda: NOW)
    for event in ("go", "next", "leave"):
        shell.fire(event)
    other = WorkflowMachine(machine, clock=lambda: NOW)
    other.restore(json.loads(json.dumps(shell.serialize())))
    assert other.config == shell.config
    assert other.config.entered == {"out": NOW}
    assert other.fire("go").config.state == "in,y"


def test_w_37_each_state_has_its_own_timer_and_the_system_needs_no_role() -> None:
    """Regions do not reset each other's time, and the clock is the caller's."""
    machine = engine(
        ["par", "l", "r", "l1", "l2", "r1", "r2"],
        step("l1", "left", "l2"),
        step("r1", "expire", "r2", timeout_ms=60_000, auth_roles=["lead"]),
        parallels=["par"],
        parents={"l": "par", "r": "par", "l1": "l", "l2": "l", "r1": "r", "r2": "r"},
    )
    config = machine.activate(machine.initial(NOW), now=NOW).config
    later = NOW + timedelta(seconds=59)
    config = machine.fire(config, "left", now=later).config
    assert machine.check_timeouts(config, later) == ()
    assert machine.next_timeout(config) == NOW + timedelta(seconds=60)
    assert not machine.fire(config, "expire", Actor("u"), now=later).allow
    restored = from_data(machine.chart, json.loads(json.dumps(to_data(machine.chart, config))))
    (result,) = machine.check_timeouts(restored, NOW + timedelta(seconds=60))
    assert (result.allow, result.config.active) == (True, ("par", "l", "l2", "r", "r2"))


def test_finals_have_a_meaning() -> None:
    """A composite that has come to its end says so, and a final state at the top is left only by its own step."""
    machine = engine(
        ["p", "a", "f", "end", "again"],
        step("a", "finish", "f"),
        step("p", "done.state.p", "end", on_enter=["celebrate"]),
        step("end", "reopen", "again"),
        parents={"a": "p", "f": "p"},
        finals=["f", "end"],
    )
    result = walk(machine, "finish")
    assert (result.config.state, [q.taken for q in result.queued]) == ("end", [("done.state.p",)])
    shell = WorkflowMachine(machine, result.config)
    assert shell.finished
    assert not shell.fire("finish").allow
    assert shell.fire("reopen").allow


class PingPong:
    """An action that fires again and again."""

    machine: WorkflowMachine

    def __init__(self) -> None:
        self.fired = 0

    def execute(self, action: str, context: Mapping[str, Any]) -> None:
        self.fired += 1
        self.machine.fire("pong" if action == "ping" else "ping")


def test_queued_events_are_bounded_and_all_their_results_returned() -> None:
    """An endless exchange ends, and says so."""
    port = PingPong()
    states = [{"id": "a", "on_enter": ["pong"]}, {"id": "b", "on_enter": ["ping"]}]
    machine = engine(states, step("a", "ping", "b"), step("b", "pong", "a"), ports=Ports(action=port))
    port.machine = WorkflowMachine(machine, max_queue=10)
    result = port.machine.fire("ping")
    assert port.fired == 11
    assert [q.allow for q in result.queued] == [True] * 10 + [False]
    assert result.queued[-1].errors[0].code == "E_WF_QUEUE_FULL"
    assert port.machine.config.queue == ()
