"""Who may send how many requests: keys and tokens by the tier of their organisation, sessions ten times that."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
from collections.abc import Mapping

from alm_workbench.contexts.apikey.domain import looks_like_key
from alm_workbench.errors import RateLimited
from alm_workbench.server.authentication import KEY_HEADER
from alm_workbench.shared.limits import Budget, RateLimiter, Verdict
from alm_workbench.shared.principal import Principal
from alm_workbench.shared.tiers import Tiers, shipped_tiers

SESSION_FACTOR = 10
"""A page of a browser sends a dozen requests at once; so does a notebook's kernel, which belongs to such a session."""

NOBODY = Budget(per_minute=300, burst=50)
"""What one address may send without saying who it is: log-ins, public pages, proofs that prove nothing."""


class RequestLimits:
    """Turns requests away before they cost anything. ``scale`` multiplies every budget (tests, trials)."""

    def __init__(self, counter: RateLimiter, tiers: Tiers | None = None, *, scale: int = 1) -> None:
        self._counter, self._tiers, self.scale = counter, tiers, scale

    def member(self, principal: Principal, *, interactive: bool) -> Verdict:
        """Count a request of somebody; ``interactive`` ones come from a session in a browser, or its kernel."""
        rates = (self._tiers or shipped_tiers()).of(principal.tier).rates
        budget = Budget(rates.per_minute, rates.burst)
        kind = "session" if interactive else "token"
        subject = f"{principal.tenant_id}/{principal.actor_id}/{kind}"
        return self._counter.admit(subject, self._scaled(budget.times(SESSION_FACTOR) if interactive else budget))

    def address(self, address: str) -> Verdict:
        """Count a request of nobody in particular."""
        return self._counter.admit(f"address/{network_of(address)}", self._scaled(NOBODY))

    def state(self) -> dict[str, object]:
        """How many were admitted and refused by this process."""
        return self._counter.state()

    def _scaled(self, budget: Budget) -> Budget:
        return budget.times(self.scale) if self.scale != 1 else budget


def network_of(address: str) -> str:
    """Whom an address stands for: one customer has a whole /64 of IPv6 addresses, and IPv4 may be written as IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def headers_of(verdict: Verdict) -> dict[str, str]:
    """What a client learns of its budget: requests a minute, those left, and seconds until there are more."""
    return {
        "X-RateLimit-Limit": str(verdict.limit),
        "X-RateLimit-Remaining": str(verdict.remaining),
        "X-RateLimit-Reset": str(verdict.reset),
    }


def refusal(verdict: Verdict) -> RateLimited:
    """The answer to one request too many."""
    again = f"try again in {verdict.retry_after} s"
    text = f"More than {verdict.limit} requests a minute, or too many at once; {again}"
    return RateLimited(text, retry_after=verdict.retry_after, limit=verdict.limit)


def is_interactive(headers: Mapping[str, str]) -> bool:
    """Whether an accepted request comes from a session: by cookie, or by the token of a kernel or of this server."""
    if KEY_HEADER in headers:
        return False
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return True
    return not looks_like_key(token.strip()) and use_of(token.strip()) in ("kernel", "owner")


def use_of(token: str) -> str:
    """What a token that was verified before is for."""
    try:
        part = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["use"])
    except (IndexError, ValueError, KeyError, TypeError, binascii.Error):
        return ""
