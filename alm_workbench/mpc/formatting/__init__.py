"""Putting manifest texts into shape without changing what they say or losing a comment."""

from __future__ import annotations

from ..errors import MPCError
from ..parse import detect_format, parse
from .dsl import format_dsl
from .json_ import format_json
from .yaml_ import format_yaml

__all__ = ["format_manifest"]

_FORMATTERS = {"dsl": format_dsl, "json": format_json, "yaml": format_yaml}


def format_manifest(text: str, *, format: str | None = None, file: str | None = None) -> str:
    """The text in shape: formatting it again changes nothing, comments stay in order, its AST is equal.

    Blank lines between members are kept, at most one in a row. DSL is indented by two spaces and broken at 120
    columns; of YAML only indentation and white space change; JSON is indented by two spaces, one member a line.
    Raises ManifestInvalid if the text has syntax errors, MPCError for an unknown format.
    """
    language = detect_format(text, format, file)
    before = parse(text, format=language, file=file)
    shaped = _FORMATTERS[language](text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if parse(shaped, format=language, file=file) != before:
        raise MPCError("E_FORMAT", "The formatter would change what this text means, so it is left as it is")
    return shaped
