"""Policies: rules about what may happen. Deny wins; an undecided deny rule denies, an undecided allow rule does not allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..expr.scope import EvalContext
from ..model import CompiledManifest, PolicyDef
from .common import Reason, decide, explained, leaf_values, scope_of


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an event may happen; `rule_id` is the decisive rule, None when no rule spoke."""

    allow: bool
    reasons: tuple[Reason, ...] = ()
    intents: tuple[Mapping[str, Any], ...] = ()
    rule_id: str | None = None


def decide_policy(compiled: CompiledManifest, ctx: EvalContext, type_id: str) -> Decision:
    """Decide on the event in `ctx.event["name"]` for an item of a type."""
    scope = scope_of(compiled, ctx)
    denials: list[Reason] = []
    allowances: list[Reason] = []
    intents: dict[bool, list[Mapping[str, Any]]] = {True: [], False: []}
    for policy in candidates(compiled, str(ctx.event.get("name", "")), type_id):
        outcome = decide(compiled, policy.when, scope)
        deny = policy.effect == "deny"
        if outcome is False or (outcome is None and not deny):
            continue
        (denials if deny else allowances).append(_reason(compiled, policy, outcome, scope))
        intents[not deny].extend(policy.intents)
    if denials:
        return Decision(False, tuple(denials), _unique(intents[False]), denials[0].rule_id)
    return Decision(True, tuple(allowances), _unique(intents[True]), allowances[0].rule_id if allowances else None)


def candidates(compiled: CompiledManifest, event: str, type_id: str) -> tuple[PolicyDef, ...]:
    """Policies about an event and a type, highest priority first."""
    return _index(_Key(compiled)).get((event, type_id), ()) if type_id in compiled.types else _any(compiled, event)


def _any(compiled: CompiledManifest, event: str) -> tuple[PolicyDef, ...]:
    found = [p for p in compiled.policies if event in p.events and not p.applies_to]
    return tuple(sorted(found, key=lambda p: (-p.priority, p.id)))


class _Key:
    """Caches by the artefact's hash while holding the manifest itself."""

    __slots__ = ("compiled",)

    def __init__(self, compiled: CompiledManifest) -> None:
        self.compiled = compiled

    def __hash__(self) -> int:
        return hash(self.compiled.artifact_hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.compiled.artifact_hash == other.compiled.artifact_hash


@lru_cache(maxsize=64)
def _index(key: _Key) -> dict[tuple[str, str], tuple[PolicyDef, ...]]:
    found: dict[tuple[str, str], list[PolicyDef]] = {}
    for policy in sorted(key.compiled.policies, key=lambda p: (-p.priority, p.id)):
        for event in policy.events:
            for type_id in policy.applies_to or key.compiled.types:
                found.setdefault((event, type_id), []).append(policy)
    return {pair: tuple(policies) for pair, policies in found.items()}


def _reason(compiled: CompiledManifest, policy: PolicyDef, outcome: bool | None, scope: Any) -> Reason:
    said = policy.message.get("en")
    place = policy.when_span or policy.span
    if policy.when is None:
        code = "R_POLICY_DENY" if policy.effect == "deny" else "R_POLICY_ALLOW"
        return Reason(code, said or f"Policy '{policy.label()}' applies", policy.id, place, labels=policy.message)
    why = explained(compiled, policy.when, scope)
    code = "R_EXPR_UNDECIDED" if outcome is None else "R_POLICY_DENY" if policy.effect == "deny" else "R_POLICY_ALLOW"
    verb = "Denied" if policy.effect == "deny" else "Allowed"
    message = f"{said or f'{verb} by policy {policy.label()}'} ({why})"
    return Reason(code, message, policy.id, place, leaf_values(why), policy.message)


def _unique(intents: list[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    seen: set[tuple[str, str, str]] = set()
    found = []
    for intent in intents:
        key = (
            str(intent.get("kind")),
            str(intent.get("target")),
            str(intent.get("idempotencyKey", intent.get("params"))),
        )
        if key not in seen:
            seen.add(key)
            found.append(intent)
    return tuple(found)
