"""Rules: roles, access, policies and automations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..ast import EMPTY
from ..errors import Span
from .labels import Labelled, Labels


@dataclass(frozen=True)
class RoleDef(Labelled):
    """A role and what it implies."""

    id: str
    labels: Labels = EMPTY
    implies: tuple[str, ...] = ()
    privileges: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True)
class AclDef(Labelled):
    """An access rule; resources are `*`, `type` or `type.field`, and no roles means everybody."""

    id: str
    labels: Labels = EMPTY
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    condition: str | None = None
    effect: str = "allow"
    priority: int = 0
    mask: tuple[str, ...] = ()
    span: Span | None = None
    condition_span: Span | None = None


@dataclass(frozen=True)
class PolicyDef(Labelled):
    """A rule about what may happen; no events or types means any."""

    id: str
    labels: Labels = EMPTY
    events: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    when: str | None = None
    effect: str = "deny"
    priority: int = 0
    message: Labels = EMPTY
    intents: tuple[Mapping[str, Any], ...] = ()
    span: Span | None = None
    when_span: Span | None = None


@dataclass(frozen=True)
class RuleIndex:
    """Where to look for the rules of a decision, so that it touches candidates only.

    `roles`: each role with itself and all it implies. `acl`: rule numbers by action and resource, `policies`: by event
    and type, both with `*` for any and the most decisive rule first. Numbers count the manifest's own tuples.
    """

    roles: Mapping[str, tuple[str, ...]] = EMPTY
    acl: Mapping[str, Mapping[str, tuple[int, ...]]] = EMPTY
    policies: Mapping[str, Mapping[str, tuple[int, ...]]] = EMPTY


@dataclass(frozen=True)
class AutomationDef(Labelled):
    """What follows an event."""

    id: str
    labels: Labels = EMPTY
    events: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    when: str | None = None
    intents: tuple[Mapping[str, Any], ...] = ()
    span: Span | None = None
