"""Policies of an organisation as the manifest core reads them: checked one by one, compiled together."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from alm_workbench.contexts.tenant.domain import ROLE_CODE, refuse
from alm_workbench.contexts.tenant.policy_messages import PolicyWarningDTO, TenantPolicies
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.mpc import CompiledManifest, Diagnostic, DomainMeta, check, thaw
from alm_workbench.mpc.analysis.conditions import condition_of
from alm_workbench.mpc.model.rule_index import rule_index
from alm_workbench.shared.names import DECEIVES, deceives

MAX_POLICIES = 100
MAX_SIZE = 20_000
"""Characters of a definition as JSON."""
KEPT = 512
PROPERTIES = ("labels", "events", "applies_to", "when", "effect", "priority", "message")
"""Of a manifest's Policy without intents: nothing follows from what an organisation allows."""
Entry = tuple[str, Mapping[str, Any], int]
"""Code, definition and row version."""


def check_code(code: str) -> str:
    """A code fit for addresses and reasons; raises ``InvalidInput``."""
    if not ROLE_CODE.fullmatch(code):
        raise refuse("/code", "pattern", "a policy's code has 2 to 40 lower-case letters, digits and underscores")
    return code


def checked(code: str, definition: Mapping[str, Any], meta: DomainMeta) -> dict[str, Any]:
    """A definition that the core understands; raises ``InvalidInput`` with the place of everything wrong with it."""
    for name in definition:
        if name not in PROPERTIES:
            pointer = f"/definition/{name}"
            raise refuse(pointer, "E_META_UNKNOWN_PROPERTY", f"{name!r} is none of {', '.join(PROPERTIES)}")
    if len(json.dumps(definition, ensure_ascii=False, default=str)) > MAX_SIZE:
        raise refuse("/definition", "too-long", f"a definition has at most {MAX_SIZE} characters")
    types = definition.get("applies_to", [])
    if not isinstance(types, (str, list, tuple)) or not all(isinstance(one, str) and one for one in _listed(types)):
        raise refuse("/definition/applies_to", "type", "'applies_to' is a type, or a list of types")
    text = source([(code, definition)])
    found = [d for d in _check(text, meta).diagnostics if d.severity == "error"]
    if found:
        items = [ErrorItem(pointer_of(d), d.code, _told(d, definition, text)) for d in found]
        raise InvalidInput(f"{items[0].path}: {items[0].message}", errors=items)
    for name in ("labels", "message"):
        told = definition.get(name) or {}
        for lang, words in told.items() if isinstance(told, Mapping) else [("", told)]:
            if deceives(words):
                raise refuse(f"/definition/{name}/{lang}".rstrip("/"), "characters", DECEIVES)
    return dict(definition)


def labels(definition: Mapping[str, Any]) -> dict[str, str]:
    """Its names by language; one text alone is English, as in manifests."""
    found = definition.get("labels") or {}
    return {"en": found} if isinstance(found, str) else dict(found)


def pointer_of(diagnostic: Diagnostic) -> str:
    """``defs/title_needed/when`` as a JSON pointer into the message."""
    return "/".join(["/definition", *(diagnostic.path or "").split("/")[2:]])


def _told(diagnostic: Diagnostic, definition: Mapping[str, Any], text: str) -> str:
    """The core's words; of an expression with the column, where its text stands in the document as it was given."""
    when = definition.get("when")
    start = text.find('"when": "') + len('"when": "')
    if diagnostic.span is None or not isinstance(when, str) or not text.startswith(f'{when}"', start):
        return diagnostic.message
    column = diagnostic.span.start - start + 1
    inside = pointer_of(diagnostic) == "/definition/when" and column >= 1
    return f"column {column}: {diagnostic.message}" if inside else diagnostic.message


def warnings(code: str, definition: Mapping[str, Any], meta: DomainMeta) -> Iterator[PolicyWarningDTO]:
    """What is allowed and perhaps not meant."""
    for found in _check(source([(code, definition)]), meta).diagnostics:
        if found.severity == "warning":
            yield PolicyWarningDTO(pointer_of(found), found.code, {"en": found.message})
    forbids = definition.get("effect", "deny") == "deny" and not definition.get("applies_to")
    if forbids and condition_of(definition.get("when")) is None:
        events = ", ".join(_listed(definition.get("events")))
        text = {
            "en": f"refuses this of every item to everybody, owners too: {events or 'every event'}",
            "tr": f"bunu her öğe için, kuruluş sahipleri dahil herkese reddeder: {events or 'her olay'}",
        }
        yield PolicyWarningDTO("/definition/when", "denies-everybody", text)


def in_force(entries: Iterable[Entry], meta: DomainMeta) -> TenantPolicies | None:
    """Enabled policies made ready to decide; None where there are none.

    A policy that was kept under another vocabulary and cannot be read any more refuses what it is about: what it wanted
    to forbid is unknown, so nothing of it is let through.
    """
    found = sorted(entries)
    if not found:
        return None
    compiled = _check(source([(code, definition) for code, definition, _ in found]), meta).rules
    if compiled is None:
        readable = [(code, _readable(code, definition, meta)) for code, definition, _ in found]
        compiled = _check(source([pair for pair in readable if pair[1]]), meta).rules
    if compiled is None:
        return None
    types = {code: tuple(_listed(definition.get("applies_to"))) for code, definition, _ in found}
    return TenantPolicies(about(compiled, types), {code: version for code, _, version in found})


def about(compiled: CompiledManifest, types: Mapping[str, tuple[str, ...]]) -> CompiledManifest:
    """The rules with the types they are about; those stand in the processes, where the core does not look for them."""
    if not any(types.values()):
        return compiled
    policies = tuple(replace(policy, applies_to=types[policy.id]) for policy in compiled.policies)
    index = rule_index(compiled.roles, compiled.acl, policies)
    return replace(compiled, policies=policies, rules=index)


def _readable(code: str, definition: Mapping[str, Any], meta: DomainMeta) -> Mapping[str, Any]:
    if _check(source([(code, definition)]), meta).rules is not None:
        return definition
    if definition.get("effect") == "allow":
        return {}
    message = {
        "en": f"The policy {code} cannot be read any more; correct it or switch it off",
        "tr": f"{code} politikası artık okunamıyor; düzeltin ya da kapatın",
    }
    events = [event for event in _listed(definition.get("events")) if event in meta.allowed_events]
    return {"events": events, "effect": "deny", "message": message}


def source(policies: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Policies as a document of the core. What is said of deleting holds for the bin, which is how items are deleted."""
    nodes = []
    for code, definition in policies:
        node = {"kind": "Policy", "id": code, **({"when": definition["when"]} if "when" in definition else {})}
        rest = {name: value for name, value in definition.items() if name not in (*node, "applies_to")}
        events = _listed(rest.get("events"))
        if "delete" in events and "soft_delete" not in events:
            rest["events"] = [*events, "soft_delete"]
        nodes.append(node | rest)
    head = {"schemaVersion": 2, "namespace": "tenant", "name": "policies", "manifestVersion": "1.0.0"}
    return json.dumps({**head, "defs": nodes}, indent=1, ensure_ascii=False, default=thaw)


def _listed(events: Any) -> list[Any]:
    return list(events) if isinstance(events, (list, tuple)) else [] if events is None else [events]


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the core says of a document, and its rules; those have no lines that anybody could open."""

    diagnostics: tuple[Diagnostic, ...]
    rules: CompiledManifest | None


_CHECKED: OrderedDict[tuple[str, str], _Checked] = OrderedDict()
_LOCK = threading.Lock()


def _check(text: str, meta: DomainMeta) -> _Checked:
    """The documents used last are kept; organisations with the same policies share one."""
    key = (text, meta.hash)
    with _LOCK:
        if found := _CHECKED.get(key):
            _CHECKED.move_to_end(key)
            return found
    result = check(text, meta, format="json")
    rules = None
    if result.compiled is not None:
        policies = tuple(replace(policy, span=None, when_span=None) for policy in result.compiled.policies)
        rules = replace(result.compiled, policies=policies)
    made = _Checked(result.diagnostics, rules)
    with _LOCK:
        made = _CHECKED.setdefault(key, made)
        while len(_CHECKED) > KEPT:
            _CHECKED.popitem(last=False)
    return made
