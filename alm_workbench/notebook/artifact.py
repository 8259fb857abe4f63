"""One item, as an object that knows its version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO, ItemAccessDTO
from alm_workbench.contexts.audit.messages import AuditEntryDTO, DecisionDTO
from alm_workbench.contexts.workflow.messages import HistoryEntryDTO, TransitionVerdictDTO
from alm_workbench.errors import StaleVersion, TransitionDenied
from alm_workbench.i18n import _, label
from alm_workbench.notebook import listings
from alm_workbench.notebook.access import Explanation, Moment
from alm_workbench.notebook.actions import action, told_html
from alm_workbench.notebook.approvals import Approval, Times, approvals_of, pending_of
from alm_workbench.notebook.hints import hint, suggestion
from alm_workbench.notebook.item_fields import Fields
from alm_workbench.notebook.item_work import AroundItem
from alm_workbench.notebook.links import Link, link_of, links_of, new_link, seen_from
from alm_workbench.notebook.process import named, names
from alm_workbench.notebook.show import Listing, card, plain
from alm_workbench.notebook.structure import Tree, children_of, place, tree_of
from alm_workbench.notebook.values import field_values
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.messages import UNSET

if TYPE_CHECKING:
    from alm_workbench.notebook.projects import Project


class Artifact(AroundItem):
    """An item of a project. Fields are attributes too (``r.priority``); changes go through ``update`` and ``transition``."""

    __slots__ = ("__weakref__", "dto", "project")

    project: Project
    dto: ArtifactDTO

    def __init__(self, project: Project, dto: ArtifactDTO) -> None:
        object.__setattr__(self, "project", project)
        object.__setattr__(self, "dto", dto)

    # ------------------------------------------------------------ what it is

    @property
    def id(self) -> ArtifactId:
        """The item's id."""
        return self.dto.id

    @property
    def key(self) -> str:
        """The item's key, such as REQ-12."""
        return self.dto.key

    @property
    def type(self) -> str:
        """Id of the item's type."""
        return self.dto.type

    @property
    def title(self) -> str:
        """The item's title."""
        return self.dto.title

    @property
    def state(self) -> str:
        """Id of the state the item is in."""
        return self.dto.state

    @property
    def state_category(self) -> str:
        """``todo``, ``in_progress`` or ``done``."""
        return self.dto.state_category

    @property
    def version(self) -> int:
        """The version that the next change is made against."""
        return self.dto.version

    @property
    def created_at(self) -> datetime:
        """When the item came into being (UTC); an import keeps the original time."""
        return self.dto.occurred_at

    @property
    def updated_at(self) -> datetime:
        """When it was changed last (UTC)."""
        return self.dto.updated_at

    @property
    def deleted(self) -> bool:
        """Whether it lies in the bin."""
        return self.dto.deleted_at is not None

    @property
    def masked(self) -> tuple[str, ...]:
        """Fields that are withheld from you."""
        return self.dto.masked

    @property
    def fields(self) -> Fields:
        """The field values by field id."""
        return Fields(self)

    @property
    def parent(self) -> Artifact | None:
        """The item this one stands below."""
        return self.project.artifacts.by_id(self.dto.parent_id) if self.dto.parent_id else None

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags; ``.update(tags=[…])`` changes them."""
        return self.dto.tags

    @property
    def children(self) -> list[Artifact]:
        """The items right below it, in the order of the project."""
        return children_of(self)

    def tree(self, depth: int = 20) -> Tree:
        """What stands below it, down to some levels."""
        return tree_of(self.project, self.id, depth)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.fields[name]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(_("Items are changed on the server: use .update({name}=…)").format(name=name))

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self.project.process.fields(self.type)})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Artifact) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    # ------------------------------------------------------------ changing it

    @action
    def update(
        self,
        title: str | None = None,
        *,
        assignee: Any = UNSET,
        parent: Artifact | str | UUID | Any = UNSET,
        tags: Iterable[str] | Any = UNSET,
        fields: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> Artifact:
        """Change title, assignee, parent, all tags, or fields; raises ``StaleVersion`` when somebody was faster.

        None clears a field, the assignee, the parent or the tags; what is not named stays.
        """
        given = field_values(fields, values)
        who = assignee if assignee in (None, UNSET) else self.project.workbench.actor_id(assignee, self.project)
        above = self.project.artifacts.one(parent).id if parent is not None and parent is not UNSET else parent
        try:
            return self._now(
                self.project.api.artifacts.update(
                    artifact_id=self.id,
                    expected_version=self.version,
                    title=title,
                    fields=given,
                    assignee_id=who,
                    parent_id=above,
                    tags=tuple(tags) if tags is not None and tags is not UNSET else tags,
                )
            )
        except StaleVersion as error:
            raise stale(error) from None

    @action
    def transition(
        self, name: str, reason: str | None = None, *, fields: Mapping[str, Any] | None = None, **values: Any
    ) -> Artifact:
        """Take a step of the workflow, by its id or label; raises ``TransitionDenied`` with reasons and permitted steps.

        Where others must agree first, the item stays as it is and ``pending`` is the request that waits.
        """
        given = field_values(fields, values)
        known = self.project.process.transitions(self.type)
        step = named(known, name)
        try:
            return self._now(
                self.project.api.artifacts.transition(
                    artifact_id=self.id,
                    transition=step.id if step else name,
                    expected_version=self.version,
                    reason=reason,
                    fields=given,
                )
            )
        except StaleVersion as error:
            raise stale(error) from None
        except TransitionDenied as error:
            raise error if step else hint(error, suggestion(name, error.permitted or names(known))) from None

    @action
    def move(
        self,
        *,
        parent: Artifact | str | UUID | Any = UNSET,
        before: Artifact | str | UUID | None = None,
        after: Artifact | str | UUID | None = None,
    ) -> Artifact:
        """Put it below another item (None: at the top), before or after another one in the order of the project, or last."""
        try:
            return self._now(
                self.project.api.artifacts.move(
                    artifact_id=self.id,
                    expected_version=self.version,
                    parent_id=parent if parent is UNSET else place(self.project, parent),
                    before=place(self.project, before),
                    after=place(self.project, after),
                )
            )
        except StaleVersion as error:
            raise stale(error) from None

    @action
    def move_to(
        self,
        project: Project | str,
        *,
        types: Mapping[str, str] | None = None,
        states: Mapping[str, Mapping[str, str]] | None = None,
        parent: Artifact | str | UUID | None = None,
    ) -> Artifact:
        """Take it with all below it to another project; ``types`` and ``states`` say what the other process calls them."""
        there = self.project.workbench.projects[project] if isinstance(project, str) else project
        try:
            dto = self.project.api.artifacts.move_to_project(
                artifact_id=self.id,
                expected_version=self.version,
                project_id=there.id,
                types=types,
                states=states,
                parent_id=place(there, parent),
            )
        except StaleVersion as error:
            raise stale(error) from None
        object.__setattr__(self, "project", there)
        return self._now(dto)

    @action
    def delete(self, *, cascade: bool = False) -> Artifact:
        """Put the item into the bin, with ``cascade`` all below it too; ``project.bin()`` gives back what went together."""
        try:
            return self._now(
                self.project.api.artifacts.delete(artifact_id=self.id, expected_version=self.version, cascade=cascade)
            )
        except StaleVersion as error:
            raise stale(error) from None

    @action
    def restore(self) -> Artifact:
        """Take the item out of the bin."""
        return self._now(self.project.api.artifacts.restore(artifact_id=self.id))

    @action
    def refresh(self) -> Artifact:
        """Load the present state."""
        return self._now(self.project.api.artifacts.get(artifact_id=self.id))

    @action
    def link(self, link_type: str, other: Artifact | str | UUID) -> Link:
        """Link this item to another, by a link type or its inverse (then the other one is the source)."""
        return new_link(self, link_type, self.project.artifacts.one(other))

    @action
    def unlink(self, link: Link | UUID) -> None:
        """Take one of its ``links()`` away."""
        found = link_of(self, link)
        self.project.api.artifacts.unlink(artifact_id=self.id, link_id=found.id, expected_version=found.version)

    @action
    def confirm(self, link: Link | UUID) -> Link:
        """Say that one of its links still holds, though what it speaks of changed."""
        found = link_of(self, link)
        return seen_from(
            self,
            self.project.api.artifacts.confirm_link(
                artifact_id=self.id, link_id=found.id, expected_version=found.version
            ),
        )

    def _now(self, dto: ArtifactDTO) -> Artifact:
        object.__setattr__(self, "dto", dto)
        return self

    # ------------------------------------------------------------ what is known of it

    @action
    def transitions(self) -> Listing[TransitionVerdictDTO]:
        """Every step out of the present state: possible or not, and why not."""
        verdicts = self.project.api.artifacts.transitions(artifact_id=self.id)
        return listings.verdicts(verdicts, f"{self.key}: {self.state}")

    @property
    def pending(self) -> Approval | None:
        """The step of this item that waits for approval, if one does."""
        return pending_of(self)

    @property
    def approvals(self) -> Listing[Approval]:
        """Every request for approval of its steps, newest first; each can be answered."""
        return approvals_of(self)

    @action
    def times(self) -> Times:
        """How long it was in each state, and ``lead``, ``cycle`` and ``age`` in days."""
        return Times(self.project.api.artifacts.times(artifact_id=self.id), self.key)

    @action
    def history(self) -> Listing[HistoryEntryDTO]:
        """The steps it took, oldest first."""
        return listings.history(self.project.api.artifacts.history(artifact_id=self.id), self.key)

    @action
    def audit(self, limit: int = 50) -> Listing[AuditEntryDTO]:
        """Who changed what, newest first."""
        return self.project.workbench.audit.history("Artifact", self.id, limit=limit)

    @action
    def decisions(self, limit: int = 50) -> Listing[DecisionDTO]:
        """What the rules decided about it, newest first; refusals are kept too."""
        return self.project.workbench.audit.decisions(entity=self.id, limit=limit)

    @action
    def explain(
        self, action: str = "read", user: Any = None, *, at: Moment | None = None, who_can: str | None = None
    ) -> Explanation:
        """Why you, or somebody else, may or may not do something with it; ``who_can="read"`` lists everybody."""
        return self.project.workbench.explain(user, action, self, at, who_can=who_can)

    @action
    def access(self) -> ItemAccessDTO:
        """What you may do with it, what you may see and change of it, and why not the rest."""
        return self.project.api.artifacts.access(artifact_id=self.id)

    @action
    def links(self) -> Listing[Link]:
        """The links from and to it."""
        return links_of(self)

    def __repr__(self) -> str:
        asked = self.dto.pending
        waits = f", {asked.transition!r} waits for {' | '.join(asked.roles)}" if asked else ""
        return f"<{self.key} {plain(self.title)!r} [{self.type}, {self.state}{waits}]>"

    @told_html
    def _repr_html_(self) -> str:
        process = self.project.process
        state = next((s for s in process.states(self.type) if s.id == self.state), None)
        rows: list[tuple[str, Any]] = [(_("State"), label(state.labels, self.state) if state else self.state)]
        known = process.fields(self.type)
        for name, value in self.dto.fields.items():
            if value not in (None, [], ""):
                unit = f" {known[name].unit}" if name in known and known[name].unit else ""
                rows.append((label(known[name].labels, name) if name in known else name, f"{plain(value)}{unit}"))
        notes = [self.type, _("version {number}").format(number=self.version), plain(self.updated_at)]
        if self.deleted:
            notes.insert(0, _("in the bin"))
        if self.masked:
            notes.append(_("withheld from you: {names}").format(names=", ".join(self.masked)))
        return card(f"{self.key}  {self.title}", rows, " · ".join(notes))


def stale(error: StaleVersion) -> StaleVersion:
    """The refusal with the way out."""
    return hint(error, _("Call .refresh() to load the present state, then try again."))
