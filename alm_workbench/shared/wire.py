"""The edge: messages and DTOs as JSON, by pydantic's adapters, every complaint with its place.

Only faces (the REST server, the HTTP client, generated facades) import this room; contexts never do.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from alm_workbench.errors import ErrorItem, InvalidInput, MalformedRequest, PreconditionRequired
from alm_workbench.shared.messages import UNSET, Message, Spec

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

ETAG = re.compile(r'(?:W/)?"(\d{1,9})(?:\.[0-9a-f]{1,64})?"|(\d{1,9})', re.ASCII)
VERSION_FIELD = "expected_version"
MAX_COMPLAINTS = 200
"""Wrong members that one answer names."""
ARROW = "application/vnd.apache.arrow.stream"


_adapters: dict[Any, TypeAdapter[Any]] = {}


def adapter(kind: Any) -> TypeAdapter[Any]:
    """The adapter of a message class or result type, built on first use."""
    found = _adapters.get(kind)
    if found is None:
        from pydantic import TypeAdapter

        found = _adapters[kind] = TypeAdapter(kind)
    return found


def dump(kind: Any, value: Any) -> bytes:
    """A DTO as JSON."""
    return adapter(kind).dump_json(value, by_alias=True)


def load(kind: Any, raw: bytes) -> Any:
    """A DTO from JSON."""
    return adapter(kind).validate_json(raw)


def decode(
    spec: Spec, path: Mapping[str, str], query: Mapping[str, Sequence[str]], body: bytes, if_match: str | None
) -> Message[Any]:
    """The message of a request: strict in the body, lax in path and query.

    Raises ``MalformedRequest`` on unreadable JSON, ``InvalidInput`` with every wrong member, ``PreconditionRequired``.
    """
    from pydantic import ValidationError

    extra: dict[str, Any] = {VERSION_FIELD: version_of(if_match)} if spec.if_match else {}
    try:
        if spec.method == "GET":
            return cast("Message[Any]", adapter(spec.cls).validate_strings({**last_of(query), **path, **extra}))
        members = read_object(body) if body.strip() else {}
        doubled = sorted(set(members) & {*path, *extra})
        if doubled:
            where = "in If-Match" if doubled == [VERSION_FIELD] else "in the path"
            item = ErrorItem("/" + doubled[0], "misplaced", f"given {where}, not in the body")
            raise InvalidInput(item.message, errors=[item])
        for name, values in query.items():
            raise InvalidInput(
                f"unknown parameter {name!r}",
                errors=[ErrorItem(f"?{name}", "unknown", f"{len(values)} given, none is known")],
            )
        raw = json.dumps({**members, **path, **extra})
        return cast("Message[Any]", adapter(spec.cls).validate_json(raw, strict=True))
    except ValidationError as error:
        raise invalid(error) from None
    except RecursionError:
        raise too_deep() from None


def encode(spec: Spec, message: Message[Any]) -> tuple[str, bytes | None, dict[str, str]]:
    """Path with query, body and headers of a request that carries a message."""
    left_out = {name for name in spec.cls.__dataclass_fields__ if getattr(message, name) is UNSET}  # type: ignore[attr-defined]
    data = adapter(spec.cls).dump_python(message, mode="json", by_alias=True, warnings=False, exclude=left_out)
    path = (spec.path or "").format(
        **{name: urllib.parse.quote(str(data.pop(name)), safe="") for name in spec.path_params}
    )
    headers: dict[str, str] = {}
    if spec.if_match:
        headers["If-Match"] = f'"{data.pop(VERSION_FIELD)}"'
    if spec.method == "GET":
        given = {name: value for name, value in data.items() if value is not None}
        return path + ("?" + urllib.parse.urlencode(given) if given else ""), None, headers
    headers["Content-Type"] = "application/json"
    return path, json.dumps(data).encode(), headers


def version_of(if_match: str | None) -> int:
    """The version an If-Match header names; raises ``PreconditionRequired`` without one."""
    if not if_match:
        raise PreconditionRequired('Say which version you change: If-Match: "<version>"')
    found = ETAG.fullmatch(if_match.strip())
    if not found:
        raise InvalidInput(
            "If-Match is no version", errors=[ErrorItem("If-Match", "etag", f'{if_match!r} is not of the form "7"')]
        )
    return int(found[1] or found[2])


def last_of(query: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Query parameters; one that is given twice is refused."""
    for name, values in query.items():
        if len(values) > 1:
            raise InvalidInput(f"{name!r} is given twice", errors=[ErrorItem(f"?{name}", "doubled", "give it once")])
    return {name: values[0] for name, values in query.items()}


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object; duplicate keys, NaN, NUL characters and depth beyond reason are refused."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(pairs)
        if len(out) != len(pairs):
            seen: set[str] = set()
            name = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise MalformedRequest(f"the key {name!r} stands twice in one object")
        return out

    def number(word: str) -> Any:
        raise MalformedRequest(f"{word} is no JSON number")

    try:
        data = json.loads(body.decode("utf-8"), object_pairs_hook=unique, parse_constant=number)
    except UnicodeDecodeError:
        raise MalformedRequest("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedRequest(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise too_deep() from None
    except ValueError:  # Python's own limit on digits
        raise MalformedRequest("the body holds a number with thousands of digits") from None
    if not isinstance(data, dict):
        raise MalformedRequest("the body must be a JSON object")
    try:
        nul = b"\\u0000" in body and has_nul(data)
    except RecursionError:
        raise too_deep() from None
    if nul:
        raise MalformedRequest("the body holds a NUL character")
    return data


def too_deep() -> MalformedRequest:
    """The refusal of a body of brackets."""
    return MalformedRequest("the body is nested too deeply")


def has_nul(value: Any) -> bool:
    """Whether any text in a JSON value holds a NUL, which no text column keeps."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(has_nul(k) or has_nul(v) for k, v in value.items())
    return isinstance(value, list) and any(has_nul(item) for item in value)


def invalid(error: ValidationError) -> InvalidInput:
    """All complaints of a validation, one a place."""
    found: dict[str, ErrorItem] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        if len(found) >= MAX_COMPLAINTS:
            break
        # below a custom field's name the places are branches of a union: one bad value is one complaint
        loc = item["loc"][:2] if item["loc"][:1] in (("fields",), ("params",)) else item["loc"]
        pointer = "/" + "/".join(str(part) for part in loc)
        found.setdefault(pointer, ErrorItem(pointer, item["type"], item["msg"]))
    items = list(found.values())
    first = items[0]
    return InvalidInput(f"{first.path.lstrip('/') or 'request'}: {first.message}", errors=items)
