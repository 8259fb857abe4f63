"""Views: how items are shown."""

from __future__ import annotations

from dataclasses import dataclass

from ..ast import EMPTY
from ..errors import Span
from .labels import Labelled, Labels


@dataclass(frozen=True)
class ViewDef(Labelled):
    """How items are shown."""

    id: str
    labels: Labels = EMPTY
    layout: str = "list"
    types: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    group_by: str | None = None
    swimlane: str | None = None
    filter: str | None = None
    sort: tuple[str, ...] = ()
    card_fields: tuple[str, ...] = ()
    hide_states: tuple[str, ...] = ()
    span: Span | None = None
