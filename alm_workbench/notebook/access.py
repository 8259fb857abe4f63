"""Why somebody may or may not, as a notebook shows it: the answer, the chain of rules, fields, and who else may."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from html import escape
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from alm_workbench.contexts.access.messages import (
    ChainLinkDTO,
    ExplanationDTO,
    FieldVerdictDTO,
    WhoDTO,
)
from alm_workbench.contexts.auth.session_messages import IdentityDTO
from alm_workbench.contexts.tenant.people_messages import MemberDTO
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.i18n import _, label
from alm_workbench.notebook.show import FONT, MUTED, Column, Listing, plain, printable

if TYPE_CHECKING:
    from alm_workbench.notebook.workbench import Workbench

Moment = datetime | date | str
SIGNS = {"allow": "✓", "deny": "✗", "info": "·"}
COLOURS = {"allow": "var(--jp-success-color1,#2e7d32)", "deny": "var(--jp-error-color1,#c62828)", "info": "inherit"}


class Explanation:
    """An answer with its reasons: true or false by itself; ``chain``, ``fields`` and ``who`` are tables.

    ``dto`` is the answer as it came: rules with their places, values they looked at, texts in every language.
    """

    def __init__(self, dto: ExplanationDTO) -> None:
        self.dto = dto

    @property
    def allowed(self) -> bool:
        """Whether it may be done."""
        return self.dto.allowed

    def __bool__(self) -> bool:
        return self.dto.allowed

    @property
    def rule(self) -> ChainLinkDTO | None:
        """What decided: the link that refuses, else the last one."""
        refused = next((link for link in self.dto.chain if link.verdict == "deny"), None)
        return refused or (self.dto.chain[-1] if self.dto.chain else None)

    @property
    def chain(self) -> Listing[ChainLinkDTO]:
        """Every room that was asked, in order."""
        columns: list[Column[ChainLinkDTO]] = [
            Column("verdict", _("Verdict"), lambda c: c.verdict, "category"),
            Column("room", _("Asked"), lambda c: room(c.room)),
            Column("rule", _("Rule"), lambda c: c.rule_id),
            Column("line", _("Line"), lambda c: (c.span or {}).get("line"), "integer"),
            Column("why", _("Why"), lambda c: label(c.text)),
            Column("others", _("Other rules"), lambda c: "\n".join(label(o.text) for o in c.others)),
        ]
        return Listing(self.dto.chain, columns, label(self.dto.summary))

    @property
    def fields(self) -> Listing[FieldVerdictDTO]:
        """What may be seen and changed of each field, with the rule."""
        columns: list[Column[FieldVerdictDTO]] = [
            Column("field", _("Field"), lambda f: label(f.labels, f.field)),
            Column("visible", _("Visible"), lambda f: f.visible, "boolean"),
            Column("visible_rule", _("By rule"), lambda f: f.visible_rule),
            Column("editable", _("Can be changed"), lambda f: f.editable, "boolean"),
            Column("editable_rule", _("By rule"), lambda f: f.editable_rule),
            Column("why", _("Why not"), why_not),
        ]
        return Listing(self.dto.fields, columns, self.dto.key or "")

    @property
    def who(self) -> Listing[WhoDTO]:
        """Who may and who may not; filled by ``who_can``."""
        columns: list[Column[WhoDTO]] = [
            Column("name", _("Name"), lambda w: w.name),
            Column("email", _("E-mail"), lambda w: w.email),
            Column("allowed", _("Possible"), lambda w: w.allowed, "boolean"),
            Column("room", _("Refused by"), lambda w: room(w.room) if w.room else ""),
            Column("rule", _("Rule"), lambda w: w.rule_id),
        ]
        return Listing(self.dto.who, columns, self.dto.key or "")

    def __repr__(self) -> str:
        lines = [label(self.dto.summary)]
        said = (f"  {SIGNS[link.verdict]} {room(link.room)}: {label(link.text)}" for link in self.dto.chain)
        lines += [line.replace("\n", "\n      ") for line in said]
        lines += [f"  {label(note)}" for note in self.dto.notes]
        if self.dto.who:
            lines.append("  " + _("May: {names}").format(names=names(w.name for w in self.dto.who if w.allowed)))
        return printable("\n".join(lines))

    def _repr_html_(self) -> str:
        mark = "allow" if self.dto.allowed else "deny"
        head = (
            f'<div style="font-weight:600;white-space:pre-line"><span style="color:{COLOURS[mark]}">{SIGNS[mark]}</span> '
            f"{text(label(self.dto.summary))}</div>"
        )
        steps = "".join(link_html(link) for link in self.dto.chain)
        notes = [plain(self.dto.at), self.dto.process or "", (self.dto.manifest_hash or "")[:12]]
        notes += [label(note) for note in self.dto.notes]
        foot = f'<div style="{MUTED};padding-top:4px">{text(" · ".join(n for n in notes if n))}</div>'
        tables = "".join(
            f'<details style="margin-top:6px"><summary>{text(title)}</summary>{table._repr_html_()}</details>'
            for title, table in ((_("Fields"), self.fields), (_("Who may"), self.who))
            if len(table)
        )
        border = f"border-left:3px solid {COLOURS[mark]};padding:.3em .8em"
        return (
            f'<div style="{FONT};{border}">{head}<ol style="list-style:none;margin:.4em 0;padding:0">{steps}</ol>'
            f"{foot}{tables}</div>"
        )


def link_html(link: ChainLinkDTO) -> str:
    """One link of the chain."""
    line = (link.span or {}).get("line")
    place = f' <span style="{MUTED}">{text(_("line {number}").format(number=line))}</span>' if line else ""
    rule = f"<code>{text(link.rule_id)}</code>{place} " if link.rule_id else ""
    others = "".join(f"<li>{text(label(other.text))}</li>" for other in link.others)
    more = (
        f'<details style="{MUTED}"><summary>{text(_("other rules"))}</summary>'
        f'<ul style="margin:0">{others}</ul></details>'
        if others
        else ""
    )
    return (
        f'<li style="padding:2px 0"><span style="color:{COLOURS[link.verdict]}" aria-hidden="true">'
        f'{SIGNS[link.verdict]}</span> <span style="{MUTED}">{text(room(link.room))}</span> {rule}'
        f'<div style="white-space:pre-line;padding-left:1.2em;overflow-wrap:anywhere">{text(label(link.text))}</div>'
        f"{more}</li>"
    )


def text(value: Any) -> str:
    """Escaped for HTML."""
    return escape(printable(str(value)))


def room(name: str) -> str:
    """What was asked, in words."""
    words = {
        "member": _("membership"),
        "key": _("API key"),
        "role": _("roles"),
        "project": _("project"),
        "process": _("process"),
        "privilege": _("privilege"),
        "workflow": _("workflow"),
        "access": _("access rules"),
        "policy": _("policies"),
        "tenant_policy": _("policies of the organisation"),
    }
    return words.get(name, name)


def why_not(found: FieldVerdictDTO) -> str:
    """Why a field is hidden or fixed."""
    if not found.visible:
        return label(found.visible_text)
    return "" if found.editable else label(found.editable_text)


def names(items: Iterable[str]) -> str:
    """Names in one line."""
    return ", ".join(items) or _("nobody")


def moment(value: Moment | None) -> datetime | None:
    """A moment for the server: dates begin at midnight, and what has no time zone is in UTC."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            message = _("{text!r} is no moment; write 2026-01-31 or 2026-01-31T12:00:00+03:00").format(text=value)
            raise InvalidInput(message, errors=[ErrorItem("/at", "datetime", message)]) from None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def explain(
    workbench: Workbench, user: Any, action: str, item: Any, at: Moment | None, **more: str | None
) -> Explanation:
    """Ask, with whatever stands for a person and an item in a notebook."""
    who: str | None = None
    if isinstance(user, (MemberDTO, IdentityDTO)):
        who = str(user.actor_id)
    elif user is not None:
        who = str(user)
    kind: Literal["Artifact", "Project"] | None = None
    found = item if isinstance(item, UUID) or item is None else getattr(item, "id", None)
    if item is not None:
        from alm_workbench.notebook.projects import Project

        kind = "Project" if isinstance(item, Project) else "Artifact"
        if not isinstance(found, UUID):
            raise InvalidInput(_("Give an item, a project, or the id of an item"))
    return Explanation(
        workbench.api.access.explain(action=action, entity_type=kind, entity_id=found, user=who, at=moment(at), **more)
    )
