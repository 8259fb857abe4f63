"""``alm tenant``: organisations and their people, for who runs this installation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import click

from alm_workbench.commands.common import as_owner, data_dir_option, json_option, runtime, say, show, table
from alm_workbench.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from alm_workbench.composition import Runtime
    from alm_workbench.contexts.tenant.messages import TenantDTO
    from alm_workbench.shared.mediator import LocalMediator

organisation_option = click.option(
    "--organisation", "slug", help="Slug of the organisation (default: the owner's); needs --as."
)
as_option = click.option(
    "--as", "email", help="E-mail of the member to act as (default: the owner of this installation)."
)


@click.group()
def tenant() -> None:
    """Organisations and their people."""


@tenant.command("create")
@click.argument("slug")
@click.option("--name", help="Display name (default: the slug).")
@click.option("--owner", "email", required=True, help="E-mail of the owner; an account is made if there is none.")
@click.option("--owner-name", help="Name of the owner.")
@click.option("--tier", default="enterprise", show_default=True, help="Subscription.")
@click.option("--timezone", default="UTC", show_default=True)
@click.option("--locale", type=click.Choice(["en", "tr"]), default="en", show_default=True)
@click.option("--password", envvar="ALM_NEW_PASSWORD", help="Password of a new account (asked for when left out).")
@data_dir_option
@json_option
def create(
    slug: str,
    name: str | None,
    email: str,
    owner_name: str | None,
    tier: str,
    timezone: str,
    locale: str,
    password: str | None,
    data_dir: str | None,
    as_json: bool,
) -> None:
    """Set up an organisation from the seed, with its owner; all of it or nothing."""
    from alm_workbench.contexts.auth.messages import CreateAccount, FindUser
    from alm_workbench.contexts.tenant.onboarding_messages import OnboardTenant

    with runtime(data_dir, create=True) as found:
        root = found.mediator.as_principal(None)
        user = root.query(FindUser(email))
        if user is None:
            given = password or click.prompt(
                f"Password for {email}", hide_input=True, confirmation_prompt=True, err=True
            )
            user = root.send(CreateAccount(email, owner_name or email, given, locale))
        owner = (user.user_id, user.email, user.display_name)
        made = root.send(OnboardTenant(slug, name or slug, *owner, tier=tier, timezone=timezone, locale=locale))
    show(made, as_json, lambda: [f"{made.slug}: {made.name}, owned by {user.email}"])


@tenant.command("resume")
@click.argument("run", type=click.UUID, required=False)
@data_dir_option
@json_option
def resume(run: UUID | None, data_dir: str | None, as_json: bool) -> None:
    """Finish setting up what was cut off: one RUN, or all of them."""
    from alm_workbench.contexts.tenant.onboarding_messages import ResumeOnboarding, UnfinishedOnboardings

    with runtime(data_dir) as found:
        root = found.mediator.as_principal(None)
        runs = [run] if run else [waiting.run_id for waiting in root.query(UnfinishedOnboardings())]
        ended = [root.send(ResumeOnboarding(run_id)) for run_id in runs]
    lines = [f"{e.slug}: {e.status}" + (f" ({e.error})" if e.error else "") for e in ended]
    show(ended, as_json, lambda: lines or ["Nothing is half-way."])


@tenant.command("list")
@data_dir_option
@json_option
def list_(data_dir: str | None, as_json: bool) -> None:
    """Every organisation of this installation."""
    with runtime(data_dir) as found:
        rows = found.overview()
    names = ["slug", "name", "tier", "status", "members", "created_at"]
    show(rows, as_json, lambda: table([[row[n] for n in names] for row in rows], names))


@tenant.command("set-tier")
@click.argument("slug")
@click.argument("tier")
@data_dir_option
@json_option
def set_tier(slug: str, tier: str, data_dir: str | None, as_json: bool) -> None:
    """Give an organisation another subscription; what it has above the new limits stays."""
    from alm_workbench.contexts.tenant.messages import SetTier

    with runtime(data_dir) as found:
        changed = found.mediator.as_principal(None).send(SetTier(slug, tier))
    show(changed, as_json, lambda: [f"{changed.slug} is {changed.tier} now."])


@tenant.command("deactivate")
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option
def deactivate(slug: str, yes: bool, data_dir: str | None, as_json: bool) -> None:
    """Close an organisation at once, for everybody and every key of it; nothing is deleted."""
    if not yes:
        click.confirm(f"Close {slug} for everybody, now?", abort=True, err=True)
    closed = _switch(slug, data_dir, active=False)
    show(closed, as_json, lambda: [f"{slug} is closed; `alm tenant reactivate {slug}` opens it again."])


@tenant.command("reactivate")
@click.argument("slug")
@data_dir_option
@json_option
def reactivate(slug: str, data_dir: str | None, as_json: bool) -> None:
    """Open an organisation again, exactly as it was."""
    opened = _switch(slug, data_dir, active=True)
    show(opened, as_json, lambda: [f"{slug} is open again."])


def _switch(slug: str, data_dir: str | None, *, active: bool) -> TenantDTO:
    from alm_workbench.contexts.tenant.messages import SetTenantStatus

    with runtime(data_dir) as found:
        return found.mediator.as_principal(None).send(SetTenantStatus(slug, active))


@tenant.command("own")
@click.argument("slug")
@click.argument("email")
@data_dir_option
def own(slug: str, email: str, data_dir: str | None) -> None:
    """Make a member of an organisation the owner of this installation (after a restore)."""
    from alm_workbench.demo import owner_file

    with runtime(data_dir) as found:
        principal = member(found, slug, email).principal
        assert principal is not None
        ids = {"user_id": str(principal.user_id), "tenant_id": str(principal.tenant_id)}
        owner_file(found.settings).write_text(json.dumps(ids), "utf-8")
    say(f"{email} of {slug} owns this installation.")


@tenant.command("members")
@organisation_option
@as_option
@data_dir_option
@json_option
def members(slug: str | None, email: str | None, data_dir: str | None, as_json: bool) -> None:
    """The people of an organisation."""
    from alm_workbench.contexts.tenant.people_messages import ListMembers

    with runtime(data_dir) as found:
        people = acting(found, slug, email).query(ListMembers())
    rows = [[p.display_name, p.email, ", ".join(p.roles), p.status] for p in people]
    show(people, as_json, lambda: table(rows, ["name", "e-mail", "roles", "status"]))


@tenant.command("invite")
@click.argument("address")
@click.option("--role", "roles", multiple=True, default=["viewer"], show_default=True)
@organisation_option
@as_option
@data_dir_option
@json_option
def invite(
    address: str, roles: tuple[str, ...], slug: str | None, email: str | None, data_dir: str | None, as_json: bool
) -> None:
    """Invite an address; the link is shown this once."""
    from alm_workbench.contexts.tenant.invitation_messages import InviteMember

    with runtime(data_dir) as found:
        made = acting(found, slug, email).send(InviteMember(address, tuple(roles)))
        link = server_url(found) + made.link
    until = f"{made.invitation.expires_at:%Y-%m-%d %H:%M} UTC"
    show(made, as_json, lambda: [f"{made.invitation.email} may join until {until} with", f"  {link}"])


@tenant.command("roles")
@organisation_option
@as_option
@data_dir_option
@json_option
def roles(slug: str | None, email: str | None, data_dir: str | None, as_json: bool) -> None:
    """The roles of an organisation."""
    from alm_workbench.contexts.tenant.people_messages import ListRoles

    with runtime(data_dir) as found:
        known = acting(found, slug, email).query(ListRoles())
    rows = [[r.code, "built in" if r.built_in else "", ", ".join(r.implies), ", ".join(r.privileges)] for r in known]
    show(known, as_json, lambda: table(rows, ["code", "", "implies", "privileges"]))


def acting(found: Runtime, slug: str | None, email: str | None) -> LocalMediator:
    """The mediator of a member, or of the owner of this installation."""
    if slug is None and email is None:
        return as_owner(found)
    if slug is None or email is None:
        raise ConfigurationError("Give both --organisation and --as, or neither.")
    return member(found, slug, email)


def member(found: Runtime, slug: str, email: str) -> LocalMediator:
    """The mediator of an active member; raises ``NotFound``."""
    from alm_workbench.contexts.auth.messages import FindUser
    from alm_workbench.contexts.auth.session_messages import ResolvePrincipal
    from alm_workbench.contexts.tenant.messages import TenantBySlug

    root = found.mediator.as_principal(None)
    user, tenant_id = root.query(FindUser(email)), root.query(TenantBySlug(slug))
    principal = root.query(ResolvePrincipal(user.user_id, tenant_id)) if user and tenant_id else None
    if principal is None:
        raise NotFound(f"{email} is no member of {slug!r} here")
    return root.as_principal(principal)


def server_url(found: Runtime) -> str:
    """The address of the running server with a slash at the end; a slash alone when none runs."""
    try:
        return str(json.loads(found.settings.server_file.read_text("utf-8"))["url"]).rstrip("/") + "/"
    except (OSError, ValueError, KeyError):
        return "/"
