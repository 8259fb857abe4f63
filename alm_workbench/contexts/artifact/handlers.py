"""What the artifact context does with its messages (imports stand in ``importing.py``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from alm_workbench.contexts.artifact.domain import (
    NewArtifact,
    check_title,
    checked_fields,
    draft_view,
    eval_context,
    item_view,
    masked,
    not_found,
    refusal,
    require,
    type_of,
)
from alm_workbench.contexts.artifact.facts import functions_for
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    FindArtifacts,
    GetArtifact,
    GetArtifactByKey,
    LinkArtifacts,
    LinkDTO,
    ListLinks,
    ProjectOfArtifact,
    RemapStates,
    RestoreArtifact,
    SetState,
    Situation,
    SituationOf,
    StateCounts,
    UpdateArtifact,
)
from alm_workbench.contexts.artifact.repository import ArtifactRepository
from alm_workbench.contexts.artifact.texts import cleaned, search_text, texts
from alm_workbench.contexts.manifest.messages import CompiledVersion, ProcessVersion
from alm_workbench.contexts.project.messages import ActiveProcess, VisibleProjects
from alm_workbench.contexts.workflow.messages import InstanceStart, StartInstances
from alm_workbench.errors import ErrorItem, InvalidInput, StaleVersion
from alm_workbench.mpc import ArtifactTypeDef, EvalContext, decide_acl
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, new_id
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import decode, encode

Functions = Mapping[str, Callable[..., Any]]


class Artifacts:
    """What all handlers of this context share: loading, deciding, showing."""

    def __init__(self, repo: ArtifactRepository, functions: Functions) -> None:
        self.repo, self.functions = repo, functions

    def process(self, ctx: MessageContext, project_id: ProjectId) -> ProcessVersion:
        """The process of a project the caller may see."""
        visible = ctx.memo.get("visible", ...)
        if visible is ...:
            visible = ctx.memo["visible"] = ctx.ask(VisibleProjects())
        if visible is not None and project_id not in visible:
            raise not_found(project_id)
        return ctx.ask(ActiveProcess(project_id))

    def load(self, ctx: MessageContext, artifact_id: ArtifactId, *, lock: bool = False) -> ArtifactDTO:
        """A live item; raises ``NotFound``."""
        found = self.repo.get(ctx.conn, artifact_id, lock=lock)
        if found is None:
            raise not_found(artifact_id)
        return found

    def context(
        self, ctx: MessageContext, process: ProcessVersion, artifact: ArtifactDTO, event: Mapping[str, Any]
    ) -> EvalContext:
        """The context in which rules look at an existing item."""
        functions = functions_for(ctx, self.repo, process.compiled, artifact.id, self.functions)
        view = item_view(
            artifact, self.repo.last_actor(ctx.conn, artifact.id) if event["name"] == "transition" else None
        )
        return eval_context(ctx.principal, view, event, {"id": str(artifact.project_id)}, ctx.now, functions)

    def shown(self, ctx: MessageContext, artifact: ArtifactDTO) -> ArtifactDTO | None:
        """The item as the caller may see it; None when it may not be seen at all."""
        process = self.process(ctx, artifact.project_id)
        context = self.context(ctx, process, artifact, {"name": "read"})
        decision = decide_acl(process.compiled, "read", artifact.type, context)
        return masked(artifact, decision.mask) if decision.allow else None

    def readable(self, ctx: MessageContext, artifact: ArtifactDTO) -> ArtifactDTO:
        """The item as the caller may see it; raises ``AccessDenied`` with the rule."""
        process = self.process(ctx, artifact.project_id)
        context = self.context(ctx, process, artifact, {"name": "read"})
        decision = decide_acl(process.compiled, "read", artifact.type, context)
        if not decision.allow:
            reasons = decision.reasons
            raise refusal(f"you may not read this {artifact.type}", process, decision.rule_id, reasons, artifact.id)
        return masked(artifact, decision.mask)

    def prepare(
        self,
        ctx: MessageContext,
        process: ProcessVersion,
        kind: ArtifactTypeDef,
        title: str,
        values: Mapping[str, Any],
        *,
        project_id: ProjectId,
        occurred_at: datetime | None = None,
        state: str | None = None,
    ) -> tuple[NewArtifact, DecisionRecord]:
        """Run every check of a creation; gives the item ready to be written, still without a key."""
        compiled = process.compiled
        flow = compiled.workflows[kind.workflow]
        first = flow.states[state or flow.initial]
        title = check_title(title)
        functions = functions_for(ctx, self.repo, compiled, None, self.functions)
        me, now, event = ctx.principal, ctx.now, {"name": "create", "changes": sorted(values)}
        project = {"id": str(project_id)}
        draft = draft_view(kind, title, first.id, first.category, values, me.actor_id, now)
        given = checked_fields(compiled, kind, values, eval_context(me, draft, event, project, now, functions))
        fields, originals = cleaned(kind, given)
        context = eval_context(me, {**draft, "fields": fields}, event, project, now, functions)
        record = require(process, "create", kind.id, context, None)
        item = NewArtifact(
            ArtifactId(new_id()),
            project_id,
            kind.id,
            "",
            title,
            first.id,
            first.category,
            fields,
            None,
            None,
            process.version_id,
            kind.workflow,
            occurred_at or ctx.now,
            originals,
            search_text(compiled, kind, fields),
        )
        return item, replace(record, entity_id=item.id)

    def write(self, ctx: MessageContext, kind: ArtifactTypeDef, items: Sequence[NewArtifact]) -> list[NewArtifact]:
        """Give keys and keep the items with their workflow instances and events."""
        if not items:
            return []
        project_id, tenant_id = items[0].project_id, ctx.principal.tenant_id
        first = self.repo.reserve_keys(ctx.conn, project_id, kind.key_prefix, len(items))
        keyed = [replace(item, key=f"{kind.key_prefix}-{first + n}") for n, item in enumerate(items)]
        self.repo.insert_many(ctx.conn, tenant_id, keyed)
        starts = tuple(
            InstanceStart(i.id, i.workflow_id, i.state, i.category, i.version_id, i.occurred_at) for i in keyed
        )
        ctx.ask(StartInstances(project_id, starts))
        for item in keyed:
            payload = {"project_id": str(project_id), "key": item.key, "type": item.type_id, "state": item.state}
            ctx.emit(Event("ArtifactCreated", "Artifact", item.id, payload))
        return keyed


class CreateHandler:
    """Creates one item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: CreateArtifact) -> ArtifactDTO:
        process = self._artifacts.process(ctx, message.project_id)
        kind = type_of(process.compiled, message.artifact_type)
        item, record = self._artifacts.prepare(
            ctx, process, kind, message.title, message.fields, project_id=message.project_id
        )
        parent = self._parent(ctx, message, kind)
        item = replace(item, parent_id=parent, assignee_id=message.assignee_id)
        ctx.decided(record)
        self._artifacts.write(ctx, kind, [item])
        return self._artifacts.readable(ctx, self._artifacts.load(ctx, item.id))

    def _parent(self, ctx: MessageContext, message: CreateArtifact, kind: ArtifactTypeDef) -> ArtifactId | None:
        if message.parent_id is None:
            return None
        parent = self._artifacts.repo.get(ctx.conn, message.parent_id)
        if parent is None or parent.project_id != message.project_id:
            raise InvalidInput(
                "The parent does not exist here",
                errors=[ErrorItem("/parent_id", "unknown", "no such item in this project")],
            )
        if kind.parents and parent.type not in kind.parents:
            allowed = ", ".join(kind.parents)
            raise InvalidInput(
                f"A {kind.id} cannot stand below a {parent.type}",
                errors=[ErrorItem("/parent_id", "parent-type", f"the parent must be one of {allowed}")],
            )
        return parent.id


class GetHandler:
    """Reads one item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: GetArtifact) -> ArtifactDTO:
        return self._artifacts.readable(ctx, self._artifacts.load(ctx, message.artifact_id))


class GetByKeyHandler:
    """Reads one item by its key."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: GetArtifactByKey) -> ArtifactDTO:
        self._artifacts.process(ctx, message.project_id)
        found = self._artifacts.repo.by_key(ctx.conn, message.project_id, message.key)
        if found is None:
            raise not_found(message.key)
        return self._artifacts.readable(ctx, found)


class FindHandler:
    """Lists items, without those the caller may not read."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: FindArtifacts) -> Page[ArtifactDTO]:
        process = self._artifacts.process(ctx, message.project_id)
        type_id = type_of(process.compiled, message.type, "/type").id if message.type else None
        limit = max(1, min(message.limit, 1000))
        after = decode(message.cursor)
        rows = self._artifacts.repo.find(ctx.conn, message, type_id, limit + 1, after)
        page = rows[:limit]
        cursor = None
        if len(rows) > limit:
            last = page[-1]
            key = int(after or 0) + limit if message.text else [last.created_at.isoformat(), str(last.id)]
            cursor = encode(key)
        seen = (self._artifacts.shown(ctx, row) for row in page)
        return Page(tuple(row for row in seen if row is not None), cursor)


class UpdateHandler:
    """Changes fields of an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: UpdateArtifact) -> ArtifactDTO:
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        check_version(self._artifacts, ctx, current, message.expected_version)
        kind = type_of(process.compiled, current.type)
        changes = sorted([*message.fields, *(["title"] if message.title is not None else [])])
        event = {"name": "update", "changes": changes}
        context = self._artifacts.context(ctx, process, current, event)
        ctx.decided(require(process, "update", current.type, context, current.id))
        decision = decide_acl(process.compiled, "read", current.type, context)
        hidden = sorted(set(message.fields) & decision.mask)
        if hidden:
            items = [
                ErrorItem(f"/fields/{name}", "masked", "you may not see this field, so you may not set it")
                for name in hidden
            ]
            raise InvalidInput("Fields that are hidden from you cannot be set", errors=items)
        values: dict[str, Any] = {}
        if message.title is not None:
            values["title"] = check_title(message.title)
        if message.fields:
            given = checked_fields(process.compiled, kind, message.fields, context, current.fields)
            values |= texts(process.compiled, kind, given)
        if message.assignee_id is not None:
            values["assignee_id"] = message.assignee_id
        if not values:
            return self._artifacts.readable(ctx, current)
        values["manifest_version_id"] = process.version_id
        updated = self._artifacts.repo.update(ctx.conn, current.id, current.version, values)
        if updated is None:
            raise StaleVersion("somebody else changed this item a moment ago")
        payload = {"project_id": str(current.project_id), "key": current.key, "changes": changes}
        ctx.emit(Event("ArtifactUpdated", "Artifact", current.id, payload))
        return self._artifacts.readable(ctx, updated)


class DeleteHandler:
    """Puts an item into the bin."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: DeleteArtifact) -> ArtifactDTO:
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        check_version(self._artifacts, ctx, current, message.expected_version)
        context = self._artifacts.context(ctx, process, current, {"name": "soft_delete"})
        ctx.decided(require(process, "delete", current.type, context, current.id))
        shown = self._artifacts.readable(ctx, current)
        self._artifacts.repo.include_deleted(ctx.conn)
        values = {"deleted_at": ctx.now, "deleted_by": ctx.principal.actor_id}
        gone = self._artifacts.repo.update(ctx.conn, current.id, current.version, values)
        self._artifacts.repo.include_deleted(ctx.conn, False)
        payload = {"project_id": str(current.project_id), "key": current.key}
        ctx.emit(Event("EntitySoftDeleted", "Artifact", current.id, payload))
        version = gone.version if gone else current.version + 1
        return replace(shown, deleted_at=ctx.now, version=version)


class RestoreHandler:
    """Takes an item out of the bin."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: RestoreArtifact) -> ArtifactDTO:
        repo = self._artifacts.repo
        repo.include_deleted(ctx.conn)
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        if current.deleted_at is not None:
            context = self._artifacts.context(ctx, process, current, {"name": "restore"})
            ctx.decided(require(process, "delete", current.type, context, current.id))
            repo.update(ctx.conn, current.id, current.version, {"deleted_at": None, "deleted_by": None})
            payload = {"project_id": str(current.project_id), "key": current.key}
            ctx.emit(Event("EntityRestored", "Artifact", current.id, payload))
        repo.include_deleted(ctx.conn, False)
        return self._artifacts.readable(ctx, self._artifacts.load(ctx, current.id))


class LinkHandler:
    """Links two items of one project."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: LinkArtifacts) -> LinkDTO:
        source = self._artifacts.load(ctx, message.artifact_id)
        process = self._artifacts.process(ctx, source.project_id)
        target = self._artifacts.load(ctx, message.target_id)
        kind = process.compiled.link_types.get(message.link_type)
        problem = None
        if kind is None:
            known = ", ".join(sorted(process.compiled.link_types)) or "none"
            problem = ErrorItem("/link_type", "unknown-link-type", f"{message.link_type!r} is none of {known}")
        elif target.project_id != source.project_id:
            problem = ErrorItem("/target_id", "other-project", "both items must live in one project")
        elif kind.from_ and source.type not in kind.from_:
            problem = ErrorItem(
                "/artifact_id", "source-type", f"{kind.id} starts at {', '.join(kind.from_)}, not at {source.type}"
            )
        elif kind.to and target.type not in kind.to:
            problem = ErrorItem(
                "/target_id", "target-type", f"{kind.id} leads to {', '.join(kind.to)}, not to {target.type}"
            )
        elif source.id == target.id:
            problem = ErrorItem("/target_id", "self", "an item cannot be linked to itself")
        if problem:
            raise InvalidInput("The link is not possible: " + problem.message, errors=[problem])
        context = self._artifacts.context(ctx, process, source, {"name": "link"})
        ctx.decided(require(process, "link", source.type, context, source.id))
        link = self._artifacts.repo.add_link(
            ctx.conn, ctx.principal.tenant_id, source.project_id, message.link_type, source.id, target.id
        )
        payload = {"project_id": str(source.project_id), "link_type": link.link_type, "target_id": str(target.id)}
        ctx.emit(Event("ArtifactsLinked", "Artifact", source.id, payload))
        return link


class ListLinksHandler:
    """Lists the links of an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ListLinks) -> tuple[LinkDTO, ...]:
        self._artifacts.readable(ctx, self._artifacts.load(ctx, message.artifact_id))
        return self._artifacts.repo.links(ctx.conn, message.artifact_id)


class StateCountsHandler:
    """Counts items by type and state."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: StateCounts) -> tuple[tuple[str, str, int], ...]:
        return self._artifacts.repo.state_counts(ctx.conn, message.project_id)


class SituationHandler:
    """Prepares an item for a decision of another context."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: SituationOf) -> Situation:
        artifact = self._artifacts.load(ctx, message.artifact_id, lock=message.lock)
        process = self._artifacts.process(ctx, artifact.project_id)
        context = self._artifacts.context(ctx, process, artifact, {"name": message.event})
        return Situation(artifact, process, context)


class ProjectOfHandler:
    """Finds the project of an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ProjectOfArtifact) -> ProjectId | None:
        return self._artifacts.repo.project_of(ctx.conn, message.artifact_id)


class SetStateHandler:
    """Writes a state that the workflow context decided on."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: SetState) -> ArtifactDTO:
        values: dict[str, Any] = {
            "state": message.state,
            "state_category": message.category,
            "manifest_version_id": message.version_id,
        }
        compiled = ctx.ask(CompiledVersion(message.version_id)).compiled
        item = self._artifacts.load(ctx, message.artifact_id)
        values |= texts(compiled, compiled.types[item.type], message.fields)
        updated = self._artifacts.repo.update(ctx.conn, message.artifact_id, message.expected_version, values)
        if updated is None:
            raise StaleVersion("somebody else changed this item a moment ago")
        return self._artifacts.readable(ctx, updated)


class RemapStatesHandler:
    """Moves items whose state a new manifest does not have."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: RemapStates) -> tuple[ArtifactId, ...]:
        return self._artifacts.repo.remap(
            ctx.conn,
            message.project_id,
            message.type_id,
            message.old,
            message.new,
            message.category,
            message.version_id,
        )


def check_version(artifacts: Artifacts, ctx: MessageContext, current: ArtifactDTO, expected: int) -> None:
    """Refuse a change that was made against another version; raises ``StaleVersion`` with the present state."""
    if current.version == expected:
        return
    shown = artifacts.shown(ctx, current)
    raise StaleVersion(
        f"{current.key} has version {current.version} by now, you changed version {expected}",
        current=shown_data(shown) if shown else None,
    )


def shown_data(artifact: ArtifactDTO) -> dict[str, Any]:
    """The members of an item that a conflict dialog needs."""
    return {
        "id": str(artifact.id),
        "key": artifact.key,
        "title": artifact.title,
        "state": artifact.state,
        "fields": dict(artifact.fields),
        "version": artifact.version,
        "updated_at": artifact.updated_at.isoformat(),
        "updated_by": str(artifact.updated_by) if artifact.updated_by else None,
    }
