"""DuckDB and the generated loop count the same rows, and the scan is the quicker one."""

from __future__ import annotations

from alm_workbench.mpc.expr.batch import to_batch
from alm_workbench.mpc.expr.parse import parse_expr
from tests.performance.guards import measure


def test_both_count_the_same_and_the_scan_is_quicker() -> None:
    """A hundredth of the size that is measured by hand; `measure` compares the counts of all ten guards."""
    found = measure(50_000)
    assert found["one guard, DuckDB / loop"] > 1


def test_a_row_with_odd_values_is_walked() -> None:
    """The loop gives up at the first surprise, and every row is decided by the walker."""
    batch = to_batch(parse_expr("n > 1 and s == 'a'"))
    assert batch({"n": [1, 2, None, "x", True, 5], "s": ["a", "a", "a", "a", "a", None]}) == [
        False, True, False, False, False, False,
    ]  # fmt: skip
    assert batch({"n": [], "s": []}) == []
