"""What holds in every organisation, without a database: rights that are given, circles, calendars; the saga's driver."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.contexts.tenant import domain
from alm_workbench.contexts.tenant.domain import RoleFacts
from alm_workbench.contexts.tenant.onboarding import Onboarding, Steps
from alm_workbench.contexts.tenant.repository.sagas import SagaRun
from alm_workbench.contexts.tenant.saga_messages import BeginCompensation, CompensationStep, OnboardingStep
from alm_workbench.errors import AlmError, Conflict, InvalidInput
from alm_workbench.shared.principal import grants

RESOURCES, VERBS = ("artifact", "member", "role"), ("read", "manage")
EXACT = [f"{r}:{v}" for r in RESOURCES for v in VERBS]
codes = st.sampled_from([*EXACT, *(f"{r}:*" for r in RESOURCES), "*"])
names = st.sampled_from(["a", "b", "c", "d"])
roles = st.dictionaries(
    names, st.builds(RoleFacts, st.lists(names, max_size=3), st.lists(codes, max_size=3)), max_size=4
)


@given(st.frozensets(codes), st.frozensets(codes))
def test_what_is_not_missing_opens_no_new_door(held: frozenset[str], wanted: frozenset[str]) -> None:
    """Whoever lacks none of the wanted codes could do every single thing they grant already."""
    if not domain.missing(held, wanted):
        assert all(grants(held, code) for code in EXACT if grants(wanted, code))
    for code in domain.missing(held, wanted):
        assert code in wanted


@given(roles, names)
def test_what_is_implied_is_granted(known: dict[str, RoleFacts], start: str) -> None:
    """A role grants its own privileges and all of the roles it implies; circles and unknown roles do no harm."""
    found = domain.granted([start], known)
    if start in known:
        assert set(known[start].privileges) <= found
        for implied in known[start].implies:
            assert domain.granted([implied], known) <= found
    else:
        assert found == frozenset()


@given(roles)
def test_a_circle_is_found_where_there_is_one(known: dict[str, RoleFacts]) -> None:
    """The way that is told starts and ends with the role, every step is one that a role implies."""
    for start in known:
        way = domain.find_cycle(start, known)
        if way:
            assert (way[0], way[-1]) == (start, start)
            assert all(after in known[before].implies for before, after in itertools.pairwise(way))
        else:
            rest = {code: facts for code, facts in known.items() if code != start}
            reached = {c for i in known[start].implies for c in reach(i, rest)}
            assert start not in reached


def reach(code: str, known: dict[str, RoleFacts]) -> set[str]:
    """Every code reached from one, itself included."""
    seen, todo = set[str](), [code]
    while todo:
        now = todo.pop()
        if now not in seen:
            seen.add(now)
            todo.extend(known[now].implies if now in known else ())
    return seen


def test_an_owner_is_one_however_he_came_by_it() -> None:
    """Directly, or by a role that implies it."""
    known = {"owner": RoleFacts([], ["*"]), "heir": RoleFacts(["owner"], []), "viewer": RoleFacts([], [])}
    assert [domain.owns([code], known) for code in known] == [True, True, False]


def test_a_calendar_is_sorted_and_each_day_stands_once() -> None:
    """As it is kept and compared."""
    found = domain.check_calendar({"days": [5, 1, 1], "holidays": ["2026-05-01", "2026-01-01", "2026-05-01"]})
    assert found == {"days": [1, 5], "holidays": ["2026-01-01", "2026-05-01"]}


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"days": [0]}, "/working_calendar/days/0"),
        ({"days": [True]}, "/working_calendar/days/0"),
        ({"days": "12345"}, "/working_calendar/days"),
        ({"holidays": ["2026-01-01", "soon"]}, "/working_calendar/holidays/1"),
        ({"holidays": [20260101]}, "/working_calendar/holidays/0"),
        ({"breaks": []}, "/working_calendar/breaks"),
    ],
)
def test_a_wrong_calendar_names_the_place(wrong: dict[str, Any], path: str) -> None:
    """The first place that is wrong."""
    with pytest.raises(InvalidInput) as refused:
        domain.check_calendar(wrong)
    assert refused.value.errors[0].path == path


def test_settings_are_laid_over_the_old_ones() -> None:
    """None removes one; unknown names and values out of range are refused with their place."""
    old = {"invitation_days": 3}
    assert domain.merged_settings(old, {"audit_retention_months": 12}) == {**old, "audit_retention_months": 12}
    assert domain.merged_settings(old, {"invitation_days": None}) == {}
    for name, value in (("invitation_days", 31), ("colour", 1)):
        with pytest.raises(InvalidInput) as refused:
            domain.merged_settings(old, {name: value})
        assert refused.value.errors[0].path == f"/settings/{name}"


# -- the driver of the saga, with runs kept in memory


@dataclass
class Memory:
    """Runs and own transactions as the driver sees them; ``broken`` steps raise, ``dead`` ones cut everything off."""

    broken: set[str] = field(default_factory=set)
    dead: str = ""
    log: list[str] = field(default_factory=list)
    status: str = "running"
    done: tuple[str, ...] = ()
    error: str | None = None
    held: bool = False

    def get(self, conn: Any, run_id: UUID) -> SagaRun:
        return SagaRun(run_id, "acme", {}, self.status, self.done, self.error, datetime.now(UTC))

    def hold(self, conn: Any, run_id: UUID) -> bool:
        return not self.held

    def send(self, command: Any) -> None:
        match command:
            case OnboardingStep():
                name = Steps.names[len(self.done)]
                if name in self.broken:
                    raise AlmError(f"{name} broke")
                self._cut(name)
                self.log.append(f"do {name}")
                self.done = (*self.done, name)
                self.status = "done" if self.done == Steps.names else "running"
            case BeginCompensation(error=error):
                self.status, self.error = "compensating", error
            case CompensationStep():
                self._cut(f"undo {self.done[-1] if self.done else ''}")
                if self.done:
                    self.log.append(f"undo {self.done[-1]}")
                    self.done = self.done[:-1]
                else:
                    self.status = "compensated"

    def _cut(self, name: str) -> None:
        if name == self.dead:
            self.dead = ""
            raise KeyboardInterrupt


def drive(memory: Memory) -> SagaRun:
    """Let the driver finish a run."""
    driver = Onboarding(memory, memory)  # type: ignore[arg-type]
    return driver.drive(SimpleNamespace(conn=None), uuid4())  # type: ignore[arg-type]


@pytest.mark.parametrize("step", Steps.names)
def test_what_was_done_before_a_failure_is_undone_in_reverse(step: str) -> None:
    """The error of the step is what the caller gets; the failed step itself has nothing to undo."""
    memory = Memory({step})
    with pytest.raises(AlmError, match=f"{step} broke"):
        drive(memory)
    before = Steps.names[: Steps.names.index(step)]
    assert memory.log == [f"do {name}" for name in before] + [f"undo {name}" for name in reversed(before)]
    assert (memory.status, memory.error) == ("compensated", f"{step} broke")


@pytest.mark.parametrize("moment", [*Steps.names, *(f"undo {name}" for name in ("policies", "tenant", ""))])
def test_a_run_that_is_cut_off_anywhere_ends_the_same_way(moment: str) -> None:
    """Each step is done once and undone once, however often the driver starts anew."""
    broken = {"owner"} if moment.startswith("undo") else set[str]()
    memory, whole = Memory(set(broken), moment), Memory(set(broken))
    with pytest.raises(KeyboardInterrupt):
        drive(memory)
    drive(memory)
    if broken:
        with pytest.raises(AlmError):
            drive(whole)
    else:
        drive(whole)
    assert (memory.log, memory.status) == (whole.log, whole.status)


def test_a_run_that_another_process_holds_is_left_alone() -> None:
    """Nothing is done twice."""
    memory = Memory(held=True)
    with pytest.raises(Conflict):
        drive(memory)
    assert memory.log == []
