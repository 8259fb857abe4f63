"""What the suites share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

THREADS = 8
ROUNDS = 25


def require(condition: bool, sentence: str) -> None:
    """Fail with a sentence; unlike `assert` it works in optimised Python too."""
    if not condition:
        raise AssertionError(sentence)


class PortSuite:
    """Tests as methods; pytest collects them from a subclass, `failures` runs them without it."""

    @classmethod
    def names(cls) -> list[str]:
        """Names of the tests."""
        return sorted(name for name in dir(cls) if name.startswith("test_"))

    def failures(self) -> list[tuple[str, Exception]]:
        """Run every test on a fresh suite; what failed, by name."""
        found: list[tuple[str, Exception]] = []
        for name in self.names():
            try:
                getattr(type(self)(), name)()
            except Exception as error:
                found.append((name, error))
        return found


def at_once(ask: Callable[[int], Any], times: int = THREADS * ROUNDS) -> list[Any]:
    """The answers to many questions asked from several threads."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(ask, range(times)))


def never_true(ask: Callable[[], Any], sentence: str) -> None:
    """The answer is False or an exception, which engines take for a refusal."""
    try:
        answer = ask()
    except Exception:
        return
    require(answer is False, f"{sentence}; the answer was {answer!r}")
