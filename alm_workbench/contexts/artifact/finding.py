"""Finding items: pages, numbers, facets, search across projects, and the choice of what is to be changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from zlib import crc32

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.columns import vocabulary
from alm_workbench.contexts.artifact.domain import CORE, masked, type_of
from alm_workbench.contexts.artifact.finding_messages import (
    CheckQuestion,
    CountArtifacts,
    CountDTO,
    FacetArtifacts,
    FacetDTO,
    FacetValueDTO,
    SearchEverywhere,
    SelectArtifacts,
    SelectedItem,
)
from alm_workbench.contexts.artifact.highlights import highlighted
from alm_workbench.contexts.artifact.messages import ArtifactDTO, FindArtifacts
from alm_workbench.contexts.artifact.questions import Asked, Question, Reader, parts_of, question
from alm_workbench.contexts.artifact.repository.finding import SEARCHED, Finding, Found
from alm_workbench.contexts.artifact.visibility import reader_of
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.project.messages import ProjectPrivileges, VisibleProjects
from alm_workbench.errors import AccessDenied, Conflict, ErrorItem, InvalidInput, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.messages import Page
from alm_workbench.shared.paging import bad_cursor, decode, encode

MAX_PAGE = 1_000
JUDGED = 20_000
"""So many rows are judged one by one where access rules have no SQL form; counts beyond are not exact."""
MAX_FACETS, FACET_VALUES = 8, 50
BIN = "artifact:delete"
"""The privilege to look into the bin: whoever puts items there may."""
PLAIN_FACETS: Mapping[str, tuple[str, str]] = {
    "type": ("a.type_id", "type_id"),
    "state": ("a.state", "state"),
    "category": ("a.state_category", "state_category"),
    "assignee": ("a.assignee_id", "assignee_id"),
}
TAGS = "LEFT JOIN alm.artifact_tag ft ON ft.tenant_id = :tenant AND ft.artifact_id = a.id"


class Finder:
    """What the handlers of this room share."""

    def __init__(self, artifacts: Artifacts, finding: Finding) -> None:
        self._artifacts, self.finding = artifacts, finding

    def reader(self, ctx: MessageContext, process: ProcessVersion, project_id: ProjectId) -> Reader:
        """The caller as a reader of a project's items."""
        return Reader(ctx.principal.tenant_id, process, *reader_of(ctx, process, project_id, self._artifacts.functions))

    def asked(
        self, ctx: MessageContext, message: Asked, sort: str | None, extra: Iterable[str] = ()
    ) -> tuple[ProcessVersion, Question]:
        """A question made ready; raises ``NotFound``, ``InvalidInput`` and, about the bin, ``AccessDenied``."""
        process = self._artifacts.process(ctx, message.project_id)
        ready = question(message, sort, self.reader(ctx, process, message.project_id), extra)
        if message.deleted:
            if message.text:
                problem = ErrorItem("/deleted", "not-searched", "texts of deleted items are not searched")
                raise InvalidInput("What is in the bin cannot be searched by text", errors=[problem])
            held = ctx.principal.privileges | ctx.ask(ProjectPrivileges(message.project_id))
            if BIN not in held and "*" not in held:
                reason = {"code": "R_PRIVILEGE_MISSING", "message": f"privilege {BIN} is needed", "rule_id": BIN}
                raise AccessDenied(f"To look into the bin needs the privilege {BIN}", reasons=[reason])
        return process, ready

    def rows(
        self, ctx: MessageContext, process: ProcessVersion, q: Question, size: int, after: Any
    ) -> Iterator[tuple[ArtifactDTO, ArtifactDTO, Any]]:
        """Items as they are and as the caller may see them, each with its cursor, to the end; read in portions of ``size``."""
        while not q.nothing:
            found = self._portion(ctx, q, size, after)
            for row, key in found:
                shown = self.seen(ctx, process, q, row)
                if shown is not None:
                    yield row, shown, key
            if len(found) < size:
                return
            after = found[-1][1]

    def _portion(self, ctx: MessageContext, q: Question, size: int, after: Any) -> list[Found]:
        with self._bin(ctx, q):
            return self.finding.page(ctx.conn, q, size, after)

    @contextmanager
    def _bin(self, ctx: MessageContext, q: Question) -> Iterator[None]:
        """Let the bin be seen inside, where the question is about it."""
        if q.deleted:
            self._artifacts.repo.include_deleted(ctx.conn)
        yield
        if q.deleted:
            self._artifacts.repo.include_deleted(ctx.conn, False)

    def values(
        self, ctx: MessageContext, q: Question, sql: str, source: str, limit: int
    ) -> list[tuple[str | None, int]]:
        """Values of an expression among the items found, with how many items have each."""
        with self._bin(ctx, q):
            return self.finding.facet(ctx.conn, q, sql, source, limit)

    def seen(self, ctx: MessageContext, process: ProcessVersion, q: Question, row: ArtifactDTO) -> ArtifactDTO | None:
        """A row as the caller may see it; None also where it was found by what is hidden of it."""
        hidden = self._artifacts.hidden(ctx, process, row)
        if hidden is None:
            return None
        if hidden and q.looks_at & hidden.union(*(CORE.get(name, ()) for name in hidden)):
            return None
        return masked(row, hidden) if hidden else row

    def count(self, ctx: MessageContext, process: ProcessVersion, q: Question) -> CountDTO:
        """How many items there are for the caller."""
        if q.nothing:
            return CountDTO(0)
        if not q.decided:
            counted = 0
            for counted, _ in enumerate(self.rows(ctx, process, q, MAX_PAGE, None), 1):
                if counted >= JUDGED:
                    return CountDTO(counted, False)
            return CountDTO(counted)
        with self._bin(ctx, q):
            found = self.finding.count(ctx.conn, q)
        return CountDTO(found, not q.text or found < SEARCHED)

    def with_access(self, ctx: MessageContext, shown: ArtifactDTO, row: ArtifactDTO, wanted: bool) -> ArtifactDTO:
        """The item with what the caller may do with it, where that was asked for."""
        return self._artifacts.with_access(ctx, shown, row, wanted)

    def process(self, ctx: MessageContext, project_id: ProjectId) -> ProcessVersion:
        """The process of a project that the caller may see."""
        return self._artifacts.process(ctx, project_id)


class FindHandler:
    """Lists items, without those the caller may not read."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def __call__(self, ctx: MessageContext, message: FindArtifacts) -> Page[ArtifactDTO]:
        process, q = self._finder.asked(ctx, message, message.sort)
        limit = max(1, min(message.limit, MAX_PAGE))
        found: list[tuple[ArtifactDTO, Any]] = []
        mark = crc32(repr((message.text, message.filter, message.sort)).encode())
        after = decode(message.cursor)
        if after is not None and after.pop() != mark:
            raise bad_cursor()  # of a saved query that was changed since
        # pages are filled with what may be seen, and none follows that holds nothing: neither tells of hidden items
        for row, shown, key in self._finder.rows(ctx, process, q, limit + 1, after):
            found.append((self._finder.with_access(ctx, shown, row, message.include == "access"), key))
            if len(found) > limit:
                break
        page = tuple(shown for shown, _ in found[:limit])
        if q.text:
            hits = partial(self._finder.finding.hits, ctx.conn, q.text)
            page = highlighted(page, {message.project_id: process.compiled}, q.text, hits)
        return Page(page, encode([*found[limit - 1][1], mark]) if len(found) > limit else None)


class CountHandler:
    """Counts items."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def __call__(self, ctx: MessageContext, message: CountArtifacts) -> CountDTO:
        process, q = self._finder.asked(ctx, message, None)
        return self._finder.count(ctx, process, q)


class CheckHandler:
    """Says whether a question still fits."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def __call__(self, ctx: MessageContext, message: CheckQuestion) -> str | None:
        try:
            self._finder.asked(ctx, message.question, message.question.sort)
        except InvalidInput as error:
            return error.errors[0].message if error.errors else error.detail
        return None


class SelectHandler:
    """Chooses items for a change."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def __call__(self, ctx: MessageContext, message: SelectArtifacts) -> tuple[SelectedItem, ...]:
        return select_ids(self._finder, ctx, message.question, message.most)


def select_ids(finder: Finder, ctx: MessageContext, asked: FindArtifacts, most: int) -> tuple[SelectedItem, ...]:
    """Ids and versions of all items that a question finds; raises ``InvalidInput`` for more than ``most``."""
    process, q = finder.asked(ctx, asked, asked.sort)
    chosen: list[SelectedItem] = []
    for row, _, _ in finder.rows(ctx, process, q, min(MAX_PAGE, most + 1), None):
        if len(chosen) >= most:
            problem = ErrorItem("/filter", "too-many", f"at most {most} items can be chosen at once")
            raise InvalidInput(f"More than {most} items are chosen", errors=[problem])
        chosen.append(SelectedItem(row.id, row.version))
    return tuple(chosen)


class FacetHandler:
    """Counts the values of fields among the items found."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def __call__(self, ctx: MessageContext, message: FacetArtifacts) -> tuple[FacetDTO, ...]:
        return tuple(self._facet(ctx, message, name) for name in parts_of(message.by, "by", MAX_FACETS))

    def _facet(self, ctx: MessageContext, message: FacetArtifacts, name: str) -> FacetDTO:
        process = self._finder.process(ctx, message.project_id)
        sql, looked_at, source = self._expression(process, message, name)
        process, q = self._finder.asked(ctx, message, None, (looked_at,))
        if q.nothing:
            return FacetDTO(name, ())
        if not q.decided:
            return self._judged(ctx, process, q, name)
        found = self._finder.values(ctx, q, sql, source, FACET_VALUES + 1)
        values = tuple(FacetValueDTO(value, count) for value, count in found[:FACET_VALUES])
        return FacetDTO(name, values, len(found) > FACET_VALUES, not q.text)

    def _expression(self, process: ProcessVersion, message: FacetArtifacts, name: str) -> tuple[str, str, str]:
        if name in PLAIN_FACETS:
            return (*PLAIN_FACETS[name], "")
        if name == "tags":
            return "ft.tag", "tags", TAGS
        compiled = process.compiled
        types = [type_of(compiled, part, "/type").id for part in parts_of(message.type, "type", 200)]
        known = vocabulary(compiled, types or compiled.types)
        f, column = known.field(name), known.columns.get(f"self.fields.{name}")
        if f is None or column is None or f.type not in ("choice", "multichoice", "user", "team", "reference", "bool"):
            told = (
                known.mixed.get(name)
                or f"{name!r} is no field with few values, nor one of {', '.join(PLAIN_FACETS)}, tags"
            )
            problem = ErrorItem("/by", "no-facet", told)
            raise InvalidInput(f"The items cannot be counted by {name!r}", errors=[problem])
        if column.many:
            return "fv.value", name, f"LEFT JOIN LATERAL unnest({column.sql}) AS fv (value) ON true"
        return f"CAST({column.sql} AS text)", name, ""

    def _judged(self, ctx: MessageContext, process: ProcessVersion, q: Question, name: str) -> FacetDTO:
        """The same, item by item, where only the rules' own evaluator can say what may be seen."""
        counts: dict[str | None, int] = {}
        exact = True
        for number, (row, _, _) in enumerate(self._finder.rows(ctx, process, q, MAX_PAGE, None)):
            if number >= JUDGED:
                exact = False
                break
            for value in _values(row, name):
                counts[value] = counts.get(value, 0) + 1
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
        values = tuple(FacetValueDTO(value, count) for value, count in ordered[:FACET_VALUES])
        return FacetDTO(name, values, len(ordered) > FACET_VALUES, exact)


def _values(row: ArtifactDTO, name: str) -> list[str | None]:
    plain = {"type": row.type, "state": row.state, "category": row.state_category, "assignee": row.assignee_id}
    value: Any = row.tags if name == "tags" else plain[name] if name in plain else row.fields.get(name)
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, (list, tuple)):
        return [str(one) for one in value] or [None]
    return [None if value is None else str(value)]


class SearchHandler:
    """Searches all projects that the caller may see."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    def __call__(self, ctx: MessageContext, message: SearchEverywhere) -> Page[ArtifactDTO]:
        words, limit = message.text.strip(), max(1, min(message.limit, 200))
        visible = ctx.ask(VisibleProjects())
        if not words or (visible is not None and not visible):
            return Page(())
        projects = None if visible is None else [ProjectId(project) for project in visible]
        hits = self._finder.finding.search(ctx.conn, projects, words)
        after = decode(message.cursor)
        if after is not None:
            hits = [hit for hit in hits if (-hit[1], str(hit[0])) > (-after[0], after[1])]
        found: list[tuple[ArtifactDTO, list[Any]]] = []
        questions: dict[ProjectId, tuple[ProcessVersion, Question] | None] = {}
        for first in range(0, len(hits), limit + 1):
            portion = hits[first : first + limit + 1]
            items = self._finder.finding.many(ctx.conn, [item for item, _ in portion])
            for item_id, rank in portion:
                row = items.get(item_id)
                shown = self._shown(ctx, message, row, questions) if row else None
                if shown is not None:
                    found.append((shown, [rank, str(item_id)]))
            if len(found) > limit:
                break
        page = tuple(shown for shown, _ in found[:limit])
        processes = {project: ready[0].compiled for project, ready in questions.items() if ready}
        page = highlighted(page, processes, words, partial(self._finder.finding.hits, ctx.conn, words))
        return Page(page, encode(found[limit - 1][1]) if len(found) > limit else None)

    def _shown(
        self,
        ctx: MessageContext,
        message: SearchEverywhere,
        row: ArtifactDTO,
        questions: dict[ProjectId, tuple[ProcessVersion, Question] | None],
    ) -> ArtifactDTO | None:
        if row.project_id not in questions:
            questions[row.project_id] = self._asked(ctx, message, row.project_id)
        ready = questions[row.project_id]
        return self._finder.seen(ctx, *ready, row) if ready and row.type in ready[1].types else None

    def _asked(
        self, ctx: MessageContext, message: SearchEverywhere, project_id: ProjectId
    ) -> tuple[ProcessVersion, Question] | None:
        """The question as one about a project; None where no process says who may see what, or none has the type."""
        try:
            asked = FindArtifacts(project_id, type=message.type, text=message.text)
            process, q = self._finder.asked(ctx, asked, None)
        except (Conflict, NotFound, InvalidInput):
            return None
        return process, q
