"""``alm expr``: try an expression, have it explained, see it as SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from alm_workbench.commands.common import json_option, show
from alm_workbench.commands.json_options import JSON_FORMS, mapping
from alm_workbench.commands.manifest_files import vocabulary
from alm_workbench.errors import ConfigurationError
from alm_workbench.mpc import MPCError
from alm_workbench.mpc.expr.compiled import Compiled, compile_expression
from alm_workbench.mpc.expr.explain import UNDECIDED, Outcome
from alm_workbench.mpc.expr.functions import ExprFault
from alm_workbench.mpc.expr.ir import show as written
from alm_workbench.mpc.expr.parse import ExprError, parse_expr
from alm_workbench.mpc.expr.scope import PlainScope
from alm_workbench.mpc.expr.sql import Column, Env, NotTranslatable, quoted, translate

NEAR = 60
COLUMN_TYPES = ("text", "int", "number", "bool", "date", "datetime")
TEXT = click.argument("text")
CONTEXT = click.option(
    "--context", default="{}", metavar=JSON_FORMS, help='The names, such as \'{"self": {"state": "open"}}\'.'
)
STRICT = click.option("--strict", is_flag=True, help="As guards and rules have it: nothing to compare is undecided.")


@click.group()
def expr() -> None:
    """Try expressions, have them explained, see them as SQL."""


@expr.command("eval")
@TEXT
@CONTEXT
@STRICT
@click.option("--trace", is_flag=True, help="With the outcome of every comparison.")
@json_option
def evaluate(text: str, context: str, strict: bool, trace: bool, as_json: bool) -> None:
    """Print the value of an expression, null where strict evaluation is undecided."""
    found, names = compiled(text, strict), names_of(context)
    answer: dict[str, Any] = {"value": None, "type": found.type, "undecided": False}
    try:
        answer["value"] = found.evaluate(names)
    except ExprFault as fault:
        answer["undecided"], answer["why"] = True, fault.message
    if trace:
        outcomes = found.trace(names)[1]
        answer["trace"] = [
            {"text": written(leaf), "outcome": outcome, "start": leaf.start, "end": leaf.end}
            for leaf, outcome in zip(found.leaves, outcomes, strict=True)
        ]

    def lines() -> list[str]:
        words = (
            f"undecided: {answer['why']}" if answer["undecided"] else json.dumps(answer["value"], ensure_ascii=False)
        )
        return [words, *(f"  {step['text']}: {outcome_word(step['outcome'])}" for step in answer.get("trace", ()))]

    show(answer, as_json, lines)


@expr.command("explain")
@TEXT
@CONTEXT
@STRICT
@json_option
def explain(text: str, context: str, strict: bool, as_json: bool) -> None:
    """Say what decided, with the values it saw; a condition is true, false or undecided."""
    found, names = compiled(text, strict, condition=True), names_of(context)
    outcome: Outcome = found.explain(names)
    leaves = [leaf._asdict() for leaf in outcome.leaves]
    answer = {"value": outcome.value, "explanation": str(outcome), "leaves": leaves}
    verdict = UNDECIDED if outcome.value is None else json.dumps(outcome.value)
    show(answer, as_json, lambda: [verdict, *(f"  {leaf}" for leaf in outcome.leaves)])


@expr.command("sql")
@TEXT
@click.option("--dialect", type=click.Choice(["duckdb", "postgres"]), default="duckdb", show_default=True)
@click.option(
    "--columns",
    default="",
    metavar="PATH=TYPE,…",
    help=f"Types of the paths that are columns; without it all are texts. Types: {', '.join(COLUMN_TYPES)}; [] for lists.",
)
@click.option("--where", is_flag=True, help="As part of a WHERE clause, where NULL is as good as FALSE.")
@CONTEXT
@json_option
def as_sql(text: str, dialect: Any, columns: str, where: bool, context: str, as_json: bool) -> None:
    """Print the WHERE condition that means the same; exit code 2 where there is none. Names in --context are known."""
    tree, names = parsed(text), names_of(context)
    paths = columns_of(columns) or {
        node.value: Column(column_name(node.value), "text") for node in tree.walk() if node.op == "ref"
    }
    known = frozenset(names) - {path for path in paths if "." not in path}
    own = {path: column for path, column in paths.items() if path.partition(".")[0] not in known}
    try:
        found = translate(tree, Env(own, PlainScope(names), known), dialect, where=where)
    except NotTranslatable as refusal:
        raise pointed(text, refusal.reason, refusal.start, refusal.end) from None
    answer = {"sql": found.text, "params": found.params, "constant": found.constant}
    show(
        answer, as_json, lambda: [found.text, *(f"  {json.dumps(value, ensure_ascii=False)}" for value in found.params)]
    )


def compiled(text: str, strict: bool, condition: bool | None = None) -> Compiled:
    """The compiled expression; raises ``ConfigurationError`` (exit code 2) with the place of what is wrong."""
    try:
        return compile_expression(text, strict=strict, condition=condition)
    except ExprError as error:
        message, hint = error.message, error.hint
        name = text[error.start : error.end].partition("(")[0].strip()
        if error.code == "E_EXPR_UNKNOWN_FUNCTION" and name in vocabulary().function_names:
            message, hint = f"{name}() looks at stored items", "an expression alone has none; manifests may call it"
        raise pointed(text, message, error.start, error.end, hint) from None
    except MPCError as error:
        raise ConfigurationError(error.message) from None


def parsed(text: str) -> Any:
    """The tree of an expression; raises ``ConfigurationError`` (exit code 2)."""
    try:
        return parse_expr(text)
    except ExprError as error:
        raise pointed(text, error.message, error.start, error.end, error.hint) from None


def pointed(text: str, message: str, start: int, end: int, hint: str | None = None) -> ConfigurationError:
    """An error that shows where in the text it is; of a long line only what is near."""
    line = text.count("\n", 0, start)
    column = start - (text.rfind("\n", 0, start) + 1)
    here = text.split("\n")[line] if text else ""
    if len(here) > 2 * NEAR:
        first = max(0, column - NEAR)
        here, column = here[first : column + NEAR], column - first
    marks = " " * column + "^" * max(1, min(end, start + len(here) - column) - start)
    return ConfigurationError(f"{message}{f' ({hint})' if hint else ''}\n  {here}\n  {marks}")


def names_of(context: str) -> Mapping[str, Any]:
    """The names of ``--context``; raises ``ConfigurationError`` (exit code 2)."""
    return mapping("--context", context)


def columns_of(text: str) -> dict[str, Column]:
    """``self.n=int,self.tags=text[]`` as columns; raises ``ConfigurationError`` (exit code 2)."""
    found = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        path, _, kind = part.partition("=")
        many = kind.endswith("[]")
        if kind.removesuffix("[]") not in COLUMN_TYPES:
            raise ConfigurationError(f"--columns: '{part}' is no PATH=TYPE with a type of {', '.join(COLUMN_TYPES)}")
        found[path] = Column(column_name(path), kind.removesuffix("[]"), many=many)  # type: ignore[arg-type]
    return found


def column_name(path: str) -> str:
    """The last part of a path as an identifier."""
    return quoted(path.rpartition(".")[2])


def outcome_word(outcome: Any) -> str:
    """The outcome of a comparison in a word."""
    return "not reached" if outcome is None else outcome if outcome == UNDECIDED else json.dumps(outcome)
