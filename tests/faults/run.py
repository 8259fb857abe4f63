"""`python -m tests.faults.run [NAME …]`: break things under load and print what was lost (nothing) and doubled (nothing)."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.faults import scenarios
from tests.faults.clocks import NoCompiler
from tests.faults.load import Outcome, table
from tests.faults.running import Installation

Scenario = Callable[[], Outcome]


def on_new(scenario: Callable[[Installation], Outcome]) -> Scenario:
    """A scenario on an installation of its own."""

    def run() -> Outcome:
        installation = Installation.make()
        try:
            return scenario(installation)
        finally:
            installation.remove()

    return run


SCENARIOS: dict[str, Scenario] = {
    "database-killed": on_new(scenarios.database_killed),
    "database-hangs": on_new(scenarios.database_hangs),
    "killed-before-publishing": on_new(scenarios.server_killed_before_publishing),
    "killed-anywhere": on_new(scenarios.server_killed_anywhere),
    "clock-back": on_new(scenarios.clock_set_back),
    "disk-full": scenarios.disk_full,
}


def main(names: list[str]) -> int:
    """Run some scenarios, or all; 1 when one went wrong."""
    unknown = set(names) - set(SCENARIOS)
    if unknown:
        print(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}", file=sys.stderr)
        return 2
    outcomes = []
    for name in names or SCENARIOS:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            outcomes.append(SCENARIOS[name]())
        except (scenarios.NoDisk, NoCompiler) as error:
            print(f"  left out: {error}", file=sys.stderr)
        else:
            print(table(outcomes[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    print(table(outcomes))
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
