"""Bulk changes in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, tuple_, update
from sqlalchemy.exc import DBAPIError

from alm_workbench.contexts.bulk.messages import BulkRunDTO
from alm_workbench.contexts.bulk.tables import bulk_items, bulk_runs
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.storage.bulk import copy_insert
from alm_workbench.storage.units import explained

R, B = bulk_runs.c, bulk_items.c
RUN = select(
    R.id, R.project_id, R.kind, R.action, R.changed, R.refused, R.unchanged, R.manifest_version_id, R.undo_of,
    R.undone_by, R.created_at, R.created_by,
)  # fmt: skip
PLANS_HOLD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ItemOfRun:
    """What a run did with one item: the versions it had before and after."""

    artifact_id: ArtifactId
    version_before: int | None
    version_after: int | None
    outcome: str
    link_id: UUID | None


class BulkRepository:
    """Every method takes the transaction's connection."""

    @contextmanager
    def attempt(self, conn: Connection) -> Iterator[None]:
        """Something that is taken back alone when it fails; the database's complaints come as the Mediator tells them."""
        try:
            with conn.begin_nested():
                yield
        except DBAPIError as error:
            raise explained(error) from error

    def take_back(self, conn: Connection) -> Any:
        """Remember this point; ``rollback()`` of the answer undoes everything since."""
        return conn.begin_nested()

    def add(self, conn: Connection, run: Mapping[str, Any], items: Sequence[ItemOfRun]) -> BulkRunDTO:
        """Keep a run with its items."""
        conn.execute(insert(bulk_runs).values(**run))
        rows = [
            {
                "tenant_id": run["tenant_id"],
                "run_id": run["id"],
                "ord": number,
                "artifact_id": item.artifact_id,
                "version_before": item.version_before,
                "version_after": item.version_after,
                "outcome": item.outcome,
                "link_id": item.link_id,
            }
            for number, item in enumerate(items)
        ]
        copy_insert(conn, bulk_items, rows)
        found = self.get(conn, run["project_id"], run["id"])
        assert found is not None
        return found

    def get(self, conn: Connection, project_id: ProjectId, run_id: UUID, *, lock: bool = False) -> BulkRunDTO | None:
        """One run of a project."""
        statement = RUN.where(R.id == run_id, R.project_id == project_id)
        row = conn.execute(statement.with_for_update() if lock else statement).first()
        return run_of(row) if row else None

    def request_hash(self, conn: Connection, run_id: UUID) -> str:
        """What a run was asked to do, as a hash."""
        found: str = conn.execute(select(R.request_hash).where(R.id == run_id)).scalar_one()
        return found

    def items(self, conn: Connection, run_id: UUID) -> list[ItemOfRun]:
        """What a run did, in the order of its selection."""
        statement = select(B.artifact_id, B.version_before, B.version_after, B.outcome, B.link_id)
        return [ItemOfRun(*row) for row in conn.execute(statement.where(B.run_id == run_id).order_by(B.ord))]

    def page(
        self, conn: Connection, project_id: ProjectId, limit: int, after: tuple[datetime, UUID] | None
    ) -> list[BulkRunDTO]:
        """Runs of a project without plans, newest first."""
        statement = RUN.where(R.project_id == project_id, R.kind != "plan")
        if after:
            statement = statement.where(tuple_(R.created_at, R.id) < after)
        rows = conn.execute(statement.order_by(R.created_at.desc(), R.id.desc()).limit(limit))
        return [run_of(row) for row in rows]

    def undone(self, conn: Connection, run_id: UUID, by: UUID) -> None:
        """Remember which run took one back."""
        conn.execute(update(bulk_runs).where(R.id == run_id).values(undone_by=by))

    def forget_plans(self, conn: Connection, actor_id: UUID, now: datetime) -> None:
        """Drop plans of somebody that hold no longer."""
        old = (R.kind == "plan", R.created_by == actor_id, R.created_at < now - PLANS_HOLD)
        conn.execute(delete(bulk_runs).where(*old))


def run_of(row: Any) -> BulkRunDTO:
    """A row as a DTO."""
    values: list[Any] = list(row)
    return BulkRunDTO(*values)
