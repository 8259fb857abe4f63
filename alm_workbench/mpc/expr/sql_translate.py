"""Tree to SQL: conditions that are never NULL, values whose NULL is the expression's null."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .functions import PURE
from .ir import ARITHMETIC, LOGIC, Expr
from .sql import Column, Dialect, Env, NotTranslatable, Sql
from .sql_compare import Comparisons
from .sql_conditions import Condition, all_hold, any_holds, as_parts, as_sql, negated
from .sql_numbers import arithmetic, negative
from .sql_values import Known, Operand, Value, as_day, as_float, as_text, as_whole, join, lifted, of_column
from .walk import FILTER, is_condition, walk

_SCOPED = frozenset(("now", "hasRole", "changed"))
_CONDITIONS = frozenset(("contains", "startsWith", "endsWith", "isEmpty"))


class Memory:
    """What translating a tree has found that holds for any scope, for one set of columns, of constants and one dialect.

    `nodes` says whether a node is known, `leaves` what became of conditions in which nothing is. By ids: `nodes` holds the
    nodes, so that no other takes their place.
    """

    __slots__ = ("leaves", "nodes")

    def __init__(self) -> None:
        self.nodes: dict[int, tuple[bool, Expr]] = {}
        self.leaves: dict[tuple[int, bool], Condition | None] = {}


class Translator(Comparisons):
    """One environment and dialect; `sql` translates a condition. With `where` a condition may be NULL for FALSE."""

    def __init__(self, env: Env, dialect: Dialect, *, where: bool = False, memory: Memory | None = None) -> None:
        super().__init__(env, dialect, where=where)
        self._memory = Memory() if memory is None else memory
        self._nodes = self._memory.nodes

    def sql(self, expr: Expr) -> Sql:
        """A condition; raises NotTranslatable."""
        return as_sql(self.condition(expr))

    def all_of(self, conditions: Iterable[Sql]) -> Sql:
        """Several conditions joined by AND."""
        return as_sql(all_hold([part.parts if part.constant is None else part.constant for part in conditions]))

    def condition(self, node: Expr) -> Condition:
        """A node that stands where a condition is needed."""
        if self._known(node):
            return self._truth(walk(node, self.env.scope, FILTER))
        if node.op == "bin" and node.value in LOGIC:
            return self._logic(node)
        if node.op in ("not", "if"):
            with self._decided():
                found = [self.condition(arg) for arg in node.args]
            return negated(found[0]) if node.op == "not" else self._choice(*found)
        key, leaves = (id(node), self._bare), self._memory.leaves
        found_before = leaves.get(key)
        if found_before is not None:
            return found_before
        made = self._leaf(node)
        if key not in leaves:
            leaves[key] = made if self._is_fixed(node) else None
        return made

    def _leaf(self, node: Expr) -> Condition:
        if node.op == "fn" and node.value in _CONDITIONS:
            return self._function_condition(node)
        if is_condition(node):
            return self._comparison(node)
        return self._yes(self.value(node))

    def _is_fixed(self, node: Expr) -> bool:
        """Whether a node says the same in every scope."""
        return not any(
            self.env.is_constant(part.value) if part.op == "ref" else part.op == "fn" and part.value not in PURE
            for part in node.walk()
        )

    def _logic(self, node: Expr) -> Condition:
        """Both sides; a side that stops decides alone, even beside one that has no SQL form."""
        stops = node.value == "or"
        sides: list[Condition] = []
        refusal: NotTranslatable | None = None
        for arg in node.args:
            try:
                sides.append(self.condition(arg))
            except NotTranslatable as found:
                refusal = refusal or found
            if sides and sides[-1] is stops:
                return stops
        if refusal is not None:
            raise refusal
        return any_holds(sides) if stops else all_hold(sides)

    def _yes(self, value: Operand) -> Condition:
        if isinstance(value, Known):
            return value.value is True
        return self._never_null(value.parts, value.nullable) if value.type == "bool" and not value.many else False

    @staticmethod
    def _choice(test: Condition, then: Condition, other: Condition) -> Condition:
        if isinstance(test, bool):
            return then if test else other
        return join("CASE WHEN ", test, " THEN ", as_parts(then), " ELSE ", as_parts(other), " END")

    def _known(self, node: Expr) -> bool:
        """Whether nothing in a node depends on the row, or on a function that only Python has."""
        found = self._nodes.get(id(node))
        if found is None:
            if node.op == "ref":
                known = self.env.is_constant(node.value)
            else:
                known = node.op != "fn" or node.value in PURE or node.value in _SCOPED
                for arg in node.args:
                    known = self._known(arg) and known  # all of them, so that each node is looked at once
            found = self._nodes[id(node)] = (known, node)
        return found[0]

    def value(self, node: Expr) -> Operand:
        """A node as a value."""
        if node.op == "lit":
            return Known(node.value)
        if node.op == "ref":
            known = self.env.is_constant(node.value)
            return Known(self.env.scope.lookup(node.value)) if known else of_column(self._column(node))
        if self._known(node):
            return Known(walk(node, self.env.scope, FILTER))
        with self._decided():
            return self._value(node)

    def _value(self, node: Expr) -> Operand:
        if is_condition(node) or (node.op == "fn" and node.value in _CONDITIONS):
            found = self.condition(node)
            return Known(found) if isinstance(found, bool) else Value(found, "bool", False)
        match node.op:
            case "neg":
                return self._placed(node, lambda: negative(self.value(node.args[0])))
            case "if":
                return self._placed(node, lambda: self._either(node))
            case "bin" if node.value in ARITHMETIC:
                return self._placed(node, lambda: self._arithmetic(node))
            case "fn":
                return self._placed(node, lambda: self._function(node))
            case _:
                raise refused(node, "a list or an item of one has no SQL form here")

    def _placed(self, node: Expr, make: Callable[[], Operand]) -> Operand:
        try:
            return make()
        except NotTranslatable as refusal:
            raise refusal if refusal.end else refused(node, refusal.reason) from None

    def _column(self, node: Expr) -> Column:
        found = self.env.column(node.value)
        if found is None:
            raise refused(node, f"'{node.value}' is no column")
        return found

    def _either(self, node: Expr) -> Operand:
        test = self.condition(node.args[0])
        if isinstance(test, bool):
            return self.value(node.args[1 if test else 2])
        then, other = (lifted(self.value(arg), self.dialect) for arg in node.args[1:])
        if then.many or other.many:
            raise NotTranslatable("a choice between lists has no SQL form here")
        if then.group != other.group and "null" not in (then.type, other.type):
            raise NotTranslatable("the two values of a choice are of different types")
        kind = then.type if other.type in (then.type, "null") else other.type if then.type == "null" else "mixed"
        first, second = then.parts, other.parts
        if kind == "mixed":
            kind = "number" if then.group == "number" else "text"
            convert = as_float if kind == "number" else lambda value: as_text(value, self.dialect)
            first, second = convert(then), convert(other)
        if kind == "int":
            bits = max(then.bits, other.bits)
            first, second = (v.parts if v.type == "null" else as_whole(v, bits, self.dialect) for v in (then, other))
        parts = join("CASE WHEN ", test, " THEN ", first, " ELSE ", second, " END")
        return Value(parts, kind, then.nullable or other.nullable, max(then.bits, other.bits))

    def _comparison(self, node: Expr) -> Condition:
        left, right, op = *node.args, str(node.value)
        try:
            if op in ("==", "!=") and any(side.op == "lit" and side.value is None for side in (left, right)):
                other = right if left.op == "lit" and left.value is None else left
                return self._presence(self.value(other), op)
            if op == "in":
                return self._membership(left, right)
            if op == "matches":
                return self._matches(self.value(left), self.value(right))
            return self.compare(op, self.value(left), self.value(right))
        except NotTranslatable as refusal:
            raise refusal if refusal.end else refused(node, refusal.reason) from None

    def _membership(self, left: Expr, right: Expr) -> Condition:
        wanted = self.value(left)
        if right.op == "list" and not self._known(right):
            found = [self.compare("==", wanted, self.value(item)) for item in right.args]
            return any_holds(found)
        return self._inside(wanted, self.value(right))

    def _function_condition(self, node: Expr) -> Condition:
        try:
            args = [self.value(arg) for arg in node.args]
            if node.value == "isEmpty" and len(args) == 1:
                return self._empty(args[0])
            if len(args) != 2:
                return False
            if node.value == "contains":
                return self._contains(*args)
            return self._edge(str(node.value), *args)
        except NotTranslatable as refusal:
            raise refusal if refusal.end else refused(node, refusal.reason) from None

    def _function(self, node: Expr) -> Operand:
        if node.value not in ("len", "abs", "daysBetween", "regex"):
            raise NotTranslatable(f"{node.value}() has no SQL form that means the same")
        args = [self.value(arg) for arg in node.args]
        if node.value == "len" and len(args) == 1:
            return self._length(lifted(args[0], self.dialect))
        if node.value == "abs" and len(args) == 1 and isinstance(args[0], Value) and args[0].group == "number":
            value = args[0]
            return Value(join("abs(", value.parts, ")"), value.type, value.nullable, value.bits)
        if node.value == "daysBetween" and len(args) == 2:
            return self._days(*args)
        if node.value == "regex" and len(args) == 2 and args[0].group == "text":
            found = self._matches(*args)
            return Known(found) if isinstance(found, bool) else Value(found, "bool", False)
        raise NotTranslatable(f"{node.value}() has no SQL form that means the same")

    def _days(self, first: Operand, second: Operand) -> Operand:
        a, b = as_day(first, self.dialect), as_day(second, self.dialect)
        if a is None or b is None:
            return Known(None)
        nullable = any(isinstance(side, Value) and side.nullable for side in (first, second))
        if self.dialect == "duckdb":
            return Value(join("date_diff('day', ", a, ", ", b, ")"), "int", nullable, 23)
        return Value(join("(", b, " - ", a, ")"), "int", nullable, 23)

    def _arithmetic(self, node: Expr) -> Operand:
        left, right = (self.value(arg) for arg in node.args)
        if node.value == "+" and left.group == right.group == "text":
            a, b = (self._text(lifted(side, self.dialect)) for side in (left, right))
            return Value(join("(", a.parts, " || ", b.parts, ")"), "text", a.nullable or b.nullable)
        return arithmetic(str(node.value), left, right, self.dialect)


def refused(node: Expr, reason: str) -> NotTranslatable:
    return NotTranslatable(reason, node.start, node.end)
