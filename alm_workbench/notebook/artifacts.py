"""The items of a project: creating, finding, importing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, overload
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO, Category
from alm_workbench.errors import ErrorItem, InvalidInput, NotFound
from alm_workbench.i18n import _
from alm_workbench.notebook.actions import action, told_html, told_text
from alm_workbench.notebook.artifact import Artifact
from alm_workbench.notebook.bulk import ChangesTogether
from alm_workbench.notebook.exporting import save_export
from alm_workbench.notebook.hints import closest, hint, suggestion
from alm_workbench.notebook.importing import ImportResult, read_source
from alm_workbench.notebook.process import named, names
from alm_workbench.notebook.show import SHOWN, TEXT_SHOWN, html_table, text_table
from alm_workbench.notebook.values import field_values
from alm_workbench.shared.ids import ArtifactId

if TYPE_CHECKING:
    import pandas as pd

    from alm_workbench.notebook.projects import Project

PAGE = 200
COMPLETED = 200


class ArtifactList(ChangesTogether, Sequence[Artifact]):
    """Items found, newest first; pages are fetched as they are needed. ``len`` and ``to_frame`` fetch them all."""

    def __init__(self, project: Project, filters: Mapping[str, Any], limit: int | None = None) -> None:
        self._project, self._filters, self._limit = project, dict(filters), limit
        self._items: list[ArtifactDTO] = []
        self._cursor: str | None = None
        self._done = limit == 0

    def _fetch(self) -> None:
        left = PAGE if self._limit is None else min(PAGE, self._limit - len(self._items))
        page = self._project.api.artifacts.find(
            project_id=self._project.id, **self._filters, limit=max(left, 1), cursor=self._cursor
        )
        self._items += page.items
        self._cursor = page.next_cursor
        full = self._limit is not None and len(self._items) >= self._limit
        self._done = page.next_cursor is None or full
        if full:
            del self._items[self._limit :]

    def _upto(self, number: int | None) -> None:
        while not self._done and (number is None or len(self._items) < number):
            self._fetch()

    @property
    def items(self) -> list[ArtifactDTO]:
        """All items as plain data."""
        self._upto(None)
        return list(self._items)

    @overload
    def __getitem__(self, index: int) -> Artifact: ...
    @overload
    def __getitem__(self, index: slice) -> list[Artifact]: ...
    def __getitem__(self, index: int | slice) -> Artifact | list[Artifact]:
        if isinstance(index, slice):
            reverse = any(part is not None and part < 0 for part in (index.start, index.stop, index.step))
            self._upto(None if reverse or index.stop is None else index.stop)
            return [Artifact(self._project, dto) for dto in self._items[index]]
        self._upto(None if index < 0 else index + 1)
        return Artifact(self._project, self._items[index])

    def __len__(self) -> int:
        self._upto(None)
        return len(self._items)

    def __bool__(self) -> bool:
        self._upto(1)
        return bool(self._items)

    def __iter__(self) -> Iterator[Artifact]:
        for number in itertools.count():
            self._upto(number + 1)
            if number >= len(self._items):
                return
            yield Artifact(self._project, self._items[number])

    def first(self) -> Artifact | None:
        """The first item, if there is one."""
        return next(iter(self), None)

    def to_frame(self) -> pd.DataFrame:
        """A pandas data frame: one row an item, one column a field, typed as the process declares."""
        from alm_workbench.notebook.frames import artifact_frame

        return artifact_frame(self.items, self._project.process.dto)

    def _shown(self, limit: int) -> tuple[list[str], list[list[Any]], int | None]:
        self._upto(limit + 1)
        labels = [_("Key"), _("Type"), _("Title"), _("State"), _("Updated")]
        rows: list[list[Any]] = [[a.key, a.type, a.title, a.state, a.updated_at] for a in self._items[:limit]]
        return labels, rows, len(self._items) if self._done else None

    @told_text
    def __repr__(self) -> str:
        return text_table(*self._shown(TEXT_SHOWN))

    @told_html
    def _repr_html_(self) -> str:
        return html_table(*self._shown(SHOWN))


def _joined(words: str | Sequence[str] | None) -> str | None:
    """One word, or several with commas between them."""
    return words if words is None or isinstance(words, str) else ",".join(words)


class Artifacts:
    """The items of one project: ``["REQ-1"]``, ``create``, ``find``, ``import_file``, ``export``."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @action
    def __getitem__(self, key: str) -> Artifact:
        if not isinstance(key, str) or not key:
            raise InvalidInput(_("Items are looked up by their key, such as 'REQ-1'"))
        try:
            return Artifact(self._project, self._project.api.artifacts.by_key(project_id=self._project.id, key=key))
        except NotFound as error:
            near = closest(key, self._ipython_key_completions_())
            raise (hint(error, _("Did you mean {name!r}?").format(name=near)) if near else error) from None

    def __contains__(self, key: object) -> bool:
        try:
            return isinstance(key, str) and bool(self[key])
        except NotFound:
            return False

    def __iter__(self) -> Iterator[Artifact]:
        return iter(self.find())

    def _ipython_key_completions_(self) -> list[str]:
        return [item.key for item in self.find(limit=COMPLETED).items]

    def by_id(self, artifact_id: UUID) -> Artifact:
        """One item by its id."""
        return Artifact(self._project, self._project.api.artifacts.get(artifact_id=ArtifactId(artifact_id)))

    def one(self, what: Artifact | str | UUID) -> Artifact:
        """The item that somebody means: itself, its key, or its id."""
        if isinstance(what, Artifact):
            return what
        return self.by_id(what) if isinstance(what, UUID) else self[what]

    @action
    def create(
        self,
        type: str,
        title: str,
        *,
        parent: Artifact | str | UUID | None = None,
        assignee: Any = None,
        tags: Iterable[str] = (),
        fields: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> Artifact:
        """Create an item of a type (by id or label); fields are keyword arguments by field id."""
        given = field_values(fields, values)
        try:
            dto = self._project.api.artifacts.create(
                project_id=self._project.id,
                artifact_type=type,
                title=title,
                fields=given,
                parent_id=self.one(parent).id if parent is not None else None,
                assignee_id=self._project.workbench.actor_id(assignee, self._project) if assignee is not None else None,
                tags=tuple(tags),
            )
        except InvalidInput as error:
            raise self._with_type_hint(error, type) from None
        return Artifact(self._project, dto)

    @action
    def find(
        self,
        text: str | None = None,
        *,
        type: str | None = None,
        state: str | None = None,
        category: Category | None = None,
        assignee: Any = None,
        filter: str | None = None,
        sort: str | Sequence[str] | None = None,
        tag: str | Sequence[str] | None = None,
        limit: int | None = None,
        **more: Any,
    ) -> ArtifactList:
        """Find items; ``text`` searches keys, titles and texts. The first page is fetched at once, the rest when needed.

        ``filter`` is a condition such as ``"priority == 'high' and due < '2026-06-01'"``, ``sort`` a field or several, ``-``
        before one turns it round. ``more``: parent_id, keys, created_since, created_until, updated_since, updated_until,
        deleted.
        """
        question = self._question(text, type, state, category, assignee, filter, tag, more)
        found = ArtifactList(self._project, {**question, "sort": _joined(sort)}, limit)
        try:
            found._upto(1)  # a wrong type is told here, not when the list is shown
        except InvalidInput as error:
            raise self._with_type_hint(error, type or "") from None
        return found

    @action
    def count(
        self,
        text: str | None = None,
        *,
        type: str | None = None,
        state: str | None = None,
        category: Category | None = None,
        assignee: Any = None,
        filter: str | None = None,
        tag: str | Sequence[str] | None = None,
        **more: Any,
    ) -> int:
        """How many items ``find`` gives for the same question, counted where they are."""
        question = self._question(text, type, state, category, assignee, filter, tag, more)
        return self._project.api.artifacts.count(project_id=self._project.id, **question).count

    @action
    def facets(self, *by: str, filter: str | None = None, type: str | None = None, **more: Any) -> pd.DataFrame:
        """How the items spread over the values of fields: a data frame of field, value and count."""
        import pandas as pd

        found = self._project.api.artifacts.facets(
            project_id=self._project.id, by=",".join(by) or "type,state", filter=filter, type=type, **more
        )
        rows = [(facet.field, value.value, value.count) for facet in found for value in facet.values]
        return pd.DataFrame(rows, columns=["field", "value", "count"])

    def _question(
        self,
        text: str | None,
        type: str | None,
        state: str | None,
        category: Category | None,
        assignee: Any,
        filter: str | None,
        tag: str | Sequence[str] | None,
        more: Mapping[str, Any],
    ) -> dict[str, Any]:
        return {
            **more,
            "type": type,
            "state": self._state(state, type) if state is not None else None,
            "category": category,
            "text": text,
            "filter": filter,
            "tag": _joined(tag),
            "assignee_id": self._project.workbench.actor_id(assignee, self._project) if assignee is not None else None,
        }

    @action
    def import_csv(
        self,
        source: str | Path | bytes | IO[Any],
        type: str,
        mapping: Mapping[str, str | None] | None = None,
        *,
        on_error: Literal["stop", "skip"] = "stop",
        encoding: str = "utf-8",
        delimiter: str | None = None,
        dry_run: bool = False,
        name: str | None = None,
        existing: Literal["skip", "update"] = "skip",
    ) -> ImportResult:
        """Import the rows of a file; ``mapping`` is column to field (``title``, ``ref``, ``state``, … or a field id).

        Files are CSV, Excel (.xlsx) or JSON, by their names. Rows whose ``ref`` or ``key`` is known are left alone, or
        change their items with ``existing="update"``. ``on_error="skip"`` imports the good rows,
        ``dry_run=True`` only checks. Raises ``ImportRejected`` naming file, row and column.
        """
        content, source_name = read_source(source, encoding)
        try:
            dto = self._project.api.artifacts.import_csv(
                project_id=self._project.id,
                source_name=name or source_name,
                content=content,
                artifact_type=type,
                mapping=mapping,
                on_error=on_error,
                encoding=encoding,
                delimiter=delimiter,
                dry_run=dry_run,
                existing=existing,
            )
        except InvalidInput as error:
            raise self._with_target_hint(self._with_type_hint(error, type), type, mapping or {}) from None
        return ImportResult(dto)

    import_file = import_csv

    @action
    def export(self, path: str | Path, *, technical: bool = False, **question: Any) -> Path:
        """Write all items, or those a question finds, to a .csv, .xlsx or .json file that can be imported again.

        ``question`` takes what the list of items takes: ``type="defect"``, ``state=…``, ``filter="priority == 'high'"``.
        ``technical`` adds ids, versions and times. Only what I may see is written.
        """
        return save_export(self._project, path, technical=technical, **question)

    def _state(self, name: str, type: str | None) -> str:
        """A state's id for its id or label; raises ``InvalidInput`` with the nearest one."""
        for fresh in (False, True):  # somebody may have activated another process since we looked
            process = self._project.refresh_process() if fresh else self._project.process
            kind = process.type(type) if type else None
            known = list(process.states(kind.id if kind else None))
            if found := named(known, name):
                return found.id
        text = _("There is no state {name!r}. {help}").format(name=name, help=suggestion(name, names(known)))
        raise InvalidInput(text, errors=[ErrorItem("/state", "unknown-state", text)])

    def _with_type_hint(self, error: InvalidInput, type: str) -> InvalidInput:
        if any(item.code == "unknown-type" for item in error.errors):
            return hint(error, suggestion(type, self._project.process.types))
        return error

    def _with_target_hint(self, error: InvalidInput, type: str, mapping: Mapping[str, str | None]) -> InvalidInput:
        kind = self._project.process.type(type)
        if kind and any(item.code == "unknown-field" for item in error.errors):
            known = [*(f.id for f in kind.fields), "title", "ref", "created_at"]
            wrong = next((target for target in mapping.values() if target and target not in known), None)
            near = closest(wrong, known) if wrong else None
            return hint(error, _("Did you mean {name!r}?").format(name=near)) if near else error
        return error

    def __repr__(self) -> str:
        return _("items of {key}: .find(…), .create(…), .import_csv(…), ['KEY-1']").format(key=self._project.key)

    @told_html
    def _repr_html_(self) -> str:
        return self.find()._repr_html_()
