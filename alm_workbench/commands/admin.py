"""``alm demo``, ``alm import``: what fills a workbench."""

from __future__ import annotations

import base64
from pathlib import Path

import click

from alm_workbench.commands.common import as_owner, data_dir_option, json_option, runtime, say, show
from alm_workbench.errors import NotFound
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.mediator import LocalMediator


def project_id(mediator: LocalMediator, key: str) -> ProjectId:
    """The id of a project by its key; raises ``NotFound`` naming those there are."""
    from alm_workbench.contexts.project.messages import ListProjects

    known = mediator.query(ListProjects(200)).items
    for project in known:
        if project.key == key:
            return project.id
    raise NotFound(f"there is no project {key!r}; there are {', '.join(p.key for p in known) or 'none'}")


@click.group()
def demo() -> None:
    """Demo data."""


@demo.command("seed")
@click.option(
    "--size",
    type=click.Choice(["small", "large"]),
    default="small",
    show_default=True,
    help="large adds a year of forty people in five projects: 25,000 items; it takes a while.",
)
@data_dir_option
def seed(size: str, data_dir: str | None) -> None:
    """Fill the demo organisation with people, a project and its history."""
    from alm_workbench.demo import DemoSeeder, ensure_owner, unfinished

    with runtime(data_dir, create=True) as found:
        owner = ensure_owner(found.mediator, found.settings, demo=True, organisations=found.organisations)
        seeder = DemoSeeder(found.mediator, found.settings, owner)
        done = seeder.run(say)
        if size == "large":
            done = seeder.year(say) or done
        unfinished(found.settings).unlink(missing_ok=True)
    say("Done." if done else "The demo project is there already; nothing was added.")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--project", required=True, help="Key of the project.")
@click.option("--type", "artifact_type", required=True, help="Type of the items, by id or label.")
@click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="What a column feeds: title, ref, key, state, tags, parent, link:<type>, … or a field.",
)
@click.option("--on-error", type=click.Choice(["stop", "skip"]), default="stop", show_default=True)
@click.option(
    "--existing",
    type=click.Choice(["skip", "update"]),
    default="skip",
    show_default=True,
    help="What becomes of rows whose item is there already.",
)
@click.option("--encoding", default="utf-8", show_default=True)
@click.option("--dry-run", is_flag=True, help="Check every row, keep nothing.")
@data_dir_option
@json_option
def import_(
    file: Path,
    project: str,
    artifact_type: str,
    pairs: tuple[str, ...],
    on_error: str,
    existing: str,
    encoding: str,
    dry_run: bool,
    data_dir: str | None,
    as_json: bool,
) -> None:
    """Import a CSV, Excel or JSON file; errors name file, row and column, and nothing is imported then."""
    from alm_workbench.contexts.artifact.messages import ImportArtifacts

    mapping: dict[str, str] = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    content = base64.b64encode(file.read_bytes()).decode()
    with runtime(data_dir) as found:
        owner = as_owner(found)
        message = ImportArtifacts(
            project_id(owner, project),
            file.name,
            content,
            artifact_type,
            mapping,
            on_error,  # type: ignore[arg-type]
            encoding,
            dry_run=dry_run,
            existing=existing,  # type: ignore[arg-type]
        )
        done = owner.send(message)

    def lines() -> list[str]:
        verb = "would be created" if dry_run else "created"
        updated = f"{done.updated} updated, " if existing == "update" else ""
        there = f"{done.existing} there already"
        out = [f"{done.rows} rows: {done.created} {verb}, {updated}{there}, {done.skipped} skipped"]
        return out + [f"  {p.file}, row {p.row}, column {p.column}: {p.message}" for p in done.problems]

    show(done, as_json, lines)
