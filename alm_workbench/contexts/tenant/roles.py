"""Roles of an organisation's own, beside the built-in ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alm_workbench.contexts.project.messages import ProjectRoleHolders
from alm_workbench.contexts.tenant import domain
from alm_workbench.contexts.tenant.authority import Authority
from alm_workbench.contexts.tenant.domain import RoleFacts, Seed
from alm_workbench.contexts.tenant.people_messages import (
    CreateRole,
    DeleteRole,
    ListPrivileges,
    ListRoles,
    PrivilegeDTO,
    RoleDTO,
    UpdateRole,
)
from alm_workbench.contexts.tenant.repository import TenantRepository
from alm_workbench.contexts.tenant.repository.invitations import InvitationRepository
from alm_workbench.errors import Conflict, ErrorItem, InvalidInput, NotFound, StaleVersion
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.messages import Event

MANAGE = "role:manage"


class ListRolesHandler:
    """Lists roles."""

    def __init__(self, tenants: TenantRepository) -> None:
        self._tenants = tenants

    def __call__(self, ctx: MessageContext, message: ListRoles) -> tuple[RoleDTO, ...]:
        return self._tenants.roles(ctx.conn)


class ListPrivilegesHandler:
    """Lists what roles may grant."""

    def __init__(self, seed: Seed) -> None:
        self._found = tuple(PrivilegeDTO(item["code"], dict(item["labels"])) for item in seed.privileges)

    def __call__(self, ctx: MessageContext, message: ListPrivileges) -> tuple[PrivilegeDTO, ...]:
        return self._found


class RoleWriter:
    """What creating and changing share: known codes, no cycles, nothing the caller does not hold himself."""

    def __init__(self, tenants: TenantRepository, seed: Seed) -> None:
        self.tenants = tenants
        codes = [str(item["code"]) for item in seed.privileges]
        self._known = {*codes, *(code.split(":", 1)[0] + ":*" for code in codes), "*"}

    def check(self, authority: Authority, code: str, facts: RoleFacts) -> None:
        """Raises ``InvalidInput``, ``Conflict`` or ``AccessDenied`` when the role may not be like this."""
        authority.check_known(facts.implies)
        unknown = [p for p in facts.privileges if p not in self._known]
        if unknown:
            raise InvalidInput(
                f"There is no privilege {unknown[0]!r}",
                errors=[ErrorItem("/privileges", "unknown-privilege", f"{p!r} is unknown") for p in unknown],
            )
        after = {**authority.roles, code: facts}
        if cycle := domain.find_cycle(code, after):
            raise Conflict(f"a role cannot imply itself: {' → '.join(cycle)}")
        sentence = f"The role {code} would grant more than you hold"
        authority.must_hold(domain.granted([code], after), sentence)

    def of_our_own(self, ctx: MessageContext, code: str, expected: int) -> RoleDTO:
        """A role that may be changed; raises ``NotFound``, ``Conflict`` or ``StaleVersion``."""
        found = self.read(ctx, code)
        if found.built_in:
            raise Conflict(f"the role {code} is built in and cannot be changed; make one of your own that implies it")
        if found.version != expected:
            raise StaleVersion(f"this role is at version {found.version}, not {expected}", current=found)
        return found

    def read(self, ctx: MessageContext, code: str) -> RoleDTO:
        """One role; raises ``NotFound``."""
        for role in self.tenants.roles(ctx.conn):
            if role.code == code:
                return role
        raise NotFound(f"there is no role {code!r}")


class CreateRoleHandler:
    """Makes a role."""

    def __init__(self, writer: RoleWriter) -> None:
        self._writer = writer

    def __call__(self, ctx: MessageContext, message: CreateRole) -> RoleDTO:
        authority = Authority(ctx, self._writer.tenants, MANAGE)
        code = domain.check_role_code(message.code)
        if code in authority.roles:
            raise Conflict(f"there is a role {code!r} already")
        facts = RoleFacts(_once(message.implies), _once(message.privileges))
        self._writer.check(authority, code, facts)
        values = {
            "code": code,
            "labels": domain.check_texts(message.labels, "/labels", needed=True),
            "description": domain.check_texts(message.description or {}, "/description", needed=False),
            "implies": facts.implies,
            "privileges": facts.privileges,
        }
        self._writer.tenants.add_role(ctx.conn, ctx.principal.tenant_id, values)
        ctx.emit(_event(ctx, "RoleCreated", code))
        return self._writer.read(ctx, code)


class UpdateRoleHandler:
    """Changes a role of the organisation's own."""

    def __init__(self, writer: RoleWriter) -> None:
        self._writer = writer

    def __call__(self, ctx: MessageContext, message: UpdateRole) -> RoleDTO:
        authority = Authority(ctx, self._writer.tenants, MANAGE)
        old = self._writer.of_our_own(ctx, message.code, message.expected_version)
        authority.must_rule([old.code])
        facts = RoleFacts(
            old.implies if message.implies is None else _once(message.implies),
            old.privileges if message.privileges is None else _once(message.privileges),
        )
        self._writer.check(authority, old.code, facts)
        values: dict[str, Any] = {"implies": list(facts.implies), "privileges": list(facts.privileges)}
        if message.labels is not None:
            values["labels"] = domain.check_texts(message.labels, "/labels", needed=True)
        if message.description is not None:
            values["description"] = domain.check_texts(message.description, "/description", needed=False)
        self._writer.tenants.change_role(ctx.conn, old.code, values)
        ctx.emit(_event(ctx, "RoleUpdated", old.code))
        return self._writer.read(ctx, old.code)


class DeleteRoleHandler:
    """Deletes a role that nobody needs."""

    def __init__(self, writer: RoleWriter, invitations: InvitationRepository) -> None:
        self._writer, self._invitations = writer, invitations

    def __call__(self, ctx: MessageContext, message: DeleteRole) -> RoleDTO:
        authority = Authority(ctx, self._writer.tenants, MANAGE)
        old = self._writer.of_our_own(ctx, message.code, message.expected_version)
        authority.must_rule([old.code])
        users = [
            (self._writer.tenants.role_holders(ctx.conn, old.code), "members hold it"),
            (ctx.ask(ProjectRoleHolders(old.code)), "members hold it in a project"),
            (sum(old.code in role.implies for role in authority.roles.values()), "roles imply it"),
            (self._promised(ctx, old.code), "open invitations promise it"),
        ]
        if uses := [f"{number} {what}" for number, what in users if number]:
            raise Conflict(f"the role {old.code} is in use: {', '.join(uses)}")
        self._writer.tenants.delete_role(ctx.conn, old.code)
        ctx.emit(_event(ctx, "RoleDeleted", old.code))
        return old

    def _promised(self, ctx: MessageContext, code: str) -> int:
        return sum(code in i.roles and i.status == "open" for i in self._invitations.all(ctx.conn))


def _once(codes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(codes))


def _event(ctx: MessageContext, name: str, code: str) -> Event:
    return Event(name, "Tenant", ctx.principal.tenant_id, {"role": code})
