"""Saved queries in a notebook: ``p.queries["Open bugs"].run()``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.contexts.savedquery.messages import SavedQueryDTO, Sharing
from alm_workbench.errors import NotFound
from alm_workbench.i18n import _
from alm_workbench.notebook.actions import action, told_html, told_text
from alm_workbench.notebook.artifacts import ArtifactList
from alm_workbench.notebook.hints import suggestion
from alm_workbench.notebook.show import Column, Listing

if TYPE_CHECKING:
    from alm_workbench.notebook.projects import Project


class SavedQuery:
    """A question about the project's items under a name."""

    def __init__(self, project: Project, dto: SavedQueryDTO) -> None:
        self._project, self.dto = project, dto

    @property
    def name(self) -> str:
        """Its name."""
        return self.dto.name

    @action
    def run(self, limit: int | None = None) -> ArtifactList:
        """The items that it finds for you."""
        asked = {"text": self.dto.text, "filter": self.dto.filter, "sort": self.dto.sort}
        found = ArtifactList(self._project, asked, limit)
        found._upto(1)  # a question that does not fit any more is told here
        return found

    @action
    def update(self, **changes: Any) -> SavedQuery:
        """Change name, text, filter, sort, columns, sharing or roles; gives the query as it is now."""
        dto = self._project.api.queries.update(
            project_id=self._project.id, query_id=self.dto.id, expected_version=self.dto.version, **changes
        )
        return SavedQuery(self._project, dto)

    @action
    def delete(self) -> None:
        """Put it away."""
        self._project.api.queries.delete(
            project_id=self._project.id, query_id=self.dto.id, expected_version=self.dto.version
        )

    def __repr__(self) -> str:
        asked = [part for part in (self.dto.text, self.dto.filter, self.dto.sort) if part]
        return f"{self.dto.name}: {' · '.join(asked)}" + (f" ({self.dto.problem})" if self.dto.problem else "")


class Queries:
    """The saved queries of a project that you may use."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def _all(self) -> Sequence[SavedQueryDTO]:
        return self._project.api.queries.list(project_id=self._project.id)

    @action
    def __getitem__(self, name: str | UUID) -> SavedQuery:
        found = self._all()
        for dto in found:
            if name in (dto.name, dto.id, str(dto.id)):
                return SavedQuery(self._project, dto)
        told = _("There is no saved query {name!r}. {help}")
        raise NotFound(told.format(name=str(name), help=suggestion(str(name), [dto.name for dto in found])))

    def __iter__(self) -> Iterator[SavedQuery]:
        return (SavedQuery(self._project, dto) for dto in self._all())

    def __len__(self) -> int:
        return len(self._all())

    @action
    def create(
        self,
        name: str,
        *,
        text: str | None = None,
        filter: str | None = None,
        sort: str | None = None,
        columns: Sequence[str] = (),
        sharing: Sharing = "private",
        roles: Sequence[str] = (),
    ) -> SavedQuery:
        """Keep a question; share it with everybody who sees the project, or with some roles."""
        dto = self._project.api.queries.create(
            project_id=self._project.id,
            name=name,
            text=text,
            filter=filter,
            sort=sort,
            columns=tuple(columns),
            sharing=sharing,
            roles=tuple(roles),
        )
        return SavedQuery(self._project, dto)

    def _listing(self) -> Listing[SavedQueryDTO]:
        columns: list[Column[SavedQueryDTO]] = [
            Column("name", _("Name"), lambda q: q.name),
            Column("text", _("Search"), lambda q: q.text or ""),
            Column("filter", _("Filter"), lambda q: q.filter or ""),
            Column("sort", _("Order"), lambda q: q.sort or ""),
            Column("sharing", _("Shared with"), lambda q: ", ".join(q.roles) if q.sharing == "roles" else q.sharing),
            Column("problem", _("Problem"), lambda q: q.problem or ""),
        ]
        return Listing(self._all(), columns, _("Saved queries"))

    @told_text
    def __repr__(self) -> str:
        return repr(self._listing())

    @told_html
    def _repr_html_(self) -> str:
        return self._listing()._repr_html_()
