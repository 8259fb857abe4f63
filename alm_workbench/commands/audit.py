"""``alm audit``: read, seal and verify the audit trail, and the keys that seal it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from alm_workbench.commands.common import as_owner, data_dir_option, json_option, runtime, say, show, table
from alm_workbench.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from alm_workbench.composition import Runtime
    from alm_workbench.contexts.audit.messages import AuditEntryDTO
    from alm_workbench.shared.mediator import LocalMediator


def tenant_option(function: Any) -> Any:
    """``--tenant``: one organisation instead of all."""
    return click.option("--tenant", "slug", help="One organisation by its slug (default: all).")(function)


@click.group()
def audit() -> None:
    """The audit trail: read it, seal it, verify it."""


@audit.command("show")
@click.argument("entity")
@click.option("--version", type=click.IntRange(1), help="One version, whole.")
@click.option(
    "--diff", "versions", nargs=2, type=click.IntRange(0), metavar="FROM TO", help="What changed between two."
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@data_dir_option
@json_option
def show_entity(
    entity: str, version: int | None, versions: tuple[int, int] | None, limit: int, data_dir: str | None, as_json: bool
) -> None:
    """The versions of ENTITY, newest first: an item as PROJECT/KEY, or anything as Type/uuid."""
    from alm_workbench.contexts.audit.messages import DiffSnapshots, EntityHistory, GetSnapshot

    with runtime(data_dir) as found:
        owner = as_owner(found)
        kind, entity_id = named(owner, entity)
        if version is not None:
            snapshot = owner.query(GetSnapshot(kind, entity_id, version))
            show(snapshot, True, list)
        elif versions:
            change = owner.query(DiffSnapshots(kind, entity_id, *versions))
            steps = [f"{step.op:8}{step.path}: {step.left!r} -> {step.right!r}" for step in change.operations]
            show(change, as_json, lambda: steps or ["No difference."])
        else:
            entries = owner.query(EntityHistory(kind, entity_id, limit)).items
            show(entries, as_json, lambda: table([cells(e) for e in entries], HEADER))


HEADER = ["version", "when (UTC)", "what", "who", "did", "changed"]


def cells(entry: AuditEntryDTO) -> list[Any]:
    """One version as a line."""
    names = [*(change.property for change in entry.changes), *(f"({name})" for name in entry.masked)]
    changed = "erased" if entry.erased else ", ".join(names)
    return [entry.version, short(entry.occurred_at), entry.change_type, entry.actor, entry.command, changed]


def named(owner: LocalMediator, entity: str) -> tuple[str, UUID]:
    """What is meant: ``Type/uuid``, or an item by project and key."""
    from alm_workbench.commands.admin import project_id
    from alm_workbench.contexts.artifact.messages import GetArtifactByKey
    from alm_workbench.contexts.audit.domain import GlobalId

    try:
        found = GlobalId.parse(entity)
        return found.entity_type, found.entity_id
    except ValueError:
        project, slash, key = entity.partition("/")
    if not slash:
        raise InvalidInput(f"{entity!r} is neither PROJECT/KEY nor Type/uuid")
    return "Artifact", owner.query(GetArtifactByKey(project_id(owner, project), key)).id


@audit.command("seal")
@tenant_option
@data_dir_option
@json_option
def seal(slug: str | None, data_dir: str | None, as_json: bool) -> None:
    """Seal what was committed since the last seal; a running server or worker does so every minute."""
    from alm_workbench.databases import told

    with runtime(data_dir) as found, told():
        known = chosen(found, slug)
        done = [(name, found.vault.seal(tenant_id)) for tenant_id, name in known]
    data = [
        {"tenant": name, "seals": d.seals, "leaves": d.leaves, "head": d.head.seal_hash.hex() if d.head else None,
         "number": d.head.number if d.head else None}
        for name, d in done
    ]  # fmt: skip
    rows = [[item["tenant"], item["leaves"], item["seals"], item["number"], item["head"]] for item in data]
    show(data, as_json, lambda: table(rows, ["organisation", "sealed", "seals", "newest", "its hash"]))


@audit.command("verify")
@tenant_option
@click.option("--no-live", "skip_live", is_flag=True, help="Leave out the tables themselves; the trail alone.")
@data_dir_option
@json_option
def verify(slug: str | None, skip_live: bool, data_dir: str | None, as_json: bool) -> int:
    """Check every row against the seals and every seal against the chain; exit code 1 when anything was changed.

    Rows that were not sealed yet are counted and not vouched for. The public keys and the newest seals are read from
    this installation, not from the database: a copy of them elsewhere lets anybody verify.
    """
    from alm_workbench.databases import told

    with runtime(data_dir) as found, told():
        reports = [(name, found.vault.verify(tenant_id, live=not skip_live)) for tenant_id, name in chosen(found, slug)]
    data = [
        {"tenant": name, "ok": r.ok, **{n: getattr(r, n) for n in MEMBERS}, "keys": sorted(r.keys)}
        for name, r in reports
    ]

    def lines() -> list[str]:
        out: list[str] = []
        for name, r in reports:
            out.append(
                f"{name}: {r.snapshots} snapshots and {r.commits} commits under {r.seals} seals: {r.verdict};"
                f" {r.unsealed} not sealed yet, {r.erased} erased, {r.retired} retired, {r.live} rows of tables compared"
                f" ({r.seconds:.1f} s)"
            )
            out += [f"  {f.code}: {f.message}{where(f.seal, f.commit_id)}" for f in r.findings[:PRINTED]]
            out += [f"  … and {r.found - PRINTED} more; --json has the first thousand"] if r.found > PRINTED else []
        return out

    show(data, as_json, lines)
    return 0 if all(r.ok for _, r in reports) else 1


PRINTED = 50
"""So many findings of a tenant a terminal shows."""

MEMBERS = (
    "seals", "snapshots", "commits", "erased", "retired", "unsealed", "oldest_unsealed_at", "live", "head", "seconds",
    "found", "codes", "findings",
)  # fmt: skip


def where(number: int | None, commit_id: UUID | None) -> str:
    """Seal and commit of a finding, as far as they are known."""
    known = [f"seal {number}"] if number is not None else []
    known += [f"commit {commit_id}"] if commit_id is not None else []
    return f" [{', '.join(known)}]" if known else ""


@audit.command("keys")
@click.option("--rotate", is_flag=True, help="Make a new key that signs from now on.")
@click.option("--export", is_flag=True, help="Print the public keys, for whoever verifies elsewhere.")
@data_dir_option
@json_option
def keys(rotate: bool, export: bool, data_dir: str | None, as_json: bool) -> None:
    """The keys that seal the audit trail; one signs, all of them verify."""
    from alm_workbench.databases import told

    with runtime(data_dir) as found, told():
        if rotate:
            say(f"Seals are signed with {found.vault.keys.rotate()} from now on.")
        infos = found.vault.keys.listing()
    rows = [[info.key_id, short(info.made_at), "signs" if info.current else "verifies"] for info in infos]

    def lines() -> list[str]:
        if export:
            return [info.public_key.strip() for info in infos]
        return (
            table(rows, ["key", "made (UTC)", "what it does"]) if infos else ["No keys yet; the first seal makes one."]
        )

    show(infos, as_json, lines)


def chosen(found: Runtime, slug: str | None) -> list[tuple[UUID, str]]:
    """The organisations a command is about; raises ``NotFound`` naming those there are."""
    known = found.vault.tenants()
    wanted = [item for item in known if slug is None or item[1] == slug]
    if slug is not None and not wanted:
        raise NotFound(f"there is no organisation {slug!r}; there are {', '.join(name for _, name in known) or 'none'}")
    return wanted


def short(at: datetime | None) -> str:
    """A time for people."""
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else ""
