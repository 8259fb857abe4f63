"""What a process asks for beside its rules: which intents act on items, in which order, and what keeps one from acting.

Pure: it reads compiled manifests and decides nothing about people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from alm_workbench.errors import ErrorItem, ManifestProblem
from alm_workbench.mpc import ArtifactTypeDef, CompiledManifest, MPCError, TransitionDef, WorkflowDef
from alm_workbench.mpc.codes import intent_param_problems
from alm_workbench.mpc.engines.common import program_for

Intent = Mapping[str, Any]

ACTING = ("notify", "setField", "tag", "createTask", "requireApproval", "audit")
"""Kinds of intents that are carried out on items; a process that asks for others is not put into force."""

APPROVAL = "requireApproval"
PEOPLE = ("author", "assignee", "actor", "last_actor", "watchers")
CORE_TARGETS: Mapping[str, str] = {"title": "title", "assignee": "assignee_id", "assignee_id": "assignee_id"}
MAX_COUNT = 20


@dataclass(frozen=True, slots=True)
class Requirement:
    """So many people of these roles must agree before a step is taken."""

    roles: tuple[str, ...]
    count: int = 1
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class IntentProblem:
    """What keeps an intent from acting: where it stands (``Workflow/flow/state/review``), and why."""

    place: str
    message: str
    line: int | None = None


def step_intents(flow: WorkflowDef, source: str, step: TransitionDef) -> tuple[Intent, ...]:
    """What a step asks for, in its order: states are left from the inside out, then entered from the outside in."""
    actions: list[Any] = []
    if step.rule_type == "internal":
        actions += [*step.on_leave, *step.on_enter]
    else:
        left, entered = line_of(flow, source), line_of(flow, step.to)
        shared = set(left) & set(entered) if source != step.to else set(left[1:])
        actions += [a for state in left if state not in shared for a in flow.states[state].on_leave]
        actions += [*step.on_leave, *step.on_enter]
        actions += [a for state in reversed(entered) if state not in shared for a in flow.states[state].on_enter]
    return tuple(action for action in actions if isinstance(action, Mapping))


def line_of(flow: WorkflowDef, state: str) -> list[str]:
    """A state with those it lies in, the innermost first."""
    line: list[str] = []
    here: str | None = state
    while here is not None and here in flow.states and here not in line:
        line.append(here)
        here = flow.states[here].parent
    return line


def requirements(intents: Iterable[Intent]) -> tuple[Requirement, ...]:
    """The approvals that some intents ask for, the same ones once."""
    found: dict[Requirement, None] = {}
    for intent in intents:
        if intent.get("kind") == APPROVAL:
            params = intent.get("params") or {}
            roles = tuple(sorted({str(role) for role in params.get("roles") or ()}))
            reason = params.get("reason")
            found[Requirement(roles, max(1, int(params.get("count") or 1)), str(reason) if reason else None)] = None
    return tuple(found)


def field_of(kind: ArtifactTypeDef, target: Any) -> str | None:
    """The field or property that a target names (``self.fields.owner``, ``owner``, ``assignee``); None if there is none."""
    if not isinstance(target, str):
        return None
    name = target.removeprefix("self.").removeprefix("fields.")
    if target.removeprefix("self.") in CORE_TARGETS:
        return CORE_TARGETS[name]
    return kind.field_ids.get(name)


def recipients_of(target: Any) -> tuple[str, ...]:
    """The words of a recipient: ``author``, ``role:reviewer``, ``self.fields.owner`` …, with commas between several."""
    return tuple(word for part in str(target or "").split(",") if (word := part.strip()))


def task_type(compiled: CompiledManifest, params: Mapping[str, Any]) -> ArtifactTypeDef | None:
    """The type of the task an intent opens: the one it names, else the only one there is."""
    named = params.get("type")
    if named is not None:
        found = compiled.find_type(str(named))
        return found if found is not None and found.aggregate == "Task" else None
    tasks = [kind for kind in compiled.types.values() if kind.aggregate == "Task"]
    return tasks[0] if len(tasks) == 1 else None


def tie_of(compiled: CompiledManifest, task: ArtifactTypeDef, about: str) -> tuple[str, bool] | None:
    """How a task hangs on the item it is about: ("", …) below it, else a link type and whether it leads from the task."""
    kind = compiled.types[about]
    if about in task.parents and (not kind.children or task.id in kind.children):
        return "", True
    for link in compiled.link_types.values():
        if task.id in link.from_ and about in link.to:
            return link.id, True
        if about in link.from_ and task.id in link.to:
            return link.id, False
    if not task.parents and (not kind.children or task.id in kind.children):
        return "", True
    return None


def require_able(compiled: CompiledManifest) -> None:
    """Refuse a process that asks for what cannot be carried out; raises ``ManifestProblem`` with every place."""
    found = problems(compiled)
    if found:
        items = [
            ErrorItem(one.place, "intent", one.message + (f" (line {one.line})" if one.line else "")) for one in found
        ]
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise ManifestProblem(f"{found[0].place}: {found[0].message}{more}", errors=items)


def problems(compiled: CompiledManifest) -> tuple[IntentProblem, ...]:
    """Everything that keeps an intent of a process from acting, with its place."""
    return tuple(_problems(compiled))


def _problems(compiled: CompiledManifest) -> Iterator[IntentProblem]:
    for flow in compiled.workflows.values():
        types = [kind for kind in compiled.types.values() if kind.workflow == flow.id]
        for state in flow.states.values():
            place = f"Workflow/{flow.id}/state/{state.id}"
            for action in (*state.on_leave, *state.on_enter):
                yield from _action(compiled, types, action, place, state.span.line if state.span else None)
        for step in flow.transitions:
            place = f"Workflow/{flow.id}/transition/{step.id}"
            for action in (*step.on_leave, *step.on_enter):
                yield from _action(compiled, types, action, place, step.span.line if step.span else None)
    for rule in compiled.automations:
        types = _about(compiled, rule.applies_to)
        for intent in rule.intents:
            line = rule.span.line if rule.span else None
            yield from _intent(compiled, types, intent, f"Automation/{rule.id}", line, waits=False)
    for policy in compiled.policies:
        waits = bool(policy.events) and set(policy.events) <= {"transition"}
        types = _about(compiled, policy.applies_to)
        for intent in policy.intents:
            line = policy.span.line if policy.span else None
            yield from _intent(compiled, types, intent, f"Policy/{policy.id}", line, waits=waits)


def _about(compiled: CompiledManifest, applies_to: Iterable[str]) -> list[ArtifactTypeDef]:
    names = [name for name in applies_to if name in compiled.types]
    return [compiled.types[name] for name in names] if names else list(compiled.types.values())


def _action(
    compiled: CompiledManifest, types: list[ArtifactTypeDef], action: Any, place: str, line: int | None
) -> Iterator[IntentProblem]:
    if isinstance(action, Mapping):
        yield from _intent(compiled, types, action, place, line, waits=True)
    else:
        message = (
            f"{action!r} is a name that nothing carries out on items; write an intent, such as {{kind: notify, …}}"
        )
        yield IntentProblem(place, message, line)


def _intent(
    compiled: CompiledManifest,
    types: list[ArtifactTypeDef],
    intent: Intent,
    place: str,
    line: int | None,
    *,
    waits: bool,
) -> Iterator[IntentProblem]:
    kind = str(intent.get("kind"))
    if kind not in ACTING:
        message = f"'{kind}' cannot be carried out on items; there are {', '.join(ACTING)}"
        yield IntentProblem(place, message, line)
        return
    for message in intent_param_problems(intent):
        yield IntentProblem(place, message, line)
        return
    if kind == APPROVAL and not waits:
        yield IntentProblem(place, "only a transition can wait for approval: ask for it there", line)
        return
    params = intent.get("params") or {}
    for message in _CHECKS[kind](compiled, types, intent.get("target"), params):
        yield IntentProblem(place, f"'{kind}': {message}", line)


Types = list[ArtifactTypeDef]


def _check_notify(compiled: CompiledManifest, types: Types, target: Any, params: Intent) -> Iterator[str]:
    words = recipients_of(target)
    if not words:
        yield "it needs a target: whom to tell"
    for word in words:
        if word in PEOPLE or word.startswith("role:") or word in compiled.roles:
            continue
        if word.startswith("user:") and _is_uuid(word[5:]):
            continue
        fields = [kind.fields.get(field_of(kind, word) or "") for kind in types]
        if not fields or any(field is None or field.type not in ("user", "team") for field in fields):
            known = ", ".join([*PEOPLE, *sorted(compiled.roles)])
            yield f"'{word}' is nobody: write one of {known}, role:…, user:… or a field of people"


def _check_set(compiled: CompiledManifest, types: Types, target: Any, params: Intent) -> Iterator[str]:
    for kind in types:
        name = field_of(kind, target)
        if name is None:
            yield f"{target!r} is no field of {kind.id}"
        elif name in kind.fields and kind.fields[name].computed:
            yield f"{target!r} of {kind.id} is computed"
    yield from _check_value(compiled, params.get("value"))


def _check_value(compiled: CompiledManifest, value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        return
    if set(value) != {"expr"} or not isinstance(value["expr"], str):
        yield "a value is a plain one, or {expr: '…'}"
        return
    try:
        program_for(compiled, value["expr"], condition=False)
    except MPCError as error:
        yield f"{value['expr']!r}: {error.message}"


def _check_tag(compiled: CompiledManifest, types: Types, target: Any, params: Intent) -> Iterator[str]:
    tags = params.get("tags")
    if not isinstance(tags, Mapping) or not tags or not all(isinstance(on, bool) for on in tags.values()):
        yield "tags are an object: {urgent: true, later: false} adds one and takes one away"


def _check_task(compiled: CompiledManifest, types: Types, target: Any, params: Intent) -> Iterator[str]:
    task = task_type(compiled, params)
    if task is None:
        tasks = ", ".join(sorted(kind.id for kind in compiled.types.values() if kind.aggregate == "Task")) or "none"
        yield f"which type? Types whose aggregate is Task: {tasks}"
        return
    for kind in types:
        if kind.id != task.id and tie_of(compiled, task, kind.id) is None:
            yield f"a {task.id} can neither stand below a {kind.id} nor be linked with it"
    for name, value in (params.get("fields") or {}).items():
        if name not in task.field_ids:
            yield f"'{name}' is no field of {task.id}"
        yield from _check_value(compiled, value)
    assignee = params.get("assignee")
    if assignee is not None and assignee not in PEOPLE[:3]:
        yield f"the assignee is one of {', '.join(PEOPLE[:3])}, not {assignee!r}"


def _check_approval(compiled: CompiledManifest, types: Types, target: Any, params: Intent) -> Iterator[str]:
    roles = params.get("roles")
    if not isinstance(roles, (list, tuple)) or not roles:
        yield "it needs roles: whose approval"
        return
    for role in roles:
        if role not in compiled.roles:
            yield f"there is no role {role!r} in this process"
    count = params.get("count", 1)
    if not 1 <= count <= MAX_COUNT:
        yield f"count is 1 to {MAX_COUNT}, not {count!r}"


def _check_audit(compiled: CompiledManifest, types: Types, target: Any, params: Intent) -> Iterator[str]:
    yield from ()


_CHECKS = {
    "notify": _check_notify,
    "setField": _check_set,
    "tag": _check_tag,
    "createTask": _check_task,
    APPROVAL: _check_approval,
    "audit": _check_audit,
}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
