"""Intents carried out on items, in the transaction of whatever brought them about.

The process acts, not the person: rights are nobody's, but types of fields, references, policies and rules that keep a
field from being updated hold as for everybody (``Principal.kind`` is ``process``). What cannot be carried out stops
everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    LinkArtifacts,
    SituationOf,
    UpdateArtifact,
)
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.notification.messages import Notify, NotifyWatchers
from alm_workbench.contexts.planning.team_messages import ListTeams
from alm_workbench.contexts.project.messages import ActorsWithRoles
from alm_workbench.contexts.workflow.intents import ACTING, APPROVAL, Intent, field_of, recipients_of, task_type, tie_of
from alm_workbench.errors import Conflict, ErrorItem, InvalidInput
from alm_workbench.mpc import CompiledManifest, EvalContext, MPCError
from alm_workbench.mpc.engines.common import program_for, scope_of
from alm_workbench.shared.context import DecisionRecord, MessageContext

CHANGING = ("setField", "tag")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What some intents are about: an item as it is, the facts that expressions see, and the rule that asks."""

    process: ProcessVersion
    item: ArtifactDTO
    context: EvalContext
    rule_id: str


def carry_out(ctx: MessageContext, about: Occasion, intents: Sequence[Intent]) -> int:
    """Carry out what a rule asks for; gives how many intents that were.

    What is to be changed of the item is changed at once. Raises ``Conflict`` for an intent that nothing can carry out,
    and whatever the change of an item raises.
    """
    asked = [intent for intent in intents if intent.get("kind") != APPROVAL]
    if not asked:
        return 0
    acting = as_process(ctx)
    changes = [intent for intent in asked if intent.get("kind") in CHANGING]
    for intent in asked:
        kind = str(intent.get("kind"))
        if kind not in ACTING:
            raise Conflict(f"'{about.rule_id}' asks for '{kind}', which cannot be carried out on items")
        if intent in changes:
            if intent is changes[0]:
                change(acting, about, changes)
        elif kind == "notify":
            tell(acting, about, intent)
        elif kind == "createTask":
            open_task(acting, about, intent)
    ctx.decided(record_of(about, asked))
    return len(asked)


def as_process(ctx: MessageContext) -> MessageContext:
    """The same transaction, in which the process asks."""
    if ctx.principal.kind == "process":
        return ctx
    return replace(ctx, principal=replace(ctx.principal, kind="process"))


def record_of(about: Occasion, intents: Sequence[Intent]) -> DecisionRecord:
    """What the decision log keeps of a rule that acted."""
    compiled = about.process.compiled
    reasons = [
        {
            "code": "R_INTENT",
            "message": " ".join(str(part) for part in (said_of(intent), intent.get("target")) if part),
            "rule_id": about.rule_id,
        }
        for intent in intents
    ]
    return DecisionRecord(
        "allow", "Artifact", about.item.id, about.rule_id, reasons, compiled.artifact_hash, about.process.version_id
    )


def said_of(intent: Intent) -> str:
    """An intent by its name; one that records says what."""
    params = intent.get("params") or {}
    return str(params.get("action")) if intent.get("kind") == "audit" else str(intent.get("kind"))


# -- changing the item


def change(ctx: MessageContext, about: Occasion, intents: Sequence[Intent]) -> None:
    """Set fields and tags of the item in one change; nothing where all of it is so already."""
    item = ctx.ask(SituationOf(about.item.id, "update")).artifact
    kind = about.process.compiled.types[item.type]
    fields: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for intent in intents:
        params = intent.get("params") or {}
        if intent["kind"] == "tag":
            have = properties.get("tags", item.tags)
            properties["tags"] = tagged(have, params.get("tags") or {})
            continue
        name = field_of(kind, intent.get("target"))
        if name is None:
            raise Conflict(f"'{about.rule_id}' sets {intent.get('target')!r}, which is no field of {kind.id}")
        value = value_of(about, params.get("value"))
        if name == "assignee_id":
            properties[name] = UUID(str(value)) if value else None
        elif name == "title":
            properties[name] = str(value)
        else:
            fields[name] = value
    fields = {name: value for name, value in fields.items() if item.fields.get(name) != value}
    properties = {name: value for name, value in properties.items() if getattr(item, name) != value}
    if fields or properties:
        with without_values(about, (intent.get("params") or {} for intent in intents)):
            ctx.ask(UpdateArtifact(item.id, item.version, fields=fields, **properties))


def tagged(have: Sequence[str], wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """Tags with some added and some taken away."""
    gone = {tag.casefold() for tag, on in wanted.items() if not on}
    kept = [tag for tag in have if tag.casefold() not in gone]
    known = {tag.casefold() for tag in kept}
    return tuple(sorted([*kept, *(tag for tag, on in wanted.items() if on and tag.casefold() not in known)]))


def value_of(about: Occasion, value: Any) -> Any:
    """A value as it is written, or what its expression gives."""
    if isinstance(value, Mapping):
        compiled = about.process.compiled
        text = str(value.get("expr"))
        try:
            return program_for(compiled, text, condition=False)(scope_of(compiled, about.context))
        except Exception as error:  # whatever an expression meets, the rule cannot act; values it met may be hidden
            why = f" ({error.code})" if isinstance(error, MPCError) else ""
            raise Conflict(f"'{about.rule_id}' cannot work out {text!r} for {about.item.key}{why}") from error
    return list(value) if isinstance(value, tuple) else value


@contextmanager
def without_values(about: Occasion, params: Iterable[Mapping[str, Any]]) -> Iterator[None]:
    """Complaints about values that a process worked out name their places only: it sees what is hidden from people."""
    values = [value for one in params for value in (one.get("value"), *(one.get("fields") or {}).values())]
    try:
        yield
    except InvalidInput as error:
        if not any(isinstance(value, Mapping) for value in values):
            raise
        message = f"what '{about.rule_id}' works out does not fit here"
        places = [ErrorItem(one.path, one.code, message) for one in error.errors]
        raise InvalidInput(f"{about.item.key}: {message}", errors=places) from error


# -- opening a task


def open_task(ctx: MessageContext, about: Occasion, intent: Intent) -> None:
    """Make a task that stands below the item, or is linked with it."""
    compiled, item = about.process.compiled, about.item
    params = intent.get("params") or {}
    kind = task_type(compiled, params)
    tie = tie_of(compiled, kind, item.type) if kind is not None else None
    if kind is None or tie is None:
        raise Conflict(f"'{about.rule_id}' opens a task, and no type of task hangs on a {item.type}")
    link, from_task = tie
    with without_values(about, [params]):
        task = ctx.ask(
            CreateArtifact(
                item.project_id,
                kind.id,
                filled(str(params.get("title") or ""), compiled, item),
                {name: value_of(about, value) for name, value in (params.get("fields") or {}).items()},
                parent_id=None if link else item.id,
                assignee_id=person_of(about, params.get("assignee")),
            )
        )
    if link:
        source, target = (task.id, item.id) if from_task else (item.id, task.id)
        ctx.ask(LinkArtifacts(source, link, target))


def filled(text: str, compiled: CompiledManifest, item: ArtifactDTO) -> str:
    """A title with the item's key, title, type and state in the places that name them: ``Review {key}``."""
    kind = compiled.types[item.type]
    words = {"key": item.key, "title": item.title, "type": kind.label(), "state": item.state}
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text[:500]


def person_of(about: Occasion, word: Any) -> UUID | None:
    """The one person that a word names."""
    item = about.item
    if word == "author":
        return item.created_by
    if word == "assignee":
        return item.assignee_id
    actor = about.context.actor.get("id")
    return UUID(str(actor)) if word == "actor" and actor else None


# -- telling people


def tell(ctx: MessageContext, about: Occasion, intent: Intent) -> None:
    """Tell whoever the target names, as far as they may read the item; whoever caused it knows already."""
    item, params = about.item, intent.get("params") or {}
    kind = str(params.get("template") or "notice")
    said = {**(params.get("data") or {}), "rule": about.rule_id}
    words = recipients_of(intent.get("target"))
    people = tuple(dict.fromkeys(person for word in words for person in recipients(ctx, about, word)))
    if people:
        ctx.ask(Notify(people, kind, item.project_id, "Artifact", item.id, params=plain_params(said)))
    if "watchers" in words:
        ctx.ask(NotifyWatchers(item.id, item.project_id, kind, plain_params(said), people))


def plain_params(value: Any) -> Any:
    """Frozen data of a manifest as plain JSON."""
    if isinstance(value, Mapping):
        return {str(name): plain_params(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_params(inner) for inner in value]
    return value


def recipients(ctx: MessageContext, about: Occasion, word: str) -> list[UUID]:
    """The people that one word of a target names."""
    item, compiled = about.item, about.process.compiled
    if word == "watchers":
        return []
    if word in ("author", "assignee", "actor"):
        found = person_of(about, word)
        return [found] if found else []
    if word == "last_actor":
        last = about.context.self_.get("last_actor")
        return [UUID(str(last))] if last else []
    if word.startswith("user:"):
        return [UUID(word[5:])]
    role = word.removeprefix("role:")
    if role != word or word in compiled.roles:
        return holders(ctx, compiled, item, (role,))
    name = field_of(compiled.types[item.type], word)
    return people_in(ctx, item.fields.get(name) if name else None)


def holders(ctx: MessageContext, compiled: CompiledManifest, item: ArtifactDTO, roles: Sequence[str]) -> list[UUID]:
    """Who holds one of some roles in the item's project, also by what the process says of roles."""
    wanted = frozenset(roles)
    wide = wanted | {code for code in compiled.roles if wanted & compiled.close_roles([code])}
    key = ("holders", item.project_id, wide)
    found: list[UUID] | None = ctx.memo.get(key)
    if found is None:
        found = ctx.memo[key] = sorted(ctx.ask(ActorsWithRoles(item.project_id, wide)))
    return found


def people_in(ctx: MessageContext, value: Any) -> list[UUID]:
    """The people that a value of a field names: somebody, or everybody of a team."""
    if not isinstance(value, str):
        return []
    try:
        named = UUID(value)
    except ValueError:
        return []
    team = next((team for team in ctx.ask(ListTeams()) if team.id == named), None)
    return [member.actor_id for member in team.members] if team else [named]
