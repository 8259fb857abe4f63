"""Commands and queries about accounts, their passwords, and accounts of other systems that stand for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from alm_workbench.contexts.auth.session_messages import AcceptedDTO, IdentityDTO
from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, Command, Query, command, query


@dataclass(frozen=True, slots=True)
class UserDTO:
    """A user account, without its secret."""

    user_id: UUID
    email: str
    display_name: str
    locale: str


@dataclass(frozen=True, slots=True)
class NewPasswordDTO:
    """What a new password ended: so many sessions, and so many API keys."""

    ended: int
    keys: int = 0


@dataclass(frozen=True, slots=True)
class PasswordLinkDTO:
    """A link with which a person sets a new password, once; shown to whoever made it and kept nowhere."""

    token: str
    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordTokenDTO:
    """Whose password a link resets."""

    email: str
    display_name: str


# -- accounts and passwords


@command(route="PATCH /auth/me", privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class UpdateProfile(Command[IdentityDTO]):
    """Change how I am called, or the language I am spoken to in; what is left out stays."""

    display_name: str | None = None
    locale: Literal["en", "tr"] | None = None


@command(route="POST /auth/register", privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class RegisterUser(Command[UserDTO]):
    """Register, where this installation lets people in: with an invitation, openly, or not at all."""

    email: str
    display_name: str
    password: str
    locale: Literal["en", "tr"] = "en"
    invitation: str | None = None


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class CreateAccount(Command[UserDTO]):
    """Create a user account. ``password=None`` makes one that cannot log in by password."""

    email: str
    display_name: str
    password: str | None = None
    locale: str = "en"


@command(route="POST /auth/change-password", privilege=AUTHENTICATED, status=200)
@dataclass(frozen=True, slots=True)
class ChangePassword(Command[NewPasswordDTO]):
    """Set a new password; every other session of mine ends. ``revoke_keys`` ends my API keys too, everywhere."""

    current_password: str
    new_password: str
    revoke_keys: bool = False


@command(route="POST /auth/password-reset", privilege=PUBLIC, status=202)
@dataclass(frozen=True, slots=True)
class RequestPasswordReset(Command[AcceptedDTO]):
    """Ask for a link by e-mail; the answer is the same whether the address has an account or not."""

    email: str


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class PasswordResetByToken(Query[PasswordTokenDTO | None]):
    """Whose password this link resets; None for one that is used, too old or not ours."""

    token: str


@command(route="POST /auth/password-reset/confirm", privilege=PUBLIC, status=200)
@dataclass(frozen=True, slots=True)
class ResetPassword(Command[NewPasswordDTO]):
    """Set a new password by a link; every session and every API key of the account ends, in all organisations."""

    token: str
    new_password: str


@command(route="POST /members/{membership_id}/password-reset", privilege="member:manage")
@dataclass(frozen=True, slots=True)
class IssuePasswordReset(Command[PasswordLinkDTO]):
    """A one-time link for a member who has lost the password; only for people who belong to this organisation alone."""

    membership_id: UUID


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class FindUser(Query[UserDTO | None]):
    """The account with this e-mail, if there is one."""

    email: str


# -- accounts of other systems, for single sign-on


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class LinkIdentity(Command[AcceptedDTO]):
    """Let an account of another system (``issuer``, ``subject``: OpenID Connect's iss and sub) stand for a user."""

    user_id: UUID
    issuer: str
    subject: str


@query(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class FindByIdentity(Query[UUID | None]):
    """The user an account of another system stands for."""

    issuer: str
    subject: str


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class UnlinkIdentity(Command[bool]):
    """Undo a link; False when there was none."""

    user_id: UUID
    issuer: str
    subject: str
