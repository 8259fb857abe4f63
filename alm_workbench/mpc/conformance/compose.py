"""Category `compose`: several decisions as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..engines.compose import compose_decisions
from ..errors import MPCError
from .case import Case
from .rules import answer


@dataclass(frozen=True, slots=True)
class _Coded:
    code: str


@dataclass(frozen=True, slots=True)
class _Given:
    allow: bool
    reasons: tuple[_Coded, ...]
    intents: tuple[Mapping[str, Any], ...]


def run(case: Case) -> Any:
    """The joint decision of those given."""
    given = case.need("decisions")
    if not isinstance(given, (list, tuple)) or not all(isinstance(item, Mapping) for item in given):
        raise MPCError("E_PARSE_SYNTAX", "'decisions' must be a list of objects")
    joint = compose_decisions([_given(item) for item in given], str(case.input.get("strategy", "deny-wins")))
    return answer(joint.allow, joint.reasons, joint.intents)


def _given(data: Mapping[str, Any]) -> _Given:
    reasons = tuple(_Coded(str(reason["code"])) for reason in data.get("reasons") or ())
    return _Given(data.get("allow", True) is True, reasons, tuple(data.get("intents") or ()))
