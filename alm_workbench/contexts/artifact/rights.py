"""Who may do what with an item: rights of the item and of each field, policies, and refusals that tell no secrets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from alm_workbench.contexts.artifact.policies import TenantReason, Verdict, decide_policies
from alm_workbench.contexts.artifact.visibility import VisiblePayload as VisiblePayload
from alm_workbench.contexts.artifact.visibility import is_hidden, with_aliases
from alm_workbench.contexts.artifact.visibility import visible_payload as visible_payload
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.errors import AccessDenied, ErrorItem, InvalidInput
from alm_workbench.mpc import AclDecision, EvalContext, Reason, decide_acl
from alm_workbench.mpc.redaction import redact_reason
from alm_workbench.shared.context import DecisionRecord
from alm_workbench.shared.ids import ArtifactId


def require_access(
    process: ProcessVersion,
    action: str,
    type_id: str,
    context: EvalContext,
    artifact_id: ArtifactId | None,
    fields: Iterable[str] = (),
) -> AclDecision:
    """Let ACL decide about an action on the item as it is, and about each of the fields it sets by its own rules too.

    What the process itself asks for needs nobody's rights, but no field that a rule keeps from being updated is set.
    Raises ``AccessDenied`` with the record of the refusal, and ``InvalidInput`` for fields hidden from the actor.
    """
    compiled = process.compiled
    acl = decide_acl(compiled, action, type_id, context)
    if by_process(context):
        if action == "update":
            require_unfrozen(process, type_id, context, artifact_id, fields)
        return acl
    if not acl.allow:
        raise refusal(f"{action} of {type_id} is not allowed for you", process, context, type_id, acl, artifact_id)
    kind = compiled.types[type_id]
    ids = {kind.field_ids.get(name, name) for name in fields}
    if not ids:
        return acl
    hidden = ids & decide_acl(compiled, "read", type_id, context).mask
    if hidden:
        message = "you may not see this field, so you may not set it"
        items = [ErrorItem(f"/fields/{name}", "masked", message) for name in sorted(hidden)]
        raise InvalidInput("Fields that are hidden from you cannot be set", errors=items)
    for name in sorted(ids & acl.mask):
        field = decide_acl(compiled, action, type_id, context, name)
        label = kind.fields[name].label() if name in kind.fields else name
        raise refusal(f"{action} of {label!r} is not allowed for you", process, context, type_id, field, artifact_id)
    return acl


def by_process(context: EvalContext) -> bool:
    """Whether nobody in particular acts, but the process that is in force."""
    return context.actor.get("kind") == "process"


def require_unfrozen(
    process: ProcessVersion, type_id: str, context: EvalContext, artifact_id: ArtifactId | None, fields: Iterable[str]
) -> None:
    """Refuse a step that sets a field which a rule about that field forbids to update; raises ``AccessDenied``.

    Whoever may take a step may set what it needs without the right to update; a rule that names the field still holds.
    """
    compiled = process.compiled
    kind = compiled.types[type_id]
    for name in sorted({kind.field_ids.get(name, name) for name in fields}):
        acl = decide_acl(compiled, "update", type_id, context, name)
        about_it = acl.rule is not None and any(resource.endswith(f".{name}") for resource in acl.rule.resources)
        if not acl.allow and about_it:
            label = kind.fields[name].label() if name in kind.fields else name
            raise refusal(f"update of {label!r} is not allowed for you", process, context, type_id, acl, artifact_id)


def require_policy(
    process: ProcessVersion, type_id: str, context: EvalContext, artifact_id: ArtifactId | None, acl: AclDecision
) -> DecisionRecord:
    """Let the policies, the organisation's too, judge the item as it would be, after ACL allowed.

    Raises ``AccessDenied`` with its record.

    Gives the record of the allowance, for the decision log.
    """
    compiled = process.compiled
    policy = decide_policies(process, context, type_id)
    if not policy.allow:
        raise refusal(None, process, context, type_id, policy, artifact_id)
    return DecisionRecord(
        "allow",
        "Artifact",
        artifact_id,
        acl.rule_id,
        logged(process, [*acl.reasons, *policy.reasons]),
        compiled.artifact_hash,
        process.version_id,
        span_of(acl.reasons),
    )


def require_assignment(
    process: ProcessVersion, type_id: str, context: EvalContext, artifact_id: ArtifactId | None
) -> None:
    """Let the policies judge also that somebody else is to do it, whatever else a command changes.

    Raises ``AccessDenied``.
    """
    event = {"name": "assign", "changes": ["assignee"]}
    verdict = decide_policies(process, replace(context, event=event), type_id)
    if not verdict.allow:
        raise refusal(None, process, context, type_id, verdict, artifact_id)


def require(
    process: ProcessVersion,
    action: str,
    type_id: str,
    context: EvalContext,
    artifact_id: ArtifactId | None,
    fields: Iterable[str] = (),
) -> DecisionRecord:
    """Let ACL and then policy decide about an action that leaves the item as ``context`` has it."""
    acl = require_access(process, action, type_id, context, artifact_id, fields)
    return require_policy(process, type_id, context, artifact_id, acl)


def refusal(
    detail: str | None,
    process: ProcessVersion,
    context: EvalContext,
    type_id: str,
    decision: AclDecision | Verdict,
    artifact_id: ArtifactId | None,
) -> AccessDenied:
    """An ``AccessDenied`` that carries its record for the decision log; without a detail the first reason is it."""
    said = without_hidden_values(process, context, type_id, decision.reasons)
    error = AccessDenied(detail or said[0].message, reasons=[reason_data(reason) for reason in said])
    error.record = DecisionRecord(
        "deny",
        "Artifact",
        artifact_id,
        decision.rule_id,
        logged(process, decision.reasons),
        process.compiled.artifact_hash,
        process.version_id,
        span_of(decision.reasons),
    )
    return error


def without_hidden_values(
    process: ProcessVersion, context: EvalContext, type_id: str, reasons: Iterable[Reason]
) -> list[Reason]:
    """Reasons for the actor: a rule that looked at what the actor may not see is named, its values are not."""
    read = decide_acl(process.compiled, "read", type_id, context)
    hidden = with_aliases(process.compiled, type_id, read.mask) if read.allow else None
    return [without_hidden(reason, hidden) for reason in reasons]


def without_hidden(reason: Reason, hidden: frozenset[str] | None) -> Reason:
    """A reason without values of hidden fields, and without the words that quote them; None hides the whole item."""
    shown = {path: value for path, value in reason.values.items() if not is_hidden(path, hidden)}
    if len(shown) == len(reason.values):
        return reason
    message = reason.labels.get("en") or f"'{reason.rule_id}' decided, by a value that is hidden from you"
    return replace(reason, message=message, values=shown)


def logged(process: ProcessVersion, reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """Reasons for the decision log: without what the manifest keeps out of logs. Nobody changes them."""
    return [_logged(process, reason) for reason in reasons]


def _logged(process: ProcessVersion, reason: Reason) -> dict[str, Any]:
    """One reason; what says the same of every item is worked out once."""
    if isinstance(reason, TenantReason):
        return redact_reason(reason_data(reason), process.compiled.redaction)
    values = repr(reason.values)
    if len(values) + len(reason.message) > MAX_SHARED:
        return redact_reason(reason_data(reason), process.compiled.redaction)
    key = (process.version_id, reason.code, reason.rule_id, reason.span, reason.message, values)
    found = _SAME.get(key)
    if found is None:
        if len(_SAME) >= MAX_SAME:
            _SAME.clear()
        found = _SAME[key] = redact_reason(reason_data(reason), process.compiled.redaction)
    return found


MAX_SHARED = 2_000
"""Reasons with longer texts are worked out each time: what is kept for all stays small."""
MAX_SAME = 4_096
_SAME: dict[tuple[Any, ...], dict[str, Any]] = {}


def reason_data(reason: Reason) -> dict[str, Any]:
    """A reason as JSON-able data, for people and for the log.

    One of an organisation's policy has no lines but a ``place``, and what its author says in each language.
    """
    span = reason.span
    place: dict[str, Any] | None = None
    if span:
        place = {"line": span.line, "col": span.col, "end_line": span.end_line, "end_col": span.end_col}
        if span.file is not None:  # a rule that was imported stands in another manifest
            place["file"] = span.file
    data = {
        "code": reason.code,
        "message": reason.message,
        "rule_id": reason.rule_id,
        "span": place,
        "values": dict(reason.values),
    }
    if isinstance(reason, TenantReason):
        data["place"] = {"kind": "tenant policy", "code": reason.rule_id, "version": reason.version}
        data["labels"] = dict(reason.labels)
    return data


def span_of(reasons: Iterable[Reason]) -> dict[str, Any] | None:
    """The place of the first rule that has one."""
    return next((data["span"] for r in reasons if (data := reason_data(r))["span"]), None)
