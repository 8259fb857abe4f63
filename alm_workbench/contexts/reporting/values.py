"""Arrow values as JSON knows them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def column_types(table: pa.Table) -> list[tuple[str, str]]:
    """Name and kind of each column: string, integer, number, boolean, date, timestamp or json."""
    return [(field.name, _kind(field.type)) for field in table.schema]


def plain_rows(table: pa.Table) -> list[list[Any]]:
    """The rows with JSON-able values; times are ISO texts in UTC, missing and not-a-number values None."""
    columns = [_values(column) for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type):
        return [plain(value) for value in column.to_pylist()]
    # through integers: pyarrow makes datetimes with a zone by importing pandas, which takes seconds
    zone = UTC if column.type.tz else None
    start = datetime(1970, 1, 1, tzinfo=zone)
    micros = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64()).to_pylist()
    return [None if n is None else (start + timedelta(microseconds=n)).isoformat() for n in micros]


def plain(value: Any) -> Any:
    """One JSON-able value."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (float, Decimal)):
        number = float(value)
        return number if -1e308 <= number <= 1e308 else None  # JSON knows no NaN and no infinity
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value.hex() if isinstance(value, bytes) else str(value)


def _kind(kind: pa.DataType) -> str:
    import pyarrow as pa

    checks = (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_decimal, "number"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "timestamp"),
        (pa.types.is_nested, "json"),
    )
    if isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.json":
        return "json"
    return next((name for check, name in checks if check(kind)), "string")
