"""The DSL front end: blocks, each parsed by Lark on its own and cached by its text."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from threading import local
from typing import Any

from ..ast import ASTNode, Located, ManifestAST, SourceMap
from ..errors import Diagnostic, Source
from .blocks import Block, split
from .common import ParseLimits, ParseResult, Problem, mapping, unescape

HEAD_KEYS = ("schema", "namespace", "name", "version")


class _Raw:
    """A parsed definition before it is bound to a document."""

    __slots__ = ("children", "end", "id", "id_at", "kind", "kind_at", "name", "name_at", "properties", "start")

    def __init__(self, kind: Any, id: Any, name: Any, text: str | None, start: int, end: int) -> None:
        self.kind, self.kind_at = str(kind), (kind.start_pos, kind.end_pos)
        self.id, self.id_at = str(id), (id.start_pos, id.end_pos)
        self.name, self.name_at = text, ((name.start_pos, name.end_pos) if name is not None else None)
        self.start, self.end = start, end
        self.properties: Located
        self.children: list[_Raw] = []

    def bind(self, source: Source, base: int) -> ASTNode:
        """The AST node at offset `base` of a document."""
        places = SourceMap(source, base, self.start, self.end, self.kind_at, self.id_at, self.name_at, self.properties)
        children = tuple(child.bind(source, base) for child in self.children)
        return ASTNode(self.kind, self.id, self.name, self.properties.value, children, places)


class _Builder:
    """Lark callbacks; Lark binds one instance for all parses, so problems are kept per thread."""

    def __init__(self) -> None:
        self._local = local()

    @property
    def problems(self) -> list[Problem]:
        """Problems of the parse under way in this thread."""
        found: list[Problem] = self._local.problems
        return found

    def begin(self) -> list[Problem]:
        """A fresh list of problems for the parse that follows."""
        self._local.problems = []
        return self.problems

    def text(self, token: Any) -> str:
        return unescape(str(token)[1:-1], token.start_pos + 1, self.problems)

    def string(self, children: list[Any]) -> Located:
        token = children[0]
        return Located(self.text(token), token.start_pos, token.end_pos)

    def number(self, children: list[Any]) -> Located:
        token = children[0]
        digits = str(token)
        whole = not any(c in ".eE" for c in digits)
        if whole and len(digits) > 40:
            self.problems.append(Problem("E_PARSE_LIMIT", "The number is too long", token.start_pos, token.end_pos))
            return Located(0, token.start_pos, token.end_pos)
        value: int | float = int(digits) if whole else float(digits)
        if value in (float("inf"), float("-inf")):
            self.problems.append(Problem("E_PARSE_SYNTAX", "The number is too large", token.start_pos, token.end_pos))
            value = 0
        return Located(value, token.start_pos, token.end_pos)

    def true(self, children: list[Any]) -> Located:
        return Located(True, children[0].start_pos, children[0].end_pos)

    def false(self, children: list[Any]) -> Located:
        return Located(False, children[0].start_pos, children[0].end_pos)

    def null(self, children: list[Any]) -> Located:
        return Located(None, children[0].start_pos, children[0].end_pos)

    def array(self, children: list[Any]) -> Located:
        items = tuple(child for child in children[1:-1] if child is not None)
        value = tuple(item.value for item in items)
        return Located(value, children[0].start_pos, children[-1].end_pos, None, items)

    def object(self, children: list[Any]) -> Located:
        entries = [child for child in children[1:-1] if child is not None]
        return mapping(entries, children[0].start_pos, children[-1].end_pos, self.problems)

    def ident_key(self, children: list[Any]) -> tuple[str, int, int]:
        return str(children[0]), children[0].start_pos, children[0].end_pos

    def string_key(self, children: list[Any]) -> tuple[str, int, int]:
        return self.text(children[0]), children[0].start_pos, children[0].end_pos

    def property(self, children: list[Any]) -> tuple[str, int, int, Located]:
        key, value = children
        return (*key, value)

    def body(self, children: list[Any]) -> list[Any]:
        return children

    def definition(self, children: list[Any]) -> _Raw:
        word, kind, id_, name, _, body, close = children
        text = self.text(name) if name is not None else None
        raw = _Raw(kind, id_, name, text, word.start_pos, close.end_pos)
        entries = [member for member in body if isinstance(member, tuple)]
        raw.properties = mapping(entries, raw.start, raw.end, self.problems)
        raw.children = [member for member in body if isinstance(member, _Raw)]
        return raw

    def _directive(self, key: str, children: list[Any]) -> tuple[str, Any, int, int, int, int]:
        word, token = children
        value = int(token) if key == "schema" else self.text(token)
        return key, value, token.start_pos, token.end_pos, word.start_pos, word.end_pos

    def schema(self, children: list[Any]) -> Any:
        return self._directive("schema", children)

    def namespace(self, children: list[Any]) -> Any:
        return self._directive("namespace", children)

    def title(self, children: list[Any]) -> Any:
        return self._directive("name", children)

    def version(self, children: list[Any]) -> Any:
        return self._directive("version", children)

    def head(self, children: list[Any]) -> list[Any]:
        return children


@lru_cache(maxsize=1)
def _parser() -> tuple[Any, _Builder]:
    from lark import Lark

    builder = _Builder()
    grammar = files(__package__).joinpath("dsl.lark").read_text(encoding="utf-8")
    lark = Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        start=["definition", "head"],
        transformer=builder,
        maybe_placeholders=True,
    )
    return lark, builder


@lru_cache(maxsize=4_096)
def _parse_block(text: str, start: str) -> tuple[Any, tuple[Problem, ...]]:
    from lark.exceptions import UnexpectedInput

    from .expected import explain

    lark, builder = _parser()
    problems = builder.begin()
    try:
        found = lark.parse(text, start=start)
    except UnexpectedInput as error:
        return None, (*problems, explain(error, text))
    return found, tuple(problems)


def parse_dsl_text(text: str, source: Source, limits: ParseLimits) -> ParseResult:
    """Read a DSL document; every broken definition is reported and the others are kept."""
    blocks, problems = split(text, limits)
    diagnostics = [problem.located(source) for problem in problems]
    broken = sorted(problem.start for problem in problems)
    head: dict[str, Any] = {}
    header: dict[str, tuple[int, int]] = {}
    nodes: list[ASTNode] = []
    for block in blocks:
        if any(block.start <= at < block.end for at in broken):
            continue
        if block.kind == "head":
            _read_head(text, block, source, head, header, diagnostics)
        elif block.kind == "junk":
            _read_junk(text, block, source, diagnostics)
        else:
            _read_definition(text, block, source, nodes, diagnostics, limits)
    ast = ManifestAST(
        head.get("schema", 1),
        head.get("namespace", ""),
        head.get("name", ""),
        head.get("version", "0.0.0"),
        tuple(nodes),
        source,
        header,
    )
    return ParseResult(ast, diagnostics)


def _read_definition(
    text: str, block: Block, source: Source, nodes: list[ASTNode], diagnostics: list[Diagnostic], limits: ParseLimits
) -> None:
    if len(nodes) >= limits.max_defs:
        if len(nodes) == limits.max_defs:
            message = f"A manifest may hold at most {limits.max_defs} definitions"
            diagnostics.append(Problem("E_PARSE_LIMIT", message, block.start, block.start + 3).located(source))
        return
    raw, problems = _parse_block(text[block.start : block.end], "definition")
    diagnostics.extend(problem.located(source, block.start) for problem in problems)
    if raw is not None:
        nodes.append(raw.bind(source, block.start))


def _read_head(
    text: str,
    block: Block,
    source: Source,
    head: dict[str, Any],
    header: dict[str, tuple[int, int]],
    diagnostics: list[Diagnostic],
) -> None:
    found, problems = _parse_block(text[block.start : block.end], "head")
    diagnostics.extend(problem.located(source, block.start) for problem in problems)
    for key, value, start, end, word_start, word_end in found or ():
        if key in head:
            message = f"'@{key}' is written twice"
            diagnostics.append(
                Problem("E_PARSE_DUPLICATE_KEY", message, word_start, word_end).located(source, block.start)
            )
            continue
        head[key] = value
        header[key] = (start + block.start, end + block.start)


def _read_junk(text: str, block: Block, source: Source, diagnostics: list[Diagnostic]) -> None:
    from .expected import junk

    found = junk(text[block.start : block.end])
    if found is not None:
        diagnostics.append(found.located(source, block.start))
