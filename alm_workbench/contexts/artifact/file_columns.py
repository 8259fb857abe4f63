"""Which column of a file feeds what of an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alm_workbench.contexts.artifact.csv_file import Table, rejected
from alm_workbench.mpc import ArtifactTypeDef, CompiledManifest

TITLE_NAMES = ("title", "summary", "name", "başlık", "özet")
REF_NAMES = ("ref", "key", "issuekey", "issue key", "id", "anahtar")
TEXT_NAMES = ("description", "text", "açıklama", "tanım")
CREATED_NAMES = ("created_at", "created", "oluşturulma")
RESERVED = ("title", "ref", "key", "type", "state", "assignee", "parent", "tags", "version", "created_at")
"""What a column may feed beside fields and links."""
LINK = "link:"
FIELD = "field:"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column feeds what; ``fields`` is column to field id, ``links`` column to type of link."""

    title: str
    ref: str | None
    created_at: str | None
    fields: Mapping[str, str]
    ignored: tuple[str, ...]
    key: str | None = None
    type: str | None = None
    state: str | None = None
    assignee: str | None = None
    parent: str | None = None
    tags: str | None = None
    version: str | None = None
    links: Mapping[str, str] | None = None


def choose_columns(
    table: Table, compiled: CompiledManifest, kind: ArtifactTypeDef, mapping: Mapping[str, str | None]
) -> Columns:
    """Match columns with a type; raises ``ImportRejected`` on a column or field that is not there."""
    typed = "type" in mapping.values() or (table.ours and "type" not in mapping)
    kinds = tuple(compiled.types.values()) if typed else (kind,)
    fields = {name: None for k in kinds for name in k.fields}
    _check_mapping(table, compiled, kind, mapping, tuple(fields))
    chosen: dict[str, str | None] = dict(mapping)
    taken = {target for target in chosen.values() if target}
    for column in table.header:
        target = exported_name(column, compiled, tuple(fields)) if table.ours else own_name(column, kind)
        if column not in chosen and target and target not in taken:
            chosen[column] = target
            taken.add(target)
    by_target = {target: column for column, target in chosen.items() if target}
    if "title" not in by_target:
        raise rejected(
            table.name, 1, "title", "missing-column", "no column feeds the title; say which: mapping={column: 'title'}"
        )
    special = {name: by_target.get(name) for name in RESERVED if name != "title"}
    return Columns(
        by_target["title"],
        special.pop("ref"),
        special.pop("created_at"),
        {column: target for column, target in chosen.items() if target in fields and target not in RESERVED},
        tuple(h for h in table.header if h not in chosen and h),
        links={c: t.removeprefix(LINK) for c, t in chosen.items() if t and t.startswith(LINK)},
        **special,
    )


def _check_mapping(
    table: Table,
    compiled: CompiledManifest,
    kind: ArtifactTypeDef,
    mapping: Mapping[str, str | None],
    fields: tuple[str, ...],
) -> None:
    for column, target in mapping.items():
        if column not in table.header:
            known = ", ".join(repr(h) for h in table.header)
            raise rejected(
                table.name, 1, column, "missing-column", f"the file has no column {column!r}; it has {known}"
            )
        if target is None or target in RESERVED or target in fields:
            continue
        if target.startswith(LINK):
            if target.removeprefix(LINK) in compiled.link_types:
                continue
            known = ", ".join(compiled.link_types) or "none"
            text = f"there is no type of link {target.removeprefix(LINK)!r}; there is {known}"
            raise rejected(table.name, 1, column, "unknown-link-type", text)
        known = ", ".join((*RESERVED, *kind.fields))
        raise rejected(table.name, 1, column, "unknown-field", f"{kind.id} has no field {target!r}; it has {known}")
    for target in {t for t in mapping.values() if t}:
        feeding = [column for column, wanted in mapping.items() if wanted == target]
        if len(feeding) > 1:
            raise rejected(table.name, 1, feeding[1], "doubled-target", f"{feeding[0]!r} feeds {target!r} already")


def exported_name(column: str, compiled: CompiledManifest, fields: tuple[str, ...]) -> str | None:
    """What a column of an export feeds: what it is called; ``field:`` tells a field from a property of its name."""
    linked = column.startswith(LINK) and column.removeprefix(LINK) in compiled.link_types
    if column in RESERVED or linked:
        return column
    name = column.removeprefix(FIELD)
    return name if name in fields else None


def own_name(column: str, kind: ArtifactTypeDef) -> str | None:
    """What a column feeds by its own name: a field by id or label, or one of the usual names."""
    word = column.strip().casefold()
    for f in kind.fields.values():
        if word == f.id.casefold() or word in {label.casefold() for label in f.labels.values()}:
            return f.id
    for target, names in (("title", TITLE_NAMES), ("ref", REF_NAMES), ("created_at", CREATED_NAMES)):
        if word in names:
            return target
    if word in TEXT_NAMES:
        return next((name for name in ("text", "description") if name in kind.fields), None)
    return None
