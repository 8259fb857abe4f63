"""The workflow engine: moves, ports, time, queues and persistence; soundness of definitions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alm_workbench.mpc import CompiledManifest, DomainMeta, EvalContext, check, decide_transition
from alm_workbench.mpc.compile.timespan import milliseconds
from alm_workbench.mpc.errors import MPCError
from alm_workbench.mpc.parse import parse
from alm_workbench.mpc.ports import Actor, AuditRecord
from alm_workbench.mpc.validate import validate
from alm_workbench.mpc.workflow import (
    Configuration,
    Engine,
    Ports,
    WorkflowMachine,
    engine_for,
    from_data,
    simulate,
    to_data,
    workflow_from,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
REGIONS: dict[str, Any] = {
    "states": ["idle", "run", "left", "right", "l1", "l2", "r1", "r2", "off"],
    "initial": "idle",
    "parents": {"left": "run", "right": "run", "l1": "left", "l2": "left", "r1": "right", "r2": "right"},
    "parallels": {"run": True, "left": False},
    "finals": ["l2", "r2", "off"],
    "transitions": [
        {"from": "idle", "on": "begin", "to": "run"},
        {"from": "l1", "on": "go", "to": "l2"},
        {"from": "r1", "on": "go", "to": "r2", "guard": "ready"},
        {"from": "run", "on": "done.state.run", "to": "off"},
        {"from": "r1", "on": "across", "to": "l2"},
        {"from": "idle", "on": "deep", "to": "l2"},
    ],
}


def flat(*transitions: dict[str, Any], **rest: Any) -> Engine:
    """An engine over three states in a row."""
    ports = rest.pop("ports", None)
    given = {"initial": "a", "states": ["a", "b", "c"], "transitions": list(transitions), **rest}
    return Engine(workflow_from(given), ports)


GO = {"from": "a", "on": "go", "to": "b"}


class Actions:
    """Carries out by remembering; fails at one name."""

    def __init__(self, fails: str = "") -> None:
        self.done: list[str] = []
        self.fails = fails

    def execute(self, action: str, context: Mapping[str, Any]) -> None:
        if action == self.fails:
            raise OSError("no paper")
        self.done.append(action)


class Audit:
    """Keeps records; or cannot."""

    def __init__(self, broken: bool = False) -> None:
        self.records: list[AuditRecord] = []
        self.broken = broken

    def record(self, record: AuditRecord) -> None:
        if self.broken:
            raise OSError("disk full")
        self.records.append(record)


class TestSteps:
    def test_one_event_moves_every_region_that_answers(self) -> None:
        """Together, in one step; the composite that ends by it is left at once."""
        engine = Engine(workflow_from(REGIONS))
        config = engine.fire(engine.initial(), "begin").config
        result = engine.fire(config, "go", context={"ready": True})
        assert (result.taken, result.config.state) == (("go",), "off")
        assert [queued.taken for queued in result.queued] == [("done.state.run",)]

    def test_a_region_that_refuses_is_told(self) -> None:
        """The other goes on, and the refusal stands in reasons and errors."""
        engine = Engine(workflow_from(REGIONS))
        config = engine.fire(engine.initial(), "begin").config
        result = engine.fire(config, "go", context={"ready": False})
        assert result.allow
        assert result.config.active == ("run", "left", "l2", "right", "r1")
        assert [reason.code for reason in result.reasons] == ["R_WF_GUARD_PASS", "R_WF_GUARD_FAIL"]
        assert [error.code for error in result.errors] == ["E_WF_GUARD_FAIL"]

    def test_a_step_into_one_region_begins_the_others(self) -> None:
        """From outside, and from another region."""
        engine = Engine(workflow_from(REGIONS))
        assert engine.fire(engine.initial(), "deep").config.active == ("run", "left", "l2", "right", "r1")
        config = engine.fire(engine.initial(), "begin").config
        assert engine.fire(config, "across").config.active == ("run", "left", "l2", "right", "r1")

    def test_an_inner_step_comes_before_an_inherited_one(self) -> None:
        """And the inherited one answers where the inner one may not be taken."""
        data = {
            "initial": "p", "states": ["p", "c", "x", "y"], "parents": {"c": "p"},
            "transitions": [
                {"from": "p", "on": "go", "to": "x"}, {"from": "c", "on": "go", "to": "y", "guard": "n > 1"},
            ],
        }  # fmt: skip
        engine = Engine(workflow_from(data))
        assert engine.fire(engine.initial(), "go", context={"n": 2}).config.state == "y"
        assert engine.fire(engine.initial(), "go", context={"n": 1}).config.state == "x"

    def test_a_step_to_the_state_around_it_stays_inside(self) -> None:
        """The composite is not left, and begins anew."""
        data = {
            "initial": "p", "states": ["p", "c", "d"], "parents": {"c": "p", "d": "p"},
            "on_leave": {"p": ["left p"], "d": ["left d"]},
            "transitions": [{"from": "c", "on": "next", "to": "d"}, {"from": "d", "on": "restart", "to": "p"}],
        }  # fmt: skip
        engine = Engine(workflow_from(data))
        result = engine.fire(engine.fire(engine.initial(), "next").config, "restart")
        assert (result.config.active, result.actions) == (("p", "c"), ("left d",))

    def test_the_short_and_the_long_way_agree(self) -> None:
        """With and without a trace, a clock or a harmless port, results are the same."""
        steps: list[dict[str, Any]] = [
            {**GO, "guard": "n > 1", "roles": ["r"], "on_enter": [{"kind": "tag", "target": "x"}, "log"]},
            {"from": "a", "on": "go", "to": "c", "roles": ["s"]},
        ]
        plain, audited = flat(*steps), flat(*steps, ports=Ports(audit=Audit()))
        for roles in ((), ("r",), ("s",), ("r", "s")):
            for n in (None, 0, 2):
                actor, facts = Actor("u", frozenset(roles)), {"n": n}
                quick = plain.fire(plain.initial(), "go", actor, facts)
                slow = audited.fire(audited.initial(), "go", actor, facts)
                assert quick == slow
                assert plain.fire(plain.initial(NOW), "go", actor, facts, NOW).config.active == quick.config.active

    def test_an_event_nobody_answers_is_refused_or_ignored(self) -> None:
        """Refused with the state's name; ignored where the chart says so."""
        engine = flat(GO, ignored=["ping"])
        refused = engine.fire(engine.initial(), "jump")
        assert [reason.code for reason in refused.reasons] == ["R_WF_UNKNOWN_TRANSITION"]
        assert refused.errors[0].message == "No transition 'jump' defined from state 'a'"
        assert [reason.code for reason in engine.fire(engine.initial(), "ping").reasons] == ["R_WF_IGNORED"]

    def test_a_computed_target_that_is_none_is_told(self) -> None:
        """The reason says what was computed."""
        engine = flat({"from": "a", "on": "go", "to": "goal", "rule_type": "dynamic"})
        (reason,) = engine.fire(engine.initial(), "go", context={"goal": "x"}).reasons
        assert (reason.code, reason.message) == ("R_WF_DYN_FAIL", "'go' has no target: goal is 'x', which is no state")

    def test_the_initial_states_enter_with_their_actions(self) -> None:
        """`start` runs them, `initial` does not."""
        port = Actions()
        engine = flat(GO, on_enter={"a": ["hello"]}, ports=Ports(action=port))
        assert engine.initial().active == ("a",)
        assert port.done == []
        assert engine.start().config == engine.initial()
        assert port.done == ["hello"]

    def test_what_is_open_comes_with_verdicts(self) -> None:
        """Every step from here, allowed or not."""
        engine = flat({**GO, "roles": ["r"]}, {"from": "a", "on": "skip", "to": "c"})
        found = engine.permitted(engine.initial(), Actor("u"))
        assert [(verdict.transition.id, verdict.allowed, verdict.code) for verdict in found] == [
            ("go", False, "R_WF_AUTH_DENIED"),
            ("skip", True, None),
        ]


class TestPorts:
    def test_a_failing_action_leaves_everything_as_it_was(self) -> None:
        """What was done already is told."""
        port = Actions(fails="print")
        engine = flat({**GO, "on_enter": ["stamp", "print", "send"]}, ports=Ports(action=port))
        result = engine.fire(engine.initial(), "go")
        assert (result.allow, result.config, result.actions) == (False, engine.initial(), ("stamp",))
        assert result.errors[0].code == "E_WF_ACTION_FAILED"
        assert [reason.code for reason in result.reasons] == ["R_WF_ACTION_FAILED"]

    def test_every_attempt_is_recorded(self) -> None:
        """Taken or refused, with what decided and never with values."""
        audit = Audit()
        engine = flat(GO, ports=Ports(audit=audit))
        config = engine.fire(engine.initial(), "go", Actor("u"), {"secret": "x"}, NOW).config
        engine.fire(config, "go", Actor("u"))
        assert [(r.event, r.source_state, r.destination_state, r.allowed) for r in audit.records] == [
            ("go", "a", "b", True),
            ("go", "b", "b", False),
        ]
        assert (audit.records[0].context_keys, audit.records[0].timestamp) == (("secret",), NOW)
        assert "x" not in str(audit.records[0].reasons)

    def test_a_step_that_cannot_be_recorded_is_not_taken(self) -> None:
        """No history has holes."""
        engine = flat(GO, ports=Ports(audit=Audit(broken=True)))
        result = engine.fire(engine.initial(), "go")
        assert (result.allow, result.config.state, result.errors[0].code) == (False, "a", "E_WF_AUDIT_FAILED")
        assert result.reasons[-1].code == "R_WF_AUDIT_FAILED"

    def test_guard_port_and_expression_must_agree(self) -> None:
        """Neither alone is enough."""

        class Says:
            def __init__(self, answer: bool) -> None:
                self.answer = answer

            def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
                assert (transition, guard, context) == ("go", "n > 1", {"n": n})
                return self.answer

        for answer in (True, False):
            for n in (0, 2):
                engine = flat({**GO, "guard": "n > 1"}, ports=Ports(guard=Says(answer)))
                assert engine.fire(engine.initial(), "go", context={"n": n}).allow is (answer and n == 2)


class TestTime:
    def engine(self, **rest: Any) -> Engine:
        return flat({**GO, "on": "expire", "timeout": "2h", **rest}, {"from": "a", "on": "stay", "to": "a"})

    def test_a_clock_is_needed_where_there_are_timeouts(self) -> None:
        """Otherwise timers would never run."""
        engine = self.engine()
        with pytest.raises(MPCError) as caught:
            engine.fire(engine.initial(), "stay")
        assert caught.value.code == "E_WF_NO_CLOCK"

    def test_entering_a_state_again_begins_its_time_anew(self) -> None:
        """A timer belongs to one stay."""
        engine = self.engine()
        config = engine.activate(engine.initial(NOW), now=NOW).config
        later = NOW + timedelta(hours=1)
        config = engine.fire(config, "stay", now=later).config
        assert engine.due(config, NOW + timedelta(hours=2)) == ()
        (result,) = engine.check_timeouts(config, NOW + timedelta(hours=3))
        assert (result.allow, result.config.state) == (True, "b")

    def test_guards_and_authority_hold_for_the_system_too(self) -> None:
        """A step that is refused stays due."""

        class Nobody:
            def authorize(self, actor_id: str | None, transition: str) -> bool:
                return actor_id != "system"

        for engine in (self.engine(guard="false"), flat({**GO, "timeout": 1}, ports=Ports(auth=Nobody()))):
            config = engine.activate(engine.initial(NOW), now=NOW).config
            (result,) = engine.check_timeouts(config, NOW + timedelta(days=1))
            assert (result.allow, result.config.state) == (False, "a")

    def test_timers_rest_while_the_instance_does(self) -> None:
        """Activation runs its actions once and keeps the time a state already has."""
        port = Actions()
        engine = flat(
            {**GO, "timeout": 1}, on_activate={"a": ["up"]}, on_deactivate={"a": ["down"]}, ports=Ports(action=port)
        )
        config = engine.initial(NOW)
        assert engine.check_timeouts(config, NOW + timedelta(days=1)) == ()
        config = engine.activate(config, now=NOW + timedelta(days=1)).config
        assert engine.activate(config).config == config
        assert config.entered == {"a": NOW}
        config = engine.deactivate(config).config
        assert engine.deactivate(config).config == config
        assert port.done == ["up", "down"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [(None, 0), (1500, 1500), ("90s", 90_000), ("4h", 14_400_000), ("PT4H", 14_400_000), ("P1DT12H", 129_600_000),
         ("P1W", 604_800_000), ("PT0.5S", 500), ("250 ms", 250)],
    )  # fmt: skip
    def test_spans_of_time(self, text: Any, expected: int) -> None:
        """Milliseconds, short forms and ISO 8601."""
        assert milliseconds(text) == expected

    @pytest.mark.parametrize(
        "text", ["soon", "P", "PT", "P1Y", "-5s", -1, True, [1], "1e3", float("inf"), float("nan")]
    )
    def test_anything_else_is_no_span(self, text: Any) -> None:
        """Refused with a code."""
        with pytest.raises(MPCError) as caught:
            milliseconds(text)
        assert caught.value.code == "E_WF_INVALID_TIMEOUT"


class TestMachine:
    def test_events_fired_by_actions_wait_their_turn(self) -> None:
        """First in, first out; their results are in the outer one."""

        class Fires(Actions):
            def execute(self, action: str, context: Mapping[str, Any]) -> None:
                super().execute(action, context)
                if action == "kick":
                    self.answers = [machine.fire("one"), machine.fire("two")]
                    self.kept = machine.serialize()

        port = Fires()
        steps: list[dict[str, Any]] = [
            {**GO, "on_enter": ["kick"]},
            {"from": "b", "on": "one", "to": "c"},
            {"from": "c", "on": "two", "to": "a"},
        ]
        machine = WorkflowMachine(flat(*steps, ports=Ports(action=port)))
        result = machine.fire("go")
        assert [answer.reasons[0].code for answer in port.answers] == ["R_WF_QUEUED", "R_WF_QUEUED"]
        assert [queued.taken for queued in result.queued] == [("one",), ("two",)]
        assert result.config.state == machine.state == "a"

        other = WorkflowMachine(machine.engine)
        other.restore(json.loads(json.dumps(port.kept)))
        assert [event.event for event in other.config.queue] == ["one", "two"]
        assert [result.allow for result in other.resume()] == [False, False]

    def test_a_full_queue_refuses(self) -> None:
        """And says so, with reason and error."""

        class Floods(Actions):
            def execute(self, action: str, context: Mapping[str, Any]) -> None:
                self.last = [machine.fire("go") for _ in range(3)][-1]

        port = Floods()
        machine = WorkflowMachine(flat({**GO, "on_enter": ["flood"]}, ports=Ports(action=port)), max_queue=2)
        machine.fire("go")
        assert (port.last.errors[0].code, port.last.reasons[0].code) == ("E_WF_QUEUE_FULL", "R_WF_QUEUE_FULL")

    def test_questions(self) -> None:
        """What is open, by role; what leads where."""
        machine = WorkflowMachine(flat({**GO, "roles": ["r"]}, {"from": "a", "on": "skip", "to": "c"}))
        assert [step.id for step in machine.available_transitions()] == ["go", "skip"]
        assert [step.id for step in machine.available_transitions(["x"])] == ["skip"]
        assert machine.is_valid_transition("a", "b")
        assert not machine.is_valid_transition("b", "a")
        assert machine.start().config.state == "a"
        assert machine.activate().config.running
        assert machine.check_timeouts() == ()
        assert not machine.deactivate().config.running


class TestPersistence:
    engine = Engine(workflow_from(REGIONS))

    def data(self) -> dict[str, Any]:
        config = self.engine.fire(self.engine.initial(NOW), "begin", now=NOW).config
        return to_data(self.engine.chart, config)

    def test_another_version_is_refused_unless_asked_for(self) -> None:
        """A chart that behaves otherwise has another version; labels and places do not count."""
        other = Engine(workflow_from({**REGIONS, "transitions": REGIONS["transitions"][1:]}))
        with pytest.raises(MPCError) as caught:
            from_data(other.chart, self.data())
        assert caught.value.code == "E_WF_VERSION_MISMATCH"
        assert from_data(other.chart, self.data(), any_version=True).active == tuple(self.data()["active"])
        renamed = workflow_from({**REGIONS, "labels": {"tr": "Başka"}})
        assert Engine(renamed).chart.version == self.engine.chart.version

    @pytest.mark.parametrize(
        "damage",
        [{"active": ["run"]}, {"active": ["idle", "run"]}, {"active": ["ghost"]}, {"active": []}, {"active": None},
         {"history": {"left": ["r1"]}}, {"entered": {"idle": NOW.isoformat()}}, {"entered": {"run": "noon"}},
         {"queue": [{}]}, {"queue": [{"event": 5, "actor": None, "roles": [], "context": None, "system": False}]}],
    )  # fmt: skip
    def test_damage_is_found(self, damage: dict[str, Any]) -> None:
        """Nothing half-true is restored."""
        with pytest.raises(MPCError) as caught:
            from_data(self.engine.chart, {**self.data(), **damage})
        assert caught.value.code == "E_WF_INVALID_CONFIGURATION"

    def test_a_configuration_of_another_chart_is_refused_when_fired(self) -> None:
        """Not silently taken for another state."""
        with pytest.raises(MPCError) as caught:
            self.engine.fire(Configuration(("ghost",)), "go")
        assert caught.value.code == "E_WF_INVALID_CONFIGURATION"


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"states": []}, "E_VALID_INVALID_WORKFLOW"),
    ({"states": [{"category": "todo"}]}, "E_VALID_INVALID_WORKFLOW"),
    ({"transitions": ["go"]}, "E_VALID_INVALID_WORKFLOW"),
    ({"transitions": [{"on": "go", "to": "b"}]}, "E_VALID_INVALID_WORKFLOW"),
    ({"transitions": [{**GO, "rule_type": "magic"}]}, "E_VALID_INVALID_WORKFLOW"),
    ({"transitions": [{**GO, "roles": [5]}]}, "E_VALID_INVALID_WORKFLOW"),
    ({"transitions": [{**GO, "guard": 5}]}, "E_VALID_INVALID_WORKFLOW"),
    ({"transitions": [{**GO, "guard": "n >"}]}, "E_EXPR_PARSE"),
    ({"transitions": [{**GO, "to": "n >", "rule_type": "dynamic"}]}, "E_EXPR_PARSE"),
    ({"history_modes": {"a": "long"}}, "E_VALID_INVALID_WORKFLOW"),
    ({"history_modes": {"x": "deep"}}, "E_WF_UNKNOWN_STATE"),
    ({"parents": ["a"]}, "E_VALID_INVALID_WORKFLOW"),
    ({"parents": {"a": "x"}}, "E_WF_UNKNOWN_STATE"),
    ({"parallels": ["a"]}, "E_VALID_INVALID_WORKFLOW"),
    ({"states": ["b", {"id": "a", "initial": "b"}]}, "E_WF_INVALID_INITIAL"),
    ({"on_enter": {"a": [5]}}, "E_WF_INVALID_ACTION"),
]


@pytest.mark.parametrize(("change", "code"), NONSENSE)
def test_nonsense_is_refused_when_the_chart_is_built(change: dict[str, Any], code: str) -> None:
    """Each kind with its code; nothing is dropped silently."""
    with pytest.raises(MPCError) as caught:
        Engine(workflow_from({"initial": "a", "states": ["a", "b"], "transitions": [GO], **change}))
    assert caught.value.code == code


def test_guards_are_never_lost() -> None:
    """Plain truth values and trees are guards too."""
    for guard, allow in ((False, False), (True, True), ({"lit": False}, False), ({"not": {"lit": False}}, True)):
        engine = flat({**GO, "guard": guard})
        assert engine.fire(engine.initial(), "go").allow is allow


class TestManifests:
    def test_the_chart_of_a_manifest_and_its_items_have_one_meaning(self, safety: CompiledManifest) -> None:
        """Every step of every state, with the same verdict and the same reasons."""
        engine = engine_for(safety, "requirement_flow")
        item = {"title": "Braking distance", "created_by": "a", "fields": {"text": "t", "rationale": "r"}}
        for role in ("viewer", "engineer", "reviewer", "manager"):
            roles = safety.close_roles([role])
            context = EvalContext(item, {"id": "u", "roles": [role]}, now=NOW)
            for state in engine.chart.states:
                verdicts = engine.permitted(engine.configuration([state]), Actor("u", roles), context)
                for verdict in verdicts:
                    other = decide_transition(safety, "requirement", state, verdict.transition.id, context)
                    assert (other.allowed, other.code) == (verdict.allowed, verdict.code)
                    assert [r.code for r in other.reasons] == [r.code for r in verdict.reasons]

    def test_our_vocabulary_makes_charts(self, meta: DomainMeta) -> None:
        """Hierarchy, memory, regions and time in a manifest."""
        text = (
            'def Workflow w { initial: "a" states: ["a", {id: "p", parallel: true, history: "deep"}, '
            '{id: "l", parent: "p", initial: "l2"}, {id: "l1", parent: "l"}, {id: "l2", parent: "l"}, {id: "r", parent: "p"}] '
            'transitions: [{id: "in", from: "a", to: "p"}, {id: "back", from: "p", to: "a"}, '
            '{id: "swap", from: "l2", to: "l1", timeout: "P1D"}, {id: "note", from: "p", to: "p", rule_type: "internal"}] }\n'
            'def ArtifactType t { workflow: "w" }'
        )
        result = check(text, meta)
        assert result.compiled is not None, [str(d) for d in result.diagnostics]
        assert [d for d in result.diagnostics if d.code.startswith("E_WF")] == []
        done = simulate(engine_for(result.compiled, "w"), ["in", "swap", "note", "back", "in"], now=NOW)
        assert (done.complete, done.config.active) == (True, ("p", "l", "l1", "r"))

    def test_a_walk_stops_at_a_refusal(self, safety: CompiledManifest) -> None:
        """With the reasons, and what is open there."""
        done = simulate(
            engine_for(safety, "requirement_flow"),
            ["start", "approve", "submit"],
            actor=Actor("u", safety.close_roles(["engineer"])),
        )
        assert [(step.event, step.result.allow) for step in done.steps] == [("start", True), ("approve", False)]
        data = done.to_data("tr")
        assert (data["complete"], data["state"]) == (False, "analysis")
        assert data["permitted"][0]["label"] == "İncelemeye gönder"
        json.dumps(data)


def findings(properties: str, meta: DomainMeta) -> list[tuple[str, str, str]]:
    """Code, severity and marked text of every finding about one workflow."""
    text = f"def Workflow w {{ {properties} }}"
    found = validate(parse(text), meta)
    return [(d.code, d.severity, text[d.span.start : d.span.end] if d.span else "") for d in found]


OPEN = DomainMeta.load({"kinds": [{"name": "Workflow"}]})
CHAIN = 'initial: "a" states: ["a", "b"] '


class TestSoundness:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("states: []", ("E_VALID_INVALID_WORKFLOW", "error", "[]")),
            ('states: ["a"] transitions: []', ("E_WF_NO_INITIAL", "error", "w")),
            ('initial: "x" states: ["a"]', ("E_WF_UNKNOWN_STATE", "error", '"x"')),
            (CHAIN + 'transitions: [{from: "a", to: "b"}, {from: "b", to: "x"}]', ("E_VALID_UNRESOLVED_REF", "error", '"x"')),
            (CHAIN + 'transitions: [{from: "a", to: "a"}, {from: "a", to: "b"}]', ("E_VALID_CYCLE_DETECTED", "warning", '"a"')),
            ('initial: "a" states: ["a", "b", "c"] transitions: [{from: "a", to: "b"}]', ("E_VALID_INVALID_WORKFLOW", "warning", '"c"')),
            ('initial: "a" states: ["a", "b", "c"] transitions: [{from: "a", to: "b"}, {from: "c", to: "a"}]', ("E_WF_UNREACHABLE_STATE", "warning", '"c"')),
            ('initial: "a" states: ["a", "b", "c"] final_states: ["b"] transitions: [{from: "a", to: "b"}, {from: "a", to: "c"}]', ("E_WF_DEAD_END", "warning", '"c"')),
            ('initial: "a" states: ["a", "b", "c", "d"] final_states: ["b"] transitions: [{from: "a", to: "b"}, {from: "a", to: "c"}, {from: "c", to: "d"}, {from: "d", to: "c"}]', ("E_WF_ORPHANED_STATE", "warning", '"c"')),
            ('initial: "a" states: ["a", "b", "c", "d"] finals: ["b"] transitions: [{from: "a", to: "b"}, {from: "a", to: "c"}, {from: "c", to: "d"}, {from: "d", to: "c"}]', ("E_WF_DEADLOCK_STATE", "warning", '"c"')),
            (CHAIN + 'finals: ["b"] transitions: [{from: "a", to: "b"}, {from: "b", to: "a"}]', ("E_WF_FINAL_EXIT", "warning", '"b"')),
            (CHAIN + 'transitions: [{from: "a", to: "b", timeout: "soon"}]', ("E_WF_INVALID_TIMEOUT", "error", '"soon"')),
            (CHAIN + 'parallels: ["b"] transitions: [{from: "a", to: "b"}]', ("E_VALID_INVALID_WORKFLOW", "error", '"b"')),
            (CHAIN + 'parents: {b: "x"} transitions: [{from: "a", to: "b"}]', ("E_WF_UNKNOWN_STATE", "error", '"x"')),
            (CHAIN + 'history_modes: {b: "long"} transitions: [{from: "a", to: "b"}]', ("E_VALID_INVALID_WORKFLOW", "error", '"b"')),
            (CHAIN + 'transitions: [{from: "a", to: "b", rule_type: "odd"}]', ("E_VALID_INVALID_WORKFLOW", "error", '"odd"')),
        ],
    )  # fmt: skip
    def test_contract_forms(self, text: str, expected: tuple[str, str, str]) -> None:
        """Codes of the contract, each with its place."""
        assert expected in findings(text, OPEN)

    @pytest.mark.parametrize(
        ("first", "second", "dead"),
        [
            ("", "", True),
            ('guard: "1 > 0"', 'guard: "1 > 0"', True),
            ("", 'guard: "1 > 0"', True),
            ('guard: "1 > 0"', "", False),
            ('roles: ["r"]', "", False),
            ("", 'roles: ["r"]', True),
            ('roles: ["r"]', 'roles: ["s"]', False),
            ('roles: ["r", "s"]', 'roles: ["s"]', True),
            ('not_actor: "author"', "", False),
            ('requires: ["title"]', "", False),
        ],
    )
    def test_two_answers_to_one_event(self, meta: DomainMeta, first: str, second: str, dead: bool) -> None:
        """Only where the second can never be taken."""
        text = (
            CHAIN.replace('"b"', '"b", "c"')
            + f'transitions: [{{id: "x", from: "a", to: "b", on: "go", {first}}}, {{id: "y", from: "a", to: "c", on: "go", {second}}}]'
        )
        codes = [code for code, _, _ in findings(text.replace(", }", "}"), meta)]
        assert ("E_WF_NONDETERMINISTIC" in codes) is dead

    def test_hierarchy_is_followed(self, meta: DomainMeta) -> None:
        """Regions, defaults and inherited ways count; nothing of a sound chart is reported."""
        text = (
            'initial: "a" states: ["a", {id: "p", parallel: true}, {id: "l", parent: "p"}, {id: "r", parent: "p"}, '
            '{id: "l1", parent: "l"}, {id: "l2", parent: "l"}, {id: "r1", parent: "r"}, {id: "z", category: "done"}] '
            'transitions: [{id: "in", from: "a", to: "l2"}, {id: "out", from: "p", to: "z"}]'
        )
        assert [(code, part) for code, _, part in findings(text, meta)] == [("E_WF_UNREACHABLE_STATE", '"l1"')]

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            ('{id: "b", parallel: true}', "E_VALID_INVALID_WORKFLOW"),
            ('{id: "b", history: "deep"}', "E_VALID_INVALID_WORKFLOW"),
            ('{id: "b", initial: "a"}', "E_WF_INVALID_INITIAL"),
            ('{id: "b", parent: "b"}', "E_VALID_CYCLE_DETECTED"),
        ],
    )
    def test_our_forms(self, meta: DomainMeta, state: str, code: str) -> None:
        """Wrong hierarchy is found where it is written."""
        text = f'initial: "a" states: ["a", {state}] transitions: [{{id: "t", from: "a", to: "b"}}]'
        assert code in [found for found, _, _ in findings(text, meta)]


def test_a_trace_says_how_it_went() -> None:
    """Only where it is asked for, and in words only where it is read."""
    definition = workflow_from({"initial": "a", "states": ["a", "b"], "transitions": [{**GO, "guard": "n > 1"}]})
    engine = Engine(definition, trace=True)
    refused = engine.fire(engine.initial(), "go", Actor("ada"), {"n": 0}).trace
    taken = engine.fire(engine.initial(), "go", Actor("ada"), {"n": 2}, NOW).trace
    assert refused is not None
    assert refused.lines() == ["event go by ada in a", "  go: Guard failed for 'go': n > 1 was false: 0 > 1"]
    assert taken is not None
    assert taken.lines()[1:] == ["  go: may be taken", "  left a", "  took go", "  entered b"]
    assert taken.to_data()["at"] == NOW.isoformat()
    assert Engine(definition).fire(engine.initial(), "go", context={"n": 2}).trace is None


@pytest.mark.parametrize("make", [lambda: Ports(action=Actions()), Ports], ids=["ports", "plain"])
def test_a_composite_may_answer_its_own_end_without_end(make: Callable[[], Ports]) -> None:
    """Events that follow each other for ever are cut off and reported."""
    data = {
        "initial": "p", "states": ["p", "a", "f"], "parents": {"a": "p", "f": "p"}, "finals": ["f"],
        "transitions": [{"from": "a", "on": "go", "to": "f"}, {"from": "p", "on": "done.state.p", "to": "f", "on_enter": ["again"]}],
    }  # fmt: skip
    engine = Engine(workflow_from(data), make())
    result = engine.fire(engine.initial(), "go")
    assert (result.allow, [error.code for error in result.errors]) == (True, ["E_WF_QUEUE_FULL"])
    assert (len(result.queued), result.config.queue) == (101, ())
