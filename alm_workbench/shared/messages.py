"""Commands and queries, each declared once; routes, validation, clients and facades are derived from here.

A message is a frozen slots dataclass that extends ``Command[R]`` or ``Query[R]`` where ``R`` is the DTO it returns::

    @command(route="POST /projects/{project_id}/artifacts", privilege="artifact:create", facade="artifacts.create")
    @dataclass(frozen=True, slots=True)
    class CreateArtifact(Command[ArtifactDTO]):
        \"\"\"Create an artifact of a type the project's active manifest declares.\"\"\"
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import UUID

R_co = TypeVar("R_co", covariant=True)
M = TypeVar("M", bound="type[Message[Any]]")

Json = str | int | float | bool | None | list[Any] | dict[str, Any]
FieldValue = str | int | float | bool | None | list[str | int | float | bool] | list[dict[str, Any]]
"""A custom field's value: scalar, list of scalars (multi-choice), or list of records (table)."""


class Unset:
    """The type of ``UNSET``: one object, whatever copies or pickles it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Any = Unset()
"""The default of a member that may be left out, where null says something of its own (``assignee_id: null`` clears).

It stands in no schema: a request leaves such a member out. Compare with ``is``.
"""

PUBLIC = "public"
"""The privilege of messages that need no log-in."""

AUTHENTICATED = "authenticated"
"""The privilege of messages that any logged-in member may send."""


class Message(Generic[R_co]):
    """Base of commands and queries over the DTO they return."""

    __slots__ = ()


class Command(Message[R_co]):
    """Changes something; runs in one transaction with audit and outbox."""

    __slots__ = ()


class Query(Message[R_co]):
    """Reads; runs in a READ ONLY transaction."""

    __slots__ = ()


API_VERSIONS = (1, 2)
"""The versions of the REST API; a message stands in all of them unless its declaration says otherwise."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """A route on its way out of one version of the API: since when, until when, and what to use instead."""

    since: date
    sunset: date
    successor: str
    """``METHOD /path`` of the message that takes its place."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Spec:
    """All that the faces need to know of a message."""

    cls: type[Message[Any]]
    name: str
    kind: typing.Literal["command", "query"]
    method: str | None
    path: str | None
    privilege: str
    result: Any
    facade: str | None
    if_match: bool
    status: int
    streams: bool
    idempotent: bool = False
    """Takes an Idempotency-Key: sent twice with the same one, it is carried out once."""
    versions: tuple[int, ...] = API_VERSIONS
    deprecated: Deprecation | None = None

    @property
    def pages(self) -> bool:
        """Whether the result is a page of a list; such a list may also be read whole, as Arrow."""
        return typing.get_origin(self.result) is Page

    @property
    def path_params(self) -> tuple[str, ...]:
        """Names of the fields that stand in the path, in order."""
        return tuple(re.findall(r"{(\w+)}", self.path or ""))

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (self.cls.__doc__ or "").strip().split("\n")[0]


class Registry:
    """Messages by class; a second message with the same name or route is refused."""

    def __init__(self) -> None:
        self._by_cls: dict[type[Any], Spec] = {}

    def add(self, spec: Spec) -> None:
        """Register one message; raises ``ValueError`` on a taken name or route."""
        for other in self._by_cls.values():
            if other.name == spec.name and other.cls.__module__ == spec.cls.__module__:
                continue
            if other.name == spec.name:
                raise ValueError(f"two messages are called {spec.name}")
            shared = set(other.versions) & set(spec.versions)
            if spec.method and shared and (other.method, other.path) == (spec.method, spec.path):
                raise ValueError(f"{spec.name} and {other.name} share the route {spec.method} {spec.path}")
        stale = [cls for cls, other in self._by_cls.items() if other.name == spec.name]
        for cls in stale:
            del self._by_cls[cls]
        self._by_cls[spec.cls] = spec

    def of(self, message: Message[Any] | type[Message[Any]]) -> Spec:
        """The spec of a message or its class; raises ``KeyError`` on an undeclared one."""
        return self._by_cls[message if isinstance(message, type) else type(message)]

    def named(self, name: str) -> Spec:
        """The spec of the message called ``name``; raises ``KeyError``."""
        for spec in self._by_cls.values():
            if spec.name == name:
                return spec
        raise KeyError(name)

    def all(self) -> list[Spec]:
        """Every message, by name."""
        return sorted(self._by_cls.values(), key=lambda spec: spec.name)

    def public(self, version: int | None = None) -> list[Spec]:
        """Messages with a route, by path and method; those of one version of the API, or of any."""
        found = (s for s in self._by_cls.values() if s.method and (version is None or version in s.versions))
        return sorted(found, key=lambda s: (s.path or "", s.method or "", s.versions))


REGISTRY = Registry()


def _declare(
    kind: typing.Literal["command", "query"],
    route: str | None,
    privilege: str,
    facade: str | None,
    if_match: bool,
    status: int | None,
    streams: bool,
    **more: Any,
) -> Callable[[M], M]:
    def decorate(cls: M) -> M:
        if "__dataclass_fields__" not in cls.__dict__:
            raise TypeError(f"{cls.__name__} must be a frozen dataclass")
        method, path = route.split(" ", 1) if route else (None, None)
        bases = typing.cast("tuple[Any, ...]", getattr(cls, "__orig_bases__", ()))
        result = typing.get_args(bases[0])[0]
        # pydantic reads this plain mapping at the edge, so that contexts import no pydantic
        cls.__pydantic_config__ = {"extra": "forbid", "allow_inf_nan": False}  # type: ignore[attr-defined]
        if any(name.endswith("_") for name in cls.__dataclass_fields__):  # type: ignore[attr-defined]
            cls.__pydantic_config__ |= ALIASED  # type: ignore[attr-defined]
        code = status or (201 if kind == "command" and method == "POST" else 200)
        REGISTRY.add(
            Spec(cls, cls.__name__, kind, method, path, privilege, result, facade, if_match, code, streams, **more)
        )
        return cls

    return decorate


def command(
    *,
    route: str | None,
    privilege: str,
    facade: str | None = None,
    if_match: bool = False,
    status: int | None = None,
    idempotent: bool = False,
    versions: tuple[int, ...] = API_VERSIONS,
    deprecated: Deprecation | None = None,
) -> Callable[[M], M]:
    """Declare a command. ``route=None`` keeps it inside the process; ``if_match`` fills ``expected_version``.

    ``idempotent`` commands take an Idempotency-Key and have their answer kept for a day, so never declare it where the
    answer holds a secret.
    """
    more = {"idempotent": idempotent, "versions": versions, "deprecated": deprecated}
    return _declare("command", route, privilege, facade, if_match, status, False, **more)


def query(
    *,
    route: str | None,
    privilege: str,
    facade: str | None = None,
    status: int | None = None,
    streams: bool = False,
    versions: tuple[int, ...] = API_VERSIONS,
    deprecated: Deprecation | None = None,
) -> Callable[[M], M]:
    """Declare a query. A POST route carries a body; ``streams`` ones may answer Arrow IPC."""
    return _declare("query", route, privilege, facade, False, status, streams, versions=versions, deprecated=deprecated)


T = TypeVar("T", bound=type[Any])


def json_name(name: str) -> str:
    """The JSON name of a field: a trailing underscore only dodges a Python keyword (``from_`` is ``from``)."""
    return name.rstrip("_")


ALIASED: Mapping[str, Any] = {"alias_generator": json_name, "validate_by_name": True, "validate_by_alias": True}
"""The edge's settings for classes with such fields."""


def dto(cls: T) -> T:
    """Mark a DTO whose fields end in an underscore where their JSON name is a Python keyword."""
    cls.__pydantic_config__ = dict(ALIASED)
    return cls


@dataclass(frozen=True, slots=True)
class Page(Generic[R_co]):
    """One page of a list; ``next_cursor`` is opaque and None on the last page."""

    items: tuple[R_co, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the outbox; ``payload`` is JSON-able and holds no secret."""

    event_type: str
    aggregate_type: str
    aggregate_id: UUID
    payload: Mapping[str, Any]
    schema_version: int = 1
