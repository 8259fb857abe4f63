"""What rules cost: access decisions, explained decisions, masks and list filters at ten to ten thousand rules.

``python -m tests.performance.bench_rules`` prints the table. Processor time of this process, the best of several runs.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from alm_workbench.mpc import CompiledManifest, DomainMeta, EvalContext
from alm_workbench.mpc.ast import ASTNode, ManifestAST, freeze
from alm_workbench.mpc.compile import build
from alm_workbench.mpc.engines.authorizer import Authorizer, Requester, authorizer_of
from alm_workbench.mpc.engines.row_filter import row_filter
from alm_workbench.mpc.expr.sql import Column, Sql
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
COLUMNS = {
    "self.department": Column("department", "text"),
    "self.level": Column("level", "int"),
    "self.state": Column("state", "text", nullable=False),
    "self.created_by": Column("created_by", "text"),
}
SIZES = (10, 100, 1_000, 10_000)
MOMENT = datetime(2026, 3, 1, tzinfo=UTC)

Request = tuple[Requester, str, str, dict[str, Any]]


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
        if number % 2:
            rule.pop("condition", None)
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


def plain(authorizer: Authorizer, asked: Iterable[Request]) -> int:
    """Plain decisions; how many allow."""
    allows = authorizer.allows
    return sum(allows(actor, action, kind, item) for actor, action, kind, item in asked)


def explained(authorizer: Authorizer, asked: Iterable[Request]) -> int:
    """Explained decisions, with the deciding rule and every candidate's fate; how many candidates there were."""
    decide = authorizer.decide
    return sum(len(decide(actor, action, kind, item).candidates) for actor, action, kind, item in asked)


def masked(authorizer: Authorizer, asked: Sequence[Request]) -> int:
    """Documents cut to what may be seen, fifty of a type at a time; how many may be seen at all."""
    seen = 0
    for start in range(0, len(asked), 50):
        actor, action, kind, _ = asked[start]
        apply = authorizer.mask_plan(actor, action, kind).apply
        for _, _, _, item in asked[start : start + 50]:
            seen += apply(actor, item["fields"], item) is not None
    return seen


def with_masks(authorizer: Authorizer, asked: Sequence[Request], *, constant: bool) -> list[Request]:
    """The requests again, fifty of a kind in a row, all where something is hidden: always, or depending on the item."""
    found: list[Request] = []
    for actor, action, kind, _ in asked:
        plan = authorizer.mask_plan(actor, action, kind)
        if plan.constant is constant and (plan.always or plan.maybe):
            found += [(actor, action, kind, item) for _, _, _, item in asked[:50]]
    return found[: len(asked)]


def filters(authorizer: Authorizer, asked: Iterable[Request]) -> int:
    """SQL conditions of lists, kept ones; how many need a condition at all."""
    compiled = authorizer.compiled
    return sum(
        isinstance(row_filter(compiled, actor, action, kind, COLUMNS, "duckdb"), Sql)
        for actor, action, kind, _ in asked
    )


class Work:
    """Something to do over and over, and how long the best time of it took."""

    def __init__(self, run: Callable[[], Any], times: int) -> None:
        self.run, self.times, self.best = run, times, 0.0
        run()

    def measure(self, seconds: float) -> None:
        """Do it for so much processor time at least."""
        begun, done = time.process_time(), 0
        while not done or time.process_time() - begun < seconds:
            self.run()
            done += self.times
        self.best = max(self.best, done / (time.process_time() - begun))


def works(size: int) -> dict[str, Work]:
    """What is measured at a number of rules, each done once already."""
    authorizer = authorizer_of(manifest(size))
    asked = requests(authorizer)
    given: dict[str, tuple[Callable[[Authorizer, Any], int], list[Request]]] = {
        "plain": (plain, asked),
        "explained": (explained, asked),
        "filters": (filters, asked),
        "masked": (masked, with_masks(authorizer, asked, constant=True)),
        "masked by item": (masked, with_masks(authorizer, asked, constant=False)),
    }
    return {name: Work(partial(run, authorizer, some), len(some)) for name, (run, some) in given.items() if some}


def rates(sizes: Iterable[int], seconds: float, rounds: int = 9) -> dict[int, dict[str, float]]:
    """How often a processor second, by size and work. All take turns, so that a busy machine slows all of them alike."""
    made = {size: works(size) for size in sizes}
    for _ in range(rounds):
        for by_name in made.values():
            for work in by_name.values():
                work.measure(seconds / rounds)
    return {size: {name: work.best for name, work in by_name.items()} for size, by_name in made.items()}


def rows(sizes: Iterable[int] = SIZES, seconds: float = 0.5) -> list[Row]:
    """The lines of the table."""
    found = rates(sizes, seconds)
    lines = [
        Row(f"access decision, {size:,} rules", rate["plain"], "/s", 0.9e6 if size >= 100 else None, "more")
        for size, rate in found.items()
    ]
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
    for name, title in (("masked", "always hidden"), ("masked by item", "hidden by some items")):
        lines += [
            Row(f"mask, {title}, {size:,} rules", rate[name], "documents/s", 0.9e6, "more", "8 fields, 50 of a type")
            for size, rate in found.items()
            if name in rate
        ]
    lines += [
        Row(f"list filter as SQL, {size:,} rules", 1e6 / rate["filters"], "µs", 50, note="rules folded, actor known")
        for size, rate in found.items()
    ]
    first, last = min(found), max(found)
    ratio = found[first]["plain"] / found[last]["plain"]
    lines.append(Row(f"{last:,} rules instead of {first:,}", ratio, "times slower", 2.5))
    return lines


if __name__ == "__main__":
    sys.stdout.write(table(rows()) + "\n")
