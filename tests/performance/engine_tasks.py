"""Our engines on the work of peers/tasks.py: every function prepares, and returns what does one batch and counts it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from alm_workbench.mpc import CompiledManifest, DomainMeta, EvalContext
from alm_workbench.mpc.ast import ASTNode, ManifestAST, freeze
from alm_workbench.mpc.compile import build
from alm_workbench.mpc.engines.authorizer import Authorizer
from alm_workbench.mpc.expr.compiled import Compiled, compile_expression
from alm_workbench.mpc.expr.scope import Scope
from alm_workbench.mpc.ports import Actor
from alm_workbench.mpc.workflow import Engine, workflow_from
from alm_workbench.mpc.workflow.judge import Ports
from tests.performance.peers import tasks

Batch = Callable[[], int]
MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = {
    "priority": "int", "status": "string", "title": "string", "assignee": "string", "actor": "string", "roles": "array",
}  # fmt: skip


def _expression(**options: Any) -> Compiled:
    return compile_expression(tasks.EXPRESSION, names=NAMES, **options)


def expression(**options: Any) -> Batch:
    """The expression, compiled; `budget=None` leaves its budget away."""
    evaluate = _expression(**options).evaluate
    contexts = tasks.contexts()

    def run() -> int:
        for context in contexts:
            evaluate(context)
        return len(contexts)

    return run


def expression_unbudgeted() -> Batch:
    """Without a budget, and without measuring lists."""
    return expression(budget=None)


def expression_trace() -> Batch:
    """With the outcome of every leaf, as data."""
    trace = _expression().trace
    contexts = tasks.contexts()

    def run() -> int:
        for context in contexts:
            trace(context)
        return len(contexts)

    return run


def expression_rendered() -> Batch:
    """With the explanation as a sentence."""
    explain = _expression().explain
    contexts = tasks.contexts()

    def run() -> int:
        for context in contexts:
            str(explain(context))
        return len(contexts)

    return run


def process(number: int) -> CompiledManifest:
    """The access rules of tasks.py as a compiled manifest."""
    nodes = []
    for i in range(tasks.ROLES):
        above = tasks.implied(i)
        implies = {} if above is None else {"implies": [f"role_{above}"]}
        nodes.append(ASTNode("Role", f"role_{i}", None, freeze(implies)))
    for rule in tasks.access_rules(number):
        properties = {
            "action": rule["action"], "resource": rule["type"], "roles": [rule["role"]], "effect": rule["effect"],
        }  # fmt: skip
        if when := rule["condition"]:
            properties["condition"] = (
                f"actor.attributes.place == '{when['place']}' and self.priority >= {when['priority']}"
            )
        nodes.append(ASTNode("ACL", rule["id"], None, freeze(properties)))
    meta = DomainMeta.load({"kinds": [{"name": "Role"}, {"name": "ACL"}]})
    return build(ManifestAST(2, "bench", "access", "1.0.0", tuple(nodes)), meta)


def _asked(number: int) -> tuple[Authorizer, list[tuple[Any, str, str, dict[str, Any]]]]:
    authorizer = Authorizer(process(number))
    actors: dict[tuple[str, str], Any] = {}
    asked = []
    for request in tasks.requests(tasks.access_rules(number)):
        key = (request["role"], request["place"])
        if key not in actors:
            actor = {"id": "ada", "roles": [key[0]], "attributes": {"place": key[1]}}
            actors[key] = authorizer.actor(EvalContext(actor=actor, now=MOMENT))
        asked.append((actors[key], request["action"], request["type"], {"priority": request["priority"]}))
    return authorizer, asked


def access(number: int) -> Batch:
    """Plain decisions."""
    authorizer, asked = _asked(number)
    allows = authorizer.allows

    def run() -> int:
        for actor, action, kind, item in asked:
            allows(actor, action, kind, item)
        return len(asked)

    return run


def access_explained(number: int) -> Batch:
    """Decisions with the deciding rule and the fate of every candidate."""
    authorizer, asked = _asked(number)
    decide = authorizer.decide

    def run() -> int:
        for actor, action, kind, item in asked:
            _ = decide(actor, action, kind, item).candidates
        return len(asked)

    return run


class _Anybody:
    def authorize(self, actor_id: str | None, transition: str) -> bool:
        return True


def _workflow(*, traced: bool) -> Batch:
    properties = {
        "initial": tasks.STATES[0],
        "states": list(tasks.STATES),
        "transitions": [
            {"id": s["id"], "from": s["from"], "to": s["to"], "guard": f"self.amount >= {s['at_least']}"}
            for s in tasks.STEPS
        ],
    }
    definition = workflow_from(properties)
    ports = Ports(auth=_Anybody()) if traced else None
    engine = Engine(definition, ports, trace=traced)
    now = MOMENT if traced else None  # a history has times
    start = engine.initial(now)
    actor = Actor("ada", frozenset(["engineer"]))
    names = [str(step["id"]) for step in tasks.STEPS]
    facts = Scope(EvalContext({"amount": 5}, {"id": "ada"}, now=MOMENT), actor.roles)  # made once for an item

    def run() -> int:
        config = start
        fire = engine.fire
        for name in names:
            config = fire(config, name, actor, facts, now).config
        return len(names)

    if run() != len(names) or engine.fire(start, names[0], actor, facts, now).config.state != tasks.STATES[1]:
        raise AssertionError("the workflow does not move")
    return run


def workflow() -> Batch:
    """Steps with guards."""
    return _workflow(traced=False)


def workflow_traced() -> Batch:
    """Steps with guards, an authority that is asked, and the trace of each."""
    return _workflow(traced=True)
