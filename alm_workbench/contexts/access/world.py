"""What an explanation looks at: people, roles, the item and the process, as they are or as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.access.domain import Person, RoleBook
from alm_workbench.contexts.access.repository import AccessRepository
from alm_workbench.contexts.access.wording import Texts, said
from alm_workbench.contexts.artifact.domain import eval_context, not_found
from alm_workbench.contexts.artifact.messages import SituationOf
from alm_workbench.contexts.artifact.visibility import hidden_of_payload, now_of, payload_view
from alm_workbench.contexts.manifest.messages import CompiledVersion, ProcessVersion
from alm_workbench.contexts.project.messages import (
    ActiveProcess,
    GetProject,
    ListProjectMembers,
    ProjectDTO,
    VisibleProjects,
)
from alm_workbench.contexts.tenant.people_messages import ListMembers, ListRoles
from alm_workbench.contexts.tenant.policy_messages import PoliciesThen
from alm_workbench.errors import Conflict, NotFound
from alm_workbench.mpc import EvalContext
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId, VersionId


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked about. ``hidden`` is what whoever asks may not see of the item; None hides all of it."""

    project: ProjectDTO | None = None
    type_id: str | None = None
    key: str | None = None
    context: EvalContext | None = None
    hidden: frozenset[str] | None = frozenset()
    notes: tuple[Texts, ...] = ()


class World:
    """The facts at a moment; ``at`` None means now."""

    def __init__(self, ctx: MessageContext, repo: AccessRepository, at: datetime | None) -> None:
        self.ctx, self.repo, self.at = ctx, repo, at

    # -- people and roles

    def book(self) -> RoleBook:
        """The roles of the organisation."""
        if self.at is None:
            roles = self.ctx.ask(ListRoles())
            return RoleBook({r.code: r.implies for r in roles}, {r.code: frozenset(r.privileges) for r in roles})
        rows = self.repo.at(self.ctx.conn, "Role", self.at)
        return RoleBook(
            {r["code"]: tuple(r["implies"]) for r in rows}, {r["code"]: frozenset(r["privileges"]) for r in rows}
        )

    def people(self, project_id: UUID | None) -> list[Person]:
        """The members, with their roles in the organisation and in a project."""
        here = self._given_here(project_id) if project_id else {}
        if self.at is None:
            found = [
                Person(m.membership_id, m.actor_id, m.display_name, m.email, m.status, tuple(m.roles))
                for m in self.ctx.ask(ListMembers())
            ]
        else:
            found = self._people_then(self.at)
        return [replace(person, given_here=tuple(here.get(person.membership_id, ()))) for person in found]

    def _people_then(self, at: datetime) -> list[Person]:
        conn = self.ctx.conn
        given: dict[str, list[str]] = {}
        for row in self.repo.at(conn, "MemberRole", at):
            given.setdefault(row["membership_id"], []).append(row["role_code"])
        members = self.repo.at(conn, "Membership", at)
        names = self.repo.actors(conn, [UUID(row["actor_id"]) for row in members])
        found = []
        for row in members:
            name, email = names.get(UUID(row["actor_id"]), ("", ""))
            ids = UUID(row["id"]), UUID(row["actor_id"])
            found.append(Person(*ids, name, email, row["status"], tuple(given.get(row["id"], ()))))
        return found

    def _given_here(self, project_id: UUID) -> dict[UUID, list[str]]:
        if self.at is None:
            found = self.ctx.ask(ListProjectMembers(ProjectId(project_id)))
            return {member.membership_id: list(member.roles) for member in found}
        given: dict[UUID, list[str]] = {}
        for row in self.repo.at(self.ctx.conn, "ProjectMember", self.at, "project_id", str(project_id)):
            given.setdefault(UUID(row["membership_id"]), []).append(row["role_code"])
        return given

    # -- what is asked about

    def process(self, project: ProjectDTO) -> ProcessVersion | None:
        """The process in force."""
        if self.at is None:
            try:
                return self.ctx.ask(ActiveProcess(project.id))
            except Conflict:
                return None
        version = self.repo.version_at(self.ctx.conn, project.id, self.at)
        if version is None:
            return None
        policies = self.ctx.ask(PoliciesThen(tuple(self.repo.at(self.ctx.conn, "TenantPolicy", self.at))))
        return replace(self.ctx.ask(CompiledVersion(VersionId(version))), policies=policies)

    def project(self, project_id: UUID) -> ProjectDTO:
        """A project that whoever asks may see; raises ``NotFound``."""
        return self.ctx.ask(GetProject(ProjectId(project_id)))

    def item(self, artifact_id: UUID) -> Target:
        """An item; raises ``NotFound`` also where whoever asks may not see its project."""
        ctx, item_id = self.ctx, ArtifactId(artifact_id)
        rights = now_of(ctx, item_id)
        if self.at is None:
            try:
                found = ctx.ask(SituationOf(item_id, "transition", lock=False))
            except NotFound:
                pass
            else:
                hidden = rights.hidden
                key = None if hidden is None else found.artifact.key
                project = self.project(found.artifact.project_id)
                return Target(project, found.artifact.type, key, found.context, hidden)
        return self._item_of_the_audit(item_id)

    def _item_of_the_audit(self, item_id: ArtifactId) -> Target:
        row = self.repo.snapshot(self.ctx.conn, "Artifact", item_id, self.at or self.ctx.now)
        if row is None:
            raise not_found(item_id)
        if row.payload is None:
            raise Conflict(said("erased")["en"])
        payload: Mapping[str, Any] = row.payload
        project_id = UUID(payload["project_id"])
        visible = self.ctx.ask(VisibleProjects())
        if visible is not None and project_id not in visible:
            raise not_found(item_id)
        rights = now_of(self.ctx, item_id)
        then = hidden_of_payload(self.ctx, payload)
        hidden = None if then is None or rights.hidden is None else then | rights.hidden
        project = self.project(project_id)
        facts = {"id": str(project_id), "key": project.key, "status": project.status}
        now = self.at or self.ctx.now
        context = eval_context(self.ctx.principal, payload_view(payload), {}, facts, now, rights.functions)
        notes = [said("links_now")] if self.at else []
        notes += [said("deleted_then")] if payload.get("deleted_at") else []
        key = None if hidden is None else str(payload["key"])
        return Target(project, str(payload["type_id"]), key, context, hidden, tuple(notes))
