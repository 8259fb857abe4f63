"""Reading manifests: linear, small, and quick after an edit. CPU time and ratios, so that a busy machine does not matter."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from functools import partial

from alm_workbench.mpc.parse import ParseLimits, read

LIMITS = ParseLimits(max_chars=20_000_000, max_defs=20_000)
POLICY = """def Policy p{tag}_{n} "Policy {n}" {{
  events: ["transition", "update"]
  applies_to: [requirement]
  when: "self.fields.f1 == 'v{n}' and linkCount(self, 'x') == 0 or len(self.title) < 3"
  effect: deny
  priority: {n}
  message: {{en: "No {n}", tr: "Hayır {n}"}}
  match {{
    states: [{{id: "a", labels: {{tr: "Taslak"}}}}, {{id: "b", category: "done"}}]
  }}
}}

"""


def document(count: int, tag: str) -> str:
    """So many definitions that no earlier text held."""
    return "".join(POLICY.format(n=number, tag=tag) for number in range(count))


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def test_reading_is_linear() -> None:
    """Ten times the definitions cost ten times as much."""
    read(document(10, "warm"), limits=LIMITS)
    small = min(cpu(partial(read, document(250, f"s{n}"), limits=LIMITS)) for n in range(3))
    large = document(2_500, "l")
    assert cpu(lambda: read(large, limits=LIMITS)) < 10 * small * 2


def test_an_edit_costs_little() -> None:
    """One definition changed among a thousand: a small part of a whole reading, wherever it stands."""
    text = document(1_000, "e")
    whole = cpu(lambda: read(text, limits=LIMITS))
    for number in (3, 500, 997):
        before = read(text, limits=LIMITS)
        edited = text.replace(f'"Policy {number}"', f'"Changed {number}"')
        again = min(cpu(partial(read, edited, limits=LIMITS, previous=before)) for _ in range(3))
        assert again < whole / 20


def test_an_unfinished_edit_costs_little_too() -> None:
    """A brace or quote just typed does not make the whole document be read again."""
    text = document(1_000, "u")
    whole = cpu(lambda: read(text, limits=LIMITS))
    before = read(text, limits=LIMITS)
    for typed in ('"Policy 500', '"Policy 500" {'):
        broken = text.replace('"Policy 500"', typed)
        assert min(cpu(partial(read, broken, limits=LIMITS, previous=before)) for _ in range(3)) < whole / 5


def test_memory_is_bounded() -> None:
    """What a reading holds is at most thirty times its text."""
    read(document(10, "m0"), limits=LIMITS)
    text = document(1_000, "m")
    tracemalloc.start()
    try:
        result = read(text, limits=LIMITS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(result.ast.defs) == 1_000
    assert peak < 30 * len(text)
