"""Where a search hit: snippets of titles and texts as plain parts, every second one a hit. No markup, so nothing to escape.

They are made of what the reader is shown of an item and of fields that everybody's search looks into, never of more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import unescape

from alm_workbench.contexts.artifact.messages import ArtifactDTO, HighlightDTO
from alm_workbench.contexts.artifact.texts import TAG, searched_fields
from alm_workbench.mpc import CompiledManifest
from alm_workbench.shared.ids import ProjectId

LOOKED_INTO = 10_000
"""So many characters of a text are looked into."""
SNIPPET, BEFORE, MOST_FIELDS, MOST_WORDS = 240, 60, 3, 5_000
_WORD = re.compile(r"[^\W_]+")
Hits = Callable[[Sequence[str]], frozenset[str]]


def highlighted(
    found: Sequence[ArtifactDTO], processes: Mapping[ProjectId, CompiledManifest], search: str, hits: Hits
) -> tuple[ArtifactDTO, ...]:
    """The items, as they are shown, with what a search hit in them; ``hits`` says which words it means."""
    texts = [dict(_texts(item, processes.get(item.project_id))) for item in found]
    begins = {_beginning(word) for word in _WORD.findall(search)}
    words = dict.fromkeys(word for each in texts for text in each.values() for word in _WORD.findall(text))
    asked = [word for word in words if _beginning(word) in begins]
    meant = hits(asked[:MOST_WORDS]) if asked else frozenset()
    return tuple(replace(item, highlights=tuple(_marked(each, meant))) for item, each in zip(found, texts, strict=True))


def _beginning(word: str) -> str:
    """Two letters that every form of a word has in common: stems differ at the end. Without accents, every i the same."""
    plain = unicodedata.normalize("NFKD", word[:2].replace("ı", "i").casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))[:2]


def _texts(item: ArtifactDTO, compiled: CompiledManifest | None) -> Iterator[tuple[str, str]]:
    if item.title:
        yield "title", item.title
    kind = compiled.types.get(item.type) if compiled else None
    if compiled is None or kind is None:
        return
    open_ = searched_fields(compiled, kind)
    for f in kind.fields.values():
        value = item.fields.get(f.id)
        if f.id in open_ and isinstance(value, str):
            yield f.id, (unescape(TAG.sub(" ", value)) if f.type == "richtext" else value)[:LOOKED_INTO]


def _marked(texts: Mapping[str, str], meant: frozenset[str]) -> Iterator[HighlightDTO]:
    shown = 0
    for field, text in texts.items():
        places = [place.span() for place in _WORD.finditer(text) if place.group() in meant]
        if not places or (field != "title" and shown >= MOST_FIELDS):
            continue
        shown += field != "title"
        start, end = (0, len(text)) if field == "title" else _window(text, places[0][0])
        yield HighlightDTO(field, tuple(_parts(text, places, start, end)))


def _window(text: str, hit: int) -> tuple[int, int]:
    """The part of a text around its first hit, between spaces."""
    start = max(0, hit - BEFORE)
    if start:
        start = (text.find(" ", start, hit) + 1) or start
    end = min(len(text), start + SNIPPET)
    if end < len(text):
        space = text.rfind(" ", hit, end)
        end = space if space > hit else end
    return start, end


def _parts(text: str, places: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[str]:
    at, lead = start, "… " if start else ""
    for first, last in places:
        if first < start or last > end:
            continue
        yield lead + text[at:first]
        yield text[first:last]
        at, lead = last, ""
    yield lead + text[at:end] + (" …" if end < len(text) else "")
