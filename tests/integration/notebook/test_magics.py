"""The magics in IPython, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from alm_workbench.errors import AlmError
from alm_workbench.notebook.results import SqlFrame
from tests.factories.workbench import Api


@pytest.fixture
def shell(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A shell with the extension, in a kernel's environment."""
    monkeypatch.setenv("ALM_API_URL", api.base)
    monkeypatch.setenv("ALM_TOKEN", api.token("engineer"))
    monkeypatch.setenv("ALM_LANG", "en")
    made: Any = InteractiveShell()
    made.run_line_magic("load_ext", "alm_workbench")
    yield made
    if "wb" in made.user_ns:
        made.user_ns["wb"].close()


def cell(shell: Any, source: str) -> tuple[Any, str]:
    """The value of a cell, and everything it printed."""
    with capture_output() as captured:
        done = shell.run_cell(source)
    return done.result, captured.stdout + captured.stderr


def test_connect_and_status(shell: Any) -> None:
    """``%alm connect`` puts the workbench into ``wb``; ``%alm`` tells where one is."""
    workbench, _ = cell(shell, "%alm connect")
    assert shell.user_ns["wb"] is workbench
    status, _ = cell(shell, "%alm")
    assert "Engineer of acme" in repr(status)
    projects, _ = cell(shell, "%alm projects")
    assert projects.keys() == ["DEMO"]
    assert "%%alm_sql" in cell(shell, "%alm help")[1]


def test_unknown_word(shell: Any) -> None:
    """A typo shows the nearest word and the help, not a traceback."""
    _, shown = cell(shell, "%alm projcts")
    assert "Did you mean %alm projects?" in shown
    assert "Traceback" not in shown


def test_sql_binds_variables(shell: Any) -> None:
    """Values come from the notebook, bound: a quote in one is a quote, not SQL."""
    cell(shell, "%alm connect")
    cell(shell, "p = wb.projects['DEMO']; made = p.artifacts.create('Task', title=\"it's; drop table\")")
    cell(shell, "wanted = made.title")
    result, shown = cell(
        shell, "%%alm_sql --limit 5 --var found\nselect key, title from artifacts\nwhere title = $wanted"
    )
    assert isinstance(result, SqlFrame), shown
    assert shell.user_ns["found"] is result
    assert [row[1] for row in result] == ["it's; drop table"]


def test_sql_without_connecting_first(shell: Any) -> None:
    """The first query connects by itself."""
    result, shown = cell(shell, "%%alm_sql\nselect 42 as answer")
    assert result is not None, shown
    assert result.one() == 42


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("%%alm_sql\nselect key\nfrom artefacts", ["2 │ from artefacts", "^"]),
        ("wantd = 1", []),
        ("%%alm_sql\nselect $wanted_", ["$wanted_", "no variable wanted_"]),
        ("%%alm_sql --rows 5\nselect 1", ["--rows 5", "--limit N"]),
        ("%%alm_sql --var a-b\nselect 1", ["--var a-b"]),
    ],
)
def test_errors_are_short(shell: Any, source: str, words: list[str]) -> None:
    """What is wrong, and where: no frames of ours."""
    _, shown = cell(shell, source)
    assert all(word in shown for word in words), shown
    assert "Traceback" not in shown
    assert "site-packages" not in shown


def test_refusals_are_short(shell: Any) -> None:
    """A refused step shows reasons, what is permitted, the line of the cell and the correlation id; the cell has failed."""
    cell(shell, "%alm connect")
    source = (
        "p = wb.projects['DEMO']\nr = p.artifacts.create('Requirement', title='Short title')\nr.transition('submit')"
    )
    with capture_output() as captured:
        done = shell.run_cell(source)
    shown = captured.stdout + captured.stderr
    assert isinstance(done.error_in_exec, AlmError)
    assert "permitted now: start" in shown
    assert "line 3: " in shown
    assert "r.transition('submit')" in shown
    assert "correlation id" in shown
    assert len(shown.strip().splitlines()) < 10


def test_a_typo_in_a_field_is_short(shell: Any) -> None:
    """A field that does not exist is one line, with the nearest name."""
    cell(shell, "%alm connect")
    _, shown = cell(shell, "t = wb.projects['DEMO'].artifacts.create('Task', title='A task to be done')\nt.priorty")
    assert "NoSuchField" in shown
    assert "Did you mean 'priority'?" in shown
    assert "Traceback" not in shown


def test_showing_never_fails(shell: Any) -> None:
    """What may not be seen says so where it would be shown."""
    cell(shell, "%alm connect")
    result, shown = cell(shell, "wb.audit")
    assert "audit:read" in repr(result)
    assert "You may not do this" in result._repr_html_()
    assert "Traceback" not in shown


def test_completions(shell: Any) -> None:
    """Keys of projects and items, fields of items and reports are offered."""
    cell(shell, "%alm connect")
    cell(shell, "p = wb.projects['DEMO']; t = p.artifacts.create('Task', title='Complete me')")
    p, t = shell.user_ns["p"], shell.user_ns["t"]
    assert shell.user_ns["wb"].projects._ipython_key_completions_() == ["DEMO"]
    assert t.key in p.artifacts._ipython_key_completions_()
    assert {"due_on", "priority", "transition"} <= set(dir(t))
    assert "lead_time" in dir(p.reports)
