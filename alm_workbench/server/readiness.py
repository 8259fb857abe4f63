"""``/alm/health/ready``: an answer within seconds whatever hangs below."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

LIMIT = 4.0
"""Seconds after which no answer is an answer; load balancers ask every five."""
FRESH = 1.0
"""Seconds for which an answer serves everybody who asks: a question must cost less than what it asks about."""


class Readiness:
    """Asks on a thread of its own, once for all who wait: requests that hang take no part in it."""

    def __init__(self, probe: Callable[[], dict[str, Any]], *, limit: float = LIMIT, fresh: float = FRESH) -> None:
        """``probe`` says how the parts do, with a ``status`` of ok or failing; ``limit`` and ``fresh`` in seconds."""
        self._probe = probe
        self._limit = limit
        self._fresh = fresh
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="alm-health")
        self._lock = threading.Lock()
        self._asked: tuple[float, Future[dict[str, Any]]] | None = None

    async def state(self) -> dict[str, Any]:
        """How the parts do; failing when the probe raises or takes too long."""
        begun, answer = self._question()
        left = max(0.0, self._limit - (time.monotonic() - begun))
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(answer)), left)
        except TimeoutError:
            return {"status": "failing", "db": "no answer"}
        except Exception:  # whatever the probe met, the answer is the same
            return {"status": "failing", "db": "failing"}

    def close(self) -> None:
        """Ask no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _question(self) -> tuple[float, Future[dict[str, Any]]]:
        with self._lock:
            if self._asked is not None:
                begun, answer = self._asked
                if not answer.done() or time.monotonic() - begun < self._fresh:
                    return self._asked
            self._asked = (time.monotonic(), self._pool.submit(self._probe))
            return self._asked
