"""What a caller may see of items: of those there are, of what the audit kept of them, and of what hangs on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.domain import CORE, eval_context
from alm_workbench.contexts.artifact.messages import ReadRights, ReadRightsOf
from alm_workbench.contexts.manifest.messages import CompiledVersion, ProcessVersion
from alm_workbench.contexts.project.acting import acting, project_facts
from alm_workbench.contexts.project.messages import ActiveProcess, VisibleProjects
from alm_workbench.errors import Conflict, NotFound
from alm_workbench.mpc import Authorizer, CompiledManifest, authorizer_of
from alm_workbench.mpc.engines.authorizer import Requester
from alm_workbench.mpc.engines.common import about, tree_of
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId

OF_AN_ITEM: Mapping[str, tuple[str, ...]] = {
    "ArtifactLink": ("source_id", "target_id"),
    "WorkflowInstance": ("artifact_id",),
    "StateHistory": ("artifact_id",),
    "Comment": ("artifact_id",),
    "Attachment": ("artifact_id",),
    "ApprovalRequest": ("artifact_id",),
    "ApprovalVote": ("artifact_id",),
    "CycleCapacity": ("cycle_id",),
    "WorkLog": ("artifact_id",),
}
"""Entity types whose payload is seen by whoever sees the items it names."""

BY_PRIVILEGE: Mapping[str, str] = {
    "Tenant": "tenant:read",
    "TenantPolicy": "tenant:read",
    "TenantWorkflow": "tenant:read",
    "Membership": "member:read",
    "MemberRole": "member:read",
    "Role": "member:read",
    "Invitation": "member:read",
    "Manifest": "manifest:read",
    "ManifestVersion": "manifest:read",
    "Project": "project:read",
    "ProjectActivation": "project:read",
    "ProjectMember": "project:read",
    "Team": "project:read",
    "TeamMember": "project:read",
    "ApiKey": "key:manage",
    "Erasure": "audit:read",
    "PluginData": "tenant:manage",
    "SavedQuery": "tenant:manage",
}
"""Entity types and the privilege that shows their payload; what is not listed needs ``tenant:manage``."""


SEEN_BY_RULES = (
    "id", "key", "title", "state", "state_category", "project_id", "parent_id", "assignee_id", "created_by",
    "updated_by", "created_at", "updated_at", "deleted_at", "version",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class VisiblePayload:
    """What of an audit payload may be shown.

    ``payload`` is None where nothing is: it was erased, or the caller may not see the entity (``hidden`` is ``("*",)``
    then). ``hidden`` names what was taken out, by field id or property.
    """

    payload: dict[str, Any] | None
    hidden: tuple[str, ...] = ()


WITHHELD = VisiblePayload(None, ("*",))


def visible_payload(ctx: MessageContext, entity_type: str, payload: Mapping[str, Any] | None) -> VisiblePayload:
    """An audit payload as the caller of ``ctx`` may see it; whoever shows snapshots or their diffs asks this first.

    ``payload`` is a snapshot's JSON object (a row of the entity's table), or None where it was erased. Items are judged
    three times, and the strictest counts: as they are now by the process in force, as they were by the process in force,
    and as they were by the version they were written under. So what was hidden later stays hidden in the past, and what
    was hidden in the past stays so. Other entity types are seen by a privilege, or with the items they hang on. Diff two
    payloads after both went through here; a caller with nothing hidden gets them back whole. Many payloads of one page
    are cheap: plans are kept in ``ctx.memo``, and the item itself is read only where a rule depends on it.
    """
    if payload is None:
        return VisiblePayload(None)
    if entity_type == "Artifact":
        hidden = hidden_of_payload(ctx, payload)
        return WITHHELD if hidden is None else without(payload, hidden)
    if entity_type in OF_AN_ITEM:
        seen = _of_an_item(ctx, entity_type, payload)
        return _of_a_request(ctx, seen.payload) if entity_type == "ApprovalRequest" and seen.payload else seen
    may = ctx.principal.may(BY_PRIVILEGE.get(entity_type, "tenant:manage")) or (
        BY_PRIVILEGE.get(entity_type) == "project:read" and _project_is_visible(ctx, payload)
    )
    return VisiblePayload(dict(payload)) if may else WITHHELD


def hidden_of_payload(ctx: MessageContext, payload: Mapping[str, Any]) -> frozenset[str] | None:
    """Fields of an item's payload that stay hidden; None where all of it does."""
    try:
        project_id, type_id = ProjectId(UUID(payload["project_id"])), str(payload["type_id"])
        item_id, version_id = ArtifactId(UUID(payload["id"])), VersionId(UUID(payload["manifest_version_id"]))
        judges = readers(ctx, project_id, version_id)
    except (Conflict, NotFound, KeyError, ValueError, TypeError):
        return None  # nobody can say by which rules it would be shown
    hidden = frozenset[str]()
    item: Mapping[str, Any] | None = None
    rights: ReadRights | None = None
    for authorizer, reader in judges:
        plan = authorizer.mask_plan(reader, "read", type_id)
        if not plan.constant:
            rights = rights or now_of(ctx, item_id)
            item = item or payload_view(payload)
            reader = reader.with_functions(rights.functions)
        found = plan.hidden(reader, item)
        if found is None:
            return None
        hidden |= with_aliases(authorizer.compiled, type_id, found)
    if rights is not None:
        return None if rights.hidden is None else hidden | rights.hidden
    return hidden


def readers(
    ctx: MessageContext, project_id: ProjectId, version_id: VersionId | None = None
) -> list[tuple[Authorizer, Requester]]:
    """The caller as a reader by the process in force in a project, and by another version beside it.

    Raises ``NotFound`` for a project the caller may not see and ``Conflict`` where no process is in force.
    """
    visible = ctx.memo.get("visible", ...)
    if visible is ...:
        visible = ctx.memo["visible"] = ctx.ask(VisibleProjects())
    if visible is not None and project_id not in visible:
        raise NotFound(f"there is no project {project_id}")
    process = ctx.ask(ActiveProcess(project_id))
    found = [reader_of(ctx, process, project_id)]
    if version_id is not None and version_id != process.version_id:
        key = f"version:{version_id}"
        earlier = ctx.memo.get(key)
        if earlier is None:
            earlier = ctx.memo[key] = ctx.ask(CompiledVersion(version_id))
        found.append(reader_of(ctx, earlier, project_id))
    return found


def reader_of(
    ctx: MessageContext,
    process: ProcessVersion,
    project_id: ProjectId,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> tuple[Authorizer, Requester]:
    """The caller as a reader of a project's items under one version; made once a request."""
    # a process may act in the transaction of somebody
    key = f"reader:{process.version_id}:{project_id}:{ctx.principal.kind}"
    found: tuple[Authorizer, Requester] | None = ctx.memo.get(key)
    if found is None:
        authorizer, me = authorizer_of(process.compiled), acting(ctx, project_id)
        project = project_facts(ctx, project_id)
        facts = eval_context(me, {}, {"name": "read"}, project, ctx.now, functions or {})
        found = ctx.memo[key] = (authorizer, authorizer.actor(facts))
    return found


def now_of(ctx: MessageContext, artifact_id: ArtifactId) -> ReadRights:
    """What the caller may see of an item now; asked once a request."""
    key = ("rights", artifact_id)
    found: ReadRights | None = ctx.memo.get(key)
    if found is None:
        found = ctx.memo[key] = ctx.ask(ReadRightsOf(artifact_id))
    return found


def with_aliases(compiled: CompiledManifest, type_id: str, hidden: frozenset[str]) -> frozenset[str]:
    """Hidden fields with the names they had before: items that were not written since are kept under those."""
    kind = compiled.types.get(type_id)
    if not hidden or kind is None:
        return hidden
    return hidden.union(*(kind.fields[name].aliases for name in hidden if name in kind.fields))


def hidden_of_decision(ctx: MessageContext, artifact_id: UUID, version_id: UUID | None) -> frozenset[str] | None:
    """What of an item stays hidden in a logged decision: by the process in force, and by the one that decided."""
    rights = now_of(ctx, ArtifactId(artifact_id))
    if not rights.exists:
        return None  # nobody can say who might see what is gone
    if rights.hidden is None or version_id is None or rights.project_id is None:
        return rights.hidden
    hidden = rights.hidden
    for authorizer, reader in readers(ctx, rights.project_id, VersionId(version_id))[1:]:
        found = closed_fields(authorizer, reader, rights.type_id)
        if found is None:
            return None
        hidden |= found
    return hidden


def is_hidden(path: str, hidden: frozenset[str] | None) -> bool:
    """Whether a path of an expression (``self.fields.cost``) leads to what is hidden; None hides the whole item."""
    head, *steps = ("self.created_by" if path == "author" else path).split(".")
    if head != "self":
        return False
    if hidden is None or not steps or steps == ["fields"]:  # the whole item, with what is hidden in it
        return hidden is None or bool(hidden)
    name = steps[1] if steps[0] == "fields" else steps[0]
    return name in hidden or any(name in CORE.get(other, ()) for other in hidden)


def closed_fields(authorizer: Authorizer, reader: Requester, type_id: str) -> frozenset[str] | None:
    """What is withheld of some item of a type, where no item is at hand; None where some item is withheld as a whole.

    A rule that depends on the item may speak or not, so only what every outcome shows is open.
    """
    plan = authorizer.mask_plan(reader, "read", type_id)
    if plan.constant:
        found = plan.hidden(reader)
    elif not _open(authorizer, reader, type_id, None):
        return None
    else:
        maybe = (name for group in plan.maybe for name in group)
        found = plan.always.union(name for name in maybe if not _open(authorizer, reader, type_id, name))
    return None if found is None else with_aliases(authorizer.compiled, type_id, found)


def _open(authorizer: Authorizer, reader: Requester, type_id: str, name: str | None) -> bool:
    """Whether the rules show a type, or a field of it, whatever the item is."""
    cell = authorizer.cell(reader, "read", type_id, name)
    scope = about(reader.scope, {"type": type_id})
    for step in cell.steps:
        text = step.rule.definition.condition
        holds: bool | None = None  # it depends on the item
        if step.program is not None and text is not None and not _looks_at_item(authorizer.compiled, text):
            with suppress(Exception):  # undecided: as good as dependent
                holds = bool(step.program(scope))
        if holds:
            return step.answer
        if holds is None and not step.answer:
            return False
    return cell.last is not None and cell.last.answer


def _looks_at_item(compiled: CompiledManifest, text: str) -> bool:
    paths = (str(node.value) for node in tree_of(compiled, text).walk() if node.op == "ref")
    return any(path.partition(".")[0] == "self" and path != "self.type" for path in paths)


def without(payload: Mapping[str, Any], hidden: Iterable[str]) -> VisiblePayload:
    """A payload of an item without some of its fields, in ``fields`` and among the columns."""
    taken: list[str] = []
    kept = dict(payload)
    for name in sorted(hidden):
        held = [column for column in CORE.get(name, ()) if column in kept]
        for column in held:
            del kept[column]
        maps = [place for place in ("fields", "originals") if name in (kept.get(place) or {})]
        for place in maps:
            kept[place] = {key: value for key, value in kept[place].items() if key != name}
        if held or maps:
            taken.append(name)
    return VisiblePayload(kept, tuple(taken))


def payload_view(payload: Mapping[str, Any]) -> dict[str, Any]:
    """``self`` as expressions see it, of an item's payload."""
    view: dict[str, Any] = {name: payload.get(name) for name in SEEN_BY_RULES}
    fields = payload.get("fields") or {}
    return view | {
        "type": payload.get("type_id"),
        "assignee": payload.get("assignee_id"),
        "last_actor": None,
        "fields": fields,
    }


def _of_an_item(ctx: MessageContext, entity_type: str, payload: Mapping[str, Any]) -> VisiblePayload:
    hidden = frozenset[str]()
    for column in OF_AN_ITEM[entity_type]:
        try:
            found = now_of(ctx, ArtifactId(UUID(payload[column]))).hidden
        except (KeyError, ValueError, TypeError):
            return WITHHELD
        if found is None:
            return WITHHELD
        hidden |= found
    stateful = entity_type != "ArtifactLink" and hidden & {"state", "status", "state_category"}
    return WITHHELD if stateful else VisiblePayload(dict(payload))


def _of_a_request(ctx: MessageContext, payload: Mapping[str, Any]) -> VisiblePayload:
    """A step that was asked for, without the values of hidden fields that came along."""
    version_id = UUID(payload["manifest_version_id"])
    hidden = hidden_of_decision(ctx, UUID(payload["artifact_id"]), version_id)
    return WITHHELD if hidden is None else without(payload, hidden)


def _project_is_visible(ctx: MessageContext, payload: Mapping[str, Any]) -> bool:
    visible = ctx.ask(VisibleProjects())
    return visible is None or str(payload.get("project_id") or payload.get("id")) in {str(i) for i in visible}
