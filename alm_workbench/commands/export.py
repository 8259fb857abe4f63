"""``alm export``: the items of a project as a file that can be imported again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click

from alm_workbench.commands.admin import project_id
from alm_workbench.commands.common import as_owner, data_dir_option, runtime

if TYPE_CHECKING:
    from alm_workbench.contexts.artifact.export_messages import ExportPageDTO
    from alm_workbench.contexts.artifact.file_writing import FileFormat

PAGE = 500


@click.command()
@click.option("--project", required=True, help="Key of the project.")
@click.option(
    "--format", "file_format", type=click.Choice(["csv", "xlsx", "json"]), help="From the file's name, else csv."
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file; stdout without it.")
@click.option("--type", "type_", help="Items of one type only.")
@click.option("--filter", "condition", help="A condition, such as: priority == 'high'")
@click.option("--technical", is_flag=True, help="Also ids, versions and times.")
@data_dir_option
def export(
    project: str,
    file_format: str | None,
    output: Path | None,
    type_: str | None,
    condition: str | None,
    technical: bool,
    data_dir: str | None,
) -> None:
    """Write the items of a project, or those of a question, as CSV, Excel or JSON."""
    from alm_workbench.contexts.artifact.export_messages import ExportArtifacts
    from alm_workbench.contexts.artifact.file_writing import write_file

    given = file_format or (output.suffix.lower().removeprefix(".") if output else "csv")
    if given not in ("csv", "xlsx", "json"):
        raise click.BadParameter(f"{output} ends in none of .csv, .xlsx, .json; say --format", param_hint="--output")
    with runtime(data_dir) as found:
        owner = as_owner(found)
        asked: dict[str, Any] = {"type": type_, "filter": condition, "technical": technical, "limit": PAGE}
        project_ = project_id(owner, project)

        def pages() -> Iterator[ExportPageDTO]:
            cursor: str | None = None
            while True:
                page = owner.query(ExportArtifacts(project_, cursor=cursor, **asked))
                yield page
                cursor = page.next_cursor
                if cursor is None:
                    return

        chosen = cast("FileFormat", given)
        if output is None:
            write_file(sys.stdout.buffer, chosen, pages())
            return
        with output.open("wb") as file:
            rows = write_file(cast("IO[bytes]", file), chosen, pages())
    click.echo(f"{rows} items in {output}")
