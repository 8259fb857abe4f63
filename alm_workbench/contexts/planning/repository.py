"""Teams, capacities and noted work in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from alm_workbench.contexts.planning.domain import Capacity
from alm_workbench.contexts.planning.tables import cycle_capacities, team_members, teams, work_logs
from alm_workbench.contexts.planning.work_messages import WorkLogDTO
from alm_workbench.errors import Conflict
from alm_workbench.shared.ids import ArtifactId, ProjectId, new_id
from alm_workbench.storage.bin import bin_seen

T, TM, CC, W = teams.c, team_members.c, cycle_capacities.c, work_logs.c
WORK = (W.id, W.project_id, W.artifact_id, W.actor_id, W.hours, W.worked_on, W.note, W.version)


class PlanningRepository:
    """Every method takes the transaction's connection."""

    def teams(self, conn: Connection, team_id: UUID | None = None) -> list[Any]:
        """Live teams by name (id, name, description, version), or the one with an id."""
        statement = select(T.id, T.name, T.description, T.version).order_by(T.name, T.id)
        return list(conn.execute(statement if team_id is None else statement.where(T.id == team_id)))

    def members(self, conn: Connection, team_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
        """The actors in some teams."""
        found: dict[UUID, list[UUID]] = {}
        statement = select(TM.team_id, TM.actor_id).where(TM.team_id.in_(list(team_ids)))
        for row in conn.execute(statement):
            found.setdefault(row.team_id, []).append(row.actor_id)
        return found

    def known(self, conn: Connection, ids: Collection[UUID]) -> frozenset[UUID]:
        """Which of some ids are live teams."""
        return frozenset(conn.execute(select(T.id).where(T.id.in_(list(ids)))).scalars())

    def add_team(self, conn: Connection, tenant_id: UUID, name: str, description: str) -> UUID:
        """Add a team; raises ``Conflict`` when another has its name."""
        team_id = new_id()
        with unique(f"there is a team called {name!r} already"):
            conn.execute(insert(teams).values(tenant_id=tenant_id, id=team_id, name=name, description=description))
        return team_id

    def change_team(self, conn: Connection, team_id: UUID, expected: int, values: Mapping[str, Any]) -> bool:
        """Change a team if it still has the expected version; raises ``Conflict`` when another has its name."""
        statement = update(teams).where(T.id == team_id, T.version == expected).values(**values)
        with unique(f"there is a team called {values.get('name')!r} already"):
            return conn.execute(statement).rowcount == 1

    def delete_team(self, conn: Connection, team_id: UUID, expected: int, values: Mapping[str, Any]) -> bool:
        """Put a team into the bin if it still has the expected version."""
        with bin_seen(conn):
            return self.change_team(conn, team_id, expected, values)

    def set_members(self, conn: Connection, tenant_id: UUID, team_id: UUID, actors: Iterable[UUID]) -> None:
        """Let a team consist of some actors."""
        wanted = list(dict.fromkeys(actors))
        conn.execute(delete(team_members).where(TM.team_id == team_id, TM.actor_id.not_in(wanted)))
        present = set(conn.execute(select(TM.actor_id).where(TM.team_id == team_id)).scalars())
        rows = [
            {"tenant_id": tenant_id, "id": new_id(), "team_id": team_id, "actor_id": actor}
            for actor in wanted
            if actor not in present
        ]
        if rows:
            conn.execute(insert(team_members), rows)

    def capacities(self, conn: Connection, cycle_ids: Collection[UUID]) -> dict[UUID, list[Capacity]]:
        """What people and teams have in some cycles."""
        found: dict[UUID, list[Capacity]] = {}
        statement = select(CC.cycle_id, CC.actor_id, CC.team_id, CC.amount).where(CC.cycle_id.in_(list(cycle_ids)))
        for row in conn.execute(statement.order_by(CC.id)):
            found.setdefault(row.cycle_id, []).append(Capacity(row.actor_id, row.team_id, row.amount))
        return found

    def set_capacity(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Write the capacity of somebody or a team in a cycle over what was there."""
        statement = upsert(cycle_capacities).values(id=new_id(), **values)
        place = ["tenant_id", "cycle_id", "actor_id", "team_id"]
        changed = {"amount": values["amount"], "note": values["note"]}
        conn.execute(statement.on_conflict_do_update(index_elements=place, set_=changed))

    def drop_capacity(
        self, conn: Connection, cycle_id: ArtifactId, actor_id: UUID | None, team_id: UUID | None
    ) -> None:
        """Take the capacity of somebody or a team in a cycle away."""
        whose = (CC.actor_id == actor_id, CC.team_id.is_(None)) if actor_id else (CC.team_id == team_id,)
        conn.execute(delete(cycle_capacities).where(CC.cycle_id == cycle_id, *whose))

    def add_work(self, conn: Connection, tenant_id: UUID, work: WorkLogDTO) -> None:
        """Keep noted work."""
        values = {name: getattr(work, name) for name in ("id", "project_id", "artifact_id", "actor_id")}
        values |= {"hours": work.hours, "worked_on": work.worked_on, "note": work.note}
        conn.execute(insert(work_logs).values(tenant_id=tenant_id, **values))

    def work(
        self, conn: Connection, artifact_id: ArtifactId, limit: int, after: tuple[date, UUID] | None
    ) -> list[WorkLogDTO]:
        """Work noted on an item, latest day first."""
        statement = select(*WORK).where(W.artifact_id == artifact_id)
        if after is not None:
            statement = statement.where(tuple_(W.worked_on, W.id) < after)
        found = conn.execute(statement.order_by(W.worked_on.desc(), W.id.desc()).limit(limit))
        return [work_dto(row) for row in found]

    def one_work(self, conn: Connection, artifact_id: ArtifactId, work_id: UUID) -> WorkLogDTO | None:
        """One note of work on an item."""
        row = conn.execute(select(*WORK).where(W.artifact_id == artifact_id, W.id == work_id)).first()
        return work_dto(row) if row else None

    def take_back(self, conn: Connection, work_id: UUID, values: Mapping[str, Any]) -> None:
        """Put a note of work into the bin."""
        with bin_seen(conn):
            conn.execute(update(work_logs).where(W.id == work_id).values(**values))


def work_dto(row: Any) -> WorkLogDTO:
    """A row as a DTO."""
    item, project = ArtifactId(row.artifact_id), ProjectId(row.project_id)
    return WorkLogDTO(row.id, project, item, row.actor_id, "", row.hours, row.worked_on, row.note, row.version)


@contextmanager
def unique(detail: str) -> Iterator[None]:
    """Turn a broken unique key into ``Conflict``; the transaction is over then."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(detail) from error
