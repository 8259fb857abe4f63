"""Which statements the query process accepts: one SELECT that calls no table function outside a list.

DuckDB's own parser decides, never a pattern over the text. This is the second wall: the first is that the connection
holds nothing beyond the caller's rights, in a read-only file, with no access to anything outside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alm_workbench.contexts.reporting.domain import QueryRejected
from alm_workbench.errors import ErrorItem

if TYPE_CHECKING:
    import duckdb

TABLE_FUNCTIONS = frozenset(
    {
        "duckdb_columns",
        "duckdb_functions",
        "duckdb_keywords",
        "duckdb_schemas",
        "duckdb_tables",
        "duckdb_types",
        "duckdb_views",
        "generate_series",
        "histogram",
        "histogram_values",
        "json_each",
        "json_tree",
        "pg_timezone_names",
        "pragma_table_info",
        "pragma_version",
        "range",
        "repeat",
        "repeat_row",
        "summary",
        "unnest",
    }
)
"""Everything else is refused: among the rest are readers of files, of memory addresses, and of SQL in strings."""

QUERY_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
"""What a tree may consist of; a WITH can also hold an INSERT or a COPY."""

MAX_SQL = 200_000
_CARET = re.compile(r"\n\s*LINE (?P<line>\d+): (?P<text>.*)\n(?P<pad> *)\^")


def check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise ``QueryRejected`` with a place where there is one, unless ``sql`` is one acceptable SELECT."""
    import duckdb

    if len(sql) > MAX_SQL:
        raise QueryRejected(f"The statement is longer than {MAX_SQL} characters")
    if "\x00" in sql:
        raise QueryRejected("The statement contains a NUL character")
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise rejected(error, sql) from error
    if len(statements) != 1:
        raise QueryRejected("Send one statement at a time" if statements else "The statement is empty")
    kind = statements[0].type
    if kind == duckdb.StatementType.MULTI:
        raise QueryRejected("PIVOT needs its values here: PIVOT … ON column IN ('a', 'b') …")
    if kind != duckdb.StatementType.SELECT:
        raise QueryRejected(f"Only SELECT statements can be run here, not {kind.name}")
    for name, offset in _table_functions(_tree(connection, sql)):
        if name.lower() not in TABLE_FUNCTIONS:
            raise located(f"The table function {name} cannot be used here", sql, offset)


def rejected(error: duckdb.Error, sql: str) -> QueryRejected:
    """A complaint of DuckDB's, with line and column when it shows them."""
    text = str(error).strip()
    message = text.split("\n\nLINE ")[0].strip()
    match = _CARET.search("\n" + text)
    lines = sql.split("\n")
    if not match or match["text"] not in lines:
        return QueryRejected(message)
    line = int(match["line"])
    if line > len(lines) or lines[line - 1] != match["text"]:  # counted in a statement that DuckDB has rewritten
        line = lines.index(match["text"]) + 1
    return _at(message, line, len(match["pad"]) - len(f"LINE {match['line']}: ") + 1)


def located(message: str, sql: str, offset: int) -> QueryRejected:
    """A complaint at an offset of the statement (in bytes, as DuckDB counts)."""
    before = sql.encode()[:offset].decode(errors="ignore") if 0 <= offset <= len(sql.encode()) else None
    if before is None:
        return QueryRejected(message)
    return _at(message, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _at(message: str, line: int, column: int) -> QueryRejected:
    item = ErrorItem(f"sql:{line}:{column}", "E_SQL", message)
    return QueryRejected(message, errors=[item], line=line, column=column)


def _tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The statement as DuckDB serialises it; refuses what is no pure SELECT (a WITH may hold an INSERT)."""
    tree = json.loads(connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()[0][0])
    if tree.get("error"):
        raise QueryRejected(f"Only SELECT statements can be run here ({tree.get('error_message')})")
    return tree["statements"]


def _table_functions(node: Any) -> Iterator[tuple[str, int]]:
    """Names and places of the table functions in a tree; refuses data-modifying nodes."""
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            kind = item.get("type")
            if isinstance(kind, str) and kind.endswith("_NODE") and kind not in QUERY_NODES:
                verb = kind.removesuffix("_NODE").removesuffix("_QUERY")
                raise QueryRejected(f"Only SELECT statements can be run here, not {verb}")
            if kind == "TABLE_FUNCTION":
                function = item.get("function")
                yield str(function.get("function_name") if isinstance(function, dict) else "?"), item["query_location"]
            stack.extend(item.values())
