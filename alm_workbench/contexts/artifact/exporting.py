"""Items as rows of a file: what a caller may see of them, so that importing it again makes the same items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields as fields_of
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.batch_messages import HiddenOf
from alm_workbench.contexts.artifact.export_messages import ExportArtifacts, ExportPageDTO
from alm_workbench.contexts.artifact.file_columns import FIELD, LINK, RESERVED
from alm_workbench.contexts.artifact.messages import ArtifactDTO, FindArtifacts
from alm_workbench.contexts.artifact.repository.many import ManyArtifacts
from alm_workbench.contexts.project.messages import ProjectPrivileges
from alm_workbench.contexts.tenant.people_messages import ListMembers
from alm_workbench.mpc import CompiledManifest
from alm_workbench.mpc.field_values import MAX_EXACT
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.principal import grants

CORE_COLUMNS = ("key", "type", "title", "state", "assignee", "parent", "tags", "created_at")
TECHNICAL = ("id", "version", "updated_at")
MAX_PAGE = 1_000


class ExportHandler:
    """Hands out pages of rows."""

    def __init__(self, artifacts: Artifacts, many: ManyArtifacts) -> None:
        self._artifacts, self._many = artifacts, many

    def __call__(self, ctx: MessageContext, message: ExportArtifacts) -> ExportPageDTO:
        compiled = self._artifacts.process(ctx, message.project_id).compiled
        names = {f.name for f in fields_of(FindArtifacts)} & {f.name for f in fields_of(ExportArtifacts)}
        asked: dict[str, Any] = {name: getattr(message, name) for name in names}
        asked["limit"] = max(1, min(message.limit, MAX_PAGE))
        if message.sort is None and message.text is None:
            asked["sort"] = "rank"
        page = ctx.ask(FindArtifacts(**asked))
        columns = columns_of(compiled, technical=message.technical)
        cells = self._cells(ctx, message, compiled, page.items)
        rows = tuple(tuple(read(item) for read in cells) for item in page.items)
        return ExportPageDTO(columns, rows, page.next_cursor)

    def _cells(
        self, ctx: MessageContext, message: ExportArtifacts, compiled: CompiledManifest, items: Sequence[ArtifactDTO]
    ) -> list[Callable[[ArtifactDTO], Any]]:
        """How each column reads an item, in the order of the columns."""
        people = self._people(ctx, message)
        links = self._links(ctx, items)
        keys = self._keys(ctx, compiled, items, links)

        def linked(name: str) -> Callable[[ArtifactDTO], Any]:
            return lambda item: [keys[end] for end in links.get((item.id, name), ()) if end in keys] or None

        readers: list[Callable[[ArtifactDTO], Any]] = [
            lambda item: item.key,
            lambda item: item.type,
            lambda item: item.title,
            lambda item: item.state or None,
            lambda item: people.get(item.assignee_id, str(item.assignee_id)) if item.assignee_id else None,
            lambda item: keys.get(item.parent_id) if item.parent_id else None,
            lambda item: list(item.tags) or None,
            lambda item: item.occurred_at.isoformat(),
        ]
        readers += [field_reader(compiled, name, keys) for name in field_names(compiled)]
        readers += [linked(name) for name in compiled.link_types]
        if message.technical:
            readers += [
                lambda item: str(item.id),
                lambda item: item.version,
                lambda item: item.updated_at.isoformat(),
            ]
        return readers

    def _people(self, ctx: MessageContext, message: ExportArtifacts) -> dict[UUID, str]:
        held = ctx.principal.privileges | ctx.ask(ProjectPrivileges(message.project_id))
        if not grants(held, "member:read"):
            return {}
        return {member.actor_id: member.email for member in ctx.ask(ListMembers())}

    def _links(
        self, ctx: MessageContext, items: Sequence[ArtifactDTO]
    ) -> Mapping[tuple[ArtifactId, str], list[ArtifactId]]:
        """Where each item links to, by type of link."""
        found: dict[tuple[ArtifactId, str], list[ArtifactId]] = defaultdict(list)
        ids = {item.id for item in items}
        for link in self._many.links(ctx.conn, ids) if ids else ():
            if link.source_id in ids:
                found[link.source_id, link.link_type].append(link.target_id)
        return found

    def _keys(
        self,
        ctx: MessageContext,
        compiled: CompiledManifest,
        items: Sequence[ArtifactDTO],
        links: Mapping[Any, Sequence[ArtifactId]],
    ) -> dict[ArtifactId, str]:
        """The keys of items that these name, as far as the caller may see them."""
        wanted = {end for ends in links.values() for end in ends} | {i.parent_id for i in items if i.parent_id}
        wanted |= {ArtifactId(found) for item in items for found in referred(compiled, item)}
        found = self._many.get(ctx.conn, wanted)
        hidden = ctx.ask(HiddenOf(tuple(found.values())))
        return {item.id: item.key for item in found.values() if hidden[item.id] is not None}


def columns_of(compiled: CompiledManifest, *, technical: bool) -> tuple[str, ...]:
    """The columns of an export of a project: the same for all its items."""
    fields = tuple(f"{FIELD}{name}" if name in (*RESERVED, *TECHNICAL) else name for name in field_names(compiled))
    links = tuple(f"{LINK}{name}" for name in compiled.link_types)
    return (*CORE_COLUMNS, *fields, *links, *(TECHNICAL if technical else ()))


def field_names(compiled: CompiledManifest) -> tuple[str, ...]:
    """The fields of all types, in the order in which they are declared."""
    return tuple(dict.fromkeys(name for kind in compiled.types.values() for name in kind.fields))


def field_reader(compiled: CompiledManifest, name: str, keys: Mapping[ArtifactId, str]) -> Callable[[ArtifactDTO], Any]:
    """How the column of a field reads an item: items that are referred to by their keys."""

    def read(item: ArtifactDTO) -> Any:
        value = item.fields.get(name)
        kind = compiled.types.get(item.type)
        f = kind.fields.get(name) if kind else None
        if value is None or f is None or f.type != "reference":
            return plain_number(value)
        known = [keys.get(ArtifactId(UUID(str(v)))) for v in (value if isinstance(value, list) else [value])]
        shown = [key for key in known if key is not None]
        return shown if isinstance(value, list) else (shown[0] if shown else None)

    return read


def plain_number(value: Any) -> Any:
    """A whole number without a point, as fields keep it today; older rows may hold 5.0, which is imported as 5."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_EXACT else value


def referred(compiled: CompiledManifest, item: ArtifactDTO) -> list[UUID]:
    """The items that an item's reference fields name."""
    kind = compiled.types.get(item.type)
    names = [f.id for f in kind.fields.values() if f.type == "reference"] if kind else []
    values = (item.fields.get(name) for name in names)
    return [UUID(str(v)) for value in values if value for v in (value if isinstance(value, list) else [value])]
