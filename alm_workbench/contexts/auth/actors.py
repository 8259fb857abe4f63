"""Who other members are, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from alm_workbench.contexts.auth.actor_messages import PrincipalsOf
from alm_workbench.contexts.auth.domain import closure
from alm_workbench.contexts.auth.repository import AuthRepository
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.principal import Principal


class PrincipalsOfHandler:
    """Turns actors into principals; those asked for before in this transaction are remembered."""

    def __init__(self, users: AuthRepository) -> None:
        self._users = users

    def __call__(self, ctx: MessageContext, message: PrincipalsOf) -> Mapping[UUID, Principal]:
        known: dict[UUID, Principal | None] = ctx.memo.setdefault(PrincipalsOf, {})
        missing = {actor for actor in message.actors if actor not in known}
        if missing:
            known |= dict.fromkeys(missing) | self._looked_up(ctx, sorted(missing))
        return {actor: found for actor in message.actors if (found := known[actor])}

    def _looked_up(self, ctx: MessageContext, actors: list[UUID]) -> dict[UUID, Principal | None]:
        roles = self._users.roles(ctx.conn)
        implied = {code: others for code, (others, _) in roles.items()}
        found: dict[UUID, Principal | None] = {}
        for row in self._users.people(ctx.conn, actors):
            held = closure(row.role_codes, implied)
            found[row.actor_id] = replace(
                ctx.principal,
                actor_id=row.actor_id,
                user_id=row.user_id,
                email="",
                display_name=row.display_name,
                roles=held,
                privileges=frozenset(code for role in held for code in roles.get(role, ([], []))[1]),
                kind="user",
                membership_id=row.membership_id,
                session_id=None,
                key_id=None,
                limits=None,
            )
        return found
