"""What an editor asks: findings, the graph of workflows, the outline. Offsets are UTF-16 code units, as editors count."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from .ast import ASTNode
from .checking import CheckResult, check
from .compile import labels_of
from .errors import Diagnostic, Span
from .imports import Library
from .meta import DomainMeta
from .model import pick_label
from .parse import read
from .validate.semantic import as_tuple
from .validate.workflow import finals_of

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Utf16:
    """Code-point offsets of one text to UTF-16 offsets; texts without astral characters cost nothing."""

    def __init__(self, text: str) -> None:
        # Nothing is longer in UTF-16 than one unit for each character, or it is worth looking for what is.
        plain = text.isascii() or len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text)
        self._wide = [] if plain else [found.start() for found in _ASTRAL.finditer(text)]

    def at(self, offset: int) -> int:
        """The UTF-16 offset of a code-point offset."""
        if not self._wide:
            return offset
        return offset + bisect_left(self._wide, offset)

    def place(self, span: Span | None) -> dict[str, Any]:
        """`from` and `to` of a span; the start of the text where there is none."""
        if span is None:
            return {"from": 0, "to": 0}
        return {"from": self.at(span.start), "to": self.at(span.end)}


def diagnostics(
    text: str, meta: DomainMeta, format: str | None = None, file: str | None = None
) -> list[dict[str, Any]]:
    """Findings in the form of POST /manifests/check."""
    return check_payload(text, check(text, meta, format=format, file=file))["diagnostics"]  # type: ignore[no-any-return]


def check_payload(text: str, result: CheckResult) -> dict[str, Any]:
    """The whole answer of POST /manifests/check for a result of `check`."""
    wide = Utf16(text)
    ast = result.ast
    return {
        "ok": result.ok,
        "namespace": ast.namespace if ast else "",
        "name": ast.name if ast else "",
        "version": ast.manifest_version if ast else "",
        "artifact_hash": result.artifact_hash,
        "diagnostics": [diagnostic_payload(d, wide) for d in result.diagnostics],
    }


def diagnostic_payload(found: Diagnostic, wide: Utf16) -> dict[str, Any]:
    """One finding as data."""
    span = found.span or Span(0, 0, 1, 1, 1, 1)
    return {
        "code": found.code,
        "message": found.message,
        "severity": found.severity,
        **wide.place(span),
        "line": span.line,
        "col": span.col,
        "end_line": span.end_line,
        "end_col": span.end_col,
        "hint": found.hint,
        "path": found.path,
    }


def graph(
    text: str,
    meta: DomainMeta,
    format: str | None = None,
    file: str | None = None,
    lang: str = "en",
    library: Library | None = None,
) -> dict[str, Any]:
    """Workflows as nodes and edges with their places, also of a manifest with errors."""
    return graph_payload(text, check(text, meta, format=format, file=file, library=library), lang)


def graph_payload(text: str, result: CheckResult, lang: str = "en") -> dict[str, Any]:
    """The graph for a result of `check` or of a session."""
    wide = Utf16(text)
    nodes = result.ast.defs if result.ast else ()
    return {
        "workflows": [_workflow(node, wide, lang) for node in nodes if node.kind == "Workflow"],
        "types": [_type(node, wide, lang) for node in nodes if node.kind == "ArtifactType"],
        "diagnostics": [diagnostic_payload(d, wide) for d in result.diagnostics],
    }


def _head(node: ASTNode, wide: Utf16, lang: str) -> dict[str, Any]:
    labels = labels_of(node.name, node.properties.get("labels"), node.id)
    return {
        "id": node.id,
        "label": pick_label(labels, node.id, lang),
        "labels": dict(labels),
        **wide.place(node.span()),
    }


def _type(node: ASTNode, wide: Utf16, lang: str) -> dict[str, Any]:
    fields = sum(child.kind == "FieldDef" for child in node.children)
    return {**_head(node, wide, lang), "workflow": node.properties.get("workflow"), "fields": fields}


def _workflow(node: ASTNode, wide: Utf16, lang: str) -> dict[str, Any]:
    initial, finals = node.properties.get("initial"), set(finals_of(node))
    states = []
    for number, item in enumerate(as_tuple(node.properties.get("states"))):
        value: Mapping[str, Any] = item if isinstance(item, Mapping) else {"id": item}
        id_ = value.get("id", value.get("name"))
        if not isinstance(id_, str):
            continue
        span = node.source.value_span(("states", number)) if node.source else None
        states.append(
            {
                **_entry(id_, value, lang),
                "category": value.get("category", "todo"),
                "initial": id_ == initial,
                "final": id_ in finals,
                "wip_limit": value.get("wip_limit"),
                **wide.place(span),
            }
        )
    return {**_head(node, wide, lang), "states": states, "transitions": _transitions(node, wide, lang)}


def _entry(id_: str, value: Mapping[str, Any], lang: str) -> dict[str, Any]:
    labels = labels_of(None, value.get("labels"), id_)
    return {"id": id_, "label": pick_label(labels, id_, lang), "labels": dict(labels)}


def _transitions(node: ASTNode, wide: Utf16, lang: str) -> list[dict[str, Any]]:
    """One edge for each source state of each transition."""
    edges: list[dict[str, Any]] = []
    for number, step in enumerate(as_tuple(node.properties.get("transitions"))):
        if not isinstance(step, Mapping):
            continue
        id_ = step.get("id") or step.get("on") or step.get("to")
        if not isinstance(id_, str) or not isinstance(step.get("to"), str):
            continue
        span = node.source.value_span(("transitions", number)) if node.source else None
        edge = {
            "target": step["to"],
            "guard": step.get("guard"),
            "roles": list(as_tuple(step.get("roles"))),
            "requires": list(as_tuple(step.get("requires"))),
            **wide.place(span),
        }
        sources = [source for source in as_tuple(step.get("from")) if isinstance(source, str)]
        edges.extend({**_entry(id_, step, lang), "source": source, **edge} for source in sources)
    return edges


def outline(text: str, format: str | None = None, file: str | None = None, lang: str = "en") -> list[dict[str, Any]]:
    """Definitions and their children with places, also of a manifest with errors."""
    result = read(text, format=format, file=file)
    wide = Utf16(text)
    return [_outline_node(node, wide, lang) for node in result.ast.defs]


def _outline_node(node: ASTNode, wide: Utf16, lang: str) -> dict[str, Any]:
    span = node.span() or Span(0, 0, 1, 1, 1, 1)
    children = [_outline_node(child, wide, lang) for child in node.children]
    return {
        "kind": node.kind,
        **_head(node, wide, lang),
        "line": span.line,
        "col": span.col,
        "end_line": span.end_line,
        "children": children,
    }
