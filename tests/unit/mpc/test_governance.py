"""Admission: the order of its questions, and that whatever cannot be answered is refused."""

from __future__ import annotations

from typing import Any

import pytest

from alm_workbench.mpc.contracts import CONTRACTS, Error, from_dict, to_dict
from alm_workbench.mpc.governance import Artifact, Quota, admit
from alm_workbench.testing.fakes import HmacSigner, HmacVerifier

CONTENT: dict[str, Any] = {"astHash": "h", "attestations": [{"type": "ci", "claims": {"tests": "passed"}}]}
SIGNER, VERIFIER = HmacSigner(b"key"), HmacVerifier(b"key")


def signed(content: dict[str, Any] = CONTENT, *, node_count: int = 1) -> Artifact:
    """An artefact with a good signature."""
    bare = Artifact.of(content, node_count=node_count)
    return Artifact.of({**content, "signature": SIGNER.sign(bare.signed_bytes())}, node_count=node_count)


def code(artifact: Artifact, **asked: Any) -> str | None:
    """The code of the refusal, None when admitted."""
    options: dict[str, Any] = {"enterprise": True, "verifier": VERIFIER, **asked}
    found = admit(artifact, **options)
    assert found.admitted is (found.error is None)
    return found.error.code if found.error else None


def test_a_signed_artefact_enters() -> None:
    """With reasons that say what was looked at."""
    found = admit(signed(), enterprise=True, verifier=VERIFIER, quota=Quota(1), require_attestation=True)
    assert found.admitted
    assert [reason.code for reason in found.reasons] == ["R_GOV_SIGNATURE_VALID", "R_GOV_ATTESTATION_PASSED"]


def test_a_signature_covers_everything() -> None:
    """A changed hash, a changed claim of an attestation and an added key are all noticed; the order of keys is not."""
    good = signed()
    for change in ({"astHash": "x"}, {"attestations": [{"type": "ci", "claims": {"tests": "failed"}}]}, {"more": 1}):
        changed = Artifact.of({**CONTENT, **change, "signature": good.signature}, node_count=1)
        assert code(changed) == "E_GOV_SIGNATURE_INVALID"
    turned = Artifact.of(dict(reversed([*CONTENT.items(), ("signature", good.signature)])), node_count=1)
    assert code(turned) is None


@pytest.mark.parametrize("signature", [None, "", 5, ["x"]])
def test_what_is_no_signature_is_none(signature: Any) -> None:
    """Enterprise mode asks for one; elsewhere nobody does."""
    artifact = Artifact.of({**CONTENT, "signature": signature}, node_count=1)
    assert code(artifact) == "E_GOV_SIGNATURE_REQUIRED"
    assert code(artifact, enterprise=False) is None


class Broken:
    def verify(self, data: bytes, signature: str) -> bool:
        raise ConnectionError("the key server does not answer")


class Vague:
    def verify(self, data: bytes, signature: str) -> Any:
        return "probably"


@pytest.mark.parametrize("verifier", [None, Broken(), Vague(), HmacVerifier(b"another key")])
def test_doubt_is_a_refusal(verifier: Any) -> None:
    """No verifier, one that fails, one that does not say True, one with another key: fatal, and the reason in details."""
    found = admit(signed(), enterprise=True, verifier=verifier).error
    assert found is not None
    assert (found.code, found.severity) == ("E_GOV_SIGNATURE_INVALID", "fatal")
    assert "key server" not in str(to_dict(found))
    assert from_dict(Error, to_dict(found), strict=True) == found


def test_content_without_a_canonical_form_is_refused() -> None:
    """What cannot be signed cannot be verified."""
    artifact = Artifact.of({"x": float("nan"), "signature": "s"}, node_count=1)
    assert code(artifact) == "E_GOV_SIGNATURE_INVALID"


def test_the_order_of_the_questions() -> None:
    """Signature, quota, attestation; the first refusal is the answer."""
    bare = {"astHash": "h"}
    asked = {"quota": Quota(1), "require_attestation": True}
    assert code(Artifact.of(bare, node_count=5), **asked) == "E_GOV_SIGNATURE_REQUIRED"
    assert code(signed(bare, node_count=5), **asked) == "E_QUOTA_EXCEEDED"
    assert code(signed(bare, node_count=1), **asked) == "E_GOV_ATTESTATION_MISSING"
    assert code(signed(node_count=1), **asked) is None


@pytest.mark.parametrize("attestations", [None, [], {}, "ci", 1])
def test_what_is_no_attestation_is_none(attestations: Any) -> None:
    """A list with something in it is asked for."""
    artifact = Artifact.of({"attestations": attestations}, node_count=1)
    assert code(artifact, enterprise=False, require_attestation=True) == "E_GOV_ATTESTATION_MISSING"


def test_nobody_believes_a_candidate_about_itself() -> None:
    """The size that counts is the measured one."""
    artifact = Artifact.of({"nodeCount": 1}, node_count=99)
    assert code(artifact, enterprise=False, quota=Quota(10)) == "E_QUOTA_EXCEEDED"


def test_an_artefact_does_not_change_under_the_hand() -> None:
    """What was signed stays what it was."""
    data = {"attestations": [{"type": "ci"}]}
    artifact = Artifact.of(data, node_count=1)
    before = artifact.signed_bytes()
    data["attestations"][0]["type"] = "x"
    assert artifact.signed_bytes() == before


def test_contracts_have_a_name_each() -> None:
    """The five of the contract."""
    assert set(CONTRACTS) == {"decision", "error", "event_envelope", "intent", "trace"}
