"""Ranks: an order that takes any number of moves."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.contexts.artifact import ranks

MOVES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=80)


def test_the_digits_stand_in_the_order_of_their_bytes() -> None:
    """What Python compares and what the database compares (COLLATE "C") is one order."""
    assert list(ranks.DIGITS) == sorted(ranks.DIGITS, key=lambda digit: digit.encode())


@given(MOVES)
def test_any_moves_give_the_order_of_a_list(moves: list[tuple[int, int]]) -> None:
    """Items that are ranked between their neighbours sort as the list in which they were moved."""
    order = list(range(10))
    held = dict(zip(order, ranks.last(10), strict=True))
    for source, target in moves:
        item = order.pop(source % len(order))
        place = target % (len(order) + 1)
        low = held[order[place - 1]] if place else None
        high = held[order[place]] if place < len(order) else None
        held[item] = ranks.between(low, high)
        assert (low or "") < held[item]
        assert high is None or held[item] < high
        order.insert(place, item)
    assert sorted(held, key=held.__getitem__) == order
    assert all(rank[-1] != "-" for rank in held.values())  # so that there is room below each of them


@given(st.integers(1, 40), st.integers(1, 40))
def test_the_end_and_the_top_stay_short(at_the_end: int, on_top: int) -> None:
    """Ranks of the clock never grow, whatever was put at the end or on top before."""
    found = [*ranks.top(3), *ranks.last(3)]
    for n in range(1, at_the_end):
        found.extend(ranks.last(n % 4))
    for n in range(1, on_top):
        found = [*ranks.top(n % 4), *found]
    assert found == sorted(set(found))
    assert max(map(len, found)) <= ranks.WIDTH + 1


@given(st.integers(0, 200), st.booleans(), st.booleans())
def test_spreading_makes_room(n: int, above: bool, below: bool) -> None:
    """Many ranks between two are short, in order, and leave room between each other."""
    low, high = (None if above else "5c"), (None if below else "5c1")
    found = ranks.spread(low, high, n)
    assert len(found) == n
    assert found == sorted(set(found))
    assert all((low or "") < rank and (high is None or rank < high) for rank in found)
    assert max(map(len, found), default=0) <= 8
    for one, two in pairwise(found):
        assert one < ranks.between(one, two) < two


@pytest.mark.parametrize(("low", "high"), [("b", "a"), ("a", "a"), (None, ""), ("a", "a-"), (None, "--")])
def test_where_nothing_lies_between_it_says_so(low: str | None, high: str) -> None:
    """Equal, turned round or made by hand: never a wrong rank."""
    with pytest.raises(ValueError, match=r"come before|between"):
        ranks.between(low, high)
