"""What the artifact context does with its messages (imports stand in ``importing.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alm_workbench.contexts.artifact.access import Artifacts, check_version
from alm_workbench.contexts.artifact.domain import CORE, check_title, checked_fields, masked, not_found, type_of
from alm_workbench.contexts.artifact.messages import (
    ArtifactAccess,
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    FindArtifacts,
    GetArtifact,
    GetArtifactByKey,
    ItemAccessDTO,
    LinkArtifacts,
    LinkDTO,
    ListLinks,
    ProjectOfArtifact,
    ReadRights,
    ReadRightsOf,
    ReindexTexts,
    RemapStates,
    RestoreArtifact,
    SetState,
    Situation,
    SituationOf,
    StateCounts,
    UpdateArtifact,
)
from alm_workbench.contexts.artifact.rights import require, require_access, require_policy
from alm_workbench.contexts.artifact.texts import search_text, searched_fields, texts
from alm_workbench.contexts.manifest.messages import CompiledVersion, ProcessVersion
from alm_workbench.contexts.tenant.messages import RequireQuota
from alm_workbench.errors import ErrorItem, InvalidInput, StaleVersion
from alm_workbench.mpc import ArtifactTypeDef
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import Event, Page
from alm_workbench.shared.paging import decode, encode


class CreateHandler:
    """Creates one item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: CreateArtifact) -> ArtifactDTO:
        process = self._artifacts.process(ctx, message.project_id)
        kind = type_of(process.compiled, message.artifact_type)
        item, record = self._artifacts.prepare(
            ctx, process, kind, message.title, message.fields, project_id=message.project_id
        )
        parent = self._parent(ctx, message, kind)
        item = replace(item, parent_id=parent, assignee_id=message.assignee_id)
        ctx.decided(record)
        self._artifacts.write(ctx, kind, [item])
        return self._artifacts.readable(ctx, self._artifacts.load(ctx, item.id))

    def _parent(self, ctx: MessageContext, message: CreateArtifact, kind: ArtifactTypeDef) -> ArtifactId | None:
        if message.parent_id is None:
            return None
        parent = self._artifacts.repo.get(ctx.conn, message.parent_id)
        if parent is None or parent.project_id != message.project_id or self._artifacts.shown(ctx, parent) is None:
            raise InvalidInput(
                "The parent does not exist here",
                errors=[ErrorItem("/parent_id", "unknown", "no such item in this project")],
            )
        if kind.parents and parent.type not in kind.parents:
            allowed = ", ".join(kind.parents)
            raise InvalidInput(
                f"A {kind.id} cannot stand below a {parent.type}",
                errors=[ErrorItem("/parent_id", "parent-type", f"the parent must be one of {allowed}")],
            )
        return parent.id


class GetHandler:
    """Reads one item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: GetArtifact) -> ArtifactDTO:
        found = self._artifacts.load(ctx, message.artifact_id)
        shown = self._artifacts.readable(ctx, found)
        return self._artifacts.with_access(ctx, shown, found, message.include == "access")


class ArtifactAccessHandler:
    """Says what the caller may do with an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ArtifactAccess) -> ItemAccessDTO:
        found = self._artifacts.load(ctx, message.artifact_id)
        self._artifacts.readable(ctx, found)
        return self._artifacts.access(ctx, found)


class GetByKeyHandler:
    """Reads one item by its key."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: GetArtifactByKey) -> ArtifactDTO:
        self._artifacts.process(ctx, message.project_id)
        found = self._artifacts.repo.by_key(ctx.conn, message.project_id, message.key)
        if found is None:
            raise not_found(message.key)
        shown = self._artifacts.readable(ctx, found)
        return self._artifacts.with_access(ctx, shown, found, message.include == "access")


class FindHandler:
    """Lists items, without those the caller may not read."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: FindArtifacts) -> Page[ArtifactDTO]:
        process = self._artifacts.process(ctx, message.project_id)
        type_id = type_of(process.compiled, message.type, "/type").id if message.type else None
        limit = max(1, min(message.limit, 1000))
        closed = self._artifacts.closed_types(ctx, process, message.project_id)
        after, found = decode(message.cursor), list[tuple[ArtifactDTO, Any]]()
        # pages are filled with what may be seen, and none follows that holds nothing: neither tells of hidden items
        while len(found) <= limit:
            rows = self._artifacts.repo.find(ctx.conn, message, type_id, closed, limit + 1, after)
            for number, row in enumerate(rows, 1):
                key = int(after or 0) + number if message.text else [row.created_at.isoformat(), str(row.id)]
                if shown := self._found(ctx, process, message, row):
                    found.append((shown, key))
            if len(rows) <= limit:
                break
            after = int(after or 0) + len(rows) if message.text else [rows[-1].created_at.isoformat(), str(rows[-1].id)]
        page = found[:limit]
        return Page(tuple(shown for shown, _ in page), encode(page[-1][1]) if len(found) > limit else None)

    def _found(
        self, ctx: MessageContext, process: ProcessVersion, message: FindArtifacts, row: ArtifactDTO
    ) -> ArtifactDTO | None:
        """A row as the caller may see it; None also where it was found by a property that is hidden."""
        hidden = self._artifacts.hidden(ctx, process, row)
        if hidden is None:
            return None
        columns = {column for name in hidden for column in CORE.get(name, ())}
        asked = {"title": message.text, "assignee_id": message.assignee_id, "state": message.state or message.category}
        if any(asked.get(column) for column in columns):
            return None
        return self._artifacts.with_access(ctx, masked(row, hidden), row, message.include == "access")


class UpdateHandler:
    """Changes fields of an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: UpdateArtifact) -> ArtifactDTO:
        # before the item is locked: who waits for room must not keep others from it
        ctx.ask(RequireQuota("storage", len(str(message.fields)) + len(message.title or "")))
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        check_version(self._artifacts, ctx, current, message.expected_version)
        kind = type_of(process.compiled, current.type)
        changes = sorted([*message.fields, *(["title"] if message.title is not None else [])])
        event = {"name": "update", "changes": changes}
        context = self._artifacts.context(ctx, process, current, event)
        acl = require_access(process, "update", current.type, context, current.id, changes)
        values: dict[str, Any] = {}
        fields: Mapping[str, Any] = current.fields
        if message.title is not None:
            values["title"] = check_title(message.title)
        if message.fields:
            fields = checked_fields(process.compiled, kind, message.fields, context, current.fields)
            values |= texts(process.compiled, kind, fields)
        after = {**context.self_, "title": values.get("title", current.title), "fields": fields}
        ctx.decided(require_policy(process, current.type, replace(context, self_=after), current.id, acl))
        if message.assignee_id is not None:
            values["assignee_id"] = message.assignee_id
        if not values:
            return self._artifacts.readable(ctx, current)
        values["manifest_version_id"] = process.version_id
        updated = self._artifacts.repo.update(ctx.conn, current.id, current.version, values)
        if updated is None:
            raise StaleVersion("somebody else changed this item a moment ago")
        payload = {"project_id": str(current.project_id), "key": current.key, "changes": changes}
        ctx.emit(Event("ArtifactUpdated", "Artifact", current.id, payload))
        return self._artifacts.readable(ctx, updated)


class DeleteHandler:
    """Puts an item into the bin."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: DeleteArtifact) -> ArtifactDTO:
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        check_version(self._artifacts, ctx, current, message.expected_version)
        context = self._artifacts.context(ctx, process, current, {"name": "soft_delete"})
        ctx.decided(require(process, "delete", current.type, context, current.id))
        shown = self._artifacts.readable(ctx, current)
        self._artifacts.repo.include_deleted(ctx.conn)
        values = {"deleted_at": ctx.now, "deleted_by": ctx.principal.actor_id}
        gone = self._artifacts.repo.update(ctx.conn, current.id, current.version, values)
        self._artifacts.repo.include_deleted(ctx.conn, False)
        payload = {"project_id": str(current.project_id), "key": current.key}
        ctx.emit(Event("EntitySoftDeleted", "Artifact", current.id, payload))
        version = gone.version if gone else current.version + 1
        return replace(shown, deleted_at=ctx.now, version=version)


class RestoreHandler:
    """Takes an item out of the bin."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: RestoreArtifact) -> ArtifactDTO:
        repo = self._artifacts.repo
        ctx.ask(RequireQuota("artifacts"))
        repo.include_deleted(ctx.conn)
        current = self._artifacts.load(ctx, message.artifact_id, lock=True)
        process = self._artifacts.process(ctx, current.project_id)
        if current.deleted_at is not None:
            context = self._artifacts.context(ctx, process, current, {"name": "restore"})
            ctx.decided(require(process, "delete", current.type, context, current.id))
            repo.update(ctx.conn, current.id, current.version, {"deleted_at": None, "deleted_by": None})
            payload = {"project_id": str(current.project_id), "key": current.key}
            ctx.emit(Event("EntityRestored", "Artifact", current.id, payload))
        repo.include_deleted(ctx.conn, False)
        return self._artifacts.readable(ctx, self._artifacts.load(ctx, current.id))


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


class StateCountsHandler:
    """Counts items by type and state."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: StateCounts) -> tuple[tuple[str, str, int], ...]:
        return self._artifacts.repo.state_counts(ctx.conn, message.project_id)


class SituationHandler:
    """Prepares an item for a decision of another context."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: SituationOf) -> Situation:
        artifact = self._artifacts.load(ctx, message.artifact_id, lock=message.lock)
        process = self._artifacts.process(ctx, artifact.project_id)
        context = self._artifacts.context(ctx, process, artifact, {"name": message.event})
        return Situation(artifact, process, context)


class ReadRightsHandler:
    """Says what the caller may see of an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ReadRightsOf) -> ReadRights:
        return self._artifacts.rights(ctx, message.artifact_id)


class ProjectOfHandler:
    """Finds the project of an item."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ProjectOfArtifact) -> ProjectId | None:
        return self._artifacts.repo.project_of(ctx.conn, message.artifact_id)


class SetStateHandler:
    """Writes a state that the workflow context decided on."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: SetState) -> ArtifactDTO:
        values: dict[str, Any] = {
            "state": message.state,
            "state_category": message.category,
            "manifest_version_id": message.version_id,
        }
        compiled = ctx.ask(CompiledVersion(message.version_id)).compiled
        item = self._artifacts.load(ctx, message.artifact_id)
        values |= texts(compiled, compiled.types[item.type], message.fields)
        updated = self._artifacts.repo.update(ctx.conn, message.artifact_id, message.expected_version, values)
        if updated is None:
            raise StaleVersion("somebody else changed this item a moment ago")
        return self._artifacts.readable(ctx, updated)


class ReindexTextsHandler:
    """Rewrites what search may look into where another process withholds other fields."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ReindexTexts) -> int:
        old = ctx.ask(CompiledVersion(message.previous_id)).compiled
        new = ctx.ask(CompiledVersion(message.version_id)).compiled
        changed = 0
        for kind in new.types.values():
            before = searched_fields(old, old.types[kind.id]) if kind.id in old.types else frozenset()
            moved = before ^ searched_fields(new, kind)
            if moved:
                rows = self._artifacts.repo.with_fields(ctx.conn, message.project_id, kind.id, moved)
                texts_ = {item: search_text(new, kind, fields) for item, fields in rows}
                changed += self._artifacts.repo.set_search_texts(ctx.conn, texts_)
        return changed


class RemapStatesHandler:
    """Moves items whose state a new manifest does not have."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: RemapStates) -> tuple[ArtifactId, ...]:
        return self._artifacts.repo.remap(
            ctx.conn,
            message.project_id,
            message.type_id,
            message.old,
            message.new,
            message.category,
            message.version_id,
        )
