"""Forms of types. Free-standing forms (no `type`) are read by the form engine from the AST itself."""

from __future__ import annotations

from collections.abc import Mapping

from ..ast import FrozenDict
from ..model.forms import FormDef, FormSection
from .context import Context, Props, as_tuple, labels_of


def forms(c: Context) -> Mapping[str, FormDef]:
    """Every form that belongs to a type."""
    found = ((node, c.props(node)) for node in c.ast.of_kind("FormDef"))
    return FrozenDict(
        {
            node.id: FormDef(
                node.id,
                c.labels(node),
                props.get("type"),
                props.get("action"),
                props.get("state"),
                props.get("transition"),
                _sections(c, props),
                node.span(),
            )
            for node, props in found
            if isinstance(props.get("type"), str)
        }
    )


def _sections(c: Context, props: Props) -> tuple[FormSection, ...]:
    """The listed fields as one section without a heading, then the sections."""
    loose = tuple(as_tuple(props.get("fields")))
    found = [FormSection("", FrozenDict(), loose)] if loose else []
    for number, entry in enumerate(as_tuple(props.get("sections")), 1):
        id_ = entry.get("id") or f"section_{number}"
        labels = labels_of(None, entry.get("labels"), id_)
        found.append(FormSection(id_, labels, as_tuple(entry.get("fields")), c.expr(entry.get("visible_when"))))
    return tuple(found)
