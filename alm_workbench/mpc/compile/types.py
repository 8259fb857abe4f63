"""Types, fields, enumerations and relations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..ast import ASTNode, FrozenDict
from ..errors import Span
from ..model import ArtifactTypeDef, EnumDef, FieldDef, LinkTypeDef
from .context import Context, Props, as_tuple, labels_of

# Scalars, choices, dates, users and references are filtered by unless a field says otherwise.
_INDEXED = frozenset(
    ("string", "int", "number", "bool", "date", "datetime", "choice", "multichoice", "user", "reference")
)
_MAX_INDEXED = 20


def enum(c: Context, node: ASTNode, props: Props) -> EnumDef:
    """A shared list of choices."""
    return EnumDef(node.id, c.labels(node), c.choices(as_tuple(props.get("values"))), node.span())


def artifact_type(c: Context, node: ASTNode, props: Props) -> ArtifactTypeDef:
    """A type with its own and its inherited fields."""
    fields: dict[str, ASTNode] = {}
    for ancestor in reversed(c.line(node)):
        fields.update({child.id: child for child in ancestor.children if child.kind == "FieldDef"})
    prefix = props.get("key_prefix") or node.id[:4].upper().strip("_")
    parents = tuple(as_tuple(props.get("parents")))
    return ArtifactTypeDef(
        node.id,
        c.labels(node),
        labels_of(None, props.get("description")),
        props.get("workflow", ""),
        prefix,
        props.get("icon"),
        parents,
        tuple(as_tuple(props.get("child_types"))),
        props.get("root", True),
        props.get("max_depth"),
        labels_of(None, props.get("title_label")),
        props.get("aggregate", "Artifact"),
        _fields(c, fields.values()),
        tuple(as_tuple(node.properties.get("aliases"))),
        node.span(),
    )


def _fields(c: Context, nodes: Iterable[ASTNode]) -> FrozenDict:
    found: dict[str, FieldDef] = {}
    indexed = 0
    for node in nodes:
        made = _field(c, node.id, c.labels(node), node.properties, node.span(), indexed < _MAX_INDEXED)
        indexed += made.indexed
        found[node.id] = made
    return FrozenDict(found)


def _field(
    c: Context, id_: str, labels: FrozenDict, props: Mapping[str, Any], span: Span | None, may_index: bool
) -> FieldDef:
    get = props.get
    choices = get("choices")
    columns = tuple(
        _field(c, col["id"], labels_of(None, col.get("labels"), col["id"]), col, None, False)
        for col in as_tuple(get("columns"))
    )
    return FieldDef(
        id_,
        props["type"],
        labels,
        labels_of(None, get("description")),
        get("required", False),
        c.expr(get("required_when")),
        c.expr(get("visible_when")),
        c.expr(get("readonly_when")),
        get("default"),
        get("min"),
        get("max"),
        get("pattern"),
        get("max_length"),
        c.choices(choices),
        choices if isinstance(choices, str) else None,
        as_tuple(get("target")),
        columns,
        c.expr(get("computed")),
        bool(get("indexed", may_index and props["type"] in _INDEXED)) and may_index,
        get("sensitive", False),
        get("unit"),
        labels_of(None, get("placeholder")),
        as_tuple(get("aliases")),
        span,
    )


def link_type(c: Context, node: ASTNode, props: Props) -> LinkTypeDef:
    """A relation."""
    return LinkTypeDef(
        node.id,
        c.labels(node),
        as_tuple(props.get("from")),
        as_tuple(props.get("to")),
        props.get("inverse"),
        labels_of(None, props.get("inverse_labels"), props.get("inverse") or ""),
        props.get("symmetric", False),
        props.get("cardinality", "many_to_many"),
        props.get("acyclic", False),
        as_tuple(props.get("suspect_on")),
        props.get("coverage", False),
        node.span(),
    )
