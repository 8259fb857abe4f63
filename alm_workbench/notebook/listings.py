"""The columns of the tables that notebooks show."""

from __future__ import annotations

from collections.abc import Iterable

from alm_workbench.contexts.audit.messages import AuditEntryDTO, DecisionDTO
from alm_workbench.contexts.tenant.people_messages import MemberDTO
from alm_workbench.contexts.workflow.messages import HistoryEntryDTO, TransitionVerdictDTO
from alm_workbench.errors import plain as jsonable
from alm_workbench.i18n import _, label
from alm_workbench.notebook.show import Column, Listing, plain


def verdicts(items: Iterable[TransitionVerdictDTO], caption: str) -> Listing[TransitionVerdictDTO]:
    """Steps with their verdicts."""
    columns: list[Column[TransitionVerdictDTO]] = [
        Column("transition", _("Step"), lambda v: v.transition),
        Column("label", _("Label"), lambda v: label(v.labels, v.transition)),
        Column("target", _("Leads to"), lambda v: v.target),
        Column("allowed", _("Possible"), lambda v: v.allowed, "boolean"),
        Column(
            "reasons",
            _("Why not"),
            lambda v: "" if v.allowed else label(v.why, "") or "\n".join(r.message for r in v.reasons),
        ),
        Column("requires", _("Needs"), lambda v: ", ".join(v.requires)),
        Column("choices", _("Reasons"), lambda v: ", ".join(label(c.labels, c.id) for c in v.choices)),
        Column(
            "approvals",
            _("Waits for"),
            lambda v: ", ".join(f"{need.count} {' | '.join(need.roles)}" for need in v.approvals),
        ),
    ]
    return Listing(items, columns, caption)


def history(items: Iterable[HistoryEntryDTO], caption: str) -> Listing[HistoryEntryDTO]:
    """Steps that were taken."""
    columns: list[Column[HistoryEntryDTO]] = [
        Column("occurred_at", _("When"), lambda h: h.occurred_at, "timestamp"),
        Column("from_state", _("From"), lambda h: h.from_state),
        Column("to_state", _("To"), lambda h: h.to_state),
        Column("transition", _("Step"), lambda h: h.transition),
        Column("actor", _("Who"), lambda h: h.actor),
        Column("reason", _("Reason"), lambda h: h.reason),
        Column(
            "days",
            _("Days before"),
            lambda h: None if h.duration_s is None else round(h.duration_s / 86400, 2),
            "number",
        ),
    ]
    return Listing(items, columns, caption)


def audit(items: Iterable[AuditEntryDTO], caption: str) -> Listing[AuditEntryDTO]:
    """Versions of an entity."""
    columns: list[Column[AuditEntryDTO]] = [
        Column("version", _("Version"), lambda e: e.version, "integer"),
        Column("occurred_at", _("When"), lambda e: e.occurred_at, "timestamp"),
        Column("actor", _("Who"), lambda e: e.actor),
        Column("command", _("Did"), lambda e: e.command),
        Column("changes", _("Changes"), changes),
        Column("correlation_id", _("Correlation id"), lambda e: e.correlation_id),
    ]
    return Listing(items, columns, caption)


def changes(entry: AuditEntryDTO) -> str:
    """What a version changed, one line a property."""
    return "\n".join(
        f"{c.property}: {plain(jsonable(c.left)) or '—'} → {plain(jsonable(c.right)) or '—'}" for c in entry.changes
    )


def decisions(items: Iterable[DecisionDTO]) -> Listing[DecisionDTO]:
    """Decisions of the rules."""
    columns: list[Column[DecisionDTO]] = [
        Column("at", _("When"), lambda d: d.at, "timestamp"),
        Column("actor", _("Who"), lambda d: d.actor),
        Column("command", _("Wanted"), lambda d: d.command),
        Column("verdict", _("Verdict"), lambda d: d.verdict, "category"),
        Column("rule_id", _("Rule"), lambda d: d.rule_id),
        Column(
            "reasons",
            _("Why"),
            lambda d: "\n".join(str(r.get("message", r)) if isinstance(r, dict) else str(r) for r in d.reasons),
        ),
        Column("correlation_id", _("Correlation id"), lambda d: d.correlation_id),
    ]
    return Listing(items, columns, _("Decisions"))


def people_columns() -> list[Column[MemberDTO]]:
    """Of people of the organisation."""
    return [
        Column("display_name", _("Name"), lambda m: m.display_name),
        Column("email", _("E-mail"), lambda m: m.email),
        Column("roles", _("Roles"), lambda m: ", ".join(m.roles)),
        Column("status", _("Status"), lambda m: m.status, "category"),
    ]
