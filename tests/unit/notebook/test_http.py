"""The HTTP mediator against scripted answers: retries, renewal of kernel tokens, clear words when nobody is there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from alm_workbench.contexts.artifact.messages import CreateArtifact, DeleteArtifact
from alm_workbench.contexts.auth.session_messages import Me
from alm_workbench.contexts.reporting.messages import RunSql
from alm_workbench.errors import (
    AlmError,
    AuthenticationFailed,
    InvalidInput,
    RateLimited,
    TransitionDenied,
    Unavailable,
)
from alm_workbench.notebook.credentials import claims_of
from alm_workbench.notebook.http import HttpMediator, api_url
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.mediator import correlated

NOW = 1_800_000_000.0
ME: dict[str, Any] = {
    "user_id": None,
    "email": "a@b.example",
    "display_name": "Ada",
    "actor_id": str(uuid4()),
    "tenant_id": str(uuid4()),
    "tenant_slug": "t",
    "tenant_name": "T",
    "roles": [],
    "privileges": [],
    "locale": "en",
}
Answer = httpx.Response | Exception


class Server:
    """Gives scripted answers and remembers what was asked."""

    def __init__(self, *answers: Answer | Callable[[httpx.Request], Answer]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        found = answer(request) if callable(answer) else answer
        if isinstance(found, Exception):
            raise found
        return found

    def mediator(self, token: str = "t", url: str = "http://alm.example/") -> HttpMediator:
        client = httpx.Client(transport=httpx.MockTransport(self))
        return HttpMediator(url, token, client=client, sleep=self.slept.append, now=lambda: NOW)


def ok(body: Any = ME) -> httpx.Response:
    """A good answer."""
    return httpx.Response(200, json=body)


def problem(status: int, slug: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    """A problem document."""
    body = {"type": f"/errors/{slug}", "title": slug, "status": status, "detail": "no", "correlation_id": "c1", **more}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json", **(headers or {})})


def jwt(use: str, exp: float, mark: str = "") -> str:
    """An unsigned token."""
    part = base64.urlsafe_b64encode(json.dumps({"use": use, "exp": exp, "m": mark}).encode()).decode().rstrip("=")
    return f"h.{part}.s"


def create() -> CreateArtifact:
    """Some command."""
    return CreateArtifact(ProjectId(uuid4()), "requirement", "Title")


def test_requests_carry_token_and_correlation_id() -> None:
    """One user action has one correlation id, whatever it takes."""
    server = Server(ok(), ok(), ok())
    mediator = server.mediator("secret")
    with correlated() as cid:
        mediator.query(Me())
        mediator.query(Me())
    mediator.query(Me())
    ids = [r.headers["X-Correlation-ID"] for r in server.requests]
    assert ids[0] == ids[1] == cid != ids[2]
    assert server.requests[0].headers["Authorization"] == "Bearer secret"
    assert str(server.requests[0].url) == "http://alm.example/alm/api/v1/auth/me"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://127.0.0.1:8888/", "http://127.0.0.1:8888/alm/api/v1"),
        ("http://127.0.0.1:8888/lab?token=x", "http://127.0.0.1:8888/alm/api/v1"),
        ("http://h/base/alm/api/v1", "http://h/base/alm/api/v1"),
        ("https://h/user/ada/", "https://h/user/ada/alm/api/v1"),
    ],
)
def test_addresses(given: str, expected: str) -> None:
    """The address that people copy from the browser is understood."""
    assert api_url(given) == expected


@pytest.mark.parametrize("given", ["", "localhost:8888", "ftp://h", "not an address"])
def test_wrong_addresses(given: str) -> None:
    """What is no address is refused before anything is sent."""
    with pytest.raises(InvalidInput, match="address"):
        api_url(given)


def test_waits_when_the_server_asks_for_it() -> None:
    """429 and 503 are tried again only with Retry-After, and never sooner than it says."""
    server = Server(
        problem(429, "rate-limit-exceeded", {"Retry-After": "7"}),
        problem(503, "unavailable", {"Retry-After": "0"}),
        ok(),
    )
    assert server.mediator().query(Me()).display_name == "Ada"
    assert server.slept[0] >= 7
    assert 2 <= server.slept[1] < 3


def test_quota_is_not_retried() -> None:
    """A 429 without Retry-After (a quota) is an answer."""
    server = Server(problem(429, "rate-limit-exceeded"))
    with pytest.raises(RateLimited):
        server.mediator().query(Me())
    assert server.slept == []


def test_an_hour_is_too_long_to_wait() -> None:
    """A server that asks for an hour gets no silent notebook."""
    server = Server(problem(429, "rate-limit-exceeded", {"Retry-After": "3600"}))
    with pytest.raises(RateLimited):
        server.mediator().query(Me())


def test_five_more_tries() -> None:
    """After 1, 2, 4, 8 and 16 seconds (and jitter) it is enough."""
    server = Server(*[httpx.ConnectError("refused")] * 6)
    with pytest.raises(Unavailable, match=r"No workbench answers at http://alm\.example; start one with `alm lab`"):
        server.mediator().query(Me())
    assert [int(s) for s in server.slept] == [1, 2, 4, 8, 16]


def test_a_broken_connection_is_mended_where_that_is_safe() -> None:
    """A command whose connection broke may have been carried out: repeated under one key only, or not at all."""
    server = Server(httpx.ReadError("reset"), ok())
    assert server.mediator().query(Me()).display_name == "Ada"
    server = Server(httpx.ReadError("reset"))
    with pytest.raises(Unavailable, match="look before you repeat"):
        server.mediator().send(DeleteArtifact(ArtifactId(uuid4()), 1))
    assert len(server.requests) == 1
    server = Server(
        httpx.ReadError("reset"), problem(409, "idempotency-running", {"Retry-After": "1"}), problem(403, "x")
    )
    with pytest.raises(AlmError, match="no"):
        server.mediator().send(create())
    keys = {request.headers["Idempotency-Key"] for request in server.requests}
    assert (len(server.requests), len(keys)) == (3, 1)
    assert len({request.headers["traceparent"] for request in server.requests}) == 1


def test_commands_are_retried_where_the_server_refused_them_unseen() -> None:
    """503 with Retry-After means that nothing was done."""
    server = Server(problem(503, "unavailable", {"Retry-After": "1"}), problem(403, "access-denied", reasons=[]))
    with pytest.raises(AlmError, match="no"):
        server.mediator().send(create())
    assert len(server.requests) == 2


def test_kernel_tokens_are_renewed_after_a_refusal() -> None:
    """A 401 with a kernel's token is answered by one renewal and one more try."""
    old, new = jwt("kernel", NOW + 600, "old"), jwt("kernel", NOW + 900, "new")
    fresh = {"access_token": new, "token_type": "Bearer", "expires_at": datetime.now(UTC).isoformat()}
    server = Server(problem(401, "authentication-failed"), ok(fresh), ok())
    assert server.mediator(old).query(Me()).display_name == "Ada"
    assert server.requests[1].url.path.endswith("/auth/kernel-token")
    assert json.loads(server.requests[1].content) == {"token": old, "tenant": None}
    assert server.requests[2].headers["Authorization"] == f"Bearer {new}"


def test_kernel_tokens_are_renewed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With less than a minute left the token is renewed first; the next connect() of this kernel starts with the new one."""
    old, new = jwt("kernel", NOW + 59, "old"), jwt("kernel", NOW + 900, "new")
    monkeypatch.setenv("ALM_TOKEN", old)
    fresh = {"access_token": new, "token_type": "Bearer", "expires_at": datetime.now(UTC).isoformat()}
    server = Server(ok(fresh), ok(), ok())
    mediator = server.mediator(old)
    mediator.query(Me())
    mediator.query(Me())
    paths = [r.url.path.rsplit("/", 1)[-1] for r in server.requests]
    assert paths == ["kernel-token", "me", "me"]
    import os

    assert os.environ["ALM_TOKEN"] == new


def test_a_dead_kernel_stays_out() -> None:
    """When the renewal is refused too, the first refusal is what the user sees; other tokens are not renewed at all."""
    server = Server(problem(401, "authentication-failed"), problem(401, "authentication-failed"))
    with pytest.raises(AuthenticationFailed):
        server.mediator(jwt("kernel", NOW + 600)).query(Me())
    server = Server(problem(401, "authentication-failed"))
    with pytest.raises(AuthenticationFailed):
        server.mediator(jwt("user", NOW + 600)).query(Me())
    assert len(server.requests) == 1


def test_problems_become_the_same_errors() -> None:
    """A problem document is the exception that was raised on the server, with all that it knows."""
    answer = problem(422, "invalid-transition", reasons=[{"message": "because"}], permitted=["start"])
    with pytest.raises(TransitionDenied) as caught:
        Server(answer).mediator().send(create())
    assert (caught.value.permitted, caught.value.reasons) == (["start"], [{"message": "because"}])
    assert caught.value.correlation_id == "c1"


@pytest.mark.parametrize(
    "answer", [httpx.Response(502, text="<html>"), httpx.Response(404, text="nope"), httpx.Response(302)]
)
def test_somebody_else_answers(answer: httpx.Response) -> None:
    """What is no workbench is not taken for one."""
    with pytest.raises(AlmError, match="is the address right"):
        Server(answer).mediator().query(Me())


def test_arrow() -> None:
    """SQL comes as Arrow, with what the header says about it."""
    import pyarrow as pa

    table = pa.table({"n": [1, 2]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    told = {"as_of": "2026-01-02T03:04:05+00:00", "version": 7, "truncated": False, "elapsed_ms": 1.5, "rows": 2}
    body = sink.getvalue().to_pybytes()
    server = Server(httpx.Response(200, content=body, headers={"Alm-Result": json.dumps(told)}))
    result = server.mediator().query(RunSql("select 1", {"n": 1}))
    assert (result.rows, result.version, result.as_of) == (2, 7, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert result.table().column("n").to_pylist() == [1, 2]
    assert server.requests[0].headers["Accept"] == "application/vnd.apache.arrow.stream"


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "a.!!.c", "x.W10.y"])
def test_strange_tokens(token: str) -> None:
    """A token that is no JSON Web Token says nothing of itself, and breaks nothing."""
    assert claims_of(token) == {}
