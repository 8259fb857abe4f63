"""Texts made to hurt the readers of manifests: how long each holds them up, and what they say.

``python tests/performance/hostile.py`` prints a table and fails if a text takes longer than its bound or is answered by
anything but findings.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from alm_workbench.mpc import MPCError
from alm_workbench.mpc.formatting import format_manifest
from alm_workbench.mpc.parse import LIMITS, ParseLimits, read

MEGABYTE = 1_000_000
# A part of the full size, for a quick run.
SCALE = float(os.environ.get("ALM_HOSTILE_SCALE", "1"))


def n(count: int) -> int:
    """A count at the scale of this run."""
    return max(1, int(count * SCALE))


@dataclass(frozen=True)
class Attack:
    """A text, its language, and how many seconds reading and formatting it may take."""

    name: str
    format: str
    make: Callable[[], str]
    bound: float = 5.0
    limits: ParseLimits = LIMITS


@dataclass(frozen=True)
class Outcome:
    """What reading a text came to."""

    attack: Attack
    size: int
    seconds: float
    findings: tuple[str, ...]
    error: str = ""

    @property
    def ok(self) -> bool:
        """Within its bound, and no exception."""
        return not self.error and self.seconds <= self.attack.bound


def _aliases(width: int, depth: int) -> str:
    lines = [f"a0: &a0 [{', '.join('x' * width)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, depth)]
    return "\n".join(lines)


def _wide_object(count: int) -> str:
    return "def P a { x: {" + ", ".join(f"k{n}: {n}" for n in range(count)) + "} }"


ATTACKS = (
    Attack("brackets", "dsl", lambda: "def P a { x: " + "[" * n(100_000)),
    Attack("brackets closed", "dsl", lambda: "def P a { x: " + "[" * n(100_000) + "]" * n(100_000) + "}"),
    Attack("brackets that do not fit", "dsl", lambda: "def P a { x: " + "{" * n(50_000) + "]" * n(50_000)),
    Attack("brackets in turns", "dsl", lambda: "def P a { x: " + "{[" * n(50_000) + "}]" * n(50_000)),
    Attack("nested definitions", "dsl", lambda: "def P a { " * n(50_000) + "}" * n(50_000)),
    Attack("closing brackets", "dsl", lambda: "def P a {}" + "}" * n(100_000)),
    Attack("unclosed blocks", "dsl", lambda: "def P a {\n" * n(100_000)),
    Attack("quotes", "dsl", lambda: "def P a {\n" + '"\n' * n(200_000) + "}"),
    Attack("escaped quotes", "dsl", lambda: "def P a {\n" + '\\"\n' * n(300_000)),
    Attack("quotes never closed", "dsl", lambda: ';def P a {\n\\"\n}\n' * n(100_000)),
    Attack("quotes before def", "dsl", lambda: 'def P a { x: "\n' * n(60_000)),
    Attack("triple quotes", "dsl", lambda: 'def P a { x: """\n"' * n(60_000)),
    Attack("comments never closed", "dsl", lambda: "/*\n" * n(300_000)),
    Attack("stars", "dsl", lambda: "/*" + "*" * n(MEGABYTE)),
    Attack("slashes", "dsl", lambda: "def P a {" + "/ " * n(300_000) + "}"),
    Attack("junk words", "dsl", lambda: "word " * n(200_000)),
    Attack("white space", "dsl", lambda: " " * n(4 * MEGABYTE)),
    Attack("white space in a block", "dsl", lambda: "def P a {" + " \n" * n(MEGABYTE) + "= }"),
    Attack("many definitions", "dsl", lambda: "def P a {}\n" * n(100_000), 30),
    Attack("one definition over and over", "dsl", lambda: "def P a { x: 1 y: z }\n" * n(5_000), 30),
    Attack("broken definitions", "dsl", lambda: "".join(f"def P a{n} {{ = }}\n" for n in range(n(2_000))), 30),
    Attack("long list", "dsl", lambda: "def P a { x: [" + "1, " * n(200_000) + "] }", 30),
    Attack("long list of lists", "dsl", lambda: "def P a { x: [" + "[1], " * n(100_000) + "] }", 30),
    Attack("wide object", "dsl", lambda: _wide_object(n(100_000)), 30),
    Attack("one key over and over", "dsl", lambda: "def P a { " + "x: 1 " * n(50_000) + "}", 30),
    Attack("huge number", "dsl", lambda: "def P a { x: " + "9" * n(MEGABYTE) + " }"),
    Attack("huge exponent", "dsl", lambda: "def P a { x: 1e" + "9" * n(MEGABYTE) + " }"),
    Attack("huge text", "dsl", lambda: 'def P a { x: "' + "a" * n(4 * MEGABYTE) + '" }'),
    Attack("huge text over lines", "dsl", lambda: 'def P a { x: """' + " a\n" * n(MEGABYTE) + '""" }', 30),
    Attack("escapes", "dsl", lambda: 'def P a { x: "' + "\\u0041" * n(200_000) + '" }', 30),
    Attack("bad escapes", "dsl", lambda: 'def P a { x: "' + "\\q" * n(20_000) + '" }', 30),
    Attack("NUL", "dsl", lambda: "def P a { x: " + "\0" * n(MEGABYTE) + "}"),
    Attack("half a surrogate pair", "dsl", lambda: 'def P a { x: "\ud800" }'),
    Attack("too large", "dsl", lambda: "x" * (6 * MEGABYTE)),
    Attack("directives", "dsl", lambda: '@name "a"\n' * n(50_000), 30),
    Attack("aliases", "yaml", lambda: _aliases(10, 30)),
    Attack(
        "aliases of aliases", "yaml", lambda: "\n".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 50))
    ),
    Attack("brackets", "yaml", lambda: "defs: " + "[" * n(100_000)),
    Attack("dashes", "yaml", lambda: "- " * n(100_000) + "x"),
    Attack("deepening keys", "yaml", lambda: "\n".join(" " * n + "a:" for n in range(n(1_500)))),
    Attack("many values", "yaml", lambda: "defs: [" + "1, " * n(500_000) + "]", 30),
    Attack("fewer values allowed", "yaml", lambda: "[" + "1, " * n(500_000) + "]", 3, ParseLimits(max_values=1_000)),
    Attack("anchors", "yaml", lambda: "\n".join(f"a{n}: &a{n} x" for n in range(n(30_000))), 30),
    Attack("huge number", "yaml", lambda: "schemaVersion: " + "9" * n(MEGABYTE)),
    Attack("huge hexadecimal", "yaml", lambda: "schemaVersion: 0x" + "f" * n(MEGABYTE)),
    Attack("huge text", "yaml", lambda: "name: '" + "a" * n(4 * MEGABYTE) + "'"),
    Attack("NUL", "yaml", lambda: "name: \0"),
    Attack("half a surrogate pair", "yaml", lambda: "name: \ud800"),
    Attack("tabs", "yaml", lambda: "\t" * n(100_000)),
    Attack("brackets", "json", lambda: '{"defs":' + "[" * n(100_000)),
    Attack("nested objects", "json", lambda: '{"a":' * n(100_000)),
    Attack("long list", "json", lambda: '{"defs":[' + "1," * n(300_000) + "1]}", 30),
    Attack("huge number", "json", lambda: '{"schemaVersion":' + "9" * n(MEGABYTE) + "}"),
    Attack("huge exponent", "json", lambda: '{"schemaVersion":1e' + "9" * n(MEGABYTE) + "}"),
    Attack("huge text", "json", lambda: '{"name":"' + "a" * n(4 * MEGABYTE) + '"}'),
    Attack("text never closed", "json", lambda: '{"name":"' + '\\"' * n(MEGABYTE)),
    Attack("one key over and over", "json", lambda: "{" + '"name":"a",' * n(50_000) + '"name":"b"}', 30),
    Attack("NUL", "json", lambda: '{"name":"\0"}'),
    Attack("half a surrogate pair", "json", lambda: '{"name":"\\ud800"}'),
)


def run(attack: Attack) -> Outcome:
    """Read one text, and format it if it can be read."""
    text = attack.make()
    begin = time.perf_counter()
    try:
        result = read(text, format=attack.format, limits=attack.limits)
        if not result.diagnostics:
            format_manifest(text, format=attack.format)
    except MPCError as error:
        return Outcome(attack, len(text), time.perf_counter() - begin, (error.code,))
    except Exception as error:
        return Outcome(attack, len(text), time.perf_counter() - begin, (), f"{type(error).__name__}: {error}"[:60])
    codes = sorted({found.code for found in result.diagnostics})
    return Outcome(attack, len(text), time.perf_counter() - begin, tuple(codes))


def outcomes() -> Iterator[Outcome]:
    """Each attack in turn."""
    return map(run, ATTACKS)


def main() -> int:
    """Print the table; 1 if a bound was broken."""
    print(f"{'':5}{'text':32}{'characters':>11}{'seconds':>9}{'bound':>7}  findings")
    failed = 0
    for found in outcomes():
        failed += not found.ok
        mark = "" if found.ok else "  <- too slow" if not found.error else "  <- " + found.error
        print(
            f"{found.attack.format:5}{found.attack.name:32}{found.size:>11,}{found.seconds:>9.2f}"
            f"{found.attack.bound:>7.0f}  {', '.join(found.findings) or 'none'}{mark}",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
