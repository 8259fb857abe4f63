"""Laws of the workflow engine over random charts: configurations are always consistent, and survive being stored."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc.errors import MPCError
from alm_workbench.mpc.ports import Actor
from alm_workbench.mpc.workflow import (
    Chart,
    Configuration,
    Engine,
    Ports,
    from_data,
    to_data,
    to_mermaid,
    workflow_from,
)

from .conftest import ROOT
from .soak import soak

EVENTS = ["e", "f", "g", "done.state.s1", "done.state.s2"]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@st.composite
def charts(draw: st.DrawFn) -> dict[str, Any]:
    """A chart of up to nine states in a random tree, with regions, memories, finals, timers and guards."""
    count = draw(st.integers(2, 9))
    names = [f"s{number}" for number in range(count)]
    parents: dict[str, str] = {}
    for number, name in enumerate(names[1:], 1):
        parent = draw(st.none() | st.sampled_from(names[:number]))
        if parent is not None:
            parents[name] = parent
    composites = sorted(set(parents.values()))
    flags = st.booleans()
    history = st.sampled_from(["shallow", "deep"])
    step = st.fixed_dictionaries(
        {"from": st.sampled_from(names), "to": st.sampled_from(names), "on": st.sampled_from(EVENTS)},
        optional={
            "guard": st.sampled_from(["n > 1", "n <= 1", "missing == 1"]),
            "timeout": st.integers(1, 5_000),
            "roles": st.just(["r"]),
            "on_enter": st.just(["act"]),
        },
    )
    steps = draw(st.lists(step, max_size=12))
    for one in steps:
        if draw(flags) and one["from"] == one["to"]:
            one["rule_type"] = "internal"
    return {
        "initial": names[0],
        "states": names,
        "parents": parents,
        "parallels": [name for name in composites if draw(flags)],
        "history_modes": {name: draw(history) for name in composites if draw(flags)},
        "finals": [name for name in names if draw(st.integers(0, 3)) == 0],
        "on_enter": {name: [f"+{name}"] for name in names},
        "on_leave": {name: [f"-{name}"] for name in names},
        "transitions": steps,
    }


walks = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 3), st.booleans()), max_size=12)


def consistent(chart: Chart, config: Configuration) -> bool:
    """One root; parents active with their children; one child of a composite, all of a parallel state; in order."""
    active = [chart.states[name] for name in config.active]
    present = set(active)
    one_root = sum(state.parent is None for state in active) == 1
    parents = all(state.parent is None or state.parent in present for state in active)
    children = all(
        sum(child in present for child in state.children) == (len(state.children) if state.parallel else 1)
        for state in active
        if state.children
    )
    ordered = [state.index for state in active] == sorted({state.index for state in active})
    return one_root and parents and children and ordered and set(config.entered) <= set(config.active)


@soak(120)
@given(charts(), walks)
def test_configurations_are_always_consistent(data: dict[str, Any], walk: list[tuple[str, int, bool]]) -> None:
    """Whatever happens; a refusal changes nothing; what was left was active, and what was entered is."""
    engine = Engine(workflow_from(data), trace=True)
    config = engine.activate(engine.initial(NOW), now=NOW).config
    assert consistent(engine.chart, config)
    for number, (event, n, privileged) in enumerate(walk):
        now = NOW + timedelta(seconds=number)
        actor = Actor("u", frozenset({"r"}) if privileged else frozenset())
        result = engine.fire(config, event, actor, {"n": n}, now)
        assert consistent(engine.chart, result.config)
        if not result.allow:
            assert result.config == config
        trace = result.trace
        assert trace is not None
        assert set(trace.exited) <= set(config.active)
        if result.allow and not result.queued:
            assert set(result.config.active) == set(config.active) - set(trace.exited) | set(trace.entered)
        leaves = [name[1:] for name in result.actions if name[0] == "-"]
        assert leaves == list(trace.exited)
        config = result.config
        for late in engine.check_timeouts(config, now + timedelta(seconds=9), {"n": n}):
            assert consistent(engine.chart, late.config)


@soak(80)
@given(charts(), walks, st.integers(0, 12))
def test_a_stored_configuration_goes_on_in_the_same_way(
    data: dict[str, Any], walk: list[tuple[str, int, bool]], cut: int
) -> None:
    """Through JSON, at any point."""
    engine, again = Engine(workflow_from(data)), Engine(workflow_from(json.loads(json.dumps(data))))
    one = other = engine.activate(engine.initial(NOW), now=NOW).config
    for number, (event, n, _) in enumerate(walk):
        now = NOW + timedelta(seconds=number)
        if number == cut:
            other = from_data(again.chart, json.loads(json.dumps(to_data(engine.chart, one))))
            assert other == one
        first = engine.fire(one, event, Actor("u"), {"n": n}, now)
        second = again.fire(other, event, Actor("u"), {"n": n}, now)
        assert first == second
        assert engine.due(one, now) == () or [s.number for s in engine.due(one, now)] == [
            s.number for s in again.due(other, now)
        ]
        one, other = first.config, second.config


@soak(120)
@given(charts(), walks)
def test_the_short_way_is_the_long_way(data: dict[str, Any], walk: list[tuple[str, int, bool]]) -> None:
    """Flat charts give the same with the tables and without them."""
    flat = {**data, "parents": {}, "parallels": [], "history_modes": {}}

    class Silent:
        def record(self, record: object) -> None: ...

    quick, slow = (
        Engine(workflow_from(flat), trace=True),
        Engine(workflow_from(flat), Ports(audit=Silent()), trace=True),
    )
    config = quick.initial(NOW)
    for event, n, privileged in walk:
        actor = Actor("u", frozenset({"r"}) if privileged else frozenset())
        first = quick.fire(config, event, actor, {"n": n}, NOW)
        assert first == slow.fire(config, event, actor, {"n": n}, NOW)
        config = first.config


@soak(60)
@given(charts(), st.text(max_size=12))
def test_every_chart_can_be_written_as_mermaid(data: dict[str, Any], label: str) -> None:
    """Whatever the labels hold; braces stay balanced and every state is declared once."""
    states = [{"id": name, "labels": {"en": label}} for name in data["states"]]
    text = to_mermaid(workflow_from({**data, "states": states}))
    lines = [line.strip() for line in text.splitlines()]
    assert lines.count("}") == sum(line.endswith("{") for line in lines)
    assert sum(line.startswith('state "') for line in lines) == len(states)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["a", "b", "deep", "internal"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "from", "to", "on", "a"]), inner)
    ),
    max_leaves=6,
)
KEYS = ["states", "initial", "transitions", "parents", "parallels", "history_modes", "on_enter", "initials", "finals"]


@soak(200)
@given(st.dictionaries(st.sampled_from(KEYS), junk))
def test_nonsense_raises_nothing_but_its_own_error(data: dict[str, Any]) -> None:
    """Definitions of any shape either make a chart or an MPCError."""
    with contextlib.suppress(MPCError):
        Engine(workflow_from(data))


def test_nothing_depends_on_the_hash_seed() -> None:
    """The same walk through the same charts in three processes."""
    code = """
from alm_workbench.mpc.workflow import *
w = {"initial": "p", "states": ["p", "z"] + [f"r{i}" for i in range(6)] + [f"x{i}" for i in range(6)],
     "parallels": ["p"], "parents": {**{f"r{i}": "p" for i in range(6)}, **{f"x{i}": f"r{i}" for i in range(6)}},
     "history_modes": {"p": "deep"}, "on_leave": {f"x{i}": [f"-x{i}"] for i in range(6)},
     "transitions": [{"from": "p", "on": "out", "to": "z"}, {"from": "z", "on": "in", "to": "p"}]
                  + [{"from": f"x{i}", "on": "again", "to": f"x{i}", "on_enter": [f"t{i}"]} for i in range(6)]}
e = Engine(workflow_from(w), trace=True)
c = e.initial()
for event in ("again", "out", "in", "again"):
    r = e.fire(c, event); c = r.config
    print(r, to_data(e.chart, c))
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "99")
    }  # fmt: skip
    assert len(outputs) == 1
