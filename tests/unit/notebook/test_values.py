"""Python values as field values."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime
from types import SimpleNamespace
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from alm_workbench.errors import InvalidInput
from alm_workbench.notebook.values import field_values
from alm_workbench.notebook.workbench import sql_value

ID = UUID(int=7)


class Level(enum.Enum):
    """Somebody's own enumeration."""

    HIGH = "high"


def test_values() -> None:
    """What people have at hand becomes what JSON knows."""
    given = {
        "d": date(2026, 1, 2),
        "t": datetime(2026, 1, 2, tzinfo=UTC),
        "u": ID,
        "e": Level.HIGH,
        "s": {"b", "a"},
        "n": np.int64(5),
        "f": np.float64(1.5),
        "b": np.bool_(True),
        "nan": float("nan"),
        "nat": pd.NaT,
        "na": pd.NA,
        "ts": pd.Timestamp("2026-01-02T03:04", tz="UTC"),
        "item": SimpleNamespace(id=ID),
        "rows": [{"x": np.int64(1), "on": date(2026, 1, 2)}],
        "array": np.array([1, 2]),
        "none": None,
    }
    assert field_values(given) == {
        "d": "2026-01-02",
        "t": "2026-01-02T00:00:00+00:00",
        "u": str(ID),
        "e": "high",
        "s": ["a", "b"],
        "n": 5,
        "f": 1.5,
        "b": True,
        "nan": None,
        "nat": None,
        "na": None,
        "ts": "2026-01-02T03:04:00+00:00",
        "item": str(ID),
        "rows": [{"x": 1, "on": "2026-01-02"}],
        "array": [1, 2],
        "none": None,
    }


@pytest.mark.parametrize("value", [datetime(2026, 1, 2), object(), {"a": 1}, b"x"])
def test_refused(value: object) -> None:
    """A time without a zone and things that are no values are refused with the field's name."""
    with pytest.raises(InvalidInput, match="due") as caught:
        field_values({"due": value})
    assert caught.value.errors[0].path == "/fields/due"


def test_sql_values() -> None:
    """Parameters of queries are scalars."""
    assert sql_value("n", np.int64(3)) == 3
    assert sql_value("d", date(2026, 1, 2)) == "2026-01-02"
    assert sql_value("p", SimpleNamespace(id=ID)) == str(ID)
    with pytest.raises(InvalidInput, match="ids"):
        sql_value("ids", [1, 2])
