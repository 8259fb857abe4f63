"""Files of items, written page by page."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast, get_args

from alm_workbench.contexts.artifact.export_messages import ExportPageDTO
from alm_workbench.contexts.artifact.file_writing import FileFormat, write_file
from alm_workbench.errors import InvalidInput
from alm_workbench.i18n import _

if TYPE_CHECKING:
    from alm_workbench.notebook.projects import Project

PAGE = 500


def save_export(project: Project, path: str | Path, **question: Any) -> Path:
    """Write items to a file whose name says its kind; what was there before stays until the new one is whole."""
    target = Path(path).expanduser()
    file_format = target.suffix.lower().removeprefix(".")
    if file_format not in get_args(FileFormat):
        raise InvalidInput(_("Give a path that ends in .csv, .xlsx or .json, not {name}").format(name=target.name))
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            write_file(cast("IO[bytes]", file), cast("FileFormat", file_format), pages(project, question))
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target


def pages(project: Project, question: dict[str, Any]) -> Iterator[ExportPageDTO]:
    """All pages of an export."""
    cursor: str | None = None
    while True:
        page = project.api.artifacts.export_page(project_id=project.id, limit=PAGE, cursor=cursor, **question)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return
