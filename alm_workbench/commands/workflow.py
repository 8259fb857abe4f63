"""``alm workflow``: draw workflows and walk through them without a server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from alm_workbench.commands.common import json_option, show
from alm_workbench.commands.json_options import JSON_FORMS, mapping
from alm_workbench.commands.manifest_files import LIBRARY, compiled, warn_of_unknown
from alm_workbench.errors import ConfigurationError
from alm_workbench.mpc import CompiledManifest, EvalContext
from alm_workbench.mpc.expr.scope import Scope
from alm_workbench.mpc.model import WorkflowDef
from alm_workbench.mpc.ports import Actor
from alm_workbench.mpc.workflow import Simulation, engine_for, simulate, to_mermaid, to_svg
from alm_workbench.mpc.workflow.checks import TransitionVerdict
from alm_workbench.mpc.workflow.picture import picture_of
from alm_workbench.mpc.workflow.simulation import SimulatedStep

FILE = click.argument("file", metavar="MANIFEST", type=click.Path(dir_okay=False, path_type=Path))


@click.group()
def workflow() -> None:
    """Draw workflows, and walk through them."""


@workflow.command("graph")
@FILE
@LIBRARY
@click.option("--workflow", "workflow_id", help="Id of the workflow; the first one if not given.")
@click.option("--format", "form", type=click.Choice(["mermaid", "svg", "text"]), default="text", show_default=True)
@click.option("--lang", default="en", show_default=True, help="Language of the labels.")
@click.option(
    "--direction", type=click.Choice(["down", "right"]), default="down", show_default=True, help="Of an SVG drawing."
)
@json_option
def graph(
    file: Path,
    libraries: tuple[Path, ...],
    workflow_id: str | None,
    form: str,
    lang: str,
    direction: str,
    as_json: bool,
) -> None:
    """Print a workflow as a drawing or as text; as JSON its states and arrows, with the drawing."""
    found = compiled(file, libraries)
    flow = found.workflows[_workflow_id(file, found, workflow_id, None)]
    drawing = _drawn(flow, form, lang, direction)
    if not as_json:
        click.echo(drawing, nl=False)
        return
    data = _data(flow, lang)
    show(data if form == "text" else {**data, form: drawing}, True, list)


def _drawn(flow: WorkflowDef, form: str, lang: str, direction: str) -> str:
    if form == "mermaid":
        return to_mermaid(flow, lang)
    if form == "svg":
        return to_svg(flow, lang, direction="leftright" if direction == "right" else "topbottom")
    return "\n".join(_text(flow, lang)) + "\n"


@workflow.command("simulate")
@FILE
@LIBRARY
@click.option("--workflow", "workflow_id", help="Id of the workflow.")
@click.option("--type", "type_id", help="Id of a type: its workflow is meant.")
@click.option("--path", "path", required=True, help="Events or transition ids in order, with commas between.")
@click.option("--from", "start", help="State to begin in; the initial one if not given.")
@click.option("--roles", default="", help="Roles of the actor, with commas between; what they imply comes along.")
@click.option(
    "--actor", default="someone", show_default=True, metavar="ID|JSON|@FILE", help="The actor: id, roles, attributes."
)
@click.option("--context", default="{}", metavar=JSON_FORMS, help='Facts: {"self": {"title": "…", "fields": {…}}}.')
@json_option
def simulate_path(
    file: Path,
    libraries: tuple[Path, ...],
    workflow_id: str | None,
    type_id: str | None,
    path: str,
    start: str | None,
    roles: str,
    actor: str,
    context: str,
    as_json: bool,
) -> int:
    """Take steps in order and say why each may be taken; stops at a refusal with exit code 1."""
    found = compiled(file, libraries)
    engine = engine_for(found, _workflow_id(file, found, workflow_id, type_id), trace=True)
    if start is not None and start not in engine.chart.states:
        raise ConfigurationError(f"--from: '{engine.chart.id}' has no state '{start}'")
    steps = engine.chart.definition.transitions
    about = mapping("--actor", actor) if actor.lstrip().startswith(("{", "@")) else {"id": actor}
    held = [*_words(roles), *_roles(about.pop("roles", []))]
    warn_of_unknown("role", held, found.roles)
    warn_of_unknown("step", _words(path), [word for step in steps for word in (step.id, step.on) if word])
    now = datetime.now(UTC)
    person = Actor(str(about.pop("id", "")), found.close_roles(held))
    done = simulate(
        engine,
        _words(path),
        actor=person,
        context=_scope(context, person, about, type_id, now),
        now=now,
        start=engine.configuration((start,), now) if start is not None else None,
    )
    show(done.to_data(), as_json, lambda: list(_walk(done)))
    return 0 if done.complete else 1


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _roles(given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(role, str) for role in given):
        raise ConfigurationError("--actor: 'roles' must be a list of texts")
    return given


def _scope(text: str, actor: Actor, about: dict[str, Any], type_id: str | None, now: datetime) -> Scope:
    facts = mapping("--context", text)
    if not all(isinstance(value, dict) for value in facts.values()):
        raise ConfigurationError('--context must be an object of objects, such as {"self": {"title": "…"}}')
    item = {"type": type_id, **facts.get("self", {})}
    person = {"id": actor.id, "roles": sorted(actor.roles), **about, **facts.get("actor", {})}
    context = EvalContext(item, person, facts.get("event", {}), facts.get("project", {}), now)
    return Scope(context, actor.roles)


def _workflow_id(file: Path, found: CompiledManifest, workflow_id: str | None, type_id: str | None) -> str:
    if type_id is not None:
        kind = found.find_type(type_id)
        if kind is None or kind.workflow not in found.workflows:
            raise ConfigurationError(f"{file}: no type '{type_id}' with a workflow; there are {_listed(found.types)}")
        return kind.workflow
    if workflow_id is None:
        first = next(iter(found.workflows), None)
        if first is None:
            raise ConfigurationError(f"{file}: no workflow in this manifest")
        return first
    if workflow_id not in found.workflows:
        known = _listed(found.workflows)
        raise ConfigurationError(f"{file}: no workflow '{workflow_id}'; there are {known}")
    return workflow_id


def _listed(names: Any) -> str:
    return ", ".join(names) or "none"


def _text(flow: WorkflowDef, lang: str) -> Iterator[str]:
    picture = picture_of(flow, lang)
    yield f"{flow.id}  {picture.title}"
    for state in picture.states:
        marks = [state.category] + [word for word in ("initial", "final", "parallel") if getattr(state, word)]
        marks += [f"remembers ({state.history})"] if state.history else []
        inside = f" in {state.parent}" if state.parent else ""
        yield f"  {state.id}  {state.label}{inside}  [{', '.join(marks)}]"
    for arrow in picture.arrows:
        for line in arrow.lines:
            yield f"  {arrow.source} --> {arrow.target}  {line}"


def _data(flow: WorkflowDef, lang: str) -> dict[str, Any]:
    picture = picture_of(flow, lang)
    states = [
        {
            "id": state.id,
            "label": state.label,
            "category": state.category,
            "initial": state.initial,
            "final": state.final,
            "parallel": state.parallel,
            "history": state.history,
            "parent": state.parent,
        }
        for state in picture.states
    ]
    arrows = [{"source": a.source, "target": a.target, "labels": list(a.lines)} for a in picture.arrows]
    return {"id": flow.id, "label": picture.title, "states": states, "arrows": arrows}


def _walk(done: Simulation) -> Iterator[str]:
    for number, step in enumerate(done.steps, 1):
        yield from _step(number, step)
    yield f"now in {done.config.state}; open from here:"
    yield from (f"  {line}" for option in done.options for line in _option(option))


def _step(number: int, step: SimulatedStep) -> Iterator[str]:
    result = step.result
    where = f"{step.source} --> {result.config.state}" if result.allow else f"refused in {step.source}"
    yield f"{number}. {step.event}: {where}"
    yield from (f"   {reason.code}: {reason.message}" for reason in result.reasons)
    yield from (f"   did {name}" for name in result.actions)
    yield from (f"   asks for {intent.get('kind')} of {intent.get('target')}" for intent in result.intents)
    for queued in result.queued:
        yield f"   then {', '.join(queued.taken) or 'nothing'}"


def _option(option: TransitionVerdict) -> Iterator[str]:
    step = option.transition
    yield f"{'yes' if option.allowed else 'no '}  {step.id} --> {step.to}"
    if not option.allowed:
        yield from (f"       {reason.message}" for reason in option.reasons)
