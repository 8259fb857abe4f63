"""Commands and queries about who is in an organisation: members, and the roles they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, Command, Query, command, query


@dataclass(frozen=True, slots=True)
class MemberDTO:
    """A person in the organisation; ``status`` is active or suspended."""

    membership_id: UUID
    user_id: UUID
    actor_id: UUID
    email: str
    display_name: str
    status: str
    roles: tuple[str, ...]
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RoleDTO:
    """A role: what it implies and grants. ``labels`` and ``description`` by language."""

    code: str
    labels: Mapping[str, str]
    implies: tuple[str, ...]
    privileges: tuple[str, ...]
    built_in: bool
    description: Mapping[str, str]
    version: int


@dataclass(frozen=True, slots=True)
class PrivilegeDTO:
    """What a role may grant; ``resource:*`` and ``*`` grant several at once."""

    code: str
    labels: Mapping[str, str]


# -- members


@query(route="GET /members", privilege="member:read", facade="members.list")
@dataclass(frozen=True, slots=True)
class ListMembers(Query[tuple[MemberDTO, ...]]):
    """The people of the organisation, by name."""


@command(route=None, privilege="member:manage")
@dataclass(frozen=True, slots=True)
class AddMember(Command[MemberDTO]):
    """Add a person who already has an account, with roles that I hold myself.

    Not for REST: its answer would tell who has an account with other organisations. There people are invited.
    """

    email: str
    roles: tuple[str, ...] = ("viewer",)


@command(route="PATCH /members/{membership_id}", privilege="member:manage", facade="members.update", if_match=True)
@dataclass(frozen=True, slots=True)
class UpdateMember(Command[MemberDTO]):
    """Give a member other roles, suspend or reinstate. Nobody gives or takes more than he holds; one owner stays."""

    membership_id: UUID
    expected_version: int
    roles: tuple[str, ...] | None = None
    status: Literal["active", "suspended"] | None = None


@command(route="DELETE /members/{membership_id}", privilege="member:manage", facade="members.remove", if_match=True)
@dataclass(frozen=True, slots=True)
class RemoveMember(Command[MemberDTO]):
    """Take a person out of the organisation, with all roles and open invitations; what was written stays."""

    membership_id: UUID
    expected_version: int


# -- roles and privileges


@query(route="GET /roles", privilege="member:read", facade="roles.list")
@dataclass(frozen=True, slots=True)
class ListRoles(Query[tuple[RoleDTO, ...]]):
    """The roles of the organisation."""


@query(route="GET /privileges", privilege="member:read", facade="roles.privileges")
@dataclass(frozen=True, slots=True)
class ListPrivileges(Query[tuple[PrivilegeDTO, ...]]):
    """Every privilege that a role may grant."""


@command(route="POST /roles", privilege="role:manage", facade="roles.create", idempotent=True)
@dataclass(frozen=True, slots=True)
class CreateRole(Command[RoleDTO]):
    """Make a role out of privileges that I hold. ``labels`` and ``description`` by language."""

    code: str
    labels: Mapping[str, str]
    privileges: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    description: Mapping[str, str] | None = None


@command(route="PATCH /roles/{code}", privilege="role:manage", facade="roles.update", if_match=True)
@dataclass(frozen=True, slots=True)
class UpdateRole(Command[RoleDTO]):
    """Change a role of our own; what is not named stays. The built-in ones are fixed."""

    code: str
    expected_version: int
    labels: Mapping[str, str] | None = None
    privileges: tuple[str, ...] | None = None
    implies: tuple[str, ...] | None = None
    description: Mapping[str, str] | None = None


@command(route="DELETE /roles/{code}", privilege="role:manage", facade="roles.delete", if_match=True)
@dataclass(frozen=True, slots=True)
class DeleteRole(Command[RoleDTO]):
    """Delete a role of our own that nobody holds, no role implies and no open invitation promises."""

    code: str
    expected_version: int


# -- for other contexts


@command(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class RightsNow(Command[frozenset[str]]):
    """What I hold tenant-wide at this moment, whatever the process remembers of me.

    Until the transaction ends nobody else changes members and roles: for those who give rights elsewhere.
    """


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class IsActor(Query[bool]):
    """Whether somebody of this organisation has this id: a person, a key, an author of imported history.

    Those who left count too; those of other organisations are as unknown as those that never were.
    """

    actor_id: UUID
