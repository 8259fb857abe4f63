"""Soundness of workflows: they begin, they go on, they end, and one event has one meaning.

Works on the definition as written, in both vocabularies, so that a workflow that does not compile is still explained.
What the vocabulary types (references to states, words of a list) is checked elsewhere; for a kind that the vocabulary
leaves open, as the contract's, it is checked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..ast import ASTNode, Path
from ..compile.timespan import milliseconds
from ..errors import MPCError
from .findings import Findings
from .workflow_graph import Flow, flow_of


def check_workflows(findings: Findings) -> None:
    """Check every Workflow."""
    for node in findings.ast.of_kind("Workflow"):
        _check(node, findings)


def finals_of(node: ASTNode) -> tuple[str, ...]:
    """The states where life ends: as declared, else those of category done."""
    return tuple(flow_of(node).finals)


def _check(node: ASTNode, findings: Findings) -> None:
    flow = flow_of(node)
    kind = findings.meta.get_kind("Workflow")
    typed = kind is not None and bool(kind.properties)
    if not flow.states:
        if "states" in node.properties or not typed:
            findings.add("E_VALID_INVALID_WORKFLOW", f"Workflow '{node.id}' has no states", node, ("states",))
        return
    _duplicates(flow, findings)
    _beginning(flow, findings, typed)
    if not typed:
        _references(flow, findings)
    _hierarchy(flow, findings)
    _steps(flow, findings, typed)
    if flow.sound and not flow.dynamic:
        reached = flow.reached()
        _unreached(flow, reached, findings, typed)
        _ends(flow, findings)


def _warn(flow: Flow, findings: Findings, code: str, message: str, path: Path, hint: str | None = None) -> None:
    findings.add(code, message, flow.node, path, severity="warning", hint=hint)


def _duplicates(flow: Flow, findings: Findings) -> None:
    for what, doubles in (("state", flow.state_doubles), ("transition", flow.step_doubles)):
        for id_, path in doubles:
            message = f"Workflow '{flow.node.id}' has two {what}s '{id_}'"
            findings.add("E_VALID_DUPLICATE_DEF", message, flow.node, path)


def _beginning(flow: Flow, findings: Findings, typed: bool) -> None:
    node, initial = flow.node, flow.initial
    if initial is None:
        if not typed:
            findings.add("E_WF_NO_INITIAL", "Workflow definition must declare an initial state", node)
    elif initial not in flow.states and not typed:
        message = f"The initial state '{initial}' is no state of workflow '{node.id}'"
        hint = findings.hint(str(initial), flow.states)
        findings.add("E_WF_UNKNOWN_STATE", message, node, ("initial",), hint=hint)


def _references(flow: Flow, findings: Findings) -> None:
    """States that transitions and settings name; the contract's code for them is that of any reference."""
    for step in flow.steps:
        for end, name in (*(("from", source) for source in step.sources), ("to", step.target)):
            if name not in flow.states and not (end == "to" and step.rule != "fixed"):
                message = f"Transition '{step.id}' of '{flow.node.id}' names the unknown state '{name}'"
                hint = findings.hint(str(name), flow.states)
                findings.add("E_VALID_UNRESOLVED_REF", message, flow.node, (*step.path, end), hint=hint)
    for name, path in flow.named:
        if name not in flow.states:
            message = f"There is no state '{name}' in workflow '{flow.node.id}'"
            findings.add("E_WF_UNKNOWN_STATE", message, flow.node, path, hint=findings.hint(name, flow.states))


def _hierarchy(flow: Flow, findings: Findings) -> None:
    for state in flow.inside_themselves():
        message = f"State '{state}' lies inside itself"
        findings.add("E_VALID_CYCLE_DETECTED", message, flow.node, flow.place(state, "parent"))
    for state in flow.parallel:
        if state in flow.states and not flow.children.get(state):
            message = f"The parallel state '{state}' has no regions"
            findings.add("E_VALID_INVALID_WORKFLOW", message, flow.node, flow.place(state))
    for state, history in flow.history.items():
        if history not in ("shallow", "deep"):
            message = f"History of state '{state}' must be shallow or deep, not {history!r}"
            findings.add("E_VALID_INVALID_WORKFLOW", message, flow.node, flow.place(state, "history"))
        elif state in flow.states and not flow.children.get(state):
            message = f"State '{state}' remembers nothing: it has no states inside"
            _warn(flow, findings, "E_VALID_INVALID_WORKFLOW", message, flow.place(state, "history"))
    for state, child in flow.begins.items():
        if child not in flow.children.get(state, ()):
            message = f"State '{state}' begins with '{child}', which does not lie in it"
            findings.add("E_WF_INVALID_INITIAL", message, flow.node, flow.place(state, "initial"))


def _steps(flow: Flow, findings: Findings, typed: bool) -> None:
    # In our vocabulary a final state is where life ends unless a transition says otherwise, such as to reopen, and a
    # transition from many states may well name its target among them.
    closed: Mapping[str, None] = {} if typed else flow.declared_finals
    first: dict[tuple[str, str], list[int]] = {}
    for number, step in enumerate(flow.steps):
        if step.timeout is not None:
            _timeout(flow, step.timeout, step.path, findings)
        if step.rule not in ("fixed", "dynamic", "internal"):
            message = f"Transition '{step.id}' has the unknown rule type {step.rule!r}"
            findings.add("E_VALID_INVALID_WORKFLOW", message, flow.node, (*step.path, "rule_type"))
        for source in step.sources:
            if not typed and source == step.target and step.rule == "fixed":
                message = f"Transition '{step.id}' is a self-loop: it leaves '{source}' and enters it again"
                _warn(flow, findings, "E_VALID_CYCLE_DETECTED", message, (*step.path, "to"), _INTERNAL)
            elif source in closed and source not in flow.parents and step.rule != "internal":
                message = f"Transition '{step.id}' leads out of the final state '{source}'"
                _warn(flow, findings, "E_WF_FINAL_EXIT", message, (*step.path, "from"))
            rivals = first.get((source, step.event))
            if rivals is None:
                first[source, step.event] = [number]
                continue
            _never_taken(flow, number, rivals, source, findings)
            rivals.append(number)


_INTERNAL = "say rule_type: internal if nothing should be left"


def _timeout(flow: Flow, value: Any, path: Path, findings: Findings) -> None:
    try:
        milliseconds(value)
    except MPCError as error:
        findings.add(error.code, error.message, flow.node, (*path, "timeout"))


def _never_taken(flow: Flow, number: int, rivals: Iterable[int], source: str, findings: Findings) -> None:
    """A later transition for which an earlier one always answers."""
    step = flow.steps[number]
    for other in rivals:
        earlier = flow.steps[other]
        if earlier.always_before(step):
            why = "has the same guard" if earlier.guard is not None else "has no guard"
            message = (
                f"'{step.event}' in state '{source}' has more than one answer: '{step.id}' is never taken, "
                f"for '{earlier.id}' comes first and {why}"
            )
            _warn(flow, findings, "E_WF_NONDETERMINISTIC", message, step.path, "give them guards that differ")
            return


def _unreached(flow: Flow, reached: frozenset[str], findings: Findings, typed: bool) -> None:
    for state in flow.states:
        if state in reached:
            continue
        message = f"State '{state}' of workflow '{flow.node.id}' cannot be reached from '{flow.initial}'"
        code = "E_WF_UNREACHABLE_STATE" if typed or state in flow.mentioned else "E_VALID_INVALID_WORKFLOW"
        _warn(flow, findings, code, message, flow.place(state), "add a transition to it")


def _ends(flow: Flow, findings: Findings) -> None:
    finals = flow.finals
    if not any(state in flow.states for state in finals):
        return
    ending, leaving = flow.ending(), flow.leaving()
    stuck = "E_WF_ORPHANED_STATE" if flow.contract_finals else "E_WF_DEADLOCK_STATE"
    for state in flow.states:
        if state in finals or state in flow.children:
            continue
        if state not in leaving:
            message = f"State '{state}' of workflow '{flow.node.id}' leads nowhere and is not final"
            _warn(flow, findings, "E_WF_DEAD_END", message, flow.place(state))
        elif state not in ending:
            message = f"From state '{state}' of workflow '{flow.node.id}' no final state is reached"
            _warn(flow, findings, stuck, message, flow.place(state))
