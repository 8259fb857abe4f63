"""Admission: whether an artefact may enter. Every question that cannot be answered is answered with no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .ast import EMPTY, freeze
from .canonical import canonicalize_bytes
from .contracts import Error, Reason
from .ports import VerificationPort


@dataclass(frozen=True, slots=True)
class Artifact:
    """A candidate: its content with the attestations inside, the signature over all of it, and its measured size.

    `node_count` is counted by whoever holds the manifest; nobody believes what a candidate says of itself.
    """

    content: Mapping[str, Any] = EMPTY
    signature: str | None = None
    node_count: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any], *, node_count: int) -> Artifact:
        """An artefact from JSON data in which the signature stands under `signature`."""
        signature = data.get("signature")
        content = freeze({key: value for key, value in data.items() if key != "signature"})
        return cls(content, signature if isinstance(signature, str) and signature else None, node_count)

    @property
    def attestations(self) -> tuple[Any, ...]:
        """What third parties say of it."""
        found = self.content.get("attestations")
        return tuple(found) if isinstance(found, (list, tuple)) else ()

    def signed_bytes(self) -> bytes:
        """What a signature covers: the canonical form of everything but itself, contents of attestations included."""
        return canonicalize_bytes(self.content)


@dataclass(frozen=True, slots=True)
class Quota:
    """What a tenant may have."""

    max_manifest_nodes: int


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer: the first thing that stands against it, or the reasons that speak for it."""

    error: Error | None = None
    reasons: tuple[Reason, ...] = field(default=())

    @property
    def admitted(self) -> bool:
        """Whether the artefact may enter."""
        return self.error is None


def admit(
    artifact: Artifact,
    *,
    enterprise: bool,
    verifier: VerificationPort | None,
    quota: Quota | None = None,
    require_attestation: bool = False,
) -> Admission:
    """Ask, in this order: is it signed, does the signature verify, does it fit the quota, is it attested.

    Enterprise mode demands a signature that `verifier` accepts; a missing verifier, one that raises, and one whose
    answer is not True all refuse. No quota means no limit. Fatal errors say that the artefact must not be trusted.
    """
    checks: tuple[Callable[[], Reason | Error | None], ...] = (
        lambda: _signature(artifact, verifier) if enterprise else None,
        lambda: _size(artifact, quota) if quota is not None else None,
        lambda: _attestation(artifact) if require_attestation else None,
    )
    reasons = []
    for check in checks:
        found = check()
        if isinstance(found, Error):
            return Admission(found)
        if found is not None:
            reasons.append(found)
    return Admission(reasons=tuple(reasons))


def _signature(artifact: Artifact, verifier: VerificationPort | None) -> Reason | Error:
    if artifact.signature is None:
        message = "Enterprise mode requires a signature; artifact has none"
        return Error("E_GOV_SIGNATURE_REQUIRED", message, "fatal")
    why = _why_not_verified(artifact, artifact.signature, verifier)
    if why is not None:
        message = "Artifact signature verification failed"
        return Error("E_GOV_SIGNATURE_INVALID", message, "fatal", details=freeze({"why": why}))
    return Reason("R_GOV_SIGNATURE_VALID", "The signature of the artifact verifies")


def _why_not_verified(artifact: Artifact, signature: str, verifier: VerificationPort | None) -> str | None:
    if verifier is None:
        return "nobody is there to verify it"
    try:
        verdict = verifier.verify(artifact.signed_bytes(), signature)
    except Exception as error:
        return f"the verifier failed: {type(error).__name__}"
    return None if verdict is True else "the signature does not belong to the content"


def _size(artifact: Artifact, quota: Quota) -> Error | None:
    if artifact.node_count <= quota.max_manifest_nodes:
        return None
    message = f"Node count {artifact.node_count} exceeds tenant limit {quota.max_manifest_nodes}"
    return Error("E_QUOTA_EXCEEDED", message, "error")


def _attestation(artifact: Artifact) -> Reason | Error:
    if not artifact.attestations:
        return Error("E_GOV_ATTESTATION_MISSING", "Artifact has no attestations; attestation is required", "error")
    return Reason("R_GOV_ATTESTATION_PASSED", f"The artifact has {len(artifact.attestations)} attestations")
