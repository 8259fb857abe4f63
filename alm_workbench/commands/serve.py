"""``alm serve``: the REST API alone; ``alm api``: its description."""

from __future__ import annotations

import asyncio
import json
import signal

import click

from alm_workbench.commands.common import data_dir_option, say


@click.command()
@click.option("--port", default=8900, show_default=True, type=click.IntRange(1, 65535))
@click.option("--ip", default="127.0.0.1", show_default=True)
@data_dir_option
def serve(port: int, ip: str, data_dir: str | None) -> None:
    """Serve the REST API only, until Ctrl-C."""
    from tornado.web import Application as Web

    from alm_workbench import __version__
    from alm_workbench.composition import opened
    from alm_workbench.config import settings
    from alm_workbench.server.application import Application
    from alm_workbench.server.handlers import MAX_BODY
    from alm_workbench.server.lab import check_port
    from alm_workbench.server.routes import alm_handlers

    check_port(ip, port)

    async def run() -> None:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, done.set)
        web = Web(list(alm_handlers(application, "/")), xsrf_cookies=True)
        server = web.listen(port, ip, max_buffer_size=2 * MAX_BODY, max_body_size=MAX_BODY)
        say(f"REST API: http://{ip}:{port}/alm/api/v1/openapi.json")
        await done.wait()
        server.stop()
        await server.close_all_connections()

    with opened(settings(data_dir), progress=say) as found:
        found.start_background()
        application = Application.of(found)
        application.about = {"version": __version__, "profile": "server", "dashboards_url": None}
        try:
            asyncio.run(run())
        finally:
            application.close()


@click.group()
def api() -> None:
    """The REST API's description."""


@api.command("openapi")
def openapi() -> None:
    """Print the OpenAPI document."""
    from alm_workbench.server.openapi import document
    from alm_workbench.shared.plugins import Plugins

    Plugins()
    click.echo(json.dumps(document(), indent=2, ensure_ascii=False))
