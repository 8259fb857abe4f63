"""Compiled functions of expression trees, made when first asked for and kept by the tree's hash.

`program()` serves the engines: a function of a Scope. `programs()` makes many in one module. `compiled.py` has the form
for plain mappings.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from ..ast import EMPTY
from ..errors import MPCError
from . import emit
from . import functions as fx
from .cost import MAX_STEPS, cost
from .functions import ExprFault
from .generate import Generator, Mode
from .ir import Expr, ir_hash
from .scope import Scope
from .walk import FILTER, STRICT, Names, Operations, is_condition, is_null, truth_of, walk

__all__ = ["Program", "is_condition", "is_null", "make_program", "program", "program_of", "programs"]

Program = Callable[[Any], Any]
_LIMIT = 10_000


def _missing_strict() -> bool:
    raise fx.undecided("a value is missing")


def _table(do: Operations, missing: Callable[[], bool]) -> dict[str, Any]:
    """Everything generated code may name; there are no builtins beside it."""
    return {
        "__builtins__": {},
        "Exception": Exception,
        "ExprFault": ExprFault,
        "SCALAR": frozenset((str, int, float)),
        "arithmetic": do.arithmetic,
        "bool": bool,
        "call": do.call,
        "compare": do.compare,
        "ends": str.endswith,
        "float": float,
        "get": dict.get,
        "has_role": lambda scope, role: role in scope.roles,
        "int": int,
        "is_empty": fx.fn_is_empty,
        "item_at": do.item_at,
        "len": len,
        "lookup": Scope.lookup,
        "missing": missing,
        "negate": do.negate,
        "starts": str.startswith,
        "str": str,
        "to_lower": str.lower,
        "to_upper": str.upper,
        "truth": do.truth,
        "type": type,
    }


_TABLES = {True: _table(STRICT, _missing_strict), False: _table(FILTER, lambda: False)}
TABLE_NAMES = frozenset(_TABLES[True]) - {"__builtins__"} | {"exact", "wrap"}


def operations(mode: Mode) -> Operations:
    """The helpers of a mode."""
    return STRICT if mode.strict else FILTER


def exactly(expr: Expr, mode: Mode, names_of: Callable[[Any], Names] | None = None) -> Program:
    """The walker as a function of the same argument as the generated one."""
    do, run = operations(mode), truth_of if mode.condition else walk
    if names_of is None:
        return lambda scope: run(expr, scope, do)
    return lambda context: run(expr, names_of(context), do)


def make_program(
    expr: Expr, mode: Mode, exact: Program, more: Mapping[str, Any] = EMPTY
) -> tuple[Program, tuple[Expr, ...]]:
    """A function of its own and the leaves its trace is about. A tree too deep for Python's compiler is walked."""
    generator = Generator(expr, mode)
    try:
        code = compiled_code([emit.function("expression", "c", generator.body())])[0]
    except RecursionError:
        return exact, ()
    table = {**_TABLES[mode.strict], "exact": exact, **more, **generator.constants}
    return types.FunctionType(code, table, "expression"), tuple(generator.leaves)


def globals_of(mode: Mode) -> dict[str, Any]:
    """A copy of all that generated code of a mode may name."""
    return {**_TABLES[mode.strict]}


def compiled_code(functions: list[ast.FunctionDef]) -> list[types.CodeType]:
    """The code of generated functions, from one module."""
    module = ast.fix_missing_locations(ast.Module(list(functions), []))
    made = compile(module, "<expression>", "exec")
    return [constant for constant in made.co_consts if isinstance(constant, types.CodeType)]


_PROGRAMS: dict[tuple[str, bool, bool], Program] = {}


def _afford(expr: Expr) -> None:
    steps = cost(expr).steps
    if steps > MAX_STEPS:
        message = f"Expression evaluation exceeded step budget (limit: {MAX_STEPS})"
        raise MPCError("E_BUDGET_EXCEEDED", message, limit=MAX_STEPS)


def _keep(key: tuple[str, bool, bool], made: Program) -> Program:
    if len(_PROGRAMS) >= _LIMIT:
        _PROGRAMS.clear()
    _PROGRAMS[key] = made
    return made


def program(expr: Expr, *, strict: bool = True, condition: bool = True) -> Program:
    """The compiled function of a tree: Scope -> value; equal trees share it.

    Raises MPCError E_BUDGET_EXCEEDED where the tree costs too much for any values, and when called in strict mode
    ExprFault (undecided); in filter mode a call never raises.
    """
    key = (ir_hash(expr), strict, condition)
    found = _PROGRAMS.get(key)
    if found is not None:
        return found
    _afford(expr)
    mode = Mode(strict, condition)
    return _keep(key, make_program(expr, mode, exactly(expr, mode))[0])


def programs(exprs: Iterable[Expr], *, strict: bool = True, condition: bool = True) -> list[Program]:
    """The compiled functions of many trees from one module: about a third quicker than one by one."""
    mode, wanted = Mode(strict, condition), [(ir_hash(expr), expr) for expr in exprs]
    fresh = {hash_: expr for hash_, expr in wanted if (hash_, strict, condition) not in _PROGRAMS}
    made: dict[str, Program] = {}
    functions, tables, table = [], [], {**_TABLES[strict]}
    for number, (hash_, expr) in enumerate(fresh.items()):
        _afford(expr)
        generator = Generator(expr, mode, f"k{number}_")
        functions.append(emit.function(f"e{number}", "c", generator.body()))
        tables.append({**table, "exact": exactly(expr, mode), **generator.constants})
        made[hash_] = tables[-1]["exact"]
    try:
        for hash_, code, names in zip(fresh, compiled_code(functions), tables, strict=True):
            made[hash_] = types.FunctionType(code, names, "expression")
    except RecursionError:
        made = {hash_: program(expr, strict=strict, condition=condition) for hash_, expr in fresh.items()}
    for hash_, function in made.items():
        _keep((hash_, strict, condition), function)
    return [made.get(hash_) or program(expr, strict=strict, condition=condition) for hash_, expr in wanted]


@lru_cache(maxsize=16_384)
def program_of(text: str, strict: bool = True, condition: bool = True) -> Program:
    """The compiled function of an expression text; raises ExprError if it is none."""
    from .parse import parse_expr

    return program(parse_expr(text), strict=strict, condition=condition)
