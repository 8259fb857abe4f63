"""What questions may name of an item: its properties and fields, with the SQL that stands for each.

The fragments speak of ``alm.artifacts`` as ``a``. They mean what the manifest core's evaluator sees in the same item: a
value that is not of the field's type (it was kept under another process) is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from alm_workbench.contexts.artifact.domain import CORE
from alm_workbench.mpc import CompiledManifest, FieldDef
from alm_workbench.mpc.expr.sql import Column
from alm_workbench.mpc.expr.typecheck import Known, Names

PROPERTIES: Mapping[str, Column] = {
    "id": Column("CAST(a.id AS text)", "text", nullable=False),
    "key": Column("a.key", "text", nullable=False),
    "type": Column("a.type_id", "text", nullable=False),
    "title": Column("a.title", "text", nullable=False),
    "state": Column("a.state", "text", nullable=False),
    "state_category": Column("a.state_category", "text", nullable=False),
    "project_id": Column("CAST(a.project_id AS text)", "text", nullable=False),
    "parent_id": Column("CAST(a.parent_id AS text)", "text"),
    "assignee": Column("CAST(a.assignee_id AS text)", "text"),
    "assignee_id": Column("CAST(a.assignee_id AS text)", "text"),
    "created_by": Column("CAST(a.created_by AS text)", "text"),
    "updated_by": Column("CAST(a.updated_by AS text)", "text"),
    "created_at": Column("a.created_at", "datetime", nullable=False),
    "updated_at": Column("a.updated_at", "datetime", nullable=False),
    "version": Column("a.version", "int", nullable=False, bits=31),
    "tags": Column("a.tags", "text", nullable=False, many=True),
}
"""Properties that every item has, by the name after ``self.``."""

HIDING: Mapping[str, str] = {"assignee": "assignee_id", "type": "type_id"}
"""Columns of properties that are called otherwise."""

_KINDS: Mapping[str, str] = {
    "string": "string", "text": "string", "richtext": "string", "url": "string", "user": "string", "team": "string",
    "reference": "string", "int": "int", "number": "number", "bool": "bool", "date": "date", "datetime": "string",
    "choice": "string", "multichoice": "array",
}  # fmt: skip
INDEXED: Mapping[str, str] = {
    "string": "v_text", "url": "v_text", "choice": "v_text", "multichoice": "v_text", "team": "v_text",
    "int": "v_int8", "bool": "v_int8", "number": "v_float8", "date": "v_ts", "datetime": "v_ts",
    "user": "v_uuid", "reference": "v_uuid",
}  # fmt: skip
"""Where the typed index keeps the values of a field, by its type."""


@dataclass(frozen=True)
class Vocabulary:
    """What a question about items of some types may name; compared by identity, and made once for a manifest."""

    types: tuple[str, ...]
    columns: Mapping[str, Column]
    names: Names
    fields: Mapping[str, tuple[FieldDef, ...]]
    """The declarations of each field among the types."""
    mixed: Mapping[str, str]
    """Fields that are of different types in different types of items, with a sentence that says so."""

    def field(self, name: str) -> FieldDef | None:
        """The first declaration of a field."""
        found = self.fields.get(name)
        return found[0] if found else None


def vocabulary(compiled: CompiledManifest, types: Iterable[str]) -> Vocabulary:
    """What may be named about items of these types."""
    return _vocabulary(compiled.artifact_hash, tuple(sorted(types)), _Uncompared(compiled))


class _Uncompared:
    """A manifest as an argument that the cache does not look at: its hash says which it is."""

    def __init__(self, compiled: CompiledManifest) -> None:
        self.compiled = compiled

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Uncompared)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=512)
def _vocabulary(artifact_hash: str, types: tuple[str, ...], manifest: _Uncompared) -> Vocabulary:
    compiled = manifest.compiled
    declared: dict[str, list[FieldDef]] = {}
    owners: dict[str, list[str]] = {}
    for type_id in types:
        for f in compiled.types[type_id].fields.values():
            declared.setdefault(f.id, []).append(f)
            owners.setdefault(f.id, []).append(type_id)
    columns = {f"self.{name}": column for name, column in PROPERTIES.items()}
    paths = {f"self.{name}": Known(_word(column)) for name, column in PROPERTIES.items()}
    mixed: dict[str, str] = {}
    for name, variants in declared.items():
        kinds = {_KINDS.get(f.type) for f in variants}
        if len(kinds) > 1:
            told = ", ".join(f"{f.type} in {owner}" for owner, f in zip(owners[name], variants, strict=True))
            mixed[name] = f"'{name}' is {told}: say of which type"
            continue
        column = field_column(variants[0])
        if column is not None:
            columns[f"self.fields.{name}"] = column
            paths[f"self.fields.{name}"] = Known(
                str(_KINDS[variants[0].type]), _values(variants), f"choice of '{name}'"
            )
    return Vocabulary(types, columns, _names(compiled, types, paths), {k: tuple(v) for k, v in declared.items()}, mixed)


def _names(compiled: CompiledManifest, types: Sequence[str], paths: dict[str, Known]) -> Names:
    states = frozenset(s for t in types for s in compiled.workflows[compiled.types[t].workflow].states)
    paths["self.state"] = Known("string", states, "state")
    paths["self.state_category"] = Known("string", frozenset(("todo", "in_progress", "done")), "state category")
    paths["self.type"] = Known("string", frozenset(compiled.types), "type")
    paths["now"] = Known("date")
    for name in ("actor.id", "project.id", "project.key"):
        paths[name] = Known("string")
    paths["actor.roles"] = Known("array")
    return Names(paths, ("actor.attributes",))


def _values(variants: Sequence[FieldDef]) -> frozenset[str] | None:
    """The choices of a field in any of its types."""
    if variants[0].type not in ("choice", "multichoice"):
        return None
    return frozenset(choice.id for f in variants for choice in f.choices) or None


def _word(column: Column) -> str:
    if column.many:
        return "array"
    return {"text": "string", "datetime": "date"}.get(column.type, column.type)


def field_column(f: FieldDef) -> Column | None:
    """The SQL of a field's value; None for tables, which have no single one."""
    name = f.id.replace("'", "''").replace(":", "\\:")
    value = f"a.fields -> '{name}'"

    def of(kind: str, sql: str) -> str:
        return f"CASE WHEN jsonb_typeof({value}) = '{kind}' THEN {sql} END"

    match f.type:
        case "int":
            return Column(of("number", f"alm.json_int8({value})"), "int", bits=63)
        case "number":
            return Column(of("number", f"alm.json_float8({value})"), "number")
        case "bool":
            return Column(of("boolean", f"CAST({value} AS boolean)"), "bool")
        case "date":
            return Column(of("string", f"CAST(alm.json_ts({value}) AT TIME ZONE 'UTC' AS date)"), "date")
        case "multichoice":
            return Column(of("array", f"ARRAY(SELECT jsonb_array_elements_text({value}))"), "text", many=True)
        case "table":
            return None
    return Column(of("string", f"a.fields ->> '{name}'"), "text")


def spoken_of(path: str) -> str:
    """What a path looks at, as masks may hide it: a column of the item, or a field."""
    head, _, name = path.removeprefix("self.").partition(".")
    return name if head == "fields" else HIDING.get(head, head)


def hidden_by(name: str) -> tuple[str, ...]:
    """The words in access rules that hide a column or field."""
    return (*(word for word, columns in CORE.items() if name in columns and word != name), name)
