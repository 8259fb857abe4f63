"""What lies in the bin of a project, and how a project is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.contexts.artifact.bin_messages import BinItemDTO, RestoredDTO
from alm_workbench.contexts.project.settings_messages import ProjectSettingsDTO
from alm_workbench.errors import NotFound
from alm_workbench.i18n import _
from alm_workbench.notebook.actions import action
from alm_workbench.notebook.hints import suggestion
from alm_workbench.notebook.show import Column, Listing, card

if TYPE_CHECKING:
    from alm_workbench.notebook.projects import Project


class Bin(Listing[BinItemDTO]):
    """The items in the bin of a project, newest deletion first: ``bin.restore("REQ-7")``."""

    def __init__(self, project: Project) -> None:
        self._project = project
        found: list[BinItemDTO] = []
        cursor: str | None = None
        while True:
            page = project.api.projects.bin(project_id=project.id, limit=200, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        columns: list[Column[BinItemDTO]] = [
            Column("key", _("Key"), lambda item: item.key),
            Column("type", _("Type"), lambda item: item.type, "category"),
            Column("title", _("Title"), lambda item: item.title),
            Column("deleted_at", _("Deleted"), lambda item: item.deleted_at, "timestamp"),
            Column("deleter", _("By"), lambda item: item.deleter),
        ]
        super().__init__(found, columns, _("Bin of {project}").format(project=project.key))

    @action
    def restore(self, key: str, *, together: bool = False) -> RestoredDTO | BinItemDTO:
        """Take an item out of the bin; ``together`` takes all that was deleted with it. Raises ``NotFound``."""
        found = next((item for item in self if key in (item.key, str(item.id))), None)
        if found is None:
            help_ = suggestion(key, {item.key: item for item in self})
            raise NotFound(_("There is no {key!r} in the bin. {help}").format(key=key, help=help_))
        if together and found.commit_id is not None:
            return self._project.api.projects.restore_commit(project_id=self._project.id, commit_id=found.commit_id)
        self._project.api.artifacts.restore(artifact_id=found.id)
        return found

    @action
    def restore_commit(self, commit_id: UUID | str) -> RestoredDTO:
        """Bring back exactly what one commit deleted."""
        return self._project.api.projects.restore_commit(project_id=self._project.id, commit_id=UUID(str(commit_id)))


class ProjectSettings:
    """How a project is set: ``settings.week_start``, ``settings.update(week_start="sunday")``."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.dto = project.api.projects.settings(project_id=project.id)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in ProjectSettingsDTO.__dataclass_fields__:
            raise AttributeError(name)
        return getattr(self.dto, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *ProjectSettingsDTO.__dataclass_fields__]

    @action
    def update(self, **changes: Any) -> ProjectSettings:
        """Set some of them otherwise; None takes one back to what holds by itself."""
        self.dto = self._project.api.projects.update_settings(
            project_id=self._project.id, expected_version=self.dto.version, **changes
        )
        self._project.refresh()
        return self

    def _rows(self) -> list[tuple[str, Any]]:
        shown = self.dto
        return [
            (_("Default type"), shown.default_type),
            (_("Language"), shown.language),
            (_("First day of the week"), shown.week_start),
            (_("Working days"), ", ".join(shown.working_days)),
            (_("Unit of estimates"), shown.estimation_unit),
            (_("Watch by oneself"), _("yes") if shown.auto_watch else _("no")),
            (_("People are told of"), ", ".join(shown.notify)),
        ]

    def __repr__(self) -> str:
        return "\n".join(f"{label}: {value}" for label, value in self._rows() if value is not None)

    def _repr_html_(self) -> str:
        title = _("Settings of {project}").format(project=self._project.key)
        return card(title, [row for row in self._rows() if row[1] is not None])
