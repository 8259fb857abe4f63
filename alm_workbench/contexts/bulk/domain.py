"""What a bulk change is made of: the single commands it stands for, and what is told of each item."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from alm_workbench.contexts.artifact.batch_messages import Outcome
from alm_workbench.contexts.artifact.domain import CORE
from alm_workbench.contexts.artifact.link_messages import UnlinkArtifacts
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    LinkArtifacts,
    LinkDTO,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.artifact.structure_messages import MoveArtifact
from alm_workbench.contexts.artifact.visibility import is_hidden
from alm_workbench.contexts.bulk.messages import (
    Action,
    BulkArguments,
    BulkItemDTO,
    BulkTarget,
    ChangeDTO,
    NewItem,
    RefusalOfItemDTO,
    Result,
)
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AlmError, BulkRefused, ErrorItem, InvalidInput, plain
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import UNSET, Command

MOST = 10_000
"""So many items may be changed at once."""

TOLD = 200
"""So many refusals are told where nothing was changed."""

SINGLE: Mapping[Action, type[Command[Any]]] = {
    "create": CreateArtifact,
    "update": UpdateArtifact,
    "transition": TransitionArtifact,
    "move": MoveArtifact,
    "link": LinkArtifacts,
    "unlink": UnlinkArtifacts,
    "delete": DeleteArtifact,
    "restore": RestoreArtifact,
}
"""The single command behind each action; its privilege is needed."""

PROPERTIES = ("title", "state", "assignee_id", "parent_id", "tags", "rank", "deleted_at")
"""Columns that a diff tells of, beside fields."""


def check(asked: BulkArguments) -> None:
    """Refuse what cannot be meant; raises ``InvalidInput`` with the place."""
    for wrong, place, message in (
        (asked.action == "create" and not asked.create, "/create", "say what to create"),
        (asked.action == "create" and (asked.items or asked.where is not None), "/items", "new items are no selection"),
        (asked.action != "create" and bool(asked.create), "/create", f"{asked.action} creates nothing"),
        (
            asked.action != "create" and bool(asked.items) == (asked.where is not None),
            "/items",
            "give either items or a question (where)",
        ),
        (asked.action == "transition" and not asked.transition, "/transition", "say which step"),
        (asked.action in ("link", "unlink") and not asked.link_type, "/link_type", "say which type of link"),
        (asked.action in ("link", "unlink") and asked.target_id is None, "/target_id", "say what the other end is"),
        (asked.action == "move" and moves_nowhere(asked), "/parent_id", "say where to: a parent, before or after"),
        (len(asked.items) > MOST or len(asked.create) > MOST, "/items", f"at most {MOST:,} items at once"),
    ):
        if wrong:
            raise InvalidInput(message[0].upper() + message[1:], errors=[ErrorItem(place, "invalid", message)])


def moves_nowhere(asked: BulkArguments) -> bool:
    """Whether a move names no place."""
    return asked.parent_id is UNSET and asked.before is None and asked.after is None


def request_hash(asked: BulkArguments) -> str:
    """What is asked for, as a hash: a plan holds for the same request only."""
    said = {name: getattr(asked, name) for name in BulkArguments.__dataclass_fields__}
    text = json.dumps({k: repr(v) if v is UNSET else plain(v) for k, v in said.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def creation(project_id: ProjectId, new: NewItem) -> CreateArtifact:
    """The single command that creates an item."""
    return CreateArtifact(
        project_id, new.artifact_type, new.title, new.fields, new.parent_id, new.assignee_id, new.tags
    )


def single(asked: BulkArguments, target: BulkTarget, item: ArtifactDTO) -> Command[Any]:
    """The single command that an action is for one item; ``target`` says the version it is meant for."""
    version = target.version if target.version is not None else item.version
    fields = {**asked.fields, **target.fields}
    match asked.action:
        case "update":
            title = target.title if target.title is not None else asked.title
            tags = wanted_tags(asked, item)
            return UpdateArtifact(item.id, version, title, fields, asked.assignee_id, asked.parent_id, tags)
        case "transition":
            return TransitionArtifact(item.id, asked.transition or "", version, asked.reason, fields)
        case "move":
            return MoveArtifact(item.id, version, asked.parent_id, asked.before, asked.after)
        case "delete":
            return DeleteArtifact(item.id, version)
        case "restore":
            return RestoreArtifact(item.id)
        case "link":
            assert asked.target_id is not None
            return LinkArtifacts(item.id, asked.link_type or "", asked.target_id)
        case _:
            raise AssertionError(asked.action)


def unlinking(asked: BulkArguments, item: ArtifactDTO, links: Iterable[LinkDTO]) -> UnlinkArtifacts | None:
    """The single command that takes the link away that an action names; None where there is none."""
    for link in links:
        if (link.link_type, link.source_id, link.target_id) == (asked.link_type, item.id, asked.target_id):
            return UnlinkArtifacts(item.id, link.id, link.version)
    return None


def wanted_tags(asked: BulkArguments, item: ArtifactDTO) -> Any:
    """All tags that an item is to have, ``UNSET`` where nothing is said of them."""
    if not asked.add_tags and not asked.remove_tags:
        return asked.tags
    kept = item.tags if asked.tags is UNSET else tuple(asked.tags or ())
    removed = set(asked.remove_tags)
    return tuple(dict.fromkeys(tag for tag in (*kept, *asked.add_tags) if tag not in removed))


def result_of(done: Outcome) -> Result:
    """What became of an item, in a word."""
    if done.error is not None:
        return "refused"
    return "changed" if done.after is not None else "unchanged"


def described(done: Outcome, hidden: frozenset[str] | None, *, verdicts: bool) -> BulkItemDTO:
    """What is told of one item: nothing of what is ``hidden`` (None hides all of it)."""
    item = done.after or done.before
    refusal = refusal_of(done.error) if done.error is not None else None
    if item is None or hidden is None:
        return BulkItemDTO(done.artifact_id, None, None, None, result_of(done), None, (), refusal)
    title = None if "title" in hidden else item.title
    said = tuple(verdict(r, hidden) for r in done.record.reasons) if verdicts and done.record else ()
    changes = tuple(differences(done.before, done.after, hidden)) if done.after else ()
    changes += (link_change(item.id, done.link, gone=done.unlinked),) if done.link else ()
    return BulkItemDTO(item.id, item.key, item.type, title, result_of(done), item.version, changes, refusal, said)


def link_change(item_id: ArtifactId, link: LinkDTO, *, gone: bool) -> ChangeDTO:
    """A link that an item gets or loses: the key of the other end, as far as the caller may see it."""
    outgoing = link.source_id == item_id
    end, other = (link.target, link.target_id) if outgoing else (link.source, link.source_id)
    word = end.key if end and end.key else str(other)
    return ChangeDTO(f"link:{link.link_type}", word if gone else None, None if gone else word)


def refusal_of(error: AlmError) -> RefusalOfItemDTO:
    """Why an item was refused."""
    reasons = tuple(plain(reason) for reason in error.extra.get("reasons", ()))
    return RefusalOfItemDTO(error.slug, error.detail, tuple(error.errors), reasons)


def verdict(reason: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """A rule that allowed it, with its place; without words that quote what is hidden."""
    data = {name: reason.get(name) for name in ("code", "rule_id", "span", "place") if reason.get(name) is not None}
    if not any(is_hidden(path, hidden) for path in reason.get("values") or ()):
        data["message"] = reason.get("message")
    return data


def differences(before: ArtifactDTO | None, after: ArtifactDTO, hidden: frozenset[str]) -> Iterable[ChangeDTO]:
    """What differs between two states of an item, without what is hidden."""
    columns = {column for name in hidden for column in CORE.get(name, ())} | hidden
    for name in PROPERTIES:
        old, new = getattr(before, name, None), getattr(after, name)
        old = old or None if name == "tags" else old
        new = new or None if name == "tags" else new
        if old != new and name not in columns:
            yield ChangeDTO(name, plain(old), plain(new))
    was = before.fields if before else {}
    for name in sorted({*was, *after.fields} - hidden):
        if was.get(name) != after.fields.get(name):
            yield ChangeDTO(f"fields.{name}", was.get(name), after.fields.get(name))


def refused(items: Sequence[BulkItemDTO]) -> BulkRefused:
    """The refusal of a whole bulk, with why for each item."""
    wrong = [item for item in items if item.refusal is not None]
    errors = [
        ErrorItem(f"/items/{item.key or item.artifact_id or number}", r.problem, r.message)
        for number, item in enumerate(items)
        if (r := item.refusal)
    ]
    first = errors[0].message
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    kept = [plain(replace(item, diff=(), verdicts=())) for item in wrong[:TOLD]]
    detail = f"{len(wrong)} of {len(items)} items were refused, so none was changed: {first}{more}"
    return BulkRefused(detail, errors=errors[:TOLD], refusals=kept, refused=len(wrong))


def question(asked: BulkArguments) -> dict[str, Any]:
    """The arguments of ``FindArtifacts`` that a selection stands for."""
    return {} if asked.where is None else {k: v for k, v in asdict(asked.where).items() if v is not None}
