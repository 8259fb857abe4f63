"""Text to expression tree, by Lark; errors carry the offset inside the text."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ..errors import MPCError
from .ir import Expr, make

MAX_CHARS = 4_096
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.S)
_SPACE = re.compile(r"\s+")


class ExprError(MPCError):
    """A finding inside an expression; `start` and `end` are offsets in its text."""

    def __init__(self, code: str, message: str, start: int, end: int, hint: str | None = None) -> None:
        super().__init__(code, message)
        self.start = start
        self.end = end
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        return (ExprError, (self.code, self.message, self.start, self.end, self.hint))


Tokens = list[Any]


class _Builder:
    """Lark callbacks."""

    def number(self, c: Tokens) -> Expr:
        text = str(c[0])
        if len(text) > 40:
            raise ExprError("E_EXPR_PARSE", "The number is too long", c[0].start_pos, c[0].end_pos)
        value: int | float = float(text) if any(x in text for x in ".eE") else int(text)
        return make("lit", value, (), c[0].start_pos, c[0].end_pos)

    def string(self, c: Tokens) -> Expr:
        text = _ESCAPE.sub(_unescape, str(c[0])[1:-1])
        return make("lit", text, (), c[0].start_pos, c[0].end_pos)

    def true(self, c: Tokens) -> Expr:
        return make("lit", True, (), c[0].start_pos, c[0].end_pos)

    def false(self, c: Tokens) -> Expr:
        return make("lit", False, (), c[0].start_pos, c[0].end_pos)

    def null(self, c: Tokens) -> Expr:
        return make("lit", None, (), c[0].start_pos, c[0].end_pos)

    def path(self, c: Tokens) -> Expr:
        return make("ref", _SPACE.sub("", c[0]), (), c[0].start_pos, c[0].end_pos)

    def call(self, c: Tokens) -> Expr:
        name, args, close = c[0], c[2:-1], c[-1]
        if "." in name:
            raise ExprError("E_EXPR_PARSE", f"'{name}' cannot be called", name.start_pos, name.end_pos)
        real = tuple(arg for arg in args if isinstance(arg, Expr))
        return make("fn", str(name), real, name.start_pos, close.end_pos)

    def list(self, c: Tokens) -> Expr:
        real = tuple(arg for arg in c if isinstance(arg, Expr))
        return make("list", None, real, c[0].start_pos, c[-1].end_pos)

    def group(self, c: Tokens) -> Expr:
        expr: Expr = c[1]
        return Expr(expr.op, expr.value, expr.args, c[0].start_pos, c[2].end_pos, expr.depth, expr.size)

    def index(self, c: Tokens) -> Expr:
        return make("index", None, (c[0], c[2]), c[0].start, c[3].end_pos)

    def negate(self, c: Tokens) -> Expr:
        sign, arg = c
        if sign == "+":
            raise ExprError("E_EXPR_PARSE", "Unexpected '+': expected a value", sign.start_pos, sign.end_pos)
        return make("neg", None, (arg,), sign.start_pos, arg.end)

    def binary(self, c: Tokens) -> Expr:
        return make("bin", str(c[1]), (c[0], c[2]), c[0].start, c[2].end)

    def compare(self, c: Tokens) -> Expr:
        pairs = [
            make("bin", str(c[i + 1]), (c[i], c[i + 2]), c[i].start, c[i + 2].end) for i in range(0, len(c) - 2, 2)
        ]
        result = pairs[0]
        for pair in pairs[1:]:
            result = make("bin", "and", (result, pair), result.start, pair.end)
        return result

    def not_op(self, c: Tokens) -> Expr:
        return make("not", None, (c[1],), c[0].start_pos, c[1].end)

    def and_op(self, c: Tokens) -> Expr:
        return make("bin", "and", (c[0], c[2]), c[0].start, c[2].end)

    def or_op(self, c: Tokens) -> Expr:
        return make("bin", "or", (c[0], c[2]), c[0].start, c[2].end)

    def python_if(self, c: Tokens) -> Expr:
        then, _, condition, _, other = c
        return make("if", None, (condition, then, other), then.start, other.end)

    def ternary(self, c: Tokens) -> Expr:
        return make("if", None, tuple(c), c[0].start, c[2].end)


def _unescape(match: re.Match[str]) -> str:
    code, letter = match.groups()
    return chr(int(code, 16)) if code else _ESCAPES.get(letter, letter)


@lru_cache(maxsize=1)
def _parser() -> Any:
    from lark import Lark

    grammar = files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    builder: Any = _Builder()
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=builder, maybe_placeholders=False)


@lru_cache(maxsize=8_192)
def _parse(text: str) -> Expr | ExprError:
    from lark.exceptions import UnexpectedInput

    if len(text) > MAX_CHARS:
        return ExprError("E_EXPR_PARSE", f"The expression is longer than {MAX_CHARS} characters", 0, len(text))
    if not text.strip():
        return ExprError("E_EXPR_PARSE", "The expression is empty", 0, len(text))
    try:
        found: Expr = _parser().parse(text)
        return found
    except UnexpectedInput as error:
        return _explain(error, text)
    except ExprError as error:
        return error
    except MPCError as error:
        return ExprError(error.code, error.message, 0, len(text))


def parse_expr(text: str) -> Expr:
    """The tree of an expression text; raises ExprError with the place. Cached."""
    found = _parse(text)
    if isinstance(found, ExprError):
        raise ExprError(found.code, found.message, found.start, found.end, found.hint)
    return found


_THING = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*|[0-9]+|&&|\|\||==|!=|<=|>=|.", re.S)
_OPERATORS = {"CMPOP", "AND", "OR", "SUMOP", "MULOP"}


def _explain(error: Any, text: str) -> ExprError:
    state = getattr(error, "interactive_parser", None)
    names = set(state.accepts()) if state is not None else set()
    expected = "an operator or the end" if _OPERATORS & names and "NUMBER" not in names else "a value"
    if "RPAR" in names and "NUMBER" not in names:
        expected = "an operator, ',' or ')'" if "COMMA" in names else "an operator or ')'"
    elif "RSQB" in names and "NUMBER" not in names:
        expected = "an operator, ',' or ']'"
    at = error.pos_in_stream
    ended = getattr(getattr(error, "token", None), "type", None) == "$END"
    if ended or at is None or at < 0 or at >= len(text) or not text[at:].strip():
        end = len(text.rstrip())
        return ExprError("E_EXPR_PARSE", f"The expression ends too early: expected {expected}", max(end - 1, 0), end)
    match = _THING.match(text, at)
    thing = match[0] if match else text[at]
    hint = None
    if thing == "=":
        hint = "to compare, write '=='"
    elif thing in ("'", '"'):
        hint = "the quote is never closed"
    return ExprError("E_EXPR_PARSE", f"Unexpected '{thing}': expected {expected}", at, at + len(thing), hint)
