"""Commands and queries about the work of people: what they have to do, and what they noted as done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import Command, Page, Query, command, query


@dataclass(frozen=True, slots=True)
class WorkLogDTO:
    """Work that somebody did on an item on a day, in hours; ``actor`` is the name, empty for one who left."""

    id: UUID
    project_id: ProjectId
    artifact_id: ArtifactId
    actor_id: UUID
    actor: str
    hours: float
    worked_on: date
    note: str
    version: int


@command(route="POST /artifacts/{artifact_id}/work", privilege="artifact:update", facade="work.log", idempotent=True)
@dataclass(frozen=True, slots=True)
class LogWork(Command[WorkLogDTO]):
    """Note work on an item: up to 24 hours on a day that is not to come, today unless said otherwise.

    ``remaining`` sets what is left, where the process has a field for it.
    """

    artifact_id: ArtifactId
    hours: float
    worked_on: date | None = None
    note: str = ""
    remaining: float | None = None


@query(route="GET /artifacts/{artifact_id}/work", privilege="artifact:read", facade="work.of_item")
@dataclass(frozen=True, slots=True)
class ListWork(Query[Page[WorkLogDTO]]):
    """The work noted on an item, latest day first."""

    artifact_id: ArtifactId
    limit: int = 100
    cursor: str | None = None


@command(route="DELETE /artifacts/{artifact_id}/work/{work_id}", privilege="artifact:update", facade="work.take_back")
@dataclass(frozen=True, slots=True)
class TakeBackWork(Command[WorkLogDTO]):
    """Take back what I noted; that of others takes ``planning:manage``."""

    artifact_id: ArtifactId
    work_id: UUID


@query(route="GET /work", privilege="artifact:read", facade="work.mine")
@dataclass(frozen=True, slots=True)
class MyWork(Query[Page[ArtifactDTO]]):
    """What is assigned to me and not done, in every project I can see, latest change first."""

    limit: int = 50
    cursor: str | None = None
