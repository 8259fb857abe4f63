"""``alm mirror`` and ``alm report``; the callers inject how the mirror and the rights are found."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import click

from alm_workbench.contexts.reporting.domain import MirrorRights, ReportResult
from alm_workbench.mirror.service import MirrorService
from alm_workbench.mirror.verify import verify


@dataclass(frozen=True, slots=True)
class MirrorTarget:
    """What the commands work on: the service, the DSN of ``alm_mirror``, and the tenants by slug."""

    service: MirrorService
    dsn: str
    tenants: dict[str, UUID]
    project: Callable[[UUID, str], UUID]

    def chosen(self, slug: str | None) -> dict[str, UUID]:
        """The tenant of that slug, or all; raises ``click.UsageError``."""
        if slug is None:
            return self.tenants
        if slug not in self.tenants:
            raise click.UsageError(f"There is no tenant {slug}")
        return {slug: self.tenants[slug]}


Opener = Callable[[click.Context], MirrorTarget]


def mirror_group(open_target: Opener) -> click.Group:
    """The group ``mirror``; exit code 1 when a verification finds a difference."""

    @click.group("mirror", help="The DuckDB mirror that reports and SQL read.")
    def group() -> None: ...

    tenant = click.option("--tenant", help="Slug of one tenant; all when left out.")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

    @group.command("status", help="Which version is published, and how old it is.")
    @tenant
    @as_json
    @click.pass_context
    def status(ctx: click.Context, tenant: str | None, as_json: bool) -> None:
        target = open_target(ctx)
        _print_states(target, tenant, as_json)

    @group.command("refresh", help="Publish everything committed so far.")
    @tenant
    @as_json
    @click.option("--full", is_flag=True, help="Build the files anew.")
    @click.pass_context
    def refresh(ctx: click.Context, tenant: str | None, as_json: bool, full: bool) -> None:
        target = open_target(ctx)
        chosen = frozenset(target.chosen(tenant).values())
        stats = target.service.refresher.refresh(wait=60, full=chosen if full else None)
        for failed, reason in stats.failed.items():
            click.echo(f"{failed}: {reason}", err=True)
        _print_states(target, tenant, as_json)
        ctx.exit(2 if stats.failed else 0)

    @group.command("verify", help="Compare the mirror with PostgreSQL, table by table.")
    @tenant
    @as_json
    @click.pass_context
    def verify_command(ctx: click.Context, tenant: str | None, as_json: bool) -> None:
        target = open_target(ctx)
        found = {slug: verify(target.dsn, target.service.layout, t) for slug, t in target.chosen(tenant).items()}
        if as_json:
            click.echo(json.dumps({slug: asdict(v) | {"equal": v.equal} for slug, v in found.items()}, default=str))
        else:
            for slug, verification in found.items():
                for check in verification.tables:
                    sign = "equal" if check.equal else "DIFFERENT"
                    click.echo(f"{slug}  {check.table:20} {check.postgres_rows:>9} {check.mirror_rows:>9}  {sign}")
        ctx.exit(0 if all(v.equal for v in found.values()) else 1)

    return group


def report_group(open_target: Opener) -> click.Group:
    """The group ``report``; it runs with full rights, as whoever may run it holds the database."""

    @click.group("report", help="Reports over the mirror.")
    def group() -> None: ...

    @group.command("list", help="The reports there are.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @click.option("--lang", default="en", show_default=True)
    @click.pass_context
    def list_command(ctx: click.Context, as_json: bool, lang: str) -> None:
        infos = open_target(ctx).service.reports(lang)
        if as_json:
            click.echo(json.dumps([asdict(info) for info in infos], ensure_ascii=False))
        else:
            for info in infos:
                click.echo(f"{info.name:24} {info.title}")

    @group.command("run", help="Run a report over one project.")
    @click.argument("name")
    @click.option("--tenant", help="Slug of the tenant; may be left out when there is one only.")
    @click.option("--project", required=True, help="Key of the project.")
    @click.option("--format", "form", type=click.Choice(sorted(FORMATS)), default="table", show_default=True)
    @click.option("--lang", default="en", show_default=True)
    @click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the report.")
    @click.pass_context
    def run(
        ctx: click.Context, name: str, tenant: str | None, project: str, form: str, lang: str, params: tuple[str, ...]
    ) -> None:
        target = open_target(ctx)
        chosen = target.chosen(tenant)
        if len(chosen) != 1:
            raise click.UsageError("Say which tenant: " + ", ".join(sorted(chosen)))
        ((_, tenant_id),) = chosen.items()
        given = dict(pair.split("=", 1) for pair in params if "=" in pair)
        rights = MirrorRights(tenant_id, all_fields=True)
        project_id = target.project(tenant_id, project)
        result = target.service.report(rights, project_id, name, given, lang=lang, max_age=0)
        click.echo(FORMATS[form](result))

    return group


def _print_states(target: MirrorTarget, tenant: str | None, as_json: bool) -> None:
    states = {slug: target.service.status(tenant_id) for slug, tenant_id in target.chosen(tenant).items()}
    if as_json:
        click.echo(json.dumps({slug: asdict(s) | {"age_s": s.age_s} for slug, s in states.items()}, default=str))
        return
    for slug, state in states.items():
        moment = state.as_of.isoformat(timespec="seconds") if state.as_of else "never"
        click.echo(
            f"{slug}  v{state.version}  as of {moment}  {state.bytes / 2**20:.1f} MB  {sum(state.rows.values())} rows"
        )
        if state.last_error:
            click.echo(f"  {state.last_error}", err=True)


def _as_table(result: ReportResult) -> str:
    head = [column.label for column in result.columns]
    body = [["" if value is None else str(value) for value in row] for row in result.rows]
    widths = [max(len(line[i]) for line in [head, *body]) for i in range(len(head))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in [head, *body]
    ]
    return "\n".join([result.title, *lines, f"as of {result.as_of.isoformat(timespec='seconds')}"])


def _as_csv(result: ReportResult) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in result.columns])
    writer.writerows(result.rows)
    return out.getvalue().rstrip("\n")


def _as_json(result: ReportResult) -> str:
    data: dict[str, Any] = asdict(result) | {"as_of": result.as_of.isoformat()}
    return json.dumps(data, ensure_ascii=False)


def _as_html(result: ReportResult) -> str:
    head = "".join(f"<th>{html.escape(column.label)}</th>" for column in result.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{'' if v is None else html.escape(str(v))}</td>" for v in row) + "</tr>"
        for row in result.rows
    )
    title = html.escape(result.title)
    return f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


FORMATS: dict[str, Callable[[ReportResult], str]] = {
    "table": _as_table,
    "csv": _as_csv,
    "json": _as_json,
    "html": _as_html,
}
