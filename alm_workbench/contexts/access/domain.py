"""People and their roles as an explanation needs them: with the way each role was reached and what it grants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from alm_workbench.contexts.access.messages import HeldRoleDTO
from alm_workbench.shared.principal import Principal, grants, meet

PROJECT_ACTIONS: Mapping[str, str] = {
    "read": "project:read",
    "update": "project:update",
    "delete": "project:delete",
    "activate": "project:activate",
    "members": "project:members",
}
"""What can be asked about a project, with the privilege behind it."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member at some moment: the roles that were given, in the organisation and in the project asked about."""

    membership_id: UUID
    actor_id: UUID
    name: str
    email: str
    status: str
    given: tuple[str, ...]
    given_here: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleBook:
    """The roles of an organisation at some moment."""

    implies: Mapping[str, tuple[str, ...]]
    privileges: Mapping[str, frozenset[str]]

    def ways(self, given: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Every role reached from those given, with the shortest way to it."""
        found: dict[str, tuple[str, ...]] = {}
        todo: list[tuple[str, ...]] = [(code,) for code in sorted(given)]
        while todo:
            way, *todo = todo
            if way[-1] not in found:
                found[way[-1]] = way
                todo += [(*way, code) for code in sorted(self.implies.get(way[-1], ()))]
        return found

    def granted(self, codes: Iterable[str]) -> frozenset[str]:
        """What some roles grant, implied ones named."""
        return frozenset(p for code in codes for p in self.privileges.get(code, ()))


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose rights are explained, within the project asked about."""

    person: Person
    ways: Mapping[str, tuple[str, ...]]
    ways_here: Mapping[str, tuple[str, ...]]
    principal: Principal
    held: frozenset[str]
    book: RoleBook

    @property
    def active(self) -> bool:
        """Whether the membership counts at all."""
        return self.person.status in ("active", "key")

    def roles(self) -> tuple[HeldRoleDTO, ...]:
        """The roles held, those of the organisation first."""
        scoped: list[tuple[Literal["organisation", "project"], Mapping[str, tuple[str, ...]]]] = [
            ("organisation", self.ways),
            ("project", self.ways_here),
        ]
        return tuple(HeldRoleDTO(code, way, scope) for scope, ways in scoped for code, way in sorted(ways.items()))

    def granting(self, privilege: str) -> list[str]:
        """The roles that grant a privilege, with the way to each."""
        ways = [*self.ways.items(), *self.ways_here.items()]
        found = [way for code, way in ways if grants(self.book.privileges.get(code, frozenset()), privilege)]
        return [" → ".join(way) for way in sorted(found, key=lambda way: (len(way), way))]


def subject_of(asker: Principal, person: Person, book: RoleBook, itself: bool) -> Subject:
    """A person with what follows from the roles; ``itself`` is the asker now, whose key may narrow them."""
    ways, here = book.ways(person.given), book.ways(person.given_here)
    limits = asker.limits if itself else None
    if limits is not None:
        ways = {code: way for code, way in ways.items() if code in limits.of_roles(ways)}
        here = {code: way for code, way in here.items() if code in limits.of_roles(here)}
    active = person.status in ("active", "key")
    roles = frozenset((*ways, *here)) if active else frozenset()
    theirs = book.granted(ways) if active else frozenset()
    organisation = asker.privileges if itself else theirs
    local = book.granted(here) if active else frozenset()
    if limits is not None:
        local = meet(local, limits.scopes)
    principal = Principal(
        tenant_id=asker.tenant_id,
        actor_id=person.actor_id,
        user_id=None,
        email=person.email,
        display_name=person.name,
        roles=roles,
        privileges=organisation,
        kind=asker.kind if itself else "user",
        membership_id=person.membership_id,
    )
    return Subject(person, ways, here, principal, organisation | local, book)
