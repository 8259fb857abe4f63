"""The leaves of a condition in words: what does not change is prepared once, what was seen fills the gaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .functions import PURE, ExprFault
from .ir import Expr, show, show_value
from .slots import paths_of
from .walk import FILTER, STRICT, Names, truth_of, walk

UNDECIDED = "undecided"
_LONG = 10**15
Lookup = Callable[[str], Any]
Filler = tuple[int, Callable[[Any], Any] | None]


class Leaf(NamedTuple):
    """One decisive leaf: its text, its outcome (None = undecided), the text with values, and the values by path.

    `into` are the paths of objects that it looked into, so that their parts may be among what it says.
    """

    text: str
    outcome: bool | None
    seen: str
    values: Mapping[str, Any] = {}
    note: str = ""
    start: int = 0
    end: int = 0
    into: tuple[str, ...] = ()

    def __str__(self) -> str:
        word = "undecided" if self.outcome is None else "true" if self.outcome else "false"
        tail = self.note or (self.seen if self.seen != self.text else "")
        return f"{self.text} was {word}" + (f": {tail}" if tail else "")


class Plan:
    """How one leaf is shown: its text, the paths it looks at, and the operands whose values are put in their place.

    `template` is the leaf with %s where a value is put, `shown` the positions of those values among what `look` gives.
    """

    __slots__ = (
        "_at",
        "_computed",
        "_first",
        "_only",
        "expr",
        "fill",
        "paths",
        "sentences",
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
        self.fill = self._filled()
        text = self.text.replace("%", "%%")
        tail = f": {self.template}" if self.shown else ""
        self.sentences = {True: f"{text} was true{tail}", False: f"{text} was false{tail}"}

    def _placed(self, operand: Expr) -> str:
        if operand.op == "lit":
            return _short(operand.value).replace("%", "%%")
        if operand.op == "ref":
            self.shown.append(self.paths.index(operand.value))
        else:
            self.shown.append(len(self.paths) + len(self._computed))
            self._computed.append(operand)
        return "%s"

    def _filled(self) -> tuple[Filler, ...] | None:
        """Where each shown value is among those of all paths, and what is made of it; None where that is not enough."""
        found: list[Filler] = []
        for number in self.shown:
            if number < len(self.paths):
                found.append((self._at[number], None))
                continue
            operand = self._computed[number - len(self.paths)]
            simple = operand.op == "fn" and len(operand.args) == 1 and operand.args[0].op == "ref"
            function = PURE.get(operand.value) if simple else None
            if function is None:
                return None
            found.append((self._at[self.paths.index(operand.args[0].value)], function))
        return tuple(found)

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

    def sentence(self, outcome: Any, values: Sequence[Any]) -> str:
        """The leaf, its outcome and what it saw."""
        if outcome is UNDECIDED:
            return f"{self.text} was undecided: {values[-1]}"
        return self.sentences[outcome] % self._words(values)

    def taken(self, kept: tuple[Any, ...]) -> list[Any]:
        """What `look` gives, from the values of all paths."""
        values = [kept[number] for number in self._at]
        if self._computed:
            scope = _Kept(dict(zip(self.paths, values, strict=True)))
            values += [self._worked_out(operand, values, scope) for operand in self._computed]
        return values

    def _words(self, values: Sequence[Any]) -> tuple[str, ...]:
        """What stands in the place of the operands."""
        if self._first is not None:
            return (_short(values[self._first]),)
        return tuple([_short(values[number]) for number in self.shown])

    def leaf(self, outcome: Any, values: Sequence[Any]) -> Leaf:
        """The leaf as data."""
        expr, by_path = self.expr, dict(zip(self.paths, values, strict=False))
        objects = {path for path, value in by_path.items() if isinstance(value, Mapping)}
        into = tuple(sorted(objects & _looked_into(expr))) if objects else ()
        if outcome is UNDECIDED:
            return Leaf(self.text, None, self.text, by_path, values[-1], expr.start, expr.end, into)
        return Leaf(self.text, outcome, self.template % self._words(values), by_path, "", expr.start, expr.end, into)

    def _note(self, scope: Names, values: list[Any]) -> str:
        try:
            truth_of(self.expr, scope)
        except ExprFault as fault:
            missing = sorted(path for path, value in zip(self.paths, values, strict=True) if value is None)
            return fault.message + (f" ({', '.join(missing)})" if missing else "")
        return "the values changed meanwhile"


_DISCREET = frozenset(("isDeleted", "isEmpty", "len"))


def _looked_into(expr: Expr) -> set[str]:
    """Paths whose whole value is used; the caller's own functions are given an item, but do not tell of it."""
    if expr.op == "ref":
        return {expr.value}
    asked = expr.op == "fn" and (expr.value not in PURE or expr.value in _DISCREET)
    parts = (arg for arg in expr.args if not (asked and arg.op == "ref"))
    return set().union(*(_looked_into(arg) for arg in parts))


class _Kept:
    """The values a leaf saw, as a scope."""

    __slots__ = ("_values",)
    functions: Mapping[str, Any] = {}

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def lookup(self, path: str) -> Any:
        """The value the leaf saw."""
        return self._values.get(path)


Sight = tuple[Plan, Any, Sequence[Any]]


class Story:
    """Leaves that decided, with what they saw where that is not kept for all paths together.

    What is the same for all values is put together once: the sentences with their gaps, and what fills those.
    """

    __slots__ = ("_fill", "_text", "sights")

    def __init__(self, sights: list[Sight]) -> None:
        self.sights = sights
        self._text: str | None = None
        self._fill: tuple[Filler, ...] = ()

    def leaves(self, kept: tuple[Any, ...] | None) -> tuple[Leaf, ...]:
        """The leaves as data."""
        return tuple(
            plan.leaf(outcome, plan.taken(kept) if kept is not None else values)
            for plan, outcome, values in self.sights
        )

    def told(self, kept: tuple[Any, ...] | None) -> str:
        """The sentences."""
        if kept is None:
            return "; ".join([plan.sentence(outcome, values) for plan, outcome, values in self.sights])
        if self._text is None:
            self._prepare()
        if self._text:
            return self._text % tuple([_word(kept[at] if of is None else of(kept[at])) for at, of in self._fill])
        return "; ".join([plan.sentence(outcome, plan.taken(kept)) for plan, outcome, _ in self.sights])

    def _prepare(self) -> None:
        if any(plan.fill is None or outcome is UNDECIDED for plan, outcome, _ in self.sights):
            self._text = ""
            return
        self._fill = tuple(filler for plan, _, _ in self.sights for filler in plan.fill or ())
        self._text = "; ".join([plan.sentences[outcome] for plan, outcome, _ in self.sights])


def _word(value: Any) -> Any:
    """What `%s` writes as `_short` does."""
    return value if value.__class__ is int and -_LONG < value < _LONG else _short(value)


def _short(value: Any) -> str:
    """A value as it is written in an expression, cut where it is long; the first two cases only save time."""
    kind = type(value)
    if kind is str:
        if len(value) <= 58 and value.isprintable() and "'" not in value and "\\" not in value:
            return f"'{value}'"
    elif kind is int and -_LONG < value < _LONG:
        return str(value)
    text = show_value(value)
    return text if len(text) <= 60 else text[:57] + "…"
