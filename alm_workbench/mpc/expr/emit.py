"""Small syntax nodes of Python, so that the generator reads like the code it makes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

LOAD = ast.Load()
NONE = ast.Constant(None)
TRUE = ast.Constant(True)
FALSE = ast.Constant(False)
ZERO = ast.Constant(0)
COMPARATORS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE,
    "is": ast.Is, "is not": ast.IsNot, "in": ast.In,
}  # fmt: skip


def name(text: str) -> ast.expr:
    """A variable."""
    return ast.Name(text, LOAD)


def call(function: str, *args: ast.expr) -> ast.expr:
    """function(args)"""
    return ast.Call(name(function), list(args), [])


def item(whole: ast.expr, key: str) -> ast.expr:
    """whole["key"]"""
    return ast.Subscript(whole, ast.Constant(key), LOAD)


def bind(variable: str, value: ast.expr) -> ast.expr:
    """(variable := value)"""
    return ast.NamedExpr(ast.Name(variable, ast.Store()), value)


def test(left: ast.expr, operator: str, right: ast.expr) -> ast.expr:
    """left operator right"""
    return ast.Compare(left, [COMPARATORS[operator]()], [right])


def both(*parts: ast.expr) -> ast.expr:
    """a and b and …"""
    return ast.BoolOp(ast.And(), list(parts)) if len(parts) > 1 else parts[0]


def either(*parts: ast.expr) -> ast.expr:
    """a or b or …"""
    return ast.BoolOp(ast.Or(), list(parts)) if len(parts) > 1 else parts[0]


def no(value: ast.expr) -> ast.expr:
    """not value"""
    return ast.UnaryOp(ast.Not(), value)


def choose(condition: ast.expr, then: ast.expr, other: ast.expr) -> ast.expr:
    """then if condition else other"""
    return ast.IfExp(condition, then, other)


def row(variables: Sequence[str]) -> ast.expr:
    """(a, b, …)"""
    return ast.Tuple([name(variable) for variable in variables], LOAD)


def assign(variables: Sequence[str], value: ast.expr) -> ast.stmt:
    """a = b = value"""
    return ast.Assign([ast.Name(variable, ast.Store()) for variable in variables], value)


def function(title: str, parameter: str, body: list[ast.stmt]) -> ast.FunctionDef:
    """def title(parameter): body"""
    arguments = ast.arguments([], [ast.arg(parameter)], None, [], [], None, [])
    return ast.FunctionDef(title, arguments, body, [])


def guarded(attempt: list[ast.stmt], refusal: str, otherwise: ast.expr) -> ast.stmt:
    """try attempt; let `refusal` pass; on any other surprise return `otherwise`."""
    passes = ast.ExceptHandler(name(refusal), None, [ast.Raise(None, None)])
    surprise = ast.ExceptHandler(name("Exception"), None, [ast.Return(otherwise)])
    return ast.Try(attempt, [passes, surprise], [], [])
