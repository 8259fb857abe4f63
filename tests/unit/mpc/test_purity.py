"""The core stands alone: it imports nothing of ours, loads nothing heavy, and reads no files but its grammars."""

from __future__ import annotations

import ast
import subprocess
import sys

from .conftest import ROOT

CORE = ROOT / "alm_workbench" / "mpc"


def test_the_core_imports_nothing_else_of_ours() -> None:
    """Only relative imports and third-party libraries."""
    for path in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert not (node.module or "").startswith("alm_workbench"), path
            if isinstance(node, ast.ImportFrom):
                assert node.level <= len(path.relative_to(CORE).parts), path


def test_importing_it_is_light() -> None:
    """Lark, PyYAML and RE2 come with the first call that needs them."""
    code = "import sys, alm_workbench.mpc; print([m for m in ('lark', 'yaml', 're2', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
