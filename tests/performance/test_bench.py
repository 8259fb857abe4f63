"""The bench of the first slice runs at a hundredth of its size and measures everything it promises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.performance.measuring import Row, percentile, shown, table

SCRIPT = Path(__file__).with_name("bench_skeleton.py")
ROWS = (
    "import alm_workbench",
    "import alm_workbench, memory",
    "cold start of alm lab",
    "cold start, modules compiled",
    "warm start of alm lab",
    "import, all guards, audit, outbox",
    "making 1,000 artifacts by imports",
    "mirror, full build at 1,000",
    "mirror, refresh of 1 %",
    "outbox, publishing",
    "create one, REST, p95",
    "transition, REST, p95",
    "list page of 50 at 1,000, REST, p95",
    "text search at 1,000, REST, p95",
    "report through the query process, REST, p95",
    "import through REST",
)


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    """The result of a quick run, by name."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--quick", "--json"], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout)
    assert result["size"] == 1000
    return {row["name"]: row for row in result["rows"]}


@pytest.mark.slow
def test_every_row_is_measured(rows: dict[str, dict[str, Any]]) -> None:
    """Nothing is left out, nothing is zero; whether a goal is met is told, and not asserted on a shared machine."""
    assert tuple(rows) == ROWS
    assert all(row["value"] > 0 for row in rows.values())
    assert [row["name"] for row in rows.values() if (row["met"] is None) != (row["goal"] is None)] == []


@pytest.mark.slow
def test_a_second_start_does_less_work(rows: dict[str, dict[str, Any]]) -> None:
    """In processor seconds: no compiling after the first start, no database to be made after the second."""
    first, second, warm = (rows[name]["cpu"] for name in ROWS[2:5])
    assert first > second > warm


def test_goals_point_in_their_direction() -> None:
    """Less is better for durations, more for rates; without a goal nothing is met or missed."""
    assert Row("a", 5, "s", 6).met is True
    assert Row("a", 7, "s", 6).met is False
    assert Row("a", 7, "rows/s", 6, "more").met is True
    assert Row("a", 7, "s").met is None
    text = table([Row("start", 7.1234, "s", 6), Row("rate", 1500, "rows/s", 1500, "more", "x")])
    assert "| start | 7.12 s" in text
    assert "| ≤ 6 s" in text
    assert "| NO " in text
    assert "| 1,500 rows/s | ≥ 1,500 rows/s | yes | x" in text


def test_percentiles_are_values_that_were_measured() -> None:
    """Nearest rank; a single value is every percentile."""
    assert [percentile(range(1, 101), share) for share in (0.5, 0.95, 1.0)] == [50, 95, 100]
    assert percentile([3.0], 0.95) == 3.0
    assert [shown(n) for n in (0.0, 0.0147, 4.05, 18.52, 1234.5)] == ["0", "0.01", "4.05", "18.5", "1,234"]
