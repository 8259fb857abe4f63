"""Keeps what Jupyter does while it is imported, and a workbench never needs, out of the start."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

GRAMMARS = "rfc3987_syntax"


def defer_iri_grammars() -> None:
    """Let jsonschema, which Jupyter loads, build its 38 grammars for IRIs (seconds) when it first checks one."""
    if GRAMMARS in sys.modules:
        return
    stand_in = ModuleType(GRAMMARS)

    def is_valid_syntax(term: str, value: str) -> bool:
        if sys.modules.get(GRAMMARS) is stand_in:
            del sys.modules[GRAMMARS]
        return bool(importlib.import_module(GRAMMARS).is_valid_syntax(term, value))

    stand_in.is_valid_syntax = is_valid_syntax  # type: ignore[attr-defined]
    sys.modules[GRAMMARS] = stand_in


def lab_app() -> Any:
    """The class LabApp, loaded without starting Node to ask for npm's registry: nothing is installed from Lab."""
    from jupyterlab import commands

    asked = commands._yarn_config
    commands._yarn_config = lambda logger: {"yarn config": {}, "npm config": {}}
    try:
        from jupyterlab.labapp import LabApp
    finally:
        commands._yarn_config = asked
    return LabApp
