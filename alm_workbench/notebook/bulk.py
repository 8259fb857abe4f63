"""Changing many items from a notebook: plans with their diffs, what was done, and its undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.bulk.messages import Action, BulkDTO, BulkItemDTO, BulkRunDTO, BulkTarget
from alm_workbench.errors import InvalidInput
from alm_workbench.i18n import _
from alm_workbench.notebook.actions import action, told_html
from alm_workbench.notebook.show import Column, Listing, card, plain
from alm_workbench.notebook.values import field_values
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import UNSET

if TYPE_CHECKING:
    import pandas as pd

    from alm_workbench.notebook.projects import Project


class BulkResult:
    """A bulk change or the plan of one: ``items`` with their diffs, ``refused`` with the reasons, ``apply`` and ``undo``."""

    def __init__(self, project: Project, dto: BulkDTO, request: Mapping[str, Any] | None = None) -> None:
        self._project, self.dto, self._request = project, dto, request

    @property
    def run(self) -> BulkRunDTO:
        """The run as plain data."""
        return self.dto.run

    @property
    def planned(self) -> bool:
        """Whether nothing was changed yet."""
        return self.run.kind == "plan"

    @property
    def items(self) -> Listing[BulkItemDTO]:
        """Every item with what changes, or why it does not."""
        return self._listing(self.dto.items, self._title())

    @property
    def refused(self) -> Listing[BulkItemDTO]:
        """Items that were refused, with the reasons."""
        return self._listing([item for item in self.dto.items if item.refusal], _("Refused"))

    @action
    def apply(self, *, on_error: Literal["stop", "skip"] = "stop") -> BulkResult:
        """Carry a plan out, if nothing changed since; raises ``PlanOutdated`` with what did, ``BulkRefused``."""
        if not self.planned or self._request is None:
            raise InvalidInput(_("This is no plan: it was carried out already"))
        api = self._project.api.bulk
        done = api.apply(**self._request, on_error=on_error, plan_id=self.run.id)
        return BulkResult(self._project, done)

    @action
    def undo(self) -> BulkResult:
        """Take it back; what somebody changed since stays and is among ``refused``."""
        if self.planned:
            raise InvalidInput(_("A plan changed nothing, so there is nothing to take back"))
        return BulkResult(self._project, self._project.api.bulk.undo(project_id=self._project.id, run_id=self.run.id))

    def to_frame(self) -> pd.DataFrame:
        """One row an item."""
        return self.items.to_frame()

    def _title(self) -> str:
        if self.planned:
            return _("Plan: {action}").format(action=self.run.action)
        return _("Undone") if self.run.kind == "undo" else _("Done: {action}").format(action=self.run.action)

    def _listing(self, items: Iterable[BulkItemDTO], title: str) -> Listing[BulkItemDTO]:
        columns: list[Column[BulkItemDTO]] = [
            Column("key", _("Key"), lambda i: i.key or ""),
            Column("title", _("Title"), lambda i: i.title or ""),
            Column("result", _("Result"), lambda i: result_word(i.result)),
            Column("changes", _("Changes"), changes_of),
            Column("reasons", _("Reasons"), reasons_of),
        ]
        return Listing(tuple(items), columns, title)

    def _facts(self) -> list[tuple[str, Any]]:
        facts: list[tuple[str, Any]] = [(_("Would change") if self.planned else _("Changed"), self.run.changed)]
        facts += [(_("Refused"), self.run.refused)] if self.run.refused else []
        facts += [(_("Unchanged"), self.run.unchanged)] if self.run.unchanged else []
        return facts

    def __len__(self) -> int:
        return len(self.dto.items)

    def __repr__(self) -> str:
        facts = ", ".join(f"{name.lower()}: {value}" for name, value in self._facts())
        return f"<{self._title()}: {facts}>\n{self.items!r}"

    @told_html
    def _repr_html_(self) -> str:
        hint = _("Nothing was changed yet: .apply() carries it out") if self.planned else _(".undo() takes it back")
        return card(self._title(), self._facts(), hint) + self.items._repr_html_()


class ChangesTogether:
    """What a list of items can have done to all of it at once; every method has a ``plan_`` that only looks."""

    _project: Project

    @property
    def items(self) -> list[ArtifactDTO]:
        """All items as plain data."""
        raise NotImplementedError

    @action
    def update(self, *, on_error: Literal["stop", "skip"] = "stop", **changes: Any) -> BulkResult:
        """Change title, fields, assignee, parent or tags of all of them: ``update(priority="high", add_tags=["x"])``.

        All or none unless ``on_error="skip"``. Items that somebody changed since they were found are refused.
        """
        return self._applied("update", on_error, **self._changes(changes))

    @action
    def plan_update(self, **changes: Any) -> BulkResult:
        """What ``update`` would do: the diff of each item and the rules that allow or refuse it."""
        return self._planned("update", **self._changes(changes))

    @action
    def transition(
        self, name: str, *, reason: str | None = None, on_error: Literal["stop", "skip"] = "stop", **fields: Any
    ) -> BulkResult:
        """Let all of them take a step, with field values that are set in it."""
        return self._applied("transition", on_error, transition=name, reason=reason, fields=field_values(fields))

    @action
    def plan_transition(self, name: str, *, reason: str | None = None, **fields: Any) -> BulkResult:
        """What ``transition`` would do."""
        return self._planned("transition", transition=name, reason=reason, fields=field_values(fields))

    @action
    def delete(self, *, on_error: Literal["stop", "skip"] = "stop") -> BulkResult:
        """Put all of them into the bin."""
        return self._applied("delete", on_error)

    @action
    def plan_delete(self) -> BulkResult:
        """What ``delete`` would do."""
        return self._planned("delete")

    @action
    def link(self, link_type: str, target: Any, *, on_error: Literal["stop", "skip"] = "stop") -> BulkResult:
        """Link all of them to one item."""
        return self._applied("link", on_error, link_type=link_type, target_id=self._id_of(target))

    @action
    def move(
        self, *, parent: Any = UNSET, before: Any = None, after: Any = None, on_error: Literal["stop", "skip"] = "stop"
    ) -> BulkResult:
        """Put all of them below a parent (None: at the top), or before or after an item in the project's order."""
        found = {name: self._id_of(item) for name, item in (("before", before), ("after", after)) if item is not None}
        return self._applied("move", on_error, parent_id=self._parent(parent), **found)

    def _changes(self, given: Mapping[str, Any]) -> dict[str, Any]:
        left = dict(given)
        out: dict[str, Any] = {}
        if "title" in left:
            out["title"] = left.pop("title")
        if "assignee" in left:
            who = left.pop("assignee")
            out["assignee_id"] = self._project.workbench.actor_id(who, self._project) if who is not None else None
        if "parent" in left:
            out["parent_id"] = self._parent(left.pop("parent"))
        for name in ("tags", "add_tags", "remove_tags"):
            if name in left:
                out[name] = tuple(left.pop(name) or ())
        return {**out, "fields": field_values(left.pop("fields", None), left)}

    def _parent(self, given: Any) -> Any:
        return given if given is UNSET or given is None else self._id_of(given)

    def _id_of(self, item: Any) -> ArtifactId:
        return ArtifactId(item) if isinstance(item, UUID) else self._project.artifacts.one(item).id

    def _request(self, what: Action, **arguments: Any) -> dict[str, Any]:
        targets = tuple(BulkTarget(dto.id, dto.version) for dto in self.items)
        if not targets:
            raise InvalidInput(_("There is nothing to change: the list is empty"))
        return {"project_id": self._project.id, "action": what, "items": targets, **arguments}

    def _planned(self, what: Action, **arguments: Any) -> BulkResult:
        request = self._request(what, **arguments)
        return BulkResult(self._project, self._project.api.bulk.plan(**request), request)

    def _applied(self, what: Action, on_error: Literal["stop", "skip"], **arguments: Any) -> BulkResult:
        request = self._request(what, **arguments)
        return BulkResult(self._project, self._project.api.bulk.apply(**request, on_error=on_error))


def changes_of(item: BulkItemDTO) -> str:
    """A diff in a line."""
    return "; ".join(
        f"{change.name.removeprefix('fields.')}: {plain(change.before)} → {plain(change.after)}" for change in item.diff
    )


def reasons_of(item: BulkItemDTO) -> str:
    """Why an item was refused, or which rules allowed it."""
    if item.refusal is not None:
        said = [str(r["message"]) for r in item.refusal.reasons if isinstance(r, dict) and r.get("message")]
        return "; ".join(said) or item.refusal.message
    return ", ".join(dict.fromkeys(str(v["rule_id"]) for v in item.verdicts if v.get("rule_id")))


def result_word(result: str) -> str:
    """What became of an item, in the reader's language."""
    words = {"changed": _("changed"), "unchanged": _("unchanged"), "refused": _("refused"), "pending": _("pending")}
    return words.get(result, result)
