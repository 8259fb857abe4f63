"""pandas data frames with typed columns; pandas is imported when the first one is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.project.messages import FieldInfoDTO, ProcessDTO

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

CORE: tuple[tuple[str, str], ...] = (
    ("key", "string"),
    ("type", "category"),
    ("title", "string"),
    ("state", "category"),
    ("state_category", "category"),
    ("parent_id", "string"),
    ("assignee_id", "string"),
    ("created_at", "timestamp"),
    ("updated_at", "timestamp"),
    ("version", "integer"),
)
KINDS = {
    "int": "integer",
    "number": "number",
    "bool": "boolean",
    "date": "date",
    "datetime": "timestamp",
    "multichoice": "json",
    "table": "json",
}


def frame(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """Rows as a frame; a column's kind is one of a report's types, or category."""
    import pandas as pd

    made = list(rows)
    return pd.DataFrame({name: series([row[i] for row in made], kind) for i, (name, kind) in enumerate(columns)})


def series(values: Sequence[Any], kind: str, choices: Sequence[str] = ()) -> pd.Series:
    """A typed column: times are aware and in UTC, whole numbers and truth values know missing ones."""
    import pandas as pd

    if kind == "timestamp":
        return pd.Series(
            pd.to_datetime(pd.Series(list(values), dtype=object), utc=True, format="ISO8601", errors="coerce")
        )
    if kind == "date":
        return pd.Series(pd.to_datetime(pd.Series(list(values), dtype=object), format="ISO8601", errors="coerce"))
    if kind == "category":
        seen = dict.fromkeys(v for v in values if v is not None)
        names = [*choices, *(v for v in seen if v not in choices)]
        return pd.Series(
            pd.Categorical(list(values), categories=names, ordered=bool(choices) and len(names) == len(choices))
        )
    if kind in ("integer", "number", "boolean"):
        dtype: Any = {"integer": "Int64", "number": "Float64", "boolean": "boolean"}[kind]
        try:
            numbers = [float(v) if kind == "number" and v is not None else v for v in values]
            return pd.Series(pd.array(numbers, dtype=dtype))
        except (TypeError, ValueError):  # values of an older process that had another type here
            return pd.Series(list(values), dtype=object)
    if kind == "json":
        return pd.Series(list(values), dtype=object)
    return pd.Series([None if v is None else str(v) for v in values], dtype="str" if pd.__version__ >= "3" else object)


def artifact_frame(items: Sequence[ArtifactDTO], process: ProcessDTO | None) -> pd.DataFrame:
    """Items as a frame: one row an item, then one column a field, in the order the process declares them.

    ``created_at`` is when the item came into being, which an import keeps.
    """
    import pandas as pd

    data: dict[str, Any] = {}
    for name, kind in CORE:
        attribute = "occurred_at" if name == "created_at" else name
        data[name] = series([text_or_same(getattr(item, attribute)) for item in items], kind)
    types = {item.type for item in items}
    for name, infos in declared(items, process, types).items():
        column = name if name not in data else f"field_{name}"
        data[column] = field_series([item.fields.get(name) for item in items], infos)
    return pd.DataFrame(data)


def text_or_same(value: Any) -> Any:
    """Ids as texts."""
    from uuid import UUID

    return str(value) if isinstance(value, UUID) else value


def declared(
    items: Sequence[ArtifactDTO], process: ProcessDTO | None, types: set[str]
) -> Mapping[str, list[FieldInfoDTO]]:
    """Field ids with their declarations: those of the process first, then what items still carry from older ones."""
    found: dict[str, list[FieldInfoDTO]] = {}
    for kind in process.types if process else ():
        if kind.id in types:
            for info in kind.fields:
                found.setdefault(info.id, []).append(info)
    for item in items:
        for name in item.fields:
            found.setdefault(name, [])
    return found


def field_series(values: Sequence[Any], infos: Sequence[FieldInfoDTO]) -> pd.Series:
    """The column of one field; where types disagree about it, plain objects."""
    kinds = {"category" if info.type == "choice" else KINDS.get(info.type, "string") for info in infos}
    if len(kinds) != 1:
        return series(values, "json")
    choices = list(dict.fromkeys(choice.id for info in infos for choice in info.choices))
    return series(values, kinds.pop(), choices)


def arrow_frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame."""
    import pandas as pd

    from alm_workbench.contexts.reporting.values import column_types

    names = unique([name for name, _ in column_types(table)])
    columns = {}
    for index, (name, (_, kind)) in enumerate(zip(names, column_types(table), strict=True)):
        column = table.column(index)
        if kind == "timestamp" and column.type.tz is None:
            columns[name] = pd.Series(column.to_pandas())
        elif (
            kind in ("timestamp", "number", "integer", "boolean")
            and column.null_count == 0
            and not is_decimal(column.type)
        ):
            made = column.to_pandas()
            columns[name] = made.dt.tz_convert("UTC") if kind == "timestamp" else made
        else:
            columns[name] = series([text_or_same(v) if kind == "string" else v for v in column.to_pylist()], kind)
    return pd.DataFrame(columns)


def is_decimal(kind: pa.DataType) -> bool:
    """Whether an Arrow type holds decimals, which pandas keeps as objects."""
    import pyarrow as pa

    return bool(pa.types.is_decimal(kind))


def unique(names: Sequence[str]) -> list[str]:
    """Column names made different from one another: ``n``, ``n_2``."""
    out: list[str] = []
    for name in names:
        number, made = 2, name
        while made in out:
            made, number = f"{name}_{number}", number + 1
        out.append(made)
    return out
