"""A rule's condition as two conditions without a third value: when it certainly holds, and when it certainly does not.

Rules are strict (an operation without an answer makes the rule undecided), filters and SQL are not (a comparison without
an answer is false). `certain(tree, True)` in a filter is true exactly where the strict condition is true, and
`certain(tree, False)` exactly where it is false; where neither is, the rule is undecided. So what denies when undecided
becomes `certain(tree, False)` for what passes, and what allows becomes `certain(tree, True)`:

    holds(a and b) = holds(a) and holds(b)        fails(a and b) = fails(a) or (holds(a) and fails(b))
    holds(not a) = fails(a)                       fails(x < y) = x >= y

since `and` and `or` stop at the first operand that decides. Leaves this page has no exact answer for are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from ..errors import MPCError
from ..expr.ir import ARITHMETIC, LOGIC, Expr, make
from ..expr.sql import NotTranslatable
from ..expr.walk import is_condition

_MAX_NODES = 4_000
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
# Functions that answer every value, and those whose null can only mean that they had no answer.
_TOTAL = frozenset(
    ("len", "contains", "isEmpty", "startsWith", "endsWith", "lower", "upper", "hasRole", "changed", "now", "$same")
)
_PARTIAL = frozenset(("abs", "substr", "daysBetween"))
_CONDITIONS = frozenset(("contains", "isEmpty", "startsWith", "endsWith", "hasRole", "changed", "$same"))

NULL = make("lit", None)
TRUE = make("lit", True)
FALSE = make("lit", False)
_NO_TEXT = make("lit", "")
_Known = dict[tuple[int, bool], Expr]


def certain(tree: Expr, wanted: bool) -> Expr:
    """The filter that is true exactly where the strict condition is `wanted`; raises NotTranslatable."""
    try:
        return _certain(tree, wanted, {})
    except NotTranslatable:
        raise
    except MPCError as error:
        raise _refused(tree, error.message) from None


def both(left: Expr, right: Expr) -> Expr:
    """`left and right`, without what is known or said already."""
    if FALSE in (left, right):
        return FALSE
    return right if left == TRUE else left if right == TRUE else _joined("and", left, right)


def either(left: Expr, right: Expr) -> Expr:
    """`left or right`, without what is known or said already."""
    if TRUE in (left, right):
        return TRUE
    return right if left == FALSE else left if right == FALSE else _joined("or", left, right)


def _joined(word: str, left: Expr, right: Expr) -> Expr:
    """Both parts by `and` or `or`, or only the right one where it says the left one too: rules often share a condition."""
    here = right
    while here != left:
        if here.op != "bin" or here.value != word:
            return make("bin", word, (left, right))
        if here.args[0] == left:
            break
        here = here.args[1]
    return right


def opposite(tree: Expr) -> Expr:
    """`not tree`."""
    return make("not", None, (tree,))


def present(tree: Expr) -> Expr:
    """`tree != null`."""
    return TRUE if tree.op == "lit" and tree.value is not None else make("bin", "!=", (tree, NULL))


def _certain(tree: Expr, wanted: bool, known: _Known) -> Expr:
    """What `certain` gives; each node is worked out once for an outcome, since its parent asks for it twice."""
    key = (id(tree), wanted)
    if key not in known:
        found = known[key] = _worked_out(tree, wanted, known)
        if found.size > _MAX_NODES:
            raise _refused(tree, "the condition is too intricate")
    return known[key]


def _worked_out(tree: Expr, wanted: bool, known: _Known) -> Expr:
    if tree.op == "not":
        return _certain(tree.args[0], not wanted, known)
    if tree.op == "bin" and tree.value in LOGIC:
        left, right = tree.args
        stops = tree.value == "or"  # the outcome of the left side that decides without the right one
        if wanted is stops:
            unless = both(_certain(left, not stops, known), _certain(right, stops, known))
            return either(_certain(left, stops, known), unless)
        return both(_certain(left, wanted, known), _certain(right, wanted, known))
    if tree.op == "if":
        test, then, other = tree.args
        chosen = both(_certain(test, True, known), _certain(then, wanted, known))
        return either(chosen, both(_certain(test, False, known), _certain(other, wanted, known)))
    return reduce(both, _answered(tree), _leaf(tree, wanted))


def _leaf(tree: Expr, wanted: bool) -> Expr:
    if tree.op == "lit":
        return TRUE if tree.value is wanted else FALSE
    if tree.op == "ref":
        return make("bin", "==", (tree, TRUE if wanted else FALSE))
    if tree.op == "bin" and tree.value in _OPPOSITE:
        return tree if wanted else make("bin", _OPPOSITE[tree.value], tree.args)
    if tree.op == "bin" and tree.value == "in":
        return tree if wanted else _outside(tree)
    if tree.op == "bin" and tree.value == "matches":
        return tree if wanted else _unmatched(tree)
    if tree.op == "fn" and tree.value == "$same":
        if len(tree.args) != 2 or tree.args[1].op != "lit" or tree.args[1].value is None:
            raise _refused(tree, "only equality with a fixed value has a strict form in SQL")
        found = make("bin", "in", (tree.args[0], make("list", None, (tree.args[1],))))
        return found if wanted else opposite(found)
    if tree.op == "fn" and tree.value in _CONDITIONS:
        return tree if wanted else opposite(tree)
    if (
        tree.op == "neg"
        or (tree.op == "bin" and tree.value in ARITHMETIC)
        or (tree.op == "fn" and tree.value in _TOTAL)
    ):
        return FALSE  # a number or a text is no outcome: always undecided
    raise _refused(tree, f"{tree.value if tree.op == 'fn' else 'this'} has no strict form in SQL")


def _outside(tree: Expr) -> Expr:
    """Where `x in y` is certainly false: both there, y a list."""
    item, whole = tree.args
    listed = whole.op == "list" or (whole.op == "lit" and isinstance(whole.value, (list, tuple)))
    if whole.op == "lit" and (whole.value is None or isinstance(whole.value, (bool, int, float))):
        return FALSE
    if not listed and whole.op != "ref":
        raise _refused(whole, "'in' needs a list here")
    found = both(present(item), opposite(tree))
    return found if listed else both(found, present(whole))


def _unmatched(tree: Expr) -> Expr:
    """Where a pattern certainly does not match: the text is there, is a text, and the pattern is one."""
    from ..expr.functions import compile_regex

    text, pattern = tree.args
    if pattern.op != "lit" or text.op != "ref":
        raise _refused(tree, "'matches' needs a field and a fixed pattern here")
    if not isinstance(pattern.value, str):
        return FALSE
    try:
        compile_regex(pattern.value)
    except MPCError:
        return FALSE
    return both(make("bin", ">=", (text, _NO_TEXT)), opposite(tree))  # only texts have an order among texts


def lists_of(tree: Expr) -> Iterator[str]:
    """Paths that must hold lists, so that what is not in them is certainly not."""
    for node in tree.walk():
        if node.op == "not" and node.args[0].op == "bin" and node.args[0].value == "in":
            whole = node.args[0].args[1]
            if whole.op == "ref":
                yield whole.value


def _answered(leaf: Expr) -> Iterator[Expr]:
    """That every operation inside a leaf has an answer; a filter would go on with null."""
    for node in leaf.walk():
        if node is leaf:
            if node.op == "fn" and node.value not in _TOTAL | _PARTIAL:
                raise _refused(node, f"{node.value}() has no strict form in SQL")
        elif is_condition(node) and node.op != "lit":
            raise _refused(node, "a condition inside a comparison has no strict form in SQL")
        elif node.op in ("if", "index"):
            raise _refused(node, "this has no strict form in SQL")
        elif node.op == "fn" and node.value not in _TOTAL | _PARTIAL:
            raise _refused(node, f"{node.value}() has no strict form in SQL")
        elif node.op == "neg" or (node.op == "bin" and node.value in ARITHMETIC) or _is_partial(node):
            yield present(node)


def _is_partial(node: Expr) -> bool:
    return node.op == "fn" and node.value in _PARTIAL


def with_values(tree: Expr, values: Mapping[str, Any]) -> Expr:
    """The tree with the values of some paths in their place."""
    if tree.op == "ref":
        return make("lit", values[tree.value], (), tree.start, tree.end) if tree.value in values else tree
    if not tree.args:
        return tree
    return make(tree.op, tree.value, tuple(with_values(arg, values) for arg in tree.args), tree.start, tree.end)


def _refused(node: Expr, reason: str) -> NotTranslatable:
    return NotTranslatable(reason, node.start, node.end)
