"""``alm``: the command line. Commands are loaded when they are called, so that ``alm --help`` answers at once."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import click

from alm_workbench import __version__
from alm_workbench.errors import AlmError, InvalidInput

COMMANDS = {
    "lab": ("alm_workbench.commands.lab:lab", "Start the workbench: database, JupyterLab, dashboards."),
    "dashboards": ("alm_workbench.commands.dashboards:dashboards", "Serve the dashboards only, behind a log-in."),
    "serve": ("alm_workbench.commands.serve:serve", "Serve the REST API only."),
    "worker": ("alm_workbench.commands.worker:worker", "Run jobs and publish events, apart from the servers."),
    "jobs": ("alm_workbench.commands.worker:jobs", "Jobs: what waits, runs and failed."),
    "dlq": ("alm_workbench.commands.worker:dlq", "Events that could not be published."),
    "status": ("alm_workbench.commands.status:status", "What runs here, and how it does."),
    "doctor": ("alm_workbench.commands.status:doctor", "What is wrong with this installation, and how to mend it."),
    "config": ("alm_workbench.commands.config:config", "Settings, where they come from, and whether they are safe."),
    "keys": ("alm_workbench.commands.keys:keys", "API keys of the owner of this installation."),
    "db": ("alm_workbench.commands.db:db", "The database schema."),
    "backup": ("alm_workbench.commands.db:backup", "Write everything into one file."),
    "restore": ("alm_workbench.commands.db:restore", "Read a backup into an empty database."),
    "demo": ("alm_workbench.commands.admin:demo", "Demo data."),
    "tenant": ("alm_workbench.commands.tenant:tenant", "Organisations and their people."),
    "manifest": ("alm_workbench.commands.manifest:manifest", "Check, format and compile manifests."),
    "meta": ("alm_workbench.commands.meta:meta", "The vocabulary of manifests."),
    "workflow": ("alm_workbench.commands.workflow:workflow", "Draw workflows, and walk through them."),
    "policy": ("alm_workbench.commands.policy:policy", "What the rules of a manifest decide, and why."),
    "conformance": ("alm_workbench.commands.conformance:conformance", "Run fixtures of the manifest contract."),
    "expr": ("alm_workbench.commands.expr:expr", "Try expressions, have them explained, see them as SQL."),
    "import": ("alm_workbench.commands.admin:import_", "Import a CSV, Excel or JSON file into a project."),
    "export": ("alm_workbench.commands.export:export", "Write the items of a project to a file."),
    "mirror": ("alm_workbench.commands.mirror:mirror", "The DuckDB mirror."),
    "report": ("alm_workbench.commands.mirror:report", "Reports over the mirror."),
    "audit": ("alm_workbench.commands.audit:audit", "The audit trail: read it, seal it, verify it."),
    "plugins": ("alm_workbench.commands.plugins:plugins", "Installed plugins."),
    "scaffold": ("alm_workbench.commands.plugins:scaffold", "Generated code and new rooms."),
    "api": ("alm_workbench.commands.api:api", "The REST API: its documents, what changed, what is deprecated."),
}


class LazyGroup(click.Group):
    """A group whose commands live in modules that are imported when needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="alm-workbench")
def alm() -> None:
    """ALM Workbench: requirements, defects, tests and releases in notebooks."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; one clear sentence and an exit code for everything that goes wrong on purpose.

    Where JSON was asked for, stdout holds the error as a problem document, `{"error": {…}}`, as REST answers it.
    """
    as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    try:
        code: Any = alm.main(args=arguments, prog_name="alm", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        if as_json:
            _print_problem(InvalidInput(error.format_message()))
        sys.exit(error.exit_code)
    except AlmError as error:
        click.echo("alm: " + "\n".join(error.lines()), err=True)
        if as_json:
            _print_problem(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _print_problem(error: AlmError) -> None:
    click.echo(json.dumps({"error": error.to_problem()}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
