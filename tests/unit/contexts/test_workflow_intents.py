"""What steps ask for and in which order, which reasons are kept, and how long items took: without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench import resources
from alm_workbench.contexts.workflow.acting import tagged
from alm_workbench.contexts.workflow.intents import (
    Requirement,
    field_of,
    problems,
    recipients_of,
    require_able,
    requirements,
    step_intents,
    task_type,
    tie_of,
)
from alm_workbench.contexts.workflow.messages import HistoryEntryDTO
from alm_workbench.contexts.workflow.requests import agreed
from alm_workbench.contexts.workflow.stepping import turned
from alm_workbench.contexts.workflow.timers import wait_after
from alm_workbench.contexts.workflow.times import times_of
from alm_workbench.contexts.workflow.timing import spans_of, timed_steps
from alm_workbench.errors import ManifestProblem
from alm_workbench.mpc import Choice, CompiledManifest, Reason, TransitionDef, check, load_domain_meta
from alm_workbench.mpc.ast import FrozenDict
from alm_workbench.mpc.compile.workflow import workflow_from
from alm_workbench.mpc.workflow.checks import chosen_reason
from alm_workbench.shared.ids import VersionId
from tests.factories.processes import APPROVED_FLOW, process

META = load_domain_meta(resources.path("alm_meta", "domain_meta.yaml").read_text("utf-8"))


def compiled(*parts: str) -> CompiledManifest:
    """A process that checks clean."""
    found = check(process(*parts), META)
    assert found.compiled is not None, [d.message for d in found.diagnostics]
    return found.compiled


def audit(name: str) -> dict[str, Any]:
    """An intent that can be told apart."""
    return {"kind": "audit", "target": name, "params": {"action": name, "actor": "process"}}


NESTED = workflow_from(
    {
        "initial": "idle",
        "states": [
            {"id": "idle", "on_leave": [audit("leave idle")], "on_enter": [audit("enter idle")]},
            {"id": "outer", "on_leave": [audit("leave outer")], "on_enter": [audit("enter outer")]},
            {"id": "one", "parent": "outer", "on_leave": [audit("leave one")], "on_enter": [audit("enter one")]},
            {"id": "two", "parent": "outer", "on_leave": [audit("leave two")], "on_enter": [audit("enter two")]},
        ],
        "transitions": [
            {"id": "go", "from": "idle", "to": "one", "on_leave": [audit("step left")], "on_enter": [audit("step")]},
            {"id": "on", "from": "one", "to": "two", "on_enter": ["a name", audit("step")]},
            {"id": "out", "from": "two", "to": "idle"},
            {"id": "again", "from": "idle", "to": "idle"},
            {"id": "ping", "from": "one", "rule_type": "internal", "on_enter": [audit("pinged")]},
        ],
    }
)
ORDERS = [
    ("go", "idle", ["leave idle", "step left", "step", "enter outer", "enter one"]),
    ("on", "one", ["leave one", "step", "enter two"]),
    ("out", "two", ["leave two", "leave outer", "enter idle"]),
    ("again", "idle", ["leave idle", "enter idle"]),
    ("ping", "one", ["pinged"]),
]


@pytest.mark.parametrize(("step", "source", "order"), ORDERS, ids=[row[0] for row in ORDERS])
def test_states_are_left_inside_out_and_entered_outside_in(step: str, source: str, order: list[str]) -> None:
    """What both states lie in is neither left nor entered; names without an intent ask for nothing."""
    found = next(t for t in NESTED.transitions if t.id == step)
    assert [intent["target"] for intent in step_intents(NESTED, source, found)] == order


def test_requirements_are_counted_once() -> None:
    """The same roles, number and reason are one requirement; roles in any order are the same."""
    ask = {"kind": "requireApproval", "params": {"roles": ["b", "a"], "count": 2}}
    other = {"kind": "requireApproval", "params": {"roles": ["a", "b"], "count": 2}}
    third = {"kind": "requireApproval", "params": {"roles": ["a"], "reason": "safety"}}
    assert requirements([ask, audit("x"), other, third]) == (
        Requirement(("a", "b"), 2),
        Requirement(("a",), 1, "safety"),
    )


class Vote:
    """A vote as a row has it."""

    def __init__(self, verdict: str, *roles: str) -> None:
        self.verdict, self.roles = verdict, roles


def test_votes_count_for_the_roles_they_were_given_in() -> None:
    """Each person once for every requirement that names one of the roles held then."""
    votes = [Vote("approve", "a"), Vote("approve", "a", "b"), Vote("approve", "c"), Vote("reject", "a")]
    assert agreed(Requirement(("a",)), votes) == 2
    assert agreed(Requirement(("b", "c")), votes) == 2


@pytest.mark.parametrize(
    ("before", "after", "turn"),
    [
        ("todo", "done", "close"),
        ("done", "in_progress", "reopen"),
        ("done", "done", None),
        ("todo", "in_progress", None),
    ],
)
def test_closing_and_reopening(before: str, after: str, turn: str | None) -> None:
    """Entering the category done closes, leaving it reopens."""
    assert turned(before, after) == turn


REASONED = TransitionDef(
    "reject", ("a",), "b", reason=(Choice("wrong"), Choice("late", FrozenDict({"en": "Too late", "tr": "Çok geç"})))
)
REASONS = [
    ("wrong", "wrong"),
    ("WRONG", "wrong"),
    ("too late", "late"),
    ("çok geç: iki gün", "late: iki gün"),
    ("late :  by  two days ", "late: by two days"),
    ("late:", "late"),
]


@pytest.mark.parametrize(("said", "kept"), REASONS)
def test_reasons_are_kept_by_their_id(said: str, kept: str) -> None:
    """Whatever language and case they were given in; more words stay."""
    assert chosen_reason(REASONED, said) == kept


@given(st.one_of(st.none(), st.text(max_size=40)))
def test_another_reason_is_none(said: str | None) -> None:
    """Only what begins with an offered reason is one; a step that offers none takes any text or nothing."""
    found = chosen_reason(REASONED, said)
    assert found.code == "R_WF_REASON" if isinstance(found, Reason) else found.split(":")[0] in ("wrong", "late")  # type: ignore[union-attr]
    assert chosen_reason(TransitionDef("go", ("a",), "b"), said) == (" ".join((said or "").split()) or None)


@given(
    st.lists(st.sampled_from("abcdeA"), max_size=6, unique_by=str.casefold),
    st.dictionaries(st.sampled_from("abcx"), st.booleans()),
)
def test_tags_come_and_go(have: list[str], wanted: dict[str, bool]) -> None:
    """Those wanted are there once, those unwanted are gone, and all others stay."""
    found = tagged(have, wanted)
    folded = [tag.casefold() for tag in found]
    assert len(folded) == len(set(folded))
    assert all((tag.casefold() in folded) is on for tag, on in wanted.items())
    assert {tag for tag in found if tag.casefold() not in wanted} == {t for t in have if t.casefold() not in wanted}


def test_targets_and_recipients() -> None:
    """Fields by their path or id, core properties by name; several recipients with commas."""
    story = compiled().types["story"]
    assert [field_of(story, t) for t in ("self.fields.points", "fields.points", "points", "ghost", None)] == [
        "points", "points", "points", None, None,
    ]  # fmt: skip
    assert [field_of(story, t) for t in ("assignee", "self.assignee", "self.title", "self.fields.title")] == [
        "assignee_id", "assignee_id", "title", None,
    ]  # fmt: skip
    assert recipients_of(" author ,role:reviewer,, ") == ("author", "role:reviewer")


def test_tasks_hang_on_items() -> None:
    """The only type of task is meant where none is named; it stands below, or is linked in the direction there is."""
    found = compiled()
    chore = task_type(found, {})
    assert chore is not None
    assert chore.id == "chore"
    assert tie_of(found, chore, "story") == ("", True)
    linked = compiled(
        """def ArtifactType note { workflow: "flow" key_prefix: "NOT" }
        def LinkType does { from: ["chore"] to: ["note"] }
        def ArtifactType memo { workflow: "flow" key_prefix: "MEM" }
        def LinkType asks { from: ["memo"] to: ["chore"] }
        def ArtifactType alone { workflow: "flow" key_prefix: "ALO" }"""
    )
    chore = linked.types["chore"]
    assert tie_of(linked, chore, "note") == ("does", True)
    assert tie_of(linked, chore, "memo") == ("asks", False)
    assert tie_of(linked, chore, "alone") is None
    assert task_type(linked, {"type": "story"}) is None


def test_a_process_that_can_act_passes() -> None:
    """No problem where everything can be carried out; otherwise every place is named."""
    assert problems(compiled(APPROVED_FLOW)) == ()
    broken = compiled(
        """def Automation one { event: "update" intents: [{kind: "publish", target: "x", params: {artifactHash: "y"}}] }
        def Automation two { event: "update" applies_to: "chore" intents: [{kind: "setField", target: "points", params: {value: 1}}] }"""
    )
    with pytest.raises(ManifestProblem) as caught:
        require_able(broken)
    assert [item.path for item in caught.value.errors] == ["Automation/one", "Automation/two"]
    assert "line" in caught.value.errors[0].message


def test_steps_that_time_takes() -> None:
    """By type and state, in milliseconds, those of outer states too."""
    timed = compiled(
        """
def Workflow flow {
  initial: "a"
  states: [{id: "a", category: "todo"}, {id: "b", category: "in_progress"}, {id: "c", category: "in_progress", parent: "b"}, {id: "d", category: "done"}]
  transitions: [{id: "on", from: "a", to: "c"}, {id: "end", from: "b", to: "d", timeout: "2h"}, {id: "stop", from: "c", to: "d", timeout: 1500}]
}"""
    )
    flow = timed.workflows["flow"]
    assert [step.id for step in timed_steps(flow, "c")] == ["stop", "end"]
    assert spans_of(timed) == [
        ("story", "b", "end", 7_200_000),
        ("story", "c", "stop", 1500),
        ("story", "c", "end", 7_200_000),
    ]


@given(st.integers(0, 1000))
def test_waiting_grows_up_to_a_day(tries: int) -> None:
    """Never less than before, never more than a day."""
    assert timedelta(minutes=10) <= wait_after(tries) <= wait_after(tries + 1) <= timedelta(days=1)


BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
CATEGORIES = {"a": "todo", "b": "in_progress", "c": "in_progress", "d": "done", "e": "done"}


def history(*steps: tuple[str, int]) -> list[HistoryEntryDTO]:
    """Steps into states, so many seconds after the one before."""
    found: list[HistoryEntryDTO] = []
    at, before = BEGIN, None
    for state, after in steps:
        at += timedelta(seconds=after)
        row = (
            uuid4(),
            None,
            before,
            state,
            None,
            None,
            None,
            None,
            at,
            at,
            VersionId(uuid4()),
            None,
            CATEGORIES[state],
        )
        found.append(HistoryEntryDTO(*row))
        before = state
    return found


def test_lead_and_cycle_time() -> None:
    """Lead from the beginning, cycle from the first work, both until done the last time; waiting counts."""
    steps = history(("a", 0), ("b", 10), ("c", 20), ("d", 30), ("e", 5), ("b", 100), ("d", 50))
    now = BEGIN + timedelta(days=9)
    found = times_of(steps, now)
    assert (found.lead_s, found.cycle_s, found.reopened) == (215, 205, 1)
    assert found.done_at == steps[-1].occurred_at
    assert found.age_s == 215
    assert {s.state: (s.seconds, s.visits) for s in found.states if s.state in "abc"} == {
        "a": (10, 1), "b": (20 + 50, 2), "c": (30, 1),
    }  # fmt: skip
    open_ = times_of(steps[:6], now)
    assert (open_.lead_s, open_.cycle_s, open_.done_at, open_.reopened) == (None, None, None, 1)
    straight = times_of(history(("a", 0), ("d", 60)), now)
    assert (straight.lead_s, straight.cycle_s) == (60, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 10_000)), min_size=1, max_size=12), st.integers(0, 9999)
)
def test_times_add_up(steps: list[tuple[str, int]], later: int) -> None:
    """The times of all states are the whole time from the beginning until now; lead time is never less than cycle time."""
    entries = history(*steps)
    now = entries[-1].occurred_at + timedelta(seconds=later)
    found = times_of(entries, now)
    assert sum(state.seconds for state in found.states) == pytest.approx((now - entries[0].occurred_at).total_seconds())
    assert [state.state for state in found.states if state.current] == [entries[-1].to_state]
    if found.lead_s is not None and found.cycle_s is not None:
        assert found.lead_s >= found.cycle_s >= 0
    assert (found.lead_s is not None) is (CATEGORIES[entries[-1].to_state] == "done")
