"""The suites of signing and verification ports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

from alm_workbench.mpc.ports import SigningPort, VerificationPort

from .suite import ROUNDS, THREADS, PortSuite, at_once, require

TEXTS = (b"", b"a", b"{}", "ş😀".encode(), b"\x00\xff" * 8, bytes(range(256)) * 64)
"""Messages of many kinds: empty, short, not ASCII, not UTF-8, long."""


class SigningPortSuite(PortSuite, ABC):
    """For an adapter of SigningPort; with a verifier it also shows that signatures are worth something."""

    deterministic: ClassVar[bool] = True
    """Whether the same bytes have one signature only; RSA-PSS and ECDSA do not."""

    @abstractmethod
    def make_port(self) -> SigningPort:
        """A fresh port with one and the same key."""

    def make_stranger(self) -> SigningPort | None:
        """A port with another key, where there can be one."""
        return None

    def make_verifier(self) -> VerificationPort | None:
        """The verifier that belongs to the key, where there is one."""
        return None

    def test_it_is_a_signing_port(self) -> None:
        """It has the protocol's methods."""
        require(isinstance(self.make_port(), SigningPort), "the port lacks `sign` or `algorithm`")

    def test_signatures_are_texts(self) -> None:
        """Anything can be signed, nothing included, and the signature is a text one can store."""
        for data in TEXTS:
            signature = self.make_port().sign(data)
            require(isinstance(signature, str) and signature.strip() != "", "a signature is a text that is not blank")
            require(signature.encode("utf-8").decode() == signature, "a signature can be written as UTF-8")

    def test_the_algorithm_has_one_name(self) -> None:
        """The name never changes: not between calls, not by signing, not between instances of one key."""
        port = self.make_port()
        name = port.algorithm()
        require(isinstance(name, str) and name.strip() == name != "", "the algorithm has a name")
        for data in TEXTS:
            port.sign(data)
            require(port.algorithm() == name, "the algorithm changed its name")
        require(self.make_port().algorithm() == name, "two instances name the algorithm differently")

    def test_every_text_has_its_own_signature(self) -> None:
        """One bit more or less makes another signature."""
        port = self.make_port()
        near = {*TEXTS, *variations(b"the same text")}
        signatures = [port.sign(data) for data in near]
        require(len(set(signatures)) == len(near), "two texts have the same signature")

    def test_the_same_text_has_the_same_signature(self) -> None:
        """Where the algorithm is deterministic."""
        if self.deterministic:
            for data in TEXTS:
                found = {self.make_port().sign(data) for _ in range(5)}
                require(len(found) == 1, "the same bytes have several signatures")

    def test_every_key_has_its_own_signature(self) -> None:
        """Another key signs differently."""
        stranger = self.make_stranger()
        if stranger is not None:
            for data in TEXTS:
                require(self.make_port().sign(data) != stranger.sign(data), "two keys give the same signature")

    def test_signatures_verify(self) -> None:
        """The verifier of the key accepts what the port signs, and nothing a stranger does."""
        verifier, stranger = self.make_verifier(), self.make_stranger()
        if verifier is None:
            return
        for data in TEXTS:
            require(verifier.verify(data, self.make_port().sign(data)) is True, "a signature does not verify")
            if stranger is not None:
                require(verifier.verify(data, stranger.sign(data)) is False, "a stranger's signature verifies")

    def test_many_may_sign_at_once(self) -> None:
        """One port signs for several threads without mixing their texts up."""
        port, verifier = self.make_port(), self.make_verifier()
        texts = [b"text %d" % i for i in range(THREADS)]
        signatures = at_once(lambda i: port.sign(texts[i % THREADS]))
        for i, signature in enumerate(signatures):
            data = texts[i % THREADS]
            if verifier is not None:
                require(verifier.verify(data, signature) is True, "a signature made in a crowd does not verify")
            if self.deterministic:
                require(signature == self.make_port().sign(data), "signatures got mixed up between threads")


class VerificationPortSuite(PortSuite, ABC):
    """For an adapter of VerificationPort: give it, the signer it trusts, and one it does not."""

    text: ClassVar[bytes] = "Sürüm 1.0 😀".encode()
    """What is signed and tampered with."""

    @abstractmethod
    def make_port(self) -> VerificationPort:
        """A fresh port."""

    @abstractmethod
    def make_signer(self) -> SigningPort:
        """A signer it trusts."""

    @abstractmethod
    def make_stranger(self) -> SigningPort:
        """A signer of the same algorithm with another key."""

    def _refuses(self, data: bytes, signature: str, sentence: str) -> None:
        answer = self.make_port().verify(data, signature)
        require(answer is False, f"{sentence}; the answer was {answer!r}")

    def test_it_is_a_verification_port(self) -> None:
        """It has the protocol's method."""
        require(isinstance(self.make_port(), VerificationPort), "the port has no method `verify`")

    def test_a_trusted_signature_verifies(self) -> None:
        """The answer is True itself, for texts of any kind."""
        for data in (*TEXTS, self.text):
            require(
                self.make_port().verify(data, self.make_signer().sign(data)) is True, "a good signature does not verify"
            )

    def test_tampered_data_is_refused(self) -> None:
        """One bit, one byte more, one byte less: none goes unnoticed."""
        signature = self.make_signer().sign(self.text)
        for data in variations(self.text):
            self._refuses(data, signature, "tampered data verifies")

    def test_a_tampered_signature_is_refused(self) -> None:
        """Every single letter counts, and so does the length."""
        signature = self.make_signer().sign(self.text)
        for other in _misspelt(signature):
            self._refuses(self.text, other, f"the signature {other[:20]!r}… verifies")

    def test_another_key_is_refused(self) -> None:
        """A stranger's signature is worth nothing."""
        for data in (*TEXTS, self.text):
            self._refuses(data, self.make_stranger().sign(data), "a stranger's signature verifies")

    def test_the_signature_of_another_text_is_refused(self) -> None:
        """A signature cannot be moved."""
        signer = self.make_signer()
        for data in TEXTS:
            self._refuses(self.text, signer.sign(data), "the signature of another text verifies")

    def test_what_is_no_signature_is_refused(self) -> None:
        """Nothing, blanks, nonsense, letters beyond ASCII and a flood: the answer is False, not an exception."""
        for nonsense in ("", " ", "\n", "0", "null", "None", "True", "é😀", "\ud800", "=" * 88, "\0", "f" * 1_000_000):
            self._refuses(self.text, nonsense, f"{nonsense[:20]!r} verifies")

    def test_the_same_question_has_the_same_answer(self) -> None:
        """A refusal before or after changes nothing."""
        port, signature = self.make_port(), self.make_signer().sign(self.text)
        for _ in range(ROUNDS):
            require(port.verify(self.text, "") is False, "asking again changed the answer to an empty signature")
            require(port.verify(self.text, signature) is True, "asking again changed the answer to a good signature")

    def test_many_may_ask_at_once(self) -> None:
        """One port serves several threads without mixing their questions up."""
        port, good, bad = self.make_port(), self.make_signer().sign(self.text), self.make_stranger().sign(self.text)
        answers = at_once(lambda i: port.verify(self.text, bad if i % 2 else good))
        require(answers == [i % 2 == 0 for i in range(len(answers))], "answers got mixed up between threads")


def variations(data: bytes) -> Iterator[bytes]:
    """Bytes that differ from some bytes by a bit, by a byte more or by a byte less."""
    for i in range(len(data)):
        for bit in (0x01, 0x20, 0x80):
            yield data[:i] + bytes([data[i] ^ bit]) + data[i + 1 :]
    yield from (data + b"\0", data + b" ", b"\0" + data, data[:-1], data[1:], b"")


def _misspelt(signature: str) -> Sequence[str]:
    """Signatures that differ by one letter in each place, or by length."""
    changed = [signature[:i] + _other(letter) + signature[i + 1 :] for i, letter in enumerate(signature)]
    return [*changed, signature[:-1], signature[1:], signature * 2, signature[::-1] + "0"]


def _other(letter: str) -> str:
    """A letter that means something else in hexadecimal, whatever its case, and in the first two bits of base64.

    The last letter of base64 may have four bits that nobody reads.
    """
    return "w" if letter.upper() in "ABCDEFGHIJKLMNOP" else "A"
