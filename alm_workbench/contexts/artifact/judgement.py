"""Whether somebody may do something with an item, room by room, in words: for answers that say why, and for Explain.

The same engines decide here as in the handlers, in the same order: privilege, workflow, access rules, policies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alm_workbench.contexts.artifact.messages import ItemAccessDTO, RefusalDTO
from alm_workbench.contexts.artifact.policies import by_tenant
from alm_workbench.contexts.artifact.rights import reason_data, without_hidden
from alm_workbench.contexts.artifact.visibility import is_hidden, with_aliases
from alm_workbench.contexts.artifact.wording import LANGUAGES, Texts, said, step_words
from alm_workbench.contexts.tenant.policy_messages import TenantPolicies
from alm_workbench.contexts.workflow.intents import requirements, step_intents
from alm_workbench.mpc import (
    AclDecision,
    CompiledManifest,
    Decision,
    EvalContext,
    Reason,
    TransitionDef,
    decide_acl,
    decide_policy,
    decide_transition,
)
from alm_workbench.shared.principal import grants

PRIVILEGES: Mapping[str, str] = {
    "read": "artifact:read",
    "create": "artifact:create",
    "update": "artifact:update",
    "delete": "artifact:delete",
    "restore": "artifact:delete",
    "link": "artifact:link",
    "unlink": "artifact:link",
    "transition": "artifact:transition",
    "import": "artifact:import",
}
"""The privilege behind each action on an item."""

EVENTS: Mapping[str, str] = {"delete": "soft_delete", "import": "create"}
RULED_AS: Mapping[str, str] = {"restore": "delete", "import": "create"}
STEP = "transition:"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one room said: ``others`` are the rules that could have spoken there, and why they did not decide."""

    room: str
    allowed: bool
    rule_id: str | None
    text: Texts
    span: Mapping[str, Any] | None = None
    values: Mapping[str, Any] | None = None
    others: tuple[tuple[str, str, Texts], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """An item, the process that judges it, and who asks: ``held`` are privileges, ``hidden`` what must not be told.

    ``policies`` are the organisation's own.
    """

    compiled: CompiledManifest
    type_id: str
    context: EvalContext
    held: frozenset[str]
    hidden: frozenset[str] | None
    policies: TenantPolicies | None = None

    @property
    def state(self) -> str:
        """The present state."""
        return str(self.context.self_.get("state") or "")


def findings(case: Case, action: str, *, full: bool = True) -> Iterator[Finding]:
    """Every room that is asked about an action, in their order; the first that refuses decides.

    ``full`` findings have words for allowances and name the rules that did not decide.
    """
    kind, step = (action.partition(":")[0], action.removeprefix(STEP)) if action.startswith(STEP) else (action, None)
    yield by_privilege(case.held, PRIVILEGES.get(kind, f"artifact:{kind}"))
    context = replace(case.context, event={"name": EVENTS.get(kind, kind), "changes": ()})
    if step is not None:
        verdict = decide_transition(case.compiled, case.type_id, case.state, step, _step_context(case, step))
        reasons = [without_hidden(reason, case.hidden) for reason in verdict.reasons]
        where = span(verdict.reasons) or (reason_data(Reason("", "", span=verdict.transition.span))["span"])
        text = step_words(verdict.transition.id, verdict.allowed, reasons)
        if verdict.allowed:
            text = with_approvals(case, verdict.transition, text)
        values = {path: value for reason in reasons for path, value in reason.values.items()}
        yield Finding("workflow", verdict.allowed, verdict.transition.id, text, where, values)
        context = _step_context(case, verdict.transition.id, verdict.transition.to)
    yield by_access(case, RULED_AS.get(kind, kind), context, full=full)
    if kind not in ("read", "transition") or step is not None:
        yield from _by_policies(case, context, full)
    if kind == "delete":  # policies about ``delete`` hold for the bin, too
        yield from _by_policies(case, replace(context, event={"name": "delete", "changes": ()}), full)


def _by_policies(case: Case, context: EvalContext, full: bool) -> Iterator[Finding]:
    if (found := by_tenant_policy(case, context, full=full)) is not None:
        yield found
    yield by_policy(case, context, full=full)


def with_approvals(case: Case, step: TransitionDef, text: Texts) -> Texts:
    """What is said of a step that is possible, and whose agreement it waits for before it is taken."""
    flow = case.compiled.workflow_of(case.type_id)
    needs = requirements(step_intents(flow, case.state, step)) if flow else ()
    if not needs:
        return text
    who = said("approvals", who="; ".join(f"{need.count} × {', '.join(need.roles)}" for need in needs))
    return {lang: f"{text[lang]}; {who[lang]}" for lang in LANGUAGES}


def _step_context(case: Case, step: str, target: str | None = None) -> EvalContext:
    event = {"name": "transition", "from": case.state, "to": target, "transition": step, "reason": None, "changes": ()}
    return replace(case.context, event=event)


def by_privilege(held: Iterable[str], code: str) -> Finding:
    """What the privileges say."""
    allowed = grants(held, code)
    return Finding("privilege", allowed, code, said("privilege" if allowed else "no_privilege", code=code))


def by_access(case: Case, action: str, context: EvalContext, field: str | None = None, *, full: bool = True) -> Finding:
    """What the access rules say about an item or one of its fields; not ``full``: words for refusals only."""
    decision = decide_acl(case.compiled, action, case.type_id, context, field)
    return _finding("access", case, decision, full)


def by_policy(case: Case, context: EvalContext, *, full: bool = True) -> Finding:
    """What the policies say; not ``full``: words for refusals only."""
    return _finding("policy", case, decide_policy(case.compiled, context, case.type_id), full)


def by_tenant_policy(case: Case, context: EvalContext, *, full: bool = True) -> Finding | None:
    """What the organisation's policies say, named with the version of their row; None where none is about it."""
    decision = by_tenant(case.policies, case.compiled, context, case.type_id)
    if case.policies is None or decision is None:
        return None
    found = _finding("tenant_policy", case, decision, full)
    if decision.rule_id is None or not found.text:
        return found
    place = said("tenant_policy", code=decision.rule_id, version=case.policies.versions.get(decision.rule_id, 0))
    return replace(found, text={lang: f"{text}\n{place[lang]}" for lang, text in found.text.items()})


def _finding(name: str, case: Case, decision: AclDecision | Decision, full: bool) -> Finding:
    if decision.allow and not full:
        return Finding(name, True, decision.rule_id, {})
    reasons = decision.reasons
    told = in_words(decision, reasons, case.hidden)
    if not full:
        return Finding(name, False, decision.rule_id, told)
    shown = [without_hidden(reason, case.hidden) for reason in reasons]
    values = {path: value for reason in shown for path, value in reason.values.items()}
    others = tuple(
        (c.rule_id, c.fate, {lang: c.explain(lang) for lang in LANGUAGES})
        for c in decision.candidates
        if c.rule_id != decision.rule_id
    )
    return Finding(name, decision.allow, decision.rule_id, told, span(shown), values, others)


def in_words(decision: AclDecision | Decision, reasons: Sequence[Reason], hidden: frozenset[str] | None) -> Texts:
    """A decision in every language; of a rule that looked at what is hidden only its name and place."""
    conceals = any(is_hidden(path, hidden) for reason in reasons for path in reason.values)
    told = {}
    for lang in LANGUAGES:
        lines = decision.explain(lang).split("\n")
        if conceals:
            lines = [f"{line.partition(': ')[0]}: {said('hidden_value')[lang]}" for line in lines]
        messages = [text for reason in reasons if (text := reason.labels.get(lang) or reason.labels.get("en"))]
        told[lang] = "\n".join([*dict.fromkeys(messages), *lines])
    return told


def span(reasons: Sequence[Reason]) -> Mapping[str, Any] | None:
    """The place of the first reason that has one."""
    return next((found for reason in reasons if (found := reason_data(reason)["span"])), None)


def refusal(found: Iterable[Finding]) -> Finding | None:
    """The room that refuses, if one does."""
    return next((finding for finding in found if not finding.allowed), None)


def actions_of(case: Case) -> list[str]:
    """What can be asked about an item: steps are those out of its present state."""
    if case.context.self_.get("deleted_at"):
        return ["read", "restore"]
    flow = case.compiled.workflow_of(case.type_id)
    seen = not is_hidden("self.state", case.hidden)
    steps = [STEP + step.id for step in flow.by_state.get(case.state, ())] if flow and seen else []
    return ["read", "update", "delete", "link", *dict.fromkeys(steps)]


def field_findings(case: Case, right: str) -> Callable[[str], Finding]:
    """What the rules say about single fields: a function of the field's id."""
    name = "update" if right == "update" else "read"
    context = replace(case.context, event={"name": name, "changes": ()})
    return lambda field: by_access(case, right, context, field, full=False)


def withheld(case: Case, right: str) -> frozenset[str] | None:
    """Fields that a right does not reach; None where it does not reach the item."""
    context = replace(case.context, event={"name": right, "changes": ()})
    decision = decide_acl(case.compiled, right, case.type_id, context)
    return with_aliases(case.compiled, case.type_id, decision.mask) if decision.allow else None


def access_of(case: Case) -> ItemAccessDTO:
    """All of it for one item."""
    verdicts = {action: refusal(findings(case, action, full=False)) for action in actions_of(case)}
    refused = [refused_by(finding, action, action) for action, finding in verdicts.items() if finding]
    kind = case.compiled.types.get(case.type_id)
    names = tuple(kind.fields) if kind else ()
    hidden, frozen = case.hidden, withheld(case, "update")
    visible = tuple(name for name in names if hidden is not None and name not in hidden)
    may_update = not verdicts.get("update", True)
    computed = {f.id for f in kind.fields.values() if f.computed} if kind else set()
    open_ = frozen is not None and may_update
    editable = tuple(n for n in visible if open_ and n not in (frozen or ()) and n not in computed)
    reads, updates = field_findings(case, "read"), field_findings(case, "update")
    fields = [refused_by(reads(name), name, "read") for name in names if name not in visible]
    for name in visible:
        if name in computed:
            fields.append(RefusalDTO(name, "update", "process", None, said("computed")))
        elif name not in editable:
            finding = updates(name)
            item = verdicts.get("update") if finding.allowed else None
            fields.append(refused_by(item or finding, name, "update"))
    allowed = tuple(action for action, finding in verdicts.items() if finding is None)
    return ItemAccessDTO(allowed, tuple(refused), visible, editable, tuple(fields))


def refused_by(finding: Finding, what: str, right: str) -> RefusalDTO:
    """A refusal for an answer."""
    return RefusalDTO(what, right, finding.room, finding.rule_id, finding.text)
