"""Importing files: every row through the checks of single commands, all written in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any
from uuid import UUID

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.batch_messages import HiddenOf, Outcome
from alm_workbench.contexts.artifact.domain import CORE, NewArtifact, type_of
from alm_workbench.contexts.artifact.file_columns import Columns, choose_columns
from alm_workbench.contexts.artifact.file_names import is_id, own_number, refers, replaced, waves, words_of
from alm_workbench.contexts.artifact.file_rows import Reader, Row, RowRejected
from alm_workbench.contexts.artifact.import_run import SHOWN_PROBLEMS, Run, rejection, without_defaults
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    ImportArtifacts,
    ImportResultDTO,
    LinkArtifacts,
    UpdateArtifact,
)
from alm_workbench.contexts.artifact.ranks import last
from alm_workbench.contexts.artifact.repository.many import ManyArtifacts
from alm_workbench.contexts.artifact.sheet_file import read_file
from alm_workbench.contexts.artifact.tags import check_tags
from alm_workbench.contexts.bulk.messages import CarryOut
from alm_workbench.contexts.tenant.people_messages import IsActor, ListMembers
from alm_workbench.contexts.workflow.entering import require_entry
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AccessDenied, ErrorItem, InvalidInput
from alm_workbench.mpc import permitted
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, new_id
from alm_workbench.shared.messages import Command, Event

KEPT_PROBLEMS = 10_000


class ImportHandler:
    """Imports a file."""

    def __init__(self, artifacts: Artifacts, many: ManyArtifacts | None = None) -> None:
        self._artifacts, self._many = artifacts, many or ManyArtifacts()

    def __call__(self, ctx: MessageContext, message: ImportArtifacts) -> ImportResultDTO:
        process = self._artifacts.process(ctx, message.project_id)
        kind = type_of(process.compiled, message.artifact_type)
        table = read_file(message.source_name, message.content, message.encoding, message.delimiter)
        columns = choose_columns(table, process.compiled, kind, message.mapping)
        system = "csv" if columns.ref else f"csv-rows:{table.name}"
        run = Run(ctx, message, process, table, columns, system, list(table.problems))
        known = cache(lambda actor: ctx.ask(IsActor(actor)))
        reader = Reader(table, columns, process.compiled, kind, self._people(ctx, columns), ctx.now, known)
        here = self._many.take_back(ctx.conn) if message.dry_run else None
        self._read(run, reader)
        self._create(run)
        if message.existing == "update":
            self._update(run)
        self._link(run)
        run.problems.sort(key=lambda p: p.row)
        if here is not None:
            here.rollback()
            for kept in (ctx.events, ctx.decisions, ctx.jobs):
                kept.clear()
        if run.problems and message.on_error == "stop":
            raise rejection(table, run.problems)
        return self._result(run)

    # -- what the rows say

    def _people(self, ctx: MessageContext, columns: Columns) -> dict[str, UUID]:
        if columns.assignee is None:
            return {}
        found: dict[str, UUID] = {}
        for member in ctx.ask(ListMembers()):
            found.setdefault(member.display_name.casefold(), member.actor_id)
            found[member.email.casefold()] = member.actor_id
        return found

    def _read(self, run: Run, reader: Reader) -> None:
        seen: dict[str, int] = {}
        for record in run.table.records:
            try:
                row = reader.row(record)
            except RowRejected as error:
                run.problems.extend(error.problems)
                continue
            name = row.key or row.ref
            if name in seen:
                column = (run.columns.key if row.key else run.columns.ref) or ""
                run.problem(row, column, "doubled-ref", f"{name!r} stands in row {seen[name]} already")
                continue
            seen[name] = row.number
            run.rows.append(row)
        self._find_known(run)

    def _find_known(self, run: Run) -> None:
        """Which rows name items that are there."""
        ctx, project_id = run.ctx, run.message.project_id
        self._artifacts.repo.include_deleted(ctx.conn)
        by_key = self._many.by_keys(ctx.conn, project_id, [row.key for row in run.rows if row.key])
        refs = self._many.by_refs(ctx.conn, project_id, run.system, [row.ref for row in run.rows])
        by_ref = self._many.get(ctx.conn, refs.values())
        self._artifacts.repo.include_deleted(ctx.conn, False)
        kept = []
        for row in run.rows:
            item = by_key.get(row.key or "") or by_ref.get(refs.get(row.ref, ArtifactId(UUID(int=0))))
            if item is not None and item.deleted_at is not None and run.message.existing == "update":
                run.problem(row, run.columns.key or "", "in-bin", f"{item.key} is in the bin")
                continue
            if item is not None:
                run.known[row.number] = item
            kept.append(row)
        run.rows = kept

    # -- new items

    def _create(self, run: Run) -> None:
        """Write new items, parents before what stands below them, with keys and ranks in the order of the file."""
        new = [row for row in run.rows if row.number not in run.known]
        ranks = dict(zip((row.number for row in new), last(len(new)), strict=True))
        keys = self._keys(run, new)
        named = {name: row for row in new for name in (row.key, row.ref) if name}
        ids: dict[int, ArtifactId] = {}
        later = self._resolve(run, new, named)
        for wave in waves(new, named):
            parents = self._parents(run, wave, named, ids)
            items = []
            for row in wave:
                item = self._prepared(run, row, parents)
                if item is not None:
                    items.append(replace(item, key=keys[row.number], rank=ranks[row.number]))
                    ids[row.number] = item.id
            for type_id in dict.fromkeys(item.type_id for item in items):
                kind = run.process.compiled.types[type_id]
                of_type = [item for item in items if item.type_id == type_id]
                run.created += self._artifacts.write(run.ctx, kind, of_type)
        run.rows = [row for row in run.rows if row.number in ids or row.number in run.known]
        self._refer(run, later, named, ids)

    def _resolve(self, run: Run, rows: Sequence[Row], named: Mapping[str, Row]) -> list[tuple[Row, str, Any]]:
        """Put ids where reference fields name items by their keys; gives those that name items of the same file."""
        cells = [(row, name, value) for row in rows for name, value in row.fields.items() if refers(row, name)]
        wanted = {word for _, _, value in cells for word in words_of(value)}
        found = self._by_names(run, (word for word in wanted if word not in named and not is_id(word)))
        later: list[tuple[Row, str, Any]] = []
        for row, name, value in cells:
            if any(word in named for word in words_of(value)):
                later.append((row, name, row.fields.pop(name)))
            else:
                row.fields[name] = replaced(value, {word: str(item) for word, item in found.items()})
        return later

    def _refer(
        self,
        run: Run,
        later: Sequence[tuple[Row, str, Any]],
        named: Mapping[str, Row],
        ids: Mapping[int, ArtifactId],
    ) -> None:
        """Let new items refer to others of the same file, now that all are there."""
        names = {name: str(ids[row.number]) for name, row in named.items() if row.number in ids}
        fields: dict[int, dict[str, Any]] = {}
        for row, name, value in later:
            fields.setdefault(row.number, {})[name] = replaced(value, names)
        rows = {row.number: row for row, _, _ in later if row.number in ids}
        changes = [(row, UpdateArtifact(ids[n], 1, None, fields[n])) for n, row in rows.items()]
        done = run.ctx.ask(CarryOut(tuple(change for _, change in changes))) if changes else ()
        for (row, _), outcome in zip(changes, done, strict=True):
            if outcome.error is not None:
                self._refused(run, row, outcome)

    def _keys(self, run: Run, new: Sequence[Row]) -> dict[int, str]:
        """The key of each new item: the one its row names where it is one of ours, else the next."""
        own = {row.number: number for row in new if (number := own_number(row)) is not None}
        for kind in {row.kind.id: row.kind for row in new}.values():
            highest = max((own[row.number] for row in new if row.kind is kind and row.number in own), default=0)
            if highest:
                self._many.keys_from(run.ctx.conn, run.message.project_id, kind.key_prefix, highest)
        found: dict[int, str] = {row.number: row.key or "" for row in new if row.number in own}
        for kind in {row.kind.id: row.kind for row in new}.values():
            others = [row for row in new if row.kind is kind and row.number not in own]
            given = self._artifacts.keys_for(run.ctx, run.message.project_id, kind, len(others))
            found |= {row.number: key for row, key in zip(others, given, strict=True)}
        return found

    def _parents(
        self, run: Run, wave: Sequence[Row], named: Mapping[str, Row], ids: Mapping[int, ArtifactId]
    ) -> dict[str, ArtifactId]:
        """Items by the names that rows call their parents by."""
        wanted = {row.parent for row in wave if row.parent}
        found = self._by_names(run, wanted - set(named))
        for name in wanted & set(named):
            if named[name].number in ids:
                found[name] = ids[named[name].number]
        return found

    def _by_names(self, run: Run, names: Iterable[str]) -> dict[str, ArtifactId]:
        """Items of the project that the caller may see, by key, by key in another tool, or by a former key."""
        wanted = list(names)
        if not wanted:
            return {}
        ctx, project_id = run.ctx, run.message.project_id
        found = {key: item.id for key, item in self._many.by_keys(ctx.conn, project_id, wanted).items()}
        found |= {
            ref: item
            for ref, item in self._many.by_refs(ctx.conn, project_id, run.system, wanted).items()
            if ref not in found
        }
        for name in wanted:
            if name not in found and (item := self._artifacts.repo.by_key(ctx.conn, project_id, name)) is not None:
                found[name] = item.id
        return found

    def _prepared(self, run: Run, row: Row, parents: Mapping[str, ArtifactId]) -> NewArtifact | None:
        if row.parent and row.parent not in parents:
            run.problem(row, run.columns.parent or "", "unknown", f"there is no item {row.parent!r}")
            return None
        try:
            if row.state is not None:
                require_entry(run.ctx, run.process.compiled, run.message.project_id, row.kind.id, row.state)
            item, _ = self._artifacts.prepare(
                run.ctx,
                run.process,
                row.kind,
                row.title,
                row.fields,
                project_id=run.message.project_id,
                occurred_at=row.occurred_at,
                state=row.state,
                assignee_id=row.assignee_id,
                parent_id=parents[row.parent] if row.parent else None,
                tags=check_tags(row.tags),
            )
        except (InvalidInput, AccessDenied) as error:
            for e in error.errors or (
                ErrorItem("", "denied" if isinstance(error, AccessDenied) else "invalid", error.detail),
            ):
                run.problem(row, run.column_of(e.path), e.code, e.message)
            return None
        item = without_defaults(run, row, item) if run.table.ours else item
        aliased = run.columns.ref is not None
        return replace(item, system=run.system, ref=row.ref, aliased=aliased and row.ref != row.key)

    # -- items that are there

    def _update(self, run: Run) -> None:
        """Change what rows say otherwise than their items, through the checks of single changes."""
        rows = [row for row in run.rows if row.number in run.known]
        names = self._by_names(run, {row.parent for row in rows if row.parent})
        self._resolve(run, rows, {})
        hidden = self._hidden(run, rows)
        rows = [row for row in rows if row.number in hidden]
        changes = ((row, self._change(run, row, names, hidden[row.number])) for row in rows)
        pairs = [(row, change) for row, change in changes if change is not None]
        self._carry_out(run, pairs)
        steps: list[tuple[Row, Command[Any]]] = []
        for row in rows:
            item = run.known[row.number]
            if row.state is None:
                continue
            if "state" in hidden[row.number]:
                run.problem(row, run.columns.state or "", "masked", "you may not see the state, so you may not set it")
            elif row.state != item.state:
                steps.append((row, self._step(run, row, item)))
        self._carry_out(run, steps)

    def _hidden(self, run: Run, rows: Sequence[Row]) -> dict[int, frozenset[str]]:
        """What is hidden of the items of rows, by the row's number; items that are hidden as a whole are a problem."""
        said = run.ctx.ask(HiddenOf(tuple(run.known[row.number] for row in rows)))
        found: dict[int, frozenset[str]] = {}
        for row in rows:
            hidden = said[run.known[row.number].id]
            if hidden is None:
                run.problem(row, run.columns.key or run.columns.ref or "", "denied", "you may not change this item")
            else:
                found[row.number] = hidden | ({"state"} if "status" in hidden else frozenset())
        return found

    def _change(
        self, run: Run, row: Row, names: Mapping[str, ArtifactId], hidden: frozenset[str]
    ) -> UpdateArtifact | None:
        """What a row says otherwise than its item. Nobody learns what is hidden from him by saying the same of it.

        Blank cells of what is hidden say nothing: so they stand in exports.
        """
        item, c = run.known[row.number], run.columns
        fields = {n: value for n, value in row.fields.items() if n in hidden or value != item.fields.get(n)}
        fields |= {name: None for name in set(row.cleared) - hidden if item.fields.get(name) is not None}
        computed = {f.id for f in row.kind.fields.values() if f.computed}
        fields = {name: value for name, value in fields.items() if name not in computed}
        veiled = hidden.union(*(CORE.get(name, ()) for name in hidden))
        more: dict[str, Any] = {}
        if c.assignee and (row.assignee_id if "assignee_id" in veiled else row.assignee_id != item.assignee_id):
            more["assignee_id"] = row.assignee_id
        if c.tags and (row.tags if "tags" in veiled else set(row.tags) != set(item.tags)):
            more["tags"] = row.tags
        if c.parent:
            parent = names.get(row.parent) if row.parent else None
            if row.parent and row.parent not in names:
                run.problem(row, c.parent, "unknown", f"there is no item {row.parent!r}")
            elif parent if "parent_id" in veiled else parent != item.parent_id:
                more["parent_id"] = parent
        title = row.title if row.title != item.title or "title" in veiled else None
        if not fields and not more and title is None and row.version in (None, item.version):
            return None
        return UpdateArtifact(item.id, row.version or item.version, title, fields, **more)

    def _step(self, run: Run, row: Row, item: ArtifactDTO) -> TransitionArtifact:
        """The step that leads where the row says; one that does not exist is refused like any other."""
        context = self._artifacts.context(run.ctx, run.process, item, {"name": "transition"})
        options = permitted(run.process.compiled, item.type, item.state, context)
        leading = [
            v.transition.id for v in sorted(options, key=lambda v: not v.allowed) if v.transition.to == row.state
        ]
        return TransitionArtifact(item.id, leading[0] if leading else f"to {row.state}", item.version)

    def _carry_out(self, run: Run, pairs: Sequence[tuple[Row, Command[Any]]]) -> None:
        done = run.ctx.ask(CarryOut(tuple(change for _, change in pairs))) if pairs else ()
        for (row, _), outcome in zip(pairs, done, strict=True):
            if outcome.error is not None:
                self._refused(run, row, outcome)
            elif outcome.after is not None:
                run.known[row.number] = outcome.after
                run.updated.add(outcome.after.id)

    def _refused(self, run: Run, row: Row, outcome: Outcome, column: str = "") -> None:
        assert outcome.error is not None
        for e in outcome.error.errors or (ErrorItem(column, outcome.error.slug, outcome.error.detail),):
            run.problem(row, column or run.column_of(e.path), e.code, e.message)

    # -- links

    def _link(self, run: Run) -> None:
        """Link what rows say is linked and is not yet; of rows that are left alone only new ones."""
        left_alone = set(run.known) if run.message.existing == "skip" else set()
        rows = [row for row in run.rows if row.links and row.number not in left_alone]
        if not rows:
            return
        refs = {item.ref: item.id for item in run.created} | {item.key: item.id for item in run.created}
        targets = self._by_names(run, {target for row in rows for _, _, target in row.links} - set(refs)) | refs
        sources = {row.number: self._source(run, row, refs) for row in rows}
        there = {
            (link.link_type, link.source_id, link.target_id)
            for link in self._many.links(run.ctx.conn, [s for s in sources.values() if s])
        }
        pairs: list[tuple[Row, str, LinkArtifacts]] = []
        for row in rows:
            for column, name, target in row.links:
                source, end = sources[row.number], targets.get(target)
                if end is None:
                    run.problem(row, column, "unknown", f"there is no item {target!r}")
                elif source is not None and (name, source, end) not in there:
                    there.add((name, source, end))
                    pairs.append((row, column, LinkArtifacts(source, name, end)))
        done = run.ctx.ask(CarryOut(tuple(link for _, _, link in pairs))) if pairs else ()
        for (row, column, _), outcome in zip(pairs, done, strict=True):
            if outcome.error is not None:
                self._refused(run, row, outcome, column)
            else:
                run.links += 1

    def _source(self, run: Run, row: Row, refs: Mapping[str | None, ArtifactId]) -> ArtifactId | None:
        known = run.known.get(row.number)
        return known.id if known else refs.get(row.ref) or refs.get(row.key)

    # -- what came of it

    def _result(self, run: Run) -> ImportResultDTO:
        run_id = new_id()
        if not run.message.dry_run:
            self._remember(run, run_id)
        return ImportResultDTO(
            run_id,
            run.table.name,
            len(run.table.records) + len(run.table.problems),
            len(run.created),
            len(run.known) - len(run.updated),
            len({p.row for p in run.problems}),
            tuple(run.problems[:SHOWN_PROBLEMS]),
            () if run.message.dry_run else tuple(item.key for item in run.created),
            run.columns.ignored,
            run.message.dry_run,
            len(run.updated),
            run.links,
        )

    def _remember(self, run: Run, run_id: UUID) -> None:
        ctx, message, table = run.ctx, run.message, run.table
        values = {
            "tenant_id": ctx.principal.tenant_id,
            "id": run_id,
            "project_id": message.project_id,
            "source_name": table.name,
            "content_hash": hashlib.sha256(message.content.encode()).hexdigest(),
            "status": "done",
            "rows_total": len(table.records) + len(table.problems),
            "rows_done": len(run.created) + len(run.updated),
            "problems": [asdict(p) for p in run.problems[:KEPT_PROBLEMS]],
        }
        self._artifacts.repo.add_run(ctx.conn, values)
        payload = {"project_id": str(message.project_id), "source_name": table.name, "created": len(run.created)}
        ctx.emit(Event("ArtifactsImported", "ImportRun", run_id, payload))
