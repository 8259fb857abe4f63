"""Running one case: its category's handler, then what the output must be."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..canonical import canonicalize
from ..codes import validate_all_codes
from ..errors import MPCError
from .case import Case, error
from .compare import Difference, differences, not_finite

Handler = Callable[[Case], Any]
"""Turns a case into its output; raises MPCError where the output is an error object."""

CATEGORIES = (
    "acl",
    "canonical",
    "compose",
    "contracts",
    "evaluate_integration",
    "expr",
    "form",
    "governance",
    "imports",
    "overlay",
    "policy",
    "redaction",
    "routing",
    "validator",
    "workflow",
)
TRACE_LINES = 5


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case went. Not passed means: an `error` without output, `violations` of the output, or a `diff`."""

    fixture: str
    passed: bool
    diff: tuple[Difference, ...] = ()
    violations: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "fixture": self.fixture,
            "passed": self.passed,
            "diff": [item.to_dict() for item in self.diff],
            "violations": list(self.violations),
            "trace": list(self.trace),
            "error": self.error,
        }


def handler_of(category: str) -> Handler | None:
    """The core's handler of a category, loaded on first use; None for a category the contract does not have."""
    if category not in CATEGORIES:
        return None
    run: Handler = import_module(f".{category}", __package__).run
    return run


def run_case(case: Case, expected: Any, handler: Handler | None = None) -> CaseResult:
    """Run a case and compare canonical texts; never raises. `handler` takes the place of the core's own."""
    try:
        output = output_of(case, handler)
    except Exception as problem:
        return _failed(case, f"Handler error: {type(problem).__name__}: {problem}", problem)
    try:
        return judge(case, expected, output)
    except Exception as problem:
        return _failed(case, f"Output and expectation cannot be compared: {problem}", problem)


def output_of(case: Case, handler: Handler | None = None) -> Any:
    """What the handler makes of a case, an MPCError as an error object; raises whatever else the handler raises."""
    run = handler or handler_of(case.category)
    if run is None:
        raise LookupError(f"there is no handler for the category '{case.category}'")
    try:
        return run(case)
    except MPCError as found:
        return error(found.code, found.message)


def judge(case: Case, expected: Any, output: Any) -> CaseResult:
    """Compare output and expectation. Codes and intent kinds must be registered, numbers finite."""
    violations = [f"{path}: not a finite number" for path in not_finite(output)] or validate_all_codes(output)
    if violations:
        return CaseResult(case.fixture, False, violations=tuple(violations), trace=_notes(case))
    if canonicalize(output) == canonicalize(expected):
        return CaseResult(case.fixture, True)
    return CaseResult(case.fixture, False, tuple(differences(expected, output)), trace=_notes(case))


def _notes(case: Case) -> tuple[str, ...]:
    return tuple(case.notes[:TRACE_LINES])


def _failed(case: Case, sentence: str, problem: Exception) -> CaseResult:
    """A failure with the handler's notes, then the innermost places of the exception."""
    frames = reversed(traceback.extract_tb(problem.__traceback__))
    places = [f"{_short(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]
    return CaseResult(case.fixture, False, trace=(*_notes(case), *places)[:TRACE_LINES], error=sentence)


def _short(file: str) -> str:
    """A file's name below our package, or alone: where things are installed concerns nobody."""
    parts = file.replace("\\", "/").split("/")
    return "/".join(parts[parts.index("mpc") :]) if "mpc" in parts else parts[-1]
