"""A log-in renews itself with a refresh token that serves once and is never kept outside memory."""

from __future__ import annotations

import json
import threading
from typing import Any
from uuid import uuid4

import httpx
import pytest

from alm_workbench.contexts.auth.session_messages import Me
from alm_workbench.errors import AuthenticationFailed
from alm_workbench.notebook.http import HttpMediator
from tests.unit.notebook.test_http import ME, NOW, Server, jwt, ok, problem


def session(access: str, refresh: str | None, tenant: str = "t") -> dict[str, Any]:
    """What the server answers to a log-in and to a refresh."""
    return {
        **ME,
        "user_id": str(uuid4()),
        "access_token": access,
        "token_type": "Bearer",
        "expires_at": "2027-01-15T08:00:00Z",
        "tenant_slug": tenant,
        "session_id": str(uuid4()),
        "refresh_token": refresh,
        "refresh_expires_at": "2027-01-15T08:00:00Z",
    }


def logged_in(server: Server, access: str, refresh: str = "first") -> HttpMediator:
    """A connection of somebody who logged in."""
    client = httpx.Client(transport=httpx.MockTransport(server))
    return HttpMediator(
        "http://alm.example/", access, refresh=refresh, client=client, sleep=server.slept.append, now=lambda: NOW
    )


def test_a_log_in_is_renewed_in_time_and_each_refresh_token_serves_once() -> None:
    """With less than a minute left comes a refresh; the next one shows the successor, not the spent token."""
    old, new, last = jwt("user", NOW + 30, "1"), jwt("user", NOW + 30, "2"), jwt("user", NOW + 900, "3")
    server = Server(ok(session(new, "second")), ok(), ok(session(last, "third")), ok())
    mediator = logged_in(server, old)
    mediator.query(Me())
    mediator.query(Me())
    bodies = [json.loads(r.content) for r in server.requests if r.url.path.endswith("/auth/refresh")]
    assert bodies == [{"refresh_token": "first"}, {"refresh_token": "second"}]
    shown = [r.headers.get("Authorization") for r in server.requests]
    assert shown == [None, f"Bearer {new}", None, f"Bearer {last}"]


def test_a_refusal_is_answered_by_one_refresh_and_one_more_try() -> None:
    """A 401 before the token ran out (a restarted server, another clock) is healed once."""
    old, new = jwt("user", NOW + 900, "1"), jwt("user", NOW + 900, "2")
    server = Server(problem(401, "authentication-failed"), ok(session(new, "second")), ok())
    assert logged_in(server, old).query(Me()).display_name == "Ada"
    assert [r.url.path.rsplit("/", 1)[1] for r in server.requests] == ["me", "refresh", "me"]


def test_a_revoked_session_is_not_shown_again() -> None:
    """A refresh token that the server refuses is forgotten: the next call asks once and gives up."""
    refused = problem(401, "authentication-failed")
    server = Server(refused, refused, refused)
    mediator = logged_in(server, jwt("user", NOW + 900))
    for _ in range(2):
        with pytest.raises(AuthenticationFailed):
            mediator.query(Me())
    assert [r.url.path.rsplit("/", 1)[1] for r in server.requests] == ["me", "refresh", "me"]


def test_threads_wait_for_one_refresh() -> None:
    """Ten threads with a stale token bring about one refresh: a second would count as theft of the first."""
    old, new = jwt("user", NOW + 900, "1"), jwt("user", NOW + 900, "2")
    lock, spent = threading.Lock(), []

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/auth/refresh"):
            with lock:
                spent.append(json.loads(request.content)["refresh_token"])
            return ok(session(new, "second"))
        return ok() if request.headers["Authorization"] == f"Bearer {new}" else problem(401, "authentication-failed")

    client = httpx.Client(transport=httpx.MockTransport(serve))
    mediator = HttpMediator("http://alm.example/", old, refresh="first", client=client, now=lambda: NOW)
    threads = [threading.Thread(target=mediator.query, args=(Me(),)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spent == ["first"]


def test_switching_goes_on_with_the_tokens_of_the_other_organisation() -> None:
    """After a switch every request carries the new token, and the new refresh token is the one that is used."""
    old, other = jwt("user", NOW + 900, "acme"), jwt("user", NOW + 900, "globex")
    server = Server(ok(session(other, "of globex", "globex")), ok())
    mediator = logged_in(server, old)
    mediator.switch("globex")
    mediator.query(Me())
    assert json.loads(server.requests[0].content) == {"tenant": "globex"}
    assert server.requests[0].headers["Authorization"] == f"Bearer {old}"
    assert server.requests[1].headers["Authorization"] == f"Bearer {other}"


def test_a_kernel_switches_by_its_own_token() -> None:
    """A kernel has no session: it renews its token for the other organisation."""
    old, other = jwt("kernel", NOW + 600, "acme"), jwt("kernel", NOW + 900, "globex")
    fresh = {"access_token": other, "token_type": "Bearer", "expires_at": "2027-01-15T08:00:00Z"}
    server = Server(ok(fresh), ok())
    mediator = server.mediator(old)
    mediator.switch("globex")
    mediator.query(Me())
    assert json.loads(server.requests[0].content) == {"token": old, "tenant": "globex"}
    assert server.requests[1].headers["Authorization"] == f"Bearer {other}"


def test_nothing_is_told_by_accident() -> None:
    """Neither token stands in what a notebook might print."""
    mediator = logged_in(Server(), jwt("user", NOW + 900), "very secret")
    assert "very secret" not in repr(vars(mediator))
