"""The dependency rule of the house."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from grimp import ImportGraph

from scripts.private_rooms import intruders

ROOT = Path(__file__).resolve().parents[2]
CONTEXTS = sorted(p.parent for p in (ROOT / "alm_workbench" / "contexts").glob("*/__init__.py"))


def lint(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a directory's configuration."""
    code = "import sys; from importlinter.cli import lint_imports_command as run; sys.path.insert(0, '.'); run()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-logo", "--no-cache", *options], cwd=directory, capture_output=True, text=True
    )


def test_everybody_keeps_to_the_contracts() -> None:
    """Faces -> composition -> mirror -> contexts -> storage -> shared; the core knows nobody."""
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda path: path.name)
def test_a_context_has_its_rooms(context: Path) -> None:
    """Messages, handlers and a plugin that registers them; modules stay readable in one sitting."""
    missing = [name for name in ("messages.py", "handlers.py", "plugin.py") if not (context / name).exists()]
    assert not missing


def test_every_context_registers_like_a_plugin() -> None:
    """Built-in contexts come in through the same hooks as third parties; none is wired by hand."""
    from alm_workbench.shared.plugins import BUILT_IN

    assert {f"alm_workbench.contexts.{context.name}.plugin" for context in CONTEXTS} <= set(BUILT_IN)


def test_an_import_over_the_wall_is_found() -> None:
    """The contract of private rooms names the importer, the room and the line."""
    graph = ImportGraph()
    for module in ("c.a", "c.a.tables", "c.a.repository", "c.b.handlers"):
        graph.add_module(module)
    for importer, line in (("c.a.repository", 1), ("c.b.handlers", 7)):
        graph.add_import(importer=importer, imported="c.a.tables", line_number=line, line_contents="import")
    assert intruders(graph, "c.a", "c.a.tables") == ["c.b.handlers -> c.a.tables (line 7)"]
    assert intruders(graph, "c.a", "c.a.nothing") == []


def test_importing_the_package_is_light() -> None:
    """`import alm_workbench` loads nothing but itself, so that it costs next to nothing in every kernel."""
    code = (
        "import sys; before = set(sys.modules); import alm_workbench;"
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['alm_workbench']"
