"""What all calls of a user have in common: one correlation id each, and representations that never fail."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from alm_workbench.errors import AlmError
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


def told_text(call: Callable[P, str]) -> Callable[P, str]:
    """A representation that asks the server says what is wrong instead of failing."""

    @functools.wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            return call(*args, **kwargs)
        except AlmError as error:
            return "\n".join(error.lines())

    return wrapped


def told_html(call: Callable[P, str]) -> Callable[P, str]:
    """The same as HTML."""

    @functools.wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            return call(*args, **kwargs)
        except AlmError as error:
            return error._repr_html_()

    return wrapped
