"""Log-in tickets, the way on after a log-in, and what the log-in pages say."""

from __future__ import annotations

import asyncio
import re
import stat
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from alm_workbench.dashboards.texts import PAGE_TEXTS
from alm_workbench.server.identity import AlmIdentityProvider, Owner, load_cookie_secret
from alm_workbench.server.login import MAX_CHOICES, PendingChoices, environment, safe_next
from alm_workbench.server.login_texts import LOGIN_TEXTS
from alm_workbench.server.sessions import Ticket, ticket_of
from tests.integration.dashboards.people import ACME, ALICE, BOB, GLOBEX, MIRA, People


def ticket(user_id: UUID = ALICE.user_id, **more: Any) -> Ticket:
    return Ticket(user_id, more.get("session_id", UUID(int=7)), more.get("at", 1_700_000_000.0))


def test_a_ticket_survives_the_cookie() -> None:
    assert Ticket.load(ticket().dump()) == ticket()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"u": "x"}', '{"u": 1, "s": 3, "i": 4}', '"x"'])
def test_anything_else_is_no_ticket(text: str) -> None:
    with pytest.raises(ValueError):
        Ticket.load(text)


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        ("/lab/tree/x?y=1#z", "/", "/lab/tree/x?y=1#z"),
        ("/hub/user/lab", "/hub/user/", "/hub/user/lab"),
        ("/other", "/hub/user/", "/hub/user/"),
        ("https://evil.example", "/", "/"),
        ("//evil.example/x", "/", "/"),
        ("///evil.example", "/", "/"),
        ("/\\evil.example", "/", "/"),
        ("\\\\evil.example", "/", "/"),
        ("javascript:alert(1)", "/", "/"),
        ("/\t/evil.example", "/", "/"),
        ("/x\r\nSet-Cookie: a=b", "/", "/"),
        ("lab", "/", "/"),
        ("", "/", "/"),
        ("/login?next=/login", "/", "/"),
        ("/logout", "/", "/"),
    ],
)
def test_the_way_on_is_a_path_of_this_server(url: str, base: str, expected: str) -> None:
    assert safe_next(url, base) == expected


def provider(people: People, **bound: Any) -> AlmIdentityProvider:
    made = AlmIdentityProvider(token="t")
    made.bind(people, **bound)
    return made


@pytest.mark.parametrize(
    ("person", "tenant", "lab"),
    [(ALICE, ACME, True), (BOB, ACME, False), (MIRA, ACME, True), (MIRA, GLOBEX, False)],
)
def test_lab_is_for_the_owner_and_for_members_of_the_owners_tenant_who_hold_the_privilege(
    person: Any, tenant: UUID, lab: bool
) -> None:
    people = People()
    made = provider(people, owner=Owner(ALICE.user_id, ACME))
    session = people.open_session(person.user_id, tenant, 1)
    user = asyncio.run(made.user_of(ticket(person.user_id, session_id=session.session_id)))
    assert user is not None
    assert user.uses_lab is lab
    assert provider(People(), owner=Owner(ALICE.user_id, ACME), lab_here=False).lab_here is False


@pytest.mark.parametrize(
    ("person", "target", "bound", "expected"),
    [
        (BOB, "/", {"dashboards_url": "http://d/"}, "http://d/"),
        (BOB, "/lab/tree/x", {"dashboards_url": "http://d/"}, "/lab/tree/x"),
        (ALICE, "/", {"dashboards_url": "http://d/"}, "/"),
        (BOB, "/", {}, "/"),
        (BOB, "/", {"dashboards_url": "http://d/", "lab_here": False}, "/"),
    ],
)
def test_whoever_may_not_open_lab_is_led_to_the_dashboards(
    person: Any, target: str, bound: dict[str, Any], expected: str
) -> None:
    """A first log-in does not end at a refusal; a page somebody asked for is still answered."""
    people = People()
    made = provider(people, owner=Owner(ALICE.user_id, ACME), **bound)
    session = ticket_of(people.open_session(person.user_id, ACME, 1))
    assert asyncio.run(made.way_in(session, target, "/")) == expected
    assert asyncio.run(made.way_in(None, target, "/")) == target


def test_a_suspended_member_and_an_ended_session_are_out() -> None:
    people = People()
    made = provider(people)
    mine = [ticket_of(people.open_session(ALICE.user_id, ACME, 1)) for _ in range(2)]
    users = [asyncio.run(made.user_of(one)) for one in mine]
    assert all(users)
    people.sessions.pop(mine[0].session_id)
    assert [asyncio.run(made.user_of(one)) is None for one in mine] == [True, False]
    people.suspended.add(ALICE.user_id)
    assert asyncio.run(made.user_of(mine[1])) is None


def test_a_ticket_is_good_for_its_own_person_only() -> None:
    """A session's row says whose it is, whatever a cookie claims."""
    people = People()
    session = people.open_session(ALICE.user_id, ACME, 1)
    assert asyncio.run(provider(people).user_of(Ticket(BOB.user_id, session.session_id, time.time()))) is None


def test_what_is_remembered_is_not_asked_again() -> None:
    """A page with a hundred files asks the database once."""
    people, asked = People(), []
    session = people.open_session(ALICE.user_id, ACME, 1)
    principal = people.of_session(session.session_id)
    people.remembered = lambda session_id: (True, principal)  # type: ignore[method-assign]
    people.of_session = lambda session_id: asked.append(session_id)  # type: ignore[method-assign]
    assert asyncio.run(provider(people).user_of(ticket_of(session))) is not None
    assert asked == []


def test_a_session_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    made = provider(People())
    for hours, valid in ((0, True), (11.9, True), (12.1, False), (-1, False)):
        text = ticket(at=time.time() - hours * 3600).dump().encode()
        handler: Any = SimpleNamespace(
            settings={"cookie_secret": b"x"}, get_secure_cookie=lambda *_, text=text, **__: text
        )
        assert (made.read_cookie(handler) is not None) is valid


def test_servers_of_one_installation_share_the_cookies_name_and_others_do_not() -> None:
    made = provider(People())
    names = [made.get_cookie_name(SimpleNamespace(settings={"cookie_secret": s})) for s in (b"a", b"a", b"b")]  # type: ignore[arg-type]
    assert names[0] == names[1] != names[2]


def test_the_cookie_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = load_cookie_secret(tmp_path)
    assert first == load_cookie_secret(tmp_path)
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "cookie.key").stat().st_mode) == 0o600


def test_a_pending_choice_works_once_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = PendingChoices()
    first, second = (waiting.put("a@b", "secret", [{"slug": "x", "name": "X"}]) for _ in range(2))
    assert waiting.take(first) is not None
    assert waiting.take(first) is None
    later = time.monotonic() + 121
    monkeypatch.setattr("alm_workbench.server.login.time", SimpleNamespace(monotonic=lambda: later))
    assert waiting.take(second) is None


def test_pending_choices_do_not_pile_up() -> None:
    waiting = PendingChoices()
    tickets = [waiting.put("a@b", "secret", []) for _ in range(MAX_CHOICES + 20)]
    assert sum(waiting.take(key) is not None for key in tickets) <= MAX_CHOICES


@pytest.mark.parametrize("texts", [LOGIN_TEXTS, PAGE_TEXTS])
def test_every_text_exists_in_both_languages(texts: Any) -> None:
    assert texts["en"].keys() == texts["tr"].keys()
    assert all(text.strip() for by_key in texts.values() for text in by_key.values())


def test_the_pages_escape_what_people_typed() -> None:
    values = {"t": LOGIN_TEXTS["en"], "lang": "en", "languages": {"en": "English"}, "nonce": "n", "base_url": "/"}
    form = {
        "xsrf": "x",
        "next": '"><script>',
        "next_query": "",
        "error": "wrong",
        "notice": "",
        "choice": "",
        "tenants": (),
    }
    page = environment().get_template("login.html").render(**values, **form, email='"><script>alert(1)</script>')
    assert "<script>" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_nobody_is_known_before_the_application_is_there() -> None:
    from tornado.web import HTTPError

    with pytest.raises(HTTPError) as caught:
        asyncio.run(AlmIdentityProvider(token="t").user_of(ticket(uuid4())))
    assert caught.value.status_code == 503
