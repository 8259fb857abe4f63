"""Links between items, seen from one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from alm_workbench.contexts.artifact.messages import LinkDTO
from alm_workbench.errors import InvalidInput, NotFound
from alm_workbench.i18n import _
from alm_workbench.notebook.hints import hint, suggestion
from alm_workbench.notebook.process import named
from alm_workbench.notebook.show import Column, Listing

if TYPE_CHECKING:
    from alm_workbench.notebook.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Link:
    """A link as one end sees it: ``name`` is the link type, or its inverse at the target."""

    id: UUID
    name: str
    outgoing: bool
    other_id: UUID
    other_key: str
    other_title: str
    suspect: bool
    version: int = 1
    pinned_version: int | None = None


def new_link(source: Artifact, name: str, target: Artifact) -> Link:
    """Make a link; an inverse name turns it round."""
    process = source.project.process
    kind = named(process.dto.link_types, name)
    inverse = next(
        (k for k in process.dto.link_types if name in (k.inverse, k.inverse and k.inverse.replace("_", " "))), None
    )
    start, end = (source, target) if kind or not inverse else (target, source)
    chosen = kind or inverse
    try:
        made = source.project.api.artifacts.link(
            artifact_id=start.id, link_type=chosen.id if chosen else name, target_id=end.id
        )
    except InvalidInput as error:
        known = [n for k in process.dto.link_types for n in (k.id, k.inverse) if n]
        raise (error if chosen else hint(error, suggestion(name, known))) from None
    return seen_from(source, made)


def links_of(artifact: Artifact) -> Listing[Link]:
    """The links of an item with the keys and titles of the other ends."""
    found = artifact.project.api.artifacts.links(artifact_id=artifact.id)
    columns: list[Column[Link]] = [
        Column("link", _("Link"), lambda k: k.name),
        Column("key", _("Key"), lambda k: k.other_key),
        Column("title", _("Title"), lambda k: k.other_title),
        Column("suspect", _("Suspect"), lambda k: k.suspect, "boolean"),
    ]
    return Listing([seen_from(artifact, link) for link in found], columns, artifact.key)


def link_of(artifact: Artifact, link: Link | UUID) -> LinkDTO:
    """One of the links of an item as it is now; a link that was listed keeps the version it was listed in.

    Raises ``NotFound``.
    """
    wanted = link.id if isinstance(link, Link) else link
    for found in artifact.project.api.artifacts.links(artifact_id=artifact.id):
        if found.id == wanted:
            return replace(found, version=link.version) if isinstance(link, Link) else found
    raise NotFound(_("{key} has no such link").format(key=artifact.key))


def seen_from(artifact: Artifact, link: LinkDTO) -> Link:
    """A link as one of its ends sees it."""
    outgoing = link.source_id == artifact.id
    other = link.target if outgoing else link.source
    kind = artifact.project.process.link_types.get(link.link_type)
    name = link.link_type if outgoing or not kind else kind.inverse or link.link_type
    return Link(
        link.id,
        name,
        outgoing,
        link.target_id if outgoing else link.source_id,
        other.key if other else "",
        other.title if other else "",
        link.suspect,
        link.version,
        link.pinned_version,
    )
