"""What policies say of an event: the organisation's own, and those of the process below. Any denial wins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.tenant.policy_messages import TenantPolicies
from alm_workbench.mpc import CompiledManifest, Decision, EvalContext, Reason, decide_policy
from alm_workbench.mpc.engines.policy import candidates


@dataclass(frozen=True, slots=True)
class TenantReason(Reason):
    """A reason that a policy of the organisation gave: its place is that policy, at a version of its row."""

    version: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What both levels say together; ``reasons`` are those of the deciding side, the organisation first."""

    allow: bool
    rule_id: str | None
    reasons: tuple[Reason, ...]


def decide_policies(process: ProcessVersion, context: EvalContext, type_id: str) -> Verdict:
    """Let both levels judge the event in ``context``."""
    ours = decide_policy(process.compiled, context, type_id)
    theirs = by_tenant(process.policies, process.compiled, context, type_id)
    if process.policies is None or theirs is None:
        return Verdict(ours.allow, ours.rule_id, ours.reasons)
    allow = ours.allow and theirs.allow
    deciding = [decision for decision in (theirs, ours) if decision.allow is allow]
    placed = tuple(placed_reasons(process.policies, theirs)) if theirs in deciding else ()
    rule = next((decision.rule_id for decision in deciding if decision.rule_id), None)
    return Verdict(allow, rule, (*placed, *(ours.reasons if ours in deciding else ())))


def by_tenant(
    policies: TenantPolicies | None, compiled: CompiledManifest, context: EvalContext, type_id: str
) -> Decision | None:
    """What the organisation's policies say, None where none is about this; roles imply what the process says."""
    name = str(context.event.get("name", ""))
    if policies is None or not candidates(policies.compiled, name, type_id):
        return None
    actor = {**context.actor, "roles": sorted(compiled.close_roles(context.actor.get("roles")))}
    return decide_policy(policies.compiled, replace(context, actor=actor), type_id)


def placed_reasons(policies: TenantPolicies, decision: Decision) -> Iterator[TenantReason]:
    """The reasons of a decision with the version of the policy that gave them."""
    for r in decision.reasons:
        version = policies.versions.get(r.rule_id or "", 0)
        yield TenantReason(r.code, r.message, r.rule_id, None, r.values, r.labels, version)
