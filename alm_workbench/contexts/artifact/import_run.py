"""One import on its way: what its rows became so far, and the words for what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from alm_workbench.contexts.artifact.csv_file import Table
from alm_workbench.contexts.artifact.domain import NewArtifact
from alm_workbench.contexts.artifact.file_columns import Columns
from alm_workbench.contexts.artifact.file_rows import Row
from alm_workbench.contexts.artifact.messages import ArtifactDTO, ImportArtifacts, ImportProblemDTO
from alm_workbench.contexts.artifact.texts import search_text
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.errors import ErrorItem, ImportRejected
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId

SHOWN_PROBLEMS = 100
"""So many problems are told; more are kept with the run."""


@dataclass
class Run:
    """One import on its way."""

    ctx: MessageContext
    message: ImportArtifacts
    process: ProcessVersion
    table: Table
    columns: Columns
    system: str
    problems: list[ImportProblemDTO]
    rows: list[Row] = field(default_factory=list)
    known: dict[int, ArtifactDTO] = field(default_factory=dict)
    """Items that rows name, by the row's number."""
    created: list[NewArtifact] = field(default_factory=list)
    updated: set[ArtifactId] = field(default_factory=set)
    links: int = 0

    def problem(self, row: Row, column: str, code: str, text: str) -> None:
        """Note what is wrong with a row."""
        self.problems.append(ImportProblemDTO(self.table.name, row.number, column, code, text))

    def column_of(self, path: str) -> str:
        """The column that feeds what a complaint is about."""
        c = self.columns
        names = {f"/fields/{name}": column for column, name in c.fields.items()}
        names |= {"/title": c.title, "/parent_id": c.parent or "", "/assignee_id": c.assignee or ""}
        head = path.split("/")[1] if path.count("/") else path
        return names.get(path) or (c.tags or "" if head == "tags" else "") or path


def without_defaults(run: Run, row: Row, item: NewArtifact) -> NewArtifact:
    """An item without the defaults of fields that an export says are empty, unless they must not be."""
    empty = {
        f.id
        for name in row.cleared
        if (f := row.kind.fields[name]).default is not None and not f.required and f.required_when is None
    }
    if not empty & set(item.fields):
        return item
    fields = {name: value for name, value in item.fields.items() if name not in empty}
    return replace(item, fields=fields, search_text=search_text(run.process.compiled, row.kind, fields))


def rejection(table: Table, problems: Sequence[ImportProblemDTO]) -> ImportRejected:
    """The refusal of a whole file, with the first problems located."""
    first, rows = problems[0], len({p.row for p in problems})
    more = f" ({rows} rows have problems; pass on_error='skip' to import the others)" if rows > 1 else ""
    items = [ErrorItem(f"{p.file}:{p.row}:{p.column}", p.code, p.message) for p in problems[:SHOWN_PROBLEMS]]
    where = f"{first.file}, row {first.row}" + (f", column {first.column}" if first.column else "")
    return ImportRejected(f"{where}: {first.message}{more}", errors=items, problems=len(problems))
