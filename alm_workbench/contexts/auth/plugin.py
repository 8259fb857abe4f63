"""Registers the auth context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alm_workbench.contexts.auth import accounts as a
from alm_workbench.contexts.auth import handlers as h
from alm_workbench.contexts.auth import jobs
from alm_workbench.contexts.auth import messages as m
from alm_workbench.contexts.auth import sessions as s
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
        m.LogIn: h.LogInHandler(door),
        m.LogInBrowser: h.LogInBrowserHandler(door),
        m.OpenSession: h.OpenSessionHandler(door),
        m.RefreshSession: h.RefreshSessionHandler(door, memory),
        m.SwitchTenant: h.SwitchTenantHandler(door, memory),
        m.Me: h.MeHandler(),
        m.RenewKernelToken: h.RenewKernelTokenHandler(users, tokens, bindings),
        m.ResolvePrincipal: h.ResolvePrincipalHandler(users),
        m.ResolveSession: h.ResolveSessionHandler(users),
        m.LogOut: s.LogOutHandler(users, memory),
        m.ListSessions: s.ListSessionsHandler(users),
        m.RevokeSession: s.RevokeSessionHandler(users, memory),
        m.ListMyTenants: s.ListMyTenantsHandler(users),
        m.TenantsOf: s.TenantsOfHandler(users),
        m.TouchSession: s.TouchSessionHandler(users),
        m.ListSignIns: s.ListSignInsHandler(users),
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
    }


@hookimpl
def alm_jobs() -> Sequence[JobSpec]:
    """Jobs of this context."""
    return jobs.specs()
