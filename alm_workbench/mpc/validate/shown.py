"""Views and forms: what they sort by exists, and a form asks for a field once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..ast import ASTNode, Path
from .findings import Findings
from .names import Names, as_tuple


def check_shown(findings: Findings, names: Names, node: ASTNode) -> None:
    """Check a View or FormDef beyond the references its vocabulary declares."""
    if node.kind == "View":
        _check_sort(findings, names, node)
    elif node.kind == "FormDef" and names.types_for(node):
        seen: set[str] = set()
        for path, field in _asked(node):
            if field in seen:
                message = f"Form '{node.id}' asks for '{field}' twice"
                findings.add("E_VALID_DUPLICATE_DEF", message, node, path, severity="warning", hint="leave one out")
            seen.add(field)


def _check_sort(findings: Findings, names: Names, node: ASTNode) -> None:
    sort = node.properties.get("sort")
    types = names.types_for(node) if sort else ()
    if not types:
        return
    known = names.fields_of(types)
    for number, item in enumerate(as_tuple(sort)):
        field = item.removeprefix("-") if isinstance(item, str) else None
        if field is not None and field not in known:
            path: Path = ("sort", number) if isinstance(sort, tuple) else ("sort",)
            where = f"type '{types[0]}'" if len(types) == 1 else "these types"
            hint = findings.hint(field, known)
            message = f"'sort': no field '{field}' in {where}"
            findings.add("E_VALID_UNRESOLVED_REF", message, node, path, hint=hint)


def _asked(form: ASTNode) -> Iterator[tuple[Path, str]]:
    """Each field a form names, with its place, in order."""
    groups: list[tuple[Path, object]] = [(("fields",), form.properties.get("fields"))]
    for number, section in enumerate(as_tuple(form.properties.get("sections"))):
        if isinstance(section, Mapping):
            groups.append((("sections", number, "fields"), section.get("fields")))
    for path, fields in groups:
        for number, field in enumerate(fields if isinstance(fields, tuple) else ()):
            if isinstance(field, str):
                yield (*path, number), field
