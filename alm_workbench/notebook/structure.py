"""What stands below what, in which order, and under which tags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.artifact.structure_messages import TagDTO
from alm_workbench.i18n import _
from alm_workbench.notebook.actions import told_html, told_text
from alm_workbench.notebook.show import SHOWN, TEXT_SHOWN, Column, Listing, html_table, text_table
from alm_workbench.shared.ids import ArtifactId

if TYPE_CHECKING:
    import pandas as pd

    from alm_workbench.notebook.artifact import Artifact
    from alm_workbench.notebook.projects import Project

PAGE = 200
INDENT = "\u2003"


class Tree(Sequence["Artifact"]):
    """Items with what stands below them, each after its parent, in the order of the project."""

    def __init__(self, project: Project, items: Sequence[ArtifactDTO]) -> None:
        self._project, self._items = project, list(items)
        known = {item.id for item in items}
        self._below: Mapping[ArtifactId | None, list[ArtifactDTO]] = defaultdict(list)
        self._depth: dict[ArtifactId, int] = {}
        for item in items:
            parent = item.parent_id if item.parent_id in known else None
            self._below[parent].append(item)
            self._depth[item.id] = self._depth[parent] + 1 if parent is not None else 0

    @overload
    def __getitem__(self, index: int) -> Artifact: ...
    @overload
    def __getitem__(self, index: slice) -> list[Artifact]: ...
    def __getitem__(self, index: int | slice) -> Artifact | list[Artifact]:
        if isinstance(index, slice):
            return [self._item(dto) for dto in self._items[index]]
        return self._item(self._items[index])

    def __len__(self) -> int:
        return len(self._items)

    def walk(self) -> Iterator[tuple[int, Artifact]]:
        """(depth, item) of each, parents before what stands below them; the first level has depth 0."""
        for dto in self._items:
            yield self._depth[dto.id], self._item(dto)

    def children(self, item: Artifact | None = None) -> list[Artifact]:
        """Items of the tree right below one of them; those of its first level without one."""
        return [self._item(dto) for dto in self._below.get(item.id if item else None, [])]

    def to_frame(self) -> pd.DataFrame:
        """A pandas data frame in the same order."""
        from alm_workbench.notebook.frames import artifact_frame

        return artifact_frame(self._items, self._project.process.dto)

    def _item(self, dto: ArtifactDTO) -> Artifact:
        from alm_workbench.notebook.artifact import Artifact

        return Artifact(self._project, dto)

    def _shown(self, limit: int) -> tuple[list[str], list[list[Any]], int]:
        rows = [
            [INDENT * self._depth[dto.id] + dto.key, dto.type, dto.title, dto.state, ", ".join(dto.tags)]
            for dto in self._items[:limit]
        ]
        return [_("Key"), _("Type"), _("Title"), _("State"), _("Tags")], rows, len(self._items)

    @told_text
    def __repr__(self) -> str:
        return text_table(*self._shown(TEXT_SHOWN))

    @told_html
    def _repr_html_(self) -> str:
        return html_table(*self._shown(SHOWN))


def tree_of(project: Project, parent_id: ArtifactId | None, depth: int) -> Tree:
    """The tree below an item, or that of the whole project."""
    found: list[ArtifactDTO] = []
    cursor: str | None = None
    while True:
        page = project.api.artifacts.tree(
            project_id=project.id, parent_id=parent_id, depth=depth, limit=PAGE, cursor=cursor
        )
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return Tree(project, found)


def children_of(item: Artifact) -> list[Artifact]:
    """All items right below one, in order."""
    return Tree.children(tree_of(item.project, item.id, 1))


def place(project: Project, what: Artifact | str | UUID | None) -> ArtifactId | None:
    """The id of an item that is named as a place."""
    return None if what is None else project.artifacts.one(what).id


def tags_of(project: Project) -> Listing[TagDTO]:
    """The tags of a project and how many items have each."""
    columns: list[Column[TagDTO]] = [
        Column("tag", _("Tag"), lambda t: t.tag),
        Column("items", _("Items"), lambda t: t.items, "integer"),
    ]
    return Listing(project.api.artifacts.tags(project_id=project.id), columns, project.key)
