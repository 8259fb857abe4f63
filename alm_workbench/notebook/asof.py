"""A project as it was: ``project.at("2026-01-01").artifacts.to_frame()``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, overload
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.errors import ErrorItem, InvalidInput, NotFound
from alm_workbench.i18n import _
from alm_workbench.notebook.actions import action, told_html, told_text
from alm_workbench.notebook.hints import suggestion
from alm_workbench.notebook.show import SHOWN, TEXT_SHOWN, html_table, text_table

if TYPE_CHECKING:
    import pandas as pd

    from alm_workbench.notebook.projects import Project

PAGE = 1000


class ProjectAt:
    """One project at one moment; nothing in it can be changed."""

    def __init__(self, project: Project, at: datetime) -> None:
        self.project, self.moment = project, at

    @property
    def artifacts(self) -> PastArtifacts:
        """The items as they were."""
        return PastArtifacts(self)

    def __repr__(self) -> str:
        return _("<{key} as of {moment}>").format(key=self.project.key, moment=self.moment.isoformat(sep=" "))


class PastArtifacts(Sequence[ArtifactDTO]):
    """The items of a project as they were, by key; read as a whole when they are first needed.

    Deleted ones are absent, restored ones are back. What is hidden from you now, or was hidden then, stays hidden.
    """

    def __init__(self, then: ProjectAt, type: str | None = None) -> None:
        self._then, self._type = then, type
        self._items: list[ArtifactDTO] | None = None

    @action
    def find(self, *, type: str | None = None) -> PastArtifacts:
        """Only the items of one type, by id or label."""
        kind = self._then.project.process.type(type) if type else None
        return PastArtifacts(self._then, kind.id if kind else type)

    @property
    def items(self) -> list[ArtifactDTO]:
        """All of them as plain data."""
        if self._items is None:
            self._items = sorted(self._fetched(), key=lambda item: _numbered(item.key))
        return list(self._items)

    def _fetched(self) -> Iterator[ArtifactDTO]:
        cursor: str | None = None
        project = self._then.project
        while True:
            page = project.api.artifacts.at(
                project_id=project.id, at=self._then.moment, type=self._type, limit=PAGE, cursor=cursor
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    @overload
    def __getitem__(self, index: int | str) -> ArtifactDTO: ...
    @overload
    def __getitem__(self, index: slice) -> list[ArtifactDTO]: ...
    @action
    def __getitem__(self, index: int | str | slice) -> ArtifactDTO | list[ArtifactDTO]:
        """An item by its place or its key."""
        if not isinstance(index, str):
            return self.items[index]
        for item in self.items:
            if item.key == index:
                return item
        known = [item.key for item in self.items]
        moment = self._then.moment.isoformat(sep=" ")
        text = _("There was no item {key!r} at {moment}. {help}")
        raise NotFound(text.format(key=index, moment=moment, help=suggestion(index, known)))

    def __len__(self) -> int:
        return len(self.items)

    def _ipython_key_completions_(self) -> list[str]:
        return [item.key for item in self.items]

    @action
    def to_frame(self) -> pd.DataFrame:
        """A pandas data frame: one row an item, one column a field, typed as the process of today declares."""
        from alm_workbench.notebook.frames import artifact_frame

        return artifact_frame(self.items, self._then.project.process.dto)

    def _shown(self, limit: int) -> tuple[list[str], list[list[Any]], int | None]:
        labels = [_("Key"), _("Type"), _("Title"), _("State"), _("Updated")]
        rows: list[list[Any]] = [[a.key, a.type, a.title, a.state, a.updated_at] for a in self.items[:limit]]
        return labels, rows, len(self.items)

    @told_text
    def __repr__(self) -> str:
        return text_table(*self._shown(TEXT_SHOWN))

    @told_html
    def _repr_html_(self) -> str:
        return html_table(*self._shown(SHOWN))


def moment(when: str | date | datetime, timezone: str) -> datetime:
    """A moment that somebody means; a day is its beginning, and what names no zone is in ``timezone``.

    Raises ``InvalidInput`` on a text that is no date.
    """
    if isinstance(when, str):
        try:
            when = datetime.fromisoformat(when)
        except ValueError:
            text = _("{when!r} is no date; write it as '2026-01-31' or '2026-01-31 14:30'").format(when=when)
            raise InvalidInput(text, errors=[ErrorItem("/at", "date", text)]) from None
    if not isinstance(when, datetime):
        when = datetime.combine(when, time())
    return when if when.tzinfo is not None else when.replace(tzinfo=_zone(timezone)).astimezone(UTC)


def _zone(name: str) -> Any:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _numbered(key: str) -> tuple[str, int]:
    """REQ-2 stands before REQ-10."""
    prefix, dash, number = key.rpartition("-")
    return (prefix, int(number)) if dash and number.isdigit() else (key, 0)
