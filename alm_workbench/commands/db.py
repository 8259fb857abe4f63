"""``alm db``, ``alm backup``, ``alm restore``: the schema and the files that keep it safe."""

from __future__ import annotations

from pathlib import Path

import click

from alm_workbench.commands.common import data_dir_option, database, json_option, say, show
from alm_workbench.config import settings


@click.group()
def db() -> None:
    """The database schema."""


@db.command()
@click.argument("revision", default="head")
@data_dir_option
def upgrade(revision: str, data_dir: str | None) -> None:
    """Bring the schema up to a revision (the newest by default)."""
    from alm_workbench.databases import change_schema

    with database(data_dir, create=True) as found:
        click.echo(change_schema(found, revision) or "no schema")


@db.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
def downgrade(revision: str, yes: bool, data_dir: str | None) -> None:
    """Take the schema back to a revision; "base" leaves nothing. Data of later revisions is lost."""
    from alm_workbench.databases import change_schema

    if not yes:
        click.confirm("This deletes data. Go on?", abort=True)
    with database(data_dir) as found:
        click.echo(change_schema(found, revision, down=True) or "no schema")


@db.command()
@data_dir_option
@json_option
def current(data_dir: str | None, as_json: bool) -> int:
    """The revision of the schema; exit code 1 when it is not the newest."""
    from alm_workbench.databases import schema_revision

    with database(data_dir) as found:
        revision, head = schema_revision(found)
    newest = revision == head
    show(
        {"revision": revision, "head": head},
        as_json,
        lambda: [f"{revision or 'none'}{'' if newest else f' (newest: {head})'}"],
    )
    return 0 if newest else 1


@db.command("check-rls")
@data_dir_option
@json_option
def check_rls(data_dir: str | None, as_json: bool) -> int:
    """Whether every table keeps organisations apart; exit code 1 when one does not."""
    from alm_workbench.databases import rls_findings

    with database(data_dir) as found:
        findings = rls_findings(found)
    show(
        findings,
        as_json,
        lambda: [f"{f['kind']} {f['name']}: {f['problem']}" for f in findings] or ["Every table is isolated."],
    )
    return 1 if findings else 0


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@data_dir_option
@json_option
def backup(target: Path, data_dir: str | None, as_json: bool) -> None:
    """Write everything into one file, while the workbench runs or not."""
    from alm_workbench.databases import write_backup

    with database(data_dir) as found:
        made = write_backup(found, target, settings(data_dir))
    rows, lost = sum(made["tables"].values()), made["missing"]
    for name in lost[:20]:
        say(f"An attached file is not there any more, so it is not in the backup: {name}")
    said = f"{target}: {rows} rows of {len(made['tables'])} tables, {made['files']} files, schema {made['revision']}"
    show(made, as_json, lambda: [said + (f"; {len(lost)} files are missing" if lost else "")])


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_dir_option
@json_option
def restore(source: Path, data_dir: str | None, as_json: bool) -> None:
    """Read a backup into the empty database of a new data directory."""
    from alm_workbench.commands.common import runtime
    from alm_workbench.databases import read_backup

    with database(data_dir, create=True) as found:
        read = read_backup(found, source, settings(data_dir))
    with runtime(data_dir) as opened:
        slugs = opened.organisations()
    say("Restored and verified. Now say who owns this installation:")
    for slug in slugs:
        say(f"  alm tenant own {slug} E-MAIL" + (f" --data-dir {data_dir}" if data_dir else ""))
    rows = sum(read["tables"].values())
    show(
        read,
        as_json,
        lambda: [f"{rows} rows of {len(read['tables'])} tables, {read['files']} files, made {read['created_at']}"],
    )
