"""Options whose value is a JSON object: written in place, or in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alm_workbench.errors import ConfigurationError

JSON_FORMS = "JSON|FILE|@FILE"


def mapping(option: str, text: str) -> dict[str, Any]:
    """The object an option stands for: JSON itself, or the name of a file of it with or without `@`.

    Raises ``ConfigurationError`` (exit code 2) where there is no such file, or what it holds is no JSON object.
    """
    try:
        found = json.loads(_source(option, text))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{option} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{option} must be a JSON object")
    return found


def _source(option: str, text: str) -> str:
    """The JSON text. Objects begin with a brace; other JSON is taken as such too, unless a file has that name."""
    name = text.removeprefix("@")
    if text.lstrip().startswith("{") or (name == text and _is_json(text) and not Path(text).is_file()):
        return text
    try:
        return Path(name).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{option}: {name}: {getattr(error, 'strerror', None) or error}") from None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
