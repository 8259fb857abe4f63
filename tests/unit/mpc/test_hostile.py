"""Documents made to hurt: every check stays within a small bound of time and stack."""

from __future__ import annotations

import time

import pytest

from alm_workbench.mpc import DomainMeta, check

FLOW = 'def Workflow w { initial: "a" states: ["a"] transitions: [] }\n'
N = 1500


def chain(step: int) -> str:
    return FLOW + "".join(f'def Role r{i} {{ extends: "r{(i + step) % N}" }}\n' for i in range(N))


@pytest.mark.parametrize(
    "text",
    [
        chain(1),
        FLOW + "".join(f'def ArtifactType t{i} {{ workflow: "w" extends: "t{i + 1}" }}\n' for i in range(N)),
        FLOW + "".join(f'def ArtifactType t{i} {{ workflow: "x{i}" }}\n' for i in range(N)),
        'def Workflow w { initial: "s0" states: [' + ",".join(f'"s{i}"' for i in range(N)) + "] transitions: ["
        + ",".join(f'{{from: "s{i}", to: "q{i}"}}' for i in range(N)) + "]}",
        FLOW + 'def ArtifactType t { workflow: "w" '
        + "".join(f'def FieldDef f{i} {{ type: "int" visible_when: "self.fields.g{i} > 1" }}' for i in range(N // 3)) + "}",
        'def Policy p { events: ["update"] when: "' + "1 + " * 900 + '1 > 2" }',
        'def Policy p { events: ["update"] when: "' + "(" * 1500 + '" }',
    ],
    ids=["extends-circle", "extends-chain", "dangling", "states", "names", "sum", "brackets"],
)  # fmt: skip
def test_time_stays_bounded(meta: DomainMeta, text: str) -> None:
    """No quadratic walk, no recursion error; there is something to report. What grows with the square takes minutes."""
    before = time.process_time()
    result = check(text, meta)
    assert result.diagnostics
    assert time.process_time() - before < 60
