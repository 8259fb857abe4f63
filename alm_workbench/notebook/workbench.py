"""The workbench as a notebook holds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.attachment.messages import AttachmentDTO
from alm_workbench.contexts.audit.messages import AuditEntryDTO, DecisionDTO
from alm_workbench.contexts.auth.session_messages import IdentityDTO, ListMyTenants, Me, SignInDTO, TenantChoiceDTO
from alm_workbench.contexts.reporting.domain import ReportInfo
from alm_workbench.contexts.reporting.messages import RefreshMirror
from alm_workbench.contexts.tenant.messages import TenantDTO
from alm_workbench.contexts.tenant.people_messages import MemberDTO
from alm_workbench.errors import InvalidInput, NotFound
from alm_workbench.i18n import _
from alm_workbench.notebook import access, listings
from alm_workbench.notebook.access import Explanation, Moment
from alm_workbench.notebook.actions import action, told_html, told_text
from alm_workbench.notebook.api import Api
from alm_workbench.notebook.approvals import Approvals
from alm_workbench.notebook.collaboration import Notifications, Transfers
from alm_workbench.notebook.hints import suggestion
from alm_workbench.notebook.keys import Keys
from alm_workbench.notebook.manifests import Manifests
from alm_workbench.notebook.people import Members, Roles, sign_ins, tenants
from alm_workbench.notebook.planning import Teams, my_work
from alm_workbench.notebook.projects import Project, Projects
from alm_workbench.notebook.reports import report_list
from alm_workbench.notebook.results import SqlFrame
from alm_workbench.notebook.show import Listing, card
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.mediator import Mediator
from alm_workbench.shared.messages import Command, Query
from alm_workbench.shared.principal import grants

if TYPE_CHECKING:
    from alm_workbench.notebook.widgets import AdminPanel, AuditTimeline
    from alm_workbench.notebook.widgets.admin import Tab

R = TypeVar("R")
SqlValue = str | int | float | bool | None


class Watching:
    """A mediator that remembers when it last changed something: reports must not be older than that."""

    def __init__(self, inner: Mediator) -> None:
        self._inner = inner
        self.changed_at: float | None = None

    def send(self, command: Command[R], /) -> R:
        """Run a command."""
        result = self._inner.send(command)
        if not isinstance(command, RefreshMirror):
            self.changed_at = time.monotonic()
        return result

    def query(self, query: Query[R], /) -> R:
        """Ask."""
        return self._inner.query(query)

    def upload(self, artifact_id: ArtifactId, name: str, source: IO[bytes], /) -> AttachmentDTO:
        """Send the content of a file."""
        return self._transfers().upload(artifact_id, name, source)

    def download(self, artifact_id: ArtifactId, attachment_id: UUID, /) -> Iterator[bytes]:
        """The content of a file in pieces."""
        return self._transfers().download(artifact_id, attachment_id)

    def _transfers(self) -> Transfers:
        if not hasattr(self._inner, "upload"):
            raise InvalidInput(_("This connection carries no files"))
        return cast("Transfers", self._inner)

    def switch(self, tenant: str) -> None:
        """Go on in another organisation; raises ``InvalidInput`` where the connection stands for one only."""
        switch = getattr(self._inner, "switch", None)
        if switch is None:
            raise InvalidInput(_("This connection cannot go to another organisation"))
        switch(tenant)
        self.changed_at = None


class Workbench:
    """Everything from here: ``projects``, ``manifests``, ``reports``, ``audit``, ``sql``; ``api`` has every message."""

    def __init__(
        self,
        mediator: Mediator,
        *,
        place: str = "",
        close: Callable[[], None] | None = None,
        freshness: float | None = None,
    ) -> None:
        """``freshness`` (seconds) is how old reports may be where nobody keeps the mirror fresh."""
        self.mediator = Watching(mediator)
        self.api = Api(self.mediator)
        self.place = place
        self._close, self._freshness = close, freshness
        self._me: IdentityDTO | None = None

    @property
    def me(self) -> IdentityDTO:
        """Who you are, with roles and privileges; looked up once."""
        if self._me is None:
            self._me = self.mediator.query(Me())
        return self._me

    @property
    def tenant(self) -> TenantDTO:
        """The organisation you work in."""
        return self.api.tenant.get()

    @property
    def projects(self) -> Projects:
        """The projects that you can see."""
        return Projects(self)

    @property
    def manifests(self) -> Manifests:
        """The manifests of the organisation."""
        return Manifests(self)

    @property
    def notifications(self) -> Notifications:
        """What happened that concerns you."""
        return Notifications(self)

    @property
    def audit(self) -> Audit:
        """Who changed what, and what the rules decided."""
        return Audit(self)

    @property
    def reports(self) -> Listing[ReportInfo]:
        """The reports there are; run them on a project: ``project.reports.lead_time()``."""
        return report_list(self)

    @property
    def teams(self) -> Teams:
        """The teams of the organisation; ``create``, ``set_members``, ``["Brakes"]``."""
        return Teams(self)

    def my_work(self, limit: int = 100) -> Listing[ArtifactDTO]:
        """What is assigned to you and not done, in every project, latest change first."""
        return my_work(self, limit)

    @property
    def approvals(self) -> Approvals:
        """Steps that wait for your approval; ``approve()`` and ``reject(reason)`` answer one."""
        return Approvals(self)

    @property
    def members(self) -> Members:
        """The people of the organisation; ``invite``, ``set_roles``, ``suspend``, ``remove``, ``invitations``."""
        return Members(self)

    @property
    def roles(self) -> Roles:
        """The roles of the organisation and what they grant."""
        return Roles(self)

    @property
    def keys(self) -> Keys:
        """Your API keys; ``create``, ``rotate``, ``revoke``."""
        return Keys(self)

    @action
    def sign_ins(self, who: Any = None, *, limit: int = 50) -> Listing[SignInDTO]:
        """Who logged in, and who could not, newest first; ``who`` is a member, a name or an e-mail address."""
        return sign_ins(self, who, limit)

    @property
    def tenants(self) -> Listing[TenantChoiceDTO]:
        """The organisations you belong to."""
        return tenants(self.mediator.query(ListMyTenants()), self.me.tenant_slug)

    @action
    def switch(self, tenant: str) -> Workbench:
        """Go on in another of your organisations, by its slug; what you hold of the present one is of no use there."""
        self.mediator.switch(tenant)
        self._me = None
        return self

    def can(self, privilege: str) -> bool:
        """Whether you hold a privilege; ``explain`` tells about one item, where the process has a say as well."""
        return grants(self.me.privileges, privilege)

    def admin(self, tab: Tab | None = None) -> AdminPanel:
        """A panel with everything about the organisation that you may see."""
        from alm_workbench.notebook.widgets import AdminPanel

        return AdminPanel(self, tab=tab)

    @action
    def sql(
        self,
        query: str,
        /,
        *,
        limit: int | None = None,
        timeout: float | None = None,
        max_age: float | None = None,
        **params: Any,
    ) -> SqlFrame:
        """Run one read-only SELECT (DuckDB SQL) over what you may see; parameters are ``$name``.

        Tables: artifacts, state_history, links, projects, actors, workflow_instances, activations, field_values,
        project_summary, tenant. What you changed yourself is always included; ``max_age`` (seconds) asks for more.
        """
        given = {name: sql_value(name, value) for name, value in params.items()}
        age = self.max_age() if max_age is None else max_age
        try:
            return SqlFrame(self.api.sql(sql=query, params=given, limit=limit, timeout=timeout, max_age=age))
        except InvalidInput as error:
            error.extra.setdefault("sql", query)  # so that its line can be shown with a caret
            raise

    @action
    def explain(
        self,
        user: Any = None,
        action: str = "read",
        item: Any = None,
        at: Moment | None = None,
        *,
        type: str | None = None,
        who_can: str | None = None,
        role: str | None = None,
    ) -> Explanation:
        """Why somebody may or may not do something: ``wb.explain("ada@acme.example", "update", item)``.

        ``user`` is a member, an e-mail address, an actor's id, or None for you. ``action`` is read, update, delete,
        restore, link, ``transition:<step>``, create (with a project as ``item`` and ``type``), or a privilege such as
        ``member:invite`` without an item. ``at`` asks about that moment; ``who_can="read"`` lists everybody;
        ``role="viewer"`` asks about anybody who holds that role.
        """
        return access.explain(self, user, action, item, at, type=type, who_can=who_can, role=role)

    def max_age(self) -> float | None:
        """How old (seconds) a report may be that contains our own changes; None when any will do."""
        changed = self.mediator.changed_at
        ages = [self._freshness, None if changed is None else max(0.0, time.monotonic() - changed)]
        return min((age for age in ages if age is not None), default=None)

    def actor_id(self, who: Any, project: Project | None = None) -> UUID:
        """The actor that somebody means: ``"me"``, a member, a name or e-mail address, or an id.

        Who may not see members and their addresses finds the people of a ``project`` by their names.
        """
        if isinstance(who, UUID):
            return who
        if isinstance(who, (MemberDTO, IdentityDTO)):
            return who.actor_id
        if isinstance(who, str) and who.casefold() in ("me", self.me.email.casefold()):
            return self.me.actor_id
        if project is not None and not self.can("member:read"):
            return self._person(str(who), project)
        found = self.api.members.list()
        same = [
            m
            for m in found
            if isinstance(who, str) and who.casefold() in (m.email.casefold(), m.display_name.casefold())
        ]
        if len(same) != 1:
            known = [m.email for m in found]
            raise NotFound(_("There is no member {name!r}. {help}").format(name=who, help=suggestion(str(who), known)))
        return same[0].actor_id

    def _person(self, name: str, project: Project) -> UUID:
        found = self.api.projects.people(project_id=project.id, text=name)
        same = [person for person in found if person.name.casefold() == name.casefold()]
        if len(same) != 1:
            help_ = suggestion(name, [person.name for person in self.api.projects.people(project_id=project.id)])
            raise NotFound(_("There is no member {name!r}. {help}").format(name=name, help=help_))
        return same[0].actor_id

    def close(self) -> None:
        """Close connections; stops the embedded workbench when this was its last user."""
        close, self._close = self._close, None
        if close:
            close()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @told_text
    def __repr__(self) -> str:
        me = self.me
        return f"<Workbench {self.place}: {me.tenant_name}, {me.display_name or me.email}>"

    @told_html
    def _repr_html_(self) -> str:
        me = self.me
        rows: list[tuple[str, Any]] = [
            (_("You"), f"{me.display_name} ({', '.join(me.roles)})"),
            (_("Projects"), ", ".join(self.projects.keys()) or _("none yet")),
            (_("Where"), self.place),
        ]
        return card(
            me.tenant_name, rows, "wb.projects[…]  wb.sql(…)  wb.manifests  wb.reports  wb.audit  wb.explain(…)"
        )


class Audit:
    """Who changed what (``history``), and what the rules decided (``decisions``)."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench

    @action
    def history(self, entity: Any, entity_id: UUID | None = None, *, limit: int = 50) -> Listing[AuditEntryDTO]:
        """The versions of an item or a project, newest first; anything else by entity type and id."""
        kind, found, caption = entity, entity_id, ""
        if not isinstance(entity, str):
            kind, found = ("Project" if isinstance(entity, Project) else "Artifact"), getattr(entity, "id", None)
            caption = str(getattr(entity, "key", ""))
        if not isinstance(found, UUID):
            raise InvalidInput(_("Give an item, a project, or an entity type and an id"))
        page = self._workbench.api.audit.history(entity_type=kind, entity_id=found, limit=limit)
        return listings.audit(page.items, caption)

    def timeline(self, entity: Any, entity_id: UUID | None = None) -> AuditTimeline:
        """The versions of an item or a project to look through: filters, whole versions, differences."""
        from alm_workbench.notebook.widgets import AuditTimeline

        return AuditTimeline(entity, entity_id, workbench=self._workbench)

    @action
    def decisions(
        self,
        *,
        verdict: str | None = None,
        entity: Any = None,
        actor: Any = None,
        rule: str | None = None,
        command: str | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        limit: int = 50,
    ) -> Listing[DecisionDTO]:
        """Decisions, newest first; ``verdict="deny"`` for refusals only.

        ``actor`` is a member, a name or an address; ``command`` reads ``UpdateArtifact``.
        """
        found = entity if isinstance(entity, UUID) or entity is None else entity.id
        page = self._workbench.api.audit.decisions(
            entity_id=found,
            verdict=cast("Any", verdict),
            actor_id=None if actor is None else self._workbench.actor_id(actor),
            rule_id=rule,
            command=command,
            since=access.moment(since),
            until=access.moment(until),
            limit=limit,
        )
        return listings.decisions(page.items)

    @told_text
    def __repr__(self) -> str:
        return repr(self.decisions())

    @told_html
    def _repr_html_(self) -> str:
        return self.decisions()._repr_html_()


def sql_value(name: str, value: Any) -> SqlValue:
    """A parameter as SQL gets it: times and ids as texts; raises ``InvalidInput`` on anything that is no scalar."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(getattr(value, "id", None), UUID):
        return str(value.id)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return sql_value(name, value.item())
    raise InvalidInput(
        _("The parameter {name} must be one plain value, not a {kind}").format(name=name, kind=type(value).__name__)
    )
