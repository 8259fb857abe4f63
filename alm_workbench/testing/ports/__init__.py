"""Suites that every adapter of a port passes.

Subclass one in your tests, say how your port is made, and pytest runs the rest:

    class TestOurVault(VerificationPortSuite):
        def make_port(self) -> VerificationPort: return OurVault(KEY)
        def make_signer(self) -> SigningPort: return OurSigner(KEY)
        def make_stranger(self) -> SigningPort: return OurSigner(OTHER_KEY)

Nothing here needs pytest: `TestOurVault().failures()` runs the same tests and answers with what went wrong.
"""

from __future__ import annotations

from .authorities import AuthPortSuite
from .guards import GuardPortSuite, Question
from .signatures import SigningPortSuite, VerificationPortSuite
from .suite import PortSuite, require

__all__ = [
    "AuthPortSuite",
    "GuardPortSuite",
    "PortSuite",
    "Question",
    "SigningPortSuite",
    "VerificationPortSuite",
    "require",
]
