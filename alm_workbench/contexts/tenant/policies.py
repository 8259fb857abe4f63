"""What the tenant context does with its messages about policies."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from alm_workbench.contexts.tenant import policy_rules as rules
from alm_workbench.contexts.tenant.domain import Seed
from alm_workbench.contexts.tenant.policy_messages import (
    CreatePolicy,
    DeletePolicy,
    ListPolicies,
    PoliciesInForce,
    PoliciesThen,
    PolicyDTO,
    TenantPolicies,
    UpdatePolicy,
)
from alm_workbench.contexts.tenant.repository.policies import PolicyRepository, PolicyRow
from alm_workbench.errors import Conflict, NotFound, StaleVersion
from alm_workbench.mpc import DomainMeta
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Event


class Policies:
    """Reading and writing policies, with what the core says of them."""

    def __init__(self, repo: PolicyRepository, meta: DomainMeta, seed: Seed) -> None:
        self.repo, self.meta = repo, meta
        self._built_in: Collection[str] = frozenset(item["code"] for item in seed.policies)

    def shown(self, row: PolicyRow) -> PolicyDTO:
        """A policy for its readers."""
        return PolicyDTO(
            row.code,
            rules.labels(row.definition),
            row.enabled,
            dict(row.definition),
            row.code in self._built_in,
            tuple(rules.warnings(row.code, row.definition, self.meta)),
            row.version,
            row.updated_at,
        )

    def read(self, ctx: MessageContext, code: str) -> PolicyDTO:
        """One policy; raises ``NotFound``."""
        found = next((row for row in self.repo.all(ctx.conn) if row.code == code), None)
        if found is None:
            raise NotFound(f"there is no policy {code!r}")
        return self.shown(found)

    def current(self, ctx: MessageContext, code: str, expected: int) -> PolicyDTO:
        """A policy as the caller knows it; raises ``NotFound`` or ``StaleVersion``."""
        found = self.read(ctx, code)
        if found.version != expected:
            raise StaleVersion(f"this policy is at version {found.version}, not {expected}", current=found)
        return found

    def lost(self, ctx: MessageContext, code: str) -> StaleVersion:
        """Somebody else was first, a moment ago."""
        return StaleVersion("somebody else changed this policy a moment ago")


class ListPoliciesHandler:
    """Lists policies."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def __call__(self, ctx: MessageContext, message: ListPolicies) -> tuple[PolicyDTO, ...]:
        return tuple(self._policies.shown(row) for row in self._policies.repo.all(ctx.conn))


class CreatePolicyHandler:
    """Makes a policy."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def __call__(self, ctx: MessageContext, message: CreatePolicy) -> PolicyDTO:
        code, repo = rules.check_code(message.code), self._policies.repo
        definition = rules.checked(code, message.definition, self._policies.meta)
        if len(repo.all(ctx.conn)) >= rules.MAX_POLICIES:
            raise Conflict(f"an organisation has at most {rules.MAX_POLICIES} policies")
        values = {"code": code, "definition": definition, "enabled": message.enabled}
        repo.add(ctx.conn, ctx.principal.tenant_id, values)
        ctx.emit(_event(ctx, "PolicyCreated", code))
        return self._policies.read(ctx, code)


class UpdatePolicyHandler:
    """Changes a policy."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def __call__(self, ctx: MessageContext, message: UpdatePolicy) -> PolicyDTO:
        old = self._policies.current(ctx, message.code, message.expected_version)
        values: dict[str, Any] = {}
        if message.definition is not None:
            values["definition"] = rules.checked(old.code, message.definition, self._policies.meta)
        if message.enabled is not None:
            values["enabled"] = message.enabled
        if all(getattr(old, name) == value for name, value in values.items()):
            return old
        if values.get("enabled") and "definition" not in values:  # what is switched on must be readable
            rules.checked(old.code, old.definition, self._policies.meta)
        if not self._policies.repo.change(ctx.conn, old.code, old.version, values):
            raise self._policies.lost(ctx, old.code)
        ctx.emit(_event(ctx, "PolicyUpdated", old.code))
        return self._policies.read(ctx, old.code)


class DeletePolicyHandler:
    """Deletes a policy of the organisation's own."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def __call__(self, ctx: MessageContext, message: DeletePolicy) -> PolicyDTO:
        old = self._policies.current(ctx, message.code, message.expected_version)
        if old.built_in:
            raise Conflict(f"the policy {old.code} is built in and cannot be deleted; switch it off")
        if not self._policies.repo.delete(ctx.conn, old.code, old.version):
            raise self._policies.lost(ctx, old.code)
        ctx.emit(_event(ctx, "PolicyDeleted", old.code))
        return old


class PoliciesInForceHandler:
    """Hands out the enabled policies; each organisation's last ones are kept in memory."""

    def __init__(self, policies: Policies, keep: int = 256) -> None:
        self._policies, self._keep = policies, keep
        self._known: OrderedDict[UUID, tuple[str, TenantPolicies | None]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, ctx: MessageContext, message: PoliciesInForce) -> TenantPolicies | None:
        tenant_id = ctx.principal.tenant_id
        with self._lock:
            known = self._known.get(tenant_id)
            if known is not None and known[0] == message.stamp:
                self._known.move_to_end(tenant_id)
                return known[1]
        rows = self._policies.repo.all(ctx.conn)
        entries = [(row.code, row.definition, row.version) for row in rows if row.enabled]
        found = rules.in_force(entries, self._policies.meta)
        if self._policies.repo.stamp(ctx.conn) == message.stamp:  # else they changed between the two statements
            with self._lock:
                self._known[tenant_id] = message.stamp, found
                while len(self._known) > self._keep:
                    self._known.popitem(last=False)
        return found


class PoliciesThenHandler:
    """Makes policies of the past ready to decide."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def __call__(self, ctx: MessageContext, message: PoliciesThen) -> TenantPolicies | None:
        rows: list[Mapping[str, Any]] = [row for row in message.rows if row["enabled"]]
        entries = [(row["code"], row["definition"], int(row.get("version") or 0)) for row in rows]
        return rules.in_force(entries, self._policies.meta)


def _event(ctx: MessageContext, name: str, code: str) -> Event:
    return Event(name, "Tenant", ctx.principal.tenant_id, {"policy": code})
