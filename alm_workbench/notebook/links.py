"""Links between items, seen from one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from alm_workbench.contexts.artifact.messages import LinkDTO
from alm_workbench.errors import AlmError, InvalidInput
from alm_workbench.i18n import _
from alm_workbench.notebook.hints import hint, suggestion
from alm_workbench.notebook.process import named
from alm_workbench.notebook.show import Column, Listing
from alm_workbench.shared.ids import ArtifactId

if TYPE_CHECKING:
    from alm_workbench.notebook.artifact import Artifact

LOOKED_UP = 50


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
    return seen_from(source, made, {target.id: target})


def links_of(artifact: Artifact) -> Listing[Link]:
    """The links of an item with the keys and titles of the other ends."""
    found = artifact.project.api.artifacts.links(artifact_id=artifact.id)
    others: dict[ArtifactId, Artifact] = {}
    for link in found:
        other = link.target_id if link.source_id == artifact.id else link.source_id
        if other not in others and len(others) < LOOKED_UP:
            try:
                others[other] = artifact.project.artifacts.by_id(other)
            except AlmError:  # an end that is in the bin, or that the caller may not see
                continue
    columns: list[Column[Link]] = [
        Column("link", _("Link"), lambda k: k.name),
        Column("key", _("Key"), lambda k: k.other_key),
        Column("title", _("Title"), lambda k: k.other_title),
        Column("suspect", _("Suspect"), lambda k: k.suspect, "boolean"),
    ]
    return Listing([seen_from(artifact, link, others) for link in found], columns, artifact.key)


def seen_from(artifact: Artifact, link: LinkDTO, others: dict[ArtifactId, Artifact]) -> Link:
    """A link as one of its ends sees it."""
    outgoing = link.source_id == artifact.id
    other_id = link.target_id if outgoing else link.source_id
    other = others.get(other_id)
    kind = artifact.project.process.link_types.get(link.link_type)
    name = link.link_type if outgoing or not kind else kind.inverse or link.link_type
    return Link(
        link.id, name, outgoing, other_id, other.key if other else "", other.title if other else "", link.suspect
    )
