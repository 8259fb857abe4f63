"""Attacks that must not work: bodies that stop the server, links that outlive what they were made for, names that lie."""

from __future__ import annotations

import json

import pytest

from alm_workbench.server.handlers import PUBLIC_BODY
from alm_workbench.server.limits import network_of
from tests.factories.workbench import Api

DEEP = b"[" * 450 + b"]" * 450


@pytest.mark.parametrize(
    "body",
    [
        b'{"email": ' + b"1" * 5000 + b', "password": "x"}',
        b'{"password": ' + DEEP + b', "email": "a\\u0000"}',
        b'{"email": "a", "password": ' + b"[" * 20000 + b"]" * 20000 + b"}",
        *(b'{"email": "a", "password": ' + b"[" * n + b"]" * n + b"}" for n in range(900, 1000, 7)),
    ],
)
def test_no_body_of_a_stranger_breaks_the_server(api: Api, body: bytes) -> None:
    """Numbers without end and brackets without end are somebody's mistake, not the server's."""
    answer = api.call("POST", "/auth/login", body, who=None)
    assert answer.status in (400, 422), answer.body


def test_strangers_send_forms_and_no_files(api: Api) -> None:
    """Reading 60 MB took the loop eight seconds, for anybody who asked."""
    body = b'{"email": "a", "password": "b", "x": [' + b"1," * PUBLIC_BODY + b"1]}"
    for path in ("/auth/login", "/auth/refresh", "/auth/register", "/auth/password-reset", "/invitations/look-up"):
        answer = api.call("POST", path, body, who=None)
        assert (answer.status, answer.json["type"]) == (413, "/errors/too-large"), path


def test_large_bodies_of_members_are_read_beside_the_loop(api: Api) -> None:
    """What is above a form is read on a thread, with the same answers."""
    body = json.dumps({"display_name": "x" * 100_000}).encode()
    assert api.call("PATCH", "/auth/me", body).status == 422
    body = json.dumps({"display_name": [1] * 100_000}).encode()
    assert api.call("PATCH", "/auth/me", body).status == 422


def test_an_answer_names_a_few_hundred_mistakes_at_most(api: Api) -> None:
    """A list of wrong members does not come back longer than it was sent."""
    answer = api.post("/invitations", {"email": "a@b.example", "roles": [1] * 5000})
    assert answer.status == 422
    assert len(answer.json["errors"]) <= 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("a socket", "a socket"),
    ],
)
def test_a_customer_with_many_addresses_counts_once(address: str, network: str) -> None:
    """Whoever has a /64 would else have a budget for each of its addresses."""
    assert network_of(address) == network
