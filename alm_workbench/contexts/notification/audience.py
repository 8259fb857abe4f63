"""Who of some people may know of an item: decided as if each of them asked, by the rules in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ReadRightsOf
from alm_workbench.contexts.artifact.visibility import reader_of, with_aliases
from alm_workbench.contexts.auth.actor_messages import PrincipalsOf
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.project.acting import FACTS
from alm_workbench.contexts.project.messages import ActiveProcess, ProjectPrivileges, VisibleProjects
from alm_workbench.errors import Conflict, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.principal import Principal, grants

READ = "artifact:read"


def readers_of(
    ctx: MessageContext,
    project_id: ProjectId,
    artifact_id: ArtifactId,
    actors: Iterable[UUID],
    type_id: str | None = None,
) -> dict[UUID, frozenset[str]]:
    """Those of some actors who may read an item, with what of it is hidden from each.

    With its type the database is asked only where a rule depends on the item.
    """
    found: dict[UUID, frozenset[str]] = {}
    process = process_of(ctx, project_id)
    for actor, principal in ctx.ask(PrincipalsOf(tuple(dict.fromkeys(actors)))).items():
        them = on_behalf(ctx, principal, project_id)
        if process is None or not may_read_items(them, project_id):
            continue
        hidden = hidden_of(them, process, project_id, artifact_id, type_id)
        if hidden is not None:
            found[actor] = hidden
    return found


def may_see_project(ctx: MessageContext, project_id: ProjectId, actors: Iterable[UUID]) -> frozenset[UUID]:
    """Those of some actors who may know of a project."""
    people = ctx.ask(PrincipalsOf(tuple(dict.fromkeys(actors))))
    return frozenset(actor for actor, who in people.items() if _visible(on_behalf(ctx, who, project_id), project_id))


def may_read_items(ctx: MessageContext, project_id: ProjectId) -> bool:
    """Whether whoever asks may read items of a project at all."""
    if not _visible(ctx, project_id):
        return False
    return ctx.principal.may(READ) or grants(ctx.ask(ProjectPrivileges(project_id)), READ)


def on_behalf(ctx: MessageContext, principal: Principal, project_id: ProjectId) -> MessageContext:
    """A context in which somebody else asks; for questions only, and made once a transaction."""
    key = ("on-behalf", principal.actor_id)
    found: MessageContext | None = ctx.memo.get(key)
    if found is None:
        found = ctx.memo[key] = replace(ctx, principal=principal, memo={}, events=[], decisions=[], jobs=[])
    facts = (FACTS, project_id)
    if facts not in found.memo and facts in ctx.memo:
        found.memo[facts] = ctx.memo[facts]
    return found


def _visible(ctx: MessageContext, project_id: ProjectId) -> bool:
    visible = ctx.memo.get("visible", ...)
    if visible is ...:
        visible = ctx.memo["visible"] = ctx.ask(VisibleProjects())
    return visible is None or project_id in visible


def process_of(ctx: MessageContext, project_id: ProjectId) -> ProcessVersion | None:
    """The process in force in a project, looked up once a transaction; None where there is none."""
    key = ("process-of", project_id)
    if key not in ctx.memo:
        try:
            ctx.memo[key] = ctx.ask(ActiveProcess(project_id))
        except (Conflict, NotFound):
            ctx.memo[key] = None
    found: ProcessVersion | None = ctx.memo[key]
    return found


def hidden_of(
    ctx: MessageContext, process: ProcessVersion, project_id: ProjectId, artifact_id: ArtifactId, type_id: str | None
) -> frozenset[str] | None:
    """What of an item is hidden from whoever asks; None where all of it is."""
    if type_id is not None:
        authorizer, reader = reader_of(ctx, process, project_id)
        plan = authorizer.mask_plan(reader, "read", type_id)
        if plan.constant:
            found = plan.hidden(reader)
            return None if found is None else with_aliases(process.compiled, type_id, found)
    rights = ctx.ask(ReadRightsOf(artifact_id))
    return rights.hidden if rights.exists else None
