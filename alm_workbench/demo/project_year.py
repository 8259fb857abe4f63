"""One project's days: what its people create, link, change, discuss and bring to an end, through the real commands."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from alm_workbench.contexts.artifact.messages import DeleteArtifact, GetArtifact, LinkArtifacts, RestoreArtifact
from alm_workbench.contexts.bulk.messages import ApplyBulk, BulkTarget, NewItem
from alm_workbench.contexts.discussion.messages import AddComment
from alm_workbench.contexts.planning.domain import rules_of
from alm_workbench.contexts.planning.messages import CarryOver, ListBacklog, PlanItems, SetCapacity
from alm_workbench.contexts.planning.work_messages import LogWork
from alm_workbench.contexts.workflow.messages import ApproveStep, ListApprovals
from alm_workbench.demo.flow import PRESENT, highest, mentioned, shared, steps_of
from alm_workbench.demo.values import Values
from alm_workbench.demo.words import Writer
from alm_workbench.errors import AlmError
from alm_workbench.mpc import ArtifactTypeDef, CompiledManifest, TransitionDef
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.mediator import LocalMediator

WEIGHTS = {
    "epic": 0.15, "area": 0.05, "safety_goal": 0.1, "hazard": 0.3, "need": 0.4, "requirement": 2.0, "story": 2.0,
    "defect": 1.6, "task": 2.4, "test_case": 1.4, "change_request": 0.4,
}  # fmt: skip
OPTIONAL = 0.5
SPRINT = timedelta(days=14)
PATIENCE = 3
"""So many refusals, and an item is left lying."""


@dataclass(slots=True)
class Item:
    """What the simulation remembers of an item."""

    id: ArtifactId
    type: str
    state: str
    author: int
    mover: int
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at work in the project."""

    place: int
    name: str
    actor_id: UUID
    roles: frozenset[str]
    sender: LocalMediator


@dataclass(slots=True)
class Clock:
    """The project's time."""

    now: datetime

    def read(self) -> datetime:
        """Now."""
        return self.now

    def wait(self, minutes: float) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)


class ProjectYear:
    """The life of a project, day by day; the same seed gives the same life."""

    def __init__(
        self,
        project_id: ProjectId,
        compiled: CompiledManifest,
        people: Sequence[Person],
        teams: Sequence[UUID],
        writer: Writer,
        random: Random,
        clock: Clock,
    ) -> None:
        self._project_id, self._compiled, self._people = project_id, compiled, people
        self._writer, self._random, self._clock = writer, random, clock
        self._rules = rules_of(compiled)
        self._values = Values(random, writer, [p.actor_id for p in people], teams, self._some)
        self._items: dict[ArtifactId, Item] = {}
        self._by_type: dict[str, list[ArtifactId]] = defaultdict(list)
        self._active: list[ArtifactId] = []
        self._steps = {name: steps_of(compiled, name) for name in compiled.workflows}
        self._cycle: ArtifactId | None = None
        self._cycle_ends: date | None = None
        self._binned: list[ArtifactId] = []
        self._number, self._owed = 0, 0.0
        self._present: list[Person] = list(people)
        self._looked_at = {t: mentioned(compiled, t) for t in compiled.types}

    @property
    def items(self) -> int:
        """How many items there are by now."""
        return len(self._items)

    def day(self, day: date, zone: ZoneInfo, amount: float) -> None:
        """A working day on which ``amount`` items come to be, and everything else in proportion."""
        self._clock.now = datetime.combine(day, time(8, self._random.randrange(60)), zone)
        self._present = [p for role, number in PRESENT.items() for p in self._of_role(role, number)]
        self._cycles(day, amount)
        self._owed = min(self._owed + amount, 3 * amount)  # what was refused is made up for
        self._create(day, self._times(self._owed))
        for part in (self._link, self._change, self._advance, self._discuss, self._work, self._tidy):
            self._clock.wait(self._random.uniform(20, 80))
            part(day, amount)

    # ------------------------------------------------------------ who and what

    def _times(self, expected: float) -> int:
        """A whole number that is ``expected`` on average."""
        return int(expected) + (self._random.random() < expected % 1)

    def _of_role(self, role: str, number: int) -> list[Person]:
        """Some of those whose highest role this is."""
        mine = [p for p in self._people if highest(p.roles) == role]
        return self._random.sample(mine, min(number, len(mine)))

    def _who(self, roles: Sequence[str] = ("engineer",), without: Sequence[int] = ()) -> Person | None:
        fitting = [p for p in self._present if p.roles & set(roles) and p.place not in without]
        return self._random.choice(fitting) if fitting else None

    def _some(self, types: Sequence[str]) -> ArtifactId | None:
        """An item of one of some types, younger ones more often."""
        known = [items for t in types if (items := self._by_type.get(t))]
        if not known:
            return None
        items = self._random.choice(known)
        return items[int(len(items) * max(self._random.random(), self._random.random()))]

    def _sample(self, amount: float) -> list[Item]:
        ids = self._random.sample(self._active, min(self._times(amount), len(self._active)))
        return [self._items[i] for i in ids]

    def _send(self, person: Person, message: Any) -> Any:
        """Send, as people do: what is refused stays undone."""
        try:
            return person.sender.send(message)
        except AlmError:
            return None

    # ------------------------------------------------------------ creating

    def _create(self, day: date, number: int) -> None:
        kinds = [k for k in self._compiled.types.values() if k.id not in self._rules.cycle_types]
        weights = [WEIGHTS.get(k.id, 0.2) for k in kinds]
        chosen = self._random.choices(kinds, weights, k=number)
        for author, mine in shared(chosen, self._random).items():
            authors = [p for p in self._present if "engineer" in p.roles]
            self._create_all(authors[author % len(authors)], [new for k in mine if (new := self._new(k, day))])
            self._clock.wait(self._random.uniform(3, 15))

    def _new(self, kind: ArtifactTypeDef, day: date) -> NewItem | None:
        parent = self._some(kind.parents) if kind.parents and (not kind.root or self._random.random() < 0.7) else None
        if parent is None and not kind.root:
            return None
        fields: dict[str, Any] = {}
        for f in kind.fields.values():
            wanted = f.required or f.required_when is not None or self._random.random() < OPTIONAL
            planned = f.id in (self._rules.remaining, self._rules.cycle_fields.get(kind.id))
            if wanted and not planned and f.default is None:
                fields[f.id] = self._values.of(f, day)
        who = self._who() if self._random.random() < 0.6 else None
        tags = (self._writer.word().replace(" ", "-"),) if self._random.random() < 0.2 else ()
        given = {name: value for name, value in fields.items() if value is not None}
        return NewItem(kind.id, self._writer.title(kind.id), given, parent, who.actor_id if who else None, tags)

    def _create_all(self, person: Person, new: Sequence[NewItem]) -> None:
        if not new:
            return
        done = self._send(person, ApplyBulk(self._project_id, "create", create=tuple(new), on_error="skip"))
        for item in done.items if done else ():
            if item.result == "changed" and item.artifact_id is not None:
                self._keep(item.artifact_id, item.type, person.place)
                self._owed -= 1

    def _keep(self, item_id: ArtifactId, kind: str, author: int) -> Item:
        state = self._compiled.workflows[self._compiled.types[kind].workflow].initial
        item = self._items[item_id] = Item(item_id, kind, state, author, author)
        self._by_type[kind].append(item_id)
        if kind not in self._rules.cycle_types:
            self._active.append(item_id)
        return item

    # ------------------------------------------------------------ linking, changing, talking

    def _link(self, day: date, amount: float) -> None:
        kinds = list(self._compiled.link_types.values())
        for _ in range(self._times(amount)):
            kind = self._random.choices(kinds, [3 if k.coverage else 1 for k in kinds])[0] if kinds else None
            person = self._who()
            if kind is None or person is None:
                return
            source, target = self._some(kind.from_ or tuple(self._by_type)), self._some(kind.to or tuple(self._by_type))
            if source and target and source != target:
                self._send(person, LinkArtifacts(source, kind.id, target))

    def _change(self, day: date, amount: float) -> None:
        groups: dict[int, list[BulkTarget]] = defaultdict(list)
        assigned: dict[int, list[BulkTarget]] = defaultdict(list)
        busy = self._of_role("engineer", 3)
        for item in self._sample(amount * 2.4 if busy else 0):
            person = self._random.choice(busy)
            if self._random.random() < 0.15:
                assigned[person.place].append(BulkTarget(item.id))
                continue
            kind = self._compiled.types[item.type]
            open_fields = [
                f
                for f in kind.fields.values()
                if f.type in ("text", "choice", "number", "int", "date", "bool")
                and not f.computed
                and not f.required_when
            ]
            if open_fields:
                f = self._random.choice(open_fields)
                value = self._values.of(f, day)
                groups[person.place].append(BulkTarget(item.id, fields={f.id: value}))
        by_place = {p.place: p for p in self._people}
        for place, targets in groups.items():
            self._bulk(by_place[place], action="update", items=tuple(targets))
        for place, targets in assigned.items():
            who = by_place[place]
            self._bulk(who, action="update", items=tuple(targets), assignee_id=who.actor_id)

    def _bulk(self, person: Person, **arguments: Any) -> Any:
        self._clock.wait(self._random.uniform(1, 12))
        return self._send(person, ApplyBulk(self._project_id, on_error="skip", **arguments))

    def _discuss(self, day: date, amount: float) -> None:
        for item in self._sample(amount * 1.6):
            person, other = self._random.choice(self._present), self._random.choice(self._people)
            if highest(person.roles) != "viewer":
                text = self._writer.comment(other.name, str(other.actor_id))
                self._clock.wait(self._random.uniform(0.5, 6))
                self._send(person, AddComment(item.id, text))

    def _work(self, day: date, amount: float) -> None:
        tasks = [i for i in self._sample(amount) if self._compiled.types[i.type].aggregate == "Task"]
        for item in tasks:
            person = self._who()
            if person is not None:
                hours = self._random.choice((0.5, 1, 1, 2, 3, 4))
                self._send(person, LogWork(item.id, hours, worked_on=day))

    def _tidy(self, day: date, amount: float) -> None:
        """A mistaken item goes into the bin now and then, and one of them comes back."""
        if self._active and self._random.random() < amount / 60:
            person, item_id = self._who(("manager",)), self._random.choice(self._active)
            if person is not None:
                with contextlib.suppress(AlmError):
                    person.sender.send(DeleteArtifact(item_id, person.sender.query(GetArtifact(item_id)).version))
                    self._active.remove(item_id)
                    self._by_type[self._items[item_id].type].remove(item_id)
                    self._binned.append(item_id)
                    if len(self._binned) % 3 == 0:
                        back = self._binned[-3]
                        if self._send(person, RestoreArtifact(back)):
                            self._by_type[self._items[back].type].append(back)

    # ------------------------------------------------------------ workflow

    def _advance(self, day: date, amount: float) -> None:
        groups: dict[tuple[str, int], list[BulkTarget]] = defaultdict(list)
        reasons: dict[tuple[str, int], str] = {}
        movers: dict[str, Person] = {}  # who takes a step today takes it for all who are waiting
        for item in self._sample(amount * 3.2):
            step, person = self._next(item, movers)
            if step is None or person is None:
                continue
            place = (step.id, person.place)
            reasons.setdefault(place, self._random.choice(step.reason).id if step.reason else self._writer.reason())
            groups[place].append(BulkTarget(item.id, fields=self._needed(item, step, day)))
        by_place = {p.place: p for p in self._people}
        for (step_id, mover), targets in groups.items():
            reason, items = reasons[step_id, mover], tuple(targets)
            done = self._bulk(by_place[mover], action="transition", items=items, transition=step_id, reason=reason)
            self._remember(done, step_id, mover)
        self._approve()

    def _next(self, item: Item, movers: dict[str, Person]) -> tuple[TransitionDef | None, Person | None]:
        """Mostly towards the end, sometimes back; by somebody who may and is somebody else where four eyes are asked."""
        steps = self._steps[self._compiled.types[item.type].workflow].get(item.state, ())
        if not steps:
            return None, None
        step = steps[0] if self._random.random() < 0.85 else self._random.choice(steps)
        without = {"author": item.author, "last_actor": item.mover}.get(step.not_actor or "", -1)
        person = movers.get(step.id)
        if person is None or person.place == without:
            person = self._who(step.roles or ("engineer",), [without])
            if person is not None:
                movers.setdefault(step.id, person)
        return step, person

    def _needed(self, item: Item, step: TransitionDef, day: date) -> dict[str, Any]:
        """What a step asks for; who was refused once also fills in what the rules looked at."""
        fields = self._compiled.types[item.type].fields
        wanted = [*step.requires, *(self._looked_at[item.type] if item.refusals else ())]
        given = {name: self._values.of(fields[name], day) for name in wanted if name in fields}
        return {name: value for name, value in given.items() if value is not None}

    def _remember(self, done: Any, step_id: str, place: int) -> None:
        for result in done.items if done else ():
            item = self._items.get(result.artifact_id)
            if item is None:
                continue
            if result.result == "changed":
                flow = self._compiled.workflows[self._compiled.types[item.type].workflow]
                step = next(t for t in flow.transitions if t.id == step_id)
                item.state, item.mover, item.refusals = step.to, place, 0
                finished = flow.states[step.to].category == "done"
            else:
                item.refusals += result.result == "refused"
                finished = item.refusals >= PATIENCE
            if finished and item.id in self._active and self._random.random() < 0.9:
                self._active.remove(item.id)

    def _approve(self) -> None:
        """Managers and reviewers look at what waits for them."""
        for person in self._people:
            if not person.roles & {"manager", "reviewer"} or self._random.random() < 0.8:
                continue
            with contextlib.suppress(AlmError):
                for waiting in person.sender.query(ListApprovals("open", True, self._project_id, 10)).items:
                    self._send(person, ApproveStep(waiting.id, self._writer.reason()))

    # ------------------------------------------------------------ cycles

    def _cycles(self, day: date, amount: float) -> None:
        kinds = [self._compiled.types[t] for t in sorted(self._rules.cycle_types) if t in self._compiled.types]
        planned = set(self._rules.cycle_fields.values())
        person = self._who(("manager",))
        if not kinds or not planned or person is None:
            return
        if self._cycle_ends is not None and day <= self._cycle_ends:
            if day.weekday() in (0, 2):
                self._plan(person, amount * 2)
            return
        kind = next((k for k in kinds if "sprint" in k.id or "iteration" in k.id), kinds[0])
        self._number += 1
        ends = day + SPRINT - timedelta(days=1)
        given = {
            self._rules.starts: day.isoformat(),
            self._rules.ends: ends.isoformat(),
            self._rules.goal: self._writer.text(1),
        }
        fields = {f.id: self._values.of(f, day) for f in kind.fields.values() if f.required}
        fields |= {name: value for name, value in given.items() if name and name in kind.fields}
        title = f"{kind.label()} {self._number}"
        new = NewItem(kind.id, title, fields, assignee_id=person.actor_id)
        done = self._send(person, ApplyBulk(self._project_id, "create", create=(new,), on_error="skip"))
        made = next((i.artifact_id for i in (done.items if done else ()) if i.result == "changed"), None)
        self._cycle_ends = ends
        if made is None:
            return
        before, self._cycle = self._cycle, made
        self._keep(made, kind.id, person.place)
        if before is not None:
            self._send(person, CarryOver(before, made))
            self._finish(person, before)
        self._plan(person, amount * 6)
        for somebody in self._random.sample(list(self._people), min(4, len(self._people))):
            self._send(person, SetCapacity(made, self._random.choice((5, 8, 10, 13)), somebody.actor_id))

    def _plan(self, person: Person, number: float) -> None:
        """Take the first of the backlog into the cycle."""
        if self._cycle is not None:
            backlog = person.sender.query(ListBacklog(self._project_id, limit=max(1, round(number)))).items
            self._send(person, PlanItems(self._project_id, tuple(item.id for item in backlog), self._cycle))

    def _finish(self, person: Person, cycle: ArtifactId) -> None:
        """Walk a cycle to its end."""
        item = self._items[cycle]
        for _ in range(4):
            steps = self._steps[self._compiled.types[item.type].workflow].get(item.state, ())
            if not steps:
                return
            done = self._bulk(
                person,
                action="transition",
                items=(BulkTarget(item.id),),
                transition=steps[0].id,
                reason=steps[0].reason[0].id if steps[0].reason else None,
            )
            self._remember(done, steps[0].id, person.place)
