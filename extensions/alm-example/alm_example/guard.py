"""A guard port: workflow engines ask it about guards such as ``risk < 8``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from alm_example.risk import risk_score

BELOW = re.compile(r"risk < (\d{1,2})", re.ASCII)


class RiskGuard:
    """Holds ``risk < N`` when the risk of the classes in the context is known and below N; holds nothing else."""

    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
        """Whether the guard holds for the classes ``harm``, ``exposure`` and ``controllability``."""
        limit = BELOW.fullmatch(guard)
        score = risk_score(context.get("harm"), context.get("exposure"), context.get("controllability"))
        return limit is not None and score is not None and score < int(limit[1])
