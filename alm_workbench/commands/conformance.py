"""``alm conformance``: run fixtures of the contract against this core."""

from __future__ import annotations

from pathlib import Path

import click

from alm_workbench.commands.common import json_option, say, show
from alm_workbench.errors import ConfigurationError
from alm_workbench.mpc.conformance import CaseResult
from alm_workbench.testing.conformance import ConformanceRunner, Report, UnknownCategory

DIFFERENCES_SHOWN = 20
DIRECTORY = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("directory", type=DIRECTORY)
@click.option("--presets", type=DIRECTORY, help="Where presets lie (default: beside the fixtures, else our own).")
@click.option(
    "--schemas", type=DIRECTORY, help="Where contract schemas lie (default: beside the fixtures, else our own)."
)
@click.option("--category", help="Run this category only.")
@json_option
def conformance(
    directory: Path, presets: Path | None, schemas: Path | None, category: str | None, as_json: bool
) -> int:
    """Run the fixtures DIRECTORY/<category>/<name>/{input,meta,expected}.json.

    Exit code 1 on a failure, an unknown category or an empty directory, 2 on a missing one.
    """
    from alm_workbench.server.light import defer_iri_grammars

    defer_iri_grammars()
    for place in (directory, presets, schemas):
        if place is not None and not place.is_dir():
            raise ConfigurationError(f"{place}: is not a directory")
    report, complaint = _run(ConformanceRunner(directory, presets, schemas), category)
    show(report.to_dict(), as_json, lambda: _lines(report))
    if complaint:
        say(f"alm: {complaint}")
    return 1 if complaint or report.failed else 0


def _run(runner: ConformanceRunner, category: str | None) -> tuple[Report, str]:
    """The results, and what is wrong when there are none."""
    if category is None:
        report = runner.run_all()
        hint = "; did you mean its subdirectory `fixtures`?" if (runner.root / "fixtures").is_dir() else ""
        return report, "" if report.results else f"there are no fixtures in {runner.root}{hint}"
    try:
        return runner.run_category(category), ""
    except UnknownCategory as problem:
        return Report(), str(problem)


def _lines(report: Report) -> list[str]:
    found = [line for result in report for line in _result_lines(result)]
    return [*found, f"{report.passed} passed, {report.failed} failed"] if report.results else []


def _result_lines(result: CaseResult) -> list[str]:
    if result.passed:
        return [f"PASS {result.fixture}"]
    details = [*([result.error] if result.error else []), *result.violations]
    details += [str(item) for item in result.diff[:DIFFERENCES_SHOWN]]
    if len(result.diff) > DIFFERENCES_SHOWN:
        details.append(f"… and {len(result.diff) - DIFFERENCES_SHOWN} more")
    details += [f"trace: {line}" for line in result.trace]
    return [f"FAIL {result.fixture}", *(f"     {line}" for line in details)]
