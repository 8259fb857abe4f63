"""The work every engine is given, as plain data: one expression, sets of access rules, one workflow. Standard library only."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

EXPRESSION = 'priority >= 3 and status == "open" and len(title) > 5 and (assignee == actor or "lead" in roles)'

ROLES = 20
ACTIONS = ("read", "update", "delete", "transition", "comment", "link", "export")
PLACES = ("ankara", "berlin", "cork", "delft")


def contexts(number: int = 200) -> list[dict[str, Any]]:
    """Facts for the expression; about a third of them make it true."""
    rng = random.Random(7)
    return [
        {
            "priority": rng.randint(2, 5),
            "status": rng.choice(("open", "open", "open", "closed")),
            "title": rng.choice(("Brake pedal travel", "Door", "Warning lamp stays on")),
            "assignee": rng.choice(("ada", "bob")),
            "actor": "ada",
            "roles": rng.choice((["lead", "viewer"], ["viewer"], ["tester", "viewer", "writer"])),
        }
        for _ in range(number)
    ]


def kinds(rules: int) -> int:
    """How many types of items a set of rules is about: as many as an organisation of that size would have."""
    return max(2, rules // 20)


def access_rules(number: int) -> list[dict[str, Any]]:
    """Rules with roles, and for half of them a condition on the actor's place and the item's priority; one in ten denies."""
    rng = random.Random(number)
    found = []
    for i in range(number):
        condition = None
        if i % 2:
            condition = {"place": rng.choice(PLACES), "priority": rng.randint(1, 4)}
        found.append(
            {
                "id": f"rule_{i}",
                "action": ACTIONS[i % len(ACTIONS)],
                "type": f"type_{rng.randrange(kinds(number))}",
                "role": f"role_{rng.randrange(ROLES)}",
                "condition": condition,
                "effect": "deny" if i % 10 == 9 else "allow",
            }
        )
    return found


def implied(role: int) -> int | None:
    """The role above: chains of four."""
    return role - 1 if role % 4 else None


def requests(rules: list[dict[str, Any]], number: int = 200) -> list[dict[str, Any]]:
    """Questions: half about what some rule is about, half about anything."""
    rng = random.Random(11)
    found = []
    for i in range(number):
        rule = rng.choice(rules)
        near = i % 2 == 0
        found.append(
            {
                "action": rule["action"] if near else rng.choice(ACTIONS),
                "type": rule["type"] if near else f"type_{rng.randrange(kinds(len(rules)))}",
                "role": rule["role"] if near else f"role_{rng.randrange(ROLES)}",
                "place": rng.choice(PLACES),
                "priority": rng.randint(1, 5),
            }
        )
    return found


STATES = ("draft", "review", "approved", "planned", "built", "tested", "verified", "rejected")
STEPS = tuple(
    {"id": f"step_{i}", "from": STATES[i], "to": STATES[(i + 1) % len(STATES)], "at_least": i % 3}
    for i in range(len(STATES))
)


def rate(run: Callable[[], int], seconds: float = 0.25, rounds: int = 5) -> float:
    """Operations per CPU second: the best of several rounds. `run` does one batch and says how many operations it held."""
    batch = run()
    started = perf_counter()
    run()
    times = max(1, int(seconds / max(perf_counter() - started, 1e-6)))
    best = 0.0
    for _ in range(rounds):
        before = process_time()
        for _ in range(times):
            run()
        best = max(best, batch * times / max(process_time() - before, 1e-9))
    return best
