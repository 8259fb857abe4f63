"""Evaluating with reasons: which leaf decided, with the values it saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .functions import PURE, ExprFault
from .ir import LOGIC, Expr, show, show_value
from .slots import paths_of
from .walk import FILTER, STRICT, Names, Operations, truth_of, walk

UNDECIDED = "undecided"
Lookup = Callable[[str], Any]


class Leaf(NamedTuple):
    """One decisive leaf: its text, its outcome (None = undecided), the text with values, and the values by path."""

    text: str
    outcome: bool | None
    seen: str
    values: Mapping[str, Any] = {}
    note: str = ""
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        word = "undecided" if self.outcome is None else "true" if self.outcome else "false"
        tail = self.note or (self.seen if self.seen != self.text else "")
        return f"{self.text} was {word}" + (f": {tail}" if tail else "")


class Outcome:
    """The result of a condition: True, False or None (undecided), and the leaves that made it so.

    What the leaves saw is taken at once, put into words when it is asked for.
    """

    __slots__ = ("_kept", "_leaves", "_seen", "value")

    def __init__(
        self,
        value: bool | None,
        leaves: tuple[Leaf, ...] | None = (),
        seen: Iterable[_Sight] = (),
        kept: tuple[Any, ...] | None = None,
    ) -> None:
        self.value, self._leaves, self._seen, self._kept = value, leaves, seen, kept

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The decisive leaves."""
        if self._leaves is None:
            kept = self._kept
            self._leaves = tuple(
                plan.leaf(outcome, plan.taken(kept) if kept is not None else values)
                for plan, outcome, values in self._seen
            )
        return self._leaves

    def __str__(self) -> str:
        if self._leaves is not None:
            return "; ".join([str(leaf) for leaf in self._leaves])
        kept = self._kept
        if kept is not None:
            sentences = [plan.told(outcome, kept) for plan, outcome, _ in self._seen]
        else:
            sentences = [plan.sentence(outcome, values) for plan, outcome, values in self._seen]
        return sentences[0] if len(sentences) == 1 else "; ".join(sentences)

    def values(self) -> dict[str, Any]:
        """Every value the decisive leaves looked at, by path."""
        return {path: value for leaf in self.leaves for path, value in leaf.values.items()}


def explain(expr: Expr, scope: Names) -> Outcome:
    """Evaluate a condition as the compiled function does, keeping the decisive leaves; raises nothing of its own."""
    leaves = Renderer.leaves_of(expr)
    value, outcomes = undecided_trace(expr, scope, leaves)
    return Renderer(expr, leaves).outcome(value, outcomes, scope)


def undecided_trace(
    expr: Expr, scope: Names, leaves: Iterable[Expr], *, strict: bool = True
) -> tuple[bool | None, tuple[Any, ...]]:
    """The outcome and the outcome of every leaf, by walking: None where a leaf was not reached, or UNDECIDED."""
    seen: list[Any] = [None] * len(tuple(leaves))
    value = _walked(expr, scope, seen, _Position(), STRICT if strict else FILTER)
    return value, tuple(seen)


@dataclass(slots=True)
class _Position:
    leaf: int = 0


def _walked(expr: Expr, scope: Names, seen: list[Any], at: _Position, do: Operations) -> bool | None:
    """One condition; leaves are numbered in the order of the text, whether reached or not."""
    if expr.op == "not":
        value = _walked(expr.args[0], scope, seen, at, do)
        return None if value is None else not value
    if expr.op == "bin" and expr.value in LOGIC:
        first = _walked(expr.args[0], scope, seen, at, do)
        if first is None or first is (expr.value == "or"):
            at.leaf += _leaves(expr.args[1])
            return first
        return _walked(expr.args[1], scope, seen, at, do)
    if expr.op == "if":
        return _chosen(expr, scope, seen, at, do)
    number, at.leaf = at.leaf, at.leaf + 1
    try:
        seen[number] = truth_of(expr, scope, do)
    except ExprFault:
        seen[number] = UNDECIDED
        return None
    found: bool = seen[number]
    return found


def _chosen(expr: Expr, scope: Names, seen: list[Any], at: _Position, do: Operations) -> bool | None:
    test, then, other = expr.args
    value = _walked(test, scope, seen, at, do)
    if value is None:
        return None
    if not value:
        at.leaf += _leaves(then)
        return _walked(other, scope, seen, at, do)
    found = _walked(then, scope, seen, at, do)
    at.leaf += _leaves(other)
    return found


def _leaves(expr: Expr) -> int:
    if expr.op in ("not", "if") or (expr.op == "bin" and expr.value in LOGIC):
        return sum(_leaves(arg) for arg in expr.args)
    return 1


class Renderer:
    """Turns the outcomes of a tree's leaves into the decisive ones in words; what does not change is prepared once."""

    __slots__ = ("_decisive", "_plans", "_tree")

    def __init__(self, expr: Expr, leaves: tuple[Expr, ...], *, strict: bool = True) -> None:
        paths = {path: number for number, path in enumerate(paths_of(expr))}
        self._plans = [_Plan(leaf, paths, strict=strict) for leaf in leaves]
        self._tree = _decisive_tree(expr, iter(range(len(leaves))))
        self._decisive: dict[tuple[Any, ...], list[_Sight]] = {}

    @staticmethod
    def leaves_of(expr: Expr) -> tuple[Expr, ...]:
        """The leaves of a condition, in the order of its text."""
        found: list[Expr] = []

        def gather(node: Expr) -> None:
            if node.op in ("not", "if") or (node.op == "bin" and node.value in LOGIC):
                for arg in node.args:
                    gather(arg)
            else:
                found.append(node)

        gather(expr)
        return tuple(found)

    def outcome(
        self, value: bool | None, outcomes: tuple[Any, ...], scope: Names, lookup: Lookup | None = None
    ) -> Outcome:
        """The outcome with the leaves that decided; `lookup` is a quicker way to the names of the scope, if there is one."""
        get = lookup or scope.lookup
        seen = [(plan, outcome, plan.look(outcome, scope, get)) for plan, outcome, _ in self.deciding(outcomes)]
        return Outcome(value, None, seen)

    def deciding(self, outcomes: tuple[Any, ...]) -> list[_Sight]:
        """The leaves that decided, for an Outcome that has the values of all paths."""
        found = self._decisive.get(outcomes)
        if found is None:
            numbers = _decided(self._tree, outcomes)[1]
            found = [(self._plans[number], outcomes[number], []) for number in numbers]
            if len(self._decisive) < 1_000:
                self._decisive[outcomes] = found
        return found

    @staticmethod
    def keeps(expr: Expr) -> bool:
        """Whether a leaf with an outcome has looked at all its paths, and nothing outside decides what it shows."""
        inside = [node for leaf in Renderer.leaves_of(expr) for node in leaf.walk()]
        whole = all(node.op != "if" and not (node.op == "bin" and node.value in LOGIC) for node in inside)
        return whole and all(node.value in PURE for node in inside if node.op == "fn")


Decisive = tuple[str, Any]


def _decisive_tree(expr: Expr, numbers: Any) -> Decisive:
    """The tree with numbers for leaves: ("leaf", n) or (operator, parts)."""
    if expr.op in ("not", "if"):
        return (expr.op, [_decisive_tree(arg, numbers) for arg in expr.args])
    if expr.op == "bin" and expr.value in LOGIC:
        return (expr.value, [_decisive_tree(arg, numbers) for arg in expr.args])
    return ("leaf", next(numbers))


def _decided(node: Decisive, outcomes: tuple[Any, ...]) -> tuple[bool | None, list[int]]:
    """The outcome of a part, and the numbers of the leaves that made it so."""
    op, parts = node
    if op == "leaf":
        outcome = outcomes[parts]
        return (None if outcome is UNDECIDED else outcome), [parts]
    value, numbers = _decided(parts[0], outcomes)
    if value is None:
        return None, numbers
    if op == "not":
        return not value, numbers
    if op == "if":
        return _decided(parts[1] if value else parts[2], outcomes)
    if value is (op == "or"):
        return value, numbers
    second, more = _decided(parts[1], outcomes)
    if second is None or second is (op == "or"):
        return second, more
    return second, numbers + more


class _Plan:
    """How one leaf is shown: its text, the paths it looks at, and the operands whose values are put in their place.

    `template` is the leaf with %s where a value is put, `shown` the positions of those values among what `look` gives.
    """

    __slots__ = (
        "_at",
        "_computed",
        "_first",
        "_of",
        "_only",
        "_quick",
        "_sentences",
        "expr",
        "paths",
        "shown",
        "strict",
        "template",
        "text",
    )

    def __init__(self, expr: Expr, places: Mapping[str, int], *, strict: bool) -> None:
        self.expr, self.strict = expr, strict
        self.text = show(expr)
        self.paths = paths_of(expr)
        self._at = [places[path] for path in self.paths]
        self._only = self.paths[0] if len(self.paths) == 1 else None
        self._computed: list[Expr] = []
        self.shown: list[int] = []
        if expr.op == "bin":
            self.template = f" {expr.value} ".replace("%", "%%").join([self._placed(arg) for arg in expr.args])
        elif expr.op == "fn" and expr.value == "$same":  # no text can name it: people read the equality it is
            self.template = " == ".join([self._placed(arg) for arg in expr.args])
            self.text = " == ".join([show(arg) for arg in expr.args])
        elif expr.op == "fn":
            self.template = f"{expr.value}({', '.join([self._placed(arg) for arg in expr.args])})"
        else:
            self.template = self._placed(expr)
        self._first = self.shown[0] if len(self.shown) == 1 else None
        self._quick: int | None = None
        self._of: Callable[[Any], Any] = _as_it_is
        if len(self.shown) == len(self.paths) == 1:
            self._quick = self._at[0]
            if self._computed:
                self._of = _simple(self._computed[0]) or _as_it_is
                self._quick = None if self._of is _as_it_is else self._quick
        text = self.text.replace("%", "%%")
        tail = f": {self.template}" if self.shown else ""
        self._sentences = {True: f"{text} was true{tail}", False: f"{text} was false{tail}"}

    def _placed(self, operand: Expr) -> str:
        if operand.op == "lit":
            return _short(operand.value).replace("%", "%%")
        if operand.op == "ref":
            self.shown.append(self.paths.index(operand.value))
        else:
            self.shown.append(len(self.paths) + len(self._computed))
            self._computed.append(operand)
        return "%s"

    def look(self, outcome: Any, scope: Names, lookup: Lookup) -> list[Any]:
        """The values of the paths, then those of operands that are worked out, or why the leaf is undecided."""
        values = [lookup(self._only)] if self._only is not None else [lookup(path) for path in self.paths]
        if outcome is UNDECIDED:
            values.append(self._note(scope, values))
            return values
        if self._computed:
            values += [self._worked_out(operand, values, scope) for operand in self._computed]
        return values

    def _worked_out(self, operand: Expr, values: list[Any], scope: Names) -> Any:
        args = operand.args
        if operand.op == "fn" and operand.value in PURE and len(args) == 1 and args[0].op == "ref":
            try:
                return PURE[operand.value](values[self.paths.index(args[0].value)])
            except ExprFault:
                pass
        return walk(operand, scope, STRICT if self.strict else FILTER)

    def sentence(self, outcome: Any, values: list[Any]) -> str:
        """The leaf, its outcome and what it saw."""
        if outcome is UNDECIDED:
            return f"{self.text} was undecided: {values[-1]}"
        return self._sentences[outcome] % self._words(values)

    def told(self, outcome: Any, kept: tuple[Any, ...]) -> str:
        """The sentence, from the values of all paths."""
        if self._quick is not None:
            return self._sentences[outcome] % (_short(self._of(kept[self._quick])),)
        return self.sentence(outcome, self.taken(kept))

    def taken(self, kept: tuple[Any, ...]) -> list[Any]:
        """What `look` gives, from the values of all paths."""
        values = [kept[number] for number in self._at]
        if self._computed:
            scope = _Kept(dict(zip(self.paths, values, strict=True)))
            values += [self._worked_out(operand, values, scope) for operand in self._computed]
        return values

    def _words(self, values: list[Any]) -> tuple[str, ...]:
        """What stands in the place of the operands."""
        if self._first is not None:
            return (_short(values[self._first]),)
        return tuple([_short(values[number]) for number in self.shown])

    def leaf(self, outcome: Any, values: list[Any]) -> Leaf:
        """The leaf as data."""
        expr, by_path = self.expr, dict(zip(self.paths, values, strict=False))
        if outcome is UNDECIDED:
            return Leaf(self.text, None, self.text, by_path, values[-1], expr.start, expr.end)
        return Leaf(self.text, outcome, self.template % self._words(values), by_path, "", expr.start, expr.end)

    def _note(self, scope: Names, values: list[Any]) -> str:
        try:
            truth_of(self.expr, scope)
        except ExprFault as fault:
            missing = sorted(path for path, value in zip(self.paths, values, strict=True) if value is None)
            return fault.message + (f" ({', '.join(missing)})" if missing else "")
        return "the values changed meanwhile"


def _simple(operand: Expr) -> Callable[[Any], Any] | None:
    """The builtin that a call of one name is."""
    simple = operand.op == "fn" and len(operand.args) == 1 and operand.args[0].op == "ref"
    return PURE.get(operand.value) if simple else None


def _as_it_is(value: Any) -> Any:
    return value


class _Kept:
    """The values a leaf saw, as a scope."""

    __slots__ = ("_values",)
    functions: Mapping[str, Any] = {}

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def lookup(self, path: str) -> Any:
        """The value the leaf saw."""
        return self._values.get(path)


_Sight = tuple[_Plan, Any, list[Any]]


def _short(value: Any) -> str:
    """A value as it is written in an expression, cut where it is long; the first two cases only save time."""
    kind = type(value)
    if kind is str:
        if len(value) <= 58 and value.isprintable() and "'" not in value and "\\" not in value:
            return f"'{value}'"
    elif kind is int and -(10**15) < value < 10**15:
        return str(value)
    text = show_value(value)
    return text if len(text) <= 60 else text[:57] + "…"
