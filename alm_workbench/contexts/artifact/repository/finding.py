"""Questions about items as statements: pages in any order, numbers, facets, searches with the words they hit.

``a`` is an item everywhere. Pages are keyset pages: the cursor holds the last row's keys, and a row that is added or moved
meanwhile shifts nobody else. An order by one indexed field is walked in stages, each along an index: the values in their
order, or choice by choice, and at last the items without a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.artifact.questions import Order, Question
from alm_workbench.contexts.artifact.repository import COLUMNS, one
from alm_workbench.shared.ids import ArtifactId, ProjectId

SEARCHED = 2_000
"""So many hits of a text search are ranked; of commoner words only some."""

NEWEST = Order("a.created_at", "timestamptz", True, {}, nullable=False)
BEST = Order("h.rank", "real", True, {}, nullable=False)
ITEM = ", ".join(f"a.{column.name}" for column in COLUMNS) + ", a.deleted_at"
HITS = (
    "JOIN (SELECT artifact_id, rank FROM alm.search(CAST(:projects AS uuid[]), :text, :most)"
    " ORDER BY rank DESC, artifact_id DESC) h ON h.artifact_id = a.id"
)
"""In their order already, so that a page need not look at all of them."""
NO_VALUE = (
    "NOT EXISTS (SELECT FROM alm.artifact_field f WHERE f.tenant_id = :tenant AND f.artifact_id = a.id"
    " AND f.field_id = :sorted AND f.ord = 0 AND f.{column} IS NOT NULL)"
)
FOR_THESE_VALUES = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('max_parallel_workers_per_gather', '0', true)"
)
"""Driver and server keep plans of repeated statements; one for any tenant and any value takes no notice of how much there is.
A page is there before parallel workers are."""
Found = tuple[ArtifactDTO, list[Any]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of an order: the rows it holds, and the order among them."""

    joined: str
    condition: str
    order: tuple[Order, ...]
    params: Mapping[str, Any]
    tie: str = "a.id"


class Finding:
    """Every method takes the transaction's connection."""

    def page(self, conn: Connection, q: Question, limit: int, after: Any) -> list[Found]:
        """At most ``limit`` items after a cursor, each with the cursor that goes on behind it."""
        stages = staged(q)
        conn.execute(FOR_THESE_VALUES)
        number, keys = (int(after[0]), after[1]) if after else (0, None)
        found: list[Found] = []
        while number < len(stages) and len(found) < limit:
            found += self._stage(conn, q, stages[number], number, limit - len(found), keys)
            number, keys = number + 1, None
        return found

    def _stage(
        self, conn: Connection, q: Question, stage: Stage, number: int, limit: int, keys: Any
    ) -> Iterator[Found]:
        down = stage.order[-1].descending if stage.order else True
        shown = "".join(f", {as_text(order)} AS k{n}" for n, order in enumerate(stage.order))
        sorting = [
            f"{o.sql} {'DESC' if o.descending else 'ASC'}{' NULLS LAST' if o.nullable else ''}" for o in stage.order
        ]
        sorting.append(f"{stage.tie} {'DESC' if down else 'ASC'}")
        conditions = [*q.conditions, *([stage.condition] if stage.condition else [])]
        params: dict[str, Any] = {**base(q), **stage.params, "limit": limit}
        for order in stage.order:
            params.update(order.params)
        if keys is not None:
            conditions.append(beyond(stage, keys, down, params))
        statement = (
            f"SELECT {ITEM}{shown} FROM alm.artifacts a {stage.joined} "  # noqa: S608  our own words; values are parameters
            f"WHERE {' AND '.join(conditions)} ORDER BY {', '.join(sorting)} LIMIT :limit"
        )
        count = len(COLUMNS) + 1
        for row in conn.execute(query(statement, params)):
            item = one(row[:count])
            if item is not None:
                yield item, [number, [*row[count:], str(item.id)]]

    def ids(self, conn: Connection, q: Question, limit: int) -> list[tuple[ArtifactId, int]]:
        """Ids and versions of at most ``limit`` items, in the order of the question."""
        return [(item.id, item.version) for item, _ in self.page(conn, q, limit, None)]

    def count(self, conn: Connection, q: Question) -> int:
        """How many items the conditions keep."""
        conn.execute(FOR_THESE_VALUES)
        statement = f"SELECT count(*) FROM alm.artifacts a {joined(q)} WHERE {' AND '.join(q.conditions)}"  # noqa: S608
        found: int = conn.execute(query(statement, base(q))).scalar_one()
        return found

    def facet(self, conn: Connection, q: Question, sql: str, source: str, limit: int) -> list[tuple[str | None, int]]:
        """Values of an expression and how many items have each, the most frequent first; ``source`` is joined."""
        conn.execute(FOR_THESE_VALUES)
        statement = (
            f"SELECT {sql} AS value, count(*) FROM alm.artifacts a {joined(q)} {source}"  # noqa: S608
            f" WHERE {' AND '.join(q.conditions)} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit"
        )
        rows = conn.execute(query(statement, {**base(q), "limit": limit}))
        return [(None if row[0] is None else str(row[0]), int(row[1])) for row in rows]

    def search(
        self, conn: Connection, projects: Sequence[ProjectId] | None, words: str
    ) -> list[tuple[ArtifactId, float]]:
        """Best hits in some projects, or in all of the organisation."""
        statement = text(
            "SELECT artifact_id, rank FROM alm.search(CAST(:projects AS uuid[]), :text, :most) ORDER BY 2 DESC, 1"
        )
        listed = None if projects is None else list(projects)
        rows = conn.execute(statement, {"projects": listed, "text": words, "most": SEARCHED})
        return [(ArtifactId(row[0]), float(row[1])) for row in rows]

    def many(self, conn: Connection, ids: Sequence[ArtifactId]) -> dict[ArtifactId, ArtifactDTO]:
        """Live items by id."""
        statement = f"SELECT {ITEM} FROM alm.artifacts a WHERE a.id = ANY (:ids)"  # noqa: S608
        rows = conn.execute(query(statement, {"ids": list(ids)}))
        return {item.id: item for row in rows if (item := one(row))}

    def hits(self, conn: Connection, search: str, words: Sequence[str]) -> frozenset[str]:
        """Which of these words a search means, by the stems of both languages."""
        statement = text("SELECT word FROM alm.search_hits(:text, CAST(:words AS text[])) AS word")
        return frozenset(conn.execute(statement, {"text": search, "words": list(words)}).scalars())


def query(statement: str, params: Mapping[str, Any]) -> TextClause:
    """A statement with those of the parameters that it names."""
    made = text(statement)
    return made.bindparams(**{name: params[name] for name in made._bindparams if name in params})


def base(q: Question) -> dict[str, Any]:
    """The parameters of the conditions and of the search."""
    return {
        **q.params,
        "tenant": q.tenant_id,
        "project": q.project_id,
        "projects": [q.project_id],
        "text": q.text,
        "most": SEARCHED,
    }


def joined(q: Question) -> str:
    """What is joined to the items of a question."""
    return HITS if q.text else ""


def staged(q: Question) -> list[Stage]:
    """The parts of a question's order, one after the other."""
    if not q.order:
        return [Stage(joined(q), "", (BEST if q.text else NEWEST,), {})]
    first = q.order[0]
    if len(q.order) > 1 or first.field is None or first.column is None:
        return [Stage(joined(q), "", q.order, {})]
    held = (
        f"{joined(q)} JOIN alm.artifact_field s ON s.tenant_id = :tenant AND s.artifact_id = a.id"
        " AND s.project_id = :project AND s.field_id = :sorted AND s.ord = 0"
    )
    params = {"sorted": first.field}
    last = Stage(joined(q), NO_VALUE.format(column=first.column), (), params)
    if not first.choices:
        cast = {
            "v_text": "text",
            "v_int8": "bigint",
            "v_float8": "double precision",
            "v_ts": "timestamptz",
            "v_uuid": "uuid",
        }
        column = f"s.{first.column}"
        order = Order(column, cast[first.column], first.descending, {}, nullable=False)
        return [Stage(held, f"{column} IS NOT NULL", (order,), params, "s.artifact_id"), last]
    choices = first.choices[::-1] if first.descending else first.choices
    stages = [
        Stage(held, "s.v_text = :choice", (), {**params, "choice": choice}, "s.artifact_id") for choice in choices
    ]
    others = Stage(held, "s.v_text <> ALL (:choices)", (), {**params, "choices": list(choices)}, "s.artifact_id")
    return [*stages, others, last]


def as_text(order: Order) -> str:
    """The key of a row in a form that a cursor can hold: moments to the microsecond in UTC, numbers to the last digit."""
    if order.cast == "timestamptz":
        return f"to_char({order.sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24\\:MI\\:SS.US\"+00\\:00\"')"
    return f"CAST({order.sql} AS text)"


def beyond(stage: Stage, keys: Sequence[Any], down: bool, params: dict[str, Any]) -> str:
    """The condition that a row comes after a cursor."""
    params["after_id"] = UUID(keys[-1])
    tie = f"{stage.tie} {'<' if down else '>'} :after_id"
    if len(stage.order) == 1 and not stage.order[0].nullable:
        order = stage.order[0]
        params["after0"] = keys[0]
        sign = "<" if order.descending else ">"
        return f"({order.sql}, {stage.tie}) {sign} (CAST(CAST(:after0 AS text) AS {order.cast}), :after_id)"
    rest = tie
    for number in range(len(stage.order) - 1, -1, -1):
        order, value = stage.order[number], keys[number]
        if value is None:
            rest = f"({order.sql} IS NULL AND {rest})"
            continue
        params[f"after{number}"] = value
        limit = f"CAST(CAST(:after{number} AS text) AS {order.cast})"
        sign = "<" if order.descending else ">"
        rest = f"({order.sql} {sign} {limit} OR {order.sql} IS NULL OR ({order.sql} = {limit} AND {rest}))"
    return rest
