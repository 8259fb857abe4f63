"""Expressions: grammar, printing, three-valued rules, agreement of compiled and explaining evaluation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm_workbench.mpc import DomainMeta, EvalContext, MPCError
from alm_workbench.mpc.expr.codegen import program_of
from alm_workbench.mpc.expr.evaluate import Limits, evaluate
from alm_workbench.mpc.expr.explain import explain
from alm_workbench.mpc.expr.functions import ExprFault
from alm_workbench.mpc.expr.ir import Expr, from_json, make, show, to_json
from alm_workbench.mpc.expr.parse import ExprError, parse_expr
from alm_workbench.mpc.expr.scope import Scope

ITEM = {
    "title": "Brake",
    "state": "draft",
    "fields": {"n": 4, "none": None, "tags": ["a", "b"], "flag": True, "d": "2026-01-31"},
}
CTX = EvalContext(
    ITEM,
    {"id": "u1", "roles": ["engineer"]},
    {"name": "update", "changes": {"n": 1}},
    {},
    datetime(2026, 2, 1, tzinfo=UTC),
)
SCOPE = Scope(CTX, frozenset({"engineer", "viewer"}))


def outcome(text: str) -> bool | None:
    """True, False, or None for undecided."""
    try:
        return bool(program_of(text)(SCOPE))
    except ExprFault:
        return None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("self.fields.n > 3", True),
        ("1 < self.fields.n < 4", False),
        ("self.fields.n + 1 == 5 and self.fields.n % 2 == 0", True),
        ("self.title == \"Brake\" && !(self.state != 'draft')", True),
        ("'a' in self.fields.tags", True),
        ("self.state in ['draft', 'open']", True),
        ("self.fields.tags[1] == 'b'", True),
        ("self.fields['n'] == 4", True),
        ("self.title matches '^Br.k'", True),
        ("true if self.fields.n > 10 else false", False),
        ("self.fields.n > 10 ? true : false", False),
        ("len(self.title) * 2 >= 10 or 1 / 0 > 1", True),
        ("self.fields.flag", True),
        ("hasRole('viewer') and not hasRole('owner')", True),
        ("changed('n') and not changed('title')", True),
        ("daysBetween(self.fields.d, now()) == 1", True),
        ("now > '2026-01-31'", True),
        ("self.fields.none == null and self.fields.n != null", True),
        ("1 != null and not ([1] == null) and null == null", True),
        ("isEmpty(self.fields.none) or self.fields.none > 3", True),
        # undecided: null or mistyped operands, missing functions, impossible arithmetic
        ("self.fields.none > 3", None),
        ("self.fields.none == 'x'", None),
        ("not (self.fields.none > 3)", None),
        ("self.fields.none > 3 or true", None),
        ("false and self.fields.none > 3", False),
        ("self.fields.n == 'x'", None),
        ("self.fields.n + self.title == 1", None),
        ("self.fields.n / 0 == 1", None),
        ("self.fields.none", None),
        ("linkCount(self, 'x') > 0", None),
        ("self.title matches '('", None),
    ],
)
def test_rules_are_true_false_or_undecided(text: str, expected: bool | None) -> None:
    """Compiled and explaining evaluation agree; a null or mistyped leaf is undecided, and/or stop early."""
    assert outcome(text) is expected
    assert explain(parse_expr(text), SCOPE).value is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("self.fields.none > 3", False),
        ("not (self.fields.none > 3)", True),
        ("self.fields.none > 3 or true", True),
        ("self.fields.n + self.fields.none > 1", False),
    ],
)
def test_conditions_of_fields_are_two_valued(text: str, expected: bool) -> None:
    """In filter mode every leaf without an answer is false."""
    assert program_of(text, strict=False)(SCOPE) is expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("len(self.title) > 10", "len(self.title) > 10 was false: 5 > 10"),
        ("self.fields.n > 3 and self.state == 'open'", "self.state == 'open' was false: 'draft' == 'open'"),
        ("self.fields.n > 5 or self.state == 'x'",
         "self.fields.n > 5 was false: 4 > 5; self.state == 'x' was false: 'draft' == 'x'"),
        ("self.fields.none > 3", "self.fields.none > 3 was undecided: a value is missing (self.fields.none)"),
        ("hasRole('owner')", "hasRole('owner') was false"),
    ],
)  # fmt: skip
def test_explanations_name_the_decisive_leaves(text: str, words: str) -> None:
    """Only leaves that decided are named, with the values they saw."""
    assert str(explain(parse_expr(text), SCOPE)) == words


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        ("a &", 2, "expected"),
        ("a >", 2, "ends too early: expected a value"),
        ("", 0, "empty"),
        ("(a", 1, "ends too early"),
        ("f(1,", 3, "ends too early"),
        ("a b", 2, "expected an operator"),
        ("a.f(1)", 0, "cannot be called"),
        ("'open", 0, "expected a value"),
        ("x" * 5000, 0, "longer than"),
        ("not " * 300 + "a", 0, "depth"),
    ],
)
def test_syntax_errors_have_an_offset_and_words(text: str, start: int, words: str) -> None:
    """A broken expression is an error, never null."""
    with pytest.raises(ExprError) as caught:
        parse_expr(text)
    assert caught.value.start == start
    assert words in caught.value.message
    assert caught.value.code in ("E_EXPR_PARSE", "E_EXPR_LIMIT_DEPTH")


def test_keywords_inside_strings_stay_text() -> None:
    """'null' in quotes is a text."""
    assert parse_expr("s == 'null'").args[1].value == "null"


def test_user_data_cannot_reach_internals() -> None:
    """Names with underscores are plain lookups; there are no attributes or builtins."""
    for text in ("self.__class__ == null", "__builtins__ == null", "now.__class__ == null"):
        assert outcome(text) is True


leaves = st.one_of(
    st.sampled_from([None, True, False, 0, 1, 4, 2.5, "draft", "a", ""]).map(lambda v: make("lit", v)),
    st.sampled_from(
        ["self.title", "self.fields.n", "self.fields.none", "self.fields.flag", "self.fields.tags", "x.y"]
    ).map(lambda p: make("ref", p)),
)


def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    operators = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "matches"]
    return st.one_of(
        st.builds(lambda o, a, b: make("bin", o, (a, b)), st.sampled_from(operators), inner, inner),
        st.builds(lambda o, a: make(o, None, (a,)), st.sampled_from(["not", "neg"]), inner),
        st.builds(lambda a, b, c: make("if", None, (a, b, c)), inner, inner, inner),
        st.builds(lambda a, b: make("index", None, (a, b)), inner, inner),
        st.lists(inner, max_size=3).map(lambda a: make("list", None, tuple(a))),
        st.builds(
            lambda f, a: make("fn", f, (a,)),
            st.sampled_from(["len", "isEmpty", "lower", "hasRole", "changed", "abs"]),
            inner,
        ),
        st.builds(
            lambda f, a, b: make("fn", f, (a, b)),
            st.sampled_from(["contains", "concat", "daysBetween", "min"]),
            inner,
            inner,
        ),
    )


trees = st.recursive(leaves, grow, max_leaves=12)


def plain(expr: Expr) -> Any:
    return to_json(expr)


@settings(max_examples=300, deadline=None)
@given(trees)
def test_printing_and_reading_gives_the_same_tree(tree: Expr) -> None:
    """show() writes what parse_expr() reads."""
    assert plain(parse_expr(show(tree))) == plain(tree)
    assert plain(from_json(to_json(tree))) == plain(tree)


@settings(max_examples=500, deadline=None)
@given(trees)
def test_compiled_and_explaining_evaluation_agree_and_nothing_else_is_raised(tree: Expr) -> None:
    """Every tree is true, false or undecided, the same in both; filter mode never raises."""
    text = show(tree)
    try:
        compiled: bool | None = bool(program_of(text)(SCOPE))
    except ExprFault:
        compiled = None
    assert explain(parse_expr(text), SCOPE).value is compiled
    assert program_of(text, strict=False)(SCOPE) in (True, False)


class TestBudgets:
    @pytest.mark.parametrize(
        ("source", "limits", "code"),
        [
            ("len('hello')", Limits(max_steps=1), "E_BUDGET_EXCEEDED"),
            ("isEmpty(len('x'))", Limits(max_depth=1), "E_EXPR_LIMIT_DEPTH"),
            ("regex('a', 'a')", Limits(max_regex_ops=0), "E_EXPR_REGEX_LIMIT"),
            ("1 / x", Limits(), "E_EXPR_DIV_BY_ZERO"),
            ("null < 5 or x", Limits(), "E_EXPR_TYPE_MISMATCH"),
            ("nofunc(1)", Limits(), "E_EXPR_UNKNOWN_FUNCTION"),
        ],
    )
    def test_limits(self, source: str, limits: Limits, code: str) -> None:
        """Each budget has its code."""
        with pytest.raises(MPCError) as caught:
            evaluate(source, DomainMeta(), {"x": 0}, limits=limits)
        assert caught.value.code == code

    def test_steps_are_counted_per_node(self) -> None:
        """A call with one argument is two steps; a sum of twelve terms is 23."""
        assert evaluate("len('hello')", DomainMeta()).steps == 2
        assert evaluate(" + ".join(["1"] * 12), DomainMeta()).steps == 23

    def test_regular_expressions_are_linear(self) -> None:
        """The pattern that kills a backtracking engine is quick."""
        text = "a" * 5000 + "!"
        assert evaluate("regex(t, '(a+)+$')", DomainMeta(), {"t": text}, limits=Limits(max_time_ms=500)).value is False
