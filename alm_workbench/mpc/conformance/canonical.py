"""Category `canonical`: an object with every list of definitions in order."""

from __future__ import annotations

from typing import Any

from ..canonical import order_nested
from .case import Case


def run(case: Case) -> Any:
    """The input after recursive definition ordering."""
    return order_nested(case.input)
