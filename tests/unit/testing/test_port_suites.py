"""The suites of ports: our adapters and fakes pass them, and every kind of bad adapter fails."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from alm_workbench.mpc import CompiledManifest, check, load_domain_meta
from alm_workbench.mpc.ports import Actor, AuthPort, GuardPort, SigningPort, VerificationPort
from alm_workbench.mpc.workflow.adapters import AclAuthority, ExpressionGuard
from alm_workbench.testing.fakes import HmacSigner, HmacVerifier, RecordingAuthority, RecordingGuard
from alm_workbench.testing.ports import (
    AuthPortSuite,
    GuardPortSuite,
    PortSuite,
    Question,
    SigningPortSuite,
    VerificationPortSuite,
)
from tests.unit.mpc.conftest import META_DIR

KEY, OTHER = b"key", b"other key"


# ---------------------------------------------------------------- ours


class TestExpressionGuard(GuardPortSuite):
    """Guards as expressions over plain facts."""

    def make_port(self) -> GuardPort:
        return ExpressionGuard()

    def holding(self) -> Question:
        return Question("geç", "amount > 5 and owner == 'ş😀'", {"amount": 6, "owner": "ş😀", "deep": {"list": [1]}})

    def failing(self) -> Question:
        return Question("geç", "amount > 5 and owner == 'ş😀'", {"amount": 5, "owner": "ş😀"})


class TestRecordingGuard(GuardPortSuite):
    """The fake knows names, not facts."""

    reads_context = False

    def make_port(self) -> GuardPort:
        return RecordingGuard("open")

    def holding(self) -> Question:
        return Question("go", "open")

    def failing(self) -> Question:
        return Question("go", "closed")


_SAFETY: list[CompiledManifest] = []


def safety() -> CompiledManifest:
    """The safety manifest; suites take no fixtures, so it is kept here."""
    if not _SAFETY:
        meta = load_domain_meta((META_DIR / "domain_meta.yaml").read_text("utf-8"))
        compiled = check((META_DIR / "manifests" / "safety.alm").read_text("utf-8"), meta).compiled
        assert compiled is not None
        _SAFETY.append(compiled)
    return _SAFETY[0]


class TestAclAuthority(AuthPortSuite):
    """The access rules of a manifest as an authority."""

    def make_port(self) -> AuthPort:
        people = {
            "Ayşe": Actor("Ayşe", frozenset({"engineer"})),
            "Bob": Actor("Bob", frozenset({"viewer"})),
        }
        return AclAuthority(safety(), "requirement", people.get)

    def permitted(self) -> tuple[str, str]:
        return "Ayşe", "submit"

    def refused(self) -> tuple[str, str]:
        return "Bob", "submit"


class TestRecordingAuthority(AuthPortSuite):
    """The fake knows pairs."""

    def make_port(self) -> AuthPort:
        return RecordingAuthority([("ada", "go")])

    def permitted(self) -> tuple[str, str]:
        return "ada", "go"

    def refused(self) -> tuple[str, str]:
        return "ada", "stop"


class TestHmacSigner(SigningPortSuite):
    """The fake signs with a shared secret."""

    def make_port(self) -> SigningPort:
        return HmacSigner(KEY)

    def make_stranger(self) -> SigningPort:
        return HmacSigner(OTHER)

    def make_verifier(self) -> VerificationPort:
        return HmacVerifier(KEY)


class TestHmacVerifier(VerificationPortSuite):
    """The fake verifies with a shared secret."""

    def make_port(self) -> VerificationPort:
        return HmacVerifier(KEY)

    def make_signer(self) -> SigningPort:
        return HmacSigner(KEY)

    def make_stranger(self) -> SigningPort:
        return HmacSigner(OTHER)


# ---------------------------------------------------------------- bad ones, each found by a test of its name


def failing(suite: PortSuite) -> set[str]:
    """Names of the tests that a suite fails."""
    return {name for name, _ in suite.failures()}


class BadGuard(ExpressionGuard):
    """A guard port to be spoiled."""


def guard_suite(port: Callable[[], Any]) -> PortSuite:
    """The suite of expression guards with another port."""

    class Suite(TestExpressionGuard):
        __test__ = False

        def make_port(self) -> GuardPort:
            made: GuardPort = port()
            return made

    return Suite()


class Truthy(ExpressionGuard):
    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> Any:
        return 1 if super().check(transition, guard, context) else 0


class Open(ExpressionGuard):
    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
        return True


class FailsOpen(ExpressionGuard):
    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
        try:
            return bool(eval(guard, {"__builtins__": {}}, dict(context)))
        except Exception:
            return True


class Evaluates(ExpressionGuard):
    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
        return bool(eval(guard, {}, dict(context)))


class Writes(ExpressionGuard):
    def check(self, transition: str, guard: str, context: Any) -> bool:
        found = super().check(transition, guard, context)
        if isinstance(context, dict):
            context["seen"] = True
        return found


class Moody(ExpressionGuard):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
        self.asked += 1
        return super().check(transition, guard, context) and self.asked < 10


class Shared(ExpressionGuard):
    """Keeps the question in the instance, as a port that was never meant for threads."""

    def check(self, transition: str, guard: str, context: Mapping[str, Any]) -> bool:
        self.context = context
        time.sleep(0.0005)
        return super().check(transition, guard, self.context)


@pytest.mark.parametrize(
    ("port", "test"),
    [
        (object, "test_it_is_a_guard_port"),
        (Truthy, "test_a_guard_that_holds"),
        (Truthy, "test_a_guard_that_does_not_hold"),
        (Open, "test_a_guard_that_does_not_hold"),
        (Open, "test_what_is_no_guard_does_not_hold"),
        (Open, "test_what_cannot_be_decided_does_not_hold"),
        (FailsOpen, "test_what_cannot_be_decided_does_not_hold"),
        (Evaluates, "test_what_is_no_guard_does_not_hold"),
        (Writes, "test_the_context_stays_as_it_was"),
        (Writes, "test_a_frozen_context_will_do"),
        (Moody, "test_the_same_question_has_the_same_answer"),
        (Shared, "test_many_may_ask_at_once"),
    ],
)
def test_bad_guards_are_found(port: Callable[[], Any], test: str) -> None:
    """A guard port with a defect fails the test that is about it."""
    assert test in failing(guard_suite(port))


class Letters(RecordingAuthority):
    """Compares ids by their letters, as a set of characters does."""

    def authorize(self, actor_id: str | None, transition: str) -> bool:
        return actor_id is not None and set(actor_id) <= set("ada") and transition == "go"


class Caseless(RecordingAuthority):
    def authorize(self, actor_id: str | None, transition: str) -> bool:
        return super().authorize(actor_id and actor_id.strip().lower(), transition)


class Everybody(RecordingAuthority):
    def authorize(self, actor_id: str | None, transition: str) -> bool:
        return (actor_id, transition) != ("ada", "stop")


class Learning(RecordingAuthority):
    def authorize(self, actor_id: str | None, transition: str) -> bool:
        return super().authorize(actor_id, transition) or len(self.asked) > 10


class Verbose(RecordingAuthority):
    def authorize(self, actor_id: str | None, transition: str) -> Any:
        return "yes" if super().authorize(actor_id, transition) else ""


@pytest.mark.parametrize(
    ("port", "test"),
    [
        (lambda _: object(), "test_it_is_an_auth_port"),
        (Letters, "test_ids_are_compared_whole"),
        (Caseless, "test_ids_are_compared_whole"),
        (Everybody, "test_nobody_may_nothing"),
        (Everybody, "test_strangers_may_nothing"),
        (Everybody, "test_unknown_transitions_are_refused"),
        (Learning, "test_the_same_question_has_the_same_answer"),
        (Verbose, "test_who_may_may"),
        (Verbose, "test_who_may_not_may_not"),
    ],
)
def test_bad_authorities_are_found(port: Callable[[Any], Any], test: str) -> None:
    """An auth port with a defect fails the test that is about it."""

    class Suite(TestRecordingAuthority):
        __test__ = False

        def make_port(self) -> AuthPort:
            made: AuthPort = port([("ada", "go")])
            return made

    assert test in failing(Suite())


class Blank(HmacSigner):
    def sign(self, data: bytes) -> str:
        return super().sign(data) if data else ""


class Keyless(HmacSigner):
    def sign(self, data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()


class Short(HmacSigner):
    """Signs the beginning only."""

    def sign(self, data: bytes) -> str:
        return super().sign(data[:8])


class Salted(HmacSigner):
    def sign(self, data: bytes) -> str:
        return super().sign(data) + str(random.random())


class Renamed(HmacSigner):
    names = 0

    def algorithm(self) -> str:
        Renamed.names += 1
        return f"hmac-{Renamed.names}"


class Racing(HmacSigner):
    """Keeps the text in the instance."""

    def sign(self, data: bytes) -> str:
        self.data = data
        time.sleep(0.0005)
        return super().sign(self.data)


@pytest.mark.parametrize(
    ("port", "test"),
    [
        (lambda _: object(), "test_it_is_a_signing_port"),
        (Blank, "test_signatures_are_texts"),
        (Keyless, "test_every_key_has_its_own_signature"),
        (Keyless, "test_signatures_verify"),
        (Short, "test_every_text_has_its_own_signature"),
        (Salted, "test_the_same_text_has_the_same_signature"),
        (Renamed, "test_the_algorithm_has_one_name"),
        (Racing, "test_many_may_sign_at_once"),
    ],
)
def test_bad_signers_are_found(port: Callable[[bytes], Any], test: str) -> None:
    """A signing port with a defect fails the test that is about it."""

    class Suite(TestHmacSigner):
        __test__ = False

        def make_port(self) -> SigningPort:
            made: SigningPort = port(KEY)
            return made

        def make_stranger(self) -> SigningPort:
            made: SigningPort = port(OTHER)
            return made

    assert test in failing(Suite())


class Trusting(HmacVerifier):
    def verify(self, data: bytes, signature: str) -> bool:
        return signature != ""


class Prefix(HmacVerifier):
    """Compares as much as it was given."""

    def verify(self, data: bytes, signature: str) -> bool:
        return self._signer.sign(data).startswith(signature)


class Stripping(HmacVerifier):
    """Looks at the text without blanks."""

    def verify(self, data: bytes, signature: str) -> bool:
        signed = self._signer.sign(data)
        return signature == signed or signature == self._signer.sign(data.strip())


class Raising(HmacVerifier):
    def verify(self, data: bytes, signature: str) -> bool:
        return super().verify(data, bytes.fromhex(signature).hex())


class Chatty(HmacVerifier):
    def verify(self, data: bytes, signature: str) -> Any:
        return "valid" if super().verify(data, signature) else None


class LocksOut(HmacVerifier):
    """Refuses everything after a bad signature."""

    locked = False

    def verify(self, data: bytes, signature: str) -> bool:
        if not super().verify(data, signature):
            self.locked = True
        return not self.locked


class OneAtATime(HmacVerifier):
    """Refuses whoever comes while it is busy."""

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret)
        self._busy = threading.Lock()

    def verify(self, data: bytes, signature: str) -> bool:
        if not self._busy.acquire(blocking=False):
            return False
        time.sleep(0.0005)
        self._busy.release()
        return super().verify(data, signature)


@pytest.mark.parametrize(
    ("port", "test"),
    [
        (lambda _: object(), "test_it_is_a_verification_port"),
        (Trusting, "test_tampered_data_is_refused"),
        (Trusting, "test_a_tampered_signature_is_refused"),
        (Trusting, "test_another_key_is_refused"),
        (Trusting, "test_the_signature_of_another_text_is_refused"),
        (Prefix, "test_what_is_no_signature_is_refused"),
        (Prefix, "test_a_tampered_signature_is_refused"),
        (Stripping, "test_tampered_data_is_refused"),
        (Raising, "test_what_is_no_signature_is_refused"),
        (Chatty, "test_a_trusted_signature_verifies"),
        (LocksOut, "test_the_same_question_has_the_same_answer"),
        (OneAtATime, "test_many_may_ask_at_once"),
    ],
)
def test_bad_verifiers_are_found(port: Callable[[bytes], Any], test: str) -> None:
    """A verification port with a defect fails the test that is about it."""

    class Suite(TestHmacVerifier):
        __test__ = False

        def make_port(self) -> VerificationPort:
            made: VerificationPort = port(KEY)
            return made

    assert test in failing(Suite())


@pytest.mark.parametrize(
    "suite",
    [
        TestExpressionGuard,
        TestRecordingGuard,
        TestAclAuthority,
        TestRecordingAuthority,
        TestHmacSigner,
        TestHmacVerifier,
    ],
)
def test_suites_run_without_pytest(suite: type[PortSuite]) -> None:
    """`failures` runs the tests that pytest collects."""
    assert len(suite.names()) >= 8
    assert suite().failures() == []


def test_a_suite_needs_its_port() -> None:
    """A subclass that does not say how its port is made cannot be used by mistake."""
    suites: tuple[Callable[[], PortSuite], ...] = (
        GuardPortSuite,
        AuthPortSuite,
        SigningPortSuite,
        VerificationPortSuite,
    )
    for suite in suites:
        with pytest.raises(TypeError, match="abstract"):
            suite()
