"""``alm manifest format``, ``convert`` and ``diff``: manifests as texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from alm_workbench.commands.common import json_option, show
from alm_workbench.commands.manifest_files import FILE, FILES, FORMATS, PATH, format_of, parsed, problem, read, write
from alm_workbench.errors import ConfigurationError
from alm_workbench.mpc import MPCError


@click.command("format")
@FILES
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit code 1 if a file is not in shape.")
@click.option("--write", "in_place", is_flag=True, help="Put the files themselves into shape.")
@json_option
def format_files(files: tuple[Path, ...], only_check: bool, in_place: bool, as_json: bool) -> int:
    """Put manifests into shape, comments kept; print them unless told to check or to write.

    Exit code 2 on a file that cannot be read; then none is written.
    """
    from alm_workbench.mpc.formatting import format_manifest

    if only_check and in_place:
        raise ConfigurationError("--check and --write exclude each other")
    shaped: dict[Path, tuple[bool, str]] = {}
    for file in files:
        text = read(file)
        try:
            made = format_manifest(text, format=format_of(file), file=str(file))
        except MPCError as error:
            raise problem(file, error) from None
        shaped[file] = made != text, made
    changed = [file for file, (differs, _) in shaped.items() if differs]
    if in_place:
        for file in changed:
            write(file, shaped[file][1])
    if not (only_check or in_place) and not as_json:
        for _, made in shaped.values():
            click.echo(made, nl=False)
        return 0
    answer = {str(file): {"changed": differs, "text": made} for file, (differs, made) in shaped.items()}
    word = "not in shape" if only_check else "put into shape"
    show(answer, as_json, lambda: [f"{file}: {word}" for file in changed])
    return 1 if only_check and changed else 0


@click.command("convert")
@FILE
@click.option("--to", "format", required=True, type=click.Choice(FORMATS), help="The language to write in.")
@click.option("-o", "--output", type=PATH, help="File to write; printed otherwise.")
@json_option
def convert(file: Path, format: str, output: Path | None, as_json: bool) -> None:
    """Say a manifest in another language. Its meaning stays, comments and layout do not."""
    from alm_workbench.mpc.formatting import format_manifest

    ast = parsed(file)
    try:
        text = format_manifest({"dsl": ast.to_dsl, "yaml": ast.to_yaml, "json": ast.to_json}[format](), format=format)
    except MPCError as error:
        raise problem(file, error) from None
    if output is not None:
        write(output, text)
    if as_json:
        show({"file": str(output) if output else None, "format": format, "text": text}, True, list)
    elif output is None:
        click.echo(text, nl=False)


@click.command("diff")
@click.argument("old", type=PATH)
@click.argument("new", type=PATH)
@click.option("--text", "as_text", is_flag=True, help="Compare line by line, both written in the DSL.")
@click.option("--exit-code", is_flag=True, help="Exit code 1 if anything differs.")
@json_option
def diff(old: Path, new: Path, as_text: bool, exit_code: bool, as_json: bool) -> int:
    """What changed between two manifests, and what it means for the items that are stored."""
    from alm_workbench.mpc.diff import diff_manifests, text_diff

    before, after = parsed(old), parsed(new)
    found = diff_manifests(before, after)
    data: dict[str, Any] = found.to_data()
    if as_text:
        data["text"] = text_diff(before.to_dsl(), after.to_dsl(), str(old), str(new))
    show(data, as_json, lambda: data["text"].splitlines() if as_text else found.lines())
    return 1 if exit_code and not found.empty else 0
