"""``alm dashboards``: Voila for managers, behind a log-in, without code execution."""

from __future__ import annotations

import click

from alm_workbench.commands.common import data_dir_option, say


@click.command()
@click.option("--port", default=8866, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--ip", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--lab-url", default="", help="Where the owner's Lab is.", hidden=True)
@click.option(
    "--child", is_flag=True, hidden=True, help="Started by `alm lab`, which migrates and refreshes the mirror."
)
@click.option("--parent-pid", type=int, default=None, hidden=True)
@data_dir_option
def dashboards(port: int, ip: str, lab_url: str, child: bool, parent_pid: int | None, data_dir: str | None) -> int:
    """Serve the dashboards only."""
    from alm_workbench.server.light import defer_iri_grammars

    defer_iri_grammars()
    from alm_workbench import resources
    from alm_workbench.composition import opened
    from alm_workbench.config import settings
    from alm_workbench.dashboards.run import DashboardSettings, main
    from alm_workbench.demo import read_owner
    from alm_workbench.server.application import Application
    from alm_workbench.server.identity import Owner
    from alm_workbench.server.lab import check_port
    from alm_workbench.server.routes import alm_handlers

    check_port(ip, port)
    found = settings(data_dir).prepare()
    with opened(found, upgrade=not child, progress=say) as runtime:
        if child:
            runtime.mirror.warm_up()
        else:
            runtime.start_background()
        application = Application.of(runtime)
        ids = read_owner(found)
        chosen = DashboardSettings(
            secrets_dir=found.secrets_dir,
            notebooks=resources.path("notebooks", "dashboards"),
            port=port,
            ip=ip,
            lab_url=lab_url,
            owner=Owner(ids.user_id, ids.tenant_id) if ids else None,
            parent_pid=parent_pid,
        )
        try:
            return main(chosen, application, alm_handlers(application, chosen.base_url), run=application.run)
        finally:
            application.close()
