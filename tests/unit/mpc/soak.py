"""How many examples a property test tries: a moderate number in the suite, up to a hundred times as many in ``make soak``.

A soak goes round by round until a law has had its hundredfold or its time (ALM_SOAK_SECONDS, 40 by default), so that all
of them together take about three quarters of an hour. A law that must hold for a number of examples says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

F = TypeVar("F", bound=Callable[..., Any])
FACTOR = 100 if os.environ.get("ALM_SOAK") == "1" else 1
SECONDS = float(os.environ.get("ALM_SOAK_SECONDS", "40"))
_ROUNDS = 10


def soak(examples: int, *, at_least: int = 0) -> Callable[[F], F]:
    """Decorate a property test: `examples` in the suite; in a soak up to a hundred times that, `at_least` so many."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]

    def decorated(law: F) -> F:
        count = examples if FACTOR == 1 else examples * FACTOR // _ROUNDS
        found: F = settings(max_examples=count, deadline=None, suppress_health_check=slow)(law)
        marked: F = pytest.mark.soak(found if FACTOR == 1 else _in_rounds(found, count, at_least))
        return marked

    return decorated


def _in_rounds(law: F, examples: int, at_least: int) -> F:
    @wraps(law)
    def rounds(*args: Any, **more: Any) -> None:
        ends = monotonic() + SECONDS
        for number in range(1, _ROUNDS + 1):
            law(*args, **more)
            if number * examples >= at_least and monotonic() > ends:
                break

    return rounds  # type: ignore[return-value]
