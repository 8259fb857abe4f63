"""Expressions made to hurt end soon, all of them, and in words."""

from __future__ import annotations

import re

import pytest

from tests.performance.hostile_expressions import Hostile, cases, measure

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_it_ends_in_time(case: Hostile) -> None:
    """With a value, undecided, or with a registered code; never a raw error, never late."""
    took = measure(case)
    assert took.seconds <= took.bound, took
    assert re.fullmatch(r"(None|True|False|-?\d+|E_[A-Z_]+) / (None|True|False|-?\d+|E_[A-Z_]+)", took.ended), (
        took.ended
    )
