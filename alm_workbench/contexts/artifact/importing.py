"""Importing files: every row through the same checks as a single creation, all written in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.csv_file import (
    CellError,
    Columns,
    Record,
    Table,
    cell_value,
    choose_columns,
    moment,
    read_table,
)
from alm_workbench.contexts.artifact.domain import MAX_TITLE, NewArtifact, type_of
from alm_workbench.contexts.artifact.messages import ImportArtifacts, ImportProblemDTO, ImportResultDTO
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.errors import AccessDenied, ErrorItem, ImportRejected, InvalidInput
from alm_workbench.mpc import ArtifactTypeDef
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.messages import Event

SHOWN_PROBLEMS = 100
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class RowRejected(Exception):
    """A row with its problems."""

    def __init__(self, problems: Sequence[ImportProblemDTO]) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


class ImportHandler:
    """Imports a CSV file."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: ImportArtifacts) -> ImportResultDTO:
        process = self._artifacts.process(ctx, message.project_id)
        kind = type_of(process.compiled, message.artifact_type)
        table = read_table(message.source_name, message.content, message.encoding, message.delimiter)
        columns = choose_columns(table, kind, message.mapping)
        system = "csv" if columns.ref else f"csv-rows:{table.name}"
        refs = {record.row: reference(table, record, columns) for record in table.records}
        known = self._artifacts.repo.known_refs(ctx.conn, message.project_id, system, refs.values())
        items, problems = self._checked(ctx, message, process, kind, table, columns, system, refs, known)
        if problems and message.on_error == "stop":
            raise rejection(table, problems)
        existing = sum(ref in known for ref in refs.values())
        run_id = new_id()
        keyed = [] if message.dry_run else self._artifacts.write(ctx, kind, items)
        if not message.dry_run:
            self._remember(ctx, message, run_id, table, len(keyed), problems)
        skipped = len({p.row for p in problems})
        return ImportResultDTO(
            run_id,
            table.name,
            len(table.records) + len(table.problems),
            len(items),
            existing,
            skipped,
            tuple(problems[:SHOWN_PROBLEMS]),
            tuple(item.key for item in keyed),
            columns.ignored,
            message.dry_run,
        )

    def _checked(
        self,
        ctx: MessageContext,
        message: ImportArtifacts,
        process: ProcessVersion,
        kind: ArtifactTypeDef,
        table: Table,
        columns: Columns,
        system: str,
        refs: Mapping[int, str],
        known: set[str],
    ) -> tuple[list[NewArtifact], list[ImportProblemDTO]]:
        items: list[NewArtifact] = []
        problems = list(table.problems)
        seen: dict[str, int] = {}
        for record in table.records:
            ref = refs[record.row]
            if ref in seen:
                text = f"{ref!r} stands in row {seen[ref]} already"
                problems.append(ImportProblemDTO(table.name, record.row, columns.ref or "", "doubled-ref", text))
                continue
            seen[ref] = record.row
            if ref in known:
                continue
            try:
                item = self._item(ctx, message, process, kind, table, columns, record)
            except RowRejected as error:
                problems.extend(error.problems)
            else:
                items.append(replace(item, system=system, ref=ref, aliased=columns.ref is not None))
        return items, sorted(problems, key=lambda p: p.row)

    def _item(
        self,
        ctx: MessageContext,
        message: ImportArtifacts,
        process: ProcessVersion,
        kind: ArtifactTypeDef,
        table: Table,
        columns: Columns,
        record: Record,
    ) -> NewArtifact:
        def problem(column: str, code: str, text: str) -> ImportProblemDTO:
            return ImportProblemDTO(table.name, record.row, column, code, text)

        values: dict[str, Any] = {}
        found: list[ImportProblemDTO] = []
        for column, f in columns.fields.items():
            if not record.cells[column].strip():
                continue
            try:
                values[f.id] = cell_value(record.cells[column], f)
            except CellError as error:
                found.append(problem(column, "value", str(error)))
        occurred = None
        if columns.created_at and record.cells[columns.created_at].strip():
            try:
                occurred = moment(record.cells[columns.created_at].strip())
                if not EARLIEST <= occurred <= ctx.now:
                    raise CellError(f"{occurred.isoformat()} is not between {EARLIEST:%Y} and now")
            except CellError as error:
                found.append(problem(columns.created_at, "value", str(error)))
        if found:
            raise RowRejected(found)
        title = " ".join(record.cells[columns.title].split())[:MAX_TITLE]
        names = {f"/fields/{f.id}": column for column, f in columns.fields.items()} | {"/title": columns.title}
        try:
            item, _ = self._artifacts.prepare(
                ctx, process, kind, title, values, project_id=message.project_id, occurred_at=occurred
            )
        except InvalidInput as error:
            items = error.errors or (ErrorItem("", "invalid", error.detail),)
            raise RowRejected([problem(names.get(e.path, e.path), e.code, e.message) for e in items]) from None
        except AccessDenied as error:
            raise RowRejected([problem("", "denied", error.detail)]) from None
        return item

    def _remember(
        self,
        ctx: MessageContext,
        message: ImportArtifacts,
        run_id: Any,
        table: Table,
        created: int,
        problems: Sequence[ImportProblemDTO],
    ) -> None:
        values = {
            "tenant_id": ctx.principal.tenant_id,
            "id": run_id,
            "project_id": message.project_id,
            "source_name": table.name,
            "content_hash": hashlib.sha256(message.content.encode()).hexdigest(),
            "status": "done",
            "rows_total": len(table.records) + len(table.problems),
            "rows_done": created,
            "problems": [asdict(p) for p in problems[:SHOWN_PROBLEMS]],
        }
        self._artifacts.repo.add_run(ctx.conn, values)
        payload = {"project_id": str(message.project_id), "source_name": table.name, "created": created}
        ctx.emit(Event("ArtifactsImported", "ImportRun", run_id, payload))


def reference(table: Table, record: Record, columns: Columns) -> str:
    """What identifies a row: its key in the other tool, else a hash of what it says and how often it said it before."""
    if columns.ref and record.cells[columns.ref].strip():
        return record.cells[columns.ref].strip()
    said = "\x1f".join(record.cells[h] for h in table.header)
    return hashlib.sha256(f"{record.row}\x1e{said}".encode()).hexdigest()


def rejection(table: Table, problems: Sequence[ImportProblemDTO]) -> ImportRejected:
    """The refusal of a whole file, with the first problems located."""
    first, rows = problems[0], len({p.row for p in problems})
    more = f" ({rows} rows have problems; pass on_error='skip' to import the others)" if rows > 1 else ""
    items = [ErrorItem(f"{p.file}:{p.row}:{p.column}", p.code, p.message) for p in problems[:SHOWN_PROBLEMS]]
    where = f"{first.file}, row {first.row}" + (f", column {first.column}" if first.column else "")
    return ImportRejected(f"{where}: {first.message}{more}", errors=items, problems=len(problems))
