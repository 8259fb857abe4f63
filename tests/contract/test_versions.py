"""Versions of the API: both serve the same resources by the same handlers, and what leaves one says so in time."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from alm_workbench.contexts.project.messages import ActivationHistory
from alm_workbench.notebook.http import HttpMediator
from alm_workbench.server.api_diff import compare, markdown
from alm_workbench.server.deprecations import MIN_NOTICE, problems
from alm_workbench.server.openapi import document
from alm_workbench.shared.messages import REGISTRY, Deprecation
from tests.contract.raw import request, talk
from tests.contract.test_rest import problem
from tests.factories.workbench import Api
from tests.unit.commands.running import json_of, run_command

Change = tuple[str, str]


def v2(api: Api, path: str) -> str:
    """An address in the second version."""
    return f"{api.url}alm/api/v2{path}"


def test_the_same_resource_in_both(api: Api) -> None:
    """A resource that did not change answers the same in either version."""
    one, two = api.get("/projects", who="viewer"), api.get(v2(api, "/projects"), who="viewer")
    assert one.status == two.status == 200
    assert one.json == two.json
    assert api.get(v2(api, "/ping"), who=None).json["status"] == "ok"
    problem(api.get("/ping", who=None), 404)
    problem(api.get(f"{api.url}alm/api/v3/projects"), 404)


def test_a_deprecated_route_says_so(api: Api) -> None:
    """Since when, until when, and the address of what takes its place, which works; the successor says nothing."""
    path = f"/projects/{api.bench.acme.project.id}/activations"
    old = api.get(path)
    assert old.status == 200
    since = datetime.fromtimestamp(int(old.headers["deprecation"].removeprefix("@")), UTC)
    sunset = parsedate_to_datetime(old.headers["sunset"])
    assert sunset - since >= MIN_NOTICE
    address, _, relation = old.headers["link"].partition("; ")
    assert relation == 'rel="successor-version"'
    new = api.get(api.url.rstrip("/") + address.strip("<>"))
    assert new.json["items"] == old.json
    assert not {"deprecation", "sunset", "link"} & set(new.headers)
    strange = api.get(f"{path.rsplit('/', 2)[0]}/%C4%9F%0D%0AX-Evil:%201/activations")
    assert (strange.status, strange.headers.get("x-evil")) == (422, None)
    head = talk(api.port, request("HEAD", f"/alm/api/v1{path}", f"Authorization: Bearer {api.token()}"))
    assert head.headers["deprecation"] == old.headers["deprecation"]
    listed = document(1)["paths"]["/alm/api/v1/projects/{project_id}/activations"]["get"]
    assert (listed["deprecated"], "Sunset" in listed["responses"]["200"]["headers"]) == (True, True)
    assert "deprecated" not in document(2)["paths"]["/alm/api/v2/projects/{project_id}/activations"]["get"]


def test_the_client_asks_the_version_a_message_stands_in(api: Api) -> None:
    """Messages of the second version go there, page by page."""
    mediator = HttpMediator(api.url, api.token("viewer"))
    page = mediator.query(ActivationHistory(api.bench.acme.project.id, limit=1))
    assert [item.project_id for item in page.items] == [api.bench.acme.project.id]
    mediator.close()


def test_the_announced_deprecations_are_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    """``alm api deprecations --check`` is part of what must hold."""
    code, out, _ = run_command(capsys, "api", "deprecations", "--check")
    assert (code, "/activations" in out) == (0, True)
    assert json_of(capsys, "api", "deprecations")["problems"] == []


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Deprecation(date(2026, 1, 1), date(2026, 3, 1), "GET /projects"), "promised"),
        (Deprecation(date(2025, 1, 1), date(2025, 12, 31), "GET /projects"), "past its sunset"),
        (Deprecation(date(2026, 1, 1), date(2027, 1, 1), "GET /ghosts"), "does not have"),
        (Deprecation(date(2026, 1, 1), date(2027, 1, 1), "GET /projects", version=2), "does not have"),
    ],
)
def test_deprecations_out_of_order_are_found(told: Deprecation, words: str) -> None:
    """Too little notice, overdue, or with a successor that is not there."""
    specs = [replace(s, deprecated=told) if s.name == "ListManifests" else s for s in REGISTRY.public()]
    found = problems(specs, date(2026, 6, 1))
    assert [text for text in found if words in text and "ListManifests" in text]
    fine = Deprecation(date(2026, 1, 1), date(2026, 1, 1) + MIN_NOTICE, "GET /projects")
    assert not problems([replace(REGISTRY.named("ListManifests"), deprecated=fine), REGISTRY.named("ListProjects")],
                        date(2026, 1, 1) + timedelta(days=1))  # fmt: skip


def changed(*path: str, to: Any = None, drop: bool = False) -> list[Change]:
    """What is said of one change in the document."""
    before = json.loads(json.dumps(document(1)))
    after = copy.deepcopy(before)
    place = after
    for name in path[:-1]:
        place = place[name]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return [(change.kind, change.text) for change in compare(before, after)]


CREATE = ("paths", "/alm/api/v1/projects/{project_id}/artifacts", "post")
BODY = (*CREATE, "requestBody", "content", "application/json", "schema")
ITEM = ("components", "schemas", "ArtifactDTO")


def test_nothing_changed() -> None:
    """A document does not differ from itself, and both versions from each other only where they should."""
    assert compare(document(1), document(1)) == []
    one = document(1)
    two = json.loads(json.dumps(document(2)).replace("/api/v2/", "/api/v1/"))
    assert {change.where.split(" ")[1] for change in compare(one, two)} == {
        "/alm/api/v1/ping",
        "/alm/api/v1/projects/{project_id}/activations",
    }


def test_what_breaks_is_told_from_what_does_not() -> None:
    """Required members, lost routes, members, values and types break; what is more of the same does not."""
    assert changed(*CREATE, drop=True) == [("breaking", "the route is gone")]
    required = [
        *document(1)["paths"][CREATE[1]]["post"]["requestBody"]["content"]["application/json"]["schema"]["required"]
    ]
    assert changed(*BODY, "required", to=[*required, "fields"]) == [("breaking", "the member is required now")]
    assert changed(*BODY, "properties", "colour", to={"type": "string"}) == [("added", "a new member")]
    assert changed(*BODY, "properties", "title", drop=True) == [("breaking", "the member is gone")]
    assert changed(*BODY, "properties", "title", to={"type": "integer"}) == [
        ("breaking", "does not take string any more")
    ]
    assert ("breaking", "the member is gone") in changed(*ITEM, "properties", "key", drop=True)
    assert set(changed(*ITEM, "properties", "colour", to={"type": "string"})) == {("added", "a new member")}
    nullable = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert set(changed(*ITEM, "properties", "title", to=nullable)) == {("breaking", "may be null now")}
    find = ("paths", "/alm/api/v1/projects/{project_id}/artifacts", "get", "parameters")
    parameters = document(1)["paths"][find[1]]["get"]["parameters"]
    category = next(n for n, item in enumerate(parameters) if item["name"] == "category")
    fewer = [*parameters[:category], {**parameters[category], "schema": {"enum": ["todo"], "type": "string"}},
             *parameters[category + 1 :]]  # fmt: skip
    assert changed(*find, to=fewer) == [("breaking", "done, in_progress is gone")]
    needed = [*parameters, {"name": "view", "in": "query", "required": True, "schema": {"type": "string"}}]
    assert changed(*find, to=needed) == [("breaking", "a new parameter that is required")]
    optional = [*parameters, {"name": "view", "in": "query", "required": False, "schema": {"type": "string"}}]
    assert changed(*find, to=optional) == [("added", "a new parameter")]
    assert changed(*CREATE, "deprecated", to=True) == [("deprecated", "deprecated")]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``alm api diff``: 1 when something breaks, 0 when not, 2 on a file that is no document; Markdown on request."""
    code, out, _ = run_command(capsys, "api", "openapi")
    assert code == 0
    new = json.loads(out)
    old = copy.deepcopy(new)
    old["paths"]["/alm/api/v1/gone"] = {"get": {"responses": {"200": {}}}}
    files = []
    for name, data in (("old", old), ("new", new), ("none", {})):
        files.append(str(tmp_path / f"{name}.json"))
        Path(files[-1]).write_text(json.dumps(data), "utf-8")
    code, out, _ = run_command(capsys, "api", "diff", files[0], files[1])
    assert (code, "the route is gone" in out) == (1, True)
    assert run_command(capsys, "api", "diff", files[1], files[1])[:2] == (0, "No change.\n")
    assert run_command(capsys, "api", "diff", files[1], files[0])[0] == 0
    assert run_command(capsys, "api", "diff", files[1], files[2])[0] == 2
    code, out, _ = run_command(capsys, "api", "diff", files[0], files[1], "--markdown", "--title", "1.1")
    assert (code, out.splitlines()[:3]) == (1, ["## 1.1", "", "### Breaking"])
    assert markdown([], "1.2").endswith("No change.\n")
    assert json.loads(run_command(capsys, "api", "openapi", "--version", "2")[1])["info"]["version"].startswith("2.")
