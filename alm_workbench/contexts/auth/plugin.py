"""Registers the auth context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alm_workbench.contexts.auth import accounts as a
from alm_workbench.contexts.auth import handlers as h
from alm_workbench.contexts.auth import jobs
from alm_workbench.contexts.auth import messages as m
from alm_workbench.contexts.auth import session_messages as sm
from alm_workbench.contexts.auth import sessions as s
from alm_workbench.contexts.auth.actor_messages import PrincipalsOf
from alm_workbench.contexts.auth.actors import PrincipalsOfHandler
from alm_workbench.contexts.auth.domain import AuthOptions, LiveBindings, Passwords, PrincipalMemory, Tokens
from alm_workbench.contexts.auth.repository import AuthRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.jobs import JobSpec
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    users, tokens = AuthRepository(), services.port(Tokens)
    door = h.Door(users, services.port(Passwords), tokens)
    memory, options = services.port(PrincipalMemory), services.port(AuthOptions)
    bindings: LiveBindings = services.ports[LiveBindings]
    return {
        sm.LogIn: h.LogInHandler(door),
        sm.LogInBrowser: h.LogInBrowserHandler(door),
        sm.OpenSession: h.OpenSessionHandler(door),
        sm.RefreshSession: h.RefreshSessionHandler(door, memory),
        sm.SwitchTenant: h.SwitchTenantHandler(door, memory),
        sm.Me: h.MeHandler(),
        sm.RenewKernelToken: h.RenewKernelTokenHandler(users, tokens, bindings),
        sm.ResolvePrincipal: h.ResolvePrincipalHandler(users),
        sm.ResolveSession: h.ResolveSessionHandler(users),
        sm.LogOut: s.LogOutHandler(users, memory),
        sm.ListSessions: s.ListSessionsHandler(users),
        sm.RevokeSession: s.RevokeSessionHandler(users, memory),
        sm.ListMyTenants: s.ListMyTenantsHandler(users),
        sm.TenantsOf: s.TenantsOfHandler(users),
        sm.TouchSession: s.TouchSessionHandler(users),
        sm.ListSignIns: s.ListSignInsHandler(users),
        m.RegisterUser: a.RegisterUserHandler(door, options),
        m.CreateAccount: a.CreateAccountHandler(door),
        m.FindUser: a.FindUserHandler(users),
        m.UpdateProfile: a.UpdateProfileHandler(users, memory),
        m.ChangePassword: a.ChangePasswordHandler(door, memory),
        m.RequestPasswordReset: a.RequestPasswordResetHandler(users),
        m.IssuePasswordReset: a.IssuePasswordResetHandler(users),
        m.PasswordResetByToken: a.PasswordResetByTokenHandler(users),
        m.ResetPassword: a.ResetPasswordHandler(door, memory),
        m.LinkIdentity: a.LinkIdentityHandler(users),
        m.FindByIdentity: a.FindByIdentityHandler(users),
        m.UnlinkIdentity: a.UnlinkIdentityHandler(users),
        PrincipalsOf: PrincipalsOfHandler(users),
    }


@hookimpl
def alm_jobs() -> Sequence[JobSpec]:
    """Jobs of this context."""
    return jobs.specs()
