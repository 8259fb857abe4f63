"""Access: who may do what with which type and field. Nothing matched means no.

Rules are asked by priority, highest first; at one priority a deny rule beats an allow rule. Roles and condition of a
rule must both hold. Where several allow rules of the deciding priority match, a field is masked only if all mask it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from ..ast import FrozenDict
from ..expr.scope import EvalContext, Scope
from ..model import AclDef, CompiledManifest
from .common import Reason, decide, explained, leaf_values, scope_of
from .policy import _Key


@dataclass(frozen=True, slots=True)
class AclDecision:
    """Whether an action is allowed, which fields stay hidden, and the deciding rule."""

    allow: bool
    reasons: tuple[Reason, ...] = ()
    mask: frozenset[str] = frozenset()
    rule_id: str | None = None


def decide_acl(
    compiled: CompiledManifest, action: str, type_id: str, ctx: EvalContext, field: str | None = None
) -> AclDecision:
    """Decide on an action on items of a type, or on one field of them."""
    scope = scope_of(compiled, ctx)
    decision = _decide(compiled, _rules(_Key(compiled), action, type_id, field), action, type_id, field, scope)
    if not decision.allow:
        return decision
    mask = decision.mask | _denied_fields(compiled, action, type_id, scope)
    if field is not None and field in mask:
        message = f"The field '{field}' of {type_id} is hidden from this actor"
        hidden = Reason("R_ACL_MASKED", message, decision.rule_id, decision.reasons[0].span)
        return AclDecision(False, (hidden,), frozenset(mask), decision.rule_id)
    return AclDecision(True, decision.reasons, frozenset(mask), decision.rule_id)


def _denied_fields(compiled: CompiledManifest, action: str, type_id: str, scope: Scope) -> set[str]:
    """Fields that rules about single fields deny."""
    return {
        name
        for name in _field_names(_Key(compiled), type_id)
        if not _decide(compiled, _rules(_Key(compiled), action, type_id, name), action, type_id, name, scope).allow
    }


def _decide(
    compiled: CompiledManifest,
    rules: Sequence[AclDef],
    action: str,
    type_id: str,
    field: str | None,
    scope: Scope,
) -> AclDecision:
    for _, level in groupby(rules, key=lambda rule: rule.priority):
        matched = [(rule, outcome) for rule in level if (outcome := _matches(compiled, rule, scope)) is not False]
        denial = next((pair for pair in matched if pair[0].effect == "deny"), None)
        if denial is not None:
            return AclDecision(False, (_reason(compiled, *denial, scope),), rule_id=denial[0].id)
        if matched:
            rule = matched[0][0]
            mask = frozenset.intersection(*(frozenset(found.mask) for found, _ in matched))
            return AclDecision(True, (_reason(compiled, rule, True, scope),), mask, rule.id)
    return AclDecision(False, (_nothing(action, type_id, field, scope),))


def _matches(compiled: CompiledManifest, rule: AclDef, scope: Scope) -> bool | None:
    if rule.roles and not scope.roles.intersection(rule.roles):
        return False
    outcome = decide(compiled, rule.condition, scope)
    return False if outcome is None and rule.effect == "allow" else outcome


def _reason(compiled: CompiledManifest, rule: AclDef, outcome: bool | None, scope: Scope) -> Reason:
    how = "ABAC" if rule.condition else "ROLE"
    effect = "ALLOW" if rule.effect == "allow" else "DENY"
    verb = "Allowed" if rule.effect == "allow" else "Denied"
    message = f"{verb} by access rule '{rule.label()}'"
    if rule.condition is None:
        return Reason(f"R_ACL_{effect}_{how}", message, rule.id, rule.span, _role_values(rule, scope))
    why = explained(compiled, rule.condition, scope)
    code = "R_EXPR_UNDECIDED" if outcome is None else f"R_ACL_{effect}_{how}"
    return Reason(code, f"{message} ({why})", rule.id, rule.condition_span or rule.span, leaf_values(why))


def _role_values(rule: AclDef, scope: Scope) -> FrozenDict:
    return FrozenDict({"rule.roles": rule.roles, "actor.roles": tuple(sorted(scope.roles))})


def _nothing(action: str, type_id: str, field: str | None, scope: Scope) -> Reason:
    what = f"{type_id}.{field}" if field else type_id
    have = ", ".join(sorted(scope.roles)) or "no role"
    message = f"No access rule lets {have} {action} {what}"
    return Reason("R_ACL_DENY_ROLE", message, values=FrozenDict({"actor.roles": tuple(sorted(scope.roles))}))


@lru_cache(maxsize=4_096)
def _rules(key: _Key, action: str, type_id: str, field: str | None) -> tuple[AclDef, ...]:
    resources = {"*", type_id}
    if field is not None:
        resources |= {f"{type_id}.{field}", f"*.{field}"}
    found = [
        rule for rule in key.compiled.acl if _any_of(rule.actions, (action, "*")) and _any_of(rule.resources, resources)
    ]
    return tuple(sorted(found, key=lambda rule: (-rule.priority, rule.effect != "deny", rule.id)))


def _any_of(values: Iterable[str], wanted: Iterable[str]) -> bool:
    return not set(wanted).isdisjoint(values)


@lru_cache(maxsize=1_024)
def _field_names(key: _Key, type_id: str) -> tuple[str, ...]:
    """Fields of a type that some rule is about."""
    found: dict[str, None] = {}
    for rule in key.compiled.acl:
        for resource in rule.resources:
            owner, _, field = resource.partition(".")
            if field and owner in (type_id, "*"):
                found[field] = None
    return tuple(found)
