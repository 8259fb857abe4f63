"""Frames between server and query process, and values as JSON knows them."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from alm_workbench.contexts.reporting.values import column_types, plain, plain_rows
from alm_workbench.mirror.adbc import uri_of
from alm_workbench.mirror.extract import Moment, _since
from alm_workbench.mirror.frames import read_frame, write_frame


def test_frames_come_out_as_they_went_in() -> None:
    """Several frames in a row, empty bodies and any bytes."""
    stream = io.BytesIO()
    for number, body in enumerate([b"", b"\x00\xff" * 1000]):
        write_frame(stream, {"id": number, "text": "ş"}, body)
    stream.seek(0)
    assert read_frame(stream) == ({"id": 0, "text": "ş"}, b"")
    assert read_frame(stream) == ({"id": 1, "text": "ş"}, b"\x00\xff" * 1000)
    with pytest.raises(EOFError):
        read_frame(stream)


def test_a_torn_frame_is_an_end() -> None:
    """Half a frame never counts as one."""
    stream = io.BytesIO()
    write_frame(stream, {"id": 1}, b"abc")
    for length in range(len(stream.getvalue())):
        with pytest.raises(EOFError):
            read_frame(io.BytesIO(stream.getvalue()[:length]))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (float("nan"), None),
        (float("inf"), None),
        (Decimal("1.50"), 1.5),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=3))), "2026-01-02T00:00:00+00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ([1, {"a": date(2026, 1, 2)}], [1, {"a": "2026-01-02"}]),
        (b"\x01\xff", "01ff"),
    ],
)
def test_values_become_json(value: object, expected: object) -> None:
    """Times in UTC, no NaN, nothing that JSON cannot say."""
    assert plain(value) == expected


def test_columns_are_named_by_kind() -> None:
    """The kinds that faces know."""
    import pyarrow as pa

    table = pa.table(
        {
            "s": ["a"],
            "i": [1],
            "n": [1.5],
            "b": [True],
            "d": [date(2026, 1, 2)],
            "t": [datetime(2026, 1, 2, tzinfo=UTC)],
            "l": [[1]],
        }
    )
    kinds = ["string", "integer", "number", "boolean", "date", "timestamp", "json"]
    assert [kind for _, kind in column_types(table)] == kinds
    assert plain_rows(table) == [["a", 1, 1.5, True, "2026-01-02", "2026-01-02T00:00:00+00:00", [1]]]


def test_a_watermark_is_checked_before_it_enters_sql() -> None:
    """A manifest that says anything but a snapshot is refused."""
    assert "pg_visible_in_snapshot(row_xid, '10:20:10,15'" in _since("10:20:10,15")
    for text in ("1:2", "1:2:'; DROP TABLE x", "", "1:2:3\n"):
        with pytest.raises(ValueError, match="no snapshot"):
            _since(text)


def test_a_watermark_of_the_future_is_not_continued() -> None:
    """A database that was set back starts anew."""
    moment = Moment("10:20:", "2026-01-01T00:00:00+00:00", "d", "c")
    assert moment.follows("5:20:")
    assert not moment.follows("5:21:")
    assert not moment.follows("nonsense")


@pytest.mark.parametrize("dsn", ["postgresql+psycopg://u@h/d", "postgres+psycopg2://u@h/d"])
def test_sqlalchemy_urls_are_understood(dsn: str) -> None:
    """libpq does not know driver suffixes."""
    assert uri_of(dsn) == "postgresql://u@h/d"
    assert uri_of("host=x dbname=y") == "host=x dbname=y"


def test_importing_the_service_loads_nothing_heavy() -> None:
    """duckdb, pyarrow, ibis, pandas and adbc come when they are used."""
    code = (
        "import sys, alm_workbench.mirror.service, alm_workbench.contexts.reporting.plugin, alm_workbench.mirror.cli;"
        "heavy = {'duckdb', '_duckdb', 'pyarrow', 'ibis', 'pandas', 'numpy', 'adbc_driver_postgresql', 'psycopg'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
