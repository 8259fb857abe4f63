"""What rules cost: access decisions, explained decisions, masks and list filters at ten to ten thousand rules.

``python -m tests.performance.bench_rules`` prints the table. Processor time of this process, the best of several runs.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from alm_workbench.mpc import CompiledManifest, DomainMeta, EvalContext
from alm_workbench.mpc.ast import ASTNode, ManifestAST, freeze
from alm_workbench.mpc.compile import build
from alm_workbench.mpc.engines.authorizer import Actor, Authorizer
from tests.performance.measuring import Row, table

ROLES = ("guest", "viewer", "member", "engineer", "reviewer", "manager", "admin", "owner")
ACTIONS = ("read", "update", "delete", "transition")
DEPARTMENTS = ("brakes", "steering", "power", "body")
STATES = ("draft", "open", "review", "done")
CONDITIONS = (
    None,
    "self.department == actor.attributes.department",
    "self.level <= actor.attributes.clearance",
    "self.state == 'draft' and self.created_by == actor.id",
    "self.state in ['open', 'review'] or self.level > 7",
)
SIZES = (10, 100, 1_000, 10_000)
MOMENT = datetime(2026, 3, 1, tzinfo=UTC)

Request = tuple[Actor, str, str, dict[str, Any]]


def manifest(count: int, seed: int = 7) -> CompiledManifest:
    """A process with so many access rules over types in proportion, a chain of roles, and conditions on four of five."""
    rng = random.Random(seed)
    types = [f"type{n}" for n in range(max(1, count // 20))]
    nodes = [
        ASTNode("Role", role, None, freeze({"implies": list(ROLES[n - 1 : n])} if n else {}))
        for n, role in enumerate(ROLES)
    ]
    nodes += [ASTNode("ACL", f"rule{n}", None, freeze(_rule(rng, types, n))) for n in range(count)]
    meta = DomainMeta.load({"kinds": [{"name": "Role"}, {"name": "ACL"}]})
    return build(ManifestAST(2, "bench", "rules", "1.0.0", tuple(nodes)), meta)


def _rule(rng: random.Random, types: list[str], number: int) -> dict[str, Any]:
    deny = number % 7 == 0
    rule: dict[str, Any] = {
        "action": ACTIONS[number % len(ACTIONS)],
        "resource": types[number // len(ACTIONS) % len(types)],
        "roles": [rng.choice(ROLES[:5])] if deny else [rng.choice(ROLES[2:])],
        "effect": "deny" if deny else "allow",
        "priority": rng.choice((0, 0, 10)),
    }
    condition = rng.choice(CONDITIONS[1:] if deny else CONDITIONS)
    if condition:
        rule["condition"] = condition
    if not deny and number % 3 == 0:
        rule["mask"] = ["cost", "note"]
    return rule


def requests(authorizer: Authorizer, count: int = 2_000, seed: int = 11) -> list[Request]:
    """Decisions to take: actors made once for a request, each asking about another item."""
    rng = random.Random(seed)
    types = sorted({resource for rule in authorizer.compiled.acl for resource in rule.resources})
    actors = [authorizer.actor(_context(rng, number)) for number in range(24)]
    return [(rng.choice(actors), rng.choice(ACTIONS), rng.choice(types), _item(rng)) for _ in range(count)]


def _context(rng: random.Random, number: int) -> EvalContext:
    attributes = {"department": rng.choice(DEPARTMENTS), "clearance": rng.randrange(10)}
    actor = {"id": f"u{number}", "roles": [ROLES[number % len(ROLES)]], "attributes": attributes}
    return EvalContext({}, actor, {"name": "read"}, {"id": "p"}, MOMENT)


def _item(rng: random.Random) -> dict[str, Any]:
    return {
        "department": rng.choice(DEPARTMENTS),
        "level": rng.randrange(10),
        "state": rng.choice(STATES),
        "created_by": f"u{rng.randrange(24)}",
        "fields": {name: name for name in ("text", "cost", "note", "owner", "asil", "unit", "size", "source")},
    }


def per_second(work: Callable[[], Any], times: int, *, seconds: float = 0.25, runs: int = 5) -> float:
    """How often per processor second `work` does its thing, of which one call does `times`; the best run counts."""
    best = 0.0
    for _ in range(runs):
        begun, done = time.process_time(), 0
        while (spent := time.process_time() - begun) < seconds / runs or not done:
            work()
            done += times
        best = max(best, done / (time.process_time() - begun))
        del spent
    return best


def plain(authorizer: Authorizer, asked: Iterable[Request]) -> int:
    """Plain decisions; how many allow."""
    allows = authorizer.allows
    return sum(allows(actor, action, kind, item) for actor, action, kind, item in asked)


def explained(authorizer: Authorizer, asked: Iterable[Request]) -> int:
    """Explained decisions, with the deciding rule and every candidate's fate; how many candidates there were."""
    decide = authorizer.decide
    return sum(len(decide(actor, action, kind, item).candidates) for actor, action, kind, item in asked)


def masked(authorizer: Authorizer, asked: Iterable[Request]) -> int:
    """Documents cut to what may be seen; how many may be seen at all."""
    plan = authorizer.mask_plan
    return sum(
        plan(actor, action, kind).apply(actor, item["fields"], item) is not None for actor, action, kind, item in asked
    )


def rates(size: int, seconds: float = 0.25) -> dict[str, float]:
    """Plain, explained and masking rates at a number of rules, each after one warm round."""
    authorizer = Authorizer(manifest(size))
    asked = requests(authorizer)
    works = {"plain": plain, "explained": explained, "masked": masked}
    for work in works.values():
        work(authorizer, asked)
    return {
        name: per_second(lambda work=work: work(authorizer, asked), len(asked), seconds=seconds)  # type: ignore[misc]
        for name, work in works.items()
    }


def rows(sizes: Iterable[int] = SIZES, seconds: float = 0.25) -> list[Row]:
    """The lines of the table."""
    found = {size: rates(size, seconds) for size in sizes}
    lines = []
    for size, rate in found.items():
        goal = 0.9e6 if size >= 100 else None
        lines.append(Row(f"access decision, {size:,} rules", rate["plain"], "/s", goal, "more"))
    lines += [
        Row(
            f"explained decision, {size:,} rules",
            rate["explained"],
            "/s",
            450e3 if size == 100 else None,
            "more",
            "deciding rule, every candidate's fate",
        )
        for size, rate in found.items()
    ]
    lines += [
        Row(f"mask on a document, {size:,} rules", rate["masked"], "/s", 0.9e6, "more", "8 fields")
        for size, rate in found.items()
    ]
    first, last = min(found), max(found)
    ratio = found[first]["plain"] / found[last]["plain"]
    lines.append(Row(f"{last:,} rules instead of {first:,}", ratio, "times slower", 2.5))
    return lines


if __name__ == "__main__":
    sys.stdout.write(table(rows()) + "\n")
