"""Two accounts in two tenants, kept in memory: the port that identity needs, without a database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from alm_workbench.contexts.auth.domain import AuthOptions
from alm_workbench.errors import AuthenticationFailed, InvalidInput, NotFound
from alm_workbench.server.identity import Owner
from alm_workbench.shared.messages import Message
from alm_workbench.shared.principal import Principal

ACME, GLOBEX = UUID(int=100), UUID(int=200)
TENANTS = {ACME: ("acme", "Acme Railways"), GLOBEX: ("globex", "Globex")}
PASSWORD = "correct horse"


@dataclass(frozen=True)
class Session:
    """What a log-in returns."""

    user_id: UUID
    tenant_id: UUID
    session_id: UUID


@dataclass(frozen=True)
class Person:
    """An account with its memberships and privileges."""

    user_id: UUID
    name: str
    tenants: tuple[UUID, ...]
    privileges: frozenset[str]


ALICE = Person(UUID(int=1), "Alice Ånderson", (ACME,), frozenset({"report:read"}))
BOB = Person(UUID(int=2), "Bob Stone", (ACME,), frozenset({"*"}))
MIRA = Person(UUID(int=3), "Mira Multi", (ACME, GLOBEX), frozenset({"report:read", "lab:use"}))
PEOPLE = {"alice@example.org": ALICE, "bob@example.org": BOB, "mira@example.org": MIRA}
OWNER = Owner(ALICE.user_id, ACME)


class People:
    """Log-ins and principals; ``suspended`` user ids have no access any more, sessions are those opened here."""

    def __init__(self) -> None:
        self.suspended: set[UUID] = set()
        self.sessions: dict[UUID, Session] = {}
        self.options = AuthOptions()

    def login(self, email: str, password: str, tenant: str | None = None, hours: float | None = None) -> Session:
        """As the application does it."""
        person = PEOPLE.get(email.lower())
        if person is None or password != PASSWORD:
            raise AuthenticationFailed("E-mail or password is wrong")
        chosen = [t for t in person.tenants if tenant in (None, TENANTS[t][0])]
        if not chosen:
            raise AuthenticationFailed("E-mail or password is wrong")
        if len(chosen) > 1:
            choices = [{"slug": TENANTS[t][0], "name": TENANTS[t][1]} for t in chosen]
            raise InvalidInput("You belong to several organisations; say which one", tenants=choices)
        return self.open_session(person.user_id, chosen[0], hours or 1.0)

    def open_session(self, user_id: UUID, tenant_id: UUID, hours: float) -> Session:
        """As the application does it."""
        session = Session(user_id, tenant_id, uuid4())
        self.sessions[session.session_id] = session
        return session

    def end_session(self, principal: Principal) -> None:
        """As the application does it."""
        self.sessions.pop(principal.session_id or UUID(int=0), None)

    def of_session(self, session_id: UUID) -> Principal | None:
        """As the application does it."""
        session = self.sessions.get(session_id)
        found = self.principal(session.user_id, session.tenant_id) if session else None
        return replace(found, session_id=session_id) if found else None

    def remembered(self, session_id: UUID) -> tuple[bool, Principal | None]:
        """Nothing is: every question is asked."""
        return False, None

    def ask(self, principal: Principal | None, message: Message[Any]) -> Any:
        """The pages of accounts are tested with the application itself."""
        raise NotFound(type(message).__name__)

    def principal(self, user_id: UUID, tenant_id: UUID) -> Principal | None:
        """As the application does it."""
        for email, person in PEOPLE.items():
            if person.user_id == user_id and tenant_id in person.tenants and user_id not in self.suspended:
                slug, name = TENANTS[tenant_id]
                return Principal(
                    tenant_id=tenant_id,
                    actor_id=user_id,
                    user_id=user_id,
                    email=email,
                    display_name=person.name,
                    roles=frozenset({"member"}),
                    privileges=person.privileges,
                    tenant_slug=slug,
                    tenant_name=name,
                )
        return None
