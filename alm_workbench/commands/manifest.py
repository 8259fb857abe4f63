"""``alm manifest``: the pipeline of manifests without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from alm_workbench.commands.common import as_owner, data_dir_option, json_option, runtime, show
from alm_workbench.commands.manifest_files import (
    FILE,
    FILES,
    LIBRARY,
    checked,
    compiled,
    format_of,
    library_of,
    read,
    vocabulary,
)
from alm_workbench.commands.manifest_texts import convert, diff, format_files
from alm_workbench.mpc import language_service

__all__ = ["checked", "format_of", "manifest", "read", "vocabulary"]


@click.group()
def manifest() -> None:
    """Check, format, compare, compile and draw manifests."""


manifest.add_command(format_files)
manifest.add_command(convert)
manifest.add_command(diff)


@manifest.command("check")
@FILES
@LIBRARY
@json_option
def check_files(files: tuple[Path, ...], libraries: tuple[Path, ...], as_json: bool) -> int:
    """Check manifests; exit code 1 on an error, 2 on an unreadable file."""
    answers: dict[str, Any] = {}
    for file in files:
        text, result = checked(file, libraries)
        answers[str(file)] = language_service.check_payload(text, result)

    def lines() -> list[str]:
        out = []
        for name, answer in answers.items():
            for d in answer["diagnostics"]:
                hint = f" ({d['hint']})" if d["hint"] else ""
                out.append(f"{name}:{d['line']}:{d['col']}: {d['severity']} {d['code']}: {d['message']}{hint}")
            if answer["ok"]:
                out.append(f"{name}: {answer['namespace']}/{answer['name']} {answer['version']} is sound")
        return out

    show(answers, as_json, lines)
    return 0 if all(answer["ok"] for answer in answers.values()) else 1


@manifest.command("compile")
@FILE
@LIBRARY
@click.option("--json", "as_json", is_flag=True, help="Print JSON, which is what it prints anyway.")
def compile_file(file: Path, libraries: tuple[Path, ...], as_json: bool) -> None:
    """Print the compiled form as JSON, with the versions of what was imported."""
    click.echo(json.dumps(compiled(file, libraries).to_data(), ensure_ascii=False, indent=2))


@manifest.command("graph")
@FILE
@LIBRARY
@json_option
def graph(file: Path, libraries: tuple[Path, ...], as_json: bool) -> int:
    """The workflows of a manifest, as text or JSON; exit code 2 when it has errors."""
    library = library_of(libraries)
    found = language_service.graph(read(file), vocabulary(), format=format_of(file), library=library)
    errors = [d for d in found["diagnostics"] if d["severity"] == "error"]
    for d in errors:
        click.echo(f"{file}:{d['line']}:{d['col']}: error {d['code']}: {d['message']}", err=True)

    def lines() -> list[str]:
        out = []
        for flow in found["workflows"]:
            out.append(f"{flow['id']}  {flow['label']}")
            out += [f"  {t['source']} --{t['id']}--> {t['target']}" for t in flow["transitions"]]
        return out

    show(found, as_json, lines)
    return 2 if errors else 0


@manifest.command("activate")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--project", required=True, help="Key of the project.")
@click.option(
    "--state", "states", multiple=True, metavar="OLD=NEW", help="Where items of a state that is gone move to."
)
@click.option("--reason", default="", help="Why.")
@data_dir_option
@json_option
def activate(
    file: Path, project: str, states: tuple[str, ...], reason: str, data_dir: str | None, as_json: bool
) -> None:
    """Save a manifest as a version and put it into force in a project."""
    from alm_workbench.commands.admin import project_id
    from alm_workbench.contexts.manifest.messages import SaveManifest
    from alm_workbench.contexts.project.messages import ActivateManifest

    moves = dict(pair.split("=", 1) for pair in states if "=" in pair)
    with runtime(data_dir) as found:
        owner = as_owner(found)
        saved = owner.send(SaveManifest(read(file), format_of(file), reason))  # type: ignore[arg-type]
        done = owner.send(ActivateManifest(project_id(owner, project), saved.version_id, moves, reason))
    show(
        done,
        as_json,
        lambda: [f"{saved.namespace}/{saved.name} {saved.label} is in force in {project}; {done.moved} items moved"],
    )
