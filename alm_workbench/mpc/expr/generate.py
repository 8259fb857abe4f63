"""Expression tree to the syntax tree of a Python function. Nothing of the text gets in but constants and keys.

The code is optimistic: names are looked up by item, operators stand inline, and beside them one test that only an
unusual operand fails (null, a yes/no value among numbers, another class). That operand goes to the exact helper of
functions.py; anything that raises (a missing key, an order between classes) goes to the walker, which decides.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..ast import EMPTY
from . import emit
from .functions import MAX_ITEMS, ExprFault
from .ir import LOGIC, Expr
from .walk import STRICT, is_condition, is_null

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_TRUE_OR_FALSE = frozenset(
    ("contains", "startsWith", "endsWith", "isEmpty", "isDeleted", "regex", "hasRole", "changed")
)
_CASE = {"lower": "to_lower", "upper": "to_upper"}
_ENDS = {"startsWith": "starts", "endsWith": "ends"}


@dataclass(frozen=True, slots=True)
class Mode:
    """What kind of function is wanted.

    scoped: its argument is a Scope, else a plain mapping · types: the value groups ("text", "number", "bool", "list")
    of paths whose values are known to be of that group or null · sized: lists are measured before they are looked
    through · traced: the function returns its result and the outcome of every leaf.
    """

    strict: bool = True
    condition: bool = True
    scoped: bool = True
    sized: bool = True
    traced: bool = False
    types: Mapping[str, str] = EMPTY


class Generator:
    """Makes the body of one function. `constants` must be among its globals; `leaves` are what a trace is about."""

    def __init__(self, expr: Expr, mode: Mode, prefix: str = "k") -> None:
        self.expr, self.mode, self.prefix = expr, mode, prefix
        self.constants: dict[str, Any] = {}
        self.leaves: list[Expr] = []
        self._uses: Counter[str] = Counter()
        self._slots: dict[str, str] = {}
        self._bound: set[str] = set()
        self._temporaries = 0
        for node in expr.walk():
            if node.op == "ref":
                self._count(node.value)

    def _count(self, path: str) -> None:
        self._uses[path] += 1
        head = path
        while self._uses[path] == 1 and "." in head:
            head = head.rpartition(".")[0]
            self._uses[head + "."] += 1

    def body(self) -> list[ast.stmt]:
        """The statements of the function; its parameter is called c."""
        mode = self.mode
        result = self.condition(self.expr) if mode.condition or mode.traced else self.value(self.expr)
        before: list[ast.stmt] = []
        if mode.traced:
            marks = [f"o{number}" for number in range(len(self.leaves))]
            before = [emit.assign(marks, emit.NONE)]
            seen = ast.Tuple([emit.name(mark) for mark in marks], emit.LOAD)
            result = ast.Tuple([result, seen], emit.LOAD)
        surprise = emit.call("exact", emit.name("c"))
        return [*before, emit.guarded([ast.Return(result)], "ExprFault", surprise)]

    @contextmanager
    def _branch(self) -> Iterator[None]:
        """What is bound inside may not be bound afterwards."""
        before = set(self._bound)
        yield
        self._bound = before

    # conditions

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

    # values

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

    def _literal(self, value: Any) -> ast.expr:
        if value is None or isinstance(value, (bool, int, float, str)):
            return ast.Constant(value)
        return self._constant(value)

    def _constant(self, value: Any) -> ast.expr:
        name = f"{self.prefix}{len(self.constants)}"
        self.constants[name] = value
        return emit.name(name)

    def _twice(self, node: Expr, *, lenient: bool = False) -> tuple[ast.expr, ast.expr]:
        """Code for a value that is needed again: at first, and afterwards."""
        if node.op == "lit":
            return self._literal(node.value), self._literal(node.value)
        if node.op == "ref":
            first = self._ref(node.value, keep=True, lenient=lenient)
            return first, emit.name(self._slots[node.value])
        name = self._temporary()
        return emit.bind(name, self.value(node)), emit.name(name)

    def _variable(self, node: Expr) -> ast.expr:
        """Code for a value that `is` may stand beside: the compiler warns about constants there."""
        if node.op in ("lit", "neg", "list"):
            return emit.bind(self._temporary(), self.value(node))
        return self.value(node)

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    # names

    def _ref(self, path: str, *, keep: bool = False, lenient: bool = False) -> ast.expr:
        slot = self._slots.setdefault(path, f"v{len(self._slots)}")
        if slot in self._bound:
            return emit.name(slot)
        code = self._fetch(path, lenient or not self.mode.strict)
        if not keep and self._uses[path] < 2:
            return code
        self._bound.add(slot)
        return emit.bind(slot, code)

    def _fetch(self, path: str, lenient: bool) -> ast.expr:
        root, dot, rest = path.partition(".")
        scope = emit.name("c")
        if self.mode.scoped and root == "actor" and (not dot or rest.partition(".")[0] == "roles"):
            return emit.item(scope, path) if rest == "roles" else emit.call("lookup", scope, ast.Constant(path))
        head, dot, last = path.rpartition(".")
        if not dot and self.mode.scoped:
            return emit.item(scope, path)
        whole = self._prefix(head) if dot else scope
        return emit.call("get", whole, ast.Constant(last)) if lenient else emit.item(whole, last)

    def _prefix(self, path: str) -> ast.expr:
        slot = self._slots.setdefault(path + ".", f"v{len(self._slots)}")
        if slot in self._bound:
            return emit.name(slot)
        head, dot, last = path.rpartition(".")
        code = emit.item(self._prefix(head) if dot else emit.name("c"), last)
        if self._uses[path + "."] < 2:
            return code
        self._bound.add(slot)
        return emit.bind(slot, code)

    def _group(self, node: Expr) -> tuple[str | None, bool]:
        """The group of a node's value where that is certain, and whether it may be null."""
        if node.op == "lit":
            return group_of(node.value), node.value is None
        if node.op == "ref":
            return self.mode.types.get(node.value), True
        if node.op == "fn" and len(node.args) == 1 and node.value in ("len", *_CASE):
            return ("number" if node.value == "len" else "text"), False
        return None, True

    # comparisons

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

    # functions and arithmetic

    def _function(self, node: Expr) -> ast.expr:
        name, args = node.value, node.args
        if len(args) == 1 and args[0].op != "lit":
            if name == "len":
                return self._present(args[0], "len", emit.ZERO)
            if name in _CASE:
                return self._present(args[0], _CASE[name], ast.Constant(""))
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


def group_of(value: Any) -> str | None:
    """The group a value is compared in."""
    for kinds, group in ((bool, "bool"), ((int, float), "number"), (str, "text"), ((list, tuple), "list")):
        if isinstance(value, kinds):  # type: ignore[arg-type]
            return group
    return None


def _chain(node: Expr) -> list[Expr]:
    """The operands of a chain of one operator: `a and b and c` is read as `(a and b) and c`."""
    operands: list[Expr] = []
    here = node
    while here.op == "bin" and here.value == node.value:
        operands.append(here.args[1])
        here = here.args[0]
    return [here, *reversed(operands)]


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
