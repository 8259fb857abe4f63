"""What a project may be set to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.messages import AUTHENTICATED, UNSET, Command, Query, command, query

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Unit = Literal["points", "hours", "days"]
Told = Literal["mention", "assignment", "transition", "comment"]


@dataclass(frozen=True, slots=True)
class ProjectSettingsDTO:
    """The settings of a project with what holds where nothing was set; ``version`` is the project's.

    ``default_type`` is what a new item is unless somebody says otherwise; ``week_start`` and ``working_days`` are for
    calendars and burndowns; ``estimation_unit`` is what estimates count; ``notify`` is what its people are told of, and
    with ``auto_watch`` who wrote, comments or is to do an item watches it.
    """

    project_id: ProjectId
    default_type: str | None
    language: Literal["en", "tr"] | None
    week_start: Day
    working_days: tuple[Day, ...]
    estimation_unit: Unit
    auto_watch: bool
    notify: tuple[Told, ...]
    version: int


@query(route="GET /projects/{project_id}/settings", privilege="project:read", facade="projects.settings")
@dataclass(frozen=True, slots=True)
class GetProjectSettings(Query[ProjectSettingsDTO]):
    """How a project is set."""

    project_id: ProjectId


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class SettingsOf(Query[ProjectSettingsDTO]):
    """How a project is set, for other contexts; looked up once a transaction, ``version`` is 0."""

    project_id: ProjectId


@command(
    route="PATCH /projects/{project_id}/settings",
    privilege="project:update",
    facade="projects.update_settings",
    if_match=True,
)
@dataclass(frozen=True, slots=True)
class UpdateProjectSettings(Command[ProjectSettingsDTO]):
    """Set a project otherwise; what is not named stays, null takes a setting back to what holds by itself."""

    project_id: ProjectId
    expected_version: int
    default_type: str | None = UNSET
    language: Literal["en", "tr"] | None = UNSET
    week_start: Day | None = UNSET
    working_days: tuple[Day, ...] | None = UNSET
    estimation_unit: Unit | None = UNSET
    auto_watch: bool | None = UNSET
    notify: tuple[Told, ...] | None = UNSET
