"""``alm meta``: the vocabulary of manifests, its history, and moving manifests along with it."""

from __future__ import annotations

from typing import Any

import click

from alm_workbench.commands.common import json_option, show
from alm_workbench.commands.manifest import vocabulary


@click.group()
def meta() -> None:
    """The vocabulary of manifests."""


@meta.command("show")
@click.option("--kinds", is_flag=True, help="Only the kinds with their properties.")
@json_option
def show_meta(kinds: bool, as_json: bool) -> None:
    """Print kinds, events, value types and functions."""
    found = vocabulary()
    data: dict[str, Any] = {
        "kinds": {
            k.name: {p.name: p.type + ("*" if p.required else "") for p in k.properties.values()} for k in found.kinds
        }
    }
    if not kinds:
        data["events"] = list(found.allowed_events)
        data["value_types"] = list(found.allowed_types)
        data["functions"] = {f.name: f"({', '.join(f.args)}) {f.returns} {f.cost}" for f in found.allowed_functions}

    def lines() -> list[str]:
        out = [f"{name}: {', '.join(f'{p} {t}' for p, t in props.items())}" for name, props in data["kinds"].items()]
        if not kinds:
            out += ["", "events: " + ", ".join(data["events"]), "types: " + ", ".join(data["value_types"]), ""]
            out += [f"{name}{text}" for name, text in data["functions"].items()]
        return out

    show(data, as_json, lines)
