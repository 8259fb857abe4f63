"""A question about items made ready: what the database looks for, in which order, and what of it the caller may know.

Nobody learns by asking what is hidden from him. An item of which something is hidden that the question looks at is not
found, whatever its value; a hidden value sorts as none. Access rules become part of the statement where SQL can say them
(``row_filter``), so that counts are right; where it cannot, rows are judged one by one and ``decided`` is false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.columns import INDEXED, Vocabulary, hidden_by, spoken_of, vocabulary
from alm_workbench.contexts.artifact.conditions import Condition, Hint, all_hold, read_condition
from alm_workbench.contexts.artifact.domain import type_of
from alm_workbench.contexts.artifact.finding_messages import CountArtifacts, FacetArtifacts
from alm_workbench.contexts.artifact.messages import FindArtifacts
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.project.domain import index_kinds
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.mpc import Rows, row_filter
from alm_workbench.mpc.engines.authorizer import Authorizer, Requester
from alm_workbench.mpc.expr.sql import Sql
from alm_workbench.shared.ids import ProjectId

MAX_SORTS, MAX_KEYS, MAX_TAGS = 4, 1_000, 20
PLAIN: Mapping[str, tuple[str, str]] = {
    "created_at": ("a.created_at", "timestamptz"),
    "updated_at": ("a.updated_at", "timestamptz"),
    "key": ("regexp_replace(a.key, '[0-9]+$', '') || lpad(COALESCE(substring(a.key, '[0-9]+$'), ''), 18, '0')", "text"),
    "title": ("left(alm.fold(a.title), 200)", "text"),
    "state": ("a.state", "text"),
    "category": ("array_position(ARRAY['todo', 'in_progress', 'done'], a.state_category)", "integer"),
    "type": ("a.type_id", "text"),
    "assignee": ("a.assignee_id", "uuid"),
    "rank": ("a.rank", "text"),
    "version": ("a.version", "integer"),
}
"""Properties that lists are sorted by, with their SQL and its type."""
LOOKED_AT: Mapping[str, str] = {"category": "state_category", "type": "type_id", "assignee": "assignee_id"}
CASTS: Mapping[str, str] = {
    "int": "bigint",
    "number": "double precision",
    "bool": "boolean",
    "date": "date",
    "text": "text",
}


Asked = FindArtifacts | CountArtifacts | FacetArtifacts
"""What every question about the items of a project may say."""


@dataclass(frozen=True, slots=True)
class Order:
    """One key of an order: its SQL, the SQL type of its values, and the direction; what has no value comes last.

    ``field`` and ``column`` say where the typed index keeps the values, ``choices`` in which order they are listed.
    """

    sql: str
    cast: str
    descending: bool
    params: Mapping[str, Any]
    nullable: bool = True
    field: str | None = None
    column: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What to look for. Conditions are SQL over ``a`` (an item) with their parameters; they are joined by AND."""

    tenant_id: UUID
    project_id: ProjectId
    conditions: tuple[str, ...]
    params: Mapping[str, Any]
    order: tuple[Order, ...]
    looks_at: frozenset[str]
    decided: bool
    text: str | None = None
    deleted: str | None = None
    types: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether it is known without looking that nothing is found."""
        return not self.types or self.text == ""


class Reader:
    """The caller as a reader of one project's items."""

    def __init__(self, tenant_id: UUID, process: ProcessVersion, authorizer: Authorizer, actor: Requester) -> None:
        self.tenant_id, self.compiled, self.actor, self._authorizer = tenant_id, process.compiled, actor, authorizer

    def open_types(self) -> tuple[str, ...]:
        """The types of which the caller may see some items."""
        plans = ((kind, self._authorizer.mask_plan(self.actor, "read", kind)) for kind in self.compiled.types)
        return tuple(kind for kind, plan in plans if not plan.constant or plan.hidden(self.actor) is not None)

    def shows(self, type_id: str, names: Iterable[str]) -> tuple[Sql, ...] | None:
        """Conditions under which items of a type are shown with some of their columns and fields.

        Raises ``LookupError`` where only Python can say; None where none is.
        """
        columns = vocabulary(self.compiled, (type_id,)).columns
        found: list[Sql] = []
        for field in (None, *(word for name in sorted(names) for word in hidden_by(name))):
            here = row_filter(self.compiled, self.actor, "read", type_id, columns, "postgres", field=field)
            if here is Rows.NONE:
                return None
            if isinstance(here, Sql):
                found.append(here)
            elif here is not Rows.ALL:
                raise LookupError
        return tuple(found)


class Words:
    """Conditions with their parameters, numbered so that no two share a name."""

    def __init__(self, prefix: str = "q") -> None:
        self.conditions: list[str] = []
        self.params: dict[str, Any] = {}
        self._prefix = prefix

    def named(self, value: Any) -> str:
        """The name of a new parameter."""
        name = f"{self._prefix}{len(self.params)}"
        self.params[name] = value
        return f":{name}"

    def rendered(self, sql: Sql) -> str:
        """A condition of the manifest core as text."""
        prefix = f"{self._prefix}{len(self.params)}_"
        self.params.update(sql.named(prefix))
        return sql.render("named", prefix)

    def add(self, condition: str) -> None:
        """One more condition."""
        self.conditions.append(condition)


def question(asked: Asked, sort: str | None, reader: Reader, extra: Iterable[str] = ()) -> Question:
    """A question made ready; ``extra`` names columns and fields that the answer shows beside the items.

    Raises ``InvalidInput`` that names the part of the question and the place in it.
    """
    words, looks_at = Words(), set(extra)
    open_types = reader.open_types()
    types = _types(asked, reader, open_types)
    known = vocabulary(reader.compiled, types)
    # the policies name the organisation too, but only in a constant of our own the planner sees how much it has
    words.add("a.tenant_id = :tenant AND a.project_id = :project")
    _simple(asked, words, looks_at)
    if asked.filter is not None and asked.filter.strip():
        condition = read_condition(asked.filter, known, reader.actor.scope, _indexed(reader, types))
        _filtered(condition, words, looks_at)
    decided = _visible(
        reader, types, looks_at, words, asked.type is not None or len(open_types) < len(reader.compiled.types)
    )
    order = tuple(_orders(sort, known, reader, types))
    return Question(
        reader.tenant_id,
        asked.project_id,
        tuple(words.conditions),
        words.params,
        order,
        frozenset(looks_at),
        decided,
        asked.text.strip() if asked.text else None,
        asked.deleted,
        types,
    )


def parts_of(value: str | None, name: str, most: int) -> list[str]:
    """The values of a parameter with commas between them; raises ``InvalidInput`` for too many."""
    found = list(dict.fromkeys(part.strip() for part in (value or "").split(",") if part.strip()))
    if len(found) > most:
        raise InvalidInput(f"At most {most} {name}", errors=[ErrorItem(f"/{name}", "too-many", f"{len(found)} given")])
    return found


def _types(asked: Asked, reader: Reader, open_types: Sequence[str]) -> tuple[str, ...]:
    named = [type_of(reader.compiled, name, "/type").id for name in parts_of(asked.type, "type", 200)]
    return tuple(kind for kind in open_types if not named or kind in named)


def _simple(asked: Asked, words: Words, looks_at: set[str]) -> None:
    for name, column, values in (
        ("state", "state", parts_of(asked.state, "state", 200)),
        ("category", "state_category", [asked.category] if asked.category else []),
    ):
        if values:
            looks_at.add(column if name == "category" else name)
            one = f"a.{column} = {words.named(values[0])}"
            words.add(one if len(values) == 1 else f"a.{column} = ANY ({words.named(values)})")
    for column, value in (("assignee_id", asked.assignee_id), ("parent_id", asked.parent_id)):
        if value is not None:
            looks_at.add(column)
            words.add(f"a.{column} = {words.named(value)}")
    if keys := parts_of(asked.keys, "keys", MAX_KEYS):
        words.add(f"a.key = ANY ({words.named(keys)})")
    for tag in parts_of(asked.tag, "tag", MAX_TAGS):
        looks_at.add("tags")
        words.add(Hint("tag", "=", tag).sql(words.named))
    for column in ("created", "updated"):
        for ending, operator in (("since", ">="), ("until", "<")):
            moment = getattr(asked, f"{column}_{ending}")
            if moment is not None:
                words.add(f"a.{column}_at {operator} {words.named(_zoned(moment, f'{column}_{ending}'))}")
    if asked.text:
        looks_at.add("title")
    if asked.deleted == "only":
        words.add("a.deleted_at IS NOT NULL")


def _zoned(moment: datetime, name: str) -> datetime:
    if moment.tzinfo is None:
        problem = ErrorItem(f"/{name}", "zone", "say the time zone, such as Z or +03:00")
        raise InvalidInput(f"{name} has no time zone", errors=[problem])
    return moment


def _filtered(condition: Condition, words: Words, looks_at: set[str]) -> None:
    looks_at.update(spoken_of(path) for path in condition.paths)
    if condition.sql.constant is not True:
        words.add(words.rendered(condition.sql))
    for part in all_hold(condition.hints, words.named):
        words.add(part)


def _indexed(reader: Reader, types: Sequence[str]) -> frozenset[str]:
    """Fields whose values the typed index keeps for every one of these types that has them."""
    kept = index_kinds(reader.compiled)
    declared: dict[str, list[bool]] = {}
    for type_id in types:
        for name in reader.compiled.types[type_id].fields:
            declared.setdefault(name, []).append((type_id, name) in kept)
    return frozenset(name for name, each in declared.items() if all(each))


def _visible(reader: Reader, types: Sequence[str], looks_at: Iterable[str], words: Words, some: bool) -> bool:
    """Add who sees what; gives whether that is all there is to judge. ``some``: not all types are asked for."""
    plain: list[str] = []
    special: list[str] = []
    decided = True
    for type_id in types:
        try:
            shown = reader.shows(type_id, looks_at)
        except LookupError:
            decided, shown = False, ()
        if shown:
            parts = [f"a.type_id = {words.named(type_id)}", *(f"({words.rendered(part)})" for part in shown)]
            special.append(" AND ".join(parts))
        elif shown is not None:
            plain.append(type_id)
    if special or some or len(plain) < len(types):
        listed = (
            f"a.type_id = {words.named(plain[0])}" if len(plain) == 1 else f"a.type_id = ANY ({words.named(plain)})"
        )
        words.add(" OR ".join(f"({part})" for part in (*([listed] if plain else []), *special)) or "FALSE")
        words.conditions[-1] = f"({words.conditions[-1]})"
    return decided


def _orders(sort: str | None, known: Vocabulary, reader: Reader, types: Sequence[str]) -> Iterator[Order]:
    for number, part in enumerate(parts_of(sort, "sort", MAX_SORTS)):
        descending, name = part.startswith("-"), part.lstrip("+-").strip()
        looked_at, order = _order(name, descending, known, f"s{number}", _indexed(reader, types))
        yield _where_shown(order, reader, types, looked_at, f"s{number}")


def _order(name: str, descending: bool, known: Vocabulary, prefix: str, indexed: frozenset[str]) -> tuple[str, Order]:
    plain = PLAIN.get(name.removeprefix("self."))
    if plain is not None:
        name = name.removeprefix("self.")
        return LOOKED_AT.get(name, name), Order(*plain, descending, {}, name == "assignee")
    name = name.removeprefix("self.fields.")
    field, column = known.field(name), known.columns.get(f"self.fields.{name}")
    if field is None or column is None or column.many or field.type in ("text", "richtext"):
        raise _unsortable(name, known, known.mixed.get(name))
    slot = INDEXED.get(field.type) if name in indexed else None
    if field.type == "choice":
        choices = tuple(dict.fromkeys(choice.id for f in known.fields[name] for choice in f.choices))
        sql = f"array_position(CAST(:{prefix}_choices AS text[]), {column.sql})"
        params = {f"{prefix}_choices": list(choices)}
        return name, Order(sql, "integer", descending, params, True, name, slot, choices)
    cast = CASTS[column.type]
    sql = f"left({column.sql}, 200)" if cast == "text" else column.sql
    return name, Order(sql, cast, descending, {}, True, name, slot)


def _unsortable(name: str, known: Vocabulary, why: str | None) -> InvalidInput:
    fields = (f for f, c in known.columns.items() if f.startswith("self.fields.") and not c.many)
    allowed = ", ".join([*PLAIN, *sorted(path.removeprefix("self.fields.") for path in fields)])
    problem = ErrorItem("/sort", "unknown-field", why or f"{name!r} is none of {allowed}")
    return InvalidInput(f"The items cannot be sorted by {name!r}", errors=[problem])


def _where_shown(order: Order, reader: Reader, types: Sequence[str], name: str, prefix: str) -> Order:
    """The order with nothing in place of values that are hidden from the caller."""
    words = Words(f"{prefix}_")
    cases: list[str] = []
    open_ = 0
    for type_id in types:
        try:
            shown = reader.shows(type_id, (name,))
        except LookupError:
            shown = None
        if shown is None:
            continue
        open_ += not shown
        of_type = f"a.type_id = {words.named(type_id)}"
        cases.append(" AND ".join([of_type, *(f"({words.rendered(part)})" for part in shown)]))
    if open_ == len(types):
        return order
    test = " OR ".join(f"({case})" for case in cases) or "FALSE"
    sql = f"CASE WHEN {test} THEN {order.sql} END"
    return replace(order, sql=sql, params={**order.params, **words.params}, nullable=True, field=None, column=None)
