"""Category `governance`: the admission of an artefact, with a verifier that stands in for key material."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contracts import Error
from ..errors import MPCError
from ..governance import Artifact, Quota, admit
from .case import Case


class FixtureVerifier:
    """Fixtures carry no keys: a signature is bad when it begins with `INVALID` or says that it was tampered with."""

    def verify(self, data: bytes, signature: str) -> bool:
        """The rule of the fixtures; the data plays no part in it."""
        return not signature.startswith("INVALID") and "tampered" not in signature.lower()


def run(case: Case) -> Any:
    """`{"valid": true}`, or the first thing that stands against the artefact."""
    data = case.need("artifact")
    if not isinstance(data, Mapping):
        raise MPCError("E_PARSE_SYNTAX", "The artifact must be an object")
    found = admit(
        Artifact.of(data, node_count=_count(data.get("nodeCount", 0), "nodeCount")),
        enterprise=bool(case.input.get("enterpriseMode")),
        verifier=FixtureVerifier(),
        quota=_quota(case) if case.input.get("checkQuota") else None,
        require_attestation=bool(case.input.get("requireAttestation")),
    )
    for reason in found.reasons:
        case.note(f"{reason.code}: {reason.summary}")
    return _error(found.error) if found.error is not None else {"valid": True}


def _quota(case: Case) -> Quota:
    limits = case.input.get("quotaLimits") or {}
    given = limits.get("maxManifestNodes", case.limit("maxManifestNodes", 10_000))
    return Quota(_count(given, "maxManifestNodes"))


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise MPCError("E_META_TYPE_NOT_ALLOWED", f"'{name}' must be a whole number")
    return value


def _error(found: Error) -> dict[str, Any]:
    return {"error": {"code": found.code, "message": found.message, "severity": found.severity}}
