"""Files for an import, and what became of them."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ImportProblemDTO, ImportResultDTO
from alm_workbench.errors import InvalidInput
from alm_workbench.i18n import _
from alm_workbench.notebook.show import Column, Listing, card

if TYPE_CHECKING:
    import pandas as pd


def read_source(source: str | Path | bytes | IO[Any], encoding: str) -> tuple[str, str]:
    """The content of a file in base64, and its name; raises ``InvalidInput`` on a file that is not there."""
    if isinstance(source, bytes):
        return base64.b64encode(source).decode(), "data.csv"
    if isinstance(source, (str, Path)):
        path = Path(source).expanduser()
        try:
            return base64.b64encode(path.read_bytes()).decode(), path.name
        except OSError as error:
            text = _("The file {path} cannot be read ({reason})").format(path=path.absolute(), reason=error.strerror)
            raise InvalidInput(text) from None
    if not isinstance(source, io.IOBase) and not hasattr(source, "read"):
        raise InvalidInput(_("Give a path, bytes or an open file, not a {kind}").format(kind=type(source).__name__))
    raw = source.read()
    data = raw.encode(encoding) if isinstance(raw, str) else raw
    return base64.b64encode(data).decode(), Path(str(getattr(source, "name", "data.csv"))).name


class ImportResult:
    """What an import did: rows ``created``, ``existing`` and ``skipped``, and the ``problems`` with their places."""

    def __init__(self, dto: ImportResultDTO) -> None:
        self.dto = dto

    @property
    def run_id(self) -> UUID:
        """The id of the import run."""
        return self.dto.run_id

    @property
    def rows(self) -> int:
        """Rows in the file."""
        return self.dto.rows

    @property
    def created(self) -> int:
        """Rows that became items, or would in a dry run."""
        return self.dto.created

    @property
    def existing(self) -> int:
        """Rows that were imported before."""
        return self.dto.existing

    @property
    def skipped(self) -> int:
        """Rows left out because of problems."""
        return self.dto.skipped

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the new items, in the order of the file."""
        return self.dto.keys

    @property
    def dry_run(self) -> bool:
        """Whether nothing was kept."""
        return self.dto.dry_run

    @property
    def problems(self) -> Listing[ImportProblemDTO]:
        """Rows that were not imported, with row, column and reason."""
        columns: list[Column[ImportProblemDTO]] = [
            Column("row", _("Row"), lambda p: p.row, "integer"),
            Column("column", _("Column"), lambda p: p.column),
            Column("message", _("Problem"), lambda p: p.message),
        ]
        return Listing(self.dto.problems, columns, self.dto.source_name)

    def to_frame(self) -> pd.DataFrame:
        """The problems as a data frame."""
        return self.problems.to_frame()

    def _facts(self) -> list[tuple[str, Any]]:
        would = _("Would be created") if self.dry_run else _("Created")
        facts: list[tuple[str, Any]] = [(_("Rows"), self.rows), (would, self.created)]
        facts += [(_("Updated"), self.dto.updated)] if self.dto.updated else []
        facts += [(_("Links"), self.dto.links)] if self.dto.links else []
        facts += [(_("There already"), self.existing)] if self.existing else []
        facts += [(_("Skipped"), self.skipped)] if self.skipped else []
        if self.keys:
            facts.append((_("Keys"), self.keys[0] if len(self.keys) == 1 else f"{self.keys[0]} … {self.keys[-1]}"))
        if self.dto.ignored_columns:
            facts.append((_("Columns left out"), ", ".join(self.dto.ignored_columns)))
        return facts

    def __repr__(self) -> str:
        facts = ", ".join(f"{name.lower()}: {value}" for name, value in self._facts())
        return f"<{self.dto.source_name}: {facts}>" + (f"\n{self.problems!r}" if self.dto.problems else "")

    def _repr_html_(self) -> str:
        table = self.problems._repr_html_() if self.dto.problems else ""
        return card(self.dto.source_name, self._facts()) + table
