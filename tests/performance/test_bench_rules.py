"""The bench of rules runs small, and what it measures is what it says."""

from __future__ import annotations

import pytest

from alm_workbench.mpc.engines.authorizer import authorizer_of
from tests.performance.bench_rules import explained, filters, manifest, masked, plain, requests, rows, with_masks


def test_every_promise_has_a_line() -> None:
    """Decisions, explanations, masks, filters, and how they grow."""
    lines = {row.name: row for row in rows((10, 100), seconds=0.02)}
    for name in ("access decision, 100 rules", "explained decision, 100 rules", "mask, always hidden, 100 rules",
                 "list filter as SQL, 100 rules", "100 rules instead of 10"):  # fmt: skip
        assert lines[name].value > 0
        assert lines[name].goal is not None


@pytest.mark.parametrize("size", [10, 1_000])
def test_the_work_is_worth_measuring(size: int) -> None:
    """Some requests are allowed and some not, conditions are asked, and something is hidden."""
    authorizer = authorizer_of(manifest(size))
    asked = requests(authorizer, 400)
    assert 40 < plain(authorizer, asked) < 360
    assert explained(authorizer, asked) > 400
    assert 0 < masked(authorizer, asked) < 400
    assert filters(authorizer, asked) > 40
    cells = [authorizer.cell(actor, action, kind) for actor, action, kind, _ in asked]
    assert sum(bool(cell.conditional) for cell in cells) > 100
    for constant in (True, False):
        hiding = with_masks(authorizer, asked, constant=constant)
        assert 0 < masked(authorizer, hiding) <= len(hiding)
