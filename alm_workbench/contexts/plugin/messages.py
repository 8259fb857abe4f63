"""Commands and queries of the plugin context: the port through which plugins keep data of their own.

A plugin sends ``SetPluginValue`` from its own handlers, in the same transaction: ``ctx.ask(SetPluginValue(...))``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alm_workbench.shared.messages import PUBLIC, Command, Json, Query, command, query


@dataclass(frozen=True, slots=True)
class PluginValueDTO:
    """A value a plugin keeps; ``id`` names it in the audit (entity type PluginData). ``writable`` is false once the plugin is not installed any more."""

    id: UUID
    plugin: str
    key: str
    value: Json
    updated_at: datetime
    version: int
    writable: bool


@dataclass(frozen=True, slots=True)
class PingDTO:
    """An answer at all; ``version`` is that of the workbench."""

    status: str
    version: str


@query(route="GET /ping", privilege=PUBLIC, versions=(2,))
@dataclass(frozen=True, slots=True)
class Ping(Query[PingDTO]):
    """Whether this version of the API is served here, database included."""


@command(route="PUT /plugins/{plugin}/values/{key}", privilege="project:update", facade="plugins.set_value")
@dataclass(frozen=True, slots=True)
class SetPluginValue(Command[PluginValueDTO]):
    """Keep a JSON value of at most 64 KiB for a plugin; refused for a plugin that is not installed."""

    plugin: str
    key: str
    value: Json


@query(route="GET /plugins/{plugin}/values", privilege="project:read", facade="plugins.values")
@dataclass(frozen=True, slots=True)
class GetPluginValues(Query[tuple[PluginValueDTO, ...]]):
    """What a plugin keeps, by key; also of a plugin that is not installed any more. ``prefix`` narrows the keys."""

    plugin: str
    prefix: str = ""
