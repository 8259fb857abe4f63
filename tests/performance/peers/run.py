"""Measure one peer on one task and print operations per CPU second: `python -m tests.performance.peers.run TASK [RULES]`, in the peers' environment."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from tests.performance.peers import tasks


def cel() -> Callable[[], int]:
    """CEL, Google's C++ engine."""
    from cel_expr_python import cel

    text = tasks.EXPRESSION.replace(" and ", " && ").replace(" or ", " || ").replace("len(", "size(")
    kind = cel.Type
    names = {
        "priority": kind.INT, "status": kind.STRING, "title": kind.STRING, "assignee": kind.STRING,
        "actor": kind.STRING, "roles": kind.List(kind.STRING),
    }  # fmt: skip
    program = cel.NewEnv(variables=names).compile(text)
    contexts = tasks.contexts()

    def run() -> int:
        for context in contexts:
            program.eval(data=context).value()
        return len(contexts)

    return run


def simpleeval() -> Callable[[], int]:
    """simpleeval, with the text parsed once."""
    from simpleeval import EvalWithCompoundTypes

    engine = EvalWithCompoundTypes(functions={"len": len})
    parsed = engine.parse(tasks.EXPRESSION)
    contexts = tasks.contexts()

    def run() -> int:
        for context in contexts:
            engine.names = context
            engine.eval(tasks.EXPRESSION, previously_parsed=parsed)
        return len(contexts)

    return run


JSON_LOGIC: dict[str, Any] = {
    "and": [
        {">=": [{"var": "priority"}, 3]},
        {"==": [{"var": "status"}, "open"]},
        {">": [{"length": {"var": "title"}}, 5]},
        {"or": [{"==": [{"var": "assignee"}, {"var": "actor"}]}, {"in": ["lead", {"var": "roles"}]}]},
    ]
}


def datalogic() -> Callable[[], int]:
    """JSONLogic in Rust, compiled once."""
    from datalogic_py import Engine

    rule = Engine().compile(JSON_LOGIC)
    contexts = tasks.contexts()

    def run() -> int:
        for context in contexts:
            rule.evaluate(context)
        return len(contexts)

    return run


def datalogic_trace() -> Callable[[], int]:
    """JSONLogic in Rust with the trace of every step."""
    from datalogic_py import Engine

    engine = Engine()
    logic = json.dumps(JSON_LOGIC)
    contexts = [json.dumps(context) for context in tasks.contexts(40)]

    def run() -> int:
        for context in contexts:
            engine.evaluate_with_trace(logic, context)
        return len(contexts)

    return run


def cedar(number: int) -> Callable[[], int]:
    """Cedar, with rules and people parsed beforehand."""
    import cedarpy

    rules = tasks.access_rules(number)
    lines = []
    for rule in rules:
        word = "permit" if rule["effect"] == "allow" else "forbid"
        scope = (
            f'principal in Role::"{rule["role"]}", action == Action::"{rule["action"]}", '
            f'resource in Type::"{rule["type"]}"'
        )
        when = ""
        if rule["condition"]:
            place, priority = rule["condition"]["place"], rule["condition"]["priority"]
            when = f' when {{ context.place == "{place}" && context.priority >= {priority} }}'
        lines.append(f"{word}({scope}){when};")
    policies = cedarpy.PolicySet.from_str("\n".join(lines))
    people: list[dict[str, Any]] = []
    for i in range(tasks.ROLES):
        above = tasks.implied(i)
        parents = [] if above is None else [{"type": "Role", "id": f"role_{above}"}]
        people.append({"uid": {"type": "Role", "id": f"role_{i}"}, "attrs": {}, "parents": parents})
        user = {"type": "User", "id": f"user_{i}"}
        people.append({"uid": user, "attrs": {}, "parents": [{"type": "Role", "id": f"role_{i}"}]})
    for i in range(tasks.kinds(number)):
        people.append({"uid": {"type": "Type", "id": f"type_{i}"}, "attrs": {}, "parents": []})
        item = {"type": "Item", "id": f"type_{i}"}
        people.append({"uid": item, "attrs": {}, "parents": [{"type": "Type", "id": f"type_{i}"}]})
    entities = cedarpy.Entities.from_json_str(json.dumps(people))
    asked = [
        {
            "principal": f'User::"{r["role"].replace("role", "user")}"',
            "action": f'Action::"{r["action"]}"',
            "resource": f'Item::"{r["type"]}"',
            "context": json.dumps({"place": r["place"], "priority": r["priority"]}),
        }
        for r in tasks.requests(rules, 40)
    ]

    def run() -> int:
        for request in asked:
            cedarpy.is_authorized(request, policies, entities)
        return len(asked)

    return run


def transitions() -> Callable[[], int]:
    """The state machine of the transitions package, with a condition on every step."""
    from transitions import Machine

    class Item:
        amount = 5

        def at_least_0(self, *_: object) -> bool:
            return self.amount >= 0

        def at_least_1(self, *_: object) -> bool:
            return self.amount >= 1

        def at_least_2(self, *_: object) -> bool:
            return self.amount >= 2

    item = Item()
    machine = Machine(item, states=list(tasks.STATES), initial=tasks.STATES[0], auto_transitions=False)
    for step in tasks.STEPS:
        machine.add_transition(step["id"], step["from"], step["to"], conditions=f"at_least_{step['at_least']}")
    names = [step["id"] for step in tasks.STEPS]

    def run() -> int:
        for name in names:
            item.trigger(name)  # type: ignore[attr-defined]
        return len(names)

    return run


TASKS: dict[str, Callable[..., Callable[[], int]]] = {
    "cel": cel,
    "simpleeval": simpleeval,
    "datalogic": datalogic,
    "datalogic_trace": datalogic_trace,
    "cedar": cedar,
    "transitions": transitions,
}

if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    print(json.dumps(tasks.rate(TASKS[name](*map(int, numbers)))))
