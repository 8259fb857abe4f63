"""Explanations in a notebook, over a real server: for oneself, for others, for another time, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

import alm_workbench as alm
from alm_workbench import i18n
from alm_workbench.errors import AccessDenied, InvalidInput
from alm_workbench.notebook.access import moment
from alm_workbench.notebook.workbench import Workbench
from tests.factories.workbench import PASSWORD, Api


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALM_LANG", "en")


def as_person(api: Api, role: str) -> Workbench:
    return alm.connect(api.url, email=f"{role}@acme.example", password=PASSWORD)


@pytest.fixture
def owner(api: Api) -> Iterator[Workbench]:
    with as_person(api, "owner") as workbench:
        yield workbench


@pytest.fixture
def change(owner: Workbench) -> Any:
    """A change request with a cost that is for managers, and a title that looks like markup."""
    project = owner.projects["DEMO"]
    return project.artifacts.create("change_request", "<b>Cheaper</b> brakes", cost_estimate=12345)


class Texts(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_an_explanation_is_an_answer_and_a_table(owner: Workbench, change: Any) -> None:
    """True or false by itself, with the rule, the chain, fields and everybody as tables that become data frames."""
    found = owner.explain("engineer@acme.example", "update", change, who_can="update")
    assert bool(found) is found.allowed is True
    assert found.rule is not None
    assert found.chain.to_frame()["room"].tolist()[:2] == ["membership", "roles"]
    fields = found.fields.to_frame().set_index("field")
    cost = next(f for f in found.dto.fields if f.field == "cost_estimate")
    assert (cost.visible, cost.visible_rule) == (False, "costs_for_managers")
    assert len(fields) == len(found.dto.fields)
    may = found.who.to_frame().set_index("email")["allowed"]
    assert may["manager@acme.example"]
    assert not may["viewer@acme.example"]


def test_how_it_looks(owner: Workbench, change: Any) -> None:
    """Text and HTML name rule and line, hold what was asked, and escape everything."""
    found = change.explain("update", "viewer@acme.example", who_can="update")
    assert not found
    said = repr(found)
    assert said.startswith("No: Viewer of acme may not update")
    assert "✗ privilege" in said
    page = Texts(found._repr_html_())
    assert "artifact:update" in page.text
    assert page.tags.count("table") == 2
    assert "b" not in page.tags
    assert "engineer@acme.example" in page.text


def test_turkish(owner: Workbench, change: Any) -> None:
    """The same answer in the reader's language."""
    token = i18n.use_here("tr")
    try:
        found = owner.explain(None, "read", change)
        assert repr(found).startswith("Evet")
        assert "✓ üyelik" in repr(found)
        assert "erişim kuralı" in found._repr_html_()
    finally:
        i18n._chosen.reset(token)


def test_oneself_without_a_name_and_others_with_the_privilege_only(api: Api, change: Any) -> None:
    """Everybody may ask about himself, by nothing, ``"me"`` or his own address."""
    with as_person(api, "engineer") as workbench:
        item = workbench.projects["DEMO"].artifacts[change.key]
        for me in (None, "me", "engineer@acme.example", workbench.me):
            assert workbench.explain(me, "read", item)
        assert "12345" not in repr(workbench.explain(None, "read", item).dto)
        assert not workbench.explain(None, "member:invite")
        assert item.access().visible_fields
        with pytest.raises(AccessDenied):
            workbench.explain("owner@acme.example", "read", item)


def test_another_time(owner: Workbench, change: Any) -> None:
    """A moment as a date, a text or a datetime; nonsense is told."""
    found = owner.explain(None, "read", change, at=datetime.now(UTC))
    assert found.dto.notes
    assert moment("2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    assert moment("2026-01-31T12:00:00+03:00") == datetime(2026, 1, 31, 9, tzinfo=UTC)
    with pytest.raises(InvalidInput, match="no moment"):
        owner.explain(None, "read", change, at="yesterday")
    with pytest.raises(InvalidInput):
        owner.explain(None, "read", "REQ-1")


def test_the_decision_log_is_filtered(api: Api, owner: Workbench, change: Any) -> None:
    """By actor, rule, command and time; pages go on where they stopped."""
    start = datetime.now(UTC)
    with as_person(api, "viewer") as viewer:
        for _ in range(3):
            with pytest.raises(AccessDenied):
                viewer.api.artifacts.delete(artifact_id=change.id, expected_version=1)
    log = owner.audit.decisions(actor="viewer@acme.example", since=start)
    assert {d.rule_id for d in log} == {"artifact:delete"}
    assert len(log) == 3
    assert {d.command for d in log} == {"DeleteArtifact"}
    assert len(owner.audit.decisions(rule="artifact:delete", command="DeleteArtifact", since=start)) == 3
    assert len(owner.audit.decisions(actor="engineer@acme.example", since=start)) == 0
    assert len(owner.audit.decisions(actor="viewer@acme.example", until=start, since=start)) == 0
    first = owner.api.audit.decisions(actor_id=log[0].actor_id, since=start, limit=2)
    second = owner.api.audit.decisions(actor_id=log[0].actor_id, since=start, limit=2, cursor=first.next_cursor)
    assert [d.id for d in (*first.items, *second.items)] == [d.id for d in log]
    assert second.next_cursor is None
