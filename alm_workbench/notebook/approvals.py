"""Steps that wait for the agreement of others, in a notebook: ``wb.approvals``, ``item.approvals``, ``item.pending``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.contexts.workflow.messages import ApprovalDTO, ItemTimesDTO, StateTimeDTO
from alm_workbench.errors import NotFound
from alm_workbench.i18n import _, label
from alm_workbench.notebook.actions import action, told_html, told_text
from alm_workbench.notebook.hints import suggestion
from alm_workbench.notebook.show import Column, Listing, card, plain

if TYPE_CHECKING:
    from alm_workbench.notebook.artifact import Artifact
    from alm_workbench.notebook.workbench import Workbench


class Approval:
    """A step that somebody asked for; ``approve()``, ``reject(reason)`` and ``withdraw()`` answer it."""

    __slots__ = ("__weakref__", "_workbench", "dto")

    def __init__(self, workbench: Workbench, dto: ApprovalDTO) -> None:
        self._workbench, self.dto = workbench, dto

    @property
    def id(self) -> UUID:
        """The request's id."""
        return self.dto.id

    @property
    def key(self) -> str | None:
        """The key of the item that is to take the step."""
        return self.dto.key

    @property
    def step(self) -> str:
        """The step, as it is called in your language."""
        return label(self.dto.labels, self.dto.transition)

    @property
    def status(self) -> str:
        """``open``, ``approved``, ``rejected`` or ``withdrawn``."""
        return self.dto.status

    @property
    def waits_for_me(self) -> bool:
        """Whether you may answer it."""
        return self.dto.may_vote

    @property
    def item(self) -> Artifact:
        """The item."""
        project = next(p for p in self._workbench.projects if p.id == self.dto.project_id)
        return project.artifacts.by_id(self.dto.artifact_id)

    @action
    def approve(self, reason: str | None = None) -> Approval:
        """Agree; with the last one needed the step is taken."""
        self.dto = self._workbench.api.approvals.approve(approval_id=self.id, reason=reason)
        return self

    @action
    def reject(self, reason: str) -> Approval:
        """Refuse it, and say why: that ends the request."""
        self.dto = self._workbench.api.approvals.reject(approval_id=self.id, reason=reason)
        return self

    @action
    def withdraw(self, reason: str | None = None) -> Approval:
        """Take back what you asked for."""
        self.dto = self._workbench.api.approvals.withdraw(approval_id=self.id, reason=reason)
        return self

    @action
    def refresh(self) -> Approval:
        """Load the present state."""
        self.dto = self._workbench.api.approvals.get(approval_id=self.id)
        return self

    def _rows(self) -> list[tuple[str, Any]]:
        dto = self.dto
        return [
            (_("Item"), f"{dto.key} {plain(dto.title or '')}"),
            (_("Step"), f"{self.step}: {dto.from_state or '…'} → {dto.to_state or '…'}"),
            (_("Asked by"), dto.requested_by_name),
            (_("Reason"), dto.reason),
            (_("Status"), dto.status),
            (_("Agreed"), agreed(dto)),
        ]

    @told_text
    def __repr__(self) -> str:
        return f"<{self.dto.key} {self.step!r}: {self.dto.status}, {agreed(self.dto)}>"

    @told_html
    def _repr_html_(self) -> str:
        hint = ".approve()  .reject(…)" if self.waits_for_me else ""
        return card(_("Approval"), [row for row in self._rows() if row[1]], hint)


class Approvals:
    """The requests that wait for you; ``all()`` has every one that you may see, ``[key]`` the one of an item."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench

    @action
    def waiting(self) -> Listing[Approval]:
        """What waits for you, newest first."""
        page = self._workbench.api.approvals.list(mine=True, limit=200)
        return approvals(self._workbench, page.items, _("Waiting for you"))

    @action
    def all(self, status: Any = None, limit: int = 50) -> Listing[Approval]:
        """Requests that you may see, newest first; ``status`` is open, approved, rejected or withdrawn."""
        page = self._workbench.api.approvals.list(status=status, limit=limit)
        return approvals(self._workbench, page.items, _("Approvals"))

    def __getitem__(self, which: int | str) -> Approval:
        found = self.waiting()
        if isinstance(which, int):
            return found[which]
        for approval in found:
            if approval.key == which:
                return approval
        help_ = suggestion(which, [approval.key for approval in found if approval.key])
        raise NotFound(_("No step of {key!r} waits for you. {help}").format(key=which, help=help_))

    def __iter__(self) -> Iterator[Approval]:
        return iter(self.waiting())

    def __len__(self) -> int:
        return len(self.waiting())

    @told_text
    def __repr__(self) -> str:
        return repr(self.waiting())

    @told_html
    def _repr_html_(self) -> str:
        return self.waiting()._repr_html_()


def approvals(workbench: Workbench, items: Iterable[ApprovalDTO], caption: str) -> Listing[Approval]:
    """Requests as a table whose rows can be answered."""
    columns: list[Column[Approval]] = [
        Column("key", _("Item"), lambda a: a.dto.key),
        Column("title", _("Title"), lambda a: a.dto.title),
        Column("step", _("Step"), lambda a: a.step),
        Column("asked_by", _("Asked by"), lambda a: a.dto.requested_by_name),
        Column("asked_at", _("When"), lambda a: a.dto.requested_at, "timestamp"),
        Column("status", _("Status"), lambda a: a.dto.status, "category"),
        Column("agreed", _("Agreed"), lambda a: agreed(a.dto)),
        Column("mine", _("For you"), lambda a: a.waits_for_me, "boolean"),
    ]
    return Listing([Approval(workbench, item) for item in items], columns, caption)


def agreed(dto: ApprovalDTO) -> str:
    """Who has agreed of whom: ``1/2 reviewer``."""
    return ", ".join(
        f"{min(need.given, need.count)}/{need.count} {' | '.join(need.roles)}" for need in dto.requirements
    )


def pending_of(artifact: Artifact) -> Approval | None:
    """The request that the item's last step made, or the newest open one."""
    workbench = artifact.project.workbench
    found = workbench.api.approvals.of(artifact_id=artifact.id)
    asked = artifact.dto.pending.approval_id if artifact.dto.pending else None
    one = next((a for a in found if a.id == asked), None) or next((a for a in found if a.status == "open"), None)
    return Approval(workbench, one) if one else None


def approvals_of(artifact: Artifact) -> Listing[Approval]:
    """Every request of an item's steps, newest first."""
    workbench = artifact.project.workbench
    found = workbench.api.approvals.of(artifact_id=artifact.id)
    return approvals(workbench, found, f"{artifact.key}: {_('Approvals')}")


class Times(Listing[StateTimeDTO]):
    """How long an item was in each state; ``lead``, ``cycle`` and ``age`` are days, or None while it is not done."""

    def __init__(self, dto: ItemTimesDTO, caption: str) -> None:
        columns: list[Column[StateTimeDTO]] = [
            Column("state", _("State"), lambda s: s.state),
            Column("category", _("Category"), lambda s: s.category, "category"),
            Column("days", _("Days"), lambda s: days(s.seconds), "number"),
            Column("visits", _("Visits"), lambda s: s.visits, "integer"),
            Column("current", _("Now"), lambda s: s.current, "boolean"),
        ]
        super().__init__(dto.states, columns, caption)
        self.dto = dto
        self.lead, self.cycle, self.age = days(dto.lead_s), days(dto.cycle_s), days(dto.age_s)


def days(seconds: float | None) -> float | None:
    """Seconds as days."""
    return None if seconds is None else round(seconds / 86_400, 2)
