"""Projects: found by key or id, each with its items, its process and its reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.contexts.artifact.structure_messages import TagDTO
from alm_workbench.contexts.project.bin_messages import DeletedProjectDTO
from alm_workbench.contexts.project.messages import ActivationDTO, ProjectDTO
from alm_workbench.contexts.project.template_messages import TemplateDTO
from alm_workbench.errors import AccessDenied, NotFound, StrandedItems
from alm_workbench.i18n import _, language
from alm_workbench.notebook.actions import action, told_html, told_text
from alm_workbench.notebook.artifacts import Artifacts
from alm_workbench.notebook.asof import ProjectAt, moment
from alm_workbench.notebook.hints import hint, suggestion
from alm_workbench.notebook.manifests import version_id_of
from alm_workbench.notebook.planning import Planning
from alm_workbench.notebook.process import Process
from alm_workbench.notebook.project_bin import Bin, ProjectSettings
from alm_workbench.notebook.queries import Queries
from alm_workbench.notebook.reports import Flow, ProjectReports
from alm_workbench.notebook.show import Column, Listing, card
from alm_workbench.notebook.structure import Tree, tags_of, tree_of
from alm_workbench.shared.ids import ProjectId

if TYPE_CHECKING:
    import pandas as pd

    from alm_workbench.notebook.api import Api
    from alm_workbench.notebook.workbench import Workbench


class Projects:
    """The projects that you can see: ``wb.projects["DEMO"]``, ``for project in wb.projects``."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench

    @action
    def __getitem__(self, key: str | UUID) -> Project:
        if isinstance(key, UUID):
            return Project(self._workbench, self._workbench.api.projects.get(project_id=ProjectId(key)))
        found = {dto.key: dto for dto in self._all()}
        if key in found:
            return Project(self._workbench, found[key])
        as_id = next((dto for dto in found.values() if str(dto.id) == key), None)
        if as_id is None:
            raise NotFound(_("There is no project {key!r}. {help}").format(key=key, help=suggestion(str(key), found)))
        return Project(self._workbench, as_id)

    def get(self, key: str | UUID, default: Any = None) -> Any:
        """The project, or ``default`` where there is none."""
        try:
            return self[key]
        except NotFound:
            return default

    def __contains__(self, key: object) -> bool:
        return isinstance(key, (str, UUID)) and self.get(key) is not None

    def __iter__(self) -> Iterator[Project]:
        return (Project(self._workbench, dto) for dto in self._all())

    def __len__(self) -> int:
        return len(self._all())

    def keys(self) -> list[str]:
        """The keys of all projects."""
        return [dto.key for dto in self._all()]

    def _ipython_key_completions_(self) -> list[str]:
        return self.keys()

    @action
    def create(
        self, key: str, name: str, *, description: str = "", manifest: Any = None, template: str | None = None
    ) -> Project:
        """Create a project; ``manifest`` (a saved version, or a name such as ``"safety"``) becomes its process.

        ``template`` is one of ``templates()`` instead: ``wb.projects.create("APP", "Our app", template="scrum")``.
        """
        version = version_id_of(self._workbench, manifest) if manifest is not None else None
        dto = self._workbench.api.projects.create(
            key=key, name=name, description=description, manifest_version_id=version, template=template
        )
        return Project(self._workbench, dto)

    @action
    def templates(self) -> Listing[TemplateDTO]:
        """The processes that a new project may begin with, the simplest first."""
        lang = language()
        columns: list[Column[TemplateDTO]] = [
            Column("id", _("Template"), lambda t: t.id),
            Column("name", _("Name"), lambda t: t.labels.get(lang) or t.labels["en"]),
            Column("description", _("Description"), lambda t: t.description.get(lang) or t.description["en"]),
            Column("types", _("Types"), lambda t: ", ".join(t.types)),
            Column("rules", _("Rules"), lambda t: t.rules, "integer"),
        ]
        return Listing(self._workbench.api.projects.templates(), columns, _("Templates"))

    @action
    def deleted(self) -> Listing[DeletedProjectDTO]:
        """The projects in the bin, newest deletion first."""
        columns: list[Column[DeletedProjectDTO]] = [
            Column("key", _("Key"), lambda p: p.key),
            Column("name", _("Name"), lambda p: p.name),
            Column("items", _("Items"), lambda p: p.rows.get("artifacts", 0), "integer"),
            Column("deleted_at", _("Deleted"), lambda p: p.deleted_at, "timestamp"),
            Column("deleter", _("By"), lambda p: p.deleter),
        ]
        return Listing(self._workbench.api.projects.deleted(limit=200).items, columns, _("Bin"))

    @action
    def restore(self, key: str) -> Project:
        """Take a project out of the bin with all that went there with it; raises ``NotFound``."""
        found = {dto.key: dto for dto in self.deleted()}
        if key not in found:
            raise NotFound(_("There is no {key!r} in the bin. {help}").format(key=key, help=suggestion(key, found)))
        return Project(self._workbench, self._workbench.api.projects.restore(project_id=found[key].id))

    def to_frame(self) -> pd.DataFrame:
        """A pandas data frame."""
        return self._listing().to_frame()

    def _all(self) -> list[ProjectDTO]:
        found: list[ProjectDTO] = []
        cursor: str | None = None
        while True:
            page = self._workbench.api.projects.list(limit=200, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    def _listing(self) -> Listing[ProjectDTO]:
        columns: list[Column[ProjectDTO]] = [
            Column("key", _("Key"), lambda p: p.key),
            Column("name", _("Name"), lambda p: p.name),
            Column("items", _("Items"), lambda p: p.items, "integer"),
            Column("manifest", _("Process"), lambda p: p.active_manifest),
            Column("status", _("Status"), lambda p: p.status, "category"),
            Column("created_at", _("Created"), lambda p: p.created_at, "timestamp"),
        ]
        return Listing(self._all(), columns, _("Projects"))

    @told_text
    def __repr__(self) -> str:
        return repr(self._listing())

    @told_html
    def _repr_html_(self) -> str:
        return self._listing()._repr_html_()


class Project:
    """One project: ``artifacts``, ``process``, ``reports``, ``flow``, ``activate``."""

    def __init__(self, workbench: Workbench, dto: ProjectDTO) -> None:
        self.workbench, self.dto = workbench, dto
        self._process: Process | None = None

    @property
    def api(self) -> Api:
        """Every message as a plain method."""
        return self.workbench.api

    @property
    def id(self) -> ProjectId:
        """The project's id."""
        return self.dto.id

    @property
    def key(self) -> str:
        """The project's key."""
        return self.dto.key

    @property
    def name(self) -> str:
        """The project's name."""
        return self.dto.name

    @property
    def description(self) -> str:
        """What the project is about."""
        return self.dto.description

    @property
    def manifest(self) -> str | None:
        """``namespace/name version`` of the process in force; None where none is."""
        return self.dto.active_manifest

    @property
    def artifacts(self) -> Artifacts:
        """The project's items."""
        return Artifacts(self)

    @property
    def queries(self) -> Queries:
        """Questions about its items that are kept under names."""
        return Queries(self)

    @property
    def tags(self) -> Listing[TagDTO]:
        """The tags of the project's items, the most frequent first."""
        return tags_of(self)

    def tree(self, depth: int = 20) -> Tree:
        """All items with what stands below them, in the order of the project."""
        return tree_of(self, None, depth)

    @property
    def planning(self) -> Planning:
        """Cycles, the backlog and areas."""
        return Planning(self)

    @property
    def reports(self) -> ProjectReports:
        """Reports over this project."""
        return ProjectReports(self)

    @property
    def flow(self) -> Flow:
        """How work flows through this project."""
        return Flow(self)

    @property
    def process(self) -> Process:
        """Types, fields, workflows and link types in force; remembered until ``activate`` or ``refresh``."""
        return self._process or self.refresh_process()

    def refresh_process(self) -> Process:
        """Load the process again."""
        self._process = Process(self.api.projects.process(project_id=self.id))
        return self._process

    @action
    def at(self, when: str | date | datetime) -> ProjectAt:
        """The project as it was at a moment: ``project.at("2026-01-01").artifacts.to_frame()``.

        A day means its beginning; what names no time zone is in the organisation's.
        """
        try:
            zone = self.workbench.tenant.timezone
        except AccessDenied:  # a key that may not read the organisation
            zone = "UTC"
        return ProjectAt(self, moment(when, zone))

    @action
    def activate(self, version: Any, state_map: Mapping[str, str] | None = None, reason: str = "") -> ActivationDTO:
        """Put a manifest version into force; ``state_map`` is old state to new where items would lose theirs.

        Raises ``StrandedItems`` (a ``Conflict``) naming those states and how many items are in them.
        """
        chosen = version_id_of(self.workbench, version)
        try:
            done = self.api.projects.activate(
                project_id=self.id, manifest_version_id=chosen, state_map=state_map, reason=reason
            )
        except StrandedItems as error:
            states = {item.get("state") for item in error.extra.get("states", []) if isinstance(item, Mapping)}
            example = ", ".join(f"{state!r}: '…'" for state in sorted(s for s in states if isinstance(s, str)))
            raise hint(error, _("Say where they go: state_map={{{example}}}").format(example=example)) from None
        self.refresh()
        return done

    @action
    def activations(self) -> Listing[ActivationDTO]:
        """Which version ruled when, newest first."""
        columns: list[Column[ActivationDTO]] = [
            Column("activated_at", _("When"), lambda a: a.activated_at, "timestamp"),
            Column("version", _("Version"), lambda a: labels.get(a.manifest_version_id) or str(a.manifest_version_id)),
            Column(
                "state_map",
                _("States moved"),
                lambda a: ", ".join(f"{old} → {new}" for old, new in a.state_map.items()),
            ),
            Column("reason", _("Reason"), lambda a: a.reason),
        ]
        page = self.api.projects.activations(project_id=self.id)
        found = [*page.items]
        while page.next_cursor is not None:
            page = self.api.projects.activations(project_id=self.id, cursor=page.next_cursor)
            found += page.items
        labels = {
            version: self.api.manifests.version(version_id=version).label
            for version in {a.manifest_version_id for a in found}
        }
        return Listing(found, columns, self.key)

    @action
    def delete(self) -> Project:
        """Put the project into the bin with all it holds; ``restore`` brings exactly that back."""
        self.dto = self.api.projects.delete(project_id=self.id, expected_version=self.dto.version)
        return self

    @action
    def restore(self) -> Project:
        """Take the project out of the bin."""
        self.dto = self.api.projects.restore(project_id=self.id)
        return self

    @action
    def bin(self) -> Bin:
        """What lies in the bin of this project."""
        return Bin(self)

    @property
    def settings(self) -> ProjectSettings:
        """How the project is set."""
        return ProjectSettings(self)

    @action
    def refresh(self) -> Project:
        """Load the present state."""
        self.dto = self.api.projects.get(project_id=self.id)
        self._process = None
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Project) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<{self.key} {self.name!r}: {self.manifest or _('no process')}, {_('{number} items').format(number=self.dto.items)}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[str, Any]] = [
            (_("Process"), self.manifest or _("none; activate a manifest first")),
            (_("Items"), self.dto.items),
            (_("Description"), self.description),
        ]
        return card(f"{self.key}  {self.name}", [row for row in rows if row[1] != ""])
