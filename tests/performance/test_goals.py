"""Every part of the table of goals runs at a small size and says something."""

from __future__ import annotations

import json

import pytest

from tests.performance import bench_engines, goals

FIRST = {
    "manifest": "Read 60 definitions",
    "rules": "access decision, 10 rules",
    "workflow rows": "workflow step, 8 states",
    "sql": "a guard over 20,000 rows in DuckDB, beside a generated loop",
    "list filter": "list filter made anew",
    "workflows": "workflow step, beside transitions",
}


@pytest.mark.parametrize("part", FIRST)
def test_every_part_has_rows(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Values above nothing, and goals, where it is not beside a peer that is left out here."""
    bench_engines.main(["--quick", "--no-peers", "--json", "--part", part])
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["name"] == FIRST[part]
    assert all(row["value"] > 0 or "more" in row["unit"] for row in rows)
    assert part == "workflows" or any(row["goal"] is not None for row in rows)


def test_the_filters_that_are_measured_filter() -> None:
    """Some requests need a condition; otherwise there would be nothing to measure."""
    pages = [row for row in goals.lists(quick=True) if row.name.startswith("first page")]
    assert [int(row.note.split()[1]) > 3 for row in pages] == [True, True]
