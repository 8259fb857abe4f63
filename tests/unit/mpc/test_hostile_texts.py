"""No text, however made, brings a reader down or holds it up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import MPCError
from alm_workbench.mpc.formatting import format_manifest
from alm_workbench.mpc.parse import FORMATS, detect_format, parse, read

from .soak import soak
from .written import manifests

ROOT = Path(__file__).resolve().parents[3]
SAFETY = (ROOT / "alm_meta" / "manifests" / "safety.alm").read_text("utf-8")[:6_000].rsplit("\n}\n", 1)[0] + "\n}\n"
PIECES = ['"', '"""', "{", "}", "[", "]", ":", ",", "\n", "def ", "@name ", "\\", "/*", "*/", "#", "&a ", "*a", "- ", "\t",
          "\0", "\ud800", "😀", "1e999", "'", "|", ">", "!!x", "<<: ", "?", "%", "---\n", "\r", "\u2028", "\ufeff"]  # fmt: skip


def survives(text: str, format: str | None) -> None:
    """Findings or an MPCError, with places that can be shown; what can be read can be formatted."""
    result = read(text, format=format)
    for found in result.diagnostics:
        assert found.span is not None
        assert 0 <= found.span.start <= found.span.end <= len(text)
        assert str(found)
    try:
        shaped = format_manifest(text, format=format)
    except MPCError:
        with pytest.raises(MPCError, match=r"^\[E_"):
            parse(text, format=format)
    else:
        assert format_manifest(shaped, format=detect_format(text, format)) == shaped


@soak(80)
@given(
    st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.sampled_from([*FORMATS, None]),
)
def test_any_text(text: str, format: str | None) -> None:
    """Nothing but findings."""
    survives(text, format)


@soak(20)
@given(manifests, st.sampled_from(FORMATS), st.integers(0, 1 << 30))
def test_any_change_to_a_manifest(ast: object, format: str, seed: int) -> None:
    """Pieces put in, taken out and doubled."""
    chance = Random(seed)
    text = SAFETY if format == "dsl" and chance.random() < 0.3 else getattr(ast, f"to_{format}")()
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(text) + 1)
        to = min(len(text), at + chance.choice([0, 1, 5, 40]))
        text = text[:at] + chance.choice([*PIECES, "", text[at:to] * 2]) + text[to:]
    survives(text, format)


def test_texts_made_to_hurt_stay_within_their_bounds() -> None:
    """Bombs of aliases, depth, size and number at a part of their size; ``tests/performance/hostile.py`` has them all."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "performance" / "hostile.py")],
        env={**os.environ, "ALM_HOSTILE_SCALE": "0.05", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
