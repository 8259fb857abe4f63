"""Every path, asked in every wrong way: a problem document each time, also where the request is no HTTP at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from alm_workbench.errors import MalformedRequest
from alm_workbench.server import connections
from alm_workbench.server.routes import alm_handlers
from alm_workbench.server.routing import RouteTable, parameters_of, segments_of
from alm_workbench.shared.messages import API_VERSIONS, REGISTRY
from tests.contract.raw import Raw, is_problem, request, talk
from tests.factories.workbench import Api

UUID = "01a207e8-1b74-7d9f-9b4c-c6b342b105d7"
BEARER = "Authorization: Bearer x"


def paths() -> list[str]:
    """Every path there is, with something in place of its placeholders, and some that are none."""
    known = {
        f"/alm/api/v{version}" + re.sub(r"{\w+}", UUID, spec.path or "")
        for version in API_VERSIONS
        for spec in REGISTRY.public(version)
    }
    own = {"/alm/health/live", "/alm/health/ready", "/alm/api/v1/openapi.json", "/alm/api/v1/workbench"}
    own |= {f"/alm/api/v1/artifacts/{UUID}/attachments/{UUID}/content"}
    nothing = {"/alm/api", "/alm/api/", "/alm/api/v1", "/alm/api/v1/", "/alm/api/v9/projects", "/alm/metrics/x"}
    nothing |= {"/alm/api/v1/projects/", "/alm/api/v1//projects", "/alm/api/v1/projects/%2e%2e/%2e%2e/etc/passwd"}
    return sorted(known | own | nothing)


def allowed(api: Api, path: str) -> set[str]:
    """The methods that OPTIONS tells of a path."""
    found = talk(api.port, request("OPTIONS", path))
    return set(found.headers.get("allow", "").replace(" ", "").split(",")) if found.status == 204 else set()


@pytest.fixture(scope="module")
def port(api: Api) -> Iterator[int]:
    """Where the server listens; a body must come within a second here."""
    before, connections.Connection.body_seconds = connections.Connection.body_seconds, 1.0
    yield api.port
    connections.Connection.body_seconds = before


def test_every_path_in_every_method(api: Api) -> None:
    """With a proof that proves nothing: known methods are 401 (or what a public route says), others 405 with Allow."""
    for path in paths():
        known = allowed(api, path)
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "BREW", "TRACE"):
            found = talk(api.port, request(method, path, BEARER, "Content-Type: application/json", body=b"{}"))
            where = (method, path, found.status)
            if not known:
                assert found.status in (400, 404), where
            elif method not in known:
                assert found.status == 405, where
                assert set(found.headers["allow"].split(", ")) == known, where
            else:
                assert found.status in (200, 202, 401, 403, 404, 422, 503), where
            assert found.status < 500 or path.startswith("/alm/health"), where
            if found.status >= 400:
                is_problem(found, head=method == "HEAD")
            if method == "HEAD":
                assert found.body == b""


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/alm/api/v1/projects/%", 400),
        ("/alm/api/v1/projects/%zz", 400),
        ("/alm/api/v1/projects/%ff%fe", 400),
        ("/alm/api/v1/projects/a%00b", 400),
        ("/alm/api/v1/projects?limit=%", 400),
        ("/alm/api/v1/projects?limit=%ff", 400),
        ("/alm/api/v1/projects?limit=%00", 400),
        ("/alm/%zz", 404),
        ("/alm/api/%zz", 400),
    ],
)
def test_broken_percent_encoding(api: Api, path: str, status: int) -> None:
    """What no client can mean is refused, never guessed at."""
    found = talk(api.port, request("GET", path, f"Authorization: Bearer {api.token()}"))
    assert found.status == status
    if path.startswith("/alm/api"):
        is_problem(found)


@pytest.mark.parametrize(
    "raw",
    [
        b"GARBAGE\r\n\r\n",
        b"GET /alm/api/v1/projects\r\n\r\n",
        b"GET /alm/api/v1/projects HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET  /alm/api/v1/projects HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /alm/api/v1/projects HTTP/1.1\r\nHost: x\r\nNo colon here\r\n\r\n",
        b"GET /alm/api/v1/projects HTTP/1.1\r\nHost: x\r\nBad\x00Name: 1\r\n\r\n",
        b"GET /alm/api/v1/projects HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /alm/api/v1/projects HTTP/1.1\r\n\r\n",
        b"POST /alm/api/v1/projects HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n{}",
        b"POST /alm/api/v1/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        b"POST /alm/api/v1/projects HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
        b"POST /alm/api/v1/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /alm/api/v1/projects HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        b"GET /alm/api/v1/projects?" + b"&".join(b"a%d=1" % n for n in range(5000)) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_no_http_at_all(port: int, raw: bytes) -> None:
    """A request line, a header or a framing that is none is answered, and the connection ends."""
    found = talk(port, raw)
    assert found.status in (400, 401), raw[:60]
    is_problem(found)


def test_headers_over_the_limit(port: int) -> None:
    """Header fields of more than 64 kB are 431, and heard to their end."""
    found = talk(port, request("GET", "/alm/api/v1/projects", "X-Long: " + "a" * 70_000))
    assert found.status == 431
    is_problem(found)


def test_bodies_over_the_limit(api: Api, port: int) -> None:
    """A body that is announced, or arrives, over the limit is 413, whatever it is."""
    huge = f"Content-Length: {200 * 1024 * 1024}"
    found = talk(port, request("POST", "/alm/api/v1/projects", BEARER, huge), b"x" * 1000)
    assert found.status == 413
    is_problem(found)


def test_a_slow_body(port: int) -> None:
    """A body that does not come is 408 after the time it has."""
    found = talk(port, request("POST", "/alm/api/v1/projects", BEARER, "Content-Length: 100"), b"{", pause=0.1)
    assert found.status == 408
    is_problem(found)


def test_other_media_types(api: Api) -> None:
    """Only JSON is read: a form of a foreign page is 415, broken or not."""
    token = f"Authorization: Bearer {api.token()}"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        found = talk(api.port, request("POST", "/alm/api/v1/projects", token, f"Content-Type: {kind}", body=b"{}"))
        assert found.status == 415
        is_problem(found)
    kind = "Content-Type: multipart/form-data; boundary=x"
    found = talk(api.port, request("POST", "/alm/api/v1/projects", token, kind, body=b"--y\r\nbroken"))
    assert found.status in (400, 415)
    is_problem(found)
    for kind in ("application/json", "application/json; charset=utf-8", "application/merge-patch+json"):
        found = talk(api.port, request("POST", "/alm/api/v1/projects", token, f"Content-Type: {kind}", body=b"{}"))
        assert found.status == 422


def test_xsrf_and_foreign_origins(api: Api) -> None:
    """A cookie alone changes nothing; a foreign page reads nothing, and is told so before it asks."""
    for headers in (["Cookie: a=b"], ["Origin: https://evil.example"], ["Cookie: _xsrf=1", "X-XSRFToken: 2"]):
        found = talk(api.port, request("POST", "/alm/api/v1/projects", *headers, body=b"{}"))
        assert found.status == 403, headers
        is_problem(found)
    asked = ["Origin: https://evil.example", "Access-Control-Request-Method: GET"]
    preflight = talk(api.port, request("OPTIONS", "/alm/api/v1/projects", *asked))
    assert preflight.status == 403
    is_problem(preflight)
    read = talk(api.port, request("GET", "/alm/api/v1/projects", f"Authorization: Bearer {api.token()}", asked[0]))
    assert (read.status, read.headers.get("access-control-allow-origin")) == (200, None)


def test_allowed_origins(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of the origins that ``ALM_CORS_ORIGINS`` names may ask, with a token of their own; others still may not."""
    monkeypatch.setenv("ALM_CORS_ORIGINS", "https://portal.example, https://other.example:8443")
    origin = "Origin: https://portal.example"
    preflight = talk(
        api.port, request("OPTIONS", "/alm/api/v1/projects", origin, "Access-Control-Request-Method: POST")
    )
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "https://portal.example"
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers
    read = talk(api.port, request("GET", "/alm/api/v1/projects", f"Authorization: Bearer {api.token()}", origin))
    assert read.headers["access-control-allow-origin"] == "https://portal.example"
    assert {"Alm-Result", "ETag", "traceresponse"} <= {*read.headers["access-control-expose-headers"].split(", ")}
    assert "Origin" in read.headers["vary"]
    refused = talk(api.port, request("GET", "/alm/api/v1/projects", origin))
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, "https://portal.example")
    by_cookie = talk(api.port, request("POST", "/alm/api/v1/projects", origin, "Cookie: a=b", body=b"{}"))
    assert by_cookie.status == 403


def test_the_connection_goes_on_after_a_problem(api: Api) -> None:
    """A problem that a handler answers ends nothing; the next request on the connection is served."""
    import socket

    from tests.contract.raw import answer_of

    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as sock:
        answers: list[Raw] = []
        for path in ("/alm/api/v1/nothing", "/alm/api/v1/projects/%zz", "/alm/health/live"):
            sock.sendall(request("GET", path))
            answers.append(answer_of(sock))
    assert [found.status for found in answers] == [404, 400, 200]


def test_fixed_segments_go_before_placeholders() -> None:
    """A route with a fixed segment is found before one with a placeholder there; a dead end tries the other."""
    table = RouteTable(REGISTRY.public(1))
    found = table.find(["audit", "decisions"])
    assert found is not None
    assert found.specs["GET"].name == "ListDecisions"
    found = table.find(["audit", "Artifact", UUID, "history"])
    assert found is not None
    assert found.values == ("Artifact", UUID)
    assert table.find(["projects", ""]) is None
    assert table.find([]) is None


def test_segments_and_parameters_are_decoded_once() -> None:
    """An escaped slash stays inside its segment, a plus is a space in a query only, and names repeat."""
    assert segments_of("/a%2Fb/c+d/%C4%B0") == ["a/b", "c+d", "İ"]
    assert parameters_of("a=1&a=2&b=x+y%2B&c") == {"a": ["1", "2"], "b": ["x y+"], "c": [""]}
    for broken in ("%", "%4", "%gg", "%ff", "%00"):
        with pytest.raises(MalformedRequest):
            segments_of(broken)


def test_the_rules_are_few(api: Api) -> None:
    """Routing does not slow down with the number of messages: every version has one rule for all of them."""
    assert len(alm_handlers(api.application)) < 16
