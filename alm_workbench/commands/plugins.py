"""``alm plugins`` and ``alm scaffold``."""

from __future__ import annotations

import click

from alm_workbench.commands.common import json_option, show, table


@click.group()
def plugins() -> None:
    """Installed plugins."""


@plugins.command("list")
@json_option
def list_plugins(as_json: bool) -> int:
    """Every plugin, built-in and installed; exit code 1 when one could not be loaded."""
    from alm_workbench.shared.plugins import Plugins

    infos = Plugins().check()
    rows = [[i.name, i.version or "-", "built in" if i.built_in else "installed", i.error or "ok"] for i in infos]
    show(infos, as_json, lambda: table(rows, ["plugin", "version", "origin", "state"]))
    return 1 if any(info.error for info in infos) else 0


@click.group()
def scaffold() -> None:
    """Generated code."""


@scaffold.command("facade")
@click.option("--check", is_flag=True, help="Only say whether the committed module is up to date.")
def facade(check: bool) -> int:
    """Write the typed notebook facade from the message declarations."""
    from alm_workbench.notebook.generate import TARGET, source

    text = source()
    if check:
        fresh = TARGET.read_text("utf-8") == text
        click.echo("up to date" if fresh else "out of date: run `alm scaffold facade`")
        return 0 if fresh else 1
    TARGET.write_text(text, "utf-8")
    click.echo(str(TARGET))
    return 0
