"""What the caller may give and take. Read afresh behind a lock: what a process remembers of somebody may be seconds old."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from alm_workbench.contexts.project.messages import AboveMeInProjects
from alm_workbench.contexts.tenant.domain import Roles, granted, missing, owns
from alm_workbench.contexts.tenant.people_messages import MemberDTO
from alm_workbench.contexts.tenant.repository import TenantRepository
from alm_workbench.errors import AccessDenied, Conflict, ErrorItem, InvalidInput
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.principal import meet


class Authority:
    """The caller's rights over people and roles; while one lives, nobody else changes those of this organisation."""

    def __init__(self, ctx: MessageContext, tenants: TenantRepository, privilege: str | None) -> None:
        tenants.lock_people(ctx.conn)
        self.roles: Roles = tenants.role_facts(ctx.conn)
        self.members = tenants.members(ctx.conn)
        self.held = self._held(ctx)
        if privilege:
            self.must_hold([privilege], f"{ctx.command} is not yours to do any more")

    def _held(self, ctx: MessageContext) -> frozenset[str]:
        mine = self._member(ctx.principal.membership_id)
        now = granted(mine.roles, self.roles) if mine and mine.status == "active" else frozenset[str]()
        return meet(ctx.principal.privileges, now)

    def _member(self, membership_id: UUID | None) -> MemberDTO | None:
        return next((member for member in self.members if member.membership_id == membership_id), None)

    def must_hold(self, privileges: Iterable[str], sentence: str) -> None:
        """Raises ``AccessDenied`` naming the privileges that the caller lacks himself."""
        if lacking := missing(self.held, privileges):
            raise AccessDenied(
                sentence,
                reasons=[
                    {"code": "R_PRIVILEGE_MISSING", "message": f"privilege {code} is needed", "rule_id": code}
                    for code in lacking
                ],
            )

    def must_rule(self, codes: Collection[str]) -> None:
        """Nobody gives, takes or touches roles that grant more than he holds; raises ``AccessDenied``."""
        names = ", ".join(sorted(codes))
        self.must_hold(granted(codes, self.roles), f"The roles {names} grant more than you hold")

    def must_rule_in_projects(self, ctx: MessageContext, member: MemberDTO) -> None:
        """Nobody takes away, or gives back, what somebody holds in a project and he does not; raises ``AccessDenied``."""
        above = ctx.ask(AboveMeInProjects(member.membership_id, self.held))
        self.must_hold(above, "The roles of this member in projects grant more than you hold there")

    def check_known(self, codes: Iterable[str]) -> tuple[str, ...]:
        """The role codes, each once; raises ``InvalidInput`` on one that does not exist."""
        unknown = [code for code in codes if code not in self.roles]
        if unknown:
            known = ", ".join(sorted(self.roles))
            raise InvalidInput(
                f"There is no role {unknown[0]!r}",
                errors=[ErrorItem("/roles", "unknown-role", f"{code!r} is none of {known}") for code in unknown],
            )
        return tuple(dict.fromkeys(codes))

    def must_leave_an_owner(self, changed: MemberDTO, codes: Iterable[str], *, active: bool) -> None:
        """An organisation always has an owner who can act; raises ``Conflict``."""
        others = (m for m in self.members if m.membership_id != changed.membership_id and m.status == "active")
        if not (active and owns(codes, self.roles)) and not any(owns(m.roles, self.roles) for m in others):
            raise Conflict("this is the last owner; make somebody else an owner first")
