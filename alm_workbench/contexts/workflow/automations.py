"""What follows an event: those who are concerned hear of it, then the automations of the process act, and allowing policies."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alm_workbench.contexts.artifact.facts import gather, scatter
from alm_workbench.contexts.artifact.messages import FactsOf
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.notification.messages import Observe
from alm_workbench.contexts.project.messages import ActiveProcess
from alm_workbench.contexts.workflow.acting import Occasion, carry_out
from alm_workbench.contexts.workflow.intents import Intent
from alm_workbench.contexts.workflow.messages import Follow, Happening
from alm_workbench.errors import Conflict
from alm_workbench.mpc import CompiledManifest
from alm_workbench.mpc.engines.common import decide, scope_of
from alm_workbench.shared.context import MessageContext

DEEPEST = 5
CHAIN = "automations-chain"
"""Where a transaction keeps the rules that are acting, the first one first."""


@dataclass(frozen=True, slots=True)
class ActingRule:
    """A rule that asks for something once an event happened; no types means any."""

    id: str
    types: frozenset[str]
    when: str | None
    intents: tuple[Intent, ...]


class FollowHandler:
    """Carries out what follows."""

    def __call__(self, ctx: MessageContext, message: Follow) -> int:
        if not message.happenings:
            return 0
        ctx.ask(Observe(message.project_id, message.happenings))
        process = ctx.ask(ActiveProcess(message.project_id))
        rules = acting_rules(process.compiled)
        due = [(rule, happening) for happening in message.happenings for rule in matching(rules, happening)]
        if len(due) > 1:  # conditions look at items as they are now, all of them read at once until something changes
            gather(ctx, {item.id for _, happening in due if (item := happening.after or happening.before)})
        done = 0
        try:
            for rule, happening in due:
                acted = follow(ctx, process, rule, happening)
                if acted:
                    scatter(ctx)
                done += acted
        finally:
            scatter(ctx)
        return done


def matching(rules: Mapping[str, tuple[ActingRule, ...]], happening: Happening) -> Iterator[ActingRule]:
    """The rules about an event and the type of its item; whatever is about ``delete`` is about the way into the bin."""
    item = happening.after or happening.before
    names = ("delete", "soft_delete") if happening.event == "soft_delete" else (happening.event,)
    found = {rule.id: rule for name in names for rule in rules.get(name, ())}
    for rule in found.values():
        if item is not None and (not rule.types or item.type in rule.types):
            yield rule


def follow(ctx: MessageContext, process: ProcessVersion, rule: ActingRule, happening: Happening) -> int:
    """Let one rule act where its condition holds; raises ``Conflict`` where rules lead to each other without end."""
    item = happening.after or happening.before
    if item is None:
        return 0
    event = {**happening.params, "name": happening.event, "changes": list(happening.changes)}
    context = ctx.ask(FactsOf(item, event))
    if decide(process.compiled, rule.when, scope_of(process.compiled, context)) is not True:
        return 0
    chain: list[str] = ctx.memo.setdefault(CHAIN, [])
    if len(chain) >= DEEPEST:
        line = " -> ".join([*chain, rule.id])
        raise Conflict(f"The process leads from one thing to the next without end at {item.key}: {line}", chain=line)
    chain.append(rule.id)
    try:
        return carry_out(ctx, Occasion(process, item, context, rule.id), rule.intents)
    finally:
        chain.pop()


def acting_rules(compiled: CompiledManifest) -> Mapping[str, tuple[ActingRule, ...]]:
    """By event, the automations and the allowing policies that ask for something, in the order of their ids."""
    found = _READY.get(compiled.artifact_hash)
    if found is None:
        if len(_READY) >= 64:
            _READY.popitem(last=False)
        found = _READY[compiled.artifact_hash] = _by_event(compiled)
    return found


_READY: OrderedDict[str, Mapping[str, tuple[ActingRule, ...]]] = OrderedDict()


def _by_event(compiled: CompiledManifest) -> Mapping[str, tuple[ActingRule, ...]]:
    found: dict[str, list[ActingRule]] = {}
    for policy in compiled.policies:
        if policy.effect == "allow" and policy.intents:
            rule = ActingRule(policy.id, frozenset(policy.applies_to) - {"*"}, policy.when, policy.intents)
            for event in policy.events or EVENTS:
                found.setdefault(event, []).append(rule)
    for automation in compiled.automations:
        rule = ActingRule(automation.id, frozenset(automation.applies_to), automation.when, automation.intents)
        for event in automation.events:
            found.setdefault(event, []).append(rule)
    return {event: tuple(rules) for event, rules in found.items()}


EVENTS = (
    "create", "update", "delete", "transition", "assign", "comment", "attach", "close", "reopen", "soft_delete",
    "restore", "link", "unlink",
)  # fmt: skip
