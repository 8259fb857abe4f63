"""The decision log for its readers: filtered, in pages, and without what they may not see of the items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from alm_workbench.contexts.access.repository import AccessRepository
from alm_workbench.contexts.access.wording import said
from alm_workbench.contexts.artifact.visibility import hidden_of_decision, is_hidden
from alm_workbench.contexts.audit.messages import DecisionDTO, ListDecisions
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Page
from alm_workbench.shared.paging import decode_uuid, page_of

FILTERS = ("entity_type", "entity_id", "actor_id", "verdict", "rule_id", "command", "correlation_id", "since", "until")


class DecisionsHandler:
    """Lists decisions."""

    def __init__(self, repo: AccessRepository) -> None:
        self._repo = repo

    def __call__(self, ctx: MessageContext, message: ListDecisions) -> Page[DecisionDTO]:
        limit = max(1, min(message.limit, 200))
        asked: dict[str, Any] = {name: getattr(message, name) for name in FILTERS}
        rows = self._repo.decisions(ctx.conn, {**asked, "limit": limit + 1, "before": decode_uuid(message.cursor)})
        return page_of([shown(ctx, row) for row in rows], limit, lambda entry: str(entry.id))


def shown(ctx: MessageContext, row: Mapping[str, Any]) -> DecisionDTO:
    """A decision as the caller may see it: whoever may not see the item gets the rule, not what it looked at."""
    reasons = tuple(row["reasons"] or ())
    if row["entity_type"] == "Artifact":
        hidden: frozenset[str] | None = None
        if isinstance(row["entity_id"], UUID):
            hidden = hidden_of_decision(ctx, row["entity_id"], row["manifest_version_id"])
        elif ctx.principal.may("artifact:read"):
            hidden = creation_hides(reasons)
        reasons = tuple(without(reason, hidden) for reason in reasons)
    return DecisionDTO(**{**row, "reasons": reasons})


def creation_hides(reasons: tuple[Any, ...]) -> frozenset[str]:
    """What a refused creation looked at: nobody can say who may see an item that never was, so all of it is hidden."""
    paths = (path for reason in reasons if isinstance(reason, Mapping) for path in (reason.get("values") or {}))
    steps = (path.split(".") for path in paths if path.startswith("self."))
    return frozenset(step[2] if step[1] == "fields" and len(step) > 2 else step[1] for step in steps)


def without(reason: Any, hidden: frozenset[str] | None) -> Any:
    """A logged reason without the values of hidden fields, and without the words that quote them."""
    if not isinstance(reason, Mapping):
        return reason if not hidden and hidden is not None else said("hidden_item")["en"]
    values = reason.get("values") or {}
    kept = {path: value for path, value in values.items() if not is_hidden(path, hidden)}
    if hidden is not None and len(kept) == len(values):
        return reason
    rule = reason.get("rule_id")
    told = f"'{rule}' decided" if rule else "decided by no rule"
    return {
        **reason,
        "values": kept,
        "message": f"{told}, by what is hidden from you" if len(kept) < len(values) else told,
    }
