"""Links between items."""

from __future__ import annotations

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.domain import not_found
from alm_workbench.contexts.artifact.messages import (
    LinkArtifacts,
    LinkDTO,
    ListLinks,
)
from alm_workbench.contexts.artifact.rights import require
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Event


class LinkHandler:
    """Links two items of one project."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: LinkArtifacts) -> LinkDTO:
        source = self._artifacts.load(ctx, message.artifact_id)
        process = self._artifacts.process(ctx, source.project_id)
        target = self._artifacts.load(ctx, message.target_id)
        for item in (source, target):
            if self._artifacts.hidden(ctx, self._artifacts.process(ctx, item.project_id), item) is None:
                raise not_found(item.id)
        kind = process.compiled.link_types.get(message.link_type)
        problem = None
        if kind is None:
            known = ", ".join(sorted(process.compiled.link_types)) or "none"
            problem = ErrorItem("/link_type", "unknown-link-type", f"{message.link_type!r} is none of {known}")
        elif target.project_id != source.project_id:
            problem = ErrorItem("/target_id", "other-project", "both items must live in one project")
        elif kind.from_ and source.type not in kind.from_:
            problem = ErrorItem(
                "/artifact_id", "source-type", f"{kind.id} starts at {', '.join(kind.from_)}, not at {source.type}"
            )
        elif kind.to and target.type not in kind.to:
            problem = ErrorItem(
                "/target_id", "target-type", f"{kind.id} leads to {', '.join(kind.to)}, not to {target.type}"
            )
        elif source.id == target.id:
            problem = ErrorItem("/target_id", "self", "an item cannot be linked to itself")
        if problem:
            raise InvalidInput("The link is not possible: " + problem.message, errors=[problem])
        context = self._artifacts.context(ctx, process, source, {"name": "link"})
        ctx.decided(require(process, "link", source.type, context, source.id))
        link = self._artifacts.repo.add_link(
            ctx.conn, ctx.principal.tenant_id, source.project_id, message.link_type, source.id, target.id
        )
        payload = {"project_id": str(source.project_id), "link_type": link.link_type, "target_id": str(target.id)}
        ctx.emit(Event("ArtifactsLinked", "Artifact", source.id, payload))
        return link


class ListLinksHandler:
    """Lists the links of an item, without those to items the caller may not see."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ListLinks) -> tuple[LinkDTO, ...]:
        self._artifacts.readable(ctx, self._artifacts.load(ctx, message.artifact_id))
        links = self._artifacts.repo.links(ctx.conn, message.artifact_id)
        ends = {end for link in links for end in (link.source_id, link.target_id)} - {message.artifact_id}
        unseen = {end for end in ends if self._artifacts.rights(ctx, end).hidden is None}
        return tuple(link for link in links if not unseen & {link.source_id, link.target_id})
