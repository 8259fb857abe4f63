"""Expression tree to the syntax tree of a Python function. Nothing of the text gets in but constants and keys.

The code is optimistic: names are looked up by item, operators stand inline, and beside them one test that only an
unusual operand fails (null, a yes/no value among numbers, another class). That operand goes to the exact helper of
functions.py; anything that raises (a missing key, an order between classes) goes to the walker, which decides.
"""

from __future__ import annotations

import ast

from . import emit
from .comparisons import Comparisons
from .ir import LOGIC, Expr
from .slots import CASES, Mode
from .walk import is_condition

__all__ = ["Generator", "Mode"]

_TRUE_OR_FALSE = frozenset(
    ("contains", "startsWith", "endsWith", "isEmpty", "isDeleted", "regex", "hasRole", "changed")
)
_ENDS = {"startsWith": "starts", "endsWith": "ends"}


class Generator(Comparisons):
    """Makes the body of one function. `constants` must be among its globals; `leaves` are what a trace is about."""

    def body(self) -> list[ast.stmt]:
        """The statements of the function; its parameter is called c."""
        mode = self.mode
        result = self.condition(self.expr) if mode.condition or mode.traced else self.value(self.expr)
        before: list[ast.stmt] = []
        if mode.traced:
            marks = [f"o{number}" for number in range(len(self.leaves))]
            kept = self.kept() if mode.kept else []
            before = [emit.assign([*marks, *kept], emit.NONE)]
            parts = [result, emit.row(marks), emit.row(kept)] if mode.kept else [result, emit.row(marks)]
            result = ast.Tuple(parts, emit.LOAD)
        surprise = emit.call("exact", emit.name("c"))
        return [*before, emit.guarded([ast.Return(result)], "ExprFault", surprise)]

    def condition(self, node: Expr) -> ast.expr:
        """Code that gives True or False."""
        if node.op == "bin" and node.value in LOGIC:
            return self._logic(node)
        if node.op == "not":
            return emit.no(self.condition(node.args[0]))
        if node.op == "if":
            test = self.condition(node.args[0])
            with self._branch():
                then = self.condition(node.args[1])
            with self._branch():
                other = self.condition(node.args[2])
            return emit.choose(test, then, other)
        if not self.mode.traced:
            return self._leaf(node)
        mark = f"o{len(self.leaves)}"
        self.leaves.append(node)
        return emit.bind(mark, self._leaf(node))

    def _logic(self, node: Expr) -> ast.expr:
        operands = _chain(node)
        first = self.condition(operands[0])
        with self._branch():
            rest = [self.condition(operand) for operand in operands[1:]]
        return (emit.both if node.value == "and" else emit.either)(first, *rest)

    def _leaf(self, node: Expr) -> ast.expr:
        if is_condition(node):
            return self._untraced(node)
        if not self.mode.strict:
            return emit.test(self._variable(node), "is", emit.TRUE)
        if node.op == "lit":
            return emit.call("truth", self._literal(node.value))
        if node.op == "fn" and node.value in _TRUE_OR_FALSE:
            return self.value(node)
        first, again = self._twice(node)
        other = emit.both(emit.test(again, "is not", emit.FALSE), emit.call("truth", again))
        return emit.either(emit.test(first, "is", emit.TRUE), other)

    def _untraced(self, node: Expr) -> ast.expr:
        return self._literal(node.value) if node.op == "lit" else self._compare(node)

    def value(self, node: Expr) -> ast.expr:
        """Code that gives the value of a node."""
        match node.op:
            case "lit":
                return self._literal(node.value)
            case "ref":
                return self._ref(node.value)
            case "fn":
                return self._function(node)
            case "neg":
                return self._negative(node)
            case "if":
                return self._either_value(node)
            case "index":
                return emit.call("item_at", *(self.value(arg) for arg in node.args))
            case "list":
                return ast.Tuple([self.value(arg) for arg in node.args], emit.LOAD)
            case "not":
                return emit.no(self._inner(node.args[0]))
            case _:
                return self._binary(node)

    def _binary(self, node: Expr) -> ast.expr:
        if node.value in LOGIC:
            operands = _chain(node)
            first = self._inner(operands[0])
            with self._branch():
                rest = [self._inner(operand) for operand in operands[1:]]
            return (emit.both if node.value == "and" else emit.either)(first, *rest)
        return self._arithmetic(node) if node.value in "+-*/%" else self._compare(node)

    def _inner(self, node: Expr) -> ast.expr:
        """A condition inside a value: no leaf of its own in a trace."""
        if node.op == "not" or (node.op == "bin" and node.value in LOGIC):
            return self.value(node)
        return self._leaf(node)

    def _either_value(self, node: Expr) -> ast.expr:
        test = self._inner(node.args[0])
        with self._branch():
            then = self.value(node.args[1])
        with self._branch():
            other = self.value(node.args[2])
        return emit.choose(test, then, other)

    def _function(self, node: Expr) -> ast.expr:
        name, args = node.value, node.args
        if len(args) == 1 and args[0].op != "lit":
            if name == "len":
                return self._present(args[0], "len", emit.ZERO)
            if name in CASES:
                return self._present(args[0], CASES[name], ast.Constant(""))
            if name == "isEmpty":
                return self._emptiness(args[0])
            if self.mode.scoped and name == "hasRole":
                return emit.call("has_role", emit.name("c"), self.value(args[0]))
        if name in _ENDS and len(args) == 2 and args[1].op == "lit" and isinstance(args[1].value, str):
            return self._present(args[0], _ENDS[name], ast.Constant(args[1].value == ""), ast.Constant(args[1].value))
        if self.mode.scoped and name == "hasRole" and len(args) == 1:
            return emit.call("has_role", emit.name("c"), self.value(args[0]))
        if self.mode.scoped and name == "now" and not args:
            return emit.item(emit.name("c"), "now")
        scope = emit.name("c") if self.mode.scoped else emit.call("wrap", emit.name("c"))
        return emit.call("call", ast.Constant(name), scope, *(self.value(arg) for arg in args))

    def _present(self, arg: Expr, function: str, otherwise: ast.expr, *more: ast.expr) -> ast.expr:
        """A function whose answer for null is known; in strict mode the walker is left to say it."""
        if self.mode.strict or not self._group(arg)[1]:
            return emit.call(function, self.value(arg), *more)
        first, again = self._twice(arg)
        return emit.choose(emit.test(first, "is not", emit.NONE), emit.call(function, again, *more), otherwise)

    def _emptiness(self, arg: Expr) -> ast.expr:
        first, again = self._twice(arg, lenient=True)
        is_text = emit.test(emit.call("type", again), "is", emit.name("str"))
        blank = emit.test(again, "==", ast.Constant(""))
        some = emit.choose(is_text, blank, emit.call("is_empty", again))
        return emit.either(emit.test(first, "is", emit.NONE), some)

    def _negative(self, node: Expr) -> ast.expr:
        inner = node.args[0]
        if inner.op == "lit" and isinstance(inner.value, (int, float)) and not isinstance(inner.value, bool):
            return ast.Constant(-inner.value)
        return emit.call("negate", self.value(inner))

    def _arithmetic(self, node: Expr) -> ast.expr:
        left, right = node.args
        if node.value not in "+-":
            return emit.call("arithmetic", ast.Constant(node.value), self.value(left), self.value(right))
        first, a = self._twice(left)
        second, b = self._twice(right)
        kind = self._temporary()
        same = emit.test(emit.bind(kind, emit.call("type", first)), "is", emit.call("type", second))
        whole = emit.test(emit.name(kind), "is", emit.name("int"))
        operator = ast.Add() if node.value == "+" else ast.Sub()
        exact = emit.call("arithmetic", ast.Constant(node.value), a, b)
        return emit.choose(emit.both(same, whole), ast.BinOp(a, operator, b), exact)


def _chain(node: Expr) -> list[Expr]:
    """The operands of a chain of one operator: `a and b and c` is read as `(a and b) and c`."""
    operands: list[Expr] = []
    here = node
    while here.op == "bin" and here.value == node.value:
        operands.append(here.args[1])
        here = here.args[0]
    return [here, *reversed(operands)]
