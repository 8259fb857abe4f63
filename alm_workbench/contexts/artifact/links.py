"""Links between items: what a link type allows, making them, taking them away, looking at them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.domain import masked, not_found
from alm_workbench.contexts.artifact.link_messages import ClearSuspect, UnlinkArtifacts
from alm_workbench.contexts.artifact.messages import ArtifactDTO, LinkArtifacts, LinkDTO, LinkEndDTO, ListLinks
from alm_workbench.contexts.artifact.rights import require, require_access, require_policy
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.project.messages import ProjectPrivileges
from alm_workbench.contexts.workflow.messages import Follow, Happening
from alm_workbench.errors import AccessDenied, Conflict, ErrorItem, InvalidInput, NotFound, StaleVersion
from alm_workbench.mpc import CompiledManifest, LinkTypeDef
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import UNSET, Event
from alm_workbench.shared.principal import grants

LINK = "artifact:link"
ONE_TARGET = ("one_to_one", "many_to_one")
ONE_SOURCE = ("one_to_one", "one_to_many")


class LinkHandler:
    """Links two items."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: LinkArtifacts) -> LinkDTO:
        here = self._end(ctx, message.artifact_id)
        there = self._end(ctx, message.target_id)
        kind, turned = named_link(
            self._artifacts.process(ctx, here.project_id).compiled,
            self._artifacts.process(ctx, there.project_id).compiled,
            message.link_type,
            here,
            there,
        )
        source, target = (there, here) if turned else (here, there)
        require_privilege(ctx, source, here.project_id)
        process = self._artifacts.process(ctx, source.project_id)
        self._require_possible(ctx, process, kind, source, target, message.pinned_version)
        params = {"link_type": kind.id, "target_id": str(target.id)}
        context = self._artifacts.context(ctx, process, source, {"name": "link", **params})
        ctx.decided(require(process, "link", source.type, context, source.id))
        self._require_room(ctx, kind, source, target)
        link = self._artifacts.links.add(
            ctx.conn,
            ctx.principal.tenant_id,
            source.project_id,
            kind.id,
            source.id,
            target.id,
            message.pinned_version,
        )
        payload = {"project_id": str(source.project_id), **params}
        ctx.emit(Event("ArtifactsLinked", "Artifact", source.id, payload))
        ctx.ask(Follow(source.project_id, (Happening("link", source.id, source, source, (), params),)))
        return with_ends(ctx, self._artifacts, [link])[0]

    def _end(self, ctx: MessageContext, artifact_id: ArtifactId) -> ArtifactDTO:
        item = self._artifacts.load(ctx, artifact_id)
        if self._artifacts.hidden(ctx, self._artifacts.process(ctx, item.project_id), item) is None:
            raise not_found(item.id)
        return item

    def _require_possible(
        self,
        ctx: MessageContext,
        process: ProcessVersion,
        kind: LinkTypeDef,
        source: ArtifactDTO,
        target: ArtifactDTO,
        pinned: int | None,
    ) -> None:
        there = self._artifacts.process(ctx, target.project_id).compiled
        ends = process.compiled.link_types.get(kind.id), there.link_types.get(kind.id)
        problem = end_problem(*ends, source, target)
        if problem is None and pinned is not None and not 1 <= pinned <= target.version:
            message = f"the target has the versions 1 to {target.version}"
            problem = ErrorItem("/pinned_version", "version", message)
        if problem:
            raise InvalidInput("The link is not possible: " + problem.message, errors=[problem])

    def _require_room(self, ctx: MessageContext, kind: LinkTypeDef, source: ArtifactDTO, target: ArtifactDTO) -> None:
        """Cardinality and direction, against the links that are there; raises ``Conflict``."""
        if kind.cardinality == "many_to_many" and not kind.acyclic and not kind.symmetric:
            return
        links = self._artifacts.links
        links.hold_type(ctx.conn, ctx.principal.tenant_id, kind.id)
        ends = {"source": (source, kind.cardinality in ONE_TARGET), "target": (target, kind.cardinality in ONE_SOURCE)}
        for end, (item, alone) in ends.items():
            if not alone:
                continue
            taken = links.count(
                ctx.conn,
                kind.id,
                source=item.id if end == "source" else None,
                target=item.id if end == "target" else None,
            )
            if kind.symmetric:
                taken += links.count(
                    ctx.conn,
                    kind.id,
                    source=item.id if end == "target" else None,
                    target=item.id if end == "source" else None,
                )
            if taken:
                side = "from" if end == "source" else "to"
                raise Conflict(f"there is one {kind.id} {side} {item.key} already, and the process allows one")
        if kind.symmetric and links.count(ctx.conn, kind.id, source=target.id, target=source.id):
            raise Conflict("these two items are linked like this already")
        if kind.acyclic and links.reaches(ctx.conn, kind.id, target.id, source.id, kind.symmetric):
            raise Conflict(f"links of type {kind.id} may not form a circle, and this one would close one")


class UnlinkHandler:
    """Takes a link away."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: UnlinkArtifacts) -> LinkDTO:
        link = load_link(ctx, self._artifacts, message.artifact_id, message.link_id, message.expected_version)
        source = self._artifacts.load(ctx, link.source_id)
        require_privilege(ctx, source, self._artifacts.load(ctx, message.artifact_id).project_id)
        process = self._artifacts.process(ctx, source.project_id)
        params = {"link_type": link.link_type, "target_id": str(link.target_id)}
        context = self._artifacts.context(ctx, process, source, {"name": "unlink", **params})
        ctx.decided(require(process, "unlink", source.type, context, source.id))
        shown = with_ends(ctx, self._artifacts, [link])[0]
        self._artifacts.repo.include_deleted(ctx.conn)
        gone = self._artifacts.links.change(
            ctx.conn, link, {"deleted_at": ctx.now, "deleted_by": ctx.principal.actor_id}
        )
        self._artifacts.repo.include_deleted(ctx.conn, False)
        if gone is None:
            raise StaleVersion("somebody else changed this link a moment ago")
        ctx.emit(Event("ArtifactsUnlinked", "Artifact", source.id, {"project_id": str(source.project_id), **params}))
        ctx.ask(Follow(source.project_id, (Happening("unlink", source.id, source, source, (), params),)))
        return replace(shown, version=gone.version)


class ClearSuspectHandler:
    """Looks at a link again."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ClearSuspect) -> LinkDTO:
        link = load_link(ctx, self._artifacts, message.artifact_id, message.link_id, message.expected_version)
        source = self._artifacts.load(ctx, link.source_id)
        require_privilege(ctx, source, self._artifacts.load(ctx, message.artifact_id).project_id)
        process = self._artifacts.process(ctx, source.project_id)
        context = self._artifacts.context(ctx, process, source, {"name": "confirm", "link_type": link.link_type})
        acl = require_access(process, "link", source.type, context, source.id)
        ctx.decided(require_policy(process, source.type, context, source.id, acl))
        values: dict[str, Any] = {"suspect": False, "suspect_since": None}
        if message.pinned_version is not UNSET:
            target = self._artifacts.load(ctx, link.target_id)
            if message.pinned_version is not None and not 1 <= message.pinned_version <= target.version:
                problem = ErrorItem("/pinned_version", "version", f"the target has the versions 1 to {target.version}")
                raise InvalidInput(problem.message, errors=[problem])
            values["pinned_version"] = message.pinned_version
        confirmed = self._artifacts.links.change(ctx.conn, link, values)
        if confirmed is None:
            raise StaleVersion("somebody else changed this link a moment ago")
        payload = {"project_id": str(source.project_id), "link_type": link.link_type, "target_id": str(link.target_id)}
        ctx.emit(Event("LinkConfirmed", "Artifact", source.id, payload))
        return with_ends(ctx, self._artifacts, [confirmed])[0]


class ListLinksHandler:
    """Lists the links of an item, without those to items the caller may not see."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ListLinks) -> tuple[LinkDTO, ...]:
        self._artifacts.readable(ctx, self._artifacts.load(ctx, message.artifact_id))
        return tuple(with_ends(ctx, self._artifacts, self._artifacts.links.of(ctx.conn, message.artifact_id)))


def require_privilege(ctx: MessageContext, source: ArtifactDTO, asked_in: ProjectId) -> None:
    """Links belong to their source: where that is another project's, the privilege is needed there.

    ``asked_in`` is the project whose privilege the command was let in by. Raises ``AccessDenied``.
    """
    if source.project_id == asked_in or ctx.principal.may(LINK):
        return
    if not grants(ctx.ask(ProjectPrivileges(source.project_id)), LINK):
        reason = {"code": "R_PRIVILEGE", "message": f"privilege {LINK} is needed there", "rule_id": LINK}
        raise AccessDenied(f"The link would be one of {source.key}: it takes {LINK} there", reasons=[reason])


def named_link(
    compiled: CompiledManifest, other: CompiledManifest, name: str, here: ArtifactDTO, there: ArtifactDTO
) -> tuple[LinkTypeDef, bool]:
    """The link type somebody means by its id or its inverse, and whether the link leads the other way round.

    ``compiled`` rules the item ``here``, ``other`` the one ``there``. Raises ``InvalidInput``.
    """
    found, far = compiled.link_types.get(name), other.link_types.get(name)
    if found is not None:
        fits = end_problem(found, far, here, there) is None
        return found, found.symmetric and not fits and end_problem(far, found, there, here) is None
    for kind in compiled.link_types.values():
        if kind.inverse == name:
            return kind, True
    known = ", ".join(sorted(compiled.link_types)) or "none"
    problem = ErrorItem("/link_type", "unknown-link-type", f"{name!r} is none of {known}")
    raise InvalidInput("The link is not possible: " + problem.message, errors=[problem])


def end_problem(
    near: LinkTypeDef | None, far: LinkTypeDef | None, source: ArtifactDTO, target: ArtifactDTO
) -> ErrorItem | None:
    """What speaks against two items as the ends of a link; each process says of its own item whether it may be one.

    ``near`` is the link type in the source's process, ``far`` in the target's.
    """
    if source.id == target.id:
        return ErrorItem("/target_id", "self", "an item cannot be linked to itself")
    if near is None or far is None:
        message = "items of two projects are linked by types that both processes know"
        return ErrorItem("/target_id", "other-project", message)
    if near.from_ and source.type not in near.from_:
        message = f"{near.id} starts at {', '.join(near.from_)}, not at {source.type}"
        return ErrorItem("/artifact_id", "source-type", message)
    if far.to and target.type not in far.to:
        message = f"{far.id} leads to {', '.join(far.to)}, not to {target.type}"
        return ErrorItem("/target_id", "target-type", message)
    return None


def load_link(
    ctx: MessageContext, artifacts: Artifacts, artifact_id: ArtifactId, link_id: UUID, expected_version: int
) -> LinkDTO:
    """A link of an item, locked, with both ends visible; raises ``NotFound`` and ``StaleVersion``."""
    artifacts.readable(ctx, artifacts.load(ctx, artifact_id))
    link = artifacts.links.get(ctx.conn, link_id, lock=True)
    if link is None or artifact_id not in (link.source_id, link.target_id):
        raise NotFound(f"there is no link {link_id} here")
    shown = with_ends(ctx, artifacts, [link])
    if not shown:
        raise NotFound(f"there is no link {link_id} here")
    if link.version != expected_version:
        current = {"id": str(link.id), "version": link.version, "suspect": link.suspect}
        raise StaleVersion(f"the link has version {link.version} by now", current=current)
    return link


def with_ends(ctx: MessageContext, artifacts: Artifacts, links: Iterable[LinkDTO]) -> list[LinkDTO]:
    """Links with what the caller may see of their ends, without those that lead to what he may not see."""
    found = list(links)
    ids = {end for link in found for end in (link.source_id, link.target_id)}
    ends = {
        item.id: end for item in artifacts.structure.many(ctx.conn, ids).values() if (end := _end(ctx, artifacts, item))
    }
    return [
        replace(link, source=ends[link.source_id], target=ends[link.target_id])
        for link in found
        if link.source_id in ends and link.target_id in ends
    ]


def _end(ctx: MessageContext, artifacts: Artifacts, item: ArtifactDTO) -> LinkEndDTO | None:
    try:
        hidden = artifacts.hidden(ctx, artifacts.process(ctx, item.project_id), item)
    except (Conflict, NotFound):  # another project's, or one without rules
        return None
    if hidden is None:
        return None
    shown = masked(item, hidden)
    return LinkEndDTO(shown.id, shown.project_id, shown.key, shown.type, shown.title, shown.state, shown.version)
