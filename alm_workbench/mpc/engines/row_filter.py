"""Access rules as one SQL condition: what a list may show, decided by the database instead of row by row.

The rules of an action on a type fold into one condition without a third value (`two_valued`), once for a set of roles;
what is known of the actor, the project and the moment then folds away for each of them, and what is left is translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from ..ast import EMPTY
from ..expr.ir import Expr
from ..expr.sql import Column, Dialect, Env, NotTranslatable, Sql, translate
from ..model import CompiledManifest
from .authorizer import Actor, Cell, authorizer_of
from .common import tree_of
from .policy import candidates
from .two_valued import FALSE, TRUE, both, certain, either, lists_of, with_values


class Rows(Enum):
    """Filters that need no condition."""

    ALL = "all"
    NONE = "none"


RowFilter = Sql | Rows | NotTranslatable


def row_filter(
    compiled: CompiledManifest,
    actor: Actor,
    action: str,
    type_id: str,
    columns: Mapping[str, Column],
    dialect: Dialect,
    *,
    policies: bool = False,
) -> RowFilter:
    """Which items of a type the actor may see or change: the rows for which `decide_acl` allows, no more and no less.

    `columns` says which SQL stands for which path of the item (`self.state`, `self.fields.risk`). With `policies` rows
    are left out for which a policy about the event of that name denies. NotTranslatable is returned, not raised: it names
    the rule and the part of its condition that has no SQL, and the caller decides in Python.
    """
    authorizer = authorizer_of(compiled)
    try:
        cell = authorizer.cell(actor, action, type_id)
        env = Env(columns, actor.scope)
        tree = _folded(compiled, cell)
        if odd := _no_lists(tree, env):
            tree = _fold(compiled, cell, odd)
        if policies:
            tree = both(tree, _unless_denied(compiled, action, type_id))
            if odd := _no_lists(tree, env):
                tree = both(_fold(compiled, cell, odd), _unless_denied(compiled, action, type_id, odd))
        found = translate(tree, env, dialect)
    except NotTranslatable as refusal:
        return refusal
    return found if found.constant is None else Rows.ALL if found.constant else Rows.NONE


def _folded(compiled: CompiledManifest, cell: Cell) -> Expr:
    """The cell as one condition; kept, since only the roles matter to it."""
    found = cell.folded
    if found is None:
        try:
            found = _fold(compiled, cell)
        except NotTranslatable as refusal:
            found = refusal
        cell.folded = found
    if isinstance(found, NotTranslatable):
        raise found
    return found


def _fold(compiled: CompiledManifest, cell: Cell, known: Mapping[str, Any] = EMPTY) -> Expr:
    tree = TRUE if cell.last is not None and cell.last.answer else FALSE
    for step in reversed(cell.steps):
        rule = step.rule.definition
        certainly = _certain(compiled, rule.condition, not step.rule.deny, cell.key[1], known, rule.id)
        tree = both(certainly, tree) if step.rule.deny else either(certainly, tree)
    return tree


def _unless_denied(compiled: CompiledManifest, event: str, type_id: str, known: Mapping[str, Any] = EMPTY) -> Expr:
    tree = TRUE
    for policy in candidates(compiled, event, type_id):
        if policy.effect == "deny":
            tree = both(tree, _certain(compiled, policy.when, False, type_id, known, policy.id))
    return tree


def _certain(
    compiled: CompiledManifest, text: str | None, wanted: bool, type_id: str, known: Mapping[str, Any], rule_id: str
) -> Expr:
    if text is None:
        return TRUE if wanted else FALSE
    condition = with_values(tree_of(compiled, text), {"self.type": type_id, **known})
    try:
        return certain(condition, wanted)
    except NotTranslatable as refusal:
        raise NotTranslatable(f"{rule_id}: {refusal.reason}", refusal.start, refusal.end) from None


def _no_lists(tree: Expr, env: Env) -> dict[str, Any]:
    """Values of the actor that stand where a list is needed and are none; raises NotTranslatable for such columns."""
    found = {}
    for path in lists_of(tree):
        column = env.column(path)
        if column is not None and not column.many:
            raise NotTranslatable(f"'{path}' is no list")
        value = None if column is not None else env.scope.lookup(path)
        if value is not None and not isinstance(value, (list, tuple)):
            found[path] = value
    return found
