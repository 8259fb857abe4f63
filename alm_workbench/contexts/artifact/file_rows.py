"""Rows of a file as what they say of items: every complaint with its row and column."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.csv_file import CellError, Record, Table, cell_value, moment
from alm_workbench.contexts.artifact.domain import MAX_TITLE, type_of
from alm_workbench.contexts.artifact.file_columns import Columns
from alm_workbench.contexts.artifact.messages import ImportProblemDTO
from alm_workbench.errors import InvalidInput
from alm_workbench.mpc import ArtifactTypeDef, CompiledManifest

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Row:
    """What one row says of an item. ``given`` names what its columns speak of; values are of their fields' types."""

    number: int
    kind: ArtifactTypeDef
    title: str
    ref: str
    key: str | None = None
    state: str | None = None
    assignee_id: UUID | None = None
    parent: str | None = None
    tags: tuple[str, ...] = ()
    version: int | None = None
    occurred_at: datetime | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    cleared: tuple[str, ...] = ()
    """Fields that the row has a blank cell for."""
    links: list[tuple[str, str, str]] = field(default_factory=list)
    """(column, type of link, key or ref of the target)."""


class RowRejected(Exception):
    """A row with its problems."""

    def __init__(self, problems: Sequence[ImportProblemDTO]) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the rows of one table; ``people`` are actors by e-mail and name in lower case, ``is_actor`` knows all."""

    table: Table
    columns: Columns
    compiled: CompiledManifest
    kind: ArtifactTypeDef
    people: Mapping[str, UUID]
    now: datetime
    is_actor: Callable[[UUID], bool]

    def row(self, record: Record) -> Row:
        """What a row says; raises ``RowRejected`` with everything that is wrong with it."""
        c = self.columns
        problems: list[ImportProblemDTO] = []

        def told(column: str, code: str, text: str) -> None:
            problems.append(ImportProblemDTO(self.table.name, record.row, column, code, text))

        def read(column: str | None, convert: Any) -> Any:
            if column is None or record.blank(column):
                return None
            try:
                return convert(record.cells[column])
            except CellError as error:
                told(column, "value", str(error))
            except InvalidInput as error:
                told(column, "unknown", error.detail)
            return None

        kind = read(c.type, lambda cell: type_of(self.compiled, str(cell).strip())) or self.kind
        row = Row(
            record.row,
            kind,
            " ".join(record.text(c.title).split())[:MAX_TITLE],
            reference(self.table, record, c),
            key=record.text(c.key) or None if c.key else None,
            state=read(c.state, lambda cell: self._state(kind, str(cell).strip())),
            assignee_id=read(c.assignee, lambda cell: self._person(str(cell).strip())),
            parent=record.text(c.parent) or None if c.parent else None,
            tags=tuple(read(c.tags, listed) or ()),
            version=read(c.version, whole),
            occurred_at=read(c.created_at, self._moment),
        )
        for column, name in c.fields.items():
            f = kind.fields.get(name)
            if f is None:
                if not record.blank(column):
                    told(column, "unknown-field", f"{kind.id} has no field {name!r}")
            elif record.blank(column):
                row.cleared = (*row.cleared, name)
            elif not f.computed:
                row.fields[name] = read(column, lambda cell, f=f: cell_value(cell, f))
        for column, name in (c.links or {}).items():
            row.links += [(column, name, target) for target in listed(record.cells[column])]
        if problems:
            raise RowRejected(problems)
        return row

    def _state(self, kind: ArtifactTypeDef, word: str) -> str:
        flow = self.compiled.workflows[kind.workflow]
        for state in flow.states.values():
            if word.casefold() in {state.id.casefold(), *(label.casefold() for label in state.labels.values())}:
                return state.id
        raise CellError(f"{word!r} is none of the states {', '.join(flow.states)}")

    def _person(self, word: str) -> UUID:
        found = self.people.get(word.casefold())
        if found is not None:
            return found
        try:
            actor = UUID(word)
        except ValueError:
            actor = None
        if actor is None or not self.is_actor(actor):
            raise CellError(f"{word!r} is nobody of this organisation")
        return actor

    def _moment(self, cell: Any) -> datetime:
        occurred = moment(str(cell).strip())
        if not EARLIEST <= occurred <= self.now:
            raise CellError(f"{occurred.isoformat()} is not between {EARLIEST:%Y} and now")
        return occurred


def reference(table: Table, record: Record, columns: Columns) -> str:
    """What identifies a row: its key in the other tool, else a hash of what it says and how often it said it before."""
    if columns.ref and not record.blank(columns.ref):
        return record.text(columns.ref)
    said = "\x1f".join(str(record.cells[h]) for h in table.header)
    return hashlib.sha256(f"{record.row}\x1e{said}".encode()).hexdigest()


def listed(cell: Any) -> list[str]:
    """A cell that lists words, with ``;``, ``,`` or ``|`` between them."""
    if cell is None:
        return []
    parts = cell if isinstance(cell, list) else str(cell).replace("|", ";").replace(",", ";").split(";")
    return [word for part in parts if (word := str(part).strip())]


def whole(cell: Any) -> int:
    """A cell that is a whole number; raises ``CellError``."""
    try:
        return int(str(cell).strip())
    except ValueError:
        raise CellError(f"{cell!r} is no whole number") from None
