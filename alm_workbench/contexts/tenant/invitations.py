"""Invitations: a token for one address, good once and for a while, and never for more than the inviter may give."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from alm_workbench.contexts.auth.rules import checked_email
from alm_workbench.contexts.tenant.authority import Authority
from alm_workbench.contexts.tenant.domain import INVITATION_DAYS, granted, missing
from alm_workbench.contexts.tenant.handlers import present
from alm_workbench.contexts.tenant.invitation_messages import (
    AcceptInvitation,
    AcceptInvitationAs,
    InvitationByToken,
    InvitationDTO,
    InvitationOfferDTO,
    InvitationSecretDTO,
    InviteMember,
    JoinedDTO,
    ListInvitations,
    ResendInvitation,
    RevokeInvitation,
)
from alm_workbench.contexts.tenant.quotas import Quotas
from alm_workbench.contexts.tenant.repository import TenantRepository
from alm_workbench.contexts.tenant.repository.invitations import InvitationRepository, Offer
from alm_workbench.errors import AccessDenied, Conflict, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Event

INVITE = "member:invite"
GONE = "This invitation is not valid (any more); ask for a new one"


class Invitations:
    """What the handlers of invitations share."""

    def __init__(self, tenants: TenantRepository, invitations: InvitationRepository, quotas: Quotas) -> None:
        self.tenants, self.repo, self.quotas = tenants, invitations, quotas

    def expiry(self, ctx: MessageContext) -> datetime:
        """When an invitation of today ends, as the organisation has it."""
        days = present(self.tenants, ctx).settings.get("invitation_days", INVITATION_DAYS)
        return ctx.now + timedelta(days=int(days))

    def one(self, ctx: MessageContext, invitation_id: UUID) -> InvitationDTO:
        """One invitation; raises ``NotFound``."""
        for found in self.repo.all(ctx.conn, invitation_id):
            return found
        raise NotFound(f"there is no invitation {invitation_id}")

    def secret(self, ctx: MessageContext, invitation_id: UUID, token: str) -> InvitationSecretDTO:
        """What is shown once."""
        return InvitationSecretDTO(self.one(ctx, invitation_id), token, f"invite?token={token}")

    def need_room(self, ctx: MessageContext, more: int) -> None:
        """Invitations that wait hold a place, so that nobody is invited into a full organisation."""
        waiting = sum(found.status == "open" for found in self.repo.all(ctx.conn))
        self.quotas.require(ctx, "members", waiting + more)


class InviteHandler:
    """Invites an address."""

    def __init__(self, invitations: Invitations) -> None:
        self._all = invitations

    def __call__(self, ctx: MessageContext, message: InviteMember) -> InvitationSecretDTO:
        authority = Authority(ctx, self._all.tenants, INVITE)
        codes = authority.check_known(message.roles)
        authority.must_rule(codes)
        email = checked_email(message.email)
        if any(member.email == email for member in authority.members):
            raise Conflict(f"{email} is a member already")
        if ctx.principal.membership_id is None:
            raise AccessDenied("Only members invite")
        self._all.repo.revoke_of(ctx.conn, "email", email, ctx.now)
        self._all.need_room(ctx, 1)
        values = {
            "email": email,
            "roles": list(codes),
            "invited_by": ctx.principal.membership_id,
            "expires_at": self._all.expiry(ctx),
        }
        token = secrets.token_urlsafe(32)
        made = self._all.repo.add(ctx.conn, ctx.principal.tenant_id, values, fingerprint(token))
        ctx.emit(Event("MemberInvited", "Invitation", made, {"roles": list(codes)}))
        return self._all.secret(ctx, made, token)


class ListInvitationsHandler:
    """Lists invitations."""

    def __init__(self, invitations: Invitations) -> None:
        self._all = invitations

    def __call__(self, ctx: MessageContext, message: ListInvitations) -> tuple[InvitationDTO, ...]:
        sees = ctx.principal.sees_address  # who has accepted is a member like any other
        found = self._all.repo.all(ctx.conn)
        return tuple(replace(i, email=sees(i.email)) if i.status == "accepted" else i for i in found)


class RevokeInvitationHandler:
    """Takes an invitation back."""

    def __init__(self, invitations: Invitations) -> None:
        self._all = invitations

    def __call__(self, ctx: MessageContext, message: RevokeInvitation) -> InvitationDTO:
        Authority(ctx, self._all.tenants, INVITE)
        found = self._all.one(ctx, message.invitation_id)
        if found.status == "accepted":
            raise Conflict(f"{found.email} has accepted already; remove the member instead")
        if self._all.repo.settle(ctx.conn, found.invitation_id, revoked_at=ctx.now):
            ctx.emit(Event("InvitationRevoked", "Invitation", found.invitation_id, {}))
        return self._all.one(ctx, found.invitation_id)


class ResendInvitationHandler:
    """Gives an invitation a new token."""

    def __init__(self, invitations: Invitations) -> None:
        self._all = invitations

    def __call__(self, ctx: MessageContext, message: ResendInvitation) -> InvitationSecretDTO:
        authority = Authority(ctx, self._all.tenants, INVITE)
        found = self._all.one(ctx, message.invitation_id)
        if found.status not in ("open", "expired"):
            raise Conflict(f"this invitation is {found.status}; invite anew")
        authority.must_rule(authority.check_known(found.roles))
        self._all.need_room(ctx, 1 if found.status == "expired" else 0)
        token = secrets.token_urlsafe(32)
        inviter = ctx.principal.membership_id
        self._all.repo.renew(ctx.conn, found.invitation_id, inviter, self._all.expiry(ctx), fingerprint(token))
        ctx.emit(Event("InvitationResent", "Invitation", found.invitation_id, {}))
        return self._all.secret(ctx, found.invitation_id, token)


class InvitationByTokenHandler:
    """Tells the holder of a token what it is for."""

    def __init__(self, invitations: Invitations) -> None:
        self._all = invitations

    def __call__(self, ctx: MessageContext, message: InvitationByToken) -> InvitationOfferDTO:
        offer = offered(self._all.repo, ctx, message.token)
        return InvitationOfferDTO(
            offer.tenant_name, offer.tenant_slug, offer.email, offer.expires_at, offer.tenant_locale
        )


class AcceptInvitationHandler:
    """Lets a person with an account join."""

    def __call__(self, ctx: MessageContext, message: AcceptInvitation) -> JoinedDTO:
        me = ctx.principal
        if me.user_id is None or me.kind != "user":
            raise AccessDenied("Only a person accepts an invitation")
        return ctx.ask(AcceptInvitationAs(message.token, me.user_id, me.email, me.display_name))


class AcceptInvitationAsHandler:
    """Makes the invited person a member; the transaction stands in the organisation joined from then on."""

    def __init__(self, invitations: Invitations) -> None:
        self._all = invitations

    def __call__(self, ctx: MessageContext, message: AcceptInvitationAs) -> JoinedDTO:
        tenants = self._all.tenants
        offer = offered(self._all.repo, ctx, message.token)
        if offer.email != message.email.strip().lower():
            raise AccessDenied("This invitation is for another address; log in with the account of that address")
        tenants.enter(ctx.conn, offer.tenant_id, None)
        tenants.lock_people(ctx.conn)
        self._check_inviter(ctx, offer)
        tier = present(tenants, ctx).tier
        self._all.quotas.require(ctx, "members", 1, tier=tier)
        actor = tenants.actor_of(ctx.conn, offer.tenant_id, message.user_id, message.display_name, offer.email)
        tenants.enter(ctx.conn, offer.tenant_id, actor)
        if not self._all.repo.settle(ctx.conn, offer.invitation_id, accepted_at=ctx.now, accepted_by=actor):
            raise NotFound(GONE)
        member = tenants.join(ctx.conn, offer.tenant_id, message.user_id, actor, offer.roles)
        ctx.emit(Event("MemberJoined", "Membership", member, {"roles": list(offer.roles)}))
        return JoinedDTO(offer.tenant_id, offer.tenant_slug, offer.tenant_name, member, offer.roles)

    def _check_inviter(self, ctx: MessageContext, offer: Offer) -> None:
        """Who left, was suspended or lost the rights to give these roles has invited nobody."""
        facts = self._all.tenants.role_facts(ctx.conn)
        inviters = (m for m in self._all.tenants.members(ctx.conn) if m.membership_id == offer.invited_by)
        inviter = next((m for m in inviters if m.status == "active"), None)
        held = granted(inviter.roles, facts) if inviter else frozenset[str]()
        known = all(code in facts for code in offer.roles)
        if not known or missing(held, [INVITE, *granted(offer.roles, facts)]):
            raise NotFound(GONE)


def offered(invitations: InvitationRepository, ctx: MessageContext, token: str) -> Offer:
    """The open invitation of a token; unknown, used, revoked and expired ones are refused in the same words."""
    found = invitations.by_token(ctx.conn, fingerprint(token))
    if found is None:
        raise NotFound(GONE)
    return found


def fingerprint(token: str) -> bytes:
    """What is kept of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()
