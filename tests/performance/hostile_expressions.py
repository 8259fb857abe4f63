"""Expressions made to hurt: how long each takes before it is answered or refused.

    python -m tests.performance.hostile_expressions [--json]

Every case goes all the way: parsing, checking, compiling, deciding, explaining, evaluating with budgets. Times are
processor seconds; a case over its bound makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from alm_workbench.mpc import DomainMeta, MPCError
from alm_workbench.mpc.expr.compiled import compile_expression
from alm_workbench.mpc.expr.evaluate import Limits, evaluate

META = DomainMeta()
LIMITS = Limits(max_time_ms=200)
MEGABYTE = "a" * 1_000_000


@dataclass(frozen=True)
class Hostile:
    """One expression with the values it is tried on, and the most it may take."""

    name: str
    source: Any
    names: dict[str, Any]
    seconds: float = 1.0


@dataclass(frozen=True)
class Took:
    """What a case took and how it ended."""

    name: str
    seconds: float
    bound: float
    ended: str


def deep(operator: str, levels: int) -> Any:
    """A JSON form that is nested that deep."""
    tree: Any = {"ref": "x"}
    for _ in range(levels):
        tree = {operator: tree}
    return tree


def cases() -> Iterator[Hostile]:
    """Patterns, depth, size, growth, huge numbers and lists."""
    bombs = (
        "(a+)+$",
        "(a|a)*$",
        "(a|aa)+$",
        "(.*a){20}$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(x+x+)+y",
        "((a{0,50}){0,20})$",
    )
    for pattern in bombs:
        yield Hostile(f"pattern {pattern}", f"t matches '{pattern}'", {"t": MEGABYTE[:100_000] + "!"})
    yield Hostile("pattern of a megabyte", "t matches p", {"t": "x", "p": MEGABYTE})
    yield Hostile("counted repetition", "t matches '((a{1,1000}){1,1000}){1,1000}'", {"t": "a"})
    yield Hostile("forty patterns", " or ".join([f"t matches '{n}z+$'" for n in range(40)]), {"t": MEGABYTE[:10_000]})
    yield Hostile("text beyond its limit", "t matches 'b'", {"t": MEGABYTE * 3})
    yield Hostile("sum of 2,000 terms", " + ".join(["1"] * 2_000), {})
    yield Hostile("sum of 1,000 terms", "+".join(["1"] * 1_000), {})
    yield Hostile("2,000 brackets", "(" * 2_000 + "1" + ")" * 2_000, {})
    yield Hostile("1,000 nots", "not " * 1_000 + "x", {"x": True})
    yield Hostile("nested lists", "[" * 2_000, {})
    yield Hostile("nested conditionals", "1 if x else " * 300 + "2", {"x": False})
    yield Hostile("JSON form nested 100,000 deep", deep("not", 100_000), {"x": True})
    yield Hostile("JSON form nested 150 deep", deep("not", 150), {"x": True})
    yield Hostile("a wide JSON form", {"list": [{"lit": n} for n in range(100_000)]}, {})
    yield Hostile("10,000 names", {"fn": "concat", "args": [{"ref": f"n{i}"} for i in range(10_000)]}, {})
    yield Hostile("doubling text", "concat(" + ", ".join(["t"] * 60) + ")", {"t": MEGABYTE[:100_000]})
    yield Hostile("text times number", "t * 100000000", {"t": "x"})
    yield Hostile("product of huge numbers", " * ".join(["n"] * 40), {"n": 10**4_000})
    yield Hostile("huge number shown", "n > 1", {"n": 10**100_000})
    yield Hostile("list of a million", "x in l", {"x": "no", "l": ["a"] * 1_000_000})
    yield Hostile("lists in lists", "x in l", {"x": [1] * 1_000, "l": [[1] * 999 + [2]] * 5_000})
    yield Hostile("strange letters", "'" + "\u0130\ufdfa" * 2_000 + "' == lower(t)", {"t": "\u0130" * 300_000})
    yield Hostile("unclosed quote", "'" + "\\" * 4_000, {})
    yield Hostile("spaces", "a" + " " * 4_090 + ".b", {})
    yield Hostile("a name of 4,000 letters", "a" * 4_000 + " > 1", {})


def way(make: Callable[[], Any]) -> str:
    """How a call ended."""
    try:
        found = make()
    except MPCError as error:
        return error.code
    text = repr(found)
    return text if len(text) < 40 else f"a value of {len(text)} characters"


def measure(case: Hostile) -> Took:
    """All the ways an expression is used, one after the other."""

    def compiled() -> Any:
        found = compile_expression(case.source, META)
        outcome = found.decide(case.names)
        str(found.explain(case.names))
        compile_expression(case.source, META, strict=False, condition=True).decide(case.names)
        return outcome

    before = time.process_time()
    ends = [way(compiled), way(lambda: evaluate(case.source, META, case.names, limits=LIMITS).value)]
    return Took(case.name, time.process_time() - before, case.seconds, " / ".join(ends))


def main() -> int:
    """Print what every case took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    evaluate("regex('a', 'a')", META)  # loading libraries is not what is measured
    found = [measure(case) for case in cases()]
    if asked.json:
        print(json.dumps([asdict(took) for took in found], indent=2))
    else:
        for took in found:
            late = "  TOO LONG" if took.seconds > took.bound else ""
            print(f"{took.seconds * 1000:8.1f} ms  {took.name:45} {took.ended}{late}")
    return int(any(took.seconds > took.bound for took in found))


if __name__ == "__main__":
    raise SystemExit(main())
