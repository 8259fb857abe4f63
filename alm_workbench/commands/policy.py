"""``alm policy``: ask the rules of a manifest what they would decide, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from alm_workbench.commands.common import json_option, show
from alm_workbench.commands.json_options import JSON_FORMS, mapping
from alm_workbench.commands.manifest_files import LIBRARY, compiled, vocabulary, warn_of_unknown
from alm_workbench.mpc import (
    AclDecision,
    CompiledManifest,
    Decision,
    EvalContext,
    Reason,
    Span,
    decide_acl,
    decide_policy,
    thaw,
)

FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
LANG = click.option("--lang", type=click.Choice(["en", "tr"]), default="en", help="Language of the sentences.")
Answer = AclDecision | Decision


@click.group()
def policy() -> None:
    """Ask the rules of a manifest what they would decide, and why."""


@policy.command("explain")
@FILE
@LIBRARY
@click.option("--event", "event_file", required=True, metavar=JSON_FORMS, help="The event: name, object, …")
@click.option("--actor", "actor_text", metavar=JSON_FORMS, help="The actor: id, roles, attributes.")
@click.option("--item", "item_text", metavar=JSON_FORMS, help="The item: type, state, fields, …")
@LANG
@json_option
def explain(
    file: Path,
    libraries: tuple[Path, ...],
    event_file: str,
    actor_text: str | None,
    item_text: str | None,
    lang: str,
    as_json: bool,
) -> None:
    """What the policies say about an event, and why each of them does or does not speak.

    The event's ``object`` stands for the item and its ``actor`` for the actor where no others are given.
    """
    rules = compiled(file, libraries)
    event = mapping("--event", event_file)
    about = event.get("object") if isinstance(event.get("object"), dict) else {}
    item = completed(rules, mapping("--item", item_text) if item_text else dict(about or {}))
    actor = mapping("--actor", actor_text) if actor_text else event.get("actor") or {}
    type_id = str(item.get("type") or (about or {}).get("type") or "")
    warn_of_unknown("type", [type_id], rules.types)
    warn_of_unknown("event", [str(event.get("name") or "")], vocabulary().allowed_events)
    warn_of_unknown("role", map(str, known(actor).get("roles") or ()), rules.roles)
    found = decide_policy(rules, EvalContext(item, known(actor), event), type_id)
    show(data_of(found, lang), as_json, lambda: lines_of(found, lang))


@policy.command("acl")
@FILE
@LIBRARY
@click.option("--action", required=True, help="What is to be done, such as read or update.")
@click.option("--resource", required=True, help="A type, or type.field.")
@click.option("--roles", default="", help="Roles of the actor, separated by commas.")
@click.option("--attrs", "attrs_text", metavar=JSON_FORMS, help="Attributes of the actor.")
@click.option("--actor-id", default="", help="Who the actor is, for rules that compare it with the item.")
@click.option("--item", "item_text", metavar=JSON_FORMS, help="The item, for rules that look at it.")
@LANG
@json_option
def acl(
    file: Path,
    libraries: tuple[Path, ...],
    action: str,
    resource: str,
    roles: str,
    attrs_text: str | None,
    actor_id: str,
    item_text: str | None,
    lang: str,
    as_json: bool,
) -> None:
    """Whether an actor may do something, which rule decides, and what stays hidden."""
    rules = compiled(file, libraries)
    type_id, field = type_and_field(rules, resource)
    attributes = mapping("--attrs", attrs_text) if attrs_text else {}
    names = [role.strip() for role in roles.split(",") if role.strip()]
    warn_of_unknown("role", names, rules.roles)
    warn_of_unknown("type", [type_id], rules.types)
    if field and (kind := rules.find_type(type_id)) is not None:
        warn_of_unknown("field", [field], [*kind.fields, *vocabulary().core_fields])
    warn_of_unknown("action", [action], [*vocabulary().actions, *(word for rule in rules.acl for word in rule.actions)])
    item = completed(rules, {"type": type_id, **(mapping("--item", item_text) if item_text else {})})
    actor = {"id": actor_id or None, "roles": names, "attributes": attributes}
    found = decide_acl(rules, action, type_id, EvalContext(item, actor, {"name": action}), field or None)
    data = {**data_of(found, lang), "masked": sorted(found.mask)}
    hidden = found.explain_mask(lang)
    show(data, as_json, lambda: [*lines_of(found, lang), *([hidden] if hidden else [])])


def type_and_field(rules: CompiledManifest, resource: str) -> tuple[str, str]:
    """The type and the field, if any, of a resource; ids of imported types hold dots themselves."""
    if "." not in resource or resource in rules.types:
        return resource, ""
    type_id, _, field = resource.rpartition(".")
    return type_id, field


def completed(rules: CompiledManifest, item: dict[str, Any]) -> dict[str, Any]:
    """An item with what the manifest tells of it: the category of its state."""
    flow = rules.workflow_of(str(item.get("type") or ""))
    state = flow.states.get(str(item.get("state") or "")) if flow else None
    return {"state_category": state.category, **item} if state is not None else item


def known(actor: Any) -> dict[str, Any]:
    """An actor of ours or of the contract: what it claims are its attributes."""
    given = dict(actor) if isinstance(actor, dict) else {}
    given.setdefault("attributes", given.get("attrs") or given.get("claims") or {})
    return given


def lines_of(found: Answer, lang: str) -> list[str]:
    """A decision for people: the answer, then every other rule."""
    others = [c for c in found.candidates if c.fate != "fired"]
    out = found.explain(lang).splitlines()
    return out + [f"  {candidate.explain(lang)}" for candidate in others]


def data_of(found: Answer, lang: str) -> dict[str, Any]:
    """A decision for programs."""
    return {
        "allow": found.allow,
        "rule": found.rule_id,
        "manifest_hash": found.manifest_hash,
        "span": place(found.span),
        "explanation": found.explain(lang),
        "reasons": [reason_data(reason) for reason in found.reasons],
        "intents": [thaw(intent) for intent in getattr(found, "intents", ())],
        "candidates": [
            {"rule": c.rule_id, "effect": c.effect, "outcome": c.fate, "span": place(c.span)} for c in found.candidates
        ],
    }


def reason_data(reason: Reason) -> dict[str, Any]:
    """A reason for programs."""
    return {
        "code": reason.code,
        "message": reason.message,
        "rule": reason.rule_id,
        "span": place(reason.span),
        "values": thaw(reason.values),
        "labels": dict(reason.labels),
    }


def place(span: Span | None) -> dict[str, Any] | None:
    """A span for programs."""
    return {"file": span.file, "line": span.line, "col": span.col} if span else None
