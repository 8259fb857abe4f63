"""The measures of trust run, at a hundredth of their size; numbers are for `make bench-trust`, not for tests."""

from __future__ import annotations

from tests.performance.bench_trust import measure


def test_the_measures_of_trust_run() -> None:
    """Every line of the table is there, with something in it."""
    rows = {row.name: row for row in measure(rounds=3, size=200)}
    assert {f"{name}: around the handler" for name in ("create", "update", "step", "get", "list")} <= set(rows)
    assert {f"row-level security on a list, {name}" for name in ("newest 50", "50 of a type")} <= set(rows)
    assert all(row.value > 0 for name, row in rows.items() if name.endswith("handler"))
