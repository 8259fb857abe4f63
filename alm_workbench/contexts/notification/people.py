"""Whom work in a project may be given to: names for everybody who works there, addresses for nobody."""

from __future__ import annotations

from alm_workbench.contexts.auth.actor_messages import PrincipalsOf
from alm_workbench.contexts.notification.audience import may_read_items, on_behalf
from alm_workbench.contexts.notification.domain import begins
from alm_workbench.contexts.notification.messages import ListPeople, PersonDTO
from alm_workbench.contexts.project.messages import GetProject
from alm_workbench.contexts.tenant.people_messages import ListMembers
from alm_workbench.shared.context import MessageContext

MOST = 50


class ListPeopleHandler:
    """Lists who may read items of a project; asks for a part of the members at a time, since most want few."""

    def __call__(self, ctx: MessageContext, message: ListPeople) -> tuple[PersonDTO, ...]:
        ctx.ask(GetProject(message.project_id))
        members = [m for m in ctx.ask(ListMembers()) if m.status == "active" and begins(m.display_name, message.text)]
        found: list[PersonDTO] = []
        for start in range(0, len(members), MOST):
            part = members[start : start + MOST]
            those = ctx.ask(PrincipalsOf(tuple(m.actor_id for m in part)))
            found += [
                PersonDTO(m.actor_id, m.display_name)
                for m in part
                if m.actor_id in those
                and may_read_items(on_behalf(ctx, those[m.actor_id], message.project_id), message.project_id)
            ]
            if len(found) >= MOST:
                break
        return tuple(found[:MOST])
