"""Registers the auth context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.auth import handlers as h
from alm_workbench.contexts.auth import messages as m
from alm_workbench.contexts.auth.domain import LiveBindings, Passwords, Tokens
from alm_workbench.contexts.auth.repository import AuthRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    users = AuthRepository()
    tokens, passwords = services.port(Tokens), services.port(Passwords)
    bindings: LiveBindings = services.ports[LiveBindings]
    return {
        m.LogIn: h.LogInHandler(users, passwords, tokens),
        m.Me: h.MeHandler(),
        m.RenewKernelToken: h.RenewKernelTokenHandler(tokens, bindings),
        m.RegisterUser: h.RegisterUserHandler(users, passwords),
        m.FindUser: h.FindUserHandler(users),
        m.ResolvePrincipal: h.ResolvePrincipalHandler(users),
        m.TenantsOf: h.TenantsOfHandler(users),
    }
