"""Projects and activations in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, distinct, func, insert, literal_column, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import Uuid

from alm_workbench.contexts.project.bin_messages import DeletedProjectDTO
from alm_workbench.contexts.project.messages import ActivationDTO, ProjectDTO
from alm_workbench.contexts.project.tables import indexed_fields, project_activations, project_members, projects
from alm_workbench.errors import Conflict, NotFound
from alm_workbench.shared.ids import ProjectId, VersionId, new_id
from alm_workbench.storage import cascades
from alm_workbench.storage.bin import bin_seen
from alm_workbench.storage.stamps import POLICIES

A = project_activations.c
PROJECTS = "projects"

# built once: every command about an item asks these
IN_FORCE = select(
    projects.c.active_version_id, projects.c.key, projects.c.status, literal_column(POLICIES).label("policies")
).where(projects.c.id == bindparam("project"))
ROLE_CODES = select(project_members.c.role_code).where(
    project_members.c.project_id == bindparam("project"), project_members.c.membership_id == bindparam("membership")
)


class ProjectRepository:
    """Every method takes the transaction's connection."""

    def add(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Add a project; raises ``Conflict`` when the key is taken."""
        try:
            conn.execute(insert(projects).values(**values))
        except IntegrityError as error:
            raise Conflict(f"there is a project {values['key']} already, perhaps in the bin") from error

    def page(self, conn: Connection, limit: int, after: str | None, only: Iterable[UUID] | None) -> list[ProjectDTO]:
        """Projects by key; ``only`` narrows to some ids."""
        narrowed = None if only is None else [str(i) for i in only]
        rows = conn.execute(SELECT_PROJECTS, {"id": None, "after": after, "limit": limit, "only": narrowed})
        return [ProjectDTO(*row) for row in rows]

    def get(self, conn: Connection, project_id: ProjectId) -> ProjectDTO:
        """One project; raises ``NotFound``."""
        row = conn.execute(SELECT_PROJECTS, {"id": project_id, "after": None, "limit": 1, "only": None}).first()
        if row is None:
            raise NotFound(f"there is no project {project_id}")
        return ProjectDTO(*row)

    def settings(self, conn: Connection, project_id: ProjectId) -> dict[str, Any]:
        """What was set in a project; raises ``NotFound``."""
        found = conn.execute(select(projects.c.settings).where(projects.c.id == project_id)).first()
        if found is None:
            raise NotFound(f"there is no project {project_id}")
        return dict(found[0])

    def put_into_bin(self, conn: Connection, commit_id: UUID, project_id: ProjectId, at: datetime) -> dict[str, int]:
        """Put a project into the bin with all it holds; how many rows of which table."""
        with bin_seen(conn):
            return cascades.put(conn, commit_id, PROJECTS, [project_id], at)

    def take_out_of_bin(self, conn: Connection, commit_id: UUID, project_id: ProjectId) -> dict[str, int]:
        """Take a project out of the bin with what went there with it; how many rows of which table."""
        with bin_seen(conn):
            return cascades.restore(conn, commit_id, PROJECTS, [project_id])

    def in_bin(self, conn: Connection, project_id: ProjectId, *, lock: bool = False) -> ProjectDTO:
        """One project, in the bin or not; raises ``NotFound``."""
        with bin_seen(conn):
            if lock:
                conn.execute(select(projects.c.id).where(projects.c.id == project_id).with_for_update())
            row = conn.execute(BINNED, {"id": project_id}).first()
        if row is None:
            raise NotFound(f"there is no project {project_id}")
        return ProjectDTO(*row)

    def bin_commit(self, conn: Connection, project_id: ProjectId) -> UUID | None:
        """The commit that put a project into the bin, if that is known."""
        with bin_seen(conn):
            return cascades.commit_of(conn, PROJECTS, project_id)

    def binned_rows(self, conn: Connection, commit_id: UUID) -> dict[str, int]:
        """How many rows of which table a commit put into the bin."""
        return {row.tbl: row.n for row in conn.execute(BINNED_ROWS, {"commits": [commit_id]})}

    def bin_page(
        self, conn: Connection, limit: int, after: Any, only: Iterable[UUID] | None
    ) -> list[DeletedProjectDTO]:
        """Projects in the bin, newest deletion first; ``only`` narrows to some ids."""
        given = {"limit": limit, "at": after[0] if after else None, "id": after[1] if after else None}
        with bin_seen(conn):
            found = conn.execute(BIN_PAGE, given | {"only": None if only is None else [str(i) for i in only]}).all()
        rows: dict[UUID, dict[str, int]] = {}
        for row in conn.execute(BINNED_ROWS, {"commits": [f.commit_id for f in found if f.commit_id]}):
            rows.setdefault(row.commit_id, {})[row.tbl] = row.n
        return [
            DeletedProjectDTO(
                f.id,
                f.key,
                f.name,
                f.deleted_at,
                f.deleted_by,
                f.deleter,
                f.commit_id,
                rows.get(f.commit_id, {}),
                f.version,
            )
            for f in found
        ]

    def lock(self, conn: Connection, project_id: ProjectId) -> VersionId | None:
        """Lock a project against a second activation and give its active version; raises ``NotFound``."""
        row = conn.execute(
            select(projects.c.active_version_id).where(projects.c.id == project_id).with_for_update()
        ).first()
        if row is None:
            raise NotFound(f"there is no project {project_id}")
        return VersionId(row[0]) if row[0] else None

    def hold(self, conn: Connection, project_id: ProjectId) -> VersionId | None:
        """The version in force, which no activation can change until the transaction ends; waits for a running one."""
        statement = select(projects.c.active_version_id).where(projects.c.id == project_id)
        return conn.execute(statement.with_for_update(read=True, key_share=True)).scalar()

    def in_force(self, conn: Connection, project_id: ProjectId) -> tuple[VersionId | None, dict[str, str], str]:
        """The version in force, what rules may look at of the project, and the stamp of the organisation's policies.

        Raises ``NotFound``.
        """
        row = conn.execute(IN_FORCE, {"project": project_id}).first()
        if row is None:
            raise NotFound(f"there is no project {project_id}")
        facts = {"id": str(project_id), "key": row.key, "status": row.status}
        version = VersionId(row.active_version_id) if row.active_version_id else None
        return version, facts, row.policies or ""

    def activate(self, conn: Connection, tenant_id: UUID, activation: ActivationDTO, actor_id: UUID) -> None:
        """Record an activation and point the project at it."""
        conn.execute(
            insert(project_activations).values(
                tenant_id=tenant_id,
                id=activation.id,
                project_id=activation.project_id,
                manifest_version_id=activation.manifest_version_id,
                previous_version_id=activation.previous_version_id,
                state_map=dict(activation.state_map),
                reason=activation.reason,
                moved=activation.moved,
                activated_at=activation.activated_at,
                activated_by=actor_id,
            )
        )
        conn.execute(
            projects.update()
            .where(projects.c.id == activation.project_id)
            .values(active_version_id=activation.manifest_version_id)
        )

    def index_fields(
        self, conn: Connection, tenant_id: UUID, project_id: ProjectId, kinds: Mapping[tuple[str, str], str]
    ) -> None:
        """Say which fields of which type are kept in the typed index; a trigger brings the index up to date."""
        where = indexed_fields.c.project_id == project_id
        before = {(r.type_id, r.field_id): r.value_kind for r in conn.execute(select(indexed_fields).where(where))}
        if before == dict(kinds):
            return
        conn.execute(delete(indexed_fields).where(where))
        rows = [
            {"tenant_id": tenant_id, "project_id": project_id, "type_id": t, "field_id": f, "value_kind": kind}
            for (t, f), kind in kinds.items()
        ]
        if rows:
            conn.execute(insert(indexed_fields), rows)

    def was_activated(self, conn: Connection, version_id: VersionId) -> bool:
        """Whether a version was in force in any project."""
        return conn.execute(select(A.id).where(A.manifest_version_id == version_id).limit(1)).first() is not None

    def activations(
        self, conn: Connection, project_id: ProjectId, limit: int | None = None, after: Any = None
    ) -> tuple[ActivationDTO, ...]:
        """Activations, newest first; at most ``limit``, after the (moment, id) of one."""
        statement = (
            select(
                A.id,
                A.project_id,
                A.manifest_version_id,
                A.previous_version_id,
                A.state_map,
                A.reason,
                A.activated_at,
                A.moved,
            )
            .where(A.project_id == project_id)
            .order_by(A.activated_at.desc(), A.id.desc())
            .limit(limit)
        )
        if after is not None:
            place = tuple_(A.activated_at, A.id)
            statement = statement.where(place < (datetime.fromisoformat(after[0]), UUID(after[1])))
        return tuple(ActivationDTO(*row) for row in conn.execute(statement))

    def role_codes(self, conn: Connection, project_id: ProjectId, membership_id: UUID) -> list[str]:
        """The project roles of a member."""
        return list(conn.execute(ROLE_CODES, {"project": project_id, "membership": membership_id}).scalars())

    def codes_of(self, conn: Connection, membership_id: UUID) -> frozenset[str]:
        """The roles that a member holds in some project."""
        m = project_members.c
        return frozenset(conn.execute(select(m.role_code).where(m.membership_id == membership_id)).scalars())

    def projects_of(self, conn: Connection, membership_id: UUID) -> frozenset[UUID]:
        """The projects in which a member holds any role."""
        m = project_members.c
        return frozenset(conn.execute(select(m.project_id).where(m.membership_id == membership_id)).scalars())

    def given(self, conn: Connection, project_id: ProjectId) -> dict[UUID, list[str]]:
        """The roles given in a project, by membership."""
        m = project_members.c
        found: dict[UUID, list[str]] = {}
        for row in conn.execute(select(m.membership_id, m.role_code).where(m.project_id == project_id)):
            found.setdefault(row.membership_id, []).append(row.role_code)
        return found

    def held_by(self, conn: Connection, membership_id: UUID) -> dict[UUID, list[str]]:
        """The roles that a member holds, by project."""
        m = project_members.c
        found: dict[UUID, list[str]] = {}
        for row in conn.execute(select(m.project_id, m.role_code).where(m.membership_id == membership_id)):
            found.setdefault(row.project_id, []).append(row.role_code)
        return found

    def drop_role(self, conn: Connection, project_id: ProjectId, membership_id: UUID, code: str) -> None:
        """Take a role in a project from a member."""
        m = project_members.c
        mine = (m.project_id == project_id, m.membership_id == membership_id, m.role_code == code)
        conn.execute(delete(project_members).where(*mine))

    def change(self, conn: Connection, project_id: ProjectId, expected: int, values: Mapping[str, Any]) -> bool:
        """Change a project if it still has the expected version."""
        p = projects.c
        statement = projects.update().where(p.id == project_id, p.version == expected).values(**values)
        return conn.execute(statement).rowcount == 1

    def add_member(
        self, conn: Connection, tenant_id: UUID, project_id: ProjectId, membership_id: UUID, code: str
    ) -> None:
        """Give a member a role in one project."""
        values = {
            "tenant_id": tenant_id,
            "id": new_id(),
            "project_id": project_id,
            "membership_id": membership_id,
            "role_code": code,
        }
        conn.execute(insert(project_members).values(values))

    def holders(self, conn: Connection, code: str) -> int:
        """How many members hold a role in some project."""
        m = project_members.c
        statement = select(func.count(distinct(m.membership_id))).where(m.role_code == code)
        return int(conn.execute(statement).scalar_one())

    def leave(self, conn: Connection, membership_id: UUID) -> int:
        """Take a member out of every project; how many roles that were."""
        return conn.execute(delete(project_members).where(project_members.c.membership_id == membership_id)).rowcount


PROJECT_COLUMNS = """
SELECT p.id, p.key, p.name, p.description, p.status, p.active_version_id,
       m.namespace || '/' || m.name || ' ' || v.label AS active_manifest,
       (SELECT count(*) FROM alm.artifacts a
         WHERE a.tenant_id = p.tenant_id AND a.project_id = p.id AND a.deleted_at IS NULL) AS items,
       p.created_at, p.version, p.deleted_at
  FROM alm.projects p
  LEFT JOIN alm.manifest_versions v ON v.tenant_id = p.tenant_id AND v.id = p.active_version_id
  LEFT JOIN alm.manifests m ON m.tenant_id = v.tenant_id AND m.id = v.manifest_id
"""

BINNED = text(f"{PROJECT_COLUMNS} WHERE p.id = :id")

SELECT_PROJECTS = text(f"""{PROJECT_COLUMNS}
 WHERE p.deleted_at IS NULL
   AND (CAST(:id AS uuid) IS NULL OR p.id = :id)
   AND (CAST(:after AS text) IS NULL OR p.key > :after)
   AND (CAST(:only AS text[]) IS NULL OR p.id = ANY (CAST(CAST(:only AS text[]) AS uuid[])))
 ORDER BY p.key LIMIT :limit
""")

BIN_PAGE = text("""
SELECT p.id, p.key, p.name, p.deleted_at, p.deleted_by, w.display_name AS deleter, b.commit_id, p.version
  FROM alm.projects p
  LEFT JOIN alm.bin_entries b ON b.tenant_id = p.tenant_id AND b.tbl = 'projects' AND b.row_id = p.id
   AND b.binned_at = p.deleted_at
  LEFT JOIN alm.actors w ON w.tenant_id = p.tenant_id AND w.id = p.deleted_by
 WHERE p.deleted_at IS NOT NULL
   AND (CAST(:at AS timestamptz) IS NULL OR (p.deleted_at, p.id) < (CAST(:at AS timestamptz), CAST(:id AS uuid)))
   AND (CAST(:only AS text[]) IS NULL OR p.id = ANY (CAST(CAST(:only AS text[]) AS uuid[])))
 ORDER BY p.deleted_at DESC, p.id DESC LIMIT :limit
""")

BINNED_ROWS = text(
    "SELECT commit_id, tbl, count(*) AS n FROM alm.bin_entries WHERE commit_id = ANY (:commits) AND tbl <> 'tasks'"
    " GROUP BY commit_id, tbl ORDER BY tbl"
).bindparams(bindparam("commits", type_=ARRAY(Uuid)))
