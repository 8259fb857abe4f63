"""Access rules as one SQL condition: what a list may show, decided by the database instead of row by row.

The rules of an action on a type fold into one condition without a third value (`two_valued`), once for a set of roles;
what is known of the actor, the project and the moment then folds away for each of them, and what is left is translated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..ast import EMPTY
from ..errors import MPCError
from ..expr.ir import Expr
from ..expr.scope import Scope
from ..expr.sql import Column, Dialect, Env, NotTranslatable, Sql
from ..model import CompiledManifest
from .authorizer import Cell, Requester, authorizer_of
from .common import tree_of
from .policy import candidates
from .two_valued import FALSE, TRUE, both, certain, either, lists_of, opposite, with_values

if TYPE_CHECKING:
    from ..expr.sql_translate import Memory


class Rows(Enum):
    """Filters that need no condition."""

    ALL = "all"
    NONE = "none"


RowFilter = Sql | Rows | NotTranslatable
_MAX_MADE = 128


def row_filter(
    compiled: CompiledManifest,
    actor: Requester,
    action: str,
    type_id: str,
    columns: Mapping[str, Column],
    dialect: Dialect,
    *,
    policies: bool = False,
    field: str | None = None,
) -> RowFilter:
    """Which items of a type the actor may see or change: the rows for which `decide_acl` allows, no more and no less.

    With a `field` these are the items whose field the rules show, for the action on that field.

    It is for a WHERE clause, alone or joined by AND and OR, and may be NULL where it is not true: so it stays short, and
    indexes can serve it. A filter is made in some fifty microseconds and kept: pass the same `columns` object to get it
    again at once.

    `columns` says which SQL stands for which path of the item (`self.state`, `self.fields.risk`). With `policies` rows
    are left out for which a policy about the event of that name denies. NotTranslatable is returned, not raised: it names
    the rule and the part of its condition that has no SQL, and the caller decides in Python.
    """
    cell = authorizer_of(compiled).cell(actor, action, type_id, field)
    plan = cell.filters.get(policies)
    if plan is None:
        plan = cell.filters[policies] = _plan(compiled, cell, policies)
    if isinstance(plan, NotTranslatable):
        return plan
    key = (id(columns), dialect, plan.facts(actor.scope))
    known = plan.made.get(key)
    if known is not None and known[0] is columns:
        return known[1]
    if len(plan.made) >= _MAX_MADE:
        plan.made.clear()
    found = _translated(compiled, cell, plan, Env(columns, actor.scope), dialect)
    plan.made[key] = (columns, found)
    return found


class FilterPlan:
    """The rules of a cell as one condition, what it looks at beside the item, and what was made of it last."""

    __slots__ = ("_memories", "lists", "made", "paths", "reads_changes", "tree", "with_policies")

    def __init__(self, tree: Expr, with_policies: bool) -> None:
        self.tree = tree
        self.with_policies = with_policies
        self.lists = tuple(dict.fromkeys(lists_of(tree)))
        refs = {node.value for node in tree.walk() if node.op == "ref"}
        self.paths = tuple(sorted(path for path in refs if path.partition(".")[0] != "self"))
        calls = {node.value for node in tree.walk() if node.op == "fn"}
        self.paths += ("now",) if "now" in calls else ()
        self.reads_changes = "changed" in calls
        self._memories: dict[Dialect, tuple[Mapping[str, Column], Memory]] = {}
        self.made: dict[tuple[int, Dialect, str], tuple[Mapping[str, Column], RowFilter]] = {}

    def memory(self, columns: Mapping[str, Column], dialect: Dialect) -> Memory:
        """What was found of the tree with these columns."""
        from ..expr.sql_translate import Memory

        known = self._memories.get(dialect)
        if known is None or known[0] is not columns:
            known = self._memories[dialect] = (columns, Memory())
        return known[1]

    def facts(self, scope: Scope) -> str:
        """All that a filter can depend on beside the columns; texts, since 1 and true are equal but not the same."""
        values = [scope.lookup(path) for path in self.paths]
        return repr((sorted(scope.roles), values, sorted(scope.changes) if self.reads_changes else None))


def _plan(compiled: CompiledManifest, cell: Cell, policies: bool) -> FilterPlan | NotTranslatable:
    try:
        return FilterPlan(_tree(compiled, cell, policies), policies)
    except NotTranslatable as refusal:
        return refusal
    except MPCError as error:  # so many rules that they are no tree any more
        return NotTranslatable(error.message)


def _tree(compiled: CompiledManifest, cell: Cell, policies: bool, known: Mapping[str, Any] = EMPTY) -> Expr:
    tree = _fold(compiled, cell, known)
    action, type_id, _ = cell.key
    return both(tree, _unless_denied(compiled, action, type_id, known)) if policies else tree


def _translated(
    compiled: CompiledManifest, cell: Cell, plan: FilterPlan, env: Env, dialect: Dialect
) -> Sql | Rows | NotTranslatable:
    from ..expr.sql_translate import Translator

    try:
        odd = _no_lists(plan.lists, env)
        tree = _tree(compiled, cell, plan.with_policies, odd) if odd else plan.tree
        memory = plan.memory(env.columns, dialect) if tree is plan.tree else None
        found = Translator(env, dialect, where=True, memory=memory).sql(tree)
    except NotTranslatable as refusal:
        return refusal
    return found if found.constant is None else Rows.ALL if found.constant else Rows.NONE


def _fold(compiled: CompiledManifest, cell: Cell, known: Mapping[str, Any]) -> Expr:
    tree = TRUE if cell.last is not None and cell.last.answer else FALSE
    for step in reversed(cell.steps):
        rule = step.rule.definition
        certainly = _certain(compiled, rule.condition, not step.rule.deny, cell.key[1], known, rule.id)
        if step.rule.deny:
            tree = both(certainly, tree)
        elif step.answer:
            tree = either(certainly, tree)
        else:  # it allows the item and hides the field
            tree = both(FALSE if certainly == TRUE else TRUE if certainly == FALSE else opposite(certainly), tree)
    return tree


def _unless_denied(compiled: CompiledManifest, event: str, type_id: str, known: Mapping[str, Any]) -> Expr:
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


def _no_lists(paths: Iterable[str], env: Env) -> dict[str, Any]:
    """Values of the actor that stand where a list is needed and are none; raises NotTranslatable for such columns."""
    found = {}
    for path in paths:
        column = env.column(path)
        if column is not None and not column.many:
            raise NotTranslatable(f"'{path}' is no list")
        value = None if column is not None else env.scope.lookup(path)
        if value is not None and not isinstance(value, (list, tuple)):
            found[path] = value
    return found
