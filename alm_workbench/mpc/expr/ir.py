"""The expression tree: one form for checking, running, explaining and storing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..canonical import stable_hash
from ..errors import MPCError

ARITHMETIC = frozenset("+-*/%")
ORDER = frozenset(("<", "<=", ">", ">="))
EQUALITY = frozenset(("==", "!="))
LOGIC = frozenset(("and", "or"))
COMPARISON = ORDER | EQUALITY | {"matches", "in"}
MAX_NODES = 10_000
OBJECT = "{…}"  # how an object is shown
OPERATORS = ARITHMETIC | COMPARISON | LOGIC


@dataclass(frozen=True, slots=True)
class Expr:
    """One node: `op` says which kind, `value` its payload, `args` its operands; `start` and `end` its place.

    lit: value · ref: dotted path · fn: name · bin: operator · not · neg · if · list · index
    """

    op: str
    value: Any
    args: tuple[Expr, ...]
    start: int
    end: int
    depth: int
    size: int

    def walk(self) -> Iterator[Expr]:
        """This node and everything below it."""
        yield self
        for arg in self.args:
            yield from arg.walk()


def make(op: str, value: Any = None, args: tuple[Expr, ...] = (), start: int = 0, end: int = 0) -> Expr:
    """A node with its depth and size worked out; refuses trees too deep to walk safely."""
    depth = 1 + max((arg.depth for arg in args), default=0)
    if depth > 200:
        raise MPCError("E_EXPR_LIMIT_DEPTH", "Expression depth limit exceeded (limit: 200)", limit=200)
    return Expr(op, value, args, start, end, depth, 1 + sum(arg.size for arg in args))


def to_json(expr: Expr) -> dict[str, Any]:
    """The contract's JSON form."""
    args = [to_json(arg) for arg in expr.args]
    if expr.op == "lit":
        return {"lit": expr.value}
    if expr.op == "ref":
        return {"ref": expr.value}
    if expr.op == "fn":
        return {"fn": expr.value, "args": args} if args else {"fn": expr.value}
    if expr.op == "bin":
        return {"op": expr.value, "left": args[0], "right": args[1]}
    if expr.op in ("not", "neg"):
        return {expr.op: args[0]}
    if expr.op == "if":
        return {"if": args[0], "then": args[1], "else": args[2]}
    if expr.op == "index":
        return {"index": args[0], "by": args[1]}
    return {"list": args}


def from_json(data: Any) -> Expr:
    """An expression from its JSON form; anything that is not a mapping is a literal. Raises MPCError."""
    return _from_json(data, 0, [MAX_NODES])


def _from_json(data: Any, level: int, left: list[int]) -> Expr:
    if level > 200:
        raise MPCError("E_EXPR_LIMIT_DEPTH", "Expression depth limit exceeded (limit: 200)", limit=200)
    left[0] -= 1
    if left[0] < 0:
        raise MPCError("E_BUDGET_EXCEEDED", f"The expression has more than {MAX_NODES} nodes", limit=MAX_NODES)
    if not isinstance(data, Mapping):
        return make("lit", data)

    def inner(*values: Any) -> tuple[Expr, ...]:
        return tuple(_from_json(value, level + 1, left) for value in values)

    if "lit" in data:
        return make("lit", data["lit"])
    if "ref" in data:
        return make("ref", str(data["ref"]))
    if "fn" in data:
        return make("fn", str(data["fn"]), inner(*_listed(data.get("args") or (), "args")))
    if "op" in data:
        if not isinstance(data["op"], str) or data["op"] not in OPERATORS:
            raise MPCError("E_EXPR_PARSE", f"Unknown operator '{data['op']}'")
        return make("bin", data["op"], inner(data.get("left"), data.get("right")))
    for op in ("not", "neg"):
        if op in data:
            return make(op, None, inner(data[op]))
    if "if" in data:
        if "then" not in data:
            raise MPCError("E_EXPR_PARSE", "A conditional needs 'then'")
        return make("if", None, inner(data["if"], data["then"], data.get("else")))
    if "list" in data:
        return make("list", None, inner(*_listed(data["list"], "list")))
    if "index" in data:
        return make("index", None, inner(data["index"], data.get("by")))
    raise MPCError("E_EXPR_PARSE", "Cannot parse expression IR")


def _listed(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise MPCError("E_EXPR_PARSE", f"'{name}' must be a list")
    return value


def ir_hash(expr: Expr) -> str:
    """Hash of the tree without its places: equal expressions share compiled code."""
    return stable_hash(to_json(expr))


_LEVEL = {"or": 1, "and": 2, "not": 3, "cmp": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "neg": 7}


def show(expr: Expr) -> str:
    """The expression as text that parses to the same tree."""
    return _show(expr)[0]


def _show(expr: Expr) -> tuple[str, int]:
    def part(arg: Expr, least: int) -> str:
        text, level = _show(arg)
        return text if level >= least else f"({text})"

    if expr.op == "lit":
        return show_value(expr.value), 9
    if expr.op == "ref":
        return str(expr.value), 9
    if expr.op == "fn":
        return f"{expr.value}({', '.join(show(arg) for arg in expr.args)})", 9
    if expr.op == "list":
        return f"[{', '.join(show(arg) for arg in expr.args)}]", 9
    if expr.op == "index":
        return f"{part(expr.args[0], 8)}[{show(expr.args[1])}]", 8
    if expr.op == "neg":
        return f"-{part(expr.args[0], 7)}", 7
    if expr.op == "not":
        return f"not {part(expr.args[0], 3)}", 3
    if expr.op == "if":
        condition, then, other = expr.args
        return f"{part(then, 1)} if {part(condition, 1)} else {part(other, 0)}", 0
    left, right = expr.args
    level = _LEVEL.get(expr.value, 4)
    return f"{part(left, level + (level == 4))} {expr.value} {part(right, level + 1)}", level


def show_value(value: Any) -> str:
    """A value as an expression literal, shortened where long."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(show_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return OBJECT
    if isinstance(value, int) and value.bit_length() > 1_000:
        return f"(a number of {value.bit_length()} bits)"
    return str(value)
