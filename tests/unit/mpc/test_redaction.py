"""Hiding secrets: by key, by path, in texts, in tracebacks, in anything that can be nested."""

from __future__ import annotations

import copy
import time
from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import DomainMeta, check, parse
from alm_workbench.mpc.redaction import (
    CYCLE,
    LOGS,
    RedactionConfig,
    redact,
    redact_exception,
    redact_in_place,
    redact_reason,
    redact_text,
)

from .soak import soak

MASK = "***"


@pytest.mark.parametrize(
    "key",
    ["password", "PASSWORD", "userPassword", "user_password", "x-api-key", "apikey", "APIKey", "API_KEY", "apiKeyId",
     "tokens", "accessToken", "oauth2Token", "creditCardNumber", "credit_card", "Authorization", "ssn", "client.secret"],
)  # fmt: skip
def test_keys_that_hold_a_deny_word(key: str) -> None:
    """In any spelling, as one of several words, in the plural."""
    assert redact({key: "v"}) == {key: MASK}


@pytest.mark.parametrize("key", ["passwordless", "secretary", "tokenize", "key", "api", "card", "assn", "credit", ""])
def test_keys_that_only_look_alike(key: str) -> None:
    """A deny word counts as a word."""
    assert redact({key: "v"}) == {key: "v"}


def test_given_keys_replace_the_default_ones() -> None:
    """And null stays null unless asked for."""
    config = RedactionConfig(("iban",), mask_value="<hidden>")
    assert redact({"customerIban": "DE1", "password": "p", "iban": None}, config) == {
        "customerIban": "<hidden>", "password": "p", "iban": None,
    }  # fmt: skip
    assert redact({"iban": None}, RedactionConfig(("iban",), redact_null_values=True)) == {"iban": MASK}


@pytest.mark.parametrize(
    ("pattern", "hidden"),
    [("a.b", ["a.b"]), ("*.b", ["a.b", "l[].b", "deep.x.b"]), ("l[[]].b", ["l[].b"]), ("b", ["a.b", "l[].b", "deep.x.b"]),
     ("deep.*", ["deep.x"]), ("l[[]]", ["l[]"])],
)  # fmt: skip
def test_patterns(pattern: str, hidden: list[str]) -> None:
    """On the whole path, where * crosses dots and list entries add [], and on the key alone."""
    data = {"a": {"b": 1}, "l": [{"b": 1}], "deep": {"x": {"b": 1}}}
    found = redact(data, RedactionConfig((), (pattern,)))
    seen: list[str] = []

    def walk(value: Any, path: str) -> None:
        if value == MASK:
            seen.append(path)
        elif isinstance(value, dict):
            for key, item in value.items():
                walk(item, f"{path}.{key}" if path else key)
        elif isinstance(value, list):
            for item in value:
                walk(item, f"{path}[]")

    walk(found, "")
    assert seen == hidden


Pair = namedtuple("Pair", "name password")


@dataclass(frozen=True)
class Login:
    user: str
    password: str
    extra: tuple[Any, ...] = ()


def test_every_kind_of_container() -> None:
    """Tuples, sets, named tuples, dataclasses, bytes, keys that are no text, definitions of an AST."""
    assert redact(({"password": 1}, ["password=x"])) == ({"password": MASK}, [f"password={MASK}"])
    assert redact({"s": {"token=abc"}}) == {"s": {f"token={MASK}"}}
    assert redact(frozenset({("a", "password=x")})) == frozenset({("a", f"password={MASK}")})
    assert redact(Pair("token=1", "p")) == Pair(f"token={MASK}", MASK)
    assert redact(Login("u", "p", ({"secret": 1},))) == {"user": "u", "password": MASK, "extra": ({"secret": MASK},)}
    assert redact({1: "password=x", None: 2, b"password": 3, ("a",): 4}) == {
        1: f"password={MASK}", None: 2, b"password": MASK, ("a",): 4,
    }  # fmt: skip
    assert redact(b"password=x\xff") == b"password=***"
    node = parse('def Role r { password: "p" note: "token=1" def X c { secret: 1 } }').defs[0]
    assert redact(node) == {
        "kind": "Role", "id": "r", "name": None, "properties": {"password": MASK, "note": f"token={MASK}"},
        "children": [{"kind": "X", "id": "c", "name": None, "properties": {"secret": MASK}, "children": []}],
    }  # fmt: skip


def test_what_holds_no_secret_stays_itself() -> None:
    """Scalars of any type keep it; an object of a type of its own is replaced only where its text tells a secret."""
    plain = {"n": 1, "f": 1.5, "t": True, "z": None, "d": datetime.now(UTC), "u": UUID(int=1)}
    assert redact(plain) == plain

    class Quiet:
        def __str__(self) -> str:
            return "quiet"

    class Loud:
        def __str__(self) -> str:
            return "Loud(password=hunter2)"

    quiet = Quiet()
    assert redact([quiet]) == [quiet]
    assert redact([Loud()]) == ["Loud(password=***)"]


def test_cycles_and_depth() -> None:
    """A value that holds itself is shown once; what is nested too deep to look at is hidden."""
    loop: dict[str, Any] = {"password": 1}
    loop["self"] = loop
    assert redact(loop) == {"password": MASK, "self": CYCLE}
    twice = {"x": 1}
    assert redact([twice, twice]) == [{"x": 1}, {"x": 1}]
    deep: Any = {"password": "p"}
    for _ in range(5_000):
        deep = [deep]
    assert "'p'" not in repr(redact(deep))


def test_in_place() -> None:
    """Dicts and lists themselves change; what they hold that cannot change is replaced."""
    data = {"a": [{"password": 1}], "t": ({"token": 1},), "text": "secret=1"}
    inner = data["a"]
    assert redact_in_place(data) is data
    assert data == {"a": [{"password": MASK}], "t": ({"token": MASK},), "text": f"secret={MASK}"}
    assert data["a"] is inner
    loop: list[Any] = [{"password": 1}]
    loop.append(loop)
    redact_in_place(loop)
    assert loop[0] == {"password": MASK}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=hunter2", "password=***"),
        ("password = hunter2; next", "password = ***; next"),
        ("Authorization: Bearer abcdef123456", "Authorization: ***"),
        ("Authorization: Digest username=\"x\", response=\"y\"\nNext: 1", "Authorization: ***\nNext: 1"),
        ("postgresql://alm:pa@ss@host/db", "postgresql://alm:***@host/db"),
        ("https://h/?access_token=abc&y=1", "https://h/?access_token=***&y=1"),
        ('{"apiKey": "abc", "n": 1}', '{"apiKey": "***", "n": 1}'),
        ("{'token': 'it\"s x', 'n': 1}", "{'token': '***', 'n': 1}"),
        (r'{\"password\": \"x y\", \"n\": 1}', r'{\"password\": \"***\", \"n\": 1}'),
        (r'password="a\"b" c', 'password="***" c'),
        ("DB_PASSWORD='a b' run", "DB_PASSWORD='***' run"),
        ("secret => zz", "secret => ***"),
        ("sent Bearer abcdefg12 there", "sent Bearer *** there"),
        ("Basic dXNlcjpwYXNz=", "Basic ***"),
        ("jwt eyJhbGciOi.eyJzdWIiOi.abc end", "jwt *** end"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
         "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----"),
        ("şifre: x, password: y", "şifre: x, password: ***"),
        ("the password is wrong", "the password is wrong"),
        ("Bearer authentication is needed", "Bearer authentication is needed"),
        ("ssh://git@host:22/x", "ssh://git@host:22/x"),
        ("a passwordless=true log-in", "a passwordless=true log-in"),
    ],
)  # fmt: skip
def test_texts(text: str, shown: str) -> None:
    """Secrets inside texts, and what is none; hiding twice changes nothing."""
    assert redact_text(text) == shown
    assert redact_text(shown) == shown


@pytest.mark.parametrize(
    "piece",
    ["a", "a=", 'password="', "password:", "password=\\\"", " ", "http://", "a://b:", "c@", "-----BEGIN PRIVATE KEY-----",
     "eyJ", "eyJaaaaaaaa.", "bearer ", "basic aaaaaaaa ", "\\", "a.", "://", "'", "token Token "],
)  # fmt: skip
def test_time_is_linear(piece: str) -> None:
    """No text makes searching take long: eight times the length takes at most about eight times as long."""

    def cost(size: int) -> float:
        text = piece * (size // len(piece))
        best = 9.0
        for _ in range(3):
            start = time.process_time()
            redact_text(text)
            best = min(best, time.process_time() - start)
        return best

    assert cost(160_000) < 20 * cost(20_000) + 0.05


def test_exceptions() -> None:
    """The traceback with causes; from a deny word that has a value the line is hidden to its end."""

    def connect() -> None:
        try:
            raise ValueError("token='abc' and more")
        except ValueError as error:
            raise RuntimeError("cannot connect to postgres://u:pw@host/db") from error

    try:
        connect()
    except RuntimeError as error:
        text = redact_exception(error)
    assert "ValueError: token=***" in text
    assert "and more" not in text.split("ValueError: ")[1].splitlines()[0]
    assert "RuntimeError: cannot connect to postgres://u:***@host/db" in text
    assert "test_redaction.py" in text


def test_reasons() -> None:
    """A reason that saw a hidden value keeps neither it nor the sentence that may quote it."""
    reason = {
        "code": "R",
        "rule_id": "x",
        "message": "len('hunter2') > 3",
        "values": {"self.fields.password": "hunter2"},
    }
    assert redact_reason(reason) == {
        "code": "R", "rule_id": "x", "message": MASK, "values": {"self.fields.password": MASK},
    }  # fmt: skip
    seen = {"message": "self.title is empty", "values": {"self.title": None, "self.fields.password": None}}
    assert redact_reason(seen) == seen


def test_a_manifest_says_what_is_hidden(meta: DomainMeta) -> None:
    """Redact definitions and sensitive fields together, beside the words of logs; both spellings of properties."""
    compiled = check(
        """
def Redact a { keys: ["iban"] patterns: ["contact.*"] mask: "[hidden]" }
def Redact b { deny_keys: ["plate"] nulls: true }
def Workflow w { initial: "s" states: ["s"] transitions: [] }
def ArtifactType t { workflow: "w" def FieldDef hazard { type: "text" sensitive: true } }
""",
        meta,
    ).compiled
    assert compiled is not None
    data = {"self.fields.hazard": "x", "iban": None, "plateNo": 1, "contact": {"mail": 1}, "cookie": "c", "title": "t"}
    hidden = "[hidden]"
    assert redact(data, compiled.redaction) == {
        "self.fields.hazard": hidden, "iban": hidden, "plateNo": hidden, "contact": {"mail": hidden}, "cookie": hidden,
        "title": "t",
    }  # fmt: skip
    alone = check('def Redact only { keys: ["iban"] defaults: false }', meta).compiled
    assert alone is not None
    assert redact({"password": 1, "iban": 1}, alone.redaction) == {"password": 1, "iban": MASK}


KEYS = st.sampled_from(["password", "note", "userToken", 1, None, "a.b"])
DATA = st.recursive(
    st.none() | st.integers() | st.text(max_size=8) | st.sampled_from(["password=Q9", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.tuples(inner, inner)
        | st.builds(Login, st.just("u"), st.text(max_size=4), st.tuples(inner))
    ),
    max_leaves=12,
)


@soak(150)
@given(DATA)
def test_redacting_is_idempotent_and_changes_no_input(data: Any) -> None:
    """Twice is once; the input is as it was; no planted secret is left."""
    before = copy.deepcopy(data)
    once = redact(data, LOGS)
    assert data == before
    assert redact(once, LOGS) == once
    assert "Q9" not in repr(once)


@soak(150)
@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    """No text raises, and hiding twice is hiding once."""
    once = redact_text(text)
    assert redact_text(once) == once
