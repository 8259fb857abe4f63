"""The widgets' side in the kernel: the page asks, Python answers through the connection, over a real server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

import alm_workbench as alm
from alm_workbench import resources
from alm_workbench.notebook.widgets import (
    AdminPanel,
    AuditTimeline,
    LoginWidget,
    RegisterWidget,
    TenantSwitcher,
)
from alm_workbench.notebook.widgets.base import AlmWidget
from alm_workbench.notebook.workbench import Workbench
from alm_workbench.shared.messages import REGISTRY
from tests.factories.packages import ROOT
from tests.factories.workbench import PASSWORD, Api

UI = ROOT / "extensions" / "ui" / "src" / "widgets"


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALM_LANG", "en")


@pytest.fixture
def owner(api: Api) -> Iterator[Workbench]:
    """The owner of acme over HTTP."""
    with alm.connect(api.url, api.token("owner")) as workbench:
        yield workbench


def heard(widget: AlmWidget, message: str, **values: Any) -> dict[str, Any]:
    """What a page gets back through the widget's channel, as the browser would."""
    sent: list[Any] = []
    widget.send = sent.append
    widget._handle_custom_msg({"id": "q1", "message": message, "values": values}, [])
    (answer,) = sent
    assert answer.pop("id") == "q1"
    json.dumps(answer)  # it crosses the channel as JSON
    return answer  # type: ignore[no-any-return]


def test_the_routes_of_the_pages_are_those_of_the_messages() -> None:
    """What widgets ask in a page (routes.ts) is where the server listens, for every message that they send."""
    table = dict(re.findall(r"^  (\w+): \['(\w+ ?)', '", (UI / "routes.ts").read_text("utf-8"), re.M))
    rows = re.findall(r"^  (\w+): \['(\w+)', '([^']+)'\]", (UI / "routes.ts").read_text("utf-8"), re.M)
    assert len(rows) == len(table) > 20
    for name, method, path in rows:
        spec = REGISTRY.named(name)
        assert (spec.method, spec.path) == (method, f"/{path}"), name
    asked = AdminPanel.ASKS | AuditTimeline.ASKS | TenantSwitcher.ASKS
    assert asked <= {name for name, _, _ in rows}


def test_every_widget_asks_only_for_what_its_page_sends() -> None:
    """The list of a widget names what its code really sends: nothing more can be asked through it."""
    admin = "".join(file.read_text("utf-8") for file in (UI / "admin").glob("*.ts") if ".test." not in file.name)
    sent = {name for name in re.findall(r"'(\w+)'", admin) if name in {s.name for s in REGISTRY.all()}}
    assert sent == set(AdminPanel.ASKS)
    timeline = (UI / "timeline.ts").read_text("utf-8")
    assert {name for name in AuditTimeline.ASKS if f"'{name}'" in timeline} == AuditTimeline.ASKS


def test_the_bundle_is_built_and_read_from_the_package() -> None:
    """Every widget carries the same self-contained module, which asks nobody outside."""
    source = resources.static_file("alm-widgets.js").read_text("utf-8")
    assert AuditTimeline("Artifact", "00000000-0000-0000-0000-000000000001")._esm == source
    assert not re.search(r"""(from|import\()\s*["']https?:""", source)
    assert "innerHTML" not in source


def test_a_history_is_asked_with_its_diff_and_versions(owner: Workbench) -> None:
    """History, a whole version and the difference of two come through the channel as the API has them."""
    item = owner.projects["DEMO"].artifacts.create("Task", title="First")
    item.update(title="<b>Second</b>")
    widget = owner.audit.timeline(item)
    values = {"entity_type": "Artifact", "entity_id": str(item.id)}
    history = heard(widget, "EntityHistory", **values, limit=10, cursor=None)
    assert history["ok"]
    newest, oldest = history["value"]["items"]
    assert (newest["version"], oldest["change_type"]) == (2, "INITIAL")
    assert {"property": "title", "left": "First", "right": "<b>Second</b>"} in newest["changes"]
    whole = heard(widget, "GetSnapshot", **values, version=1)
    assert whole["value"]["payload"]["title"] == "First"
    between = heard(widget, "DiffSnapshots", **values, **{"from": 1, "to": 2})
    assert [c["property"] for c in between["value"]["changes"]] == ["title"]


def test_errors_come_as_problems(owner: Workbench, api: Api) -> None:
    """A refusal, an unknown id, a message outside the list and nonsense are all answered, with a reference."""
    item = owner.projects["DEMO"].artifacts.create("Task", title="Seen")
    with alm.connect(api.url, api.token("viewer")) as viewer:
        asked = {"entity_type": "Artifact", "entity_id": str(item.id)}
        refused = heard(AuditTimeline("Artifact", item.id, workbench=viewer), "EntityHistory", **asked)
        assert (refused["ok"], refused["problem"]["status"]) == (False, 403)
        assert refused["problem"]["correlation_id"]
    widget = owner.audit.timeline(item)
    assert heard(widget, "ListMembers")["problem"]["status"] == 422
    assert heard(widget, "EntityHistory", entity_type="Artifact", entity_id="no id")["problem"]["status"] == 422
    widget.send = None
    widget._handle_custom_msg("nonsense", [])  # who does not say what is asked gets no answer


def test_a_log_in_through_the_form(api: Api) -> None:
    """The form's log-in connects; the password stays neither in the widget's state nor in its answer."""
    widget = LoginWidget(api.url, variable=None)
    wrong = heard(widget, "login", email="engineer@acme.example", password="wrong", tenant=None)
    assert wrong["problem"]["status"] == 401
    right = heard(widget, "login", email="engineer@acme.example", password=PASSWORD, tenant=None)
    assert right["value"]["tenant_slug"] == "acme"
    assert widget.workbench.projects.keys() == ["DEMO"]
    assert PASSWORD not in json.dumps([right, widget.get_state()], default=str)
    widget.workbench.close()


def test_registration_by_invitation(api: Api, owner: Workbench) -> None:
    """The code of an invitation makes an account for its address; without one the registration is refused."""
    made = owner.members.invite("eve@acme.example", "viewer")
    person = {"email": "eve@acme.example", "display_name": "Eve", "password": "seven green ladders", "locale": "en"}
    refused = heard(RegisterWidget(api.url), "register", **person, invitation=None)
    assert not refused["ok"]
    done = heard(RegisterWidget(api.url, token=made.token), "register", **person, invitation=made.token)
    assert done["value"]["email"] == "eve@acme.example"
    with alm.connect(api.url, email="eve@acme.example", password="seven green ladders") as eve:
        assert eve.me.roles == ("viewer",)


def test_administration_changes_by_the_version_that_was_seen(owner: Workbench) -> None:
    """A member changed by somebody else meanwhile is refused, and nothing is lost."""
    panel = owner.admin()
    members = heard(panel, "ListMembers")["value"]
    reviewer = next(m for m in members if m["email"] == "reviewer@acme.example")
    change = {"membership_id": reviewer["membership_id"], "expected_version": reviewer["version"]}
    assert heard(panel, "UpdateMember", **change, roles=["viewer"])["ok"]
    stale = heard(panel, "UpdateMember", **change, roles=["owner"])
    assert stale["problem"]["status"] == 409
    assert heard(panel, "GetSubscription")["value"]["quotas"]
    assert heard(panel, "ListDecisions", verdict="deny", limit=5, cursor=None)["ok"]


def test_in_a_light_dashboard_it_is_an_element_without_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the browser asks with the viewer's own session; what is written into the page is escaped."""
    monkeypatch.setenv("ALM_DASHBOARD", "1")
    identity = "00000000-0000-0000-0000-000000000001"
    shown = AuditTimeline("Artifact", identity, caption='"><script>')._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    assert shown["text/html"].startswith("<alm-audit-timeline ")
    assert "<script>" not in shown["text/html"]
