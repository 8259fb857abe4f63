"""What a subscription leaves room for."""

from __future__ import annotations

from alm_workbench.contexts.tenant.messages import GetSubscription, QuotaDTO, RequireQuota, SubscriptionDTO
from alm_workbench.contexts.tenant.repository import TenantRepository
from alm_workbench.errors import NotFound, TenantQuotaExceeded
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.tiers import RESOURCES, Resource, Tiers


class Quotas:
    """Counts behind a lock, so that two claims at once never pass a limit together; unlimited tiers are not counted.

    The lock is held until the transaction ends, for one resource of one organisation with a limit: who has a limit on
    projects has one on requests too, and waits a few milliseconds where he waits at all.
    """

    def __init__(self, tenants: TenantRepository, tiers: Tiers) -> None:
        self._tenants, self._tiers = tenants, tiers

    def require(self, ctx: MessageContext, resource: Resource, amount: int, *, tier: str | None = None) -> None:
        """Claim room in the tenant of this transaction; raises ``TenantQuotaExceeded``."""
        limit = self._tiers.of(tier or ctx.principal.tier).quotas[resource]
        if limit is None or amount <= 0:
            return
        used = self._tenants.claim(ctx.conn, resource, amount, limit)
        if used + amount > limit:
            raise TenantQuotaExceeded(
                f"The subscription allows {limit:,} {UNITS[resource]}: {used:,} in use, {amount:,} more asked for. "
                "Ask whoever runs this server for a larger subscription",
                resource=resource,
                limit=limit,
                used=used,
                requested=amount,
            )


UNITS = {
    "projects": "projects",
    "artifacts": "items",
    "members": "members",
    "manifests": "processes",
    "storage": "bytes",
}


class RequireQuotaHandler:
    """Claims room on behalf of another context."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas

    def __call__(self, ctx: MessageContext, message: RequireQuota) -> None:
        self._quotas.require(ctx, message.resource, message.amount)


class GetSubscriptionHandler:
    """Says what the subscription allows and what is used of it."""

    def __init__(self, tenants: TenantRepository, tiers: Tiers) -> None:
        self._tenants, self._tiers = tenants, tiers

    def __call__(self, ctx: MessageContext, message: GetSubscription) -> SubscriptionDTO:
        found = self._tenants.get(ctx.conn)
        if found is None:
            raise NotFound("there is no such organisation")
        tier = self._tiers.of(found.tier)
        quotas = [QuotaDTO(r, self._tenants.count_of(ctx.conn, r), tier.quotas[r]) for r in RESOURCES]
        return SubscriptionDTO(found.tier, dict(tier.labels), tier.rates.per_minute, tier.rates.burst, tuple(quotas))
