"""Accounts: registering, profiles, passwords, and accounts of other systems that stand for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from alm_workbench.contexts.apikey.messages import RevokeKeysOf
from alm_workbench.contexts.auth.domain import (
    ISSUED_LINK,
    NO_TENANT,
    RESET_JOB,
    RESET_PATH,
    AuthOptions,
    PrincipalMemory,
    digest,
    new_secret,
)
from alm_workbench.contexts.auth.handlers import LOCKED, Door, identity_of, person, resolve
from alm_workbench.contexts.auth.messages import (
    ChangePassword,
    CreateAccount,
    FindByIdentity,
    FindUser,
    IssuePasswordReset,
    LinkIdentity,
    NewPasswordDTO,
    PasswordLinkDTO,
    PasswordResetByToken,
    PasswordTokenDTO,
    RegisterUser,
    RequestPasswordReset,
    ResetPassword,
    UnlinkIdentity,
    UpdateProfile,
    UserDTO,
)
from alm_workbench.contexts.auth.repository import Account, AuthRepository, PasswordLink
from alm_workbench.contexts.auth.rules import check_password, checked_email, checked_name, looked_up_email
from alm_workbench.contexts.auth.session_messages import AcceptedDTO, IdentityDTO
from alm_workbench.contexts.project.messages import GrantedInProjects
from alm_workbench.contexts.tenant.invitation_messages import AcceptInvitationAs, InvitationByToken
from alm_workbench.contexts.tenant.people_messages import RightsNow
from alm_workbench.errors import AccessDenied, AlmError, Conflict, ErrorItem, InvalidInput, NotFound
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.jobs import JobRequest
from alm_workbench.shared.messages import Event
from alm_workbench.shared.principal import Principal, grants

ISSUE = "member:manage"
NOT_PRESENT = "The current password is wrong"
DEAD_LINK = "This link is used, too old or not complete; ask for a new one"


class CreateAccountHandler:
    """Creates accounts, for whoever runs the installation."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def __call__(self, ctx: MessageContext, message: CreateAccount) -> UserDTO:
        return create(self._door, ctx, message.email, message.display_name, message.password, message.locale)


class RegisterUserHandler:
    """Lets people register, as far as this installation lets them."""

    def __init__(self, door: Door, options: AuthOptions) -> None:
        self._door, self._options = door, options

    def __call__(self, ctx: MessageContext, message: RegisterUser) -> UserDTO:
        policy = self._options.registration
        if policy == "closed" or (policy == "invited" and not message.invitation):
            how = "its administrators make accounts" if policy == "closed" else "an invitation is needed"
            reason = {"code": "R_REGISTRATION_CLOSED", "message": how}
            raise AccessDenied(f"Nobody can just register here; {how}", reasons=[reason])
        if message.invitation:
            self._must_be_invited(ctx, message.email, message.invitation)
        user = create(self._door, ctx, message.email, message.display_name, message.password, message.locale)
        if message.invitation:
            ctx.ask(AcceptInvitationAs(message.invitation, user.user_id, user.email, user.display_name))
        return user

    def _must_be_invited(self, ctx: MessageContext, email: str, token: str) -> None:
        offer = ctx.ask(InvitationByToken(token))
        if looked_up_email(email) != looked_up_email(offer.email):
            problem = "the invitation is for another address"
            raise InvalidInput(
                "The invitation is for another address", errors=[ErrorItem("/email", "invited", problem)]
            )


def create(
    door: Door, ctx: MessageContext, email: str, display_name: str, password: str | None, locale: str
) -> UserDTO:
    """Add an account; raises ``InvalidInput`` with everything that is wrong, ``Conflict`` on a taken address."""
    problems: list[ErrorItem] = []
    try:
        kept = checked_email(email)
    except InvalidInput as error:
        kept = ""
        problems += error.errors
    try:
        name = checked_name(display_name)
    except InvalidInput as error:
        name = ""
        problems += error.errors
    try:
        if password is not None:
            check_password(password, [kept, name])
    except InvalidInput as error:
        problems += error.errors
    if problems:
        raise InvalidInput("The account cannot be created", errors=problems)
    user_id = new_id()
    door.users.create(
        ctx.conn, user_id, kept, name, door.passwords.hash(password) if password is not None else None, locale
    )
    door.users.note(ctx.conn, "registered", user_id)
    door.users.announce(ctx.conn, NO_TENANT, Event("UserRegistered", "User", user_id, {"locale": locale}))
    return UserDTO(user_id, kept, name, locale)


class FindUserHandler:
    """Finds an account by its e-mail."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: FindUser) -> UserDTO | None:
        account = self._users.find(ctx.conn, looked_up_email(message.email))
        return UserDTO(account.user_id, account.email, account.display_name, account.locale) if account else None


class UpdateProfileHandler:
    """Changes a person's own name and language."""

    def __init__(self, users: AuthRepository, memory: PrincipalMemory) -> None:
        self._users, self._memory = users, memory

    def __call__(self, ctx: MessageContext, message: UpdateProfile) -> IdentityDTO:
        p, user_id = ctx.principal, person(ctx)
        present = self._users.profile(ctx.conn, user_id)  # the principal may be some seconds old
        if present is None:
            raise NotFound("There is no such account")
        name = present.display_name if message.display_name is None else checked_name(message.display_name)
        self._users.update(ctx.conn, user_id, name, message.locale or present.locale)
        if (
            name != present.display_name
        ):  # history shows the new name everywhere, so the old one must be found somewhere
            self._users.note(ctx.conn, "renamed", user_id, session=p.session_id, detail=present.display_name)
        self._memory.forget()
        return identity_of(resolve(self._users, ctx.conn, user_id, p.tenant_id) or p)


class ChangePasswordHandler:
    """Changes a person's own password; whoever else is logged in with the former one is out."""

    def __init__(self, door: Door, memory: PrincipalMemory) -> None:
        self._door, self._memory = door, memory

    def __call__(self, ctx: MessageContext, message: ChangePassword) -> NewPasswordDTO:
        users, user_id, p = self._door.users, person(ctx), ctx.principal
        gate = users.gate(ctx.conn, p.email)
        fits = self._door.passwords.verify(gate.password_hash, message.current_password)
        if gate.locked:
            raise InvalidInput(LOCKED, errors=[ErrorItem("/current_password", "locked", LOCKED)])
        if not fits:
            error = InvalidInput(NOT_PRESENT, errors=[ErrorItem("/current_password", "wrong", NOT_PRESENT)])
            error.aftermath = lambda conn: users.log_in_failed(conn, p.email, user_id)
            raise error
        check_password(message.new_password, [p.email, p.display_name, message.current_password], "/new_password")
        users.log_in_cleared(ctx.conn, p.email)
        users.set_password(ctx.conn, user_id, self._door.passwords.hash(message.new_password))
        ended = users.end_sessions(ctx.conn, user_id, "password_changed", but=p.session_id)
        users.note(ctx.conn, "password_changed", user_id, None, p.session_id)
        users.announce(ctx.conn, p.tenant_id, Event("PasswordChanged", "User", user_id, {"by": "owner"}))
        keys = revoke_keys(users, ctx, user_id) if message.revoke_keys else 0
        self._memory.forget(*ended)
        return NewPasswordDTO(len(ended), keys)


def revoke_keys(users: AuthRepository, ctx: MessageContext, user_id: UUID) -> int:
    """End the API keys that a person made, wherever that was; how many."""
    ended = ctx.ask(RevokeKeysOf(user_id))
    for key in ended:
        payload = {"key_id": str(key.key_id), "name": key.name}
        users.announce(ctx.conn, key.tenant_id, Event("ApiKeyRevoked", "ApiKey", key.key_id, payload))
    return len(ended)


class RequestPasswordResetHandler:
    """Takes requests for a link. A job finds out later whether there is such an account, so that nobody else can."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: RequestPasswordReset) -> AcceptedDTO:
        found = self._users.find(ctx.conn, looked_up_email(message.email))
        self._users.enter_tenant(ctx.conn, NO_TENANT)
        ctx.defer(JobRequest(RESET_JOB, {"user_id": str(found.user_id) if found else None}))
        return AcceptedDTO()


class IssuePasswordResetHandler:
    """Makes a link for a member: of this organisation alone, and not above whoever makes it."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: IssuePasswordReset) -> PasswordLinkDTO:
        me, users, tenant_id = person(ctx), self._users, ctx.principal.tenant_id
        user_id = users.member(ctx.conn, message.membership_id)
        if user_id is None:
            raise NotFound("There is no such member")
        theirs = resolve(users, ctx.conn, user_id, tenant_id)
        held = ctx.ask(RightsNow())
        if above := lacking(held, {ISSUE} | (held_anywhere(ctx, theirs) if theirs else set())):
            reason = {"code": "R_PRIVILEGE_MISSING", "message": f"privilege {above[0]} is needed", "rule_id": above[0]}
            raise AccessDenied("This member may do more than you; ask somebody who may do as much", reasons=[reason])
        if theirs is None or not users.reset_allowed(ctx.conn, user_id):
            raise Conflict("A link for this account cannot be made here; the person can ask for one by e-mail")
        token = new_secret()
        if not users.make_link(ctx.conn, digest(token), user_id, ISSUED_LINK, (tenant_id, me)):
            raise Conflict("Three links were made for this account within an hour; wait a little")
        users.note(ctx.conn, "reset_issued", user_id, tenant_id)
        return PasswordLinkDTO(token, "/" + RESET_PATH + token, ctx.now + ISSUED_LINK)


def held_anywhere(ctx: MessageContext, member: Principal) -> set[str]:
    """What a member of the tenant of this transaction may do: everywhere, or in some project."""
    granted = ctx.ask(GrantedInProjects(member.membership_id)) if member.membership_id else frozenset()
    return {*member.privileges, *granted}


def lacking(held: Collection[str], wanted: Iterable[str]) -> list[str]:
    """Which of the wanted privileges are not held."""
    return sorted(code for code in wanted if not grants(held, code))


def good_link(users: AuthRepository, ctx: MessageContext, token: str) -> PasswordLink | None:
    """A link that still opens something.

    One that was handed out is worth what its maker could hand out now: in the day that it lasts, the person may have
    joined another organisation or been promoted, and the maker may be gone.
    """
    found = users.link(ctx.conn, digest(token))
    if found is None or found.tenant_id is None or found.issued_by is None:
        return found
    theirs = resolve(users, ctx.conn, found.user_id, found.tenant_id)
    maker = resolve(users, ctx.conn, found.issued_by, found.tenant_id)
    if theirs is None or maker is None or not users.reset_allowed(ctx.conn, found.user_id):
        return None
    return None if lacking(maker.privileges, {ISSUE} | held_anywhere(ctx, theirs)) else found


class PasswordResetByTokenHandler:
    """Says whose password a link resets."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: PasswordResetByToken) -> PasswordTokenDTO | None:
        found = good_link(self._users, ctx, message.token)
        return PasswordTokenDTO(found.email, found.display_name) if found else None


class ResetPasswordHandler:
    """Sets a new password by a link, and ends every session and key: whoever stole the old one is out."""

    def __init__(self, door: Door, memory: PrincipalMemory) -> None:
        self._door, self._memory = door, memory

    def __call__(self, ctx: MessageContext, message: ResetPassword) -> NewPasswordDTO:
        users = self._door.users
        about = good_link(users, ctx, message.token)
        if about is None:
            raise dead_link()
        check_password(message.new_password, [about.email, about.display_name], "/new_password")
        user_id = users.take_link(ctx.conn, digest(message.token))
        if user_id is None:
            raise dead_link()
        users.set_password(ctx.conn, user_id, self._door.passwords.hash(message.new_password))
        users.log_in_cleared(ctx.conn, about.email)
        ended = users.end_sessions(ctx.conn, user_id, "password_reset")
        users.note(ctx.conn, "password_reset", user_id)
        users.announce(ctx.conn, NO_TENANT, Event("PasswordChanged", "User", user_id, {"by": "link"}))
        keys = revoke_keys(users, ctx, user_id)
        self._memory.forget(*ended)
        return NewPasswordDTO(len(ended), keys)


def dead_link() -> AlmError:
    """The refusal of a link, in the same words whatever is wrong with it."""
    return InvalidInput(DEAD_LINK, errors=[ErrorItem("/token", "dead-link", DEAD_LINK)])


class LinkIdentityHandler:
    """Links an account of another system."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: LinkIdentity) -> AcceptedDTO:
        account: Account | None = self._users.profile(ctx.conn, message.user_id)
        if account is None:
            raise NotFound("There is no such account")
        holder = self._users.link_identity(ctx.conn, message.issuer, message.subject, message.user_id)
        if holder != message.user_id:
            raise Conflict("This account of the other system stands for somebody else already")
        return AcceptedDTO()


class FindByIdentityHandler:
    """Finds whom an account of another system stands for."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: FindByIdentity) -> UUID | None:
        return self._users.identity(ctx.conn, message.issuer, message.subject)


class UnlinkIdentityHandler:
    """Undoes a link."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: UnlinkIdentity) -> bool:
        return self._users.unlink_identity(ctx.conn, message.issuer, message.subject, message.user_id)
