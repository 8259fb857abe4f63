"""Writing a migrated manifest over its text, so that comments and layout stay where they are.

Every difference becomes an edit at the place the parser remembers. Values that changed are written as JSON, which all
three languages read. The edited text is parsed again and must be the migrated manifest; where it is not (say, a
definition taken out of a YAML list), the manifest is printed afresh, without comments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from ..ast import ASTNode, ManifestAST, thaw
from ..errors import MPCError

_VERSION_KEYS = ("schemaVersion", "schema_version", "schema", "@schema")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The new text, and whether the old one's comments and layout are still in it."""

    text: str
    comments_kept: bool


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


class _Unwritable(Exception):
    """A difference that has no place in the text."""


def rewrite(text: str, old: ManifestAST, new: ManifestAST, format: str) -> Rewritten:
    """`text`, which reads as `old`, changed to read as `new`; `format` is dsl, yaml or json."""
    if old == new:
        return Rewritten(text, True)
    try:
        edited = _applied(text, list(_edits(text, old, new, format)))
        if _reads_as(edited, new, format):
            return Rewritten(edited, True)
    except _Unwritable:
        pass
    printed = {"dsl": new.to_dsl, "yaml": new.to_yaml, "json": new.to_json}[format]()
    return Rewritten(printed, False)


def _reads_as(text: str, ast: ManifestAST, format: str) -> bool:
    from ..parse import parse

    try:
        return parse(text, format=format) == ast
    except MPCError:
        return False


def _applied(text: str, edits: list[_Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _edits(text: str, old: ManifestAST, new: ManifestAST, format: str) -> Iterator[_Edit]:
    yield from _version(text, old, new, format)
    remaining = list(new.defs)
    for node in old.defs:
        if remaining and remaining[0].id == node.id:
            yield from _node(text, node, remaining.pop(0), format)
        elif format == "dsl" and node.source is not None:
            span = node.source.span()
            yield _Edit(*_with_line(text, span.start, span.end), "")
        else:
            raise _Unwritable
    if remaining:
        raise _Unwritable


def _version(text: str, old: ManifestAST, new: ManifestAST, format: str) -> Iterator[_Edit]:
    if old.schema_version == new.schema_version:
        return
    spans = (old.header_span(key) for key in _VERSION_KEYS if key in old.header)
    place = next((span for span in spans if span is not None), None)
    if place is not None:
        written = text[place.start : place.end]
        number = written.rfind(str(old.schema_version))
        if number < 0:
            raise _Unwritable
        start = place.start + number
        yield _Edit(start, start + len(str(old.schema_version)), str(new.schema_version))
    elif format == "dsl":
        yield _Edit(0, 0, f"@schema {new.schema_version}\n")
    else:
        raise _Unwritable


def _node(text: str, old: ASTNode, new: ASTNode, format: str) -> Iterator[_Edit]:
    source = old.source
    if source is None or old.name != new.name or len(old.children) != len(new.children):
        raise _Unwritable
    if old.kind != new.kind:
        span = source.kind_span()
        yield _Edit(span.start, span.end, _word(text[span.start : span.end], new.kind))
    yield from _properties(text, old, new, format)
    for before, after in zip(old.children, new.children, strict=True):
        yield from _node(text, before, after, format)


def _properties(text: str, old: ASTNode, new: ASTNode, format: str) -> Iterator[_Edit]:
    assert old.source is not None
    before, after = dict(old.properties), dict(new.properties)
    renamed = _renamed(list(before), list(after))
    for key, value in before.items():
        name = renamed.get(key, key)
        key_span, value_span = old.source.key_span((key,)), old.source.value_span((key,))
        if name not in after:
            if format != "dsl":
                raise _Unwritable
            yield _Edit(*_with_line(text, key_span.start, _past_comma(text, value_span.end)), "")
            continue
        if name != key:
            yield _Edit(key_span.start, key_span.end, _word(text[key_span.start : key_span.end], name))
        if value != after[name]:
            yield _Edit(value_span.start, value_span.end, json.dumps(thaw(after[name]), ensure_ascii=False))
    added = {key: value for key, value in after.items() if key not in before and key not in renamed.values()}
    if added and format != "dsl":
        raise _Unwritable
    if added:
        end = old.source.span().end - 1
        lines = "".join(f"\n  {key}: {json.dumps(thaw(value), ensure_ascii=False)}" for key, value in added.items())
        yield _Edit(end, end, f"{lines}\n")


def _renamed(before: list[str], after: list[str]) -> dict[str, str]:
    """New names of keys that kept their place."""
    if len(before) != len(after):
        return {}
    return {a: b for a, b in zip(before, after, strict=True) if a != b and a not in after and b not in before}


def _word(written: str, word: str) -> str:
    """A word in the quotes the old one had."""
    quote = written[:1] if written[:1] in ('"', "'") else ""
    return f"{quote}{word}{quote}"


def _past_comma(text: str, end: int) -> int:
    after = end
    while after < len(text) and text[after] in " \t":
        after += 1
    return after + 1 if text[after : after + 1] == "," else end


def _with_line(text: str, start: int, end: int) -> tuple[int, int]:
    """The range, with its line's end where nothing else stands on the line."""
    line = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop
    return (line, min(stop + 1, len(text))) if not (text[line:start] + text[end:stop]).strip() else (start, end)
