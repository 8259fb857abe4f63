"""Expressions inside properties: parsed and typechecked against what their definition can see."""

from __future__ import annotations

from dataclasses import replace

from ..ast import ASTNode
from ..expr.parse import ExprError, parse_expr
from ..expr.typecheck import Checker
from ..expr.typecheck import Names as ExprNames
from .findings import Findings, Hint, Place, Suggestion
from .names import Names


def check_expressions(findings: Findings, names: Names, node: ASTNode) -> None:
    """Check every expression property of one definition."""
    places = findings.of("expr")
    if not places:
        return
    scope: ExprNames = names.get(("scope", names.types_for(node)))
    for place in places:
        _check(place, scope, findings)


def _check(place: Place, scope: ExprNames, findings: Findings) -> None:
    try:
        tree = parse_expr(place.value)
    except ExprError as error:
        _report(place, error, findings, error.hint)
        return
    checker = Checker(findings.meta, scope)
    checker.check(tree, place.prop.returns)
    for problem in checker.problems:
        _report(place, problem, findings, problem.hint or _nearest(place, problem, scope))
    for node, missing in checker.partial:
        some = ", ".join(missing)
        message = f"'{node.value}' does not exist in every type this is about (not in: {some})"
        span = findings.inside(place, node.start, node.end)
        findings.add("E_EXPR_FIELD_NOT_EVERYWHERE", message, place.node, place.path, severity="warning", span=span)


def _nearest(place: Place, problem: ExprError, scope: ExprNames) -> Hint:
    if problem.code != "E_EXPR_UNKNOWN_NAME":
        return None
    word = "".join(place.value[problem.start : problem.end].split())
    return Suggestion(lambda: replace(scope, quiet=False).hint(word))


def _report(place: Place, error: ExprError, findings: Findings, hint: Hint) -> None:
    span = findings.inside(place, error.start, error.end)
    findings.add(error.code, error.message, place.node, place.path, hint=hint, span=span)
