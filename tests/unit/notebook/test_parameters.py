"""Parameters of SQL texts."""

from __future__ import annotations

import pytest

from alm_workbench.notebook.parameters import parameter_names


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select $a, $b, $a", ["a", "b"]),
        ("select '$a', \"$b\", $c -- $d", ["c"]),
        ("/* $a */ select $$ $b $$, $tag$ $c $tag$, $d_1", ["d_1"]),
        ("select 'it''s $a', $b", ["b"]),
        ("select $1, 5$", []),
        ("", []),
    ],
)
def test_names(sql: str, names: list[str]) -> None:
    """Only what DuckDB takes for a parameter is one; texts, names and comments hold none."""
    assert parameter_names(sql) == names
