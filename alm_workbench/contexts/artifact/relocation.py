"""Taking an item with all below it to another project: by the rules of both, without losing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alm_workbench.contexts.artifact import ranks
from alm_workbench.contexts.artifact.access import Artifacts, check_version
from alm_workbench.contexts.artifact.domain import checked_fields, eval_context, item_view, masked, not_found
from alm_workbench.contexts.artifact.facts import functions_for
from alm_workbench.contexts.artifact.hierarchy import Node
from alm_workbench.contexts.artifact.links import end_problem, with_ends
from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.artifact.relocation_messages import MoveToProject
from alm_workbench.contexts.artifact.rights import require
from alm_workbench.contexts.artifact.texts import texts
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.contexts.project.acting import acting, project_facts
from alm_workbench.contexts.project.messages import ActiveProcess, ProjectPrivileges
from alm_workbench.contexts.workflow.entering import require_entry
from alm_workbench.contexts.workflow.messages import Follow, Happening
from alm_workbench.contexts.workflow.relocating_messages import InstanceMove, RelocateInstances
from alm_workbench.errors import AccessDenied, ErrorItem, InvalidInput, StaleVersion
from alm_workbench.mpc import ArtifactTypeDef, StateDef
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import Event
from alm_workbench.shared.principal import grants

CREATE = "artifact:create"
IMPORT = "artifact:import"
"""Whoever may import says in which state items begin; for everybody else they begin where new ones do."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """An item with what it becomes in the other project."""

    item: ArtifactDTO
    kind: ArtifactTypeDef
    state: StateDef
    fields: Mapping[str, Any]


class MoveToProjectHandler:
    """Takes items to another project."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def __call__(self, ctx: MessageContext, message: MoveToProject) -> ArtifactDTO:
        home = self._artifacts.repo.project_of(ctx.conn, message.artifact_id)
        if home is None:
            raise not_found(message.artifact_id)
        if home == message.project_id:
            problem = ErrorItem("/project_id", "same-project", "the item is in this project already")
            raise InvalidInput(problem.message, errors=[problem])
        process, target = self._processes(ctx, home, message.project_id)
        for project in sorted([home, message.project_id]):  # in one order, so that two moves never wait for each other
            self._artifacts.hierarchy.hold(ctx, project)
        items = self._items(ctx, message.artifact_id)
        check_version(self._artifacts, ctx, items[0], message.expected_version)
        self._require_leaving(ctx, process, items)
        arriving = self._arriving(ctx, process, target, message, items)
        self._require_states(ctx, target, message.project_id, arriving)
        self._require_place(ctx, target, message, arriving)
        self._require_links(ctx, target, arriving)
        self._require_arriving(ctx, target, message.project_id, arriving)
        after = self._write(ctx, target, message, arriving)
        told = tuple(Happening("update", i.id, i, after[i.id], ("project_id",)) for i in items)
        if ctx.ask(Follow(message.project_id, told)):
            return self._artifacts.readable(ctx, self._artifacts.load(ctx, message.artifact_id))
        return self._artifacts.readable(ctx, after[message.artifact_id])

    def _processes(
        self, ctx: MessageContext, home: ProjectId, project: ProjectId
    ) -> tuple[ProcessVersion, ProcessVersion]:
        process, target = self._artifacts.process(ctx, home), self._artifacts.process(ctx, project)
        if not (ctx.principal.may(CREATE) or grants(ctx.ask(ProjectPrivileges(project)), CREATE)):
            reason = {"code": "R_PRIVILEGE", "message": f"privilege {CREATE} is needed there", "rule_id": CREATE}
            raise AccessDenied(f"You may not add items to that project: it takes {CREATE}", reasons=[reason])
        return process, target

    def _items(self, ctx: MessageContext, top: ArtifactId) -> list[ArtifactDTO]:
        """The item and all below it, locked, parents first."""
        rows = self._artifacts.structure.subtree(ctx.conn, top)
        items = self._artifacts.structure.many(ctx.conn, [row[0] for row in rows], lock=True)
        if top not in items:
            raise not_found(top)
        return [items[row[0]] for row in rows if row[0] in items]

    def _require_leaving(self, ctx: MessageContext, process: ProcessVersion, items: Sequence[ArtifactDTO]) -> None:
        for item in items:
            hidden = self._artifacts.hidden(ctx, process, item)
            if hidden is None or masked(item, hidden).masked:  # there it might be shown
                raise AccessDenied("Only what you see whole, with all below it, can you take to another project")
            event = {"name": "update", "changes": ["project_id"]}
            context = self._artifacts.context(ctx, process, item, event)
            ctx.decided(require(process, "update", item.type, context, item.id))

    def _arriving(
        self,
        ctx: MessageContext,
        process: ProcessVersion,
        target: ProcessVersion,
        message: MoveToProject,
        items: Sequence[ArtifactDTO],
    ) -> list[Arriving]:
        """What the items become; raises ``InvalidInput`` with everything that has no place there."""
        problems: list[ErrorItem] = []
        found: list[Arriving] = []
        for item in items:
            kind = target.compiled.find_type(message.types.get(item.type, item.type))
            if kind is None:
                text = f"{item.key}: there is no type {message.types.get(item.type, item.type)!r} there; name one"
                problems.append(ErrorItem(f"/types/{item.type}", "unknown-type", text))
                continue
            flow = target.compiled.workflows[kind.workflow]
            name = message.states.get(kind.id, {}).get(item.state, item.state)
            if name not in flow.states:
                text = f"{item.key}: {kind.id} has no state {name!r} there; name one of {', '.join(flow.states)}"
                problems.append(ErrorItem(f"/states/{kind.id}/{item.state}", "unknown-state", text))
                continue
            state = flow.states[name]
            former = process.compiled.types.get(item.type)
            own = {n: v for n, v in item.fields.items() if not is_computed(former, n) and not is_computed(kind, n)}
            try:
                fields = self._fields(ctx, target, message.project_id, replace(item, fields=own), kind, state)
                found.append(Arriving(item, kind, state, fields))
            except InvalidInput as error:
                told = error.errors or (ErrorItem("/fields", "invalid", error.detail),)
                problems += [ErrorItem(e.path, e.code, f"{item.key}: {e.message}") for e in told]
        if problems:
            raise InvalidInput(f"The items do not fit there: {problems[0].message}", errors=problems)
        return found

    def _fields(
        self,
        ctx: MessageContext,
        target: ProcessVersion,
        project: ProjectId,
        item: ArtifactDTO,
        kind: ArtifactTypeDef,
        state: StateDef,
    ) -> dict[str, Any]:
        context = self._context(ctx, target, project, item, self._view(item, kind, state, item.fields, project))
        values = checked_fields(target.compiled, kind, item.fields, context, {})
        return self._artifacts.references.checked(ctx, project, kind, values, {})

    def _view(
        self, item: ArtifactDTO, kind: ArtifactTypeDef, state: StateDef, fields: Mapping[str, Any], project: ProjectId
    ) -> dict[str, Any]:
        here = {"type": kind.id, "state": state.id, "state_category": state.category, "project_id": str(project)}
        return {**item_view(item), **here, "fields": fields}

    def _context(
        self, ctx: MessageContext, target: ProcessVersion, project: ProjectId, item: ArtifactDTO, view: Any
    ) -> Any:
        functions = functions_for(ctx, self._artifacts.repo, target.compiled, item.id, self._artifacts.functions)
        event = {"name": "create", "changes": sorted(item.fields)}
        return eval_context(acting(ctx, project), view, event, project_facts(ctx, project), ctx.now, functions)

    def _require_states(
        self, ctx: MessageContext, target: ProcessVersion, project: ProjectId, arriving: Sequence[Arriving]
    ) -> None:
        """No way round the steps of a workflow leads through another project; raises ``AccessDenied``."""
        for one in arriving:
            require_entry(ctx, target.compiled, project, one.kind.id, one.state.id)
        flows = target.compiled.workflows
        ahead = next((one for one in arriving if one.state.id != flows[one.kind.workflow].initial), None)
        if ahead is None or ctx.principal.may(IMPORT) or grants(ctx.ask(ProjectPrivileges(project)), IMPORT):
            return
        first = flows[ahead.kind.workflow].initial
        reason = {"code": "R_PRIVILEGE", "message": f"privilege {IMPORT} is needed there", "rule_id": IMPORT}
        raise AccessDenied(
            f"{ahead.item.key} would begin as {ahead.state.id!r} there, which takes {IMPORT}; "
            f"let it begin as {first!r}: states={{{ahead.kind.id!r}: {{{ahead.item.state!r}: {first!r}}}}}",
            reasons=[reason],
        )

    def _require_place(
        self, ctx: MessageContext, target: ProcessVersion, message: MoveToProject, arriving: Sequence[Arriving]
    ) -> None:
        numbers = {one.item.id: number for number, one in enumerate(arriving)}
        tree = [
            Node(one.kind.id, numbers[one.item.parent_id] if number and one.item.parent_id else None)
            for number, one in enumerate(arriving)
        ]
        self._artifacts.hierarchy.place_tree(ctx, target, message.project_id, message.parent_id, tree)

    def _require_links(self, ctx: MessageContext, target: ProcessVersion, arriving: Sequence[Arriving]) -> None:
        """Every link is known to the process there, and leads between types it allows; raises ``InvalidInput``."""
        moved = {one.item.id: replace(one.item, type=one.kind.id) for one in arriving}
        links = {link.id: link for item in moved for link in self._artifacts.links.of(ctx.conn, item)}
        ends = {end for link in links.values() for end in (link.source_id, link.target_id)}
        others = self._artifacts.structure.many(ctx.conn, ends - set(moved))
        shown = {link.id for link in with_ends(ctx, self._artifacts, links.values())}
        problems = []
        for link in links.values():
            source, goal = ({**others, **moved}.get(end) for end in (link.source_id, link.target_id))
            if source is None or goal is None:  # it lies in the bin
                continue
            near, far = (
                (target if end.id in moved else ctx.ask(ActiveProcess(end.project_id))).compiled.link_types.get(
                    link.link_type
                )
                for end in (source, goal)
            )
            if end_problem(near, far, source, goal) is None:
                continue
            said = (
                f"{source.key} {link.link_type} {goal.key}" if link.id in shown else f"a link of type {link.link_type}"
            )
            message = f"{said}: the process there does not know such a link"
            problems.append(ErrorItem(f"/links/{link.id}", "unknown-link-type", message))
        if problems:
            raise InvalidInput(f"Links would be lost: {problems[0].message}", errors=problems)

    def _require_arriving(
        self, ctx: MessageContext, target: ProcessVersion, project: ProjectId, arriving: Sequence[Arriving]
    ) -> None:
        for one in arriving:
            view = self._view(one.item, one.kind, one.state, one.fields, project)
            context = self._context(ctx, target, project, one.item, view)
            ctx.decided(require(target, "create", one.kind.id, context, one.item.id, one.fields))

    def _write(
        self, ctx: MessageContext, target: ProcessVersion, message: MoveToProject, arriving: Sequence[Arriving]
    ) -> dict[ArtifactId, ArtifactDTO]:
        keys = self._keys(ctx, message.project_id, arriving)
        order = sorted(arriving, key=lambda one: (one.item.rank or "", one.item.id))
        places = dict(zip((one.item.id for one in order), ranks.last(len(order)), strict=True))
        after: dict[ArtifactId, ArtifactDTO] = {}
        for number, one in enumerate(arriving):
            item = one.item
            values = {
                "project_id": message.project_id,
                "type_id": one.kind.id,
                "key": keys[item.id],
                "state": one.state.id,
                "state_category": one.state.category,
                "parent_id": item.parent_id if number else message.parent_id,
                "rank": places[item.id],
                "manifest_version_id": target.version_id,
                **texts(target.compiled, one.kind, one.fields),
            }
            updated = self._artifacts.repo.update(ctx.conn, item.id, item.version, values)
            if updated is None:
                raise StaleVersion("somebody else changed one of these items a moment ago")
            after[item.id] = updated
            self._artifacts.structure.add_alias(ctx.conn, ctx.principal.tenant_id, item.project_id, item.key, item.id)
            payload = {"project_id": str(message.project_id), "key": updated.key, "from_project": str(item.project_id)}
            ctx.emit(Event("ArtifactMoved", "Artifact", item.id, {**payload, "former_key": item.key}))
        self._artifacts.repo.include_deleted(ctx.conn)
        self._artifacts.structure.detach(ctx.conn, list(after))
        self._artifacts.repo.include_deleted(ctx.conn, False)
        self._artifacts.structure.take_along(ctx.conn, list(after), message.project_id)
        moves = tuple(
            InstanceMove(
                one.item.id,
                one.kind.workflow,
                one.item.state,
                one.item.state_category,
                one.state.id,
                one.state.category,
            )
            for one in arriving
        )
        ctx.ask(RelocateInstances(message.project_id, target.version_id, moves))
        return after

    def _keys(self, ctx: MessageContext, project: ProjectId, arriving: Sequence[Arriving]) -> dict[ArtifactId, str]:
        """Keys there: the one an item had when it was there before, else a new one."""
        found = self._artifacts.structure.take_former_keys(ctx.conn, project, [one.item.id for one in arriving])
        keys = {one.item.id: found[one.item.id] for one in arriving if one.item.id in found}
        for prefix in dict.fromkeys(one.kind.key_prefix for one in arriving):
            new = [one.item.id for one in arriving if one.kind.key_prefix == prefix and one.item.id not in keys]
            if new:
                first = self._artifacts.repo.reserve_keys(ctx.conn, project, prefix, len(new))
                keys |= {item: f"{prefix}-{first + number}" for number, item in enumerate(new)}
        return keys


def is_computed(kind: ArtifactTypeDef | None, name: str) -> bool:
    """Whether a type works a field out, so that what it holds says nothing of its own."""
    field = kind.fields.get(kind.field_ids.get(name, name)) if kind is not None else None
    return field is not None and field.computed is not None
