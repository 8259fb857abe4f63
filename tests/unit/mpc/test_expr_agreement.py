"""Walker, generated code and DuckDB give the same answer for every typed expression, nulls included."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import DomainMeta, EvalContext
from alm_workbench.mpc.expr.codegen import Program, exactly, make_program
from alm_workbench.mpc.expr.compiled import compile_expression
from alm_workbench.mpc.expr.explain import UNDECIDED
from alm_workbench.mpc.expr.functions import ExprFault
from alm_workbench.mpc.expr.generate import Mode
from alm_workbench.mpc.expr.ir import Expr, show, to_json
from alm_workbench.mpc.expr.scope import PlainScope, Scope
from alm_workbench.mpc.expr.sql import Env, Sql, translate, try_translate
from alm_workbench.mpc.expr.typecheck import Checker, Known, Names, value_group
from alm_workbench.mpc.expr.walk import FILTER, STRICT, truth_of, walk
from tests.factories.expressions import COLUMNS, CONSTANTS, Grower, columns, create_table, row, wild
from tests.unit.mpc.soak import soak

ROWS, EXPRESSIONS = 100, 10
TYPES = {"text": "string", "int": "int", "number": "float", "bool": "bool", "date": "date"}
NAMES = {name: "array" if name in ("tags", "ints") else TYPES[kind] for name, kind in COLUMNS.items()}
NAMES |= {"actor.id": "string", "actor.level": "int", "actor.ratio": "float", "actor.on": "bool"}
NAMES |= {"actor.none": "any", "actor.teams": "array", "actor": "object"}
GROUPS = {path: group for path, kind in NAMES.items() if (group := value_group(kind))}
ENV = Env(columns(), PlainScope(CONSTANTS), frozenset(("actor",)))


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as found:
        found.execute(create_table("rows", "duckdb"))
        yield found


def fill(connection: duckdb.DuckDBPyConnection, random: Random) -> list[dict[str, Any]]:
    rows = [row(random) for _ in range(ROWS)]
    connection.execute("DELETE FROM rows")
    marks = ", ".join("?" * (len(COLUMNS) + 1))
    values = [[number, *(found.get(name) for name in COLUMNS)] for number, found in enumerate(rows)]
    connection.executemany(f"INSERT INTO rows VALUES ({marks})", values)
    return rows


def translatable(grower: Grower, dialect: Any) -> list[tuple[Expr, Any]]:
    """Expressions with their SQL; the few that leave the range of numbers are grown anew."""
    found: list[tuple[Expr, Any]] = []
    while len(found) < EXPRESSIONS:
        expr = grower.condition(3)
        sql = try_translate(expr, ENV, dialect)
        if isinstance(sql, Sql):
            found.append((expr, sql))
        else:
            assert "number" in sql.reason or "form" in sql.reason, sql.reason
    return found


@soak(10, at_least=1_000)
@given(st.integers(0, 2**64))
def test_duckdb_says_what_the_walker_and_the_generated_code_say(
    connection: duckdb.DuckDBPyConnection, seed: int
) -> None:
    """A thousand evaluations an example: ten expressions over a hundred rows."""
    random = Random(seed)
    rows = fill(connection, random)
    pairs = translatable(Grower(random), "duckdb")
    query = f"SELECT {', '.join(sql.text for _, sql in pairs)} FROM rows ORDER BY id"
    answers = connection.execute(query, [value for _, sql in pairs for value in sql.params]).fetchall()
    for number, (expr, sql) in enumerate(pairs):
        plain, typed = generated(expr, {}), generated(expr, GROUPS)
        for values, answer in zip(rows, answers, strict=True):
            names = {**values, **CONSTANTS}
            walked = truth_of(expr, PlainScope(names), FILTER)
            said = (plain(names), typed(names), answer[number])
            assert said == (walked, walked, walked), (show(expr), values, sql.text, sql.params)


@soak(5)
@given(st.integers(0, 2**64))
def test_a_where_clause_keeps_the_same_rows(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Without COALESCE a comparison may be NULL, which a WHERE clause takes as FALSE."""
    random = Random(seed)
    rows = fill(connection, random)
    for expr, _ in translatable(Grower(random), "duckdb"):
        sql = translate(expr, ENV, "duckdb", where=True)
        kept = {
            found[0] for found in connection.execute(f"SELECT id FROM rows WHERE {sql.text}", sql.params).fetchall()
        }
        wanted = {n for n, r in enumerate(rows) if truth_of(expr, PlainScope({**r, **CONSTANTS}), FILTER)}
        assert kept == wanted, (show(expr), sql.text)


@soak(20)
@given(st.integers(0, 2**64))
def test_strict_code_is_undecided_where_the_walker_is(seed: int) -> None:
    """Five hundred evaluations an example, with types and without; traces and explanations agree too."""
    random = Random(seed)
    grower = Grower(random)
    rows = [{**row(random), **CONSTANTS} for _ in range(50)]
    for _ in range(10):
        expr = grower.condition(3)
        plain = compile_expression(expr, condition=True) if sound(expr, typed=False) else None
        typed = compile_expression(expr, names=NAMES, condition=True) if sound(expr) else plain
        if plain is None or typed is None:
            continue
        for names in rows:
            wanted = strictly(expr, names)
            assert (plain.decide(names), typed.decide(names)) == (wanted, wanted), (show(expr), names)
            value, outcomes = plain.trace(names)
            assert value is wanted
            assert (UNDECIDED in outcomes) is (wanted is None)
            assert plain.explain(names).value is wanted


@soak(40)
@given(st.integers(0, 2**64))
def test_wild_trees_agree_in_every_mode(seed: int) -> None:
    """Any tree over any values, also with names and functions of the engines: no error but ExprFault, one answer."""
    random = Random(seed)
    for _ in range(15):
        expr = wild(random, 4)
        for strict, condition, sized in itertools.product((True, False), repeat=3):
            do = STRICT if strict else FILTER
            for scoped in (True, False):
                mode = Mode(strict, condition, scoped, sized)
                wrap: Any = None if scoped else PlainScope
                run = make_program(expr, mode, exactly(expr, mode, wrap), {"wrap": PlainScope})[0]
                for _ in range(2):
                    values = row(random)
                    names: Any = values | CONSTANTS
                    if scoped:
                        context = EvalContext(values, CONSTANTS["actor"], {"changes": ["n"]}, values)
                        names = Scope(context, frozenset({"lead"}))
                    walker = truth_of if condition else walk
                    wanted = outcome(walker, expr, names if scoped else PlainScope(names), do)
                    assert outcome(run, names) == wanted, (to_json(expr), values, mode)


def outcome(run: Callable[..., Any], *args: Any) -> str:
    """A value with its type in words, so that True and 1 differ and NaN equals itself; or that there is none."""
    try:
        return repr(run(*args))
    except ExprFault:
        return "undecided"


def generated(expr: Expr, types: dict[str, str]) -> Program:
    """The function in filter mode, made without the checker: it would refuse what can only be false."""
    mode = Mode(strict=False, scoped=False, types=types)
    return make_program(expr, mode, exactly(expr, mode, PlainScope), {"wrap": PlainScope})[0]


def strictly(expr: Expr, names: dict[str, Any]) -> bool | None:
    """The walker's verdict."""
    try:
        return truth_of(expr, PlainScope(names), STRICT)
    except ExprFault:
        return None


def sound(expr: Expr, *, typed: bool = True) -> bool:
    """Whether the checker lets an expression pass: random ones compare texts with numbers now and then."""
    checker = Checker(DomainMeta(), Names({path: Known(kind) for path, kind in NAMES.items()}) if typed else None)
    checker.check(expr)
    return not checker.problems
