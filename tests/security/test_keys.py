"""API keys: an actor of their own, never with more rights than their maker has at the moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from alm_workbench.contexts.apikey.messages import CreateApiKey
from alm_workbench.contexts.project.messages import CreateProject
from alm_workbench.server.authentication import KeyDoor
from alm_workbench.shared.ids import new_id
from tests.factories.workbench import Api, Bench, Org, Reply


@pytest.fixture(autouse=True)
def no_memory(api: Api) -> None:
    """What a key opens is looked up at every request; the memory has a test of its own."""
    api.application._keys = KeyDoor(api.bench.runtime.mediator, seconds=0)


def make(api: Api, *scopes: str, who: str = "owner", **more: Any) -> tuple[str, Any]:
    """A new key of somebody: its text, and what is known of it."""
    answer = api.post("/api-keys", {"name": "robot", "scopes": list(scopes), **more}, who=who)
    assert answer.status == 201, answer.json
    return answer.json["secret"], answer.json["key"]


def with_key(api: Api, key: str, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    """A request that carries a key and nothing else."""
    return api.call(method, path, body, who=None, headers={"X-API-Key": key, **headers})


def as_worker(bench: Bench, statement: str, *values: Any) -> list[Any]:
    """What the tables say, whatever the tenant."""
    with psycopg.connect(bench.dsns.worker) as conn:
        return conn.execute(statement, values).fetchall()


def test_a_key_is_shown_once_and_kept_as_a_hash(api: Api) -> None:
    """The secret is in no list, no audit snapshot, no event and no table."""
    secret, key = make(api, "project:read")
    assert secret.startswith(f"alm_{key['prefix']}_")
    hidden = secret.rsplit("_", 1)[1]
    listed = api.get("/api-keys").body
    assert key["prefix"].encode() in listed
    assert hidden.encode() not in listed
    for table in ("audit_snapshots", "outbox_messages", "audit_commits", "api_keys"):
        rows = as_worker(api.bench, f"SELECT count(*) FROM alm.{table} t WHERE t::text LIKE %s", f"%{hidden}%")
        assert rows == [(0,)], table


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_either_header_says_who_is_asking(api: Api, header: str) -> None:
    """The key is an actor of its own in its maker's organisation."""
    secret, key = make(api, "project:read")
    value = secret if header == "X-API-Key" else f"Bearer {secret}"
    me = api.get("/auth/me", who=None, headers={header: value})
    assert me.status == 200
    assert (me.json["actor_id"], me.json["user_id"]) == (key["actor_id"], None)
    assert me.json["privileges"] == ["project:read"]
    assert me.json["tenant_slug"] == "acme"


def test_what_a_key_does_is_written_down_as_its_own(api: Api) -> None:
    """Not as its maker's."""
    secret, key = make(api, "project:create")
    made = with_key(api, secret, "POST", "/projects", {"key": "KEYED", "name": "By a key"})
    assert made.status == 201
    [(actor,)] = as_worker(api.bench, "SELECT created_by FROM alm.projects WHERE id = %s", made.json["id"])
    assert actor == UUID(key["actor_id"])


def test_a_scope_that_reads_cannot_write(api: Api) -> None:
    """Even though the maker may do everything; the refusal names the privilege."""
    secret, _ = make(api, "artifact:read", "project:read")
    assert with_key(api, secret, "GET", "/projects").status == 200
    refused = with_key(api, secret, "POST", "/projects", {"key": "NO", "name": "No"})
    assert refused.status == 403
    assert refused.json["reasons"][0]["rule_id"] == "project:create"


def test_a_scope_gives_nothing_that_its_maker_lacks(api: Api) -> None:
    """A viewer may ask for everything and gets what a viewer has."""
    secret, _ = make(api, "artifact:*", "project:*", "tenant:*", who="engineer")
    held = set(with_key(api, secret, "GET", "/auth/me").json["privileges"])
    own = set(api.get("/auth/me", who="engineer").json["privileges"])
    assert held <= own
    assert "project:create" not in held
    assert "artifact:create" in held
    assert with_key(api, secret, "POST", "/projects", {"key": "NO", "name": "No"}).status == 403


@pytest.fixture
def robot(api: Api) -> Iterator[tuple[str, Org]]:
    """A key of the engineer of acme, whose membership is as before afterwards."""
    yield make(api, "artifact:*", "project:read", who="engineer")[0], api.bench.acme
    change_member(api, "status = 'active', deleted_at = NULL")
    set_role(api, "engineer")


def change_member(api: Api, assignment: str) -> None:
    """Change the engineer's membership in the table itself."""
    with psycopg.connect(api.bench.dsns.app) as conn:
        conn.execute(
            "SELECT set_config('app.current_tenant_id', %s, true), set_config('app.include_deleted', 'on', true)",
            (str(api.bench.acme.tenant_id),),
        )
        conn.execute(f"UPDATE alm.memberships SET {assignment} WHERE id = %s".encode(), (engineer(api),))


def set_role(api: Api, code: str) -> None:
    """Give the engineer one role instead of those there were."""
    tenant = api.bench.acme.tenant_id
    with psycopg.connect(api.bench.dsns.app) as conn:
        conn.execute("SELECT set_config('app.current_tenant_id', %s, true)", (str(tenant),))
        conn.execute("DELETE FROM alm.member_roles WHERE membership_id = %s", (engineer(api),))
        conn.execute(
            "INSERT INTO alm.member_roles (tenant_id, id, membership_id, role_code) VALUES (%s, %s, %s, %s)",
            (tenant, new_id(), engineer(api), code),
        )


def engineer(api: Api) -> UUID:
    """The engineer's membership."""
    principal = api.bench.acme.engineer.principal
    assert principal is not None
    assert principal.membership_id is not None
    return principal.membership_id


def test_demoting_the_maker_demotes_the_key(api: Api, robot: tuple[str, Org]) -> None:
    """The rights of a key are never more than its maker's present rights."""
    key, org = robot
    path = f"/projects/{org.project.id}/artifacts"
    body = {"artifact_type": "task", "title": "By a robot"}
    assert with_key(api, key, "POST", path, body).status == 201
    set_role(api, "viewer")
    assert with_key(api, key, "GET", path).status == 200
    assert with_key(api, key, "POST", path, body).status == 403


@pytest.mark.parametrize("change", ["status = 'suspended'", "deleted_at = now()"])
def test_a_key_dies_with_its_makers_membership(api: Api, robot: tuple[str, Org], change: str) -> None:
    """Suspended or removed: the key opens nothing."""
    key, _ = robot
    assert with_key(api, key, "GET", "/projects").status == 200
    change_member(api, change)
    refused = with_key(api, key, "GET", "/projects")
    assert refused.status == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")


def test_a_removed_maker_who_comes_back_does_not_bring_his_keys(api: Api, robot: tuple[str, Org]) -> None:
    """Removal revokes them for good; a suspension only holds them."""
    key, _ = robot
    change_member(api, "status = 'suspended'")
    change_member(api, "status = 'active'")
    assert with_key(api, key, "GET", "/projects").status == 200
    change_member(api, "deleted_at = now()")
    change_member(api, "deleted_at = NULL")
    assert with_key(api, key, "GET", "/projects").status == 401


def test_a_revoked_key_opens_nothing(api: Api) -> None:
    """At once where nobody remembers it; revoking twice is no error."""
    secret, key = make(api, "project:read")
    assert with_key(api, secret, "GET", "/projects").status == 200
    for _ in range(2):
        done = api.call("DELETE", f"/api-keys/{key['id']}")
        assert (done.status, done.json["status"]) == (200, "revoked")
    assert with_key(api, secret, "GET", "/projects").status == 401


def test_the_memory_of_a_key_is_short(api: Api) -> None:
    """Within it the database is not asked; after it a revocation holds."""
    now = [0.0]
    api.application._keys = KeyDoor(api.bench.runtime.mediator, seconds=5.0, clock=lambda: now[0])
    secret, key = make(api, "project:read")
    assert with_key(api, secret, "GET", "/projects").status == 200
    api.call("DELETE", f"/api-keys/{key['id']}")
    assert with_key(api, secret, "GET", "/projects").status == 200
    now[0] = 5.0
    assert with_key(api, secret, "GET", "/projects").status == 401


def test_an_expired_key_opens_nothing(api: Api) -> None:
    """Not even within the memory of a moment ago."""
    api.application._keys = KeyDoor(api.bench.runtime.mediator, seconds=60)
    soon = (datetime.now(UTC) + timedelta(seconds=1.5)).isoformat()
    secret, _ = make(api, "project:read", expires_at=soon)
    assert with_key(api, secret, "GET", "/projects").status == 200
    time.sleep(1.6)
    assert with_key(api, secret, "GET", "/projects").status == 401
    assert api.get("/api-keys").json[0]["status"] == "expired"


@pytest.mark.parametrize(("hours", "still"), [(0, 401), (24, 200)])
def test_rotation_gives_a_new_secret_and_the_old_one_a_grace(api: Api, hours: int, still: int) -> None:
    """It stays the same actor; with no grace the old secret is dead at once."""
    old, key = make(api, "project:read")
    turned = api.post(f"/api-keys/{key['id']}/rotate", {"grace_hours": hours})
    assert turned.status == 200
    assert (turned.json["key"]["old_until"] is not None) == (hours > 0)
    assert turned.json["key"]["actor_id"] == key["actor_id"]
    assert with_key(api, turned.json["secret"], "GET", "/projects").status == 200
    assert with_key(api, old, "GET", "/projects").status == still


def test_the_last_use_costs_at_most_one_write_a_minute(api: Api) -> None:
    """However often the key is used and however many processes see it."""
    secret, key = make(api, "project:read")
    assert api.get("/api-keys").json[0]["last_used_at"] is None
    stamps = set()
    for _ in range(5):
        with_key(api, secret, "GET", "/projects")
        stamps.add(api.get("/api-keys").json[0]["last_used_at"])
    assert len(stamps) == 1
    assert None not in stamps
    snapshots = as_worker(api.bench, "SELECT count(*) FROM alm.audit_snapshots WHERE entity_id = %s", key["id"])
    assert snapshots == [(1,)]


@pytest.mark.parametrize(
    "wrong",
    ["", "alm_", "alm_abc_def", "alm_" + "0" * 12 + "_" + "0" * 64, "Ğ", "x" * 5000, "alm_' OR 1=1 --_" + "0" * 64],
)
def test_a_wrong_key_is_refused_in_one_way(api: Api, wrong: str) -> None:
    """Whatever is wrong with it; beside a good bearer token it is refused too."""
    value = wrong.encode("utf-8").decode("latin-1")
    answer = with_key(api, value, "GET", "/projects")
    assert answer.status == 401
    assert answer.json["detail"].startswith("The API key is not valid")
    both = api.get("/projects", headers={"X-API-Key": value})
    assert both.status == 401


def test_the_right_prefix_with_another_secret_opens_nothing(api: Api) -> None:
    """The prefix only finds the row."""
    secret, _key = make(api, "project:read")
    turned = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    assert with_key(api, turned, "GET", "/projects").status == 401


def test_a_key_sees_its_own_organisation_only(api: Api) -> None:
    """Row-level security applies to it like to everybody; another's key cannot be looked after either."""
    secret, key = make(api, "project:read")
    other = api.bench.globex.project.id
    assert with_key(api, secret, "GET", f"/projects/{other}").status == 404
    assert api.call("DELETE", f"/api-keys/{key['id']}", org="globex").status == 404
    assert api.post(f"/api-keys/{key['id']}/rotate", org="globex").status == 404
    assert key["prefix"].encode() not in api.get("/api-keys?everybody=true", org="globex").body


def test_a_key_cannot_look_after_keys(api: Api) -> None:
    """Otherwise a stolen one would outlive its revocation."""
    secret, key = make(api, "key:*")
    body = {"name": "more", "scopes": ["project:read"]}
    assert with_key(api, secret, "POST", "/api-keys", body).status == 403
    assert with_key(api, secret, "POST", f"/api-keys/{key['id']}/rotate", {}).status == 403
    assert with_key(api, secret, "DELETE", f"/api-keys/{key['id']}").status == 403
    assert with_key(api, secret, "GET", "/api-keys").status == 403


def test_others_keys_need_the_privilege(api: Api) -> None:
    """Without key:manage they look as if they were not there; with it they can be ended but not taken over."""
    _secret, key = make(api, "project:read")
    assert api.call("DELETE", f"/api-keys/{key['id']}", who="viewer").status == 404
    assert api.get("/api-keys?everybody=true", who="viewer").status == 403
    _, theirs = make(api, "project:read", who="engineer")
    assert theirs["id"] in [k["id"] for k in api.get("/api-keys?everybody=true").json]
    assert api.post(f"/api-keys/{theirs['id']}/rotate").status == 403
    assert api.call("DELETE", f"/api-keys/{theirs['id']}").json["status"] == "revoked"


def test_without_the_privilege_nobody_makes_keys(api: Api) -> None:
    """A viewer asks in vain."""
    assert api.post("/api-keys", {"name": "x", "scopes": ["project:read"]}, who="viewer").status == 403


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": " "}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["*"]}, "/scopes/0"),
        ({"scopes": ["project:read", "nothing:read"]}, "/scopes/1"),
        ({"scopes": ["nothing:*"]}, "/scopes/0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "/expires_at"),
        ({"roles": ["viewer", "emperor"]}, "/roles/1"),
        ({"project_ids": []}, "/project_ids"),
        ({"project_ids": [str(UUID(int=7))]}, "/project_ids/0"),
    ],
)
def test_bad_input_is_named(api: Api, change: dict[str, Any], place: str) -> None:
    """Each refusal names the member that is wrong, and nothing is made."""
    before = len(api.get("/api-keys").json)
    answer = api.post("/api-keys", {"name": "x", "scopes": ["project:read"], **change})
    assert answer.status == 422, answer.json
    assert [item["path"] for item in answer.json["errors"]] == [place]
    assert len(api.get("/api-keys").json) == before


def test_a_key_in_some_roles_has_no_other(api: Api) -> None:
    """Rules of the process see the narrowed roles, privileges follow them."""
    secret, _ = make(api, "artifact:*", "project:*", roles=["viewer"])
    me = with_key(api, secret, "GET", "/auth/me").json
    assert me["roles"] == ["viewer"]
    assert me["privileges"] == ["artifact:read", "project:read"]


def test_a_key_for_one_project_knows_no_other(api: Api) -> None:
    """Lists show that project alone; whatever is not about it is refused."""
    org = api.bench.acme
    other = org.owner.send(CreateProject("OTHER", "Another one"))
    secret, _ = make(api, "project:*", "artifact:*", "audit:read", project_ids=[str(org.project.id)])
    assert [p["key"] for p in with_key(api, secret, "GET", "/projects").json["items"]] == ["DEMO"]
    assert with_key(api, secret, "GET", f"/projects/{org.project.id}/artifacts").status == 200
    for path in (f"/projects/{other.id}", f"/projects/{other.id}/artifacts", "/audit/decisions"):
        assert with_key(api, secret, "GET", path).status in (403, 404), path
    assert with_key(api, secret, "POST", "/projects", {"key": "NO", "name": "No"}).status == 403


def test_a_key_needs_no_double_submit_and_a_cookie_does_not_help_it(api: Api) -> None:
    """No browser adds the header by itself; a foreign page cannot send it without being asked first."""
    secret, _ = make(api, "project:create")
    body = {"key": "XSRF", "name": "No token needed"}
    cookies = {"Cookie": "anything=1", "Origin": "https://evil.example"}
    assert with_key(api, secret, "POST", "/projects", body, **cookies).status == 201
    assert with_key(api, "alm_junk", "POST", "/projects", body, **cookies).status == 401
    assert api.call("POST", "/projects", body, who=None, headers=cookies).status == 403


def test_a_member_has_a_limited_number_of_working_keys(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that runs wild does not fill the table."""
    from alm_workbench.contexts.apikey import handlers

    working = sum(1 for key in api.get("/api-keys").json if key["status"] == "active")
    monkeypatch.setattr(handlers, "MAX_LIVE_KEYS", working)
    assert api.post("/api-keys", {"name": "x", "scopes": ["project:read"]}).status == 409


def test_keys_work_the_same_in_process(workbench: Bench) -> None:
    """The message answers the same without a server."""
    made = workbench.acme.owner.send(CreateApiKey("local", ("project:read",)))
    assert made.key.status == "active"
    assert made.key.owner_name
