"""What of a happening concerns whom, and what a notification may show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from alm_workbench.contexts.workflow.messages import Happening
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.shared.ids import ArtifactId

MAX_PARAMS = 4096
STATE_PARAMS = ("from", "to", "state", "transition")
OF_STATE = frozenset(["state", "status", "state_category"])
WATCHED = frozenset(["transition", "soft_delete", "restore"])
"""Events that those who watch an item hear of, beside comments and files."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something of an item that people are to be told of."""

    artifact_id: ArtifactId
    type_id: str
    kind: str
    recipients: tuple[UUID, ...]
    params: Mapping[str, Any] = field(default_factory=dict)


def told_of(happening: Happening, watching: Iterable[UUID]) -> list[Told]:
    """Whom a happening concerns: who was given the item or lost it, and who watches it."""
    item = happening.after or happening.before
    if item is None:
        return []
    before = happening.before.assignee_id if happening.before else None
    after = happening.after.assignee_id if happening.after else None
    found = []
    if happening.event in ("create", "update", "assign", "transition") and before != after:
        if after is not None:
            found.append(Told(item.id, item.type, "assigned", (after,)))
        if before is not None:
            found.append(Told(item.id, item.type, "unassigned", (before,)))
    if happening.event in WATCHED:
        others = tuple(actor for actor in watching if not any(actor in told.recipients for told in found))
        names = ("from", "to", "transition") if happening.event == "transition" else ()
        params = {name: happening.params[name] for name in names if isinstance(happening.params.get(name), str)}
        if happening.event == "transition" and happening.before and happening.after:
            params = {"from": happening.before.state, "to": happening.after.state, **params}
        found.append(Told(item.id, item.type, happening.event, others, params))
    return [told for told in found if told.recipients]


def watches_of(happening: Happening) -> list[tuple[ArtifactId, UUID, str]]:
    """Who watches from now on: authors and assignees."""
    item = happening.after
    if item is None or happening.event not in ("create", "update", "assign", "transition"):
        return []
    found = []
    if happening.event == "create" and item.created_by is not None:
        found.append((item.id, item.created_by, "author"))
    given_before = happening.before.assignee_id if happening.before else None
    if item.assignee_id is not None and item.assignee_id not in (given_before, item.created_by):
        found.append((item.id, item.assignee_id, "assignee"))
    return found


def check_params(params: Mapping[str, Any]) -> None:
    """Params are small JSON; raises ``InvalidInput``."""
    size = len(json.dumps(params, ensure_ascii=False))
    if size > MAX_PARAMS:
        rule = f"at most {MAX_PARAMS} characters of JSON, and this is {size}"
        raise InvalidInput(f"a notification says too much: {rule}", errors=[ErrorItem("/params", "too-long", rule)])


def shown_params(params: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """Params without what is hidden from the reader: states, and names of fields."""
    dropped = STATE_PARAMS if hidden & OF_STATE else ()
    kept = {name: value for name, value in params.items() if name not in dropped}
    if isinstance(kept.get("changes"), list):
        kept["changes"] = [name for name in kept["changes"] if name not in hidden]
    return kept


def begins(name: str, text: str) -> bool:
    """Whether some word of a name begins with a text, or the name itself."""
    wanted = text.casefold().strip()
    return not wanted or any(part.startswith(wanted) for part in (name.casefold(), *name.casefold().split()))
