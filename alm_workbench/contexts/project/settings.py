"""Settings of projects: what may be set, and what holds where nothing was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from alm_workbench.contexts.project.messages import ActiveProcess, GetProject
from alm_workbench.contexts.project.repository import ProjectRepository
from alm_workbench.contexts.project.settings_messages import (
    GetProjectSettings,
    ProjectSettingsDTO,
    SettingsOf,
    UpdateProjectSettings,
)
from alm_workbench.errors import Conflict, ErrorItem, InvalidInput, StaleVersion, plain
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.messages import UNSET, Event

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DEFAULTS: Mapping[str, Any] = {
    "default_type": None,
    "language": None,
    "week_start": "monday",
    "working_days": DAYS[:5],
    "estimation_unit": "points",
    "auto_watch": True,
    "notify": ("mention", "assignment", "transition", "comment"),
}
"""Every setting, and what holds where it is not set."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "language": ("en", "tr"),
    "week_start": DAYS,
    "working_days": DAYS,
    "estimation_unit": ("points", "hours", "days"),
    "notify": ("mention", "assignment", "transition", "comment"),
}


class GetProjectSettingsHandler:
    """Reads the settings of a project."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: GetProjectSettings) -> ProjectSettingsDTO:
        project = ctx.ask(GetProject(message.project_id))
        return settings_of(project.id, self._projects.settings(ctx.conn, project.id), project.version)


class SettingsOfHandler:
    """Reads the settings for another context."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: SettingsOf) -> ProjectSettingsDTO:
        found: ProjectSettingsDTO | None = ctx.memo.get(message)
        if found is None:
            stored = self._projects.settings(ctx.conn, message.project_id)
            found = ctx.memo[message] = settings_of(message.project_id, stored, 0)
        return found


class UpdateProjectSettingsHandler:
    """Changes settings, each checked against what it may be."""

    def __init__(self, projects: ProjectRepository) -> None:
        self._projects = projects

    def __call__(self, ctx: MessageContext, message: UpdateProjectSettings) -> ProjectSettingsDTO:
        current = ctx.ask(GetProject(message.project_id))
        given = {name: value for name in DEFAULTS if (value := getattr(message, name)) is not UNSET}
        problems = [
            problem for name, value in given.items() if (problem := wrong(name, value, self._types(ctx, current.id)))
        ]
        if problems:
            raise InvalidInput(problems[0].message, errors=problems)
        stored = self._projects.settings(ctx.conn, current.id)
        wanted = {**stored, **{name: kept(name, value) for name, value in given.items() if value is not None}}
        wanted = {name: value for name, value in wanted.items() if given.get(name, value) is not None}
        fits = current.version == message.expected_version
        if fits and wanted == stored:
            return settings_of(current.id, stored, current.version)
        if not fits or not self._projects.change(ctx.conn, current.id, message.expected_version, {"settings": wanted}):
            now = ctx.ask(GetProject(current.id))
            raise StaleVersion(
                f"{now.key} has version {now.version} by now, you changed version {message.expected_version}",
                current=plain(now),
            )
        ctx.emit(Event("ProjectUpdated", "Project", current.id, {"key": current.key, "changes": sorted(given)}))
        return replace(settings_of(current.id, wanted, current.version), version=current.version + 1)

    def _types(self, ctx: MessageContext, project_id: ProjectId) -> Callable[[], tuple[str, ...]]:
        def known() -> tuple[str, ...]:
            try:
                return tuple(ctx.ask(ActiveProcess(project_id)).compiled.types)
            except Conflict:  # no process yet, so no types
                return ()

        return known


def settings_of(project_id: ProjectId, stored: Mapping[str, Any], version: int) -> ProjectSettingsDTO:
    """What holds in a project: what was set, else what holds by itself."""
    values = {name: stored.get(name, value) for name, value in DEFAULTS.items()}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return ProjectSettingsDTO(project_id=project_id, version=version, **values)


def wrong(name: str, value: Any, types: Callable[[], tuple[str, ...]]) -> ErrorItem | None:
    """What is wrong with a setting, if anything."""
    if value is None:
        return None
    if name == "default_type":
        known = types()
        ok = value in known
        return (
            None
            if ok
            else ErrorItem("/default_type", "unknown-type", f"{value!r} is none of {', '.join(known) or 'no types'}")
        )
    if name == "auto_watch":
        return None
    many = isinstance(value, list | tuple)
    for one in value if many else (value,):
        if one not in CHOICES[name]:
            return ErrorItem(f"/{name}", "unknown", f"{one!r} is none of {', '.join(CHOICES[name])}")
    if many and len(set(value)) != len(value):
        return ErrorItem(f"/{name}", "twice", "nothing may stand there twice")
    if name == "working_days" and not value:
        return ErrorItem(f"/{name}", "empty", "a week has at least one working day")
    return None


def kept(name: str, value: Any) -> Any:
    """A setting as it is stored: lists in the order of their choices."""
    return [choice for choice in CHOICES[name] if choice in value] if isinstance(value, list | tuple) else value
