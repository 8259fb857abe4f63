"""What all handlers of this context share: loading items, deciding about them, showing and writing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact import ranks
from alm_workbench.contexts.artifact.domain import (
    NewArtifact,
    check_title,
    checked_fields,
    draft_view,
    eval_context,
    item_view,
    masked,
    not_found,
)
from alm_workbench.contexts.artifact.facts import functions_for, last_actor_of, people_behind
from alm_workbench.contexts.artifact.hierarchy import Hierarchy
from alm_workbench.contexts.artifact.judgement import Case, access_of
from alm_workbench.contexts.artifact.messages import ArtifactDTO, ItemAccessDTO, ReadRights
from alm_workbench.contexts.artifact.references import References
from alm_workbench.contexts.artifact.repository import ArtifactRepository
from alm_workbench.contexts.artifact.repository.links import LinkRepository
from alm_workbench.contexts.artifact.repository.structure import Structure
from alm_workbench.contexts.artifact.rights import by_process, refusal, require, require_assignment
from alm_workbench.contexts.artifact.texts import cleaned, search_text
from alm_workbench.contexts.artifact.visibility import reader_of, with_aliases
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.project.acting import acting, project_facts
from alm_workbench.contexts.project.messages import ActiveProcess, HoldProcess, ProjectPrivileges, VisibleProjects
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.contexts.tenant.people_messages import IsActor
from alm_workbench.contexts.workflow.messages import InstanceStart, StartInstances
from alm_workbench.errors import Conflict, ErrorItem, InvalidInput, NotFound, StaleVersion
from alm_workbench.mpc import ArtifactTypeDef, EvalContext, decide_acl
from alm_workbench.shared.context import DecisionRecord, MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, new_id
from alm_workbench.shared.messages import Event

Functions = Mapping[str, Callable[..., Any]]


class Artifacts:
    """What all handlers of this context share: loading, deciding, showing."""

    def __init__(self, repo: ArtifactRepository, functions: Functions) -> None:
        self.repo, self.functions = repo, functions
        self.structure, self.links = Structure(), LinkRepository()
        self.hierarchy, self.references = Hierarchy(self), References(self)

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
            artifact, last_actor_of(ctx, self.repo, artifact.id) if event["name"] == "transition" else None
        )
        me = acting(ctx, artifact.project_id)
        if event["name"] == "transition":
            view["people"] = people_behind(ctx, process.compiled, artifact.type, view, me.actor_id)
        return eval_context(me, view, event, project_facts(ctx, artifact.project_id), ctx.now, functions)

    def shown(self, ctx: MessageContext, artifact: ArtifactDTO) -> ArtifactDTO | None:
        """The item as the caller may see it; None when it may not be seen at all.

        The plan of what a caller sees of a type is made once a request; only where it depends on the item are the facts
        about it gathered.
        """
        hidden = self.hidden(ctx, self.process(ctx, artifact.project_id), artifact)
        return masked(artifact, hidden) if hidden is not None else None

    def hidden(self, ctx: MessageContext, process: ProcessVersion, artifact: ArtifactDTO) -> frozenset[str] | None:
        """Fields of an item that stay hidden from the caller; None where the whole item does."""
        authorizer, actor = reader_of(ctx, process, artifact.project_id, self.functions)
        plan = authorizer.mask_plan(actor, "read", artifact.type)
        if plan.constant:
            found = plan.hidden(actor)
        else:
            functions = functions_for(ctx, self.repo, process.compiled, artifact.id, self.functions)
            found = plan.hidden(actor.with_functions(functions), item_view(artifact))
        return None if found is None else with_aliases(process.compiled, artifact.type, found)

    def closed_types(self, ctx: MessageContext, process: ProcessVersion, project_id: ProjectId) -> frozenset[str]:
        """Types of which the caller may see no item at all."""
        authorizer, actor = reader_of(ctx, process, project_id, self.functions)
        plans = ((kind, authorizer.mask_plan(actor, "read", kind)) for kind in process.compiled.types)
        return frozenset(kind for kind, plan in plans if plan.constant and plan.hidden(actor) is None)

    def rights(self, ctx: MessageContext, artifact_id: ArtifactId) -> ReadRights:
        """What the caller may see of an item that lives, lies in the bin, or is gone."""
        artifact = self.repo.get(ctx.conn, artifact_id) or self._binned(ctx, artifact_id)
        if artifact is None:
            return ReadRights(False, frozenset(), self.functions)
        try:
            process = self.process(ctx, artifact.project_id)
        except (Conflict, NotFound):  # another project's, or one without rules
            return ReadRights(True, None, self.functions)
        functions = functions_for(ctx, self.repo, process.compiled, artifact.id, self.functions)
        hidden = self.hidden(ctx, process, artifact)
        return ReadRights(True, hidden, functions, artifact.project_id, artifact.type)

    def _binned(self, ctx: MessageContext, artifact_id: ArtifactId) -> ArtifactDTO | None:
        self.repo.include_deleted(ctx.conn)
        try:
            return self.repo.get(ctx.conn, artifact_id)
        finally:
            self.repo.include_deleted(ctx.conn, False)

    def access(self, ctx: MessageContext, artifact: ArtifactDTO) -> ItemAccessDTO:
        """What the caller may do with an item."""
        process = self.process(ctx, artifact.project_id)
        context = self.context(ctx, process, artifact, {"name": "transition"})
        held = ctx.principal.privileges | ctx.ask(ProjectPrivileges(artifact.project_id))
        hidden = self.hidden(ctx, process, artifact)
        return access_of(Case(process.compiled, artifact.type, context, held, hidden, process.policies))

    def with_access(self, ctx: MessageContext, shown: ArtifactDTO, stored: ArtifactDTO, wanted: bool) -> ArtifactDTO:
        """An item as it is shown, with what the caller may do with it where that was asked for."""
        return replace(shown, access=self.access(ctx, stored)) if wanted else shown

    def readable(self, ctx: MessageContext, artifact: ArtifactDTO) -> ArtifactDTO:
        """The item as the caller may see it; raises ``AccessDenied`` with the rule."""
        process = self.process(ctx, artifact.project_id)
        context = self.context(ctx, process, artifact, {"name": "read"})
        decision = decide_acl(process.compiled, "read", artifact.type, context)
        if by_process(context):
            return artifact
        if not decision.allow:
            detail = f"you may not read this {artifact.type}"
            raise refusal(detail, process, context, artifact.type, decision, artifact.id)
        return masked(artifact, with_aliases(process.compiled, artifact.type, decision.mask))

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
        assignee_id: UUID | None = None,
        parent_id: ArtifactId | None = None,
        tags: Sequence[str] = (),
    ) -> tuple[NewArtifact, DecisionRecord]:
        """Run every check of a creation; gives the item ready to be written, still without a key."""
        compiled = process.compiled
        flow = compiled.workflows[kind.workflow]
        first = flow.states[state or flow.initial]
        title = check_title(title)
        functions = functions_for(ctx, self.repo, compiled, None, self.functions)
        me, now, event = acting(ctx, project_id), ctx.now, {"name": "create", "changes": sorted(values)}
        project = project_facts(ctx, project_id)
        draft = draft_view(
            kind, title, first.id, first.category, values, me.actor_id, now, assignee_id, parent_id, tags
        )
        given = checked_fields(compiled, kind, values, eval_context(me, draft, event, project, now, functions))
        given = self.references.checked(ctx, project_id, kind, given, {})
        self.hierarchy.place_new(ctx, process, project_id, kind.id, parent_id)
        fields, originals = cleaned(kind, given)
        context = eval_context(me, {**draft, "fields": fields}, event, project, now, functions)
        record = require(process, "create", kind.id, context, None, values)
        if assignee_id is not None:
            require_assignment(process, kind.id, context, None)
        item = NewArtifact(
            ArtifactId(new_id()),
            project_id,
            kind.id,
            "",
            title,
            first.id,
            first.category,
            fields,
            parent_id,
            assignee_id,
            process.version_id,
            kind.workflow,
            occurred_at or ctx.now,
            originals,
            search_text(compiled, kind, fields),
            tags=tuple(tags),
        )
        return item, replace(record, entity_id=item.id)

    def write(self, ctx: MessageContext, kind: ArtifactTypeDef, items: Sequence[NewArtifact]) -> list[NewArtifact]:
        """Give keys and keep the items with their workflow instances and events."""
        if not items:
            return []
        project_id, tenant_id = items[0].project_id, ctx.principal.tenant_id
        ctx.ask(RequireQuota("artifacts", len(items)))
        ctx.ask(RequireQuota("storage", sum(item.size for item in items)))
        keys = self.keys_for(ctx, project_id, kind, sum(not item.key for item in items))
        keyed = [
            replace(item, key=item.key or next(keys), rank=item.rank or rank)
            for item, rank in zip(items, ranks.last(len(items)), strict=True)
        ]
        self.repo.insert_many(ctx.conn, tenant_id, keyed)
        ctx.ask(HoldProcess(project_id, items[0].version_id))
        starts = tuple(
            InstanceStart(i.id, i.workflow_id, i.state, i.category, i.version_id, i.occurred_at) for i in keyed
        )
        ctx.ask(StartInstances(project_id, starts))
        for item in keyed:
            payload = {"project_id": str(project_id), "key": item.key, "type": item.type_id, "state": item.state}
            ctx.emit(Event("ArtifactCreated", "Artifact", item.id, payload))
        return keyed

    def keys_for(self, ctx: MessageContext, project_id: ProjectId, kind: ArtifactTypeDef, n: int) -> Iterator[str]:
        """Keys that nobody else gets."""
        first = self.repo.reserve_keys(ctx.conn, project_id, kind.key_prefix, n) if n else 0
        return (f"{kind.key_prefix}-{first + number}" for number in range(n))


def require_assignee(ctx: MessageContext, actor_id: UUID | None) -> None:
    """Refuse an assignee whom this organisation does not know; raises ``InvalidInput``."""
    if actor_id is not None and not ctx.ask(IsActor(actor_id)):
        problem = ErrorItem("/assignee_id", "unknown", "nobody of this organisation has this id")
        raise InvalidInput("The assignee does not exist here", errors=[problem])


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
