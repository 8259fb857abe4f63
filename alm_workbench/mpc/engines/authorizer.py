"""Access decisions, prepared: rules indexed by action and resource, roles as bits, conditions as generated code.

For an action on a type and a set of roles the rules that can speak form one ordered list, a *cell*: highest priority
first, in it those that deny, then by id. The first rule of the list whose condition holds decides, and where none does
the answer is no. An undecided condition counts as met for a rule that denies and as unmet for one that allows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..expr.codegen import Program
from ..expr.scope import EvalContext, Scope
from ..expr.sql import NotTranslatable
from ..model import AclDef, CompiledManifest
from ..model.rule_index import ANY, rule_index
from .acl_decision import AclDecision, Verdict
from .common import about, program_for, scope_of
from .masks import Ask, Asked, MaskPlan

if TYPE_CHECKING:
    from .row_filter import FilterPlan

Run = Callable[[Scope], bool]
Key = tuple[str, str, str | None]

_MAX_CELLS = 20_000
_MAX_STORIES = 512


class Rule:
    """An access rule made ready: the bits of its roles (0 for everybody) and whether it denies."""

    __slots__ = ("definition", "deny", "roles")

    def __init__(self, definition: AclDef, roles: int) -> None:
        self.definition = definition
        self.deny = definition.effect == "deny"
        self.roles = roles


class Step:
    """A rule that may decide: what it answers, and whether it answers when its condition is undecided."""

    __slots__ = ("answer", "program", "rule", "undecided")

    def __init__(self, rule: Rule, program: Program | None, hides: bool) -> None:
        self.rule = rule
        self.program = program
        self.answer = not (rule.deny or hides)
        self.undecided = rule.deny


class Cell:
    """The rules of one action, resource and set of roles in their order, up to the first that always decides."""

    __slots__ = ("asked", "candidates", "conditional", "filters", "key", "last", "mask", "run", "steps", "stories")

    def __init__(self, key: Key, mask: int, candidates: tuple[Rule, ...], steps: tuple[Step, ...]) -> None:
        self.key = key
        self.mask = mask
        self.candidates = candidates
        self.last = steps[-1] if steps and steps[-1].program is None else None
        self.steps = steps[:-1] if self.last else steps
        self.conditional = tuple(
            (step.program, step.undecided, step.answer) for step in self.steps if step.program is not None
        )
        otherwise = self.last.answer if self.last else False
        self.asked = _needed(self.conditional, otherwise), otherwise
        self.run: bool | Run = _runner(*self.asked)
        self.stories: dict[tuple[int, int], Verdict] = {}
        self.filters: dict[bool, FilterPlan | NotTranslatable] = {}


def _needed(steps: tuple[Ask, ...], otherwise: bool) -> tuple[Ask, ...]:
    """The steps without the last ones that answer what is answered without them."""
    last = len(steps)
    while last and steps[last - 1][2] is otherwise:
        last -= 1
    return steps[:last]


def _runner(steps: tuple[Ask, ...], otherwise: bool) -> bool | Run:
    if not steps:
        return otherwise
    return _one(*steps[0], otherwise) if len(steps) == 1 else _many(steps, otherwise)


def _one(program: Any, undecided: bool, answer: bool, otherwise: bool) -> Run:
    def run(scope: Scope) -> bool:
        try:
            return answer if program(scope) else otherwise
        except Exception:
            return answer if undecided else otherwise

    return run


def _many(steps: tuple[Any, ...], otherwise: bool) -> Run:
    def run(scope: Scope) -> bool:
        for program, undecided, answer in steps:
            try:
                if program(scope):
                    return bool(answer)
            except Exception:
                if undecided:
                    return bool(answer)
        return otherwise

    return run


class Requester:
    """Who asks and about what else than the item: roles closed and as bits, attributes, event, project, now.

    Made once for a request by `Authorizer.actor`; good for any number of decisions.
    """

    __slots__ = ("authorizer", "cells", "context", "mask", "plans", "scope")

    def __init__(
        self,
        authorizer: Authorizer,
        context: EvalContext,
        mask: int,
        cells: dict[Key, Cell],
        plans: dict[tuple[str, str], MaskPlan],
    ) -> None:
        self.authorizer = authorizer
        self.context = context
        self.scope = scope_of(authorizer.compiled, context)
        self.mask = mask
        self.cells = cells
        self.plans = plans

    @property
    def roles(self) -> frozenset[str]:
        """The actor's roles with all they imply."""
        return self.scope.roles

    def with_functions(self, functions: Mapping[str, Callable[..., Any]]) -> Requester:
        """The same actor with other functions for expressions to call."""
        context = replace(self.context, functions=functions)
        return Requester(self.authorizer, context, self.mask, self.cells, self.plans)


class Authorizer:
    """The access rules of one compiled manifest, ready to decide; safe to share between threads."""

    def __init__(self, compiled: CompiledManifest) -> None:
        self.compiled = compiled
        index = compiled.rules or rule_index(compiled.roles, compiled.acl, compiled.policies)
        names = dict.fromkeys(role for closed in index.roles.values() for role in closed)
        names.update(dict.fromkeys(role for rule in compiled.acl for role in rule.roles))
        self._bits = {role: 1 << number for number, role in enumerate(names)}
        self._closed = {role: self._union(index.roles.get(role, (role,))) for role in self._bits}
        self._rules = [Rule(rule, self._union(rule.roles)) for rule in compiled.acl]
        self._index = index.acl
        self._cells: dict[int, dict[Key, Cell]] = {}
        self._plans: dict[int, dict[tuple[str, str], MaskPlan]] = {}
        self._fields: dict[tuple[str, str], tuple[str, ...]] = {}
        self._built = 0

    def _union(self, roles: Iterable[str]) -> int:
        mask = 0
        for role in roles:
            mask |= self._bits[role]
        return mask

    def actor(self, ctx: EvalContext) -> Requester:
        """The facts of a request made ready; `ctx.self_` is the item where a decision names no other."""
        roles = ctx.actor.get("roles") if isinstance(ctx.actor, Mapping) else None
        mask = 0
        for role in roles if isinstance(roles, (list, tuple, set, frozenset)) else ():
            mask |= self._closed.get(role, 0) if isinstance(role, str) else 0
        return Requester(self, ctx, mask, self._cells.setdefault(mask, {}), self._plans.setdefault(mask, {}))

    def allows(
        self,
        actor: Requester,
        action: str,
        type_id: str,
        item: Mapping[str, Any] | None = None,
        field: str | None = None,
    ) -> bool:
        """Whether the actor may: the plain answer of `decide`, about five times as fast."""
        cell = actor.cells.get((action, type_id, field))
        if cell is None:
            cell = self.cell(actor, action, type_id, field)
        run = cell.run
        if run is True or run is False:  # cheaper than asking for the class
            return run
        return run(actor.scope if item is None else about(actor.scope, item))

    def decide(
        self,
        actor: Requester,
        action: str,
        type_id: str,
        item: Mapping[str, Any] | None = None,
        field: str | None = None,
    ) -> AclDecision:
        """The decision with its rule, its reasons, what it hides, and why every other rule did not decide."""
        cell = actor.cells.get((action, type_id, field))
        if cell is None:
            cell = self.cell(actor, action, type_id, field)
        scope: Scope | None = None
        number, undecided = 0, 0
        if cell.conditional:
            scope = actor.scope if item is None else about(actor.scope, item)
            for program, fires, _ in cell.conditional:
                try:
                    if program(scope):
                        break
                except Exception:
                    undecided |= 1 << number
                    if fires:
                        break
                number += 1
        story = cell.stories.get((number, undecided))
        if story is None:
            story = _story(cell, number, undecided)
        return AclDecision(story, actor, item, scope)

    def mask_plan(self, actor: Requester, action: str, type_id: str) -> MaskPlan:
        """Which fields of items of a type stay hidden from these roles."""
        plan = actor.plans.get((action, type_id))
        if plan is None:
            plan = actor.plans[action, type_id] = self._plan(actor, action, type_id)
        return plan

    def _plan(self, actor: Requester, action: str, type_id: str) -> MaskPlan:
        groups: dict[Asked, list[str]] = {}  # fields about which the same rules speak are asked about once
        for name in self._fields_of(action, type_id):
            groups.setdefault(self.cell(actor, action, type_id, name).asked, []).append(name)
        fields = tuple((asked, frozenset(names)) for asked, names in groups.items())
        return MaskPlan(self.cell(actor, action, type_id, None).asked, fields)

    def _fields_of(self, action: str, type_id: str) -> tuple[str, ...]:
        """Fields of a type that some rule is about or hides."""
        found = self._fields.get((action, type_id))
        if found is None:
            names = {name: None for rule in self._candidates((action, type_id, None)) for name in rule.definition.mask}
            for act in {action, ANY}:
                for resource in self._index.get(act, {}):
                    # Ids of imported types hold dots, so the type is taken off as a whole.
                    owner = type_id if resource.startswith(f"{type_id}.") else ANY
                    name = resource.removeprefix(f"{owner}.")
                    if name != resource:
                        names[name] = None
                        numbers = self._index[act][resource]
                        names.update((hidden, None) for n in numbers for hidden in self._rules[n].definition.mask)
            if len(self._fields) > _MAX_CELLS:
                self._fields.clear()
            found = self._fields[action, type_id] = tuple(sorted(names))
        return found

    def cell(self, actor: Requester, action: str, type_id: str, field: str | None = None) -> Cell:
        """The rules that may speak about this for the actor's roles."""
        key = (action, type_id, field)
        found = actor.cells.get(key)
        if found is None:
            self._built += 1
            if self._built > _MAX_CELLS:
                self._built = 0
                self._cells.clear()
                self._plans.clear()
            candidates = self._candidates(key)
            found = actor.cells[key] = Cell(key, actor.mask, candidates, self._steps(candidates, field, actor.mask))
        return found

    def _candidates(self, key: Key) -> tuple[Rule, ...]:
        action, type_id, field = key
        resources = [type_id, ANY] if field is None else [type_id, ANY, f"{type_id}.{field}", f"{ANY}.{field}"]
        numbers = {
            number
            for act in (action, ANY)
            if act in self._index
            for resource in resources
            for number in self._index[act].get(resource, ())
        }
        return tuple(sorted((self._rules[number] for number in numbers), key=lambda rule: _order(rule, field)))

    def _steps(self, candidates: tuple[Rule, ...], field: str | None, mask: int) -> tuple[Step, ...]:
        found = []
        for rule in candidates:
            if rule.roles and not rule.roles & mask:
                continue
            text = rule.definition.condition
            program = program_for(self.compiled, text) if text is not None else None
            found.append(Step(rule, program, _hides(rule, field)))
            if program is None:
                break
        return tuple(found)


def _hides(rule: Rule, field: str | None) -> bool:
    return field is not None and not rule.deny and field in rule.definition.mask


def _order(rule: Rule, field: str | None) -> tuple[int, int, str]:
    """A field is hidden only if every allowing rule of the deciding priority hides it, so those that do come last."""
    return (-rule.definition.priority, 0 if rule.deny else 2 if _hides(rule, field) else 1, rule.definition.id)


def _story(cell: Cell, number: int, undecided: int) -> Verdict:
    step = cell.steps[number] if number < len(cell.steps) else cell.last
    if len(cell.stories) >= _MAX_STORIES:
        cell.stories.clear()
    found = cell.stories[number, undecided] = Verdict(cell, step, undecided)
    return found


_AUTHORIZERS: OrderedDict[int, Authorizer] = OrderedDict()


def authorizer_of(compiled: CompiledManifest) -> Authorizer:
    """The authorizer of a manifest; those of the last sixty-four manifests are kept."""
    found = _AUTHORIZERS.get(id(compiled))  # an authorizer holds its manifest, so the id cannot be taken by another
    if found is None:
        if len(_AUTHORIZERS) >= 64:
            _AUTHORIZERS.popitem(last=False)
        found = _AUTHORIZERS[id(compiled)] = Authorizer(compiled)
    return found
