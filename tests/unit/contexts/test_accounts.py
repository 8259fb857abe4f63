"""Tokens, passwords, addresses and memories, without a database."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.contexts.auth.domain import (
    ALGORITHM,
    ISSUER,
    LIFETIMES,
    AuthOptions,
    Passwords,
    PrincipalMemory,
    Tokens,
    digest,
    new_secret,
)
from alm_workbench.contexts.auth.mail import SmtpMailer
from alm_workbench.contexts.auth.rules import (
    checked_email,
    checked_name,
    looked_up_email,
    password_problem,
)
from alm_workbench.errors import AuthenticationFailed, ConfigurationError, InvalidInput
from alm_workbench.shared.caller import MAX_CLIENT, Caller
from alm_workbench.shared.mediator import NOBODY

SECRET = "s" * 64
USER, TENANT, SESSION = UUID(int=1), UUID(int=2), UUID(int=3)
tokens = Tokens(SECRET)


def claims(**more: Any) -> dict[str, Any]:
    """What a good user token says; None leaves a claim out."""
    now = datetime.now(UTC)
    said = {
        "iss": ISSUER,
        "sub": str(USER),
        "tid": str(TENANT),
        "use": "user",
        "sid": str(SESSION),
        "iat": now,
        "exp": now + timedelta(minutes=5),
        "jti": uuid4().hex,
    }
    return {name: value for name, value in (said | more).items() if value is not None}


def signed(secret: str = SECRET, algorithm: str = ALGORITHM, **more: Any) -> str:
    """A token with these claims."""
    return jwt.encode(claims(**more), secret, algorithm=algorithm)


def missing(name: str) -> dict[str, Any]:
    """What leaves one claim out."""
    return {name: None}


def unsigned(**more: Any) -> str:
    """A token with `alg: none`."""
    said = {k: int(v.timestamp()) if isinstance(v, datetime) else v for k, v in claims(**more).items()}
    parts = ({"alg": "none", "typ": "JWT"}, said)
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + "."


def test_a_users_token_names_its_session_and_lives_a_quarter_of_an_hour() -> None:
    """What is issued is read back."""
    token, expires = tokens.issue(USER, TENANT, session_id=SESSION)
    read = tokens.read(token)
    assert (read.user_id, read.tenant_id, read.kind, read.session_id) == (USER, TENANT, "user", SESSION)
    assert LIFETIMES["user"] == timedelta(minutes=15)
    assert timedelta(minutes=14) < expires - datetime.now(UTC) <= timedelta(minutes=15)


@pytest.mark.parametrize(
    "token",
    [
        unsigned(),
        unsigned()[:-1],
        signed("x" * 64),
        signed(algorithm="HS512"),
        signed(iss="somebody"),
        signed(use="refresh"),
        signed(use="admin", bnd="x"),
        signed(use=["user"]),
        signed(use="kernel"),
        signed(use="owner"),
        signed(sub="nobody"),
        signed(tid="acme"),
        signed(tid=["x"]),
        signed(sid="x"),
        signed(exp=datetime.now(UTC) - timedelta(seconds=2)),
        signed(exp=10**18),
        *(signed(**missing(name)) for name in ("iss", "sub", "tid", "use", "sid", "iat", "exp", "jti")),
        signed() + "x",
        signed().replace(".", "", 1),
        "",
        "a.b.c",
        "ğ.ü.ş",
        "almr_" + "x" * 43,
    ],
)
def test_any_other_token_is_refused(token: str) -> None:
    """Algorithm, key, issuer, use, time and every claim are checked."""
    with pytest.raises(AuthenticationFailed):
        tokens.read(token)


def test_a_clock_that_steps_back_throws_nobody_out() -> None:
    """A token that seems to come from the future is good until it expires."""
    assert tokens.read(signed(iat=datetime.now(UTC) + timedelta(hours=1))).user_id == USER


@given(st.binary(max_size=200))
def test_rubbish_is_refused_and_nothing_else(raw: bytes) -> None:
    """Whatever comes as a token, the answer is a refusal."""
    with pytest.raises(AuthenticationFailed):
        tokens.read(raw.decode("latin-1"))


def test_checking_nobody_costs_what_checking_somebody_costs() -> None:
    """The unknown address runs the same hash with the same parameters, and never fits."""
    passwords = Passwords()
    encoded = passwords.hash("correct horse battery")
    real: list[float] = []
    nobody: list[float] = []
    for _ in range(2):
        for known, spent in ((encoded, real), (None, nobody)):
            begun = time.process_time()
            assert not passwords.verify(known, "wrong horse battery")
            spent.append(time.process_time() - begun)
    assert 0.5 < min(nobody) / min(real) < 2
    assert passwords.verify(encoded, "correct horse battery")
    assert not passwords.outdated(encoded)
    assert passwords.outdated("$argon2id$v=19$m=8,t=1,p=1$" + "A" * 22 + "$" + "A" * 43)


def test_secrets_are_kept_as_digests() -> None:
    """256 random bits, and nothing of them in what is stored."""
    one, other = new_secret("almr_"), new_secret("almr_")
    assert one != other
    assert len(one) == len("almr_") + 43
    assert digest(one) != digest(other)
    assert one.encode() not in digest(one)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short1!", "too-short"),
        ("x" * 1025, "too-long"),
        ("lovelace1815", "own-data"),
        ("password123!", "common"),
        ("zxcvbnm,./qwer", "keyboard"),
        ("aaaaaaaaaaaaaa", "repeated"),
        ("abcdefghijkl", "sequence"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, code: str) -> None:
    """Short, or what an attacker tries first."""
    problem = password_problem(password, ["ada@lovelace.example", "Ada Lovelace"])
    assert problem is not None
    assert problem.code == code, problem
    assert problem.path == "/password"


@pytest.mark.parametrize("password", ["correct horse battery", "yeşil fener 7 kaplumbağa", "3b7f-91cc-d02a-55e1"])
def test_several_words_and_random_ones_are_good(password: str) -> None:
    """No rule about capitals and digits; blanks and other alphabets are welcome."""
    assert password_problem(password, ["ada@lovelace.example", "Ada Lovelace"]) is None


def test_a_long_password_is_judged_quickly() -> None:
    """A thousand characters are no work for the judge."""
    begun = time.process_time()
    password_problem("correct horse " * 70, [])
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("owner@localhost.local", "owner@localhost.local"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
    ],
)
def test_addresses_are_kept_in_one_form(typed: str, kept: str) -> None:
    """Lower case, ASCII; what looks alike in another alphabet stays another address."""
    assert checked_email(typed) == looked_up_email(typed) == kept


@pytest.mark.parametrize("typed", ["", "ada", "@x.example", "a b@x.example", "a@x..example", "a@x\r\nBcc: b@y.example"])
def test_what_is_no_address_is_refused_and_finds_nothing(typed: str) -> None:
    """With its place; a log-in with it costs no error of its own."""
    with pytest.raises(InvalidInput) as error:
        checked_email(typed)
    assert error.value.errors[0].path == "/email"
    assert isinstance(looked_up_email(typed), str)


@given(st.text(max_size=300))
def test_looking_up_takes_any_text(typed: str) -> None:
    """Never an error, never a NUL, never an upper case letter of ASCII."""
    found = looked_up_email(typed)
    assert "\x00" not in found
    assert not any("A" <= c <= "Z" for c in found)


def test_names_have_no_control_characters() -> None:
    """Blanks are folded; a bidirectional override is refused."""
    assert checked_name("  Ada   Lovelace ") == "Ada Lovelace"
    for name in ("", "   ", "x" * 201, "Ada\u202eecalevoL", "Ada\x07"):
        with pytest.raises(InvalidInput):
            checked_name(name)


def test_a_memory_forgets_after_a_while_and_when_told() -> None:
    """Within its seconds nobody is asked again; None is an answer too."""
    now, asked = [0.0], []

    def load() -> None:
        asked.append(now[0])

    memory = PrincipalMemory(4, clock=lambda: now[0])
    for moment in (0.0, 3.9, 4.0, 5.0):
        now[0] = moment
        memory.recall("s", load)
    assert asked == [0.0, 4.0]
    assert memory.peek("s") == (True, None)
    memory.forget("s")
    assert memory.peek("s") == (False, None)
    memory.recall("s", load)
    memory.forget()
    assert memory.peek("s") == (False, None)


def test_what_was_looked_up_before_a_change_is_not_remembered_after_it() -> None:
    """The answer of a look-up that was under way when a session ended may be wrong already."""
    memory = PrincipalMemory(4)

    def slow() -> Any:
        memory.forget("s")  # somebody ends the session meanwhile
        return NOBODY

    assert memory.recall("s", slow) is NOBODY
    assert memory.peek("s") == (False, None)


def test_a_memory_does_not_grow_without_end() -> None:
    """Beyond its limit it begins again."""
    memory = PrincipalMemory(60, limit=10)
    for n in range(25):
        memory.recall(n, lambda: None)
    assert sum(memory.peek(n)[0] for n in range(25)) <= 10


def test_who_may_register_is_a_setting() -> None:
    """By invitation unless something else is said; a typo is no open door."""
    assert AuthOptions.of({}).registration == "invited"
    assert AuthOptions.of({"ALM_REGISTRATION": " Open "}).registration == "open"
    with pytest.raises(ConfigurationError, match="may be open, invited or closed"):
        AuthOptions.of({"ALM_REGISTRATION": "opne"})


def test_links_in_mails_begin_with_an_address_that_is_set() -> None:
    """Never with what a request says its host is."""
    with pytest.raises(ConfigurationError, match="ALM_PUBLIC_URL"):
        AuthOptions.of({"ALM_SMTP_URL": "smtp://x?from=a@b.example"})
    with pytest.raises(ConfigurationError, match="https"):
        AuthOptions.of({"ALM_PUBLIC_URL": "alm.example.org"})
    both = {"ALM_SMTP_URL": "smtp://x?from=a@b.example", "ALM_PUBLIC_URL": "https://alm.example.org/x"}
    assert AuthOptions.of(both).public_url == "https://alm.example.org/x/"


def test_a_mail_servers_address() -> None:
    """Scheme, port, credentials and sender in one; a wrong one shows no password."""
    mailer = SmtpMailer.of("smtps://me%40x:p%2Fw@mail.example.org?from=alm@example.org")
    assert (mailer.host, mailer.port, mailer.user, mailer.password, mailer.tls) == (
        "mail.example.org",
        465,
        "me@x",
        "p/w",
        True,
    )
    assert SmtpMailer.of("smtp://h?from=a@b.example").port == 587
    for url in (
        "http://h?from=a@b",
        "smtp://h",
        "smtp://?from=a@b",
        "smtp://u:hunter2@h:x?from=a@b",
        "smtp://h?from=a",
    ):
        with pytest.raises(ConfigurationError) as error:
            SmtpMailer.of(url)
        assert "hunter2" not in str(error.value)


def test_what_a_request_says_of_itself_is_cut() -> None:
    """Neither long nor with control characters, so that a log line stays one."""
    who = Caller.of("127.0.0.1", "Mozilla\r\nX: y" + "z" * 500)
    assert who.client.startswith("MozillaX: y")
    assert len(who.client) == MAX_CLIENT
    assert Caller.of(None, None) == Caller()
