"""``alm manifest``: the pipeline of manifests without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from alm_workbench import resources
from alm_workbench.commands.common import as_owner, data_dir_option, json_option, runtime, show
from alm_workbench.errors import ConfigurationError, ManifestProblem
from alm_workbench.mpc import CheckResult, DomainMeta, check, language_service, load_domain_meta

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))


def vocabulary() -> DomainMeta:
    """The vocabulary that ships."""
    return load_domain_meta(resources.path("alm_meta", "domain_meta.yaml").read_text("utf-8"))


def read(file: Path) -> str:
    """The text of a manifest; raises ``ConfigurationError`` (exit code 2) on an unreadable file."""
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise ConfigurationError(
            f"{file}:{line}:{column}: byte 0x{error.object[error.start]:02x} is not UTF-8"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from None


def format_of(file: Path) -> str | None:
    """The format a file name stands for; None leaves it to the text."""
    endings = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".alm": "dsl"}
    return endings.get(file.suffix)


def checked(file: Path) -> tuple[str, CheckResult]:
    """The text of a file and what the core says of it."""
    text = read(file)
    return text, check(text, vocabulary(), format=format_of(file), file=str(file))


@click.group()
def manifest() -> None:
    """Check, compile and draw manifests."""


@manifest.command("check")
@FILES
@json_option
def check_files(files: tuple[Path, ...], as_json: bool) -> int:
    """Check manifests; exit code 1 on an error, 2 on an unreadable file."""
    answers: dict[str, Any] = {}
    for file in files:
        text, result = checked(file)
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
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def compile_file(file: Path) -> None:
    """Print the compiled form as JSON."""
    text, result = checked(file)
    if result.compiled is None:
        from alm_workbench.contexts.manifest.handlers import sound

        try:
            sound(text, result)
        except ManifestProblem as error:
            raise ManifestProblem(f"{file}: {error.detail}", errors=error.errors) from None
        return
    click.echo(json.dumps(result.compiled.to_data(), ensure_ascii=False, indent=2))


@manifest.command("graph")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def graph(file: Path, as_json: bool) -> int:
    """The workflows of a manifest, as text or JSON; exit code 1 when it has errors."""
    found = language_service.graph(read(file), vocabulary(), format=format_of(file))
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
    return 1 if errors else 0


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
