"""What changed between two OpenAPI documents, and whether somebody's client breaks by it.

A request may only be asked for less and be allowed more; an answer may only promise more. What turns out the other way
breaks: a route, a parameter or a value that is gone, something newly required, a member of an answer that is gone or may
be missing now, another type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

METHODS = ("get", "put", "post", "delete", "patch")
DEPTH = 12
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One change: whether it breaks, where (method, path and the place in it), and what."""

    kind: Literal["breaking", "added", "deprecated", "changed"]
    where: str
    text: str


def compare(old: Schema, new: Schema) -> list[Change]:
    """All changes, breaking ones first."""
    found = list(Comparison(old, new).changes())
    order = {"breaking": 0, "deprecated": 1, "changed": 2, "added": 3}
    return sorted(set(found), key=lambda change: (order[change.kind], change.where, change.text))


def markdown(changes: list[Change], title: str) -> str:
    """A section for the changelog."""
    names = {"breaking": "Breaking", "deprecated": "Deprecated", "changed": "Changed", "added": "Added"}
    lines = [f"## {title}", ""]
    if not changes:
        return "\n".join([*lines, "No change.", ""])
    for kind, name in names.items():
        some = [change for change in changes if change.kind == kind]
        if some:
            lines += [f"### {name}", "", *(f"- `{change.where}`: {change.text}" for change in some), ""]
    return "\n".join(lines)


class Comparison:
    """Walks two documents side by side."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new

    def changes(self) -> Iterator[Change]:
        """Changes of all operations."""
        before, after = operations(self._old), operations(self._new)
        for where in sorted(before.keys() - after.keys()):
            yield Change("breaking", where, "the route is gone")
        for where in sorted(after.keys() - before.keys()):
            yield Change("added", where, "a new route")
        for where in sorted(before.keys() & after.keys()):
            yield from self._operation(where, before[where], after[where])

    def _operation(self, where: str, old: Schema, new: Schema) -> Iterator[Change]:
        if new.get("deprecated") and not old.get("deprecated"):
            until = f" until {new['x-sunset']}" if "x-sunset" in new else ""
            instead = f"; use {new['x-successor']}" if "x-successor" in new else ""
            yield Change("deprecated", where, f"deprecated{until}{instead}")
        if old.get("x-privilege") != new.get("x-privilege"):
            yield Change(
                "changed", where, f"needs the privilege {new.get('x-privilege')} instead of {old.get('x-privilege')}"
            )
        yield from self._parameters(where, parameters(old), parameters(new))
        yield from self._schemas(f"{where} body", body(old), body(new), asked=True)
        yield from self._answers(where, old, new)

    def _parameters(self, where: str, old: dict[str, Schema], new: dict[str, Schema]) -> Iterator[Change]:
        for name in sorted(old.keys() - new.keys()):
            yield Change("breaking", f"{where} {name}", "the parameter is gone")
        for name in sorted(new.keys() - old.keys()):
            kind: Literal["breaking", "added"] = "breaking" if new[name].get("required") else "added"
            text = "a new parameter that is required" if kind == "breaking" else "a new parameter"
            yield Change(kind, f"{where} {name}", text)
        for name in sorted(old.keys() & new.keys()):
            if new[name].get("required") and not old[name].get("required"):
                yield Change("breaking", f"{where} {name}", "the parameter is required now")
            yield from self._schemas(f"{where} {name}", old[name].get("schema"), new[name].get("schema"), asked=True)

    def _answers(self, where: str, old: Schema, new: Schema) -> Iterator[Change]:
        before, after = good(old), good(new)
        if before and after and before[0] != after[0]:
            yield Change("breaking", where, f"answers {after[0]} instead of {before[0]}")
        if before and after:
            for kind in sorted(before[1].keys() - after[1].keys()):
                yield Change("breaking", where, f"answers no {kind} any more")
            for kind in sorted(before[1].keys() & after[1].keys()):
                schemas = before[1][kind].get("schema"), after[1][kind].get("schema")
                yield from self._schemas(f"{where} answer", *schemas, asked=False)

    def _schemas(
        self, where: str, old: Schema | None, new: Schema | None, *, asked: bool, depth: int = DEPTH
    ) -> Iterator[Change]:
        old, new = resolved(self._old, old), resolved(self._new, new)
        if depth == 0 or (old == new and "$ref" not in str(old)):
            return
        before, after = kinds(self._old, old), kinds(self._new, new)
        lost, won = before - after, after - before
        if asked and lost and before:
            yield Change("breaking", where, f"does not take {words(lost)} any more")
        elif not asked and won and before:
            yield Change("breaking", where, f"may be {words(won)} now")
        yield from self._values(where, old, new, asked)
        yield from self._members(where, old, new, asked, depth)
        if "items" in old and "items" in new:
            yield from self._schemas(f"{where}[]", old["items"], new["items"], asked=asked, depth=depth - 1)
        for one, other in self._alternatives(old, new):
            yield from self._schemas(where, one, other, asked=asked, depth=depth - 1)

    def _alternatives(self, old: Schema, new: Schema) -> Iterator[tuple[Schema, Schema]]:
        """Objects that stand on both sides of a choice, by their titles."""
        sides = []
        for document, schema in ((self._old, old), (self._new, new)):
            found = [resolved(document, option) for option in schema.get("anyOf", [schema] if "anyOf" in old else [])]
            sides.append({option.get("title"): option for option in found if "properties" in option})
        for title in sorted((sides[0].keys() & sides[1].keys()) - {None}, key=str):
            yield sides[0][title], sides[1][title]

    def _values(self, where: str, old: Schema, new: Schema, asked: bool) -> Iterator[Change]:
        before, after = values(old), values(new)
        if before is None or after is None:
            if asked and before is None and after is not None:
                yield Change("breaking", where, f"takes {words(after)} only now")
            return
        lost, won = before - after, after - before
        if lost:
            yield Change("breaking" if asked else "changed", where, f"{words(lost)} is gone")
        if won:
            yield Change("added", where, f"{words(won)} is new")

    def _members(self, where: str, old: Schema, new: Schema, asked: bool, depth: int) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed = set(old.get("required", [])), set(new.get("required", []))
        for name in sorted(before.keys() - after.keys()):
            yield Change("breaking", f"{where} {name}", "the member is gone")
        for name in sorted(after.keys() - before.keys()):
            if before or after:
                bad = asked and name in needed
                text = "a new member that is required" if bad else "a new member"
                yield Change("breaking" if bad else "added", f"{where} {name}", text)
        for name in sorted(before.keys() & after.keys()):
            if asked and name in needed - needed_before:
                yield Change("breaking", f"{where} {name}", "the member is required now")
            elif not asked and name in needed_before - needed:
                yield Change("breaking", f"{where} {name}", "the member may be missing now")
            yield from self._schemas(f"{where} {name}", before[name], after[name], asked=asked, depth=depth - 1)


def operations(document: Schema) -> dict[str, Schema]:
    """Every operation by ``METHOD /path``."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document.get("paths", {}).items()
        for method, operation in methods.items()
        if method in METHODS
    }


def parameters(operation: Schema) -> dict[str, Schema]:
    """Parameters by place and name; names of headers are the same in any case."""
    return {
        f"{item['in']} {item['name'].lower() if item['in'] == 'header' else item['name']}": item
        for item in operation.get("parameters", [])
    }


def body(operation: Schema) -> Schema | None:
    """The schema of a request's body."""
    content = operation.get("requestBody", {}).get("content", {})
    found: Schema | None = content.get("application/json", {}).get("schema")
    return found


def good(operation: Schema) -> tuple[str, Schema] | None:
    """Status and contents of the answer when all is well."""
    for code, answer in sorted(operation.get("responses", {}).items()):
        if code.startswith("2"):
            return code, answer.get("content", {})
    return None


def resolved(document: Schema, schema: Schema | None) -> Schema:
    """A schema in place of a reference to it."""
    for _ in range(DEPTH):
        if not schema or "$ref" not in schema:
            break
        schema = document["components"]["schemas"].get(schema["$ref"].rsplit("/", 1)[-1], {})
    return schema or {}


def kinds(document: Schema, schema: Schema) -> frozenset[str]:
    """The JSON types that a schema lets through; empty for any."""
    if "anyOf" in schema:
        parts = [kinds(document, resolved(document, option)) for option in schema["anyOf"]]
        return frozenset().union(*parts) if all(parts) else frozenset()
    found = schema.get("type", [])
    named = frozenset([found] if isinstance(found, str) else found)
    return named | {"integer"} if "number" in named else named


def values(schema: Schema) -> frozenset[str] | None:
    """The values that an enumeration lists; None where there is none."""
    if "const" in schema:
        return frozenset([str(schema["const"])])
    if "anyOf" in schema:
        listed = [values(option) for option in schema["anyOf"] if option != {"type": "null"}]
        known = [item for item in listed if item is not None]
        return frozenset().union(*known) if known and len(known) == len(listed) else None
    return frozenset(str(item) for item in schema["enum"]) if "enum" in schema else None


def words(items: frozenset[str]) -> str:
    """A list for people."""
    return ", ".join(sorted(items))
