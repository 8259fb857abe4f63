"""What an expression costs at most, worked out on the tree once, so that no counter runs while it is evaluated.

Every node is a step. Functions cost what the vocabulary says. Looking through a list or a text costs more the larger it
is: its size is not known before, so the largest allowed one is reckoned, and generated code measures the value once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .functions import MAX_ITEMS
from .ir import Expr

MAX_STEPS = 5_000
MAX_DEPTH = 50
LIST_STEPS = MAX_ITEMS // 100  # a hundred items are looked through in about the time of one step
_LOOKS_THROUGH = frozenset(("contains", "min", "max", "concat"))


@dataclass(frozen=True, slots=True)
class Cost:
    """The most an evaluation can take: steps, depth of the tree, regex operations; `constant` if no value's size counts."""

    steps: int
    depth: int
    regex_ops: int
    constant: bool


def cost(expr: Expr, function_cost: Callable[[str], int] | None = None) -> Cost:
    """The cost of a tree. `function_cost` gives what a call adds beside its own step and its arguments (default 0)."""
    steps = regex_ops = 0
    constant = True
    for node in expr.walk():
        steps += 1
        if node.op == "fn":
            steps += function_cost(node.value) if function_cost else 0
            regex_ops += node.value == "regex"
            unbounded = node.value in _LOOKS_THROUGH and _unsized(node.args)
        else:
            regex_ops += node.value == "matches" and node.op == "bin"
            unbounded = node.op == "bin" and node.value == "in" and _unsized(node.args[1:])
        if unbounded:
            steps += LIST_STEPS
            constant = False
    return Cost(steps, expr.depth, regex_ops, constant and not regex_ops)


def _unsized(args: Iterable[Expr]) -> bool:
    return any(arg.op not in ("lit", "list") for arg in args)
