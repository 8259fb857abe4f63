"""The plugin's guard port keeps what every guard port promises, and its own word."""

from __future__ import annotations

import pytest
from alm_example.guard import RiskGuard

from alm_workbench.mpc.ports import GuardPort
from alm_workbench.testing.ports import GuardPortSuite, Question

LOW = {"harm": "S1", "exposure": "E2", "controllability": "C1"}
HIGH = {"harm": "S3", "exposure": "E4", "controllability": "C3"}


class TestRiskGuard(GuardPortSuite):
    """The workbench's suite for guard ports, run on ours."""

    def make_port(self) -> GuardPort:
        return RiskGuard()

    def holding(self) -> Question:
        return Question("accept", "risk < 8", LOW)

    def failing(self) -> Question:
        return Question("accept", "risk < 8", HIGH)


@pytest.mark.parametrize(("limit", "holds"), [(4, False), (5, True), (99, True)])
def test_the_limit_itself_is_too_much(limit: int, holds: bool) -> None:
    """The sum of S1, E2 and C1 is 4."""
    assert RiskGuard().check("accept", f"risk < {limit}", LOW) is holds
