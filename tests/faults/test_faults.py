"""Every fault of `python -m tests.faults.run`: nothing that was acknowledged is lost, nothing is there twice.

Two of them run in CI (test_serving.py); all of them by `make soak`.
"""

from __future__ import annotations

import os

import pytest

from tests.faults import scenarios
from tests.faults.clocks import NoCompiler
from tests.faults.run import SCENARIOS

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not os.environ.get("ALM_SOAK"), reason="breaks things for minutes; runs in `make soak`"),
]


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_lost_or_doubled(name: str) -> None:
    """Sent, acknowledged, found, doubled, as the script prints them."""
    try:
        outcome = SCENARIOS[name]()
    except (scenarios.NoDisk, NoCompiler) as error:
        pytest.skip(str(error))
    print(outcome)
    assert outcome.sent > 0
    assert (outcome.lost, outcome.doubled) == (0, 0), outcome
