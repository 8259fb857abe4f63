"""What an access decision says: the answer at once, its reasons, its mask and its words when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ..ast import FrozenDict
from ..errors import Span
from ..expr.scope import Scope
from ..model import AclDef
from .common import Reason, about, explained, leaf_values
from .wording import because, place, words

if TYPE_CHECKING:
    from .authorizer import Authorizer, Cell, Requester, Rule, Step

Fate = Literal["fired", "undecided", "role", "condition", "not reached"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that could have spoken, and why it did or did not decide.

    fired · undecided: its condition could not be decided, so it did not allow · role: it is for other roles ·
    condition: its condition does not hold · not reached: a rule before it decided. `composed`: the manifest is put
    together of several, so that its words say which of them the rule is in.
    """

    rule_id: str
    effect: str
    fate: Fate
    roles: tuple[str, ...] = ()
    span: Span | None = None
    composed: bool = False

    def explain(self, lang: str = "en") -> str:
        """One line about it."""
        return f"{self.rule_id}{place(self.span, lang, self.composed)}: " + words(
            f"candidate:{self.fate}", lang, roles=", ".join(self.roles)
        )


class Verdict:
    """What all decisions have in common that took the same way through a cell."""

    __slots__ = ("_candidates", "allow", "cell", "rule", "rule_id", "undecided")

    def __init__(self, cell: Cell, step: Step | None, undecided: int) -> None:
        self.cell = cell
        self.allow = step is not None and step.answer
        self.rule: AclDef | None = step.rule.definition if step else None
        self.rule_id = self.rule.id if self.rule else None
        self.undecided = frozenset(cell.steps[n].rule for n in range(len(cell.steps)) if undecided >> n & 1)
        self._candidates: tuple[Candidate, ...] | None = None

    @property
    def hides(self) -> bool:
        """Whether the deciding rule allows the item but hides the field."""
        return self.rule is not None and self.rule.effect == "allow" and not self.allow

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every rule about the action and resource in its order, with its fate."""
        if self._candidates is None:
            self._candidates = tuple(self._fates())
        return self._candidates

    def _fates(self) -> Iterator[Candidate]:
        decided = False
        for rule in self.cell.candidates:
            definition = rule.definition
            fate = self._fate(rule, decided)
            decided = decided or definition is self.rule
            yield Candidate(definition.id, definition.effect, fate, definition.roles, definition.span)

    def _fate(self, rule: Rule, decided: bool) -> Fate:
        if rule.definition is self.rule:
            return "fired"
        if rule.roles and not rule.roles & self.cell.mask:
            return "role"
        if decided:
            return "not reached"
        return "undecided" if rule in self.undecided else "condition"


class AclDecision:
    """Whether an action is allowed, and the deciding rule; None where no rule spoke, which is a no.

    `reasons`, `mask`, `candidates` and `explain` are worked out when they are first asked for, from the facts the
    decision was made with.
    """

    __slots__ = ("_actor", "_item", "_known", "_verdict", "allow", "rule_id")

    def __init__(self, verdict: Verdict, actor: Requester, item: Mapping[str, Any] | None, scope: Scope | None) -> None:
        self.allow = verdict.allow
        self.rule_id = verdict.rule_id
        self._verdict = verdict
        self._actor = actor
        self._item = item
        self._known = scope

    def __repr__(self) -> str:
        return f"<AclDecision {'allow' if self.allow else 'deny'} by {self.rule_id or 'default'}>"

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every rule about the action and resource in the order of asking, and why it did or did not decide."""
        found = self._verdict.candidates
        return tuple(replace(candidate, composed=True) for candidate in found) if self._composed else found

    @property
    def _composed(self) -> bool:
        return bool(self._authorizer.compiled.imports)

    @property
    def rule(self) -> AclDef | None:
        """The deciding rule."""
        return self._verdict.rule

    @property
    def manifest_hash(self) -> str:
        """Hash of the compiled manifest whose rules decided."""
        return self._authorizer.compiled.artifact_hash

    @property
    def span(self) -> Span | None:
        """Where the deciding rule stands."""
        rule = self.rule
        return (rule.condition_span or rule.span) if rule else None

    @property
    def mask(self) -> frozenset[str]:
        """Fields of the item that stay hidden; nothing where the item itself is."""
        if not self.allow and not self._verdict.hides:
            return frozenset()
        action, type_id, _ = self._verdict.cell.key
        return self._authorizer.mask_plan(self._actor, action, type_id).hidden_in(self._scope) or frozenset()

    @property
    def _scope(self) -> Scope:
        if self._known is None:
            self._known = self._actor.scope if self._item is None else about(self._actor.scope, self._item)
        return self._known

    @property
    def _authorizer(self) -> Authorizer:
        return self._actor.authorizer

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The one reason, with its rule, place and values."""
        return (self._reason(),)

    def _reason(self) -> Reason:
        rule, scope = self.rule, self._scope
        if rule is None:
            return self._nothing()
        if self._verdict.hides:
            _, type_id, field = self._verdict.cell.key
            message = f"The field '{field}' of {type_id} is hidden from this actor"
            return Reason("R_ACL_MASKED", message, rule.id, rule.span)
        allows = rule.effect == "allow"
        verb = "Allowed" if allows else "Denied"
        message = f"{verb} by access rule '{rule.label()}'"
        if rule.condition is None:
            values = FrozenDict({"rule.roles": rule.roles, "actor.roles": tuple(sorted(scope.roles))})
            code = "R_ACL_ALLOW_ROLE" if allows else "R_ACL_DENY_ROLE"
            return Reason(code, message, rule.id, rule.span, values)
        why = explained(self._authorizer.compiled, rule.condition, scope)
        decided = "R_ACL_ALLOW_ABAC" if allows else "R_ACL_DENY_ABAC"
        code = "R_EXPR_UNDECIDED" if why.value is None else decided
        return Reason(code, f"{message} ({why})", rule.id, self.span, leaf_values(why))

    def _nothing(self) -> Reason:
        action, type_id, field = self._verdict.cell.key
        have = ", ".join(sorted(self._scope.roles)) or "no role"
        message = f"No access rule lets {have} {action} {f'{type_id}.{field}' if field else type_id}"
        values = FrozenDict({"actor.roles": tuple(sorted(self._scope.roles))})
        return Reason("R_ACL_DENY_ROLE", message, values=values)

    def explain(self, lang: str = "en") -> str:
        """One sentence: `denied by access rule asil_is_frozen (line 566): self.state == 'approved' was true`."""
        rule = self.rule
        action, type_id, field = self._verdict.cell.key
        if rule is None:
            who = ", ".join(sorted(self._scope.roles)) or words("no_role", lang)
            what = f"{type_id}.{field}" if field else type_id
            return words("nothing", lang, who=who, action=action, what=what)
        key = "hides" if self._verdict.hides else "allow" if self.allow else "deny"
        where = place(rule.span, lang, self._composed)
        said = words(key, lang, kind=words("acl", lang), rule=rule.id, place=where, field=field or "")
        return f"{said}: {self._why(rule, lang)}"

    def explain_mask(self, lang: str = "en") -> str:
        """Which fields stay hidden, or nothing."""
        return words("hidden", lang, fields=", ".join(sorted(self.mask))) if self.mask else ""

    def _why(self, rule: AclDef, lang: str) -> str:
        if rule.condition is not None:
            return because(explained(self._authorizer.compiled, rule.condition, self._scope), lang)
        mine = [role for role in rule.roles if role in self._scope.roles]
        return words("role", lang, roles=", ".join(mine)) if mine else words("everybody", lang)
