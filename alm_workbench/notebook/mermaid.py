"""Workflows as Mermaid state diagrams. Labels come from outside, so everything but letters and digits is encoded."""

from __future__ import annotations

from alm_workbench.contexts.manifest.messages import GraphDTO, WorkflowGraphDTO

MIME = "text/vnd.mermaid"
SAFE = frozenset(" .,-_/()+")


def diagrams(graph: GraphDTO) -> str:
    """All workflows in one diagram, each in a box of its own when there are several."""
    lines = ["stateDiagram-v2"]
    for number, flow in enumerate(graph.workflows):
        inner = workflow(flow, f"w{number}")
        if len(graph.workflows) > 1:
            inner = [f'state "{encoded(flow.label)}" as w{number} {{', *("  " + line for line in inner), "}"]
        lines += ["  " + line for line in inner]
    return "\n".join(lines)


def workflow(flow: WorkflowGraphDTO, prefix: str) -> list[str]:
    """States, then steps."""
    ids = {state.id: f"{prefix}s{number}" for number, state in enumerate(flow.states)}
    lines = [f'state "{encoded(state.label)}" as {ids[state.id]}' for state in flow.states]
    lines += [f"[*] --> {ids[state.id]}" for state in flow.states if state.initial]
    for edge in flow.transitions:
        if edge.source in ids and edge.target in ids:
            lines.append(f"{ids[edge.source]} --> {ids[edge.target]} : {encoded(edge.label)}")
    return [*lines, *(f"{ids[state.id]} --> [*]" for state in flow.states if state.final)]


def encoded(text: str) -> str:
    """Text that cannot break out of a label."""
    return "".join(c if c.isalnum() or c in SAFE else f"#{ord(c)};" for c in " ".join(text.split())) or "#160;"
