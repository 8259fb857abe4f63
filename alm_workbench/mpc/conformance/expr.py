"""Category `expr`: value and static type of an expression text or IR tree."""

from __future__ import annotations

from typing import Any

from ..ast import EMPTY
from ..expr.evaluate import Limits, evaluate
from ..expr.functions import BUILTIN_ARGS, BUILTIN_RETURNS
from ..meta import DomainMeta, FunctionDef
from .case import Case


def run(case: Case) -> Any:
    """`typeEnv` is the context; `functions` restricts the preset's functions to those named."""
    source = case.need("expr")
    limits = Limits(
        case.limit("maxExprSteps", 5_000),
        case.limit("maxExprDepth", 50),
        case.limit("maxEvalTimeMs", 50.0),
        case.limit("maxRegexOps", 5_000),
    )
    context = case.input.get("typeEnv") or EMPTY
    found = evaluate(source, vocabulary(case), context, limits=limits, clock=str(case.meta.get("clock", "")))
    case.note(f"{found.steps} steps, depth {found.depth}")
    return {"value": found.value, "type": found.type}


def vocabulary(case: Case) -> DomainMeta:
    """The functions the expression may call: those of the preset, of which the input may name a few.

    A builtin that the input names and the preset does not declare keeps its own signature.
    """
    declared = {
        item["name"]: FunctionDef(
            item["name"], tuple(item.get("args") or ()), item.get("returns", "any"), item.get("cost", 1)
        )
        for item in case.preset.get("defaultFunctions") or ()
    }
    names = case.input.get("functions") or ()
    if names:
        builtin = {
            name: FunctionDef(name, BUILTIN_ARGS.get(name, ()), BUILTIN_RETURNS[name]) for name in BUILTIN_RETURNS
        }
        declared = {name: known for name in names if (known := declared.get(name) or builtin.get(name))}
    return DomainMeta(allowed_functions=tuple(declared.values()))
