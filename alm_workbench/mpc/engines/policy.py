"""Policies: rules about what may happen. Deny wins; an undecided deny rule denies, an undecided allow rule does not allow.

All rules about an event are asked. Intents of allowing rules do not survive a denial.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Span
from ..expr.codegen import Program
from ..expr.scope import EvalContext, Scope
from ..model import CompiledManifest, PolicyDef
from ..model.rule_index import ANY, rule_index
from .acl_decision import Candidate
from .common import Reason, explained, leaf_values, program_for, scope_of
from .compose import unique_intents
from .wording import because, place, words

Asked = tuple[tuple[PolicyDef, Program | None, bool], ...]
_MAX_CELLS = 8_192


class Decision:
    """Whether an event may happen; `rule_id` is the decisive rule, None when no rule spoke.

    `reasons` are those of the deciding side, `all_reasons` those of every rule that matched, in the order of asking.
    Reasons, candidates and words are worked out when they are first asked for.
    """

    __slots__ = ("_asked", "_compiled", "_fired", "_scope", "allow", "intents", "rule_id")

    def __init__(
        self, compiled: CompiledManifest, asked: Asked, fired: tuple[tuple[int, bool | None], ...], scope: Scope
    ) -> None:
        self._compiled, self._asked, self._fired, self._scope = compiled, asked, fired, scope
        self.allow = not any(asked[number][2] for number, _ in fired)
        deciding = self._deciding()
        self.rule_id = deciding[0].id if deciding else None
        self.intents = unique_intents(intent for policy in deciding for intent in policy.intents)

    def __repr__(self) -> str:
        return f"<Decision {'allow' if self.allow else 'deny'} by {self.rule_id or 'default'}>"

    def _deciding(self) -> list[PolicyDef]:
        return [self._asked[number][0] for number, _ in self._fired if self._asked[number][2] is not self.allow]

    @property
    def manifest_hash(self) -> str:
        """Hash of the compiled manifest whose rules decided."""
        return self._compiled.artifact_hash

    @property
    def span(self) -> Span | None:
        """Where the decisive rule stands."""
        deciding = self._deciding()
        return (deciding[0].when_span or deciding[0].span) if deciding else None

    @property
    def all_reasons(self) -> tuple[Reason, ...]:
        """Why each rule that matched did, in the order of asking."""
        return tuple(self._reason(self._asked[number][0], outcome) for number, outcome in self._fired)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons of the deciding side."""
        return tuple(
            self._reason(self._asked[number][0], outcome)
            for number, outcome in self._fired
            if self._asked[number][2] is not self.allow
        )

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every rule about the event in the order of asking, and whether it matched."""
        fired, composed = {number for number, _ in self._fired}, bool(self._compiled.imports)
        return tuple(
            Candidate(p.id, p.effect, "fired" if number in fired else self._silence(p), (), p.span, composed)
            for number, (p, _, _) in enumerate(self._asked)
        )

    def _silence(self, policy: PolicyDef) -> Any:
        undecided = policy.when is not None and explained(self._compiled, policy.when, self._scope).value is None
        return "undecided" if undecided else "condition"

    def _reason(self, policy: PolicyDef, outcome: bool | None) -> Reason:
        said = policy.message.get("en")
        where = policy.when_span or policy.span
        code = "R_POLICY_DENY" if policy.effect == "deny" else "R_POLICY_ALLOW"
        if policy.when is None:
            return Reason(code, said or f"Policy '{policy.label()}' applies", policy.id, where, labels=policy.message)
        why = explained(self._compiled, policy.when, self._scope)
        verb = "Denied" if policy.effect == "deny" else "Allowed"
        message = f"{said or f'{verb} by policy {policy.label()}'} ({why})"
        code = "R_EXPR_UNDECIDED" if outcome is None else code
        return Reason(code, message, policy.id, where, leaf_values(why), policy.message)

    def explain(self, lang: str = "en") -> str:
        """One line a rule: `denied by policy no_close_unverified (line 41): linkCount(self, …) == 0 was true: 0 == 0`."""
        return "\n".join(self._line(policy, lang) for policy in self._deciding()) or words("silence", lang)

    def _line(self, policy: PolicyDef, lang: str) -> str:
        where = place(policy.span, lang, bool(self._compiled.imports))
        said = words(policy.effect, lang, kind=words("policy", lang), rule=policy.id, place=where)
        if policy.when is None:
            return f"{said}: {policy.message.get(lang) or policy.label(lang)}"
        return f"{said}: {because(explained(self._compiled, policy.when, self._scope), lang)}"


def decide_policy(compiled: CompiledManifest, ctx: EvalContext, type_id: str) -> Decision:
    """Decide on the event in `ctx.event["name"]` for an item of a type. Never raises."""
    asked = _ready(compiled).about(_name(ctx.event), type_id)
    return _decide(compiled, asked, scope_of(compiled, ctx))


def _decide(compiled: CompiledManifest, asked: Asked, scope: Scope) -> Decision:
    fired: list[tuple[int, bool | None]] = []
    for number, (_, program, denies) in enumerate(asked):
        try:
            if program is None or program(scope):
                fired.append((number, True))
        except Exception:
            if denies:
                fired.append((number, None))
    return Decision(compiled, asked, tuple(fired), scope)


def denies(compiled: CompiledManifest, event: str, type_id: str, scope: Scope) -> bool:
    """Whether some policy refuses an event, without saying why."""
    for _, program, forbids in _ready(compiled).about(event, type_id):
        if forbids:
            try:
                if program is None or program(scope):
                    return True
            except Exception:
                return True
    return False


def candidates(compiled: CompiledManifest, event: str, type_id: str) -> tuple[PolicyDef, ...]:
    """Policies about an event and a type, highest priority first."""
    return tuple(policy for policy, _, _ in _ready(compiled).about(event, type_id))


def _name(event: Any) -> str:
    return str(event.get("name", "")) if isinstance(event, Mapping) else ""


class _Policies:
    """The policies of one compiled manifest, ready to be asked."""

    __slots__ = ("_cells", "compiled", "index")

    def __init__(self, compiled: CompiledManifest) -> None:
        self.compiled = compiled
        self.index = (compiled.rules or rule_index(compiled.roles, compiled.acl, compiled.policies)).policies
        self._cells: dict[tuple[str, str], Asked] = {}

    def about(self, event: str, type_id: str) -> Asked:
        found = self._cells.get((event, type_id))
        if found is None:
            if len(self._cells) > _MAX_CELLS:
                self._cells.clear()
            found = self._cells[event, type_id] = tuple(self._asked(event, type_id))
        return found

    def _asked(self, event: str, type_id: str) -> Iterable[tuple[PolicyDef, Program | None, bool]]:
        numbers = {
            number
            for name in (event, ANY)
            if name in self.index
            for about in (type_id, ANY)
            for number in self.index[name].get(about, ())
        }
        policies = self.compiled.policies
        for number in sorted(numbers, key=lambda n: (-policies[n].priority, policies[n].id)):
            policy = policies[number]
            program = program_for(self.compiled, policy.when) if policy.when is not None else None
            yield policy, program, policy.effect == "deny"


_READY: OrderedDict[int, _Policies] = OrderedDict()


def _ready(compiled: CompiledManifest) -> _Policies:
    found = _READY.get(id(compiled))  # holds its manifest, so the id cannot be taken by another
    if found is None:
        if len(_READY) >= 64:
            _READY.popitem(last=False)
        found = _READY[id(compiled)] = _Policies(compiled)
    return found
