"""``alm serve``: the REST API alone."""

from __future__ import annotations

import click

from alm_workbench.commands.common import data_dir_option, say


@click.command()
@click.option("--port", default=8900, show_default=True, type=click.IntRange(1, 65535))
@click.option("--ip", default="127.0.0.1", show_default=True)
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 32), help="That share the port.")
@click.option("--child", is_flag=True, hidden=True, help="One of several; ends with its input.")
@data_dir_option
def serve(port: int, ip: str, processes: int, child: bool, data_dir: str | None) -> None:
    """Serve the REST API only, until Ctrl-C."""
    from alm_workbench import logs
    from alm_workbench.config import settings
    from alm_workbench.server import serving

    logs.configure("json")
    found, address = settings(data_dir), serving.Address(ip, port)
    if child:
        serving.serve_child(found, address)
    elif processes > 1:
        serving.serve_many(found, address, processes, say)
    else:
        serving.serve_alone(found, address, say)
