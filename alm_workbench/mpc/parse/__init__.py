"""Reading manifests: DSL, YAML and JSON into one AST."""

from __future__ import annotations

from collections.abc import Callable

from ..ast import ManifestAST
from ..errors import ManifestInvalid, Source
from .common import LIMITS, ParseLimits, ParseResult, Problem
from .detect import FORMATS, detect_format

__all__ = ["FORMATS", "LIMITS", "ParseLimits", "ParseResult", "detect_format", "parse", "read"]


def read(
    text: str,
    *,
    format: str | None = None,
    file: str | None = None,
    limits: ParseLimits = LIMITS,
    previous: ParseResult | None = None,
) -> ParseResult:
    """Everything that can be read of a manifest text, with diagnostics; raises only on an unknown format.

    `previous` is an earlier reading of the same document. Of a DSL text then only the blocks around the edit are read
    again: definitions before it are the same ASTNode objects, those after it new nodes with the same `source.place`,
    `properties` and content. The result never depends on `previous`, and `previous` stays as it was.
    """
    body = _without_bom(text)
    language = detect_format(body, format, file)
    source = Source(body, file)
    if len(body) > limits.max_chars:
        message = f"The text is longer than {limits.max_chars} characters"
        return ParseResult(ManifestAST(source=source), [Problem("E_PARSE_LIMIT", message, 0, 1).located(source)])
    result = _front_end(language)(body, source, limits, previous)
    _refuse_characters(body, source, result)
    result.diagnostics.sort(key=lambda d: d.sort_key())
    return result


def parse(
    text: str, *, format: str | None = None, file: str | None = None, limits: ParseLimits = LIMITS
) -> ManifestAST:
    """The AST of a manifest text; raises ManifestInvalid naming every syntax error with its place."""
    result = read(text, format=format, file=file, limits=limits)
    if result.diagnostics:
        raise ManifestInvalid(tuple(result.diagnostics))
    return result.ast


def _refuse_characters(text: str, source: Source, result: ParseResult) -> None:
    """NUL and halves of surrogate pairs can be neither stored nor hashed."""
    at = _refused(text)
    if at is None or any(found.span is not None and found.span.start == at for found in result.diagnostics):
        return
    message = "The text holds a NUL character" if text[at] == "\0" else "The text holds half of a surrogate pair"
    result.diagnostics.append(Problem("E_PARSE_SYNTAX", message, at, at + 1).located(source))


def _refused(text: str) -> int | None:
    """Where the first of them stands; a pattern would take ten times as long to look through a text."""
    found = [at] if (at := text.find("\0")) >= 0 else []
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            found.append(error.start)
    return min(found, default=None)


def _without_bom(text: str) -> str:
    # The mark becomes a space, so that offsets stay those of the text the caller holds.
    return " " + text[1:] if text.startswith("\ufeff") else text


def _front_end(language: str) -> Callable[[str, Source, ParseLimits, ParseResult | None], ParseResult]:
    if language == "json":
        from .json_ import parse_json_text

        return lambda text, source, limits, _: parse_json_text(text, source, limits)
    if language == "yaml":
        from .yaml_ import parse_yaml_text

        return lambda text, source, limits, _: parse_yaml_text(text, source, limits)
    from .dsl import parse_dsl_text

    return parse_dsl_text
