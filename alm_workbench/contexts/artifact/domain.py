"""What an item must be before it is kept, and the context in which rules look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.errors import AccessDenied, ErrorItem, InvalidInput, NotFound
from alm_workbench.mpc import (
    AclDecision,
    ArtifactTypeDef,
    CompiledManifest,
    EvalContext,
    Reason,
    clean_fields,
    decide_acl,
    decide_policy,
)
from alm_workbench.mpc.redaction import redact_reason
from alm_workbench.shared.context import DecisionRecord
from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId
from alm_workbench.shared.principal import Principal

MAX_TITLE = 500


@dataclass(frozen=True, slots=True)
class NewArtifact:
    """An item that passed every check and is ready to be written."""

    id: ArtifactId
    project_id: ProjectId
    type_id: str
    key: str
    title: str
    state: str
    category: str
    fields: Mapping[str, Any]
    parent_id: ArtifactId | None
    assignee_id: UUID | None
    version_id: VersionId
    workflow_id: str
    occurred_at: datetime
    originals: Mapping[str, str]
    search_text: str
    system: str | None = None
    ref: str | None = None
    aliased: bool = True


def type_of(compiled: CompiledManifest, name: str, pointer: str = "/artifact_type") -> ArtifactTypeDef:
    """The type called ``name`` (id, alias or label); raises ``InvalidInput`` naming the known ones."""
    found = compiled.find_type(name)
    if found is None:
        known = ", ".join(sorted(compiled.types))
        raise InvalidInput(
            f"There is no type {name!r} in {compiled.name} {compiled.version}",
            errors=[ErrorItem(pointer, "unknown-type", f"{name!r} is none of {known}")],
        )
    return found


def check_title(title: str) -> str:
    """A title: one line, not empty, at most 500 characters; raises ``InvalidInput``."""
    text = " ".join(title.split())
    if not text:
        raise InvalidInput("A title is needed", errors=[ErrorItem("/title", "required", "a title is needed")])
    if len(text) > MAX_TITLE:
        message = f"a title has at most {MAX_TITLE} characters, this one has {len(text)}"
        raise InvalidInput("The title is too long", errors=[ErrorItem("/title", "too-long", message)])
    return text


def checked_fields(
    compiled: CompiledManifest,
    kind: ArtifactTypeDef,
    values: Mapping[str, Any],
    context: EvalContext,
    existing: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Field values as they are kept; raises ``InvalidInput`` with every problem at its field."""
    result = clean_fields(compiled, kind.id, values, ctx=context, existing=existing, partial=existing is not None)
    if result.problems:
        items = [ErrorItem(f"/fields/{p.field}", p.code, p.message) for p in result.problems]
        raise InvalidInput(f"{items[0].path.removeprefix('/fields/')}: {items[0].message}", errors=items)
    return dict(result.values)


def item_view(artifact: ArtifactDTO, last_actor: UUID | None = None) -> dict[str, Any]:
    """``self`` as expressions see it."""
    return {
        "id": str(artifact.id),
        "key": artifact.key,
        "type": artifact.type,
        "title": artifact.title,
        "state": artifact.state,
        "state_category": artifact.state_category,
        "project_id": str(artifact.project_id),
        "parent_id": text_of(artifact.parent_id),
        "assignee": text_of(artifact.assignee_id),
        "assignee_id": text_of(artifact.assignee_id),
        "created_by": text_of(artifact.created_by),
        "updated_by": text_of(artifact.updated_by),
        "last_actor": text_of(last_actor),
        "created_at": artifact.created_at.isoformat(),
        "updated_at": artifact.updated_at.isoformat(),
        "deleted_at": artifact.deleted_at.isoformat() if artifact.deleted_at else None,
        "version": artifact.version,
        "fields": artifact.fields,
    }


def draft_view(
    kind: ArtifactTypeDef, title: str, state: str, category: str, fields: Mapping[str, Any], author: UUID, now: datetime
) -> dict[str, Any]:
    """``self`` of an item that does not exist yet."""
    return {
        "id": None,
        "key": None,
        "type": kind.id,
        "title": title,
        "state": state,
        "state_category": category,
        "project_id": None,
        "parent_id": None,
        "assignee": None,
        "assignee_id": None,
        "created_by": str(author),
        "updated_by": str(author),
        "last_actor": str(author),
        "created_at": now.isoformat(),
        "updated_at": now.isoformat(),
        "deleted_at": None,
        "version": 1,
        "fields": fields,
    }


def text_of(value: UUID | None) -> str | None:
    """An id as expressions compare it."""
    return str(value) if value else None


def actor_view(principal: Principal) -> dict[str, Any]:
    """``actor`` as expressions see it."""
    return {
        "id": str(principal.actor_id),
        "roles": sorted(principal.roles),
        "attributes": {"email": principal.email, "name": principal.display_name},
    }


def eval_context(
    principal: Principal,
    view: Mapping[str, Any],
    event: Mapping[str, Any],
    project: Mapping[str, Any],
    now: datetime,
    functions: Mapping[str, Callable[..., Any]],
) -> EvalContext:
    """Everything the rules of a manifest may look at."""
    return EvalContext(
        self_=view, actor=actor_view(principal), event=event, project=project, now=now, functions=functions
    )


def settable(
    process: ProcessVersion,
    action: str,
    type_id: str,
    context: EvalContext,
    artifact_id: ArtifactId | None,
    names: Iterable[str],
) -> AclDecision:
    """Let ACL decide about an action that sets these fields, each by its own rules too.

    Raises ``AccessDenied`` with the record of the refusal, and ``InvalidInput`` for fields hidden from the actor.
    """
    compiled = process.compiled
    acl = decide_acl(compiled, action, type_id, context)
    if not acl.allow:
        raise refusal(f"{action} of {type_id} is not allowed for you", process, acl.rule_id, acl.reasons, artifact_id)
    kind = compiled.types[type_id]
    ids = {kind.field_ids.get(name, name) for name in names}
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
        raise refusal(
            f"{action} of {label!r} is not allowed for you", process, field.rule_id, field.reasons, artifact_id
        )
    return acl


def frozen(
    process: ProcessVersion, type_id: str, context: EvalContext, artifact_id: ArtifactId, names: Iterable[str]
) -> None:
    """Refuse a step that sets a field which a rule about that field forbids to update; raises ``AccessDenied``.

    Whoever may take a step may set what it needs without the right to update; a rule that names the field still holds.
    """
    compiled = process.compiled
    kind = compiled.types[type_id]
    for name in sorted({kind.field_ids.get(name, name) for name in names}):
        acl = decide_acl(compiled, "update", type_id, context, name)
        about_it = acl.rule is not None and any(resource.endswith(f".{name}") for resource in acl.rule.resources)
        if not acl.allow and about_it:
            label = kind.fields[name].label() if name in kind.fields else name
            raise refusal(f"update of {label!r} is not allowed for you", process, acl.rule_id, acl.reasons, artifact_id)


def require(
    process: ProcessVersion,
    action: str,
    type_id: str,
    context: EvalContext,
    artifact_id: ArtifactId | None,
    *,
    names: Iterable[str] = (),
    after: Mapping[str, Any] | None = None,
) -> DecisionRecord:
    """Let ACL and then policy decide about an action; raises ``AccessDenied`` with the record of the refusal.

    ``names`` are the fields it sets. Rights are about the item as it is; policies look at the item as it would be, which
    is ``after`` where the action changes it.
    """
    compiled = process.compiled
    acl = settable(process, action, type_id, context, artifact_id, names)
    policy = decide_policy(compiled, context if after is None else replace(context, self_=after), type_id)
    if not policy.allow:
        first = policy.reasons[0].message if policy.reasons else f"a policy refuses to {action} {type_id}"
        raise refusal(first, process, policy.rule_id, policy.reasons, artifact_id)
    reasons = logged(process, [*acl.reasons, *policy.reasons])
    return DecisionRecord(
        "allow",
        "Artifact",
        artifact_id,
        acl.rule_id,
        reasons,
        compiled.artifact_hash,
        process.version_id,
        span_of(acl.reasons),
    )


def refusal(
    detail: str, process: ProcessVersion, rule_id: str | None, reasons: Iterable[Reason], artifact_id: ArtifactId | None
) -> AccessDenied:
    """An ``AccessDenied`` that carries its record for the decision log."""
    data = [reason_data(r) for r in reasons]
    error = AccessDenied(detail, reasons=data)
    error.record = DecisionRecord(
        "deny",
        "Artifact",
        artifact_id,
        rule_id,
        logged(process, reasons),
        process.compiled.artifact_hash,
        process.version_id,
        span_of(reasons),
    )
    return error


def logged(process: ProcessVersion, reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """Reasons for the decision log: without what the manifest keeps out of logs."""
    return [redact_reason(reason_data(reason), process.compiled.redaction) for reason in reasons]


def reason_data(reason: Reason) -> dict[str, Any]:
    """A reason as JSON-able data, for people and for the log."""
    span = reason.span
    place: dict[str, Any] | None = None
    if span:
        place = {"line": span.line, "col": span.col, "end_line": span.end_line, "end_col": span.end_col}
        if span.file is not None:  # a rule that was imported stands in another manifest
            place["file"] = span.file
    return {
        "code": reason.code,
        "message": reason.message,
        "rule_id": reason.rule_id,
        "span": place,
        "values": dict(reason.values),
    }


def span_of(reasons: Iterable[Reason]) -> dict[str, Any] | None:
    """The place of the first rule that has one."""
    return next((data["span"] for r in reasons if (data := reason_data(r))["span"]), None)


def masked(artifact: ArtifactDTO, fields: Iterable[str]) -> ArtifactDTO:
    """The item without the values of some fields."""
    from dataclasses import replace

    hidden = sorted(set(fields) & set(artifact.fields))
    if not hidden:
        return artifact
    kept = {name: value for name, value in artifact.fields.items() if name not in hidden}
    return replace(artifact, fields=kept, masked=tuple(hidden))


def not_found(artifact_id: object) -> NotFound:
    """The refusal of an unknown, deleted or foreign item: all alike."""
    return NotFound(f"there is no item {artifact_id}")
