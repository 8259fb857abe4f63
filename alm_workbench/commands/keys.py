"""``alm keys``: API keys of the owner of this installation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import click

from alm_workbench.commands.common import as_owner, data_dir_option, json_option, runtime, say, show, table
from alm_workbench.contexts.apikey.messages import (
    ApiKeyDTO,
    ApiKeySecretDTO,
    CreateApiKey,
    ListApiKeys,
    RevokeApiKey,
    RotateApiKey,
)
from alm_workbench.errors import InvalidInput
from alm_workbench.shared.mediator import LocalMediator


@click.group()
def keys() -> None:
    """API keys: shown once, scoped, never with more rights than their maker has."""


@keys.command("create")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="A privilege such as artifact:read, or artifact:*."
)
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="How long it lives.")
@click.option("--role", "roles", multiple=True, help="Act in this role only.")
@click.option("--project", "projects", multiple=True, help="Know this project only (its key).")
@data_dir_option
@json_option
def create(
    name: str,
    scopes: tuple[str, ...],
    days: int,
    roles: tuple[str, ...],
    projects: tuple[str, ...],
    data_dir: str | None,
    as_json: bool,
) -> None:
    """Make a key; its secret is printed this one time."""
    with runtime(data_dir) as found:
        owner = as_owner(found)
        ids = tuple(project_named(owner, key) for key in projects) or None
        until = datetime.now(UTC) + timedelta(days=days)
        made = owner.send(CreateApiKey(name, scopes, until, roles or None, ids))
    secret(made, as_json)


@keys.command("list")
@click.option("--mine", is_flag=True, help="Only the owner's own.")
@data_dir_option
@json_option
def list_(mine: bool, data_dir: str | None, as_json: bool) -> None:
    """The keys of the owner's organisation, never their secrets."""
    with runtime(data_dir) as found:
        known = as_owner(found).query(ListApiKeys(everybody=not mine))
    header = ["prefix", "name", "of", "status", "scopes", "expires", "last used"]
    show(known, as_json, lambda: table([row(key) for key in known], header))


@keys.command("revoke")
@click.argument("prefix")
@data_dir_option
@json_option
def revoke(prefix: str, data_dir: str | None, as_json: bool) -> None:
    """End a key for good; running servers refuse it within seconds."""
    with runtime(data_dir) as found:
        owner = as_owner(found)
        ended = owner.send(RevokeApiKey(key_named(owner, prefix).id))
    show(ended, as_json, lambda: [f"{ended.name} ({ended.prefix}) is revoked."])


@keys.command("rotate")
@click.argument("prefix")
@click.option("--grace-hours", default=24, show_default=True, help="How long the old secret still works.")
@data_dir_option
@json_option
def rotate(prefix: str, grace_hours: int, data_dir: str | None, as_json: bool) -> None:
    """Give a key a new secret; it is printed this one time."""
    with runtime(data_dir) as found:
        owner = as_owner(found)
        turned = owner.send(RotateApiKey(key_named(owner, prefix).id, grace_hours))
    secret(turned, as_json)


def key_named(owner: LocalMediator, prefix: str) -> ApiKeyDTO:
    """The one key whose prefix begins like this (a whole secret will do); raises ``InvalidInput``."""
    wanted = prefix.removeprefix("alm_").split("_", 1)[0]
    fitting = [key for key in owner.query(ListApiKeys(everybody=True)) if wanted and key.prefix.startswith(wanted)]
    if len(fitting) != 1:
        raise InvalidInput(f"{len(fitting)} keys begin with {wanted!r}; `alm keys list` shows their prefixes")
    return fitting[0]


def project_named(owner: LocalMediator, key: str) -> UUID:
    """The id of a project."""
    from alm_workbench.commands.admin import project_id

    return project_id(owner, key)


def secret(made: ApiKeySecretDTO, as_json: bool) -> None:
    """Print a secret alone on stdout, so that it can be piped into a vault."""
    if not as_json:
        say(f"{made.key.name}: valid until {made.key.expires_at:%Y-%m-%d}. Keep it now; it is not shown again.")
    show(made, as_json, lambda: [made.secret])


def row(key: ApiKeyDTO) -> list[Any]:
    """A key as a line."""
    used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
    scopes = ", ".join(key.scopes)
    return [key.prefix, key.name, key.owner_name, key.status, scopes, f"{key.expires_at:%Y-%m-%d}", used]
