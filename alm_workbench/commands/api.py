"""``alm api``: the documents of the REST API, what changed between two, and what is on its way out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from alm_workbench.commands.common import json_option, show, table
from alm_workbench.errors import InvalidInput


@click.group()
def api() -> None:
    """The REST API's documents."""


@api.command("openapi")
@click.option("--version", default="1", show_default=True, type=click.Choice(["1", "2"]), help="Of the API.")
def openapi(version: str) -> None:
    """Print the OpenAPI document of one version."""
    from alm_workbench.server.openapi import document
    from alm_workbench.shared.plugins import Plugins

    Plugins()
    click.echo(json.dumps(document(int(version)), indent=2, ensure_ascii=False))


@api.command("diff")
@click.argument("old", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--markdown", "as_markdown", is_flag=True, help="As a section for docs/API_CHANGELOG.md.")
@click.option("--title", default=None, help="Of the section.")
@json_option
def diff(old: Path, new: Path, as_markdown: bool, title: str | None, as_json: bool) -> int:
    """Say what changed between two OpenAPI documents; exit code 1 when a client of the old one may break."""
    from dataclasses import asdict

    from alm_workbench.server.api_diff import compare, markdown

    before, after = read(old), read(new)
    changes = compare(before, after)
    if as_markdown:
        heading = title or f"{before['info']['version']} to {after['info']['version']}"
        click.echo(markdown(changes, heading))
    else:
        rows = [[change.kind, change.where, change.text] for change in changes]
        data = {"changes": [asdict(change) for change in changes]}
        show(data, as_json, lambda: table(rows, ["", "Where", "What"]) if rows else ["No change."])
    return 1 if any(change.kind == "breaking" for change in changes) else 0


@api.command("deprecations")
@click.option("--check", is_flag=True, help="Exit with 1 where a route has less notice than promised, or is overdue.")
@json_option
def deprecations(check: bool, as_json: bool) -> int:
    """List the routes that are on their way out, until when, and what takes their place."""
    from alm_workbench.server.deprecations import problems
    from alm_workbench.shared.messages import REGISTRY
    from alm_workbench.shared.plugins import Plugins

    Plugins()
    told = [(spec, spec.deprecated) for spec in REGISTRY.public() if spec.deprecated]
    wrong = problems(REGISTRY.public(), datetime.now(UTC).date()) if check else []
    data: dict[str, Any] = {
        "deprecations": [
            {
                "route": f"{spec.method} /v{d.version}{spec.path}",
                "since": d.since.isoformat(),
                "sunset": d.sunset.isoformat(),
                "successor": f"{d.successor.split(' ')[0]} /v{d.version + 1}{d.successor.split(' ', 1)[1]}",
            }
            for spec, d in told
        ],
        "problems": wrong,
    }
    rows = [list(item.values()) for item in data["deprecations"]]
    header = ["Route", "Deprecated", "Gone", "Use instead"]
    show(data, as_json, lambda: [*(table(rows, header) if rows else ["Nothing is deprecated."]), *wrong])
    return 1 if wrong else 0


def read(path: Path) -> dict[str, Any]:
    """An OpenAPI document; raises ``InvalidInput`` on a file that is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(found, dict) or "paths" not in found or "openapi" not in found or "info" not in found:
        raise InvalidInput(f"{path} is no OpenAPI document")
    return found
