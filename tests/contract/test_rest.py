"""The REST contract: every route derives from a message, every error is a problem document with a correlation id."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest

from alm_workbench.server.files import ATTACHMENTS, CONTENT
from alm_workbench.server.openapi import document
from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, REGISTRY
from tests.factories.workbench import PASSWORD, Api, Reply

ROUTES = sorted((s.name for s in REGISTRY.public()), key=str)


def problem(reply: Reply, status: int, slug: str | None = None) -> dict[str, Any]:
    """Assert that a reply is a problem document of the house; its members."""
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = reply.json
    assert body["status"] == status
    assert body["type"].startswith("/errors/")
    assert body["title"]
    assert body["correlation_id"] == reply.headers["x-correlation-id"] != ""
    if slug:
        assert body["type"] == f"/errors/{slug}"
    return body


def make(api: Api, title: str = "Braking distance on dry asphalt") -> tuple[dict[str, Any], str]:
    """A requirement over REST, with its ETag."""
    project = api.bench.acme.project.id
    body = {"artifact_type": "Requirement", "title": title, "fields": {"text": "38 m"}}
    reply = api.post(f"/projects/{project}/artifacts", body, who="engineer")
    assert reply.status == 201, reply.body
    return reply.json, reply.headers["etag"]


def test_create_read_change_move(api: Api) -> None:
    """The main job over HTTP, with ETag and If-Match."""
    item, etag = make(api)
    assert etag.startswith('"1.')
    read = api.get(f"/artifacts/{item['id']}", who="viewer")
    assert (read.status, read.json["key"], read.headers["etag"].split(".")[0]) == (200, item["key"], '"1')
    changed = api.call(
        "PATCH", f"/artifacts/{item['id']}", {"title": "Braking distance, wet"}, headers={"If-Match": etag}
    )
    assert (changed.status, changed.json["title"]) == (200, "Braking distance, wet")
    assert changed.headers["etag"].startswith('"2.')
    steps = api.get(f"/artifacts/{item['id']}/transitions").json
    step = next(s for s in steps if s["allowed"])
    moved = api.post(
        f"/artifacts/{item['id']}/transitions", {"transition": step["transition"]}, headers={"If-Match": '"2"'}
    )
    assert (moved.status, moved.json["state"]) == (200, step["target"])
    history = api.get(f"/artifacts/{item['id']}/history").json
    assert [h["to_state"] for h in history] == [item["state"], step["target"]]


def test_refused_transition_lists_reasons_and_permitted(api: Api) -> None:
    """422 invalid-transition with reasons and the possible steps."""
    item, etag = make(api)
    reply = api.post(f"/artifacts/{item['id']}/transitions", {"transition": "nope"}, headers={"If-Match": etag})
    body = problem(reply, 422, "invalid-transition")
    assert body["reasons"]
    assert isinstance(body["permitted"], list)


def test_preconditions(api: Api) -> None:
    """No If-Match is 428, a stale one 409 with what there is now, a strange one 422."""
    item, etag = make(api)
    path = f"/artifacts/{item['id']}"
    problem(api.call("PATCH", path, {"title": "Another good title"}), 428, "precondition-required")
    problem(api.call("PATCH", path, {"title": "Another good title"}, headers={"If-Match": "soon"}), 422)
    assert api.call("PATCH", path, {"title": "Another good title"}, headers={"If-Match": etag}).status == 200
    stale = api.call("PATCH", path, {"title": "Yet another title"}, headers={"If-Match": etag})
    assert problem(stale, 409, "stale-version")["current"]["title"] == "Another good title"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "not JSON"),
        (b"[]", 400, "object"),
        (b'{"title": "a", "title": "b"}', 400, "stands twice"),
        (b'{"title": NaN}', 400, "no JSON number"),
        (b'{"title": "a\\u0000b"}', 400, "NUL"),
        (b'{"title": "\xff"}', 400, "UTF-8"),
        (b'{"artifact_type": 7, "title": [], "ghost": 1}', 422, ""),
        (b"{}", 422, ""),
        (b"[" * 100_000, 400, "nested"),
    ],
)
def test_unreadable_and_invalid_bodies(api: Api, body: bytes, status: int, words: str) -> None:
    """Every wrong member is named by a pointer; unreadable JSON says where."""
    reply = api.call("POST", f"/projects/{api.bench.acme.project.id}/artifacts", body)
    found = problem(reply, status)
    assert words in found["detail"]
    if b"ghost" in body:
        assert {e["path"] for e in found["errors"]} == {"/artifact_type", "/title", "/ghost"}


def test_one_bad_field_value_is_one_error(api: Api) -> None:
    """A custom field's bad value is one complaint at the field, not one for every branch of its type."""
    body = {"artifact_type": "Requirement", "title": "A title that fits", "fields": {"text": {"a": {"b": 1}}}}
    found = problem(api.post(f"/projects/{api.bench.acme.project.id}/artifacts", body), 422)
    assert [e["path"] for e in found["errors"]] == ["/fields/text"]


def test_framework_errors_are_problems_too(api: Api) -> None:
    """404, 405, 401 and XSRF refusals are problem documents with a correlation id."""
    problem(api.get("/nothing/here"), 404, "entity-not-found")
    found = api.call("DELETE", "/projects")
    problem(found, 405, "method-not-allowed")
    assert set(found.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    problem(api.get("/projects", who=None), 401, "authentication-failed")
    problem(api.get("/projects", headers={"Authorization": "Bearer nonsense"}), 401)
    problem(api.get("/projects", headers={"Authorization": "Basic abc"}), 401)
    problem(api.call("POST", "/projects", {"key": "X"}, who=None), 401)
    problem(api.call("POST", "/projects", {"key": "X"}, who=None, headers={"Cookie": "a=b"}), 403, "access-denied")
    foreign = {"Origin": "http://evil.example"}
    problem(api.call("POST", "/projects", {"key": "X"}, who=None, headers=foreign), 403, "access-denied")
    problem(api.get("/artifacts/not-a-uuid"), 422)
    problem(api.get(f"/artifacts/{uuid4()}"), 404)
    problem(api.get("/projects?limit=many"), 422)
    problem(api.get("/projects?ghost=1"), 422)


def test_log_in(api: Api) -> None:
    """A right password gives a token that works; wrong ones never say which half was wrong."""
    ok = api.post("/auth/login", {"email": "Engineer@ACME.example", "password": PASSWORD}, who=None)
    assert (ok.status, ok.json["tenant_slug"], ok.json["token_type"]) == (200, "acme", "Bearer")
    me = api.get("/auth/me", headers={"Authorization": f"Bearer {ok.json['access_token']}"})
    assert me.json["email"] == "engineer@acme.example"
    texts = set()
    for email in ("viewer@acme.example", "nobody@acme.example"):
        wrong = api.post("/auth/login", {"email": email, "password": "wrong"}, who=None)
        texts.add(problem(wrong, 401)["detail"])
    assert len(texts) == 1


def test_repeated_wrong_passwords_lock_the_account(api: Api) -> None:
    """After five wrong passwords even the right one has to wait."""
    headers = {"Authorization": "Bearer none"}
    body = {"email": "manager@globex.example", "password": "wrong"}
    for _ in range(5):
        problem(api.post("/auth/login", body, who=None, headers=headers), 401)
    right = api.post("/auth/login", {**body, "password": PASSWORD}, who=None, headers=headers)
    assert "later" in problem(right, 401)["detail"]


def test_correlation_and_trace_ids_come_back(api: Api) -> None:
    """A given correlation id is kept (if it is a sane one), the trace id of a traceparent shows in errors."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"X-Correlation-ID": "my-id.7", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    found = problem(api.get("/nothing", headers=headers), 404)
    assert (found["correlation_id"], found["trace_id"]) == ("my-id.7", trace)
    assert problem(api.get("/nothing", headers={"X-Correlation-ID": "<script>"}), 404)["correlation_id"] != "<script>"


def test_health(api: Api) -> None:
    """Liveness and readiness need no log-in."""
    assert api.get(f"{api.url}alm/health/live", who=None).json == {"status": "ok"}
    ready = api.get(f"{api.url}alm/health/ready", who=None)
    assert (ready.status, ready.json["status"], ready.json["db"]) == (200, "ok", "ok")


def test_openapi_describes_every_route(api: Api) -> None:
    """The document lists exactly the routes of the registry, with problem documents and security."""
    served = api.get("/openapi.json", who=None).json
    assert served == json.loads(json.dumps(document()))
    listed = {(m.upper(), p) for p, ops in served["paths"].items() for m in ops}
    streams = {("POST", f"/alm/api/v1{ATTACHMENTS}"), ("GET", f"/alm/api/v1{CONTENT}")}
    assert listed == {(s.method, f"/alm/api/v1{s.path}") for s in REGISTRY.public(1)} | streams
    refs = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(served)))
    assert refs <= set(served["components"]["schemas"])
    for ops in served["paths"].values():
        for operation in ops.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_openapi_is_valid() -> None:
    """The document is a valid OpenAPI 3.1 document whose schemas are valid JSON Schemas."""
    from jsonschema import Draft202012Validator

    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for ops in document()["paths"].values():
        for operation in ops.values():
            for parameter in operation["parameters"]:
                Draft202012Validator.check_schema(parameter["schema"])


@pytest.mark.parametrize("name", [n for n in ROUTES if REGISTRY.named(n).privilege != PUBLIC])
def test_nobody_gets_in_without_a_token(api: Api, name: str) -> None:
    """Every route that is not public refuses a request without a token before it looks at anything."""
    spec = REGISTRY.named(name)
    path = re.sub(r"{\w+}", str(uuid4()), spec.path or "")
    reply = api.call(
        spec.method or "GET",
        path,
        b"{}" if spec.method != "GET" else None,
        who=None,
        headers={"Authorization": "Bearer x"},
    )
    problem(reply, 401)


@pytest.mark.parametrize("name", [n for n in ROUTES if REGISTRY.named(n).privilege not in (PUBLIC, AUTHENTICATED)])
def test_the_other_organisation_sees_nothing(api: Api, name: str) -> None:
    """No route gives anything of organisation A to the owner of organisation B, by whatever id."""
    spec = REGISTRY.named(name)
    item, _ = make(api)
    acme = api.bench.acme
    ids = {
        "artifact_id": item["id"],
        "project_id": str(acme.project.id),
        "version_id": str(acme.version_id),
        "manifest_id": str(uuid4()),
        "entity_id": item["id"],
        "entity_type": "Artifact",
        "key": item["key"],
        "name": "project_summary",
    }
    path = re.sub(r"{(\w+)}", lambda m: ids.get(m[1], str(uuid4())), spec.path or "")
    headers = {"If-Match": '"1"'} if spec.if_match else {}
    bodies = {
        "CreateArtifact": {"artifact_type": "requirement", "title": "A foreign title"},
        "TransitionArtifact": {"transition": "submit"},
        "LinkArtifacts": {"link_type": "verifies", "target_id": item["id"]},
        "ImportArtifacts": {"source_name": "a.csv", "content": "", "artifact_type": "requirement"},
        "ActivateManifest": {"manifest_version_id": str(acme.version_id)},
        "UpdateArtifact": {"title": "A foreign title"},
        "RunSql": {"sql": "select * from artifacts"},
    }
    body = bodies.get(name, {}) if spec.method != "GET" else None
    reply = api.call(spec.method or "GET", path, body, who="owner", org="globex", headers=headers)
    text = reply.body.decode()
    for secret in (item["id"], item["title"], str(acme.tenant_id)):
        if reply.status >= 400:
            text = re.sub(rf"there is no \w+ {item['id']}", "", text.replace(path, ""))
        assert secret not in text, (name, text[:300])
    if "{" in (spec.path or "") and spec.method != "GET":
        assert reply.status in (404, 403, 422, 409), (name, reply.body)
