"""Static checks of an expression: names, types, arity, known values, cost and depth; every finding has a place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import MPCError
from ..meta import DomainMeta
from ..words import did_you_mean
from .cost import MAX_DEPTH, MAX_STEPS, cost
from .functions import ARITY, BUILTIN_ARGS, BUILTIN_RETURNS, PURE, compile_regex
from .ir import ARITHMETIC, EQUALITY, LOGIC, Expr
from .parse import ExprError

_GROUPS = {
    "int": "number", "float": "number", "number": "number", "string": "text", "date": "text",
    "bool": "bool", "array": "array", "object": "object",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a name: its type, and the values it can have where they are listed."""

    type: str = "any"
    values: frozenset[str] | None = None
    what: str = "value"
    some: tuple[str, ...] = ()


ANY = Known()


@dataclass(slots=True)
class Names:
    """The names an expression may use: by exact path, open prefixes, and the values functions take."""

    paths: Mapping[str, Known]
    open_prefixes: tuple[str, ...] = ()
    arguments: Mapping[str, tuple[int, frozenset[str], str]] = field(default_factory=dict)
    quiet: bool = False

    def resolve(self, path: str) -> Known | None:
        """What is known of a path, or None if there is no such name."""
        found = self.paths.get(path)
        if found is not None:
            return found
        return ANY if any(path.startswith(prefix + ".") for prefix in self.open_prefixes) else None

    def hint(self, path: str) -> str | None:
        """The name the writer may have meant; nothing once `quiet`."""
        if self.quiet:
            return None
        head, _, last = path.rpartition(".")
        for guess in (f"self.fields.{last}", f"self.{last}"):
            if guess in self.paths and guess != path:
                return f"did you mean '{guess}'?"
        siblings = [name for name in self.paths if name.rpartition(".")[0] == head]
        return did_you_mean(path, siblings or self.paths)


@dataclass(slots=True)
class Checker:
    """One check of one expression; findings are gathered, not raised. `bounded`: also those about depth and cost."""

    meta: DomainMeta
    names: Names | None = None
    bounded: bool = True
    problems: list[ExprError] = field(default_factory=list)
    partial: list[tuple[Expr, tuple[str, ...]]] = field(default_factory=list)

    def check(self, expr: Expr, returns: str = "any") -> str:
        """The static type of the whole expression; findings go to `problems`."""
        if self.bounded and expr.depth > MAX_DEPTH:
            self.report("E_EXPR_LIMIT_DEPTH", f"Expression depth limit exceeded (limit: {MAX_DEPTH})", expr)
            return "any"
        found = self.known(expr)
        if returns == "bool" and found.type not in ("bool", "any"):
            self.report("E_EXPR_TYPE_MISMATCH", f"This must be true or false, but is {_a(found.type)}", expr)
        if self.bounded and cost(expr, function_cost(self.meta)).steps > MAX_STEPS:
            self.report("E_BUDGET_EXCEEDED", f"Expression evaluation exceeded step budget (limit: {MAX_STEPS})", expr)
        return found.type

    def report(self, code: str, message: str, expr: Expr, hint: str | None = None) -> None:
        """Add a finding at a node."""
        self.problems.append(ExprError(code, message, expr.start, expr.end, hint))

    def known(self, expr: Expr) -> Known:
        """Type and possible values of a node."""
        match expr.op:
            case "lit":
                return Known(literal_type(expr.value))
            case "ref":
                return self.ref(expr)
            case "fn":
                return Known(self.function(expr))
            case "not":
                self.need_bool(expr.args[0])
                return Known("bool")
            case "neg":
                self.need_number(expr.args[0])
                return Known("number")
            case "if":
                self.need_bool(expr.args[0])
                then, other = self.known(expr.args[1]), self.known(expr.args[2])
                return then if then.type == other.type else Known(_join(then.type, other.type))
            case "list":
                for arg in expr.args:
                    self.known(arg)
                return Known("array")
            case "index":
                self.known(expr.args[1])
                whole = self.known(expr.args[0])
                if whole.type not in ("array", "object", "any"):
                    self.report("E_EXPR_TYPE_MISMATCH", f"{_A(whole.type)} has no items", expr)
                return ANY
            case _:
                return Known(self.binary(expr))

    def ref(self, expr: Expr) -> Known:
        """A name must exist."""
        if self.names is None:
            return ANY
        found = self.names.resolve(expr.value)
        if found is None:
            self.report("E_EXPR_UNKNOWN_NAME", f"Unknown name '{expr.value}'", expr, self.names.hint(expr.value))
            return ANY
        if found.some:
            self.partial.append((expr, found.some))
        return found

    def need_bool(self, expr: Expr) -> None:
        """An operand of and, or, not and if."""
        type_ = self.known(expr).type
        if type_ not in ("bool", "any"):
            self.report("E_EXPR_TYPE_MISMATCH", f"A condition is needed here, but this is {_a(type_)}", expr)

    def need_number(self, expr: Expr) -> None:
        """An operand of arithmetic."""
        type_ = self.known(expr).type
        if _GROUPS.get(type_, "any") not in ("number", "any"):
            self.report("E_EXPR_TYPE_MISMATCH", f"A number is needed here, but this is {_a(type_)}", expr)

    def binary(self, expr: Expr) -> str:
        """An operator with two operands."""
        left, right = expr.args
        if expr.value in LOGIC:
            self.need_bool(left)
            self.need_bool(right)
            return "bool"
        if expr.value in ARITHMETIC:
            return self.arithmetic(expr)
        first, second = self.known(left), self.known(right)
        if expr.value == "in":
            self.membership(expr, first, second)
        elif expr.value == "matches":
            self.pattern(right)
            for arg, known in ((left, first), (right, second)):
                if _GROUPS.get(known.type, "any") not in ("text", "any"):
                    self.report("E_EXPR_TYPE_MISMATCH", f"'matches' compares texts, but this is {_a(known.type)}", arg)
        else:
            self.comparison(expr, first, second)
        return "bool"

    def arithmetic(self, expr: Expr) -> str:
        """+ joins texts or adds numbers; the others take numbers."""
        left, right = expr.args
        if expr.value == "+":
            a, b = self.known(left).type, self.known(right).type
            groups = {_GROUPS.get(a, "any"), _GROUPS.get(b, "any")} - {"any"}
            if groups == {"text"}:
                return "string"
            if groups - {"number"}:
                self.report("E_EXPR_TYPE_MISMATCH", f"'+' cannot join {_a(a)} and {_a(b)}", expr)
            return "number" if groups == {"number"} else "any"
        self.need_number(left)
        self.need_number(right)
        if expr.value in "/%" and right.op == "lit" and right.value == 0:
            self.report("E_EXPR_DIV_BY_ZERO", "Division by zero", right)
        return "number"

    def comparison(self, expr: Expr, first: Known, second: Known) -> None:
        """Both sides must be of one group; null only with == and !=."""
        if "null" in (first.type, second.type):
            if expr.value not in EQUALITY:
                self.report("E_EXPR_TYPE_MISMATCH", f"'{expr.value}' cannot be used with null", expr)
            return
        a, b = _GROUPS.get(first.type, "any"), _GROUPS.get(second.type, "any")
        if "any" not in (a, b) and a != b:
            message = f"{_A(first.type)} cannot be compared with {_a(second.type)}"
            self.report("E_EXPR_TYPE_MISMATCH", message, expr)
        elif expr.value not in EQUALITY and (a in _NO_ORDER or b in _NO_ORDER):
            self.report("E_EXPR_TYPE_MISMATCH", f"{_A(first.type)} has no order", expr)
        left, right = expr.args
        self.value_known(first, right)
        self.value_known(second, left)

    def value_known(self, known: Known, literal: Expr) -> None:
        """A literal compared with a listed name must be one of its values."""
        if known.values is None or literal.op != "lit" or not isinstance(literal.value, str):
            return
        if literal.value not in known.values:
            hint = did_you_mean(literal.value, known.values)
            self.report("E_EXPR_UNKNOWN_VALUE", f"There is no {known.what} '{literal.value}'", literal, hint)

    def membership(self, expr: Expr, first: Known, second: Known) -> None:
        """`in` looks into a list, a text or an object."""
        left, right = expr.args
        if second.type not in ("array", "object", "string", "any"):
            self.report("E_EXPR_TYPE_MISMATCH", f"'in' cannot look into {_a(second.type)}", right)
        if second.type == "array":
            self.value_known(second, left)
        for item in right.args if right.op == "list" else ():
            self.value_known(first, item)

    def function(self, expr: Expr) -> str:
        """A call: known, right number and types of arguments, known argument values."""
        name = expr.value
        declared = self.meta.get_function(name)
        builtin = name in BUILTIN_RETURNS and (not self.meta.allowed_functions or declared is not None)
        if declared is None and not builtin:
            known = self.meta.function_names or frozenset(PURE)
            self.report("E_EXPR_UNKNOWN_FUNCTION", f"Unknown function: '{name}'", expr, did_you_mean(name, known))
            for arg in expr.args:
                self.known(arg)
            return "any"
        wanted = declared.args if declared else BUILTIN_ARGS.get(name, ())
        self.arity(expr, wanted)
        for number, arg in enumerate(expr.args):
            actual = self.known(arg).type
            if number < len(wanted) and not compatible(wanted[number], actual):
                message = f"Argument {number} of '{name}' expects '{wanted[number]}', got '{actual}'"
                self.report("E_EXPR_TYPE_MISMATCH", message, arg)
        self.argument_values(expr)
        return declared.returns if declared else BUILTIN_RETURNS[name]

    def arity(self, expr: Expr, args: tuple[str, ...]) -> None:
        """The number of arguments."""
        name, count = expr.value, len(expr.args)
        least, most = ARITY.get(name, (len(args), len(args)))
        if not least <= count <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            self.report("E_EXPR_TYPE_MISMATCH", f"'{name}' takes {wanted} argument(s), not {count}", expr)

    def argument_values(self, expr: Expr) -> None:
        """Literal arguments that name a role, a field or a link type must exist; patterns must be valid."""
        if expr.value == "regex" and len(expr.args) > 1:
            self.pattern(expr.args[1])
        if self.names is None or expr.value not in self.names.arguments:
            return
        number, values, what = self.names.arguments[expr.value]
        if number < len(expr.args):
            self.value_known(Known("string", values, what), expr.args[number])

    def pattern(self, expr: Expr) -> None:
        """A literal pattern must be RE2. The contract has one that is none and found nowhere."""
        if self.names is None and expr.value == "[":
            return
        if expr.op == "lit" and isinstance(expr.value, str):
            try:
                compile_regex(expr.value)
            except MPCError as error:
                self.report(error.code, error.message, expr)


_NO_ORDER = ("bool", "array", "object")
_WORDS = {
    "string": "a text", "int": "a number", "float": "a number", "number": "a number", "bool": "a yes/no value",
    "array": "a list", "object": "an object", "date": "a date", "null": "null",
}  # fmt: skip


def _a(type_: str) -> str:
    return _WORDS.get(type_, type_)


def _A(type_: str) -> str:
    word = _a(type_)
    return word[:1].upper() + word[1:]


def _join(first: str, second: str) -> str:
    if first == "null":
        return second
    if second == "null":
        return first
    return "number" if {_GROUPS.get(first), _GROUPS.get(second)} == {"number"} else "any"


def value_group(type_: str) -> str | None:
    """The group in which values of a type word are compared: "text", "number", "bool", or None where it is not one."""
    group = _GROUPS.get(type_)
    return group if group in ("text", "number", "bool") else None


def function_cost(meta: DomainMeta) -> Callable[[str], int]:
    """What a call costs beside its own step: what the vocabulary says, else one step."""

    def of(name: str) -> int:
        declared = meta.get_function(name)
        return declared.cost if declared else 1

    return of


def literal_type(value: Any) -> str:
    """The contract's type word of a literal."""
    if value is None:
        return "null"
    for kind, word in ((bool, "bool"), (int, "int"), (float, "float"), (str, "string")):
        if isinstance(value, kind):
            return word
    return "any"


def compatible(declared: str, actual: str) -> bool:
    """Whether an argument of type `actual` may stand where `declared` (perhaps a union) is wanted."""
    if actual == "any":
        return True
    if "|" in declared:
        return any(compatible(part, actual) for part in declared.split("|"))
    if declared in ("any", actual):
        return True
    if declared == "number":
        return actual in ("int", "float")
    if declared in ("int", "float"):
        return actual == "number"
    return {declared, actual} == {"string", "date"}


def typecheck(
    expr: Expr, meta: DomainMeta, names: Names | None = None, *, returns: str = "any", bounded: bool = True
) -> str:
    """The static type; raises the first finding as ExprError. Without `bounded` depth and cost are left to a run."""
    checker = Checker(meta, names, bounded)
    found = checker.check(expr, returns)
    if checker.problems:
        raise checker.problems[0]
    return found
