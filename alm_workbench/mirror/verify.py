"""Does the mirror hold what PostgreSQL holds? Each side counts and hashes by itself, at one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from alm_workbench.errors import NotFound
from alm_workbench.mirror.extract import Extraction, extraction
from alm_workbench.mirror.layout import MirrorLayout
from alm_workbench.mirror.publish import literal, workspace
from alm_workbench.mirror.refresher import Refresher
from alm_workbench.mirror.schema import PG_SCHEMA, TABLES, Table


@dataclass(frozen=True, slots=True)
class TableCheck:
    """One table on both sides: row count and a hash that does not depend on the order of rows."""

    table: str
    postgres_rows: int
    mirror_rows: int
    postgres_hash: str
    mirror_hash: str

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same rows."""
        return (self.postgres_rows, self.postgres_hash) == (self.mirror_rows, self.mirror_hash)


@dataclass(frozen=True, slots=True)
class Verification:
    """The checks of one tenant's tables at one published version."""

    tenant_id: UUID
    version: int
    as_of: str
    tables: tuple[TableCheck, ...]

    @property
    def equal(self) -> bool:
        """Whether all tables are equal."""
        return all(table.equal for table in self.tables)


def verify(dsn: str, layout: MirrorLayout, tenant_id: UUID, *, wait: float = 30.0) -> Verification:
    """Refresh, then compare with what the same transaction sees; raises ``NotFound`` on an unknown tenant."""
    with extraction(dsn, wait=wait) as source:
        if tenant_id not in source.tenants():
            raise NotFound(f"There is no tenant {tenant_id}")
        Refresher(dsn, layout).refresh_from(source)
        files = layout.tenant(tenant_id)
        manifest = files.current()
        if manifest is None:
            raise NotFound(f"The mirror of tenant {tenant_id} could not be built")
        left = _postgres_sums(source, tenant_id)
        right = _mirror_sums(files.path(manifest), tenant_id)
    names = [table.name for table in TABLES]
    checks = (TableCheck(n, left[n][0], right[n][0], left[n][1], right[n][1]) for n in names)
    return Verification(tenant_id, manifest.version, manifest.at, tuple(checks))


Sums = Mapping[str, tuple[int, str]]


def _postgres_sums(source: Extraction, tenant_id: UUID) -> Sums:
    return {
        table.name: _pair(
            source.query(
                "SELECT count(*)::text AS n, coalesce(sum(('x' || substr(h, 1, 15))::bit(60)::bigint), 0)::text AS s"
                f" FROM (SELECT md5({_text(table, _POSTGRES)}) AS h FROM {PG_SCHEMA}.{table.name}"
                f" WHERE tenant_id = '{tenant_id}') rows"
            )[0]
        )
        for table in TABLES
    }


def _mirror_sums(path: Path, tenant_id: UUID) -> Sums:
    connection = workspace()
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS m (READ_ONLY)")
        sums = {}
        for table in TABLES:
            # rows of another tenant would be counted, and so found
            rows = connection.execute(
                "SELECT count(*)::VARCHAR, coalesce(sum(('0x' || substr(h, 1, 15))::BIGINT::HUGEINT), 0)::VARCHAR"
                f" FROM (SELECT md5({_text(table, _DUCKDB)}) AS h FROM m.base.{table.name}) rows"
            ).fetchall()
            sums[table.name] = (int(rows[0][0]), str(rows[0][1]))
        return sums
    finally:
        connection.close()


def _pair(row: Mapping[str, str]) -> tuple[int, str]:
    return int(row["n"]), str(row["s"])


_POSTGRES = {
    "TIMESTAMPTZ": "(extract(epoch FROM {0}) * 1000000)::bigint::text",
    "BOOLEAN": "CASE WHEN {0} THEN '1' ELSE '0' END",
    "DOUBLE": "floor({0} * 1000)::bigint::text",
    "": "{0}::text",
}
_DUCKDB = {
    "TIMESTAMPTZ": "epoch_us({0})::VARCHAR",
    "BOOLEAN": "CASE WHEN {0} THEN '1' ELSE '0' END",
    "DOUBLE": "floor({0} * 1000)::BIGINT::VARCHAR",
    "": "{0}::VARCHAR",
}


def _text(table: Table, forms: Mapping[str, str]) -> str:
    """A row as one text that both engines write alike; columns are told apart even when empty or NULL."""
    parts = []
    for name, kind in table.all_columns.items():
        form = forms.get(kind, forms[""]).format(f'"{name}"')
        parts.append(f"CASE WHEN \"{name}\" IS NULL THEN '-' ELSE '+' || length({form})::text || ':' || {form} END")
    return " || ".join(parts)
