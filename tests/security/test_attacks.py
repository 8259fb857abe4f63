"""Attacks that must not work: bodies that stop the server, links that outlive what they were made for, names that lie."""

from __future__ import annotations

import json
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from alm_workbench.contexts.auth.messages import UpdateProfile
from alm_workbench.contexts.auth.rules import password_problem
from alm_workbench.contexts.auth.session_messages import ListSignIns
from alm_workbench.contexts.tenant.people_messages import AddMember
from alm_workbench.server.handlers import PUBLIC_BODY
from alm_workbench.server.limits import network_of
from alm_workbench.server.login import safe_next
from alm_workbench.storage.engine import begin
from tests.factories.workbench import Api, Bench

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


def test_a_password_is_judged_in_a_moment() -> None:
    """Every way to read symbols as letters cost seconds for one password; many of them are looked at in part."""
    password = "4@8({[<3690!1|7$5+2%" * 10
    before = time.process_time()
    assert password_problem(password, ["ada@acme.example", "Ada"]) is None
    spent = time.process_time() - before
    before = time.process_time()
    for _ in range(3):
        assert password_problem("correct horse battery" * 3, ["ada@acme.example", "Ada"]) is None
    assert spent < 60 * (time.process_time() - before)
    assert password_problem("1234567890" * 4, []) is not None


@pytest.mark.parametrize("name", ["\u202eeman eht", "Ada\x1b[31m", "Ada\nRoot", "Ada\u2066"])
def test_names_that_others_read_neither_turn_nor_steer(api: Api, name: str) -> None:
    """Keys act under their name, roles and organisations are chosen by theirs."""
    version = api.get("/tenant").headers["etag"]
    answers = [
        api.post("/api-keys", {"name": name, "scopes": ["project:read"]}),
        api.post("/roles", {"code": "turned", "labels": {"en": name}}),
        api.call("PATCH", "/tenant", {"name": name}, headers={"If-Match": version}),
        api.call("PATCH", "/auth/me", {"display_name": name}) if name.count("\n") == 0 else None,
    ]
    assert {answer.status for answer in answers if answer} == {422}


def test_lists_have_an_end(api: Api) -> None:
    """A key for thousands of projects was thousands of queries; a calendar of every day was sent with every answer."""
    ids = [f"00000000-0000-0000-0000-{number:012d}" for number in range(200)]
    key = {"name": "many", "scopes": ["project:read"]}
    days = [f"{2000 + n // 336}-{n // 28 % 12 + 1:02d}-{n % 28 + 1:02d}" for n in range(2000)]
    version = api.get("/tenant").headers["etag"]
    answers = {
        "/project_ids": api.post("/api-keys", key | {"project_ids": ids}),
        "/roles": api.post("/api-keys", key | {"roles": ids}),
        "/scopes": api.post("/api-keys", key | {"scopes": ids}),
        "/working_calendar/holidays": api.call(
            "PATCH", "/tenant", {"working_calendar": {"holidays": days}}, headers={"If-Match": version}
        ),
    }
    for path, answer in answers.items():
        assert [(item["path"], item["code"]) for item in answer.json["errors"]] == [(path, "length")]


def test_nobody_takes_the_name_of_another_without_a_trace(workbench: Bench) -> None:
    """A name stands in the history of every organisation of a person, so all of them see when it changed, and from what."""
    for org in (workbench.acme, workbench.globex):
        if org is workbench.globex:
            org.owner.send(AddMember("viewer@acme.example", ("viewer",)))
        workbench.acme.viewer.send(UpdateProfile(display_name="Owner" if org is workbench.acme else "Somebody Else"))
    for org, names in ((workbench.acme, ["Owner", "Viewer of acme"]), (workbench.globex, ["Owner"])):
        seen = [row for row in org.owner.query(ListSignIns()).items if row.kind == "renamed"]
        assert [row.detail for row in seen] == names
    workbench.acme.viewer.send(UpdateProfile(locale="tr"))
    assert sum(row.kind == "renamed" for row in workbench.acme.owner.query(ListSignIns()).items) == 2


def test_logs_tell_no_values_of_statements_that_failed(workbench: Bench) -> None:
    """A statement that PostgreSQL refuses is logged with its place; neither the values nor the row are."""
    tenant_id = workbench.acme.tenant_id
    insert = "INSERT INTO alm.roles (tenant_id, id, code, labels) VALUES (:t, gen_random_uuid(), :code, NULL)"
    with pytest.raises(DBAPIError) as caught, begin(workbench.runtime.engine, tenant_id=tenant_id) as conn:
        conn.execute(text(insert), {"t": tenant_id, "code": "m4rker"})
    logged = f"{caught.value} {caught.value.orig}"
    assert "m4rker" not in logged
    assert "INSERT INTO alm.roles" in logged


def test_what_refers_to_nothing_is_no_fault_of_the_server(api: Api, workbench: Bench) -> None:
    """An assignee of another organisation is refused as one that is nowhere is: by the database at the latest."""
    path = f"/projects/{workbench.globex.project.id}/artifacts"
    made = api.post(path, {"artifact_type": "requirement", "title": "of globex"}, org="globex").json
    foreign, nobody = workbench.acme.owner.principal, "01a20820-bdd2-7be8-b32f-57a97fb97fcf"
    assert foreign is not None
    answers = [
        api.call("PATCH", f"/artifacts/{made['id']}", {"assignee_id": who}, org="globex", headers={"If-Match": '"1"'})
        for who in (str(foreign.actor_id), nobody)
    ]
    assert {answer.status for answer in answers} < {409, 422}
    assert len({answer.json["detail"].replace(str(foreign.actor_id), nobody) for answer in answers}) == 1


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "/a/..//evil.example",
        "/a//b",
        "/..",
    ],
)
def test_a_log_in_leads_nowhere_else(target: str) -> None:
    """Neither at once nor after a browser has straightened the path."""
    assert safe_next(target, "/") == "/"
    assert safe_next("/lab/tree/a..b/c?x=//y", "/") == "/lab/tree/a..b/c?x=//y"
