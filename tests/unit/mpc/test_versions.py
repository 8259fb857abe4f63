"""Version ranges as npm reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc.imports import best_version, is_range, satisfies
from alm_workbench.mpc.imports.versions import normalised

from .soak import soak


@pytest.mark.parametrize(
    ("version", "constraint", "fits"),
    [
        ("1.2.3", "^1.0.0", True),
        ("2.0.0", "^1.0.0", False),
        ("0.2.9", "^0.2.0", True),
        ("0.3.0", "^0.2.0", False),
        ("0.0.3", "^0.0.3", True),
        ("0.0.4", "^0.0.3", False),
        ("1.2.9", "~1.2.3", True),
        ("1.3.0", "~1.2.3", False),
        ("1.9.0", "~1", True),
        ("1.9.9", ">=1.0.0 <2.0.0", True),
        ("2.0.0", ">=1.0.0 <2.0.0", False),
        ("1.2.3", ">= 1.0.0", True),
        ("1.3.0", ">1.2", True),
        ("1.2.9", ">1.2", False),
        ("1.2.9", "<=1.2", True),
        ("1.2.3", "=1.2.3", True),
        ("1.2.3", "1.2.3", True),
        ("1.2.4", "1.2.3", False),
        ("1.2.3", "v1.2.3", True),
        ("1.4.2", "1.x", True),
        ("2.0.0", "1.x", False),
        ("7.7.7", "*", True),
        ("7.7.7", "", True),
        ("2.9.9", "1.2.3 - 2", True),
        ("3.0.0", "1.2.3 - 2", False),
        ("3.1.0", "^1.0.0 || ^3.0.0", True),
        ("2.1.0", "^1.0.0 || ^3.0.0", False),
        ("1.2.3-beta.2", "^1.2.3-beta.1", True),
        ("1.2.4-beta.2", "^1.2.3-beta.1", False),
        ("1.2.3-rc.1", "<1.2.3-beta.7", False),
        ("2.0.0-rc.1", "<2", False),
        ("1.2.3-alpha", "*", False),
        ("1.2.3+build.7", "1.2.3", True),
        ("1.2", "1.2.0", True),
        ("1", ">=1.0.0", True),
        ("1.2.3.4", "1.2.3", True),
        ("latest", ">=0.0.0", False),
        ("1.2.3", "nonsense", False),
        ("1.2.3", "^1.0.0 garbage", False),
    ],
)
def test_ranges(version: str, constraint: str, fits: bool) -> None:
    """The table of npm's ranges; what cannot be read never fits."""
    assert satisfies(version, constraint) is fits


def test_the_highest_matching_version_is_chosen() -> None:
    """Ten is more than nine, a release more than its pre-release; of equal ones the last."""
    versions = ["1.2.0", "1.10.0", "1.9.9", "2.0.0-rc.1", "broken"]
    assert best_version(versions) == "1.10.0"
    assert best_version(versions, ["^1.2.0"]) == "1.10.0"
    assert best_version(versions, ["^1.2.0", "<1.10.0"]) == "1.9.9"
    assert best_version(versions, [">=2.0.0-rc.0"]) == "2.0.0-rc.1"
    assert best_version(versions, ["^3"]) is None
    assert best_version(["broken"]) == "broken"
    assert best_version([]) is None
    assert best_version(["1.0", "1.0.0"]) == "1.0.0"


def test_what_is_a_range() -> None:
    """Nothing means any version; long texts are refused unread."""
    assert is_range("")
    assert is_range("^1.2 || 3.x")
    assert not is_range("1 || zz")
    assert not is_range("1" * 10_000)


@soak(60)
@given(st.tuples(*[st.integers(0, 30)] * 3), st.tuples(*[st.integers(0, 30)] * 3))
def test_caret_and_tilde_agree_with_their_definition(base: tuple[int, ...], other: tuple[int, ...]) -> None:
    """^ keeps the leftmost part that is not zero, ~ the minor version; both ask for at least the base."""
    constraint, version = ".".join(map(str, base)), ".".join(map(str, other))
    kept = next((i for i, part in enumerate(base) if part), 2) + 1
    assert satisfies(version, f"^{constraint}") is (other >= base and other[:kept] == base[:kept])
    assert satisfies(version, f"~{constraint}") is (other >= base and other[:2] == base[:2])


@soak(60)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_answered(version: str, constraint: str) -> None:
    """No text raises, neither as a version nor as a range."""
    assert satisfies(version, constraint) in (True, False)
    assert normalised(version) is None or satisfies(version, ">=0.0.0-0 || *") in (True, False)
