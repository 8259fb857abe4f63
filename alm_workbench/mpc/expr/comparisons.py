"""Code for comparisons and membership: the operator inline, and one test for operands that are out of the ordinary."""

from __future__ import annotations

import ast
from typing import Any

from . import emit
from .functions import MAX_ITEMS, ExprFault
from .ir import Expr
from .slots import Slots, group_of
from .walk import STRICT, is_null

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Comparisons(Slots):
    """Gives True or False; in strict mode the helpers it calls raise ExprFault where there is no answer."""

    def _compare(self, node: Expr) -> ast.expr:
        left, right, op = *node.args, node.value
        if left.op == "lit" and right.op == "lit" and not (is_null(left) and is_null(right)):
            return self._folded(node)
        if op in ("==", "!=") and (is_null(left) or is_null(right)):
            other = right if is_null(left) else left
            return self._presence(other, op)
        if op == "in":
            return self._membership(left, right)
        if op == "matches":
            return emit.call("compare", ast.Constant(op), self.value(left), self.value(right))
        if left.op == "lit":
            left, right, op = right, left, _FLIPPED[op]
        if right.op == "lit" and group_of(right.value) in ("text", "number", "bool"):
            return self._with_literal(op, left, right.value)
        return self._of_two(op, left, right)

    def _folded(self, node: Expr) -> ast.expr:
        left, right = (arg.value for arg in node.args)
        if node.value in ("==", "!=") and (left is None or right is None):
            return ast.Constant(node.value == "!=")
        try:
            return ast.Constant(STRICT.compare(node.value, left, right))
        except ExprFault:
            return emit.call("compare", ast.Constant(node.value), self._literal(left), self._literal(right))

    def _presence(self, node: Expr, op: str) -> ast.expr:
        if node.op == "lit":
            return ast.Constant(op == "==")
        code = self._ref(node.value, lenient=True) if node.op == "ref" else self._variable(node)
        return emit.test(code, "is" if op == "==" else "is not", emit.NONE)

    def _exactly(self, op: str, left: ast.expr, right: ast.expr) -> ast.expr:
        return emit.call("compare", ast.Constant(op), left, right)

    def _with_literal(self, op: str, left: Expr, value: Any) -> ast.expr:
        group, nullable = self._group(left)
        literal, wanted = ast.Constant(value), group_of(value)
        if group == wanted and not nullable:
            return emit.test(self.value(left), op, literal)
        if wanted == "bool" and op not in ("==", "!="):
            return self._exactly(op, self.value(left), literal)
        first, again = self._twice(left)
        exact = self._exactly(op, again, literal)
        if wanted == "bool":
            is_it, other = emit.test(first, "is", ast.Constant(value is (op == "=="))), value is not (op == "==")
            return emit.either(is_it, emit.both(emit.test(again, "is not", ast.Constant(other)), exact))
        if op in ("==", "!="):
            return self._equal(op, first, again, value, exact, typed=group == wanted)
        return self._ordered(op, first, again, value, exact, typed=group == wanted)

    def _equal(
        self, op: str, first: ast.expr, again: ast.expr, value: Any, exact: ast.expr, *, typed: bool
    ) -> ast.expr:
        """Equal to a text or a number: once the values differ, the other must be of the same group."""
        literal = ast.Constant(value)
        if typed:
            if op == "==":
                unknown = [emit.both(emit.test(again, "is", emit.NONE), exact)] if self.mode.strict else []
                return emit.either(emit.test(first, "==", literal), *unknown)
            return emit.both(emit.test(first, "!=", literal), emit.either(emit.test(again, "is not", emit.NONE), exact))
        classes = ("str",) if isinstance(value, str) else ("int", "float")
        kind = emit.call("type", again)
        if not isinstance(value, str) and value in (0, 1):  # True equals 1 in Python
            same = emit.both(*(emit.test(kind, "is not", emit.name(name)) for name in classes))
            begin = emit.test(emit.call("type", first), "is", emit.name("bool"))
            plain = emit.test(again, op, literal)
            odd = emit.both(same, exact) if op == "==" else emit.either(emit.no(same), exact)
            joined = emit.either(plain, odd) if op == "==" else emit.both(plain, odd)
            return emit.choose(begin, exact, joined)
        if op == "==":
            odd = emit.both(*(emit.test(kind, "is not", emit.name(name)) for name in classes), exact)
            return emit.either(emit.test(first, "==", literal), odd)
        fine = [emit.test(kind, "is", emit.name(name)) for name in classes]
        return emit.both(emit.test(first, "!=", literal), emit.either(*fine, exact))

    def _ordered(
        self, op: str, first: ast.expr, again: ast.expr, value: Any, exact: ast.expr, *, typed: bool
    ) -> ast.expr:
        """Before or after a text or a number: Python refuses all but a yes/no value among numbers."""
        literal = ast.Constant(value)
        compared = emit.test(again, op, literal)
        if not self.mode.strict:
            present = emit.test(first, "is not", emit.NONE)
            if typed or isinstance(value, str):
                return emit.both(present, compared)
            fine = (emit.test(again, "is not", emit.TRUE), emit.test(again, "is not", emit.FALSE))
            return emit.both(present, *fine, compared)
        if typed or isinstance(value, str):
            return emit.test(first, op, literal)
        fine = (emit.test(first, "is not", emit.TRUE), emit.test(again, "is not", emit.FALSE))
        return emit.choose(emit.both(*fine), compared, exact)

    def _of_two(self, op: str, left: Expr, right: Expr) -> ast.expr:
        """A comparison of two values that are both unknown when the code is made."""
        (group, nullable), (other, nullable_too) = self._group(left), self._group(right)
        if group == other and group in ("text", "number"):
            return self._of_two_typed(op, left, right, nullable, nullable_too)
        first, a = self._twice(left)
        second, b = self._twice(right)
        kind = self._temporary()
        same = emit.test(emit.bind(kind, emit.call("type", first)), "is", emit.call("type", second))
        plain = emit.test(emit.name(kind), "in", emit.name("SCALAR"))
        return emit.choose(emit.both(same, plain), emit.test(a, op, b), self._exactly(op, a, b))

    def _of_two_typed(self, op: str, left: Expr, right: Expr, nullable: bool, nullable_too: bool) -> ast.expr:
        if self.mode.strict and op not in ("==", "!="):
            return emit.test(self.value(left), op, self.value(right))
        first, a = self._twice(left) if nullable else (self.value(left), None)
        present = [emit.test(first, "is not", emit.NONE)] if a is not None else []
        if a is None:
            a = first
        with self._branch():
            second, b = self._twice(right) if nullable_too else (self.value(right), None)
            present += [emit.test(second, "is not", emit.NONE)] if b is not None else []
        compared = emit.test(a, op, b if b is not None else second)
        if not present:
            return compared
        if self.mode.strict:
            return emit.choose(emit.both(*present), compared, emit.call("missing"))
        return emit.both(*present, compared)

    def _membership(self, left: Expr, right: Expr) -> ast.expr:
        known = _plain_members(right)
        if known is not None:
            return self._among(left, known)
        if left.op == "lit" and isinstance(left.value, str) and right.op != "list":
            return self._holds(left.value, right)
        return emit.call("compare", ast.Constant("in"), self.value(left), self.value(right))

    def _among(self, left: Expr, members: frozenset[Any]) -> ast.expr:
        code = self._constant(members)
        nullable = self._group(left)[1]
        if not self.mode.strict or not nullable:
            return emit.test(self.value(left), "in", code)
        first, again = self._twice(left)
        unknown = emit.both(emit.test(again, "is", emit.NONE), emit.call("missing"))
        return emit.either(emit.test(first, "in", code), unknown)

    def _holds(self, text: str, right: Expr) -> ast.expr:
        first, again = self._twice(right)
        present = []
        if not self.mode.strict:
            present, first = [emit.test(first, "is not", emit.NONE)], again
        literal = ast.Constant(text)
        if not self.mode.sized:
            return emit.both(*present, emit.test(literal, "in", first))
        few = emit.test(emit.call("len", first), "<=", ast.Constant(MAX_ITEMS))
        exact = self._exactly("in", literal, again)
        return emit.both(*present, emit.choose(few, emit.test(literal, "in", again), exact))


def _plain_members(node: Expr) -> frozenset[Any] | None:
    """The items of a literal list whose equality is Python's own: texts, and numbers that no yes/no value equals."""
    if node.op == "list" and all(arg.op == "lit" for arg in node.args):
        items = [arg.value for arg in node.args]
    elif node.op == "lit" and isinstance(node.value, (list, tuple)):
        items = list(node.value)
    else:
        return None
    fine = all(type(item) is str or (type(item) in (int, float) and item not in (0, 1)) for item in items)
    return frozenset(items) if fine else None
