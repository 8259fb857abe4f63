"""What is kept of texts: rich text as a safe XHTML subset with its original beside it, and what search may know.

``string`` and ``text`` fields are verbatim (a cleaner would turn ``a<b and c>d`` into something else); only
``richtext`` is markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from html import unescape
from typing import Any

import nh3

from alm_workbench.mpc import ArtifactTypeDef, CompiledManifest

XHTML = frozenset(
    [
        "p",
        "br",
        "div",
        "span",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "s",
        "sub",
        "sup",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "a",
        "img",
        "hr",
    ]
)
"""The elements that the XHTML modules of ReqIF 1.2 carry too."""

ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
SCHEMES = {"http", "https", "mailto"}
SEARCHED = ("string", "text", "richtext")
MAX_SEARCHED = 100_000
TAG = re.compile(r"<[^>]*>")


def cleaned(kind: ArtifactTypeDef, fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Fields with their rich texts cleaned, and the originals of those that cleaning changed."""
    out, originals = dict(fields), {}
    for f in kind.fields.values():
        value = out.get(f.id)
        if f.type == "richtext" and isinstance(value, str):
            safe = nh3.clean(value, tags=set(XHTML), attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener")
            if safe != value:
                out[f.id], originals[f.id] = safe, value
    return out, originals


def texts(compiled: CompiledManifest, kind: ArtifactTypeDef, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a change of fields writes."""
    safe, originals = cleaned(kind, fields)
    return {"fields": safe, "originals": originals, "search_text": search_text(compiled, kind, safe)}


def search_text(compiled: CompiledManifest, kind: ArtifactTypeDef, fields: Mapping[str, Any]) -> str:
    """The texts that everybody's search may look into: those of fields that no access rule withholds."""
    searched = searched_fields(compiled, kind)
    parts = []
    for f in kind.fields.values():
        value = fields.get(f.id)
        if f.id in searched and isinstance(value, str):
            parts.append(unescape(TAG.sub(" ", value)) if f.type == "richtext" else value)
    return "\n".join(parts)[:MAX_SEARCHED]


def searched_fields(compiled: CompiledManifest, kind: ArtifactTypeDef) -> frozenset[str]:
    """Fields of a type whose texts everybody's search may look into."""
    withheld = withheld_fields(compiled, kind.id)
    open_ = (f for f in kind.fields.values() if f.type in SEARCHED and not f.sensitive)
    return frozenset(f.id for f in open_ if f.id not in withheld)


def withheld_fields(compiled: CompiledManifest, type_id: str) -> frozenset[str]:
    """Fields of a type that some access rule masks or denies for somebody."""
    return _withheld(compiled.artifact_hash, type_id, _Rules(compiled))


class _Rules:
    """The rules of a manifest as one argument that the cache does not look at."""

    def __init__(self, compiled: CompiledManifest) -> None:
        self.acl = compiled.acl

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rules)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=512)
def _withheld(artifact_hash: str, type_id: str, rules: _Rules) -> frozenset[str]:
    found: set[str] = set()
    for rule in rules.acl:
        for resource in rule.resources:
            # ids of imported types hold dots, so the type is taken off as a whole
            for owner in (type_id, "*"):
                if resource == owner or resource.startswith(f"{owner}."):
                    found.update(rule.mask)
                if resource.startswith(f"{owner}."):
                    found.add(resource.removeprefix(f"{owner}."))
    return frozenset(found)
