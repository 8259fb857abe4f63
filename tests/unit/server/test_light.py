"""What is kept out of the start comes when it is needed."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from alm_workbench.server.light import defer_iri_grammars, lab_app
defer_iri_grammars()
import jsonschema
from jsonschema import FormatChecker
assert "lark" not in sys.modules
check = FormatChecker(["iri", "iri-reference"])
assert check.conforms("https://örnek.example/ış", "iri") and not check.conforms("no iri", "iri")
assert "lark" in sys.modules and hasattr(sys.modules["rfc3987_syntax"], "syntax_parser")
defer_iri_grammars()
assert hasattr(sys.modules["rfc3987_syntax"], "syntax_parser")
"""


def test_iris_are_still_checked() -> None:
    """The grammars are built by the first check and not by the import; a module that is loaded already stays."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_program_is_started_to_load_lab() -> None:
    """Importing LabApp would ask Node for npm's registry, which nobody needs here."""
    script = (
        "import sys; started = []\n"
        "sys.addaudithook(lambda event, args: started.append(args) if event == 'subprocess.Popen' else None)\n"
        "from jupyterlab import commands; before = commands._yarn_config\n"
        "from alm_workbench.server.light import lab_app\n"
        "assert lab_app().__name__ == 'LabApp' and started == [] and commands._yarn_config is before"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
