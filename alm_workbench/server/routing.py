"""Finds the messages of a path: a tree of segments, one a version of the API, instead of a list of expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from alm_workbench.errors import MalformedRequest
from alm_workbench.shared.messages import API_VERSIONS, Registry, Spec

BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(slots=True)
class Node:
    """What may follow a part of a path."""

    fixed: dict[str, Node] = field(default_factory=dict)
    any: Node | None = None
    specs: dict[str, Spec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The messages of a path by method, and the texts that stand for its placeholders, in order."""

    specs: Mapping[str, Spec]
    values: tuple[str, ...]


class RouteTable:
    """The routes of one version of the API."""

    def __init__(self, specs: Iterable[Spec]) -> None:
        self._root = Node()
        for spec in specs:
            self._add(spec)

    def _add(self, spec: Spec) -> None:
        node = self._root
        for part in (spec.path or "").strip("/").split("/"):
            if part.startswith("{"):
                node.any = node = node.any or Node()
            else:
                node = node.fixed.setdefault(part, Node())
        node.specs[spec.method or ""] = spec

    def find(self, segments: Sequence[str]) -> Found | None:
        """The messages at a path; a fixed segment goes before a placeholder, so /audit/decisions is no entity type."""
        return self._find(self._root, segments, ())

    def _find(self, node: Node, segments: Sequence[str], values: tuple[str, ...]) -> Found | None:
        if not segments:
            return Found(node.specs, values) if node.specs else None
        head, rest = segments[0], segments[1:]
        if (below := node.fixed.get(head)) and (found := self._find(below, rest, values)):
            return found
        return self._find(node.any, rest, (*values, head)) if node.any and head else None


def route_tables(registry: Registry) -> dict[int, RouteTable]:
    """The routes of every version there is."""
    return {version: RouteTable(registry.public(version)) for version in API_VERSIONS}


def segments_of(path: str) -> list[str]:
    """The decoded segments of a raw path; raises ``MalformedRequest`` on what no client means."""
    return [decoded(part, "path") for part in path.strip("/").split("/")] if path.strip("/") else []


def decoded(text: str, where: str) -> str:
    """Percent-decoded text; raises ``MalformedRequest`` on broken escapes, other encodings than UTF-8, and NUL."""
    if BROKEN_ESCAPE.search(text):
        raise MalformedRequest(f"the {where} holds a % that starts no escape")
    try:
        found = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedRequest(f"the {where} is not UTF-8") from None
    if "\x00" in found:
        raise MalformedRequest("the address holds a NUL character")
    return found


def parameters_of(query: str) -> dict[str, list[str]]:
    """Query parameters, decoded; raises ``MalformedRequest`` as ``decoded`` does."""
    values: dict[str, list[str]] = {}
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if pair:
            values.setdefault(decoded(name.replace("+", " "), "query"), []).append(
                decoded(value.replace("+", " "), "query")
            )
    return values
