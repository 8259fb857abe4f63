"""Requests against a running workbench, one after the other, on a kept connection."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.factories.workbench import PASSWORD
from tests.performance.measuring import percentile


@dataclass
class Series:
    """Seconds of equal requests."""

    seconds: list[float] = field(default_factory=list)

    def add(self, call: Callable[[], httpx.Response]) -> Any:
        """Time one request; the JSON of its answer. Raises ``RuntimeError`` for an answer that is none."""
        begun = time.perf_counter()
        response = call()
        self.seconds.append(time.perf_counter() - begun)
        if not response.is_success:
            raise RuntimeError(
                f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:500]}"
            )
        return response.json()

    def ms(self, share: float) -> float:
        """A percentile in milliseconds."""
        return percentile(self.seconds, share) * 1000

    def note(self) -> str:
        """How many, and their median."""
        return f"p50 {self.ms(0.5):.0f} ms, {len(self.seconds)} requests"


class Client:
    """One person's session."""

    def __init__(self, base: str, email: str) -> None:
        self._client = httpx.Client(base_url=base, timeout=120, trust_env=False)
        session = Series().add(lambda: self._client.post("/auth/login", json={"email": email, "password": PASSWORD}))
        self._client.headers["Authorization"] = f"Bearer {session['access_token']}"

    def get(self, path: str, **params: Any) -> Callable[[], httpx.Response]:
        """A GET, ready to be sent."""
        return lambda: self._client.get(path, params=params)

    def post(self, path: str, body: Any, **headers: str) -> Callable[[], httpx.Response]:
        """A POST, ready to be sent."""
        return lambda: self._client.post(path, json=body, headers=headers)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def creates(client: Client, project: str, texts: Sequence[str]) -> tuple[Series, list[dict[str, Any]]]:
    """Create one requirement for each text."""
    series, made = Series(), []
    for n, text in enumerate(texts):
        body = {"artifact_type": "requirement", "title": f"Made one by one, number {n}", "fields": {"text": text}}
        made.append(series.add(client.post(f"/projects/{project}/artifacts", body)))
    return series, made


def transitions(client: Client, items: Sequence[dict[str, Any]]) -> Series:
    """Take one step with each item."""
    series = Series()
    for item in items:
        path = f"/artifacts/{item['id']}/transitions"
        headers = {"If-Match": f'"{item["version"]}"'}
        series.add(client.post(path, {"transition": "start"}, **headers))
    return series


def pages(client: Client, project: str, times: int) -> Series:
    """Pages of 50: the newest, by type, by type and state, and on from page to page."""
    series, cursor = Series(), None
    filters: tuple[dict[str, str], ...] = ({}, {"type": "defect"}, {"type": "requirement", "state": "draft"})
    for n in range(times):
        if n % 2:
            answer = series.add(client.get(f"/projects/{project}/artifacts", limit=50, **(cursor or {})))
            cursor = {"cursor": answer["next_cursor"]} if answer["next_cursor"] else None
        else:
            answer = series.add(
                client.get(f"/projects/{project}/artifacts", limit=50, **filters[n // 2 % len(filters)])
            )
        assert answer["items"], "a page without items"
    return series


def searches(client: Client, project: str, words: Sequence[str], times: int) -> Series:
    """Text searches: one frequent word, one rare one, two together."""
    series, rng = Series(), random.Random(7)
    for n in range(times):
        frequent, rare = words[rng.randrange(20)], words[rng.randrange(200, min(2000, len(words)))]
        text = (frequent, rare, f"{frequent} {words[rng.randrange(20, 80)]}")[n % 3]
        series.add(client.get(f"/projects/{project}/artifacts", text=text, limit=50))
    return series


def reports(client: Client, project: str, times: int) -> Series:
    """Every report, again and again."""
    series = Series()
    names = [item["name"] for item in Series().add(client.get("/reports"))["items"]]
    for name in names:  # the first call compiles its expression
        Series().add(client.get(f"/projects/{project}/reports/{name}"))
    for n in range(times):
        series.add(client.get(f"/projects/{project}/reports/{names[n % len(names)]}"))
    return series
