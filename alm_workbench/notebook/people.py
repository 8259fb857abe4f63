"""The people of the organisation: members, invitations, roles; who logged in and who could not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from alm_workbench.contexts.auth.messages import IssuePasswordReset, PasswordLinkDTO
from alm_workbench.contexts.auth.session_messages import ListSignIns, SignInDTO, TenantChoiceDTO
from alm_workbench.contexts.tenant.invitation_messages import (
    InvitationDTO,
    InvitationSecretDTO,
    InviteMember,
    ListInvitations,
    ResendInvitation,
    RevokeInvitation,
)
from alm_workbench.contexts.tenant.people_messages import (
    CreateRole,
    DeleteRole,
    ListMembers,
    ListPrivileges,
    ListRoles,
    MemberDTO,
    PrivilegeDTO,
    RemoveMember,
    RoleDTO,
    UpdateMember,
    UpdateRole,
)
from alm_workbench.errors import NotFound
from alm_workbench.i18n import _, label
from alm_workbench.notebook.actions import action
from alm_workbench.notebook.hints import suggestion
from alm_workbench.notebook.listings import people_columns
from alm_workbench.notebook.show import Column, Listing, card

if TYPE_CHECKING:
    from alm_workbench.notebook.workbench import Workbench

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Invitation:
    """A fresh invitation. ``link`` is what the person needs; it is told this once and shown only when asked for."""

    email: str
    roles: tuple[str, ...]
    link: str
    token: str
    expires: str

    def __repr__(self) -> str:
        return f"<Invitation {self.email}: {', '.join(self.roles)}; .link>"

    def _repr_html_(self) -> str:
        rows = [(_("Roles"), ", ".join(self.roles)), (_("Valid until"), self.expires)]
        return card(self.email, rows, _("Send the person .link; it is told this once."))


class Members(Listing[MemberDTO]):
    """The people of the organisation; a list, and what an administrator does with it."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        super().__init__(workbench.mediator.query(ListMembers()), people_columns(), _("Members"))

    @action
    def invite(self, email: str, *roles: str) -> Invitation:
        """Invite an address, with roles that you hold yourself (viewer when none is named)."""
        return self._invitation(self._workbench.mediator.send(InviteMember(email, roles or ("viewer",))))

    @property
    def invitations(self) -> Listing[InvitationDTO]:
        """The invitations, newest first."""
        columns: list[Column[InvitationDTO]] = [
            Column("email", _("E-mail"), lambda i: i.email),
            Column("roles", _("Roles"), lambda i: ", ".join(i.roles)),
            Column("status", _("Status"), lambda i: i.status, "category"),
            Column("invited_by", _("Invited by"), lambda i: i.invited_by),
            Column("expires_at", _("Valid until"), lambda i: i.expires_at, "timestamp"),
        ]
        return Listing(self._workbench.mediator.query(ListInvitations()), columns, _("Invitations"))

    @action
    def resend(self, email: str) -> Invitation:
        """A new link for an open or expired invitation; the one before is dead."""
        found = self._invited(email)
        return self._invitation(self._workbench.mediator.send(ResendInvitation(found.invitation_id)))

    @action
    def revoke_invitation(self, email: str) -> InvitationDTO:
        """Take an open invitation back."""
        return self._workbench.mediator.send(RevokeInvitation(self._invited(email).invitation_id))

    @action
    def set_roles(self, who: Any, *roles: str) -> MemberDTO:
        """Give a member exactly these roles."""
        member = self.find(who)
        return self._workbench.mediator.send(UpdateMember(member.membership_id, member.version, roles=roles))

    @action
    def suspend(self, who: Any) -> MemberDTO:
        """Keep a member out, at once and until ``reinstate``."""
        member = self.find(who)
        return self._workbench.mediator.send(UpdateMember(member.membership_id, member.version, status="suspended"))

    @action
    def reinstate(self, who: Any) -> MemberDTO:
        """Let a suspended member in again."""
        member = self.find(who)
        return self._workbench.mediator.send(UpdateMember(member.membership_id, member.version, status="active"))

    @action
    def remove(self, who: Any) -> MemberDTO:
        """Take a person out of the organisation; what was written stays."""
        member = self.find(who)
        return self._workbench.mediator.send(RemoveMember(member.membership_id, member.version))

    @action
    def password_link(self, who: Any) -> PasswordLinkDTO:
        """A one-time link for a member who has lost the password."""
        return self._workbench.mediator.send(IssuePasswordReset(self.find(who).membership_id))

    def find(self, who: Any) -> MemberDTO:
        """The member that a name, an e-mail address or a member means, as of now; raises ``NotFound``."""
        wanted = who.email if isinstance(who, MemberDTO) else str(who)
        now = self._workbench.mediator.query(ListMembers())
        return one_of(now, wanted, lambda m: (m.email, m.display_name), _("There is no member {name!r}. {help}"))

    def _invited(self, email: str) -> InvitationDTO:
        newest = {i.email: i for i in reversed(self._workbench.mediator.query(ListInvitations()))}
        return one_of(newest.values(), email, lambda i: (i.email,), _("There is no invitation for {name!r}. {help}"))

    def _invitation(self, secret: InvitationSecretDTO) -> Invitation:
        made = secret.invitation
        link = secret.link if "://" in secret.link else f"{server_of(self._workbench)}/{secret.link.lstrip('/')}"
        return Invitation(made.email, made.roles, link, secret.token, made.expires_at.date().isoformat())


class Roles(Listing[RoleDTO]):
    """The roles of the organisation: the built-in ones, which are fixed, and its own."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        columns: list[Column[RoleDTO]] = [
            Column("code", _("Role"), lambda r: r.code),
            Column("label", _("Label"), lambda r: label(r.labels, r.code)),
            Column("implies", _("Implies"), lambda r: ", ".join(r.implies)),
            Column("privileges", _("Grants"), lambda r: ", ".join(r.privileges)),
            Column("built_in", _("Built in"), lambda r: r.built_in, "boolean"),
        ]
        super().__init__(workbench.mediator.query(ListRoles()), columns, _("Roles"))

    @property
    def privileges(self) -> Listing[PrivilegeDTO]:
        """Every privilege that a role may grant."""
        columns: list[Column[PrivilegeDTO]] = [
            Column("code", _("Privilege"), lambda p: p.code),
            Column("label", _("Label"), lambda p: label(p.labels, p.code)),
        ]
        return Listing(self._workbench.mediator.query(ListPrivileges()), columns, _("Privileges"))

    @action
    def create(
        self,
        code: str,
        *,
        labels: str | Mapping[str, str] | None = None,
        privileges: Iterable[str] = (),
        implies: Iterable[str] = (),
    ) -> RoleDTO:
        """Make a role out of privileges that you hold."""
        named = {"en": labels or code} if labels is None or isinstance(labels, str) else labels
        return self._workbench.mediator.send(CreateRole(code, named, tuple(privileges), tuple(implies)))

    @action
    def update(
        self, code: str, *, privileges: Iterable[str] | None = None, implies: Iterable[str] | None = None
    ) -> RoleDTO:
        """Change a role of our own; what is not named stays."""
        message = UpdateRole(
            code,
            self.find(code).version,
            privileges=None if privileges is None else tuple(privileges),
            implies=None if implies is None else tuple(implies),
        )
        return self._workbench.mediator.send(message)

    @action
    def delete(self, code: str) -> RoleDTO:
        """Delete a role of our own that nobody holds."""
        return self._workbench.mediator.send(DeleteRole(code, self.find(code).version))

    def find(self, code: str) -> RoleDTO:
        """The role with this code, as of now; raises ``NotFound``."""
        now = self._workbench.mediator.query(ListRoles())
        return one_of(now, code, lambda r: (r.code,), _("There is no role {name!r}. {help}"))


def sign_ins(workbench: Workbench, who: Any = None, limit: int = 50) -> Listing[SignInDTO]:
    """Log-ins, failures and changes of passwords, newest first."""
    user: UUID | None = None if who is None else Members(workbench).find(who).user_id
    page = workbench.mediator.query(ListSignIns(user_id=user, limit=limit))
    columns: list[Column[SignInDTO]] = [
        Column("at", _("When"), lambda s: s.at, "timestamp"),
        Column("email", _("Who"), lambda s: s.display_name or s.email),
        Column("kind", _("What"), lambda s: s.kind, "category"),
        Column("address", _("From where"), lambda s: s.address),
        Column("client", _("With"), lambda s: s.client),
        Column("correlation_id", _("Correlation id"), lambda s: s.correlation_id),
    ]
    return Listing(page.items, columns, _("Sign-ins"))


def tenants(items: Iterable[TenantChoiceDTO], here: str) -> Listing[TenantChoiceDTO]:
    """The organisations of a person."""
    columns: list[Column[TenantChoiceDTO]] = [
        Column("slug", _("Organisation"), lambda t: t.slug),
        Column("name", _("Name"), lambda t: t.name),
        Column("here", _("You are here"), lambda t: t.slug == here, "boolean"),
    ]
    return Listing(items, columns, _("Your organisations"))


def one_of(items: Iterable[T], wanted: str, names: Callable[[T], tuple[str, ...]], missing: str) -> T:
    """The only one with a name; raises ``NotFound`` with what comes near."""
    all_of_them = list(items)
    same = [item for item in all_of_them if wanted.casefold() in [name.casefold() for name in names(item)]]
    if len(same) != 1:
        known = [names(item)[0] for item in all_of_them]
        raise NotFound(missing.format(name=wanted, help=suggestion(wanted, known)))
    return same[0]


def server_of(workbench: Workbench) -> str:
    """The address of the server without a slash at the end; empty where the workbench runs in this process."""
    return workbench.place.rstrip("/") if "://" in workbench.place else ""
