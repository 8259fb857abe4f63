"""Finding: filters in the language of manifests, orders by any field, pages that stay whole, counts and facets that agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm_workbench.contexts.artifact.finding_messages import (
    CountArtifacts,
    FacetArtifacts,
    SearchEverywhere,
    SelectArtifacts,
)
from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, DeleteArtifact, FindArtifacts
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.errors import AccessDenied, InvalidInput
from alm_workbench.mpc.expr.codegen import program
from alm_workbench.mpc.expr.parse import parse_expr
from alm_workbench.mpc.expr.scope import EvalContext, Scope
from alm_workbench.shared.mediator import LocalMediator
from tests.factories.workbench import Bench

TEXT = """
@schema 2
@namespace "test.find"
@name "find"
@version "1.0.0"

def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "busy", category: "in_progress"}, {id: "done", category: "done"}]
  transitions: [{id: "begin", from: "open", to: "busy"}]
}
def ArtifactType bug {
  workflow: "flow"
  key_prefix: "BUG"
  def FieldDef priority { type: "choice" choices: ["low", "middle", "high"] indexed: true }
  def FieldDef points { type: "int" indexed: true }
  def FieldDef weight { type: "number" }
  def FieldDef due { type: "date" indexed: true }
  def FieldDef seen { type: "datetime" }
  def FieldDef blocked { type: "bool" }
  def FieldDef areas { type: "multichoice" choices: ["ui", "api", "db"] }
  def FieldDef owner { type: "user" }
  def FieldDef note { type: "text" }
  def FieldDef secret { type: "string" sensitive: true }
  def FieldDef odd { type: "int" }
}
def ArtifactType idea {
  workflow: "flow"
  key_prefix: "IDEA"
  def FieldDef points { type: "int" indexed: true }
  def FieldDef odd { type: "string" }
}
def Role owner { privileges: ["*"] }
def Role viewer { privileges: ["artifact:read"] }
def ACL all { action: "*" resource: "*" roles: ["owner"] priority: 100 }
def ACL unsecret { action: "read" resource: "*" roles: ["viewer"] mask: ["secret"] priority: 10 }
"""
PRIORITIES = (None, "low", "middle", "high")
AREAS: tuple[list[str], ...] = ([], ["ui"], ["api", "db"])
DAY = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """A project with forty items."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.owner = bench, bench.acme.owner
        self.project = self.owner.send(CreateProject("FIND", "Finding"))
        version = self.owner.send(SaveManifest(TEXT, "dsl"))
        self.owner.send(ActivateManifest(self.project.id, version.version_id))
        assert self.owner.principal is not None
        self.me = self.owner.principal.actor_id
        self.items = [self._make(n) for n in range(40)]

    def _make(self, n: int) -> ArtifactDTO:
        if n % 8 == 7:
            return self.create("idea", f"Idea {n}", points=n % 5, odd=f"x{n % 3}")
        fields: dict[str, Any] = {
            "priority": PRIORITIES[n % 4],
            "points": None if n % 5 == 0 else n % 7 - 2,
            "weight": n * 0.25,
            "due": None if n % 3 == 0 else (DAY + timedelta(days=n)).date().isoformat(),
            "blocked": n % 2 == 0,
            "areas": AREAS[n % 3],
            "owner": str(self.me) if n % 6 == 0 else None,
            "note": f"Some words about number {n}",
            "secret": f"s{n % 3}",
        }
        assignee = self.me if n % 4 == 1 else None
        return self.create("bug", f"Bug {n % 10}", assignee, ("red",) if n % 9 == 0 else (), **fields)

    def create(
        self, kind: str, title: str, assignee: UUID | None = None, tags: tuple[str, ...] = (), **fields: Any
    ) -> ArtifactDTO:
        return self.owner.send(CreateArtifact(self.project.id, kind, title, fields, assignee_id=assignee, tags=tags))

    def find(self, who: LocalMediator | None = None, **question: Any) -> list[ArtifactDTO]:
        """All pages of a question, three at a time."""
        found: list[ArtifactDTO] = []
        cursor = None
        question.setdefault("limit", 7)
        while True:
            page = (who or self.owner).query(FindArtifacts(self.project.id, cursor=cursor, **question))
            assert len(page.items) <= question["limit"]
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    def keys(self, **question: Any) -> set[str]:
        return {item.key for item in self.find(**question)}


@pytest.fixture(scope="module")
def world(workbench: Bench) -> World:
    return World(workbench)


FILTERS = (
    "priority == 'high'",
    "self.fields.priority != 'high'",
    "priority in ['low', 'middle'] and points > 1",
    "points == null or priority == null",
    "not (points >= 2)",
    "weight * 2 > 9 and weight <= 7.5",
    "due < '2026-01-20'",
    "due >= '2026-01-10' and blocked",
    "'ui' in areas",
    "isEmpty(areas) or contains(areas, 'db')",
    "self.assignee == actor.id",
    "assignee == null and state == 'open'",
    "owner == actor.id",
    "'red' in tags",
    "self.type == 'idea' and points == 3",
    "startsWith(title, 'Bug 1') or endsWith(self.key, '7')",
    "secret == 's1'",
    "len(note) > 25",
    "author == actor.id and version == 1 and points < 2",
    "state_category == 'todo' and daysBetween('2026-01-01', due) > 12",
    "priority == ('high' if blocked else 'low')",
)


def judged(world: World, text: str) -> set[str]:
    """What the evaluator of the manifest core keeps, item by item, with the short names written out."""
    names = ["priority", "points", "weight", "due", "blocked", "areas", "owner", "secret", "note"]
    for name in names:
        text = _written_out(text, name, f"self.fields.{name}")
    for name in ("assignee", "state", "state_category", "title", "version", "tags"):
        text = _written_out(text, name, f"self.{name}")
    run = program(parse_expr(text.replace("author", "self.created_by")), strict=False, condition=True)
    actor = {"id": str(world.me), "roles": ["owner"], "attributes": {}}
    kept = set()
    for item in world.items:
        view = {
            "id": str(item.id), "key": item.key, "type": item.type, "title": item.title, "state": item.state,
            "state_category": item.state_category, "assignee": str(item.assignee_id) if item.assignee_id else None,
            "created_by": str(item.created_by), "version": item.version, "tags": list(item.tags), "fields": item.fields,
        }  # fmt: skip
        if run(Scope(EvalContext(view, actor, {"name": "read"}, {}), frozenset({"owner"}))):
            kept.add(item.key)
    return kept


def _written_out(text: str, name: str, path: str) -> str:
    import re

    return re.sub(rf"(?<![\w.'\"]){name}\b(?!['\"(])", path, text)


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_finds_what_the_expression_language_means(world: World, text: str) -> None:
    """The database and the evaluator agree item by item, the count with the list, and short names with long ones."""
    expected = judged(world, text)
    assert world.keys(filter=text) == expected
    assert world.owner.query(CountArtifacts(world.project.id, filter=text)).count == len(expected)
    assert 0 < len(expected) < len(world.items)


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("priority == 'urgent'", "E_EXPR", "urgent"),
        ("prioritty == 'high'", "E_EXPR_UNKNOWN_NAME", "at character 1: prioritty"),
        ("points > ", "E_EXPR", "character"),
        ("points", "E_EXPR", "true or false"),
        ("linkCount(self, 'near') > 0", "", "linkCount"),
        ("note matches 'a+'", "no-filter", "at character"),
        ("odd == 1", "several-types", "int in bug, string in idea"),
        ("points > 1 " * 500, "too-long", "2000"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_with_its_place(world: World, text: str, code: str, told: str) -> None:
    """A wrong name, value or function is told with its place; nothing is silently left out."""
    with pytest.raises(InvalidInput) as caught:
        world.find(filter=text)
    problem = caught.value.errors[0]
    assert problem.path == "/filter"
    assert problem.code.startswith(code)
    assert told in problem.message


def test_a_field_of_several_types_is_found_once_the_type_is_said(world: World) -> None:
    """A name that means different things asks which; with the type it means one."""
    assert {item.type for item in world.find(filter="odd == 'x1'", type="idea")} == {"idea"}
    assert world.keys(filter="odd == null", type="bug") == {i.key for i in world.items if i.type == "bug"}


def ordered(item: ArtifactDTO, name: str) -> Any:
    if name == "priority":
        return PRIORITIES.index(item.fields.get(name)) if item.fields.get(name) else None
    if name == "key":
        prefix, _, number = item.key.rpartition("-")
        return prefix, int(number)
    return getattr(item, {"assignee": "assignee_id"}.get(name, name)) if hasattr(item, name) else item.fields.get(name)


@pytest.mark.parametrize(
    "name",
    ["created_at", "updated_at", "key", "title", "rank", "priority", "points", "weight", "due", "blocked", "seen"],
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_any_field_orders_a_list_and_pages_hold_everything_once(world: World, name: str, sign: str) -> None:
    """Choices in the order of the process, numbers by size, keys by number; what has no value comes last either way."""
    found = world.find(sort=f"{sign}{name}")
    assert sorted(i.key for i in found) == sorted(i.key for i in world.items)
    values = [ordered(item, name) for item in found]
    given = [value for value in values if value is not None]
    assert values[len(given) :] == [None] * (len(values) - len(given))
    assert given == sorted(given, reverse=sign == "-")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["priority", "-points", "due", "-title", "blocked", "-assignee", "state"]),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    st.integers(1, 15),
    st.sampled_from([None, "points > 0", "due != null"]),
)
def test_pages_of_any_order_hold_every_item_once(world: World, sort: list[str], limit: int, text: str | None) -> None:
    """Whatever the order, the page size and the filter: the pages put together are the list in one piece."""
    whole = world.find(sort=",".join(sort), filter=text, limit=500)
    assert world.find(sort=",".join(sort), filter=text, limit=limit) == whole
    assert len({item.id for item in whole}) == len(whole) == len(judged(world, text) if text else world.items)


def test_a_list_cannot_be_ordered_by_what_is_no_order(world: World) -> None:
    """Unknown fields, lists of values and long texts are refused with what there is."""
    for name in ("nothing", "areas", "note"):
        with pytest.raises(InvalidInput, match="cannot be sorted") as caught:
            world.find(sort=name)
        assert caught.value.errors[0].path == "/sort"
        assert "priority" in caught.value.errors[0].message


def test_plain_parameters_narrow_the_list(world: World) -> None:
    """Several values with commas, tags together, moments from and until, keys as they are written."""
    everything = world.items
    assert world.keys(state="open,done", type="idea,bug") == {i.key for i in everything}
    assert world.keys(state="busy") == set()
    assert world.keys(category="todo", tag="red") == {i.key for i in everything if "red" in i.tags}
    assert world.keys(tag="red,blue") == set()
    assert world.keys(keys="BUG-1, BUG-2,NO-1") == {"BUG-1", "BUG-2"}
    assert world.keys(assignee_id=world.me) == {i.key for i in everything if i.assignee_id}
    middle = everything[20].created_at
    early = {i.key for i in everything if i.created_at < middle}
    assert world.keys(created_until=middle) == early
    assert world.keys(created_since=middle) == {i.key for i in everything} - early
    with pytest.raises(InvalidInput, match="time zone"):
        world.find(updated_since=datetime(2026, 1, 1))


def test_facets_say_how_the_found_items_spread(world: World) -> None:
    """Counts by state, type, choice, several choices, tags and people; they add up to what is found."""
    by = "type,state,priority,areas,tags,assignee,blocked"
    found = {
        f.field: {v.value: v.count for v in f.values}
        for f in world.owner.query(FacetArtifacts(world.project.id, by=by))
    }
    assert found["type"] == {"bug": 35, "idea": 5}
    assert found["state"] == {"open": 40}
    for name in ("priority", "blocked"):
        counted: dict[str | None, int] = {}
        for item in world.items:
            value = item.fields.get(name)
            word = str(value).lower() if value is not None else None
            counted[word] = counted.get(word, 0) + 1
        assert found[name] == counted
    assert found["tags"]["red"] == sum("red" in i.tags for i in world.items)
    assert found["assignee"][str(world.me)] == sum(i.assignee_id is not None for i in world.items)
    assert found["areas"]["db"] == sum("db" in (i.fields.get("areas") or []) for i in world.items)  # type: ignore[operator]
    narrowed = world.owner.query(FacetArtifacts(world.project.id, by="priority", filter="blocked"))[0]
    assert sum(v.count for v in narrowed.values) == len(judged(world, "blocked"))
    with pytest.raises(InvalidInput, match="cannot be counted"):
        world.owner.query(FacetArtifacts(world.project.id, by="note"))


def test_the_choice_for_a_change_is_the_list(world: World) -> None:
    """Ids with versions, in the order of the list, whatever the page; too many are refused instead of cut."""
    asked = FindArtifacts(world.project.id, filter="points > 0", sort="-points", limit=2)
    chosen = world.owner.query(SelectArtifacts(asked))
    listed = world.find(filter="points > 0", sort="-points")
    assert [(c.id, c.version) for c in chosen] == [(i.id, i.version) for i in listed]
    with pytest.raises(InvalidInput, match="More than 3"):
        world.owner.query(SelectArtifacts(asked, most=3))


def test_a_search_ranks_titles_first_and_shows_what_it_hit(world: World) -> None:
    """Beginnings of words and keys while typing, Turkish and English stems, hits as plain parts of what is shown."""
    inside = world.create("bug", "Something else", note="The <b>braking</b> distance of the zeppelin")
    above = world.create("bug", "Zeppelin: Fren gereksinimleri doğrulanmalıdır", note="n/a")
    assert [i.key for i in world.find(text="zeppelin")] == [above.key, inside.key]
    for words in (
        "zepp",
        "fren gerek",
        "gereksinimler fren",
        "GEREKSİNİMLERİ",
        "zeppelin brake",
        "zep",
        "dogrulanmalidir",
    ):
        assert world.keys(text=words) & {inside.key, above.key}, words
    assert world.find(text=above.key)[0].key == above.key
    assert above.key in world.keys(text=above.key[:-1])
    assert world.keys(text="zeppelin -fren") == {inside.key}
    assert world.keys(text="zeppelin", filter="points > 5000") == set()
    assert world.owner.query(CountArtifacts(world.project.id, text="zeppelin")).count == 2
    shown = {h.field: h.parts for h in world.find(text="brake zeppelin")[0].highlights}
    assert shown["note"] == ("The <b>", "braking", "</b> distance of the ", "zeppelin", "")
    title = world.find(text="gereksinimler")[0].highlights[0]
    assert (title.field, title.parts) == ("title", ("Zeppelin: Fren ", "gereksinimleri", " doğrulanmalıdır"))
    everywhere = world.owner.query(SearchEverywhere("zeppelin", limit=1))
    assert [i.key for i in everywhere.items] == [above.key]
    assert everywhere.items[0].highlights
    rest = world.owner.query(SearchEverywhere("zeppelin", limit=1, cursor=everywhere.next_cursor))
    assert ([i.key for i in rest.items], rest.next_cursor) == ([inside.key], None)
    assert world.bench.globex.owner.query(SearchEverywhere("zeppelin")).items == ()
    assert world.owner.query(SearchEverywhere("zeppelin", type="idea")).items == ()
    assert world.find(text="  ") == world.find(text='"') == []
    for item in (inside, above):
        world.owner.send(DeleteArtifact(item.id, item.version))
    assert world.find(text="zeppelin") == []


def test_the_bin_is_found_by_those_who_may_restore(world: World) -> None:
    """Only it, or the bin and the rest; others are told the privilege, and the bin is hidden again afterwards."""
    gone = world.create("bug", "To be thrown away", points=77)
    world.owner.send(DeleteArtifact(gone.id, gone.version))
    assert world.keys(filter="points == 77") == set()
    assert gone.key in world.keys(filter="points == 77", deleted="only")
    both = world.keys(deleted="include")
    assert both > world.keys()
    assert world.owner.query(CountArtifacts(world.project.id, deleted="include")).count == len(both)
    with pytest.raises(AccessDenied, match="artifact:delete"):
        world.find(world.bench.acme.viewer, deleted="only")


def test_hidden_fields_neither_find_nor_order_nor_count(world: World) -> None:
    """Whoever may not see a field learns nothing by asking about it, whatever its value, in whatever way."""
    viewer = world.bench.acme.viewer
    bugs = [i for i in world.items if i.type == "bug"]
    assert {i.key for i in world.find(viewer)} == {i.key for i in world.items}
    for text in (
        "secret == 's1'",
        "secret != 's1'",
        "secret == null",
        "not (secret == 's1')",
        "secret == 's1' or true",
    ):
        found = {i.key for i in world.find(viewer, filter=text)}
        assert not found & {i.key for i in bugs}, text
        assert viewer.query(CountArtifacts(world.project.id, filter=text)).count == len(found)
        chosen = viewer.query(SelectArtifacts(FindArtifacts(world.project.id, filter=text)))
        assert len(chosen) == len(found)
    facet = viewer.query(FacetArtifacts(world.project.id, by="priority", filter="secret == 's1'"))[0]
    assert not any(v.value for v in facet.values)
    assert [i.key for i in world.find(viewer, sort="secret")] == [i.key for i in world.find(viewer, sort="-secret")][
        ::-1
    ]
    assert [i.id for i in world.find(viewer, sort="secret,created_at")] == [
        i.id for i in world.find(viewer, sort="created_at")
    ]
