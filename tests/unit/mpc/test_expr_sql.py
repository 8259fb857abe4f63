"""Expressions as SQL: what folds away, what is refused and why, how parameters and identifiers are written."""

from __future__ import annotations

import pickle
from typing import Any

import duckdb
import pytest

from alm_workbench.mpc import EvalContext
from alm_workbench.mpc.codes import REASON_CODES
from alm_workbench.mpc.expr.ir import show
from alm_workbench.mpc.expr.parse import parse_expr
from alm_workbench.mpc.expr.scope import Scope
from alm_workbench.mpc.expr.sql import (
    Column,
    Dialect,
    Env,
    NotTranslatable,
    Sql,
    quoted,
    split,
    translate,
    try_translate,
)

COLUMNS = {
    "self.state": Column("a.state", "text", nullable=False),
    "self.title": Column("a.title", "text"),
    "self.fields.n": Column(quoted("n"), "int"),
    "self.fields.x": Column("x", "number"),
    "self.fields.tags": Column("tags", "text", many=True),
    "self.fields.due": Column("due", "date"),
    "self.created_at": Column("created_at", "datetime", nullable=False),
}
ACTOR = {"id": "u1", "attributes": {"level": 3}}
ENV = Env(COLUMNS, Scope(EvalContext(actor=ACTOR, event={"changes": ["n"]}), frozenset({"lead", "dev"})))


def sql(text: str, dialect: Dialect = "duckdb", *, where: bool = False) -> Sql:
    return translate(parse_expr(text), ENV, dialect, where=where)


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("hasRole('lead')", True),
        ("hasRole('owner') and self.state == 'open'", False),
        ("self.state == 'open' or actor.attributes.level >= 3", True),
        ("changed('n') and not changed('title')", True),
        ("event.previous.n > 3", False),
        ("self.fields.n == null and false", False),
        ("self.state == null", False),
        ("self.state == 3", False),
        ("not (self.state == 3)", True),
        ("self.fields.n in []", False),
        ("self.fields.n in [2.5, 'a']", False),
        ("self.fields.n == 2.5", False),
        ("linkCount(self, 'x') > 1 and hasRole('owner')", False),
        ("self.unknown == 'x' or hasRole('lead')", True),
        ("self.created_at == '2026-01-01'", False),
    ],
)
def test_what_is_known_folds_away(text: str, constant: bool) -> None:
    """Actor, event, project and now are values when the SQL is made; a side that decides drops the other."""
    for dialect in ("duckdb", "postgres"):
        found = sql(text, dialect)
        assert found.constant is constant
        assert (found.text, found.params) == ("TRUE" if constant else "FALSE", [])


@pytest.mark.parametrize(
    ("text", "wanted", "params"),
    [
        ("hasRole('lead') and self.state == 'open'", "(a.state = CAST(? AS TEXT))", ["open"]),
        ("self.fields.n > actor.attributes.level", 'COALESCE(("n" > CAST(? AS BIGINT)), FALSE)', [3]),
        ("3 < self.fields.n", 'COALESCE(("n" > CAST(? AS BIGINT)), FALSE)', [3]),
        ("self.fields.n == 3.0", 'COALESCE(("n" = CAST(? AS BIGINT)), FALSE)', [3]),
        ("self.fields.x > 3", "COALESCE((x > CAST(? AS DOUBLE PRECISION)), FALSE)", [3.0]),
        ("self.state in actor.roles", "(a.state IN (CAST(? AS TEXT), CAST(? AS TEXT)))", ["dev", "lead"]),
        ("'a' in self.fields.tags", "COALESCE((CAST(? AS TEXT) = ANY(tags)), FALSE)", ["a"]),
        ("self.fields.due < '2026-02-01'", "COALESCE((due < CAST(? AS DATE)), FALSE)", ["2026-02-01"]),
        ("self.fields.n == null", '("n" IS NULL)', []),
        ("self.title < 'b'", 'COALESCE((a.title < CAST(? AS TEXT) COLLATE "C"), FALSE)', ["b"]),
        ("isEmpty(self.title)", "((a.title IS NULL) OR COALESCE((a.title = ''), FALSE))", []),
        ("self.created_at <= '2026-01-01'", "(created_at < CAST(? AS TIMESTAMPTZ))", ["2026-01-01T00:00:00+00:00"]),
    ],
)
def test_postgres_text(text: str, wanted: str, params: list[Any]) -> None:
    """Comparisons of columns that may be NULL are never NULL; texts are ordered by code points."""
    found = sql(text, "postgres")
    assert (found.text, found.params, found.constant) == (wanted, params, None)


def test_a_where_clause_stays_bare_but_not_below_a_not() -> None:
    """NULL is as good as FALSE in a conjunction, but NOT NULL is not TRUE."""
    assert sql("self.fields.n > 3 and self.title == 'a'", where=True).text == (
        '(("n" > CAST(? AS BIGINT)) AND (a.title = CAST(? AS VARCHAR)))'
    )
    assert sql("not (self.fields.n > 3)", where=True).text == '(NOT COALESCE(("n" > CAST(? AS BIGINT)), FALSE))'


@pytest.mark.parametrize(
    ("text", "dialect", "reason", "place"),
    [
        ("self.state == 'a' and self.owner == 'b'", "postgres", "no column", "self.owner"),
        ("self.title matches '^B'", "postgres", "RE2", "self.title matches '^B'"),
        ("regex(self.title, '^B')", "postgres", "RE2", "regex(self.title, '^B')"),
        ("self.title matches self.state", "duckdb", "must be known", "self.title matches self.state"),
        ("linkCount(self, 'x') > 0", "duckdb", "not available in SQL|no SQL form", "linkCount(self, 'x')"),
        ("lower(self.title) == 'a'", "duckdb", "no SQL form", "lower(self.title)"),
        ("self.fields.x % 2 > 1", "postgres", "remainder", "self.fields.x % 2"),
        ("self.fields.tags == ['a']", "duckdb", "list", "self.fields.tags == ['a']"),
        ("self.created_at > '2026-01-01T10:00:00Z'", "postgres", "precision", "self.created_at > '2026-01-01T10:00:00Z'"),
        ("self.fields.x * self.fields.x * self.fields.x * self.fields.x > 1", "duckdb", "range", "self.fields.x * self.fields.x * self.fields.x * self.fields.x"),
        ("startsWith(self.fields.n, '1')", "duckdb", "Python", "startsWith(self.fields.n, '1')"),
        ("self.title == 'a\\u0000b'", "postgres", "NUL", "self.title == 'a\\u0000b'"),
        ("self.title == '\\ud800'", "duckdb", "surrogate", "self.title == '\\ud800'"),
    ],
)  # fmt: skip
def test_refusals_have_a_registered_code(text: str, dialect: Dialect, reason: str, place: str) -> None:
    """R_EXPR_NOT_SQL with the part that has no SQL form; the caller filters in Python."""
    refusal = try_translate(parse_expr(text), ENV, dialect)
    assert isinstance(refusal, NotTranslatable)
    assert refusal.code == "R_EXPR_NOT_SQL"
    assert refusal.code in REASON_CODES
    assert any(words in refusal.reason for words in reason.split("|")), refusal.reason
    assert text[refusal.start : refusal.end] == place
    assert pickle.loads(pickle.dumps(refusal)).reason == refusal.reason


def test_split_leaves_only_what_sql_cannot_say() -> None:
    """Conjuncts go their own ways."""
    done, left = split(
        parse_expr("self.state == 'open' and linkCount(self, 'x') > 0 and self.fields.n > 1"), ENV, "duckdb"
    )
    assert done.text == '((a.state = CAST(? AS VARCHAR)) AND COALESCE(("n" > CAST(? AS BIGINT)), FALSE))'
    assert [show(part) for part in left] == ["linkCount(self, 'x') > 0"]
    assert split(parse_expr("linkCount(self, 'x') > 0"), ENV, "duckdb")[0].constant is True


def test_placeholders_of_every_driver() -> None:
    """qmark, psycopg's format with other percent signs doubled, SQLAlchemy's names, PostgreSQL's numbers."""
    found = sql("self.fields.n % 2 == 1 and self.state == '%'", "duckdb")
    assert found.render("qmark").count("?") == len(found.params) == 5
    assert "%%" in found.render("format")
    assert found.render("format").count("%s") == 5
    assert ":w0" in found.render("named", prefix="w")
    assert found.named("w") == {"w0": 2, "w1": 2, "w2": 2, "w3": 1, "w4": "%"}
    assert "$7" in found.render("numeric", first=7)


def test_identifiers_cannot_break_out() -> None:
    """A quote in a name is doubled."""
    name = 'a" OR 1=1 --'
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t ({quoted(name)} VARCHAR)")
        connection.execute("INSERT INTO t VALUES ('x'), ('y')")
        found = translate(parse_expr("self.s == 'x'"), Env({"self.s": Column(quoted("t", name), "text")}), "duckdb")
        assert connection.execute(f"SELECT count(*) FROM t WHERE {found.text}", found.params).fetchone() == (1,)
    assert quoted("a", "b") == '"a"."b"'


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("a.b", "a\nb"), ("^b", "a\nb"), ("(?i)İ", "i"), ("^a%$", "a%"), ("a_b", "axb"), ("\\bx\\b", "a x b"), ("", "")],
)
def test_patterns_mean_the_same_in_duckdb(pattern: str, text: str) -> None:
    """RE2 on both sides: dots, lines, case, characters that LIKE would take as its own."""
    from alm_workbench.mpc.expr.functions import search

    env = Env({"s": Column("s", "text")}, ENV.scope)
    with duckdb.connect() as connection:
        found = translate(parse_expr(f"s matches '{pattern.replace(chr(92), chr(92) * 2)}'"), env, "duckdb")
        answer = connection.execute(f"SELECT {found.text} FROM (SELECT ? AS s)", [*found.params, text]).fetchone()
    assert answer == (search(pattern, text),)
