"""The DSL front end: blocks, each parsed by Lark on its own, kept by its text and taken over from an earlier reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ..ast import ASTNode, ManifestAST
from ..errors import Diagnostic, Source
from .blocks import Block, Cut, cut
from .builder import Builder, Directive, Template
from .common import ParseLimits, ParseResult, Problem
from .driver import Driver
from .expected import explain, explain_multi_line, junk
from .lexer import TokenSource, lexemes

# So many readings in a row may share nodes: each of them keeps alive the text it was made from.
_LONGEST_CHAIN = 16


@dataclass(slots=True)
class Reading:
    """What one block says."""

    template: Template | None = None
    directives: tuple[Directive, ...] = ()
    problems: tuple[Problem, ...] = ()
    node: ASTNode | None = None


@dataclass(slots=True)
class Trace:
    """What a reading leaves for the next one of the same document."""

    cut: Cut
    limits: ParseLimits
    file: str | None
    readings: list[Reading] = field(default_factory=list)
    chain: int = 0


@lru_cache(maxsize=1)
def _parser() -> tuple[Any, Driver | None, Builder]:
    from lark import Lark

    builder = Builder()
    grammar = files(__package__).joinpath("dsl.lark").read_text(encoding="utf-8")
    lark = Lark(
        grammar,
        parser="lalr",
        lexer=_lexer(),
        start=["definition", "head"],
        transformer=builder,
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    return lark, _driver(lark), builder


def _driver(lark: Any) -> Driver | None:
    """The quick driver; None with a Lark that keeps its tables elsewhere, whose own driver is as right and slower."""
    try:
        return Driver(lark)
    except (AttributeError, KeyError, TypeError):
        return None


def _lexer() -> type:
    from lark.lexer import Lexer

    return type("DslLexer", (TokenSource, Lexer), {})


@lru_cache(maxsize=4_096)
def _parse_block(text: str, start: str) -> tuple[Any, tuple[Problem, ...]]:
    from lark.exceptions import UnexpectedInput

    lark, driver, builder = _parser()
    problems = builder.begin()
    if driver is not None:
        try:
            return driver.parse(lexemes(text, problems, fused=True), start), tuple(problems)
        except KeyError:
            problems = builder.begin()
    # Once more by Lark and token by token, so that it says where the error is and what it expected there.
    try:
        return lark.parse(lexemes(text, problems, fused=False), start=start), tuple(problems)
    except UnexpectedInput as error:
        return None, (*problems, explain_multi_line(text, explain(error, text)))


def parse_dsl_text(text: str, source: Source, limits: ParseLimits, previous: ParseResult | None = None) -> ParseResult:
    """Read a DSL document; every broken definition is reported and the others are kept."""
    before = previous.trace if previous is not None else None
    if not isinstance(before, Trace) or before.limits != limits or before.file != source.file:
        before = None
    trace = Trace(cut(text, limits, before.cut if before else None), limits, source.file)
    if before is not None:
        trace.chain = (before.chain + 1) % _LONGEST_CHAIN
    _read_blocks(trace, before)
    return _assemble(trace, source)


def _read_blocks(trace: Trace, before: Trace | None) -> None:
    blocks, readings = trace.cut.blocks, trace.readings
    first, last = 0, len(blocks)
    if before is not None:
        first, last = trace.cut.kept_before, len(blocks) - trace.cut.kept_after
        readings += before.readings[:first] if trace.chain else [_unbound(old) for old in before.readings[:first]]
    readings += [_read_block(trace.cut.text, block) for block in blocks[first:last]]
    if before is not None and last < len(blocks):
        kept = len(before.readings) - trace.cut.kept_after
        readings += [_unbound(old) for old in before.readings[kept:]]


def _unbound(reading: Reading) -> Reading:
    return Reading(reading.template, reading.directives, reading.problems)


def _read_block(text: str, block: Block) -> Reading:
    if block.problems:
        return Reading(problems=block.problems)
    body = text[block.start : block.end]
    if block.kind == "junk":
        found = junk(body)
        return Reading(problems=(found,) if found else ())
    if block.kind == "head":
        directives, problems = _parse_block(body, "head")
        return Reading(directives=tuple(directives or ()), problems=problems)
    template, problems = _parse_block(body, "definition")
    return Reading(template, problems=problems)


def _assemble(trace: Trace, source: Source) -> ParseResult:
    diagnostics: list[Diagnostic] = []
    head: dict[str, Any] = {}
    places: dict[str, tuple[int, int]] = {}
    nodes: list[ASTNode] = []
    definitions, most = 0, trace.limits.max_defs
    for block, reading in zip(trace.cut.blocks, trace.readings, strict=True):
        definitions += block.kind == "def"
        if definitions > most:
            message = f"A manifest may hold at most {most} definitions"
            diagnostics.append(Problem("E_PARSE_LIMIT", message, block.start, block.start + 3).located(source))
            break
        if reading.problems:
            diagnostics += [problem.located(source, block.start) for problem in reading.problems]
        if reading.directives:
            _read_head(block, reading.directives, source, head, places, diagnostics)
        if reading.template is not None:
            if reading.node is None:
                reading.node = reading.template.bind(source, block.start)
            nodes.append(reading.node)
    ast = ManifestAST(
        head.get("schema", 1),
        head.get("namespace", ""),
        head.get("name", ""),
        head.get("version", "0.0.0"),
        tuple(nodes),
        source,
        places,
    )
    return ParseResult(ast, diagnostics, trace)


def _read_head(
    block: Block,
    directives: tuple[Directive, ...],
    source: Source,
    head: dict[str, Any],
    places: dict[str, tuple[int, int]],
    diagnostics: list[Diagnostic],
) -> None:
    for key, value, place, word in directives:
        if key in head:
            problem = Problem("E_PARSE_DUPLICATE_KEY", f"'@{key}' is written twice", *word, "remove one of them")
            diagnostics.append(problem.located(source, block.start))
            continue
        head[key] = value
        places[key] = (place[0] + block.start, place[1] + block.start)
