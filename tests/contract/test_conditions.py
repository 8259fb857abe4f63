"""ETags, cursors, and lists as Arrow: what a client may rely on between two requests."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any

import pyarrow as pa
import pytest

from alm_workbench.contexts.artifact.messages import FindArtifacts
from alm_workbench.errors import InvalidInput
from alm_workbench.notebook.http import HttpMediator
from alm_workbench.shared import paging
from alm_workbench.shared.messages import REGISTRY
from alm_workbench.shared.wire import ARROW
from tests.contract.raw import request, talk
from tests.contract.test_rest import make, problem
from tests.factories.workbench import Api


def field_names(cls: Any) -> set[str]:
    """The names of a dataclass's fields."""
    return {field.name for field in dataclasses.fields(cls)}


def test_not_modified(api: Api) -> None:
    """The ETag of what was read answers 304 until the item, or what its reader may see of it, changes."""
    item, etag = make(api)
    path = f"/artifacts/{item['id']}"
    read = api.get(path)
    same = talk(
        api.port,
        request(
            "GET",
            f"/alm/api/v1{path}",
            f"Authorization: Bearer {api.token()}",
            f"If-None-Match: {read.headers['etag']}",
        ),
    )
    assert (same.status, same.body, same.headers["etag"]) == (304, b"", read.headers["etag"])
    changed = api.call("PATCH", path, {"title": "Another fine title"}, headers={"If-Match": etag})
    assert changed.status == 200
    assert api.get(path, headers={"If-None-Match": etag}).status == 200
    head = talk(api.port, request("HEAD", f"/alm/api/v1{path}", f"Authorization: Bearer {api.token()}"))
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == len(api.get(path).body)


@pytest.mark.parametrize("spec", [s for s in REGISTRY.public() if s.if_match], ids=lambda s: s.name)
def test_every_change_of_something_versioned_asks_for_it(spec: Any) -> None:
    """A message that carries the version it was made against takes it from If-Match, and nowhere else."""
    assert "expected_version" in field_names(spec.cls)
    assert spec.method in ("PATCH", "PUT", "DELETE", "POST")


def test_messages_with_a_version_have_the_precondition() -> None:
    """No command takes an expected version in its body."""
    for spec in REGISTRY.public():
        assert spec.if_match == ("expected_version" in field_names(spec.cls)), spec.name


def fill(api: Api, number: int) -> None:
    """Some requirements."""
    rows = "title,text\n" + "\n".join(f"Requirement number {n},text {n}" for n in range(number))
    body = {
        "source_name": "a.csv",
        "content": base64.b64encode(rows.encode()).decode(),
        "artifact_type": "Requirement",
    }
    reply = api.post(f"/projects/{api.bench.acme.project.id}/imports", body, who="manager")
    assert reply.status == 201, reply.body


def test_cursors_are_signed_and_bound_to_their_list(api: Api) -> None:
    """Pages follow each other without gaps; a cursor that was made up, changed, or is another list's is refused."""
    fill(api, 7)
    base = f"/projects/{api.bench.acme.project.id}/artifacts"
    seen: list[str] = []
    page = api.get(f"{base}?limit=3").json
    cursor = page["next_cursor"]
    while True:
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        page = api.get(f"{base}?limit=3&cursor={page['next_cursor']}").json
    assert len(seen) == len(set(seen)) >= 7
    assert api.get(f"{base}?limit=2&cursor={cursor}").status == 200  # another size is the same list
    forged = base64.urlsafe_b64encode(b"x" * 12 + json.dumps(["2026-01-01", "nonsense"]).encode()).decode()
    flipped = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for wrong in (forged, flipped, cursor + "AAAA", "!!!", "e30"):
        problem(api.get(f"{base}?cursor={wrong}"), 422)
    problem(api.get(f"{base}?state=draft&cursor={cursor}"), 422)
    problem(api.get(f"/projects/{api.bench.globex.project.id}/artifacts?cursor={cursor}", org="globex"), 422)


def test_a_cursor_is_bound_where_it_is_made() -> None:
    """The signature covers message, filters and organisation; the size of the page is free."""
    from uuid import uuid4

    from alm_workbench.shared.ids import ProjectId

    project, tenant, key = ProjectId(uuid4()), uuid4(), b"k" * 32
    with paging.bound(FindArtifacts(project, limit=5), tenant, key):
        cursor = paging.encode(["x", 1])
    with paging.bound(FindArtifacts(project, limit=50, cursor=cursor), tenant, key):
        assert paging.decode(cursor) == ["x", 1]
    others = [
        (FindArtifacts(project, state="draft"), tenant, key),
        (FindArtifacts(project), uuid4(), key),
        (FindArtifacts(project), tenant, b"other"),
    ]
    for query, of_tenant, of_key in others:
        with paging.bound(query, of_tenant, of_key), pytest.raises(InvalidInput):
            paging.decode(cursor)


def test_a_whole_list_as_arrow(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row of the list, in its order, page by page, with the reader's masks; scalars have their types."""
    from alm_workbench.server import arrow

    monkeypatch.setattr(arrow, "PAGE", 4)
    fill(api, 11)
    path = f"/projects/{api.bench.acme.project.id}/artifacts"
    reply = api.get(f"{path}?limit=1", headers={"Accept": ARROW}, who="viewer")
    assert (reply.status, reply.headers["content-type"]) == (200, ARROW)
    table = pa.ipc.open_stream(reply.body).read_all()
    listed = api.get(f"{path}?limit=1000", who="viewer").json["items"]
    assert table.column("id").to_pylist() == [item["id"] for item in listed]
    assert table.num_rows >= 11
    assert pa.types.is_timestamp(table.schema.field("created_at").type)
    assert table.schema.field("version").type == pa.int64()
    assert table.schema.field("fields").metadata == {b"alm:type": b"json"}
    assert [json.loads(text) for text in table.column("fields").to_pylist()] == [item["fields"] for item in listed]
    problem(api.get(f"{path}?state=nowhere&type=ghost", headers={"Accept": ARROW}), 422)
    problem(api.get(path, headers={"Accept": ARROW}, org="globex"), 404)


def test_a_stream_that_fails_is_cut(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that fails in the middle breaks the connection: a part must not look like the whole."""
    import http.client
    import urllib.request

    from alm_workbench.server import arrow

    monkeypatch.setattr(arrow, "PAGE", 2)
    fill(api, 5)
    whole, calls = arrow.ArrowPages._page, [0]

    async def failing(self: arrow.ArrowPages, cursor: str | None) -> Any:
        calls[0] += 1
        if calls[0] == 2:
            raise RuntimeError("gone")
        return await whole(self, cursor)

    monkeypatch.setattr(arrow.ArrowPages, "_page", failing)
    url = f"{api.base}/projects/{api.bench.acme.project.id}/artifacts"
    asked = urllib.request.Request(url, headers={"Accept": ARROW, "Authorization": f"Bearer {api.token()}"})
    with urllib.request.urlopen(asked, timeout=10) as reply, pytest.raises(http.client.IncompleteRead):
        reply.read()


def test_the_client_reads_whole_lists(api: Api) -> None:
    """``HttpMediator.table`` gives a list as one table; what is no list is refused."""
    from alm_workbench.contexts.auth.session_messages import Me

    fill(api, 3)
    mediator = HttpMediator(api.url, api.token("viewer"))
    table = mediator.table(FindArtifacts(api.bench.acme.project.id))
    assert table.num_rows >= 3
    with pytest.raises(InvalidInput):
        mediator.table(Me())
    mediator.close()
