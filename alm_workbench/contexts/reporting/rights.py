"""What of the mirror a caller may see: the visible projects, cut by the ACL of their active manifests."""

from __future__ import annotations

from uuid import UUID

from alm_workbench.contexts.artifact.domain import actor_view
from alm_workbench.contexts.artifact.visibility import closed_fields
from alm_workbench.contexts.project.acting import acting
from alm_workbench.contexts.project.messages import ActiveProcess, GetProject, ListProjects, VisibleProjects
from alm_workbench.contexts.reporting.domain import MirrorRights
from alm_workbench.errors import Conflict, NotFound
from alm_workbench.mpc import EvalContext, authorizer_of
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.paging import encode


class ManifestRights:
    """Decides by type, without an item at hand: what a rule may withhold of some item is withheld of all."""

    def rights(self, ctx: MessageContext, project_id: UUID | None = None) -> MirrorRights:
        """All the caller may see, or that within one project; raises ``NotFound`` on a project it may not see."""
        visible = ctx.ask(VisibleProjects())
        if project_id is not None:
            if visible is not None and project_id not in visible:
                raise NotFound(f"there is no project {project_id}")
            ctx.ask(GetProject(ProjectId(project_id)))
        masks: dict[str, frozenset[str]] = {}
        hidden: set[str] = set()
        for project in self._projects(ctx):
            self._decide(ctx, project, masks, hidden)
        if visible is None and not masks and not hidden:
            # nothing is withheld anywhere: the whole file, so that no cut has to be made after each refresh
            return MirrorRights(ctx.principal.tenant_id)
        only = visible if project_id is None else frozenset({project_id})
        return MirrorRights(ctx.principal.tenant_id, only, masks, False, frozenset(hidden))

    def _projects(self, ctx: MessageContext) -> list[ProjectId]:
        found: list[ProjectId] = []
        cursor: str | None = None
        while True:
            page = ctx.ask(ListProjects(200, cursor))
            found += [project.id for project in page.items]
            if page.next_cursor is None:
                return found
            cursor = encode(page.items[-1].key)

    def _decide(
        self, ctx: MessageContext, project: ProjectId, masks: dict[str, frozenset[str]], hidden: set[str]
    ) -> None:
        try:
            compiled = ctx.ask(ActiveProcess(project)).compiled
        except Conflict:
            return
        me = actor_view(acting(ctx, project))
        facts = EvalContext(actor=me, event={"name": "read"}, project={"id": str(project)}, now=ctx.now)
        authorizer = authorizer_of(compiled)
        reader = authorizer.actor(facts)
        for kind in compiled.types:
            mask = closed_fields(authorizer, reader, kind)
            if mask is None:
                hidden.add(kind)
            elif mask:
                masks[kind] = masks.get(kind, frozenset()) | mask
