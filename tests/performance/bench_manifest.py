"""What reading, checking, editing, compiling and opening a manifest cost, in processor time and as ratios.

    python tests/performance/bench_manifest.py [--definitions 1000] [--guards 10000] [--rules 10000] [--json]

Times are the best of several runs in one process, so they do not depend on what else the machine does; ratios compare
two times of the same run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from alm_workbench.mpc import CompiledManifest, DomainMeta, Session, check, freeze, load_domain_meta
from alm_workbench.mpc.analysis import RuleFacts, analyse, facts_of
from alm_workbench.mpc.compile import build
from alm_workbench.mpc.language_service import check_payload
from alm_workbench.mpc.parse import read
from alm_workbench.mpc.validate import validate
from tests.performance.measuring import Row, table

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
HEAD = '@schema 2\n@namespace "bench"\n@name "big"\n@version "1.0.0"\n'
ROLE = 'def Role viewer { privileges: ["artifact:read"] }\n'
_FRESH = iter(range(10**9))


def vocabulary() -> DomainMeta:
    """The one that ships."""
    return load_domain_meta((ROOT / "alm_meta" / "domain_meta.yaml").read_text("utf-8"))


def workflow(number: int, steps: int, mark: int) -> str:
    """A line of states with a guard on each step; no two guards of a text are the same."""
    category = ["todo"] * steps + ["done"]
    states = ", ".join(
        f'{{id: "s{n}", category: "{word}", labels: {{tr: "Durum {n}"}}}}' for n, word in enumerate(category)
    )
    moves = ",\n    ".join(
        f'{{id: "t{n}", from: "s{n}", to: "s{n + 1}", guard: "len(self.title) > {n} and self.fields.f0 != \'{mark}.{number}.{n}\'"}}'
        for n in range(steps)
    )
    head = f'def Workflow w{number} "Flow {number}" {{\n  initial: "s0"\n  states: [{states}]\n'
    return f"{head}  transitions: [\n    {moves}\n  ]\n}}\n"


def item_type(number: int, fields: int) -> str:
    """A type that lives by the workflow of its number."""
    made = "\n  ".join(
        f'def FieldDef f{n} "Field {n}" {{ type: "string" labels: {{tr: "Alan {n}"}} max_length: 200 visible_when: "self.state != \'s1\'" }}'
        for n in range(fields)
    )
    return f'def ArtifactType t{number} "Type {number}" {{\n  workflow: "w{number}"\n  key_prefix: "T{number}"\n  {made}\n}}\n'


def policy(number: int, types: int, mark: int) -> str:
    """A rule about one type."""
    return (
        f'def Policy p{number} "Policy {number}" {{\n  events: ["transition", "update"]\n  applies_to: ["t{number % types}"]\n'
        f"  when: \"self.fields.f1 == '{mark}.{number}' and openTaskCount(self) == 0 or len(self.title) < 3\"\n"
        f'  effect: "deny"\n  message: {{en: "No {number}", tr: "Hayır {number}"}}\n}}\n'
    )


def process(definitions: int) -> str:
    """A process of so many definitions, a tenth of them workflows, a tenth types, the others rules.

    Every call makes other expressions, so that nothing an earlier one left in a cache helps.
    """
    mark, tenth = next(_FRESH), max(1, definitions // 10)
    parts = [HEAD, ROLE]
    for number in range(tenth):
        parts += [workflow(number, 5, mark), item_type(number, 6)]
    parts += [policy(number, tenth, mark) for number in range(definitions - 2 * tenth - 1)]
    return "\n".join(parts)


def guarded(guards: int) -> str:
    """A process of so many guards, ten in a workflow."""
    mark = next(_FRESH)
    return "\n".join([HEAD, ROLE, *(workflow(n, 10, mark) + item_type(n, 1) for n in range(guards // 10))])


def rules(count: int) -> list[RuleFacts | None]:
    """Half access rules, half policies, among them some that shadow others."""
    mark, found = next(_FRESH), []
    for n in range(count // 2):
        access = {"action": ["read", "update"], "resource": f"t{n % 97}", "roles": [f"r{n % 89}"], "priority": n % 5}
        event = {"events": ["update"], "applies_to": [f"t{n % 97}"], "when": f"self.fields.f{n} == '{mark}'"}
        found += [facts_of("ACL", f"a{n}", freeze(access)), facts_of("Policy", f"p{n}", freeze(event))]
    return found


def unconditional(count: int) -> list[RuleFacts | None]:
    """Access rules without conditions, about a seventh of which is covered by others."""
    return [
        facts_of(
            "ACL",
            f"a{n}",
            freeze(
                {"action": ["read", "update"], "resource": f"t{n % 97}", "roles": [f"r{n % 89}"], "priority": n % 5}
            ),
        )
        for n in range(count)
    ]


def repeated(count: int) -> list[RuleFacts | None]:
    """Access rules of which each but the first is covered by another."""
    said = {"action": "read", "resource": "t", "roles": ["r"]}
    return [facts_of("ACL", f"a{n}", freeze({**said, "priority": n % 7})) for n in range(count)]


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of processor time, and what the work gave."""
    before = time.process_time()
    made = work()
    return time.process_time() - before, made


def best(work: Callable[[], object], times: int = 5) -> float:
    """The least seconds of several runs."""
    return min(timed(work)[0] for _ in range(times))


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the manifests are."""

    definitions: int = 1_000
    guards: int = 10_000
    rules: int = 10_000


def rows(sizes: Sizes = Sizes()) -> list[Row]:
    """All results."""
    meta = vocabulary()
    assert check(process(20), meta).compiled is not None  # loads what loads on first use
    return [*_reading(meta, sizes), *_editing(meta, sizes), *_opening(meta, sizes), *_analysing(sizes)]


def _reading(meta: DomainMeta, sizes: Sizes) -> Iterator[Row]:
    what = f"{sizes.definitions:,} definitions"
    reading = checking = compiling = float("inf")
    for _ in range(3):
        text = process(sizes.definitions)
        seconds, result = timed(lambda text=text: read(text))  # type: ignore[misc]
        reading = min(reading, seconds)
        seconds, _found = timed(lambda ast=result.ast: validate(ast, meta))  # type: ignore[misc]
        checking = min(checking, seconds)
        seconds, _made = timed(lambda ast=result.ast: build(ast, meta))  # type: ignore[misc]
        compiling = min(compiling, seconds)
    per = sizes.definitions / 1e6
    yield Row(f"Read {what}", reading * 1e3, "ms", note=f"{reading / per:.0f} µs each, new text")
    yield Row(f"Check {what}", checking * 1e3, "ms", note=f"{checking / per:.0f} µs each, expressions not seen before")
    yield Row(f"Compile {what}", compiling * 1e3, "ms", note=f"{compiling / per:.0f} µs each")


# What is written where, and what instead; definitions after an edit move, so one at the top costs most.
_EDITS = {
    "a rule's text": ("'{mark}.300'", "'x{n}'"),
    "a rule's name": ('"Policy 300"', '"Rule {n}"'),
    "a guard": ("'{mark}.50.2'", "'y{n}'"),
    "a field's type": ('"Type 50" {{', '"Type 50" {{ def FieldDef g{n} {{ type: "{odd}" }}'),
    "a mistake": ("self.fields.f1 == '{mark}.301'", "self.fields.ff{n} == '{mark}.301'"),
    "the first workflow": ("'{mark}.0.2'", "'z{n}'"),
}


def _editing(meta: DomainMeta, sizes: Sizes) -> Iterator[Row]:
    full, text = float("inf"), ""
    for _ in range(3):
        text = process(sizes.definitions)
        mark = next(_FRESH) - 1
        seconds, _result = timed(lambda text=text: check_payload(text, check(text, meta)))  # type: ignore[misc]
        full = min(full, seconds)
    session = Session(meta)
    session.check(text)
    worst = 0.0
    for name, (old, new) in _EDITS.items():
        times = []
        for n in range(6):
            odd = ("int", "text")[n % 2]
            changed = text.replace(old.format(mark=mark), new.format(mark=mark, n=n, odd=odd), 1)
            times.append(timed(lambda changed=changed: check_payload(changed, session.check(changed)))[0])  # type: ignore[misc]
        once = min(times)
        worst = max(worst, once)
        note = f"1/{full / once:.0f} of reading and checking all, {session.rechecked} looked at"
        yield Row(f"Edit {name} among {sizes.definitions:,}", once * 1e3, "ms", 15, note=note)
    yield Row(
        "Everything against the dearest edit",
        full / worst,
        "times",
        50,
        "more",
        note=f"everything: {full * 1e3:.0f} ms",
    )


def _opening(meta: DomainMeta, sizes: Sizes) -> Iterator[Row]:
    text = guarded(sizes.guards)
    making, compiled = timed(lambda: check(text, meta).compiled)
    assert compiled is not None
    stored = compiled.to_bytes()
    opening = best(lambda: CompiledManifest.from_bytes(stored))
    using = best(lambda: CompiledManifest.from_bytes(stored).workflow_of("t5"))
    data = json.dumps(compiled.to_data())
    decoding = best(lambda: CompiledManifest.from_data(json.loads(data)), 2)
    note = f"{len(stored) / 1e6:.1f} MB; from JSON {decoding * 1e3:.0f} ms; anew {making * 1e3:.0f} ms"
    yield Row(f"Open {sizes.guards:,} stored guards", opening * 1e3, "ms", note=note)
    yield Row("Open them and read one workflow", using * 1e3, "ms")
    yield Row("Making them against opening them", making / using, "times", 50, "more")


def _analysing(sizes: Sizes) -> Iterator[Row]:
    kinds = {"rules": rules(sizes.rules), "rules without conditions": unconditional(sizes.rules),
             "rules that say the same": repeated(sizes.rules)}  # fmt: skip
    for name, facts in kinds.items():
        found = analyse(facts)
        seconds = best(lambda facts=facts: analyse(facts))  # type: ignore[misc]
        yield Row(f"Compare {sizes.rules:,} {name}", seconds * 1e3, "ms", 50, note=f"{len(found)} findings")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name in ("definitions", "guards", "rules"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Sizes(), name))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = rows(Sizes(chosen.definitions, chosen.guards, chosen.rules))
    print(json.dumps([row.data() for row in found], indent=2) if chosen.json else table(found))


if __name__ == "__main__":
    main()
