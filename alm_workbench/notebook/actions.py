"""One correlation id for everything that one call of a user sets off."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from alm_workbench.shared.mediator import correlated

P = ParamSpec("P")
R = TypeVar("R")


def action(call: Callable[P, R]) -> Callable[P, R]:
    """All messages sent during the call carry the same correlation id."""

    @functools.wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with correlated():
            return call(*args, **kwargs)

    return wrapped
