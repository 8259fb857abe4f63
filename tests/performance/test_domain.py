"""The ten hottest questions under row-level security reach their items by indexes, and the benchmark of finding runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text

from alm_workbench.storage.engine import begin
from tests.factories.database import Cluster
from tests.factories.workbench import Bench
from tests.performance.bench_domain import measured, questions
from tests.performance.many_items import made

ITEMS = 6_000
BIG = {"artifacts", "artifact_field", "artifact_tag", "artifact_search", "state_history", "artifact_links"}
HOT = (
    "newest 50",
    "newest of a type",
    "a state of a type",
    "what is assigned to me",
    "a tag",
    "recently changed",
    "backlog order",
    "filter: a choice",
    "filter: a rare text",
    "filter: two fields",
    "sort: a choice",
    "sort: a number",
    "sort: a date, of one state",
    "count: a filter",
    "text: two words",
    "text: a key",
)


@pytest.fixture(scope="module")
def large(workbench: Bench, cluster: Cluster) -> tuple[Bench, Any, list[Any], str]:
    """An organisation with many items among twenty."""
    superuser = cluster.superuser_dsn(workbench.dsns)
    project = made(workbench.acme.owner, superuser, ITEMS, 500)
    actors = [m.principal.actor_id for m in workbench.acme.mediators.values() if m.principal]
    return workbench, project, actors, superuser


def nodes(plan: Any) -> Iterator[dict[str, Any]]:
    """A plan's nodes."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def plans(bench: Bench, message: Any) -> list[dict[str, Any]]:
    """The plans of the statements that a question sends, made as the application's role in its organisation."""
    owner, sent = bench.acme.owner, list[tuple[str, Any]]()

    def keep(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        sent.append((statement, parameters))

    event.listen(bench.runtime.engine, "before_cursor_execute", keep)
    try:
        owner.query(message)
    finally:
        event.remove(bench.runtime.engine, "before_cursor_execute", keep)
    found = []
    assert owner.principal is not None
    with begin(bench.runtime.engine, tenant_id=owner.principal.tenant_id) as conn:
        conn.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
        for statement, parameters in sent:
            if "alm.artifacts" in statement:
                raw = conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
                found.append(raw[0]["Plan"] if isinstance(raw, list) else json.loads(raw)[0]["Plan"])
    return found


@pytest.mark.parametrize("name", HOT)
def test_hot_questions_scan_no_table(large: tuple[Bench, Any, list[Any], str], name: str) -> None:
    """EXPLAIN under row-level security: no sequential scan of a big table, and lists stop when the page is full."""
    bench, project, actors, _ = large
    message = questions(project, actors)[name](Random(3))
    found = plans(bench, message)
    assert found
    for plan in found:
        scanned = [n for n in nodes(plan) if n["Node Type"] == "Seq Scan" and n.get("Relation Name") in BIG]
        assert not scanned, [
            (n["Node Type"], n.get("Relation Name"), n.get("Index Name"), n["Plan Rows"]) for n in nodes(plan)
        ]


def test_text_search_reaches_its_index(large: tuple[Bench, Any, list[Any], str]) -> None:
    """The statements inside the search function, as its owner runs them: the inverted index and nothing else."""
    bench, project, _, superuser = large
    assert bench.acme.owner.principal is not None
    with psycopg.connect(superuser) as conn:
        row = conn.execute(
            "SELECT prosrc, proconfig FROM pg_proc WHERE oid = 'alm.search(uuid[], text, integer)'::regprocedure"
        )
        source, settings = row.fetchone() or ("", [])
        inner = re.findall(r"RETURN QUERY (SELECT .*?);", source, re.DOTALL)
        assert len(inner) == 2
        conn.execute("SET ROLE alm_definer")
        for setting in settings:
            name, _, value = setting.partition("=")
            conn.execute("SELECT set_config(%s, %s, true)", (name, value))
        wanted = f"'p:{project}' & 'brake'"
        known = {
            "wanted": f"$${wanted}$$::tsquery",
            "whole": "'brake'::tsquery",
            "begun": "'^br':*::tsquery",
            "room": "2000",
        }
        known = {**known, "begun": "$$'^br':*$$::tsquery", "tenant": f"'{bench.acme.owner.principal.tenant_id}'::uuid"}
        for statement in inner:
            for name, value in known.items():
                statement = re.sub(rf"(?<![.\w]){name}\b", value.replace("\\", r"\\"), statement)
            plan: Any = conn.execute(f"EXPLAIN (FORMAT JSON) {statement}").fetchone()
            kinds = {(n["Node Type"], n.get("Index Name")) for n in nodes(plan[0][0]["Plan"])}
            assert ("Bitmap Index Scan", "artifact_search_tsv") in kinds, kinds
            assert not [n for n in nodes(plan[0][0]["Plan"]) if n["Node Type"] == "Seq Scan"]


def test_the_benchmark_measures_every_question(large: tuple[Bench, Any, list[Any], str]) -> None:
    """One round of each, with a row for each."""
    bench, project, actors, _ = large
    asked = questions(project, actors)
    rows = list(measured(bench.acme.owner, asked, 1, 50.0))
    assert [row.name for row in rows] == list(asked)
    assert all(row.value > 0 for row in rows)
