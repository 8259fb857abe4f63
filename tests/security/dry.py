"""A REST server over a workbench whose transactions are rolled back when they have done all their work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alm_workbench.contexts.auth.messages import CreateAccount
from alm_workbench.contexts.tenant.people_messages import AddMember
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.storage.units import PostgresUnits
from tests.factories.workbench import PASSWORD, Api, Bench
from tests.security.authz import RolledBack


@contextmanager
def dry_api(bench: Bench) -> Iterator[Api]:
    """The API of a bench, with an administrator and a member without roles beside its people."""
    root = bench.runtime.mediator.as_principal(None)
    for role, roles in (("admin", ("admin",)), ("outsider", ())):
        root.send(CreateAccount(bench.acme.email(role), role.title(), PASSWORD))
        bench.acme.owner.send(AddMember(bench.acme.email(role), roles))
    api = Api(bench)
    for person in ("outsider", "viewer", "engineer", "reviewer", "manager", "admin", "owner"):
        api.token(person)
    api.token("owner", "globex")
    kept = api.application.mediator
    api.application.mediator = rolled_back(bench, kept)
    try:
        yield api
    finally:
        api.application.mediator = kept
        api.close()


def rolled_back(bench: Bench, mediator: LocalMediator) -> LocalMediator:
    """The same mediator over transactions that leave nothing."""
    inner = mediator._units
    assert isinstance(inner, PostgresUnits)
    units = RolledBack(bench.runtime.engine, queues=inner._queues)
    return LocalMediator(mediator._handlers, units, may=mediator._may, cursor_key=mediator._cursor_key)
