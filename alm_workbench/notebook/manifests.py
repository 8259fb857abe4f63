"""Manifests: check a text, keep it as a version, look at it as a graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from alm_workbench import resources
from alm_workbench.contexts.manifest.messages import (
    CheckDTO,
    DiagnosticDTO,
    Format,
    GraphDTO,
    ManifestDTO,
    SavedVersionDTO,
    VersionDTO,
)
from alm_workbench.errors import InvalidInput, NotFound
from alm_workbench.i18n import _
from alm_workbench.notebook.actions import action, told_html, told_text
from alm_workbench.notebook.hints import suggestion
from alm_workbench.notebook.mermaid import MIME, diagrams
from alm_workbench.notebook.process import named, names
from alm_workbench.notebook.show import Column, Listing, card, html_table, text_table
from alm_workbench.shared.ids import VersionId

if TYPE_CHECKING:
    from alm_workbench.notebook.workbench import Workbench

SUFFIXES = {".alm": "dsl", ".yaml": "yaml", ".yml": "yaml", ".json": "json"}


class Manifests:
    """The manifests of the organisation: ``wb.manifests["safety"]``, ``check``, ``save``, ``graph``."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench

    @action
    def check(self, text_or_path: str | Path, format: Format | None = None) -> Check:
        """Check a text or a file; nothing is kept."""
        text, kind = read(text_or_path, format)
        return Check(text, self._workbench.api.manifests.check(text=text, format=kind))

    @action
    def save(self, text_or_path: str | Path, message: str = "", format: Format | None = None) -> Saved:
        """Keep a text or a file as a new immutable version; raises ``ManifestProblem`` with line and column."""
        text, kind = read(text_or_path, format)
        return Saved(self._workbench.api.manifests.save(text=text, format=kind, message=message))

    @action
    def graph(self, text_or_path: str | Path, format: Format | None = None) -> Graph:
        """The workflows of a text or a file as diagrams."""
        text, kind = read(text_or_path, format)
        return Graph(self._workbench.api.manifests.graph(text=text, format=kind))

    def shipped(self) -> dict[str, str]:
        """The texts of the processes that come with the workbench, by name: a start for your own."""
        folders = (resources.path("alm_meta", "presets"), resources.path("alm_meta", "manifests"))
        return {path.stem: path.read_text("utf-8") for folder in folders for path in sorted(folder.glob("*.alm"))}

    @action
    def __getitem__(self, name: str) -> Manifest:
        found = self._all()
        full = {f"{dto.namespace}/{dto.name}": dto for dto in found}
        same = [dto for dto in found if dto.name == name]
        if name not in full and len(same) > 1:
            choices = ", ".join(f"{dto.namespace}/{dto.name}" for dto in same)
            raise InvalidInput(_("{name!r} could be any of {names}").format(name=name, names=choices))
        dto = full.get(name) or (same[0] if same else None)
        if dto is None:
            known = [*full, *(item.name for item in found)]
            raise NotFound(_("There is no manifest {name!r}. {help}").format(name=name, help=suggestion(name, known)))
        return Manifest(self._workbench, dto)

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and bool(self[name])
        except NotFound:
            return False

    def __iter__(self) -> Iterator[Manifest]:
        return (Manifest(self._workbench, dto) for dto in self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _ipython_key_completions_(self) -> list[str]:
        return [f"{dto.namespace}/{dto.name}" for dto in self._all()]

    def _all(self) -> list[ManifestDTO]:
        found: list[ManifestDTO] = []
        cursor: str | None = None
        while True:
            page = self._workbench.api.manifests.list(limit=200, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    def _listing(self) -> Listing[ManifestDTO]:
        columns: list[Column[ManifestDTO]] = [
            Column("manifest", _("Manifest"), lambda m: f"{m.namespace}/{m.name}"),
            Column("latest", _("Newest version"), lambda m: m.latest_label),
            Column("number", _("Number"), lambda m: m.latest_number, "integer"),
            Column("created_at", _("Created"), lambda m: m.created_at, "timestamp"),
        ]
        return Listing(self._all(), columns, _("Manifests"))

    @told_text
    def __repr__(self) -> str:
        return repr(self._listing())

    @told_html
    def _repr_html_(self) -> str:
        return self._listing()._repr_html_()


class Manifest:
    """One manifest document and its immutable versions."""

    def __init__(self, workbench: Workbench, dto: ManifestDTO) -> None:
        self._workbench, self.dto = workbench, dto

    @property
    def name(self) -> str:
        """``namespace/name``."""
        return f"{self.dto.namespace}/{self.dto.name}"

    @action
    def versions(self) -> Listing[VersionDTO]:
        """The versions, newest first."""
        columns: list[Column[VersionDTO]] = [
            Column("number", _("Number"), lambda v: v.number, "integer"),
            Column("label", _("Version"), lambda v: v.label),
            Column("message", _("Message"), lambda v: v.message),
            Column("created_at", _("Saved"), lambda v: v.created_at, "timestamp"),
            Column("artifact_hash", _("Hash"), lambda v: v.artifact_hash[:19]),
        ]
        return Listing(self._workbench.api.manifests.versions(manifest_id=self.dto.id), columns, self.name)

    @action
    def version(self, which: int | str | None = None) -> VersionDTO:
        """One version with its source: by number, by label, or the newest."""
        found = self.versions()
        for item in found:
            if which is None or which in (item.number, item.label):
                return self._workbench.api.manifests.version(version_id=item.id)
        known = [f"{item.label} ({item.number})" for item in found]
        raise NotFound(
            _("{manifest} has no version {version!r}. {help}").format(
                manifest=self.name, version=which, help=suggestion(str(which), known)
            )
        )

    @property
    def source(self) -> str:
        """The text of the newest version."""
        return self.version().source or ""

    def graph(self) -> Graph:
        """The workflows of the newest version as diagrams."""
        return self._workbench.manifests.graph(self.source)

    def __repr__(self) -> str:
        return f"<{self.name} {self.dto.latest_label or ''}>"

    @told_html
    def _repr_html_(self) -> str:
        return self.versions()._repr_html_()


class Saved:
    """A version that a text was saved as; ``unchanged`` when it was there already."""

    def __init__(self, dto: SavedVersionDTO) -> None:
        self.dto = dto

    @property
    def id(self) -> VersionId:
        """The version's id."""
        return self.dto.version_id

    @property
    def number(self) -> int:
        """The version's number, counted from 1."""
        return self.dto.number

    @property
    def label(self) -> str:
        """The version as the text calls it."""
        return self.dto.label

    @property
    def unchanged(self) -> bool:
        """Whether this text was saved before."""
        return self.dto.unchanged

    def _facts(self) -> list[tuple[str, Any]]:
        news = _("was there already") if self.unchanged else _("saved")
        return [(_("Number"), self.number), (_("Status"), news), (_("Hash"), self.dto.artifact_hash)]

    def _title(self) -> str:
        return f"{self.dto.namespace}/{self.dto.name} {self.label}"

    def __repr__(self) -> str:
        return f"<{self._title()}: {', '.join(f'{n.lower()} {v}' for n, v in self._facts()[:2])}>"

    def _repr_html_(self) -> str:
        return card(self._title(), self._facts())


class Check:
    """What the checks say of a text: ``ok``, and ``diagnostics`` with their places. True when the text is sound."""

    def __init__(self, text: str, dto: CheckDTO) -> None:
        self._lines = text.splitlines()
        self.dto = dto

    @property
    def ok(self) -> bool:
        """Whether the text could be put into force."""
        return self.dto.ok

    @property
    def diagnostics(self) -> tuple[DiagnosticDTO, ...]:
        """Every complaint, in the order of the text."""
        return self.dto.diagnostics

    def __bool__(self) -> bool:
        return self.ok

    def _title(self) -> str:
        name = " ".join(part for part in (self.dto.namespace, self.dto.name, self.dto.version) if part)
        verdict = _("no errors") if self.ok else _("has errors")
        return f"{name}: {verdict}" if name else verdict

    def _rows(self) -> list[list[Any]]:
        return [
            [f"{d.line}:{d.col}", d.severity, d.message + (f"\n{d.hint}" if d.hint else ""), self._line(d)]
            for d in self.diagnostics
        ]

    def _line(self, d: DiagnosticDTO) -> str:
        return self._lines[d.line - 1].strip() if 0 < d.line <= len(self._lines) else ""

    def __repr__(self) -> str:
        if not self.diagnostics:
            return self._title()
        labels = [_("Place"), _("Severity"), _("Complaint"), _("Text")]
        return text_table(labels, self._rows(), len(self.diagnostics), self._title())

    def _repr_html_(self) -> str:
        if not self.diagnostics:
            return card(self._title(), [])
        labels = [_("Place"), _("Severity"), _("Complaint"), _("Text")]
        return html_table(labels, self._rows(), len(self.diagnostics), self._title())


class Graph:
    """Workflows as state diagrams (Lab draws Mermaid by itself), a table in text elsewhere. ``graph["task_flow"]`` is one of them."""

    def __init__(self, dto: GraphDTO) -> None:
        self.dto = dto

    @property
    def mermaid(self) -> str:
        """The diagrams as Mermaid text."""
        return diagrams(self.dto)

    def __getitem__(self, workflow: str) -> Graph:
        """One workflow alone, by its id or label; raises ``NotFound`` naming the nearest."""
        flow = named(self.dto.workflows, workflow)
        if flow is None:
            help_ = suggestion(workflow, names(self.dto.workflows))
            raise NotFound(_("There is no workflow {name!r}. {help}").format(name=workflow, help=help_))
        return Graph(replace(self.dto, workflows=(flow,)))

    def _ipython_key_completions_(self) -> list[str]:
        return names(self.dto.workflows)

    def _rows(self) -> list[list[Any]]:
        return [
            [flow.label, edge.label, edge.source, edge.target, ", ".join(edge.roles), edge.guard or ""]
            for flow in self.dto.workflows
            for edge in flow.transitions
        ]

    def __repr__(self) -> str:
        labels = [_("Workflow"), _("Step"), _("From"), _("To"), _("Roles"), _("Condition")]
        return text_table(labels, self._rows(), len(self._rows()))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        # no HTML beside it: Lab would show that instead of the diagram
        return {"text/plain": repr(self), **({MIME: self.mermaid} if self.dto.workflows else {})}


def read(text_or_path: str | Path, format: Format | None) -> tuple[str, Format | None]:
    """Text and format of a text or a file; raises ``InvalidInput`` on a file that is not there."""
    one_line = isinstance(text_or_path, str) and "\n" not in text_or_path
    path = Path(text_or_path) if isinstance(text_or_path, Path) or (one_line and is_path(str(text_or_path))) else None
    if path is None:
        return str(text_or_path), format
    try:
        text = path.expanduser().read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(_("{path} is not UTF-8 (byte {number})").format(path=path, number=error.start)) from None
    except OSError as error:
        text = _("The file {path} cannot be read ({reason})").format(path=path.absolute(), reason=error.strerror)
        raise InvalidInput(text) from None
    return text, format or cast("Format | None", SUFFIXES.get(path.suffix.lower()))


def is_path(text: str) -> bool:
    """Whether a single line is meant as the name of a file."""
    return Path(text).suffix.lower() in SUFFIXES


def version_id_of(workbench: Workbench, what: Any) -> VersionId:
    """The id of the version that somebody means: a saved one, an id, a manifest, or ``"safety"``, ``"safety 1.2.0"``."""
    if isinstance(what, Saved):
        return what.id
    if isinstance(what, SavedVersionDTO):
        return what.version_id
    if isinstance(what, VersionDTO):
        return what.id
    if isinstance(what, UUID):
        return VersionId(what)
    if isinstance(what, Manifest):
        return what.version().id
    if isinstance(what, str):
        name, _space, version = what.strip().partition(" ")
        return workbench.manifests[name].version(int(version) if version.isdigit() else version or None).id
    raise InvalidInput(_("{what!r} is no manifest version; give what .save() returned, or a name").format(what=what))
