"""Templates: processes that ship with the workbench, for projects to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alm_workbench.shared.messages import Query, query


@dataclass(frozen=True, slots=True)
class TemplateDTO:
    """A process to begin with. ``manifest`` reads ``namespace/name version``; the rest says how much there is of what."""

    id: str
    labels: Mapping[str, str]
    description: Mapping[str, str]
    manifest: str
    types: tuple[str, ...]
    fields: int
    workflows: int
    link_types: int
    rules: int
    views: int


@query(route="GET /templates", privilege="project:create", facade="projects.templates")
@dataclass(frozen=True, slots=True)
class ListTemplates(Query[tuple[TemplateDTO, ...]]):
    """The processes that a new project may begin with, the simplest first."""
