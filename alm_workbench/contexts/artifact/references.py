"""Fields that name something: another item, a member, a team. What is named is there, and is kept by its id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.auth.actor_messages import PrincipalsOf
from alm_workbench.contexts.planning.team_messages import KnownTeams
from alm_workbench.errors import Conflict, ErrorItem, InvalidInput, NotFound
from alm_workbench.mpc import ArtifactTypeDef, FieldDef
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ProjectId

if TYPE_CHECKING:
    from alm_workbench.contexts.artifact.access import Artifacts

NAMING = frozenset({"reference", "user", "team"})


@dataclass(frozen=True, slots=True)
class Named:
    """One value that names something: where it stands (``steps[2].owner``), and what it says."""

    field: FieldDef
    place: str
    value: str


def named_values(kind: ArtifactTypeDef, fields: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Named]:
    """The values of a type's naming fields, in tables too, that were not there before."""
    for f in kind.fields.values():
        value = fields.get(f.id)
        if value is None or value == before.get(f.id):
            continue
        if f.type in NAMING:
            former = set(_listed(before.get(f.id)))
            for number, one in enumerate(_listed(value)):
                if one not in former:
                    yield Named(f, f"{f.id}[{number}]" if isinstance(value, list) else f.id, one)
        elif f.type == "table":
            columns = [column for column in f.columns if column.type in NAMING]
            former_cells = {row.get(c.id) for c in columns for row in before.get(f.id) or ()}
            for number, row in enumerate(value):
                for column in columns:
                    cell = row.get(column.id)
                    if cell is not None and cell not in former_cells:
                        yield Named(column, f"{f.id}[{number}].{column.id}", cell)


def with_ids(kind: ArtifactTypeDef, fields: Mapping[str, Any], ids: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """The fields with keys in place of which stands the id; ``ids`` are by (type of the field, value)."""
    out = dict(fields)
    for f in kind.fields.values():
        value = out.get(f.id)
        if f.type in NAMING and isinstance(value, list):
            out[f.id] = list(dict.fromkeys(ids.get((f.type, one), one) for one in value))
        elif f.type in NAMING and value is not None:
            out[f.id] = ids.get((f.type, value), value)
        elif f.type == "table" and value:
            kinds = {column.id: column.type for column in f.columns if column.type in NAMING}
            out[f.id] = [{name: ids.get((kinds.get(name, ""), cell), cell) if isinstance(cell, str) else cell
                          for name, cell in row.items()} for row in value]  # fmt: skip
    return out


class References:
    """Looks up what fields name."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def checked(
        self,
        ctx: MessageContext,
        project_id: ProjectId,
        kind: ArtifactTypeDef,
        fields: Mapping[str, Any],
        before: Mapping[str, Any],
    ) -> dict[str, Any]:
        """The fields with ids in place of keys; raises ``InvalidInput`` with every value that names nothing.

        A reference is the id of an item in a project the caller sees, or the key of one in this project; one that the
        caller may not see is unknown. What stood there before is not looked up again.
        """
        found = list(named_values(kind, fields, before))
        if not found:
            return dict(fields)
        self.prefetch(ctx, project_id, found)
        ids: dict[tuple[str, str], str] = {}
        problems: list[ErrorItem] = []
        for one in found:
            known = ctx.memo[_key(project_id, one)]
            if isinstance(known, ArtifactDTO):
                if one.field.target and known.type not in one.field.target:
                    message = f"{one.field.label()} names a {known.type}, not one of {', '.join(one.field.target)}"
                    problems.append(ErrorItem(f"/fields/{one.place}", "E_FIELD_TARGET", message))
                known = known.id
            if known is None:
                message = f"{one.field.label()}: {WORDS[one.field.type]}"
                problems.append(ErrorItem(f"/fields/{one.place}", "E_FIELD_REFERENCE", message))
            else:
                ids[one.field.type, one.value] = str(known)
        if problems:
            raise InvalidInput(f"{problems[0].path.removeprefix('/fields/')}: {problems[0].message}", errors=problems)
        return with_ids(kind, fields, ids)

    def prefetch(self, ctx: MessageContext, project_id: ProjectId, values: Iterable[Named]) -> None:
        """Look many values up at once; what is known already is not asked again."""
        wanted: dict[str, dict[str, Any]] = {}
        for one in values:
            key = _key(project_id, one)
            if key not in ctx.memo:
                ctx.memo[key] = None
                wanted.setdefault(one.field.type, {})[one.value] = key
        for value, item in self._items(ctx, project_id, wanted.get("reference", {})):
            ctx.memo[wanted["reference"][value]] = item
        for kind in ("user", "team"):
            ids = {value: id_ for value in wanted.get(kind, {}) if (id_ := uuid(value)) is not None}
            known = frozenset(self._known(ctx, kind, list(dict.fromkeys(ids.values())))) if ids else frozenset()
            for value, id_ in ids.items():
                ctx.memo[wanted[kind][value]] = id_ if id_ in known else None

    def _known(self, ctx: MessageContext, kind: str, ids: Sequence[UUID]) -> Iterable[UUID]:
        return ctx.ask(PrincipalsOf(tuple(ids))) if kind == "user" else ctx.ask(KnownTeams(ids))

    def _items(
        self, ctx: MessageContext, project_id: ProjectId, values: Iterable[str]
    ) -> Iterator[tuple[str, ArtifactDTO]]:
        """(value, item) of the values that name an item the caller may see."""
        ids = {value: uuid(value) for value in values}
        wanted = {id_ for id_ in ids.values() if id_ is not None}
        keys = [value for value, id_ in ids.items() if id_ is None]
        if not ids:
            return
        found = dict(self._artifacts.structure.items_of_keys(ctx.conn, project_id, wanted, keys))
        for value, id_ in ids.items():
            item = found.get(str(id_) if id_ is not None else value)
            if item is not None and self._seen(ctx, item):
                yield value, item

    def _seen(self, ctx: MessageContext, item: ArtifactDTO) -> bool:
        try:
            return self._artifacts.shown(ctx, item) is not None
        except (Conflict, NotFound):  # another project's, or one without rules
            return False


WORDS: Mapping[str, str] = {
    "reference": "there is no such item",
    "user": "no member of this organisation has this id",
    "team": "there is no such team",
}


def uuid(text: str) -> UUID | None:
    """An id, None where the text is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _key(project_id: ProjectId, one: Named) -> tuple[str, str, ProjectId, str]:
    return ("named", one.field.type, project_id, one.value)


def _listed(value: Any) -> list[str]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]
