"""How many examples a property test tries: a moderate number in the suite, a hundred times as many in ``make soak``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings

F = TypeVar("F", bound=Callable[..., Any])
FACTOR = 100 if os.environ.get("ALM_SOAK") == "1" else 1


def many(count: int) -> int:
    """`count` in the suite, a hundred times that in a soak run."""
    return count * FACTOR


def soak(examples: int) -> Callable[[F], F]:
    """Decorate a property test: `examples` in the suite, a hundred times that in a soak run."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(max_examples=many(examples), deadline=None, suppress_health_check=slow)
