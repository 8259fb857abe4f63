"""What commands share: the data directory, JSON output, opening the workbench."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alm_workbench.config import Settings, settings
from alm_workbench.errors import ConfigurationError, plain

if TYPE_CHECKING:
    from alm_workbench.composition import Runtime
    from alm_workbench.databases import Database
    from alm_workbench.shared.mediator import LocalMediator

F = TypeVar("F", bound=Callable[..., Any])


def data_dir_option(function: F) -> F:
    """``--data-dir``: where this installation keeps its data."""
    return click.option(
        "--data-dir",
        type=click.Path(file_okay=False),
        help="Where the data lies (default: ALM_DATA_DIR, or the user's data folder).",
    )(function)


def json_option(function: F) -> F:
    """``--json``: output for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def say(text: str) -> None:
    """A line of progress; stdout is for results."""
    click.echo(text, err=True)


def show(data: Any, as_json: bool, lines: Callable[[], list[str]]) -> None:
    """Print a result for programs or for people."""
    if as_json:
        click.echo(json.dumps(plain(data), indent=2, ensure_ascii=False))
    else:
        for line in lines():
            click.echo(line)


@contextmanager
def runtime(data_dir: str | None, *, upgrade: bool = True, create: bool = False) -> Iterator[Runtime]:
    """The workbench in this process."""
    from alm_workbench.composition import opened

    if not create:
        require_workbench(settings(data_dir))
    with opened(settings(data_dir), progress=say, upgrade=upgrade, pool_size=4) as found:
        yield found


@contextmanager
def database(data_dir: str | None, *, upgrade: bool = False, create: bool = False) -> Iterator[Database]:
    """The database alone."""
    from alm_workbench.databases import database_of

    if not create:
        require_workbench(settings(data_dir))
    with database_of(settings(data_dir), progress=say, upgrade=upgrade) as found:
        yield found


def require_workbench(found: Settings) -> None:
    """Refuse a data directory that holds none, instead of making one by the way."""
    from alm_workbench.databases import there_is_a_workbench

    if not there_is_a_workbench(found):
        raise ConfigurationError(f"There is no workbench in {found.data_dir}; `alm lab --data-dir …` makes one.")


def as_owner(found: Runtime) -> LocalMediator:
    """A mediator for the owner of this installation."""
    from alm_workbench.contexts.auth.session_messages import ResolvePrincipal
    from alm_workbench.demo import read_owner, refuse_closed

    root = found.mediator.as_principal(None)
    ids = read_owner(found.settings)
    principal = root.query(ResolvePrincipal(ids.user_id, ids.tenant_id)) if ids else None
    if ids and principal is None:
        refuse_closed(root, ids)
    if principal is None:
        raise ConfigurationError("This installation has no owner yet; run `alm lab` or `alm demo seed` once.")
    return root.as_principal(principal)


def table(rows: list[list[Any]], header: list[str]) -> list[str]:
    """Rows as aligned lines."""
    cells = [header, *[["" if v is None else str(v) for v in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return ["  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def check_settings(data_dir: str | None) -> Settings:
    """The settings with their directories made."""
    return settings(data_dir).prepare()
