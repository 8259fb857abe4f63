"""What becomes of a project after it was made: other words for it, standing still, going on."""

from __future__ import annotations

from typing import Any

from alm_workbench.contexts.project.messages import (
    ArchiveProject,
    GetProject,
    ProjectDTO,
    ReopenProject,
    UpdateProject,
)
from alm_workbench.contexts.project.repository import ProjectRepository
from alm_workbench.errors import ErrorItem, InvalidInput, StaleVersion, plain
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Event

MAX_NAME = 200
MAX_DESCRIPTION = 20_000


class UpdateProjectHandler:
    """Renames and describes."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: UpdateProject) -> ProjectDTO:
        values: dict[str, Any] = {}
        if message.name is not None:
            values["name"] = " ".join(message.name.split())
        if message.description is not None:
            values["description"] = message.description
        problems = []
        if not 0 < len(values.get("name", "x")) <= MAX_NAME:
            problems.append(ErrorItem("/name", "length", f"a name has 1 to {MAX_NAME} characters"))
        if len(values.get("description", "")) > MAX_DESCRIPTION:
            problems.append(ErrorItem("/description", "too-long", f"at most {MAX_DESCRIPTION} characters"))
        if problems:
            raise InvalidInput(problems[0].message, errors=problems)
        return changed(self._projects, ctx, message, values, "ProjectUpdated")


class ArchiveProjectHandler:
    """Lets a project stand still."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ArchiveProject) -> ProjectDTO:
        return changed(self._projects, ctx, message, {"status": "archived"}, "ProjectArchived")


class ReopenProjectHandler:
    """Lets a project go on."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: ReopenProject) -> ProjectDTO:
        return changed(self._projects, ctx, message, {"status": "active"}, "ProjectReopened")


def changed(
    projects: ProjectRepository,
    ctx: MessageContext,
    message: UpdateProject | ArchiveProject | ReopenProject,
    values: dict[str, Any],
    event: str,
) -> ProjectDTO:
    """Write what differs, if the project still has the expected version; raises ``StaleVersion`` with the present one."""
    current = ctx.ask(GetProject(message.project_id))
    expected = message.expected_version
    different = {name: value for name, value in values.items() if getattr(current, name) != value}
    written = current.version == expected and (
        not different or projects.change(ctx.conn, message.project_id, expected, different)
    )
    if not written:
        current = ctx.ask(GetProject(message.project_id))
        raise StaleVersion(
            f"{current.key} has version {current.version} by now, you changed version {expected}",
            current=plain(current),
        )
    if not different:
        return current
    ctx.emit(Event(event, "Project", message.project_id, {"key": current.key, "changes": sorted(different)}))
    return ctx.ask(GetProject(message.project_id))
