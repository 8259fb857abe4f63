"""``alm manifest``: the pipeline of manifests without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from alm_workbench.commands.common import as_owner, data_dir_option, json_option, runtime, say, show
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
from alm_workbench.errors import ConfigurationError
from alm_workbench.mpc import CheckResult, CompiledManifest, Diagnostic, language_service

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
    """Check manifests; exit code 1 on an error, 2 on an unreadable file, of which the others are checked all the same."""
    answers: dict[str, Any] = {}
    lines: list[str] = []
    unreadable: list[str] = []
    for file in files:
        try:
            text, result = checked(file, libraries)
        except ConfigurationError as error:
            answers[str(file)] = {"ok": False, "unreadable": error.detail, "diagnostics": []}
            unreadable.append(error.detail)
            continue
        answers[str(file)] = answer = language_service.check_payload(text, result)
        lines += [line for found in result.diagnostics for line in _finding(file, found)]
        if answer["ok"]:
            lines.append(f"{file}: {_sound(answer, result)}")
    show(answers, as_json, lambda: lines)
    for sentence in unreadable:
        say(f"alm: {sentence}")
    return 2 if unreadable else 0 if all(answer["ok"] for answer in answers.values()) else 1


def _finding(file: Path, found: Diagnostic) -> Iterator[str]:
    """A finding on one line, then the other places it is about."""
    hint = f" ({found.hint})" if found.hint else ""
    place = f"{found.span.line}:{found.span.col}" if found.span else "1:1"
    yield f"{file}:{place}: {found.severity} {found.code}: {found.message}{hint}"
    for other in (other for other in found.related if other.message not in found.message):
        yield f"  {other.span.file or file}:{other.span.line}:{other.span.col}: {other.message}"


def _sound(answer: dict[str, Any], result: CheckResult) -> str:
    if result.ast is not None and not result.ast.defs:
        return "sound, but it defines nothing"
    if not answer["namespace"] and not answer["name"]:
        return "sound, but it has no name"
    return f"{answer['namespace']}/{answer['name']} {answer['version']} is sound"


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
@click.option("--format", "form", type=click.Choice(["text", "mermaid", "svg"]), default="text", show_default=True)
@click.option("--workflow", "only", metavar="ID", help="One workflow; all of them if not given.")
@click.option("--lang", default="en", show_default=True, help="Language of the labels.")
@json_option
def graph(file: Path, libraries: tuple[Path, ...], form: str, only: str | None, lang: str, as_json: bool) -> int:
    """The workflows of a manifest as text, JSON or drawings; exit code 2 when it has errors."""
    if form != "text":
        drawn = drawings(compiled(file, libraries), form, only, lang)
        show(drawn, as_json, lambda: ["\n".join(text.rstrip("\n") for text in drawn.values())])
        return 0
    library = library_of(libraries)
    found = language_service.graph(read(file), vocabulary(), format=format_of(file), lang=lang, library=library)
    if only is not None:
        found["workflows"] = [flow for flow in found["workflows"] if flow["id"] == only]
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


def drawings(found: CompiledManifest, form: str, only: str | None, lang: str) -> dict[str, str]:
    """Workflows as Mermaid or SVG by id; raises ``ConfigurationError`` for an unknown one, or several SVGs at once."""
    from alm_workbench.mpc.workflow import to_mermaid, to_svg

    ids = [only] if only is not None else list(found.workflows)
    known = ", ".join(found.workflows)
    if only is not None and only not in found.workflows:
        raise ConfigurationError(f"There is no workflow '{only}' (known: {known})")
    if form == "svg" and len(ids) > 1:
        raise ConfigurationError(f"An SVG drawing is of one workflow; choose with --workflow (known: {known})")
    draw = to_mermaid if form == "mermaid" else to_svg
    return {id_: draw(found.workflows[id_], lang) for id_ in ids}


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
