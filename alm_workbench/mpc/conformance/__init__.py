"""The contract's conformance categories: a pure handler for each, and running one case.

Reading fixtures from a directory is `alm_workbench.testing.conformance`; this package does no input or output.
"""

from __future__ import annotations

from .case import Case
from .compare import Difference
from .running import CATEGORIES, CaseResult, Handler, handler_of, run_case

__all__ = ["CATEGORIES", "Case", "CaseResult", "Difference", "Handler", "handler_of", "run_case"]
