"""Canary routing: sticky, even, monotone, and the same in every process."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import MPCError
from alm_workbench.mpc.routing import CanaryRouter, bucket

from .conftest import ROOT
from .soak import soak


def test_the_same_in_every_process() -> None:
    """Whatever the hash seed; the numbers are those of SHA-256, so they may be written down."""
    code = "from alm_workbench.mpc.routing import CanaryRouter as C; r = C('s', 'c', 0.5); print(''.join(r.resolve_version(f'u{i}') for i in range(64)))"
    answers = set()
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        answers.add(done.stdout)
    assert len(answers) == 1
    assert {"s", "c"} <= set(answers.pop())
    assert bucket("user-123") == pytest.approx(33.778082, abs=1e-6)


def test_segments_come_first() -> None:
    """An attribute among the values, or one of several; a text is one value, and true is not 1."""
    router = CanaryRouter("s", "c", 0, {"region": ["eu", "tr"], "beta": [True], "plan": "gold"})
    assert router.resolve_version("u", {"region": "tr"}) == "c"
    assert router.resolve_version(None, {"region": ["us", "eu"]}) == "c"
    assert router.resolve_version("u", {"region": "us", "beta": 1}) == "s"
    assert router.resolve_version("u", {"beta": True}) == "c"
    assert router.resolve_version("u", {"plan": "gold"}) == "c"
    assert router.resolve_version("u", {"plan": "g"}) == "s"
    assert router.resolve_version("u") == "s"


def test_without_an_actor() -> None:
    """The injected random number decides; without one the stable version."""
    assert CanaryRouter("s", "c", 0.5, random=lambda: 0.49).resolve_version() == "c"
    assert CanaryRouter("s", "c", 0.5, random=lambda: 0.5).resolve_version() == "s"
    assert CanaryRouter("s", "c", 1.0).resolve_version() == "s"


def test_weights_are_clamped() -> None:
    """From 0 to 1, and nothing but numbers."""
    router = CanaryRouter("s", "c", 7)
    assert router.weight == 1.0
    assert router.resolve_version("anyone") == "c"
    router.update_weight(-3)
    assert router.weight == 0.0
    assert router.resolve_version("anyone") == "s"
    router.update_weight(math.inf)
    assert router.weight == 1.0
    for bad in (math.nan, "0.5", None, True):
        with pytest.raises(MPCError, match="E_ROUTING_WEIGHT"):
            router.update_weight(bad)  # type: ignore[arg-type]


def test_shares_are_even() -> None:
    """Of many actors about the share asked for, in hundredths of a percent as well; salts are independent."""
    actors = [f"actor-{i}" for i in range(20_000)]
    for weight in (0.005, 0.1, 0.5):
        router = CanaryRouter("s", "c", weight)
        share = sum(router.resolve_version(a) == "c" for a in actors) / len(actors)
        assert share == pytest.approx(weight, abs=4 * math.sqrt(weight * (1 - weight) / len(actors)))
    one = {a for a in actors if bucket(a, "one") < 50}
    both = sum(bucket(a, "two") < 50 for a in one) / len(one)
    assert both == pytest.approx(0.5, abs=0.02)


@soak(100)
@given(st.text(), st.text(max_size=5), st.floats(0, 1), st.floats(0, 1))
def test_raising_the_weight_takes_nobody_off(actor: str, salt: str, one: float, other: float) -> None:
    """Who has the canary at a weight has it at every greater one."""
    low, high = sorted((one, other))
    assert 0 <= bucket(actor, salt) < 100
    if CanaryRouter("s", "c", low, salt=salt).resolve_version(actor) == "c":
        assert CanaryRouter("s", "c", high, salt=salt).resolve_version(actor) == "c"


def test_salt_and_actor_are_kept_apart() -> None:
    """("ab", "c") and ("a", "bc") are not one text."""
    assert bucket("c", "ab") != bucket("bc", "a")
