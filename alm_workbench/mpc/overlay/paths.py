"""Paths into the properties of a definition.

`attributes.effect` goes from name to name. Items of a list are reached by position, `states[0]` or `states.0`, or by
their id (or name), `states[draft].labels.tr`; the id outlives a change of order. A name that holds dots or brackets is
written in quotes, `labels["x.y"]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..ast import Path
from ..errors import MPCError

_SEGMENT = re.compile(r'(?:^|\.)([^.\[\]"]+)|\[(?:"((?:[^"\\]|\\.)*)"|([^\[\]"]+))\]')
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
MISSING: Any = type("Missing", (), {"__repr__": lambda self: "<nothing>"})()


def split(path: str) -> tuple[str, ...]:
    """The steps of a path as written; raises MPCError E_OVERLAY_PATH."""
    steps, at = [], 0
    while at < len(path):
        found = _SEGMENT.match(path, at)
        if found is None:
            raise MPCError("E_OVERLAY_PATH", f"'{path}' is no path: write a.b, list[0], list[id] or map[\"a.b\"]")
        quoted = found[2]
        steps.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else found[1] or found[3])
        at = found.end()
    if not steps:
        raise MPCError("E_OVERLAY_PATH", "The path is empty")
    return tuple(steps)


def locate(root: Any, path: str) -> tuple[Path, Any]:
    """The path by key and position, and the value there or MISSING; raises MPCError E_OVERLAY_PATH.

    What is missing on the way counts as an object to be made; a scalar on the way, or an item that a list does not
    have, is an error.
    """
    here = root
    way: list[str | int] = []
    for step in split(path):
        if isinstance(here, tuple):
            number = _position(here, step, path)
            way.append(number)
            here = here[number]
        elif isinstance(here, Mapping):
            way.append(step)
            here = here.get(step, MISSING)
        elif here is MISSING:
            way.append(step)
        else:
            before = shown(tuple(way))
            raise MPCError("E_OVERLAY_PATH", f"'{path}' leads through '{before}', which is {_word(here)}")
    return tuple(way), here


def shown(path: Path) -> str:
    """A path as text."""
    text = ""
    for step in path:
        plain = isinstance(step, str) and not re.search(r'[.\[\]"]', step)
        text += f".{step}" if plain else f"[{step}]" if isinstance(step, int) else f'["{step}"]'
    return text.removeprefix(".")


def _position(items: tuple[Any, ...], step: str, path: str) -> int:
    for number, item in enumerate(items):
        id_ = item.get("id", item.get("name")) if isinstance(item, Mapping) else item
        if isinstance(id_, str) and id_ == step:
            return number
    if _INDEX.fullmatch(step) and int(step) < len(items):
        return int(step)
    raise MPCError("E_OVERLAY_PATH", f"'{path}': the list has no item '{step}'")


def _word(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "text" if isinstance(value, str) else "a number"
