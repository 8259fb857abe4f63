"""The manifest core beside its peers: expressions, access, workflows, parsing and the rest of its goals, as ratios.

    python -m tests.performance.bench_engines [--quick] [--no-peers] [--json] [--part expressions] …

Parts: expressions, access, workflows (beside peers); manifest, rules, workflow rows, sql, list filter (ours alone).
The peers (peers/requirements.txt) are installed into build/peers, an environment of their own. Ours and theirs are
measured in turns, in processor time, and the median of the ratios counts. Results and what they mean are in
docs/measurements/engines.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.performance import engine_tasks, goals
from tests.performance.measuring import Row, shown, table
from tests.performance.peers.tasks import rate

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "build" / "peers"
REQUIREMENTS = Path(__file__).parent / "peers" / "requirements.txt"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Pair:
    """Ours against a peer on one task: at least `goal` times its rate."""

    name: str
    ours: Callable[[], engine_tasks.Batch]
    peer: str
    goal: float
    size: int | None = None


EXPRESSIONS = (
    Pair("expression, beside cel-expr-python", engine_tasks.expression, "cel", 10),
    Pair("expression, beside simpleeval", engine_tasks.expression, "simpleeval", 20),
    Pair("expression, beside datalogic-py", engine_tasks.expression, "datalogic", 2),
    Pair("trace of every leaf, beside datalogic's trace", engine_tasks.expression_trace, "datalogic_trace", 40),
    Pair("explained in words, beside datalogic's trace", engine_tasks.expression_rendered, "datalogic_trace", 7),
)
ACCESS_GOALS = {100: 200.0, 1_000: 1_500.0, 10_000: 20_000.0}
WORKFLOWS = (
    Pair("workflow step, beside transitions", engine_tasks.workflow, "transitions", 15),
    Pair("workflow step with authority and trace", engine_tasks.workflow_traced, "transitions", 10),
)


@dataclass(frozen=True)
class Settings:
    """How long to measure: seconds a round, and rounds of a pair."""

    seconds: float
    rounds: int
    sizes: tuple[int, ...]
    peers: bool
    quick: bool = False


def install_peers(say: Say) -> Path | None:
    """The Python of the peers' environment, made where it is missing; None where they cannot be installed."""
    python = PEERS / "bin" / "python"
    stamp = PEERS / "installed"
    if stamp.exists() and stamp.read_text("utf-8") == REQUIREMENTS.read_text("utf-8"):
        return python
    say(f"installing the peers into {PEERS.relative_to(ROOT)}")
    shutil.rmtree(PEERS, ignore_errors=True)
    uv = Path(sys.executable).with_name("uv")
    made = subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, PEERS], check=False)
    told = subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-r", REQUIREMENTS], check=False)
    if made.returncode or told.returncode:
        say("the peers cannot be installed here: only ours are measured")
        return None
    stamp.write_text(REQUIREMENTS.read_text("utf-8"), "utf-8")
    return python


def peer_rate(python: Path, task: str, size: int | None) -> float:
    """Operations per processor second of a peer."""
    command = [str(python), "-m", "tests.performance.peers.run", task, *([str(size)] if size else [])]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return float(json.loads(told.stdout))


def beside(pair: Pair, python: Path | None, settings: Settings) -> Row:
    """One line: the ratio, or only our rate where there is no peer."""
    batch = pair.ours()
    if python is None:
        return Row(pair.name, rate(batch, settings.seconds), "/s", better="more", note="without its peer")
    ratios, ours, theirs = [], 0.0, 0.0
    for _ in range(settings.rounds):
        ours = rate(batch, settings.seconds)
        theirs = peer_rate(python, pair.peer, pair.size)
        ratios.append(ours / theirs)
    note = f"{shown(ours)} /s, peer {shown(theirs)} /s"
    return Row(pair.name, median(ratios), "×", pair.goal, "more", note)


def ratio(name: str, slow: engine_tasks.Batch, fast: engine_tasks.Batch, goal: float, settings: Settings) -> Row:
    """How many times slower `slow` is than `fast`, measured in turns."""
    found = [rate(fast, settings.seconds) / rate(slow, settings.seconds) for _ in range(settings.rounds)]
    return Row(name, median(found), "×", goal, "less")


def expressions(settings: Settings, python: Path | None) -> Iterable[Row]:
    """Expressions beside their peers, and what the budget costs."""
    for pair in EXPRESSIONS:
        yield beside(pair, python, settings)
    bare, bound = engine_tasks.expression_unbudgeted(), engine_tasks.expression()
    yield ratio("budget enforced, beside none", bound, bare, 1.2, settings)


def access(settings: Settings, python: Path | None) -> Iterable[Row]:
    """Access decisions at growing numbers of rules."""
    for size in settings.sizes:
        name = f"access, {size:,} rules, beside cedarpy"
        yield beside(
            Pair(name, partial(engine_tasks.access, size), "cedar", ACCESS_GOALS[size], size), python, settings
        )
    name = "explained access, 100 rules, beside cedarpy's plain"
    yield beside(Pair(name, partial(engine_tasks.access_explained, 100), "cedar", 100, 100), python, settings)
    few, many = engine_tasks.access(10), engine_tasks.access(max(settings.sizes))
    yield ratio(f"{max(settings.sizes):,} rules instead of 10", many, few, 2.5, settings)


def workflows(settings: Settings, python: Path | None) -> Iterable[Row]:
    """Steps of a workflow of eight states."""
    for pair in WORKFLOWS:
        yield beside(pair, python, settings)


def _alone(part: Callable[..., Iterable[Row]]) -> Callable[[Settings, Path | None], Iterable[Row]]:
    """A part that has no peer."""
    return lambda settings, _python: part(quick=settings.quick)


PARTS: dict[str, Callable[[Settings, Path | None], Iterable[Row]]] = {
    "expressions": expressions,
    "access": access,
    "workflows": workflows,
    "manifest": _alone(goals.manifest),
    "rules": _alone(goals.rules),
    "workflow rows": _alone(goals.workflow),
    "sql": _alone(goals.sql),
    "list filter": _alone(goals.lists),
}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--quick", action="store_true", help="short rounds and small sizes")
    options.add_argument("--no-peers", action="store_true", help="do not install or run other engines")
    options.add_argument("--json", action="store_true", help="print JSON")
    options.add_argument("--part", action="append", choices=PARTS, help="only this part; may be repeated")
    chosen = options.parse_args(arguments)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    settings = Settings(0.25, 5, (100, 1_000, 10_000), not chosen.no_peers)
    if chosen.quick:
        settings = Settings(0.02, 1, (100, 1_000), not chosen.no_peers, quick=True)
    python = install_peers(say) if settings.peers else None
    rows = []
    for name in chosen.part or PARTS:
        for row in PARTS[name](settings, python):
            say(f"  {row.name}: {shown(row.value)} {row.unit}  {row.note}")
            rows.append(row)
    print(json.dumps([row.data() for row in rows], indent=2) if chosen.json else table(rows))


if __name__ == "__main__":
    main()
