"""Expression tree to a generated Python function, from a whitelist of syntax nodes, cached by the tree's hash.

Two modes share one generator. In *strict* mode (guards, ACL, policies) a null or mistyped leaf raises ExprFault:
the rule is undecided. In *filter* mode (conditions of fields and views) such a leaf is false.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import functions as fx
from .functions import ExprFault
from .ir import LOGIC, Expr, ir_hash
from .scope import Scope

Program = Callable[[Scope], Any]
_LOAD = ast.Load()


def _soft(helper: Callable[..., Any], otherwise: Any) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        try:
            return helper(*args)
        except ExprFault:
            return otherwise

    return run


_STRICT: dict[str, Any] = {
    "__builtins__": {},
    "compare": fx.compare,
    "arithmetic": fx.arithmetic,
    "negate": fx.negate,
    "item_at": fx.item_at,
    "truth": fx.truth,
    "missing": fx.missing,
    "call": fx.call,
}
_FILTER: dict[str, Any] = {
    "__builtins__": {},
    "compare": _soft(fx.compare, False),
    "arithmetic": _soft(fx.arithmetic, None),
    "negate": _soft(fx.negate, None),
    "item_at": _soft(fx.item_at, None),
    "truth": _soft(fx.truth, False),
    "missing": fx.missing,
    "call": _soft(fx.call, None),
}


def _name(name: str) -> ast.expr:
    return ast.Name(name, _LOAD)


def _call(name: str, *args: ast.expr) -> ast.expr:
    return ast.Call(_name(name), list(args), [])


def is_null(expr: Expr) -> bool:
    """Whether a node is the literal null."""
    return expr.op == "lit" and expr.value is None


def is_condition(expr: Expr) -> bool:
    """Whether a node can only be true or false."""
    if expr.op == "not" or (expr.op == "lit" and isinstance(expr.value, bool)):
        return True
    return expr.op == "bin" and (expr.value in LOGIC or expr.value not in "+-*/%")


class _Generator:
    """Walks one tree; literals become constants of the generated code, references slots of its first lines."""

    def __init__(self) -> None:
        self.slots: dict[str, str] = {}
        self.constants: dict[str, Any] = {}

    def value(self, node: Expr) -> ast.expr:
        if node.op == "lit":
            return self.literal(node.value)
        if node.op == "ref":
            return _name(self.slots.setdefault(node.value, f"v{len(self.slots)}"))
        if node.op == "fn":
            return _call("call", ast.Constant(node.value), _name("s"), *(self.value(arg) for arg in node.args))
        if node.op == "not":
            return ast.UnaryOp(ast.Not(), self.condition(node.args[0]))
        if node.op == "neg":
            return _call("negate", self.value(node.args[0]))
        if node.op == "if":
            test, then, other = node.args
            return ast.IfExp(self.condition(test), self.value(then), self.value(other))
        if node.op == "index":
            return _call("item_at", *(self.value(arg) for arg in node.args))
        if node.op == "list":
            return ast.Tuple([self.value(arg) for arg in node.args], _LOAD)
        return self.binary(node)

    def literal(self, value: Any) -> ast.expr:
        if value is None or isinstance(value, (bool, int, float, str)):
            return ast.Constant(value)
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return _name(name)

    def condition(self, node: Expr) -> ast.expr:
        value = self.value(node)
        return value if is_condition(node) else _call("truth", value)

    def binary(self, node: Expr) -> ast.expr:
        left, right = node.args
        if node.value in LOGIC:
            joint = ast.And() if node.value == "and" else ast.Or()
            return ast.BoolOp(joint, [self.condition(left), self.condition(right)])
        if node.value in ("==", "!=") and (is_null(left) or is_null(right)):
            # A call, not `is`: the compiler warns about `is` beside a constant.
            missing = _call("missing", self.value(right if is_null(left) else left))
            return missing if node.value == "==" else ast.UnaryOp(ast.Not(), missing)
        if node.value in "+-*/%":
            return _call("arithmetic", ast.Constant(node.value), self.value(left), self.value(right))
        return _call("compare", ast.Constant(node.value), self.value(left), self.value(right))


def _build(expr: Expr, namespace: dict[str, Any], want_condition: bool) -> Program:
    generator = _Generator()
    body = generator.condition(expr) if want_condition else generator.value(expr)
    loads: list[ast.stmt] = [
        ast.Assign(
            [ast.Name(slot, ast.Store())],
            ast.Call(ast.Name("lookup", _LOAD), [ast.Constant(path)], []),
        )
        for path, slot in generator.slots.items()
    ]
    lookup = ast.Assign([ast.Name("lookup", ast.Store())], ast.Attribute(_name("s"), "lookup", _LOAD))
    arguments = ast.arguments([], [ast.arg("s")], None, [], [], None, [])
    function = ast.FunctionDef("expression", arguments, [lookup, *loads, ast.Return(body)], [])
    module = ast.fix_missing_locations(ast.Module([function], []))
    code = next(c for c in compile(module, "<expression>", "exec").co_consts if isinstance(c, types.CodeType))
    return types.FunctionType(code, {**namespace, **generator.constants}, "expression")


_PROGRAMS: dict[tuple[str, bool, bool], Program] = {}


def program(expr: Expr, *, strict: bool = True, condition: bool = True) -> Program:
    """The compiled function of a tree; equal trees share it."""
    key = (ir_hash(expr), strict, condition)
    found = _PROGRAMS.get(key)
    if found is None:
        if len(_PROGRAMS) >= 10_000:
            _PROGRAMS.clear()
        found = _PROGRAMS[key] = _build(expr, _STRICT if strict else _FILTER, condition)
    return found


@lru_cache(maxsize=16_384)
def program_of(text: str, strict: bool = True, condition: bool = True) -> Program:
    """The compiled function of an expression text; raises ExprError if it is none."""
    from .parse import parse_expr

    return program(parse_expr(text), strict=strict, condition=condition)
