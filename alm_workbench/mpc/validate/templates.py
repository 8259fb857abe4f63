"""Types that follow a founding kind: they have what every item of that kind must have."""

from __future__ import annotations

from ..ast import ASTNode
from .findings import Findings
from .names import Names


def check_template(findings: Findings, names: Names, node: ASTNode) -> None:
    """A type with a `template` has a field for each property the template requires, and it always has a value.

    Properties that every item has by itself (a Defect's `status` is its state) need no field.
    """
    word = node.properties.get("template")
    template = findings.meta.get_template(word) if isinstance(word, str) else None
    if template is None or template.kind != node.kind:
        return
    parent = node.properties.get("extends")
    if isinstance(parent, str) and not names.has(node.kind, parent):
        return  # What it inherits is not known, and that is said already.
    own = {child.id: child for child in node.children if child.kind == "FieldDef"}
    known = names.fields_of((node.id,))
    for name in template.own_fields:
        if name not in known:
            message = f"A {template.name} needs the field '{name}', and type '{node.id}' has none"
            findings.add("E_META_MISSING_REQUIRED_FIELD", message, node, ("template",))
        elif name in own and not _is_filled(own[name]):
            message = f"'{name}' of a {template.name} must always have a value: say `required: true` or give a default"
            findings.add("E_META_MISSING_REQUIRED_FIELD", message, own[name])


def _is_filled(field: ASTNode) -> bool:
    props = field.properties
    return props.get("required") is True or props.get("default") is not None or "computed" in props
