"""``alm lab``: the main job."""

from __future__ import annotations

import click

from alm_workbench.commands.common import data_dir_option
from alm_workbench.errors import ConfigurationError


@click.command()
@click.option(
    "--port",
    default=8888,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of JupyterLab; the dashboards take the next free one.",
)
@click.option("--ip", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--no-demo", is_flag=True, help="Start without the demo organisation.")
@click.option("--no-dashboards", is_flag=True, help="Do not start the dashboards.")
@click.option(
    "--profile",
    type=click.Choice(["personal", "team"]),
    default="personal",
    show_default=True,
    help="personal: kernels run as you; team: as --kernel-user, who reaches no secret of the server.",
)
@click.option("--kernel-user", metavar="NAME", help="Profile team: the user of this machine that kernels run as.")
@data_dir_option
def lab(
    port: int,
    ip: str,
    no_browser: bool,
    no_demo: bool,
    no_dashboards: bool,
    profile: str,
    kernel_user: str | None,
    data_dir: str | None,
) -> int:
    """Start the workbench: database, JupyterLab with the ALM extension, dashboards. Ctrl-C stops all of it."""
    from alm_workbench.config import settings
    from alm_workbench.server.kernel_user import find_kernel_user
    from alm_workbench.server.lab import LabOptions, run_lab

    if (profile == "team") != (kernel_user is not None):
        raise ConfigurationError("Profile team needs --kernel-user NAME, and profile personal has none.")
    options = LabOptions(
        port=port,
        ip=ip,
        browser=not no_browser,
        demo=not no_demo,
        dashboards=not no_dashboards,
        kernel_user=find_kernel_user(kernel_user) if kernel_user else None,
    )
    return run_lab(settings(data_dir), options)
