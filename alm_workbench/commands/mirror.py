"""``alm mirror`` and ``alm report``: the groups of the mirror, over this installation."""

from __future__ import annotations

from uuid import UUID

import click

from alm_workbench.commands.common import as_owner, runtime
from alm_workbench.contexts.project.messages import ListProjects
from alm_workbench.errors import NotFound
from alm_workbench.mirror.cli import MirrorTarget, mirror_group, report_group

DATA_DIR = "alm_workbench.data_dir"


def target(ctx: click.Context) -> MirrorTarget:
    """The mirror of this installation; it is closed with the command."""
    found = ctx.with_resource(runtime(ctx.meta.get(DATA_DIR)))
    owner = as_owner(found)
    principal = owner.principal
    if principal is None:
        raise NotFound("this installation has no owner yet")

    def project(tenant_id: UUID, key: str) -> UUID:
        known = owner.query(ListProjects(200)).items
        for item in known:
            if item.key == key:
                return item.id
        raise NotFound(f"there is no project {key!r}; there are {', '.join(p.key for p in known) or 'none'}")

    return MirrorTarget(found.mirror, found.database.dsns.mirror, {principal.tenant_slug: principal.tenant_id}, project)


def with_data_dir(group: click.Group) -> click.Group:
    """Give every command of a group the option that all commands have."""
    for command in group.commands.values():
        command.params.append(
            click.Option(
                ["--data-dir"],
                type=click.Path(file_okay=False),
                expose_value=False,
                is_eager=True,
                callback=lambda ctx, _param, value: ctx.meta.__setitem__(DATA_DIR, value),
                help="Where the data lies.",
            )
        )
    return group


mirror = with_data_dir(mirror_group(target))
report = with_data_dir(report_group(target))
