"""Queries that hand out items for files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from alm_workbench.contexts.artifact.messages import Category
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import Query, query


@dataclass(frozen=True, slots=True)
class ExportPageDTO:
    """Some rows of an export; every page has the same columns. Cells are texts, numbers, truth values, lists or null."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    next_cursor: str | None = None


@query(route="GET /projects/{project_id}/export", privilege="artifact:read", facade="artifacts.export_page")
@dataclass(frozen=True, slots=True)
class ExportArtifacts(Query[ExportPageDTO]):
    """Items as rows for a file that can be imported again: in the order of the backlog, with all that I may see of them.

    Columns are ``key``, ``type``, ``title``, ``state``, ``assignee`` (an e-mail address, an id for those who may not see
    addresses), ``parent`` and ``tags``, ``created_at``, every field, and ``link:<type>`` with the keys that the item
    links to. ``technical`` adds ``id``, ``version`` and ``updated_at``. The rest asks as ``GET …/artifacts`` does.
    """

    project_id: ProjectId
    technical: bool = False
    type: str | None = None
    state: str | None = None
    category: Category | None = None
    text: str | None = None
    filter: str | None = None
    assignee_id: UUID | None = None
    tag: str | None = None
    parent_id: ArtifactId | None = None
    keys: str | None = None
    created_since: datetime | None = None
    created_until: datetime | None = None
    updated_since: datetime | None = None
    updated_until: datetime | None = None
    deleted: Literal["only", "include"] | None = None
    sort: str | None = None
    limit: int = 500
    cursor: str | None = None
