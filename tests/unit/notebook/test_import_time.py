"""Importing costs next to nothing; what is heavy comes with the first use."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

HEAVY = ("pandas", "pyarrow", "httpx", "pydantic", "sqlalchemy", "plotly", "duckdb", "IPython", "tornado", "lark")


def run(code: str) -> tuple[str, float]:
    """What a fresh interpreter prints, and the seconds it took: the best of three."""
    best = 60.0
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        best = min(best, time.perf_counter() - start)
    return done.stdout.strip(), best


@pytest.mark.parametrize("module", ["alm_workbench", "alm_workbench.notebook"])
def test_light(module: str) -> None:
    """At most 0.3 s more than bare Python, and none of the heavy libraries."""
    _, bare = run("pass")
    loaded, taken = run(f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])")
    assert loaded == "[]"
    assert taken - bare < 0.3


def test_connect_needs_no_database_and_no_frames() -> None:
    """A kernel that talks to a server loads neither SQLAlchemy nor pandas, and no engine of the core's rules."""
    code = (
        "import sys, alm_workbench.notebook.workbench, alm_workbench.notebook.http;"
        "print([m for m in ('pandas', 'pyarrow', 'sqlalchemy', 'psycopg', 'plotly', 'duckdb') if m in sys.modules])"
    )
    assert run(code)[0] == "[]"


def test_names_are_found_lazily() -> None:
    """``alm.connect`` and the classes are there when asked for, and in ``dir``."""
    import alm_workbench as alm
    from alm_workbench import notebook

    assert callable(alm.connect)
    assert "connect" in dir(alm)
    assert {"Artifact", "Project", "Workbench"} <= set(dir(notebook))
    with pytest.raises(AttributeError):
        _ = notebook.nothing
