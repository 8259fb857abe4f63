"""What the context of saved queries does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.finding_messages import CheckQuestion
from alm_workbench.contexts.artifact.messages import ArtifactDTO, FindArtifacts
from alm_workbench.contexts.project.acting import acting
from alm_workbench.contexts.project.messages import GetProject, ProjectPrivileges
from alm_workbench.contexts.savedquery.messages import (
    CreateSavedQuery,
    DeleteSavedQuery,
    GetSavedQuery,
    ListSavedQueries,
    RunSavedQuery,
    SavedQueryDTO,
    UpdateSavedQuery,
)
from alm_workbench.contexts.savedquery.repository import SavedQueryRepository
from alm_workbench.errors import AccessDenied, Conflict, ErrorItem, InvalidInput, NotFound, StaleVersion, plain
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.messages import UNSET, Event, Page

MAX_NAME, MAX_TEXT, MAX_LISTED = 200, 2_000, 50
CHANGE = "project:update"
"""Whoever may change the project may change what is shared in it."""


class SavedQueries:
    """What the handlers below share."""

    def __init__(self, repo: SavedQueryRepository) -> None:
        self.repo = repo

    def usable(self, ctx: MessageContext, project_id: ProjectId, query_id: UUID | None = None) -> list[SavedQueryDTO]:
        """Queries that the caller may use; raises ``NotFound`` for a project that he may not see."""
        ctx.ask(GetProject(project_id))
        me = acting(ctx, project_id)
        return self.repo.usable(ctx.conn, project_id, me.actor_id, me.roles, query_id)

    def one(self, ctx: MessageContext, project_id: ProjectId, query_id: UUID) -> SavedQueryDTO:
        """One of them; raises ``NotFound``."""
        found = self.usable(ctx, project_id, query_id)
        if not found:
            raise NotFound(f"there is no saved query {query_id}")
        return found[0]

    def changeable(self, ctx: MessageContext, project_id: ProjectId, query_id: UUID, version: int) -> SavedQueryDTO:
        """One that the caller may change, in the version he saw; raises ``AccessDenied`` and ``StaleVersion``."""
        found = self.one(ctx, project_id, query_id)
        if found.owner_id != ctx.principal.actor_id:
            held = ctx.principal.privileges | ctx.ask(ProjectPrivileges(project_id))
            if CHANGE not in held and "*" not in held:
                reason = {"code": "R_PRIVILEGE_MISSING", "message": f"privilege {CHANGE} is needed", "rule_id": CHANGE}
                raise AccessDenied("This query is somebody else's", reasons=[reason])
        if found.version != version:
            raise stale(found, version)
        return found

    def with_problem(self, ctx: MessageContext, found: SavedQueryDTO) -> SavedQueryDTO:
        """The query with what does not fit the process any more."""
        try:
            problem = ctx.ask(CheckQuestion(question(found)))
        except Conflict as error:
            problem = error.detail
        return replace(found, problem=problem)


def question(found: SavedQueryDTO) -> FindArtifacts:
    """What a saved query asks."""
    return FindArtifacts(found.project_id, text=found.text, filter=found.filter, sort=found.sort)


def stale(found: SavedQueryDTO, expected: int) -> StaleVersion:
    """The refusal of a change to another version."""
    told = f"{found.name} has version {found.version} by now, you changed version {expected}"
    return StaleVersion(told, current=plain(found))


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """Values as they are kept; raises ``InvalidInput`` with the place of what is wrong."""
    if "name" in values:
        values["name"] = name = " ".join(str(values["name"]).split())
        if not 1 <= len(name) <= MAX_NAME:
            raise InvalidInput(
                "A saved query needs a name",
                errors=[ErrorItem("/name", "length", f"1 to {MAX_NAME} characters are needed")],
            )
    for name in ("text", "filter", "sort"):
        if values.get(name) is not None:
            values[name] = values[name].strip() or None
            if len(values[name] or "") > MAX_TEXT:
                raise InvalidInput(
                    f"{name} is too long", errors=[ErrorItem(f"/{name}", "length", f"at most {MAX_TEXT}")]
                )
    for name in ("columns", "roles"):
        if name in values:
            values[name] = _listed(name, values[name])
    if values.get("sharing") == "roles" and not values.get("roles"):
        raise InvalidInput("Say with which roles", errors=[ErrorItem("/roles", "required", "name at least one role")])
    if "text" in values:
        values["search_text"] = values.pop("text")
    return values


def _listed(name: str, values: Sequence[str]) -> list[str]:
    listed = list(dict.fromkeys(value.strip() for value in values if value.strip()))
    if len(listed) > MAX_LISTED or any(len(value) > MAX_NAME for value in listed):
        problem = ErrorItem(f"/{name}", "length", f"at most {MAX_LISTED} names of at most {MAX_NAME} characters")
        raise InvalidInput(f"Too many {name}", errors=[problem])
    return listed


class ListHandler:
    """Lists saved queries."""

    def __init__(self, queries: SavedQueries) -> None:
        self._queries = queries

    def __call__(self, ctx: MessageContext, message: ListSavedQueries) -> tuple[SavedQueryDTO, ...]:
        found = self._queries.usable(ctx, message.project_id)
        return tuple(self._queries.with_problem(ctx, each) for each in found)


class GetHandler:
    """Reads one saved query."""

    def __init__(self, queries: SavedQueries) -> None:
        self._queries = queries

    def __call__(self, ctx: MessageContext, message: GetSavedQuery) -> SavedQueryDTO:
        return self._queries.with_problem(ctx, self._queries.one(ctx, message.project_id, message.query_id))


class CreateHandler:
    """Keeps a question."""

    def __init__(self, queries: SavedQueries) -> None:
        self._queries = queries

    def __call__(self, ctx: MessageContext, message: CreateSavedQuery) -> SavedQueryDTO:
        self._queries.usable(ctx, message.project_id)
        names = ("project_id", "name", "text", "filter", "sort", "columns", "sharing", "roles")
        values = checked({name: getattr(message, name) for name in names})
        asked = FindArtifacts(message.project_id, text=message.text, filter=message.filter, sort=message.sort)
        refuse_unfit(ctx, asked)
        values["owner_id"] = ctx.principal.actor_id
        query_id = self._queries.repo.add(ctx.conn, ctx.principal.tenant_id, values)
        payload = {"project_id": str(message.project_id), "name": values["name"], "sharing": message.sharing}
        ctx.emit(Event("SavedQueryCreated", "SavedQuery", query_id, payload))
        return self._queries.one(ctx, message.project_id, query_id)


class UpdateHandler:
    """Changes a saved query."""

    def __init__(self, queries: SavedQueries) -> None:
        self._queries = queries

    def __call__(self, ctx: MessageContext, message: UpdateSavedQuery) -> SavedQueryDTO:
        found = self._queries.changeable(ctx, message.project_id, message.query_id, message.expected_version)
        given = {name: getattr(message, name) for name in ("name", "columns", "sharing", "roles")}
        values = {name: value for name, value in given.items() if value is not None}
        for name in ("text", "filter", "sort"):
            if getattr(message, name) is not UNSET:
                values[name] = getattr(message, name)
        after = replace(found, **{name: value for name, value in values.items() if name in ("text", "filter", "sort")})
        if question(after) != question(found):
            refuse_unfit(ctx, question(after))
        values = checked({"roles": found.roles, "sharing": found.sharing, **values})
        if not self._queries.repo.update(ctx.conn, found.id, message.expected_version, values):
            raise stale(self._queries.one(ctx, message.project_id, found.id), message.expected_version)
        ctx.emit(Event("SavedQueryChanged", "SavedQuery", found.id, {"changes": sorted(values)}))
        rows = self._queries.usable(ctx, message.project_id, found.id)
        # whoever shares somebody else's query no more cannot use it any longer: tell him what he wrote
        return rows[0] if rows else replace(found, version=found.version + 1)


class DeleteHandler:
    """Puts a saved query away."""

    def __init__(self, queries: SavedQueries) -> None:
        self._queries = queries

    def __call__(self, ctx: MessageContext, message: DeleteSavedQuery) -> SavedQueryDTO:
        found = self._queries.changeable(ctx, message.project_id, message.query_id, message.expected_version)
        if not self._queries.repo.delete(ctx.conn, found.id, message.expected_version):
            raise stale(self._queries.one(ctx, message.project_id, found.id), message.expected_version)
        ctx.emit(Event("SavedQueryDeleted", "SavedQuery", found.id, {"name": found.name}))
        return replace(found, version=found.version + 1)


class RunHandler:
    """Runs a saved query with the rights of whoever runs it."""

    def __init__(self, queries: SavedQueries) -> None:
        self._queries = queries

    def __call__(self, ctx: MessageContext, message: RunSavedQuery) -> Page[ArtifactDTO]:
        asked = question(self._queries.one(ctx, message.project_id, message.query_id))
        return ctx.ask(replace(asked, include=message.include, limit=message.limit, cursor=message.cursor))


def refuse_unfit(ctx: MessageContext, asked: FindArtifacts) -> None:
    """Refuse a question that the process does not understand; raises ``InvalidInput`` with the place."""
    problem = ctx.ask(CheckQuestion(asked))
    if problem is not None:
        raise InvalidInput("The question is not understood", errors=[ErrorItem("/filter", "question", problem)])
