"""An expression over columns in memory: one generated loop for all rows, in filter mode."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..ast import EMPTY
from .codegen import compiled_code, globals_of
from .generate import Generator, Mode
from .ir import Expr
from .scope import PlainScope
from .slots import paths_of
from .walk import FILTER, truth_of

Columns = Mapping[str, Sequence[Any]]


class _Loop(Generator):
    """A generator whose paths are the variables of a loop."""

    def comprehension(self) -> ast.expr:
        """[condition for v0, v1 in zip(c0, c1)]"""
        variables = self.kept()
        self._bound = set(variables)
        columns: list[ast.expr] = [ast.Name(f"c{number}", ast.Load()) for number in range(len(variables))]
        targets: list[ast.expr] = [ast.Name(variable, ast.Store()) for variable in variables]
        rows = ast.Call(ast.Name("zip", ast.Load()), columns, [])
        return ast.ListComp(
            self.condition(self.expr), [ast.comprehension(ast.Tuple(targets, ast.Store()), rows, [], 0)]
        )


def to_batch(expr: Expr, types_: Mapping[str, str] = EMPTY) -> Callable[[Columns], list[bool]]:
    """A function of columns by path (all of one length, null as None) to the condition's outcome for every row.

    types_ are the value groups of paths, as in Mode. A tree without paths cannot say how many rows there are: ValueError.
    """
    paths = paths_of(expr)
    if not paths:
        raise ValueError("the expression names no column")
    mode = Mode(strict=False, scoped=False, types=types_)
    loop = _Loop(expr, mode)
    arguments = ast.arguments([], [ast.arg(f"c{n}") for n in range(len(paths))], None, [], [], None, [])
    function = ast.FunctionDef("batch", arguments, [ast.Return(loop.comprehension())], [])
    table = {**globals_of(mode), "zip": zip, "wrap": PlainScope, **loop.constants}
    run = types.FunctionType(compiled_code([function])[0], table, "batch")

    def batch(columns: Columns) -> list[bool]:
        try:
            found: list[bool] = run(*(columns[path] for path in paths))
            return found
        except Exception:  # a row with values out of the ordinary: every row is walked
            rows = zip(*(columns[path] for path in paths), strict=True)
            return [truth_of(expr, _Row(dict(zip(paths, row, strict=True))), FILTER) for row in rows]

    return batch


class _Row(PlainScope):
    """One row: paths are whole keys."""

    __slots__ = ()

    def lookup(self, path: str) -> Any:
        """The value of a path's column."""
        return self.names.get(path)
