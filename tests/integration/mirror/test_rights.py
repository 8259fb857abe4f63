"""What a caller may not see does not exist in the file it queries, so no SQL reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from alm_workbench.contexts.reporting.domain import MirrorRights, MirrorUnavailable, QueryRejected
from alm_workbench.mirror.cut import write_cut
from alm_workbench.mirror.service import MirrorService
from alm_workbench.mirror.worker import OpenFile, WorkerOptions
from tests.integration.mirror.mirror_world import Tenant, World

SECRET = "s3cr3t"


@pytest.fixture(scope="module")
def service(world: World) -> Iterator[MirrorService]:
    """A mirror service over the module's database, refreshed when a test asks."""
    made = MirrorService(world.layout.root, world.mirror, log_file=world.layout.root / "worker.log")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def tenant(world: World) -> Tenant:
    """A tenant with two projects, links across them and a deleted item."""
    made = world.tenant("Own")
    world.fill(made, 60)
    with world.connect() as c:
        for source, target in zip(made.artifacts, made.artifacts[1:], strict=False):
            world.link(c, made, source, target)
        c.execute(
            "UPDATE alm.artifacts SET deleted_at = now(), title = 'deleted s3cr3t' WHERE id = %s", (made.artifacts[0],)
        )
    return made


@pytest.fixture(scope="module")
def other(world: World) -> Tenant:
    """Another tenant with data of its own."""
    made = world.tenant("Foreign")
    world.fill(made, 10, seed=5)
    return made


@pytest.fixture(scope="module", autouse=True)
def refreshed(world: World, tenant: Tenant, other: Tenant) -> None:
    """Both are published."""
    world.refresher.refresh()


def values(service: MirrorService, rights: MirrorRights, sql: str) -> list[tuple[object, ...]]:
    """The rows of a query."""
    table = service.run(rights, sql, limit=100_000).table()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def limited(tenant: Tenant, **more: object) -> MirrorRights:
    """Rights to the first project, without the field ``secret`` and without seeing bugs' titles or states."""
    masks = {"*": frozenset({"secret"}), "Bug": frozenset({"title", "state"})}
    return MirrorRights(tenant.id, frozenset({tenant.projects[0]}), masks, **more)  # type: ignore[arg-type]


TRICKS = [
    "SELECT * FROM artifacts",
    "SELECT * FROM base.artifacts",
    "SELECT * FROM mirror.base.artifacts",
    "SELECT * FROM mirror.main.artifacts",
    "SELECT * FROM base.state_history",
    "SELECT * FROM field_values",
    "SELECT * FROM state_history",
    "SELECT * FROM links",
    "SELECT * FROM projects",
    "SELECT * FROM base.projects",
    "SELECT * FROM project_summary",
    "SELECT * FROM actors",
    "SELECT * FROM activations",
    "SELECT sql FROM duckdb_tables()",
    "SELECT * FROM duckdb_columns()",
    "SELECT * FROM information_schema.tables",
    "SHOW ALL TABLES",
    "SUMMARIZE artifacts",
    "SUMMARIZE base.artifacts",
    "DESCRIBE base.artifacts",
    "FROM (SELECT a.fields, a.title FROM base.artifacts a UNION ALL SELECT fields, title FROM artifacts)",
    "WITH RECURSIVE r AS (SELECT id FROM base.artifacts UNION SELECT parent_id FROM base.artifacts, r) FROM r",
    "SELECT (SELECT string_agg(fields::VARCHAR) FROM base.artifacts)",
    "SELECT columns(*) FROM base.artifacts",
    "SELECT * FROM artifacts a, json_each(a.fields)",
]


@pytest.mark.parametrize("sql", TRICKS)
def test_no_accepted_query_shows_what_was_cut(service: MirrorService, tenant: Tenant, other: Tenant, sql: str) -> None:
    """Neither masked values nor other projects nor deleted items nor other tenants come out of anything accepted."""
    shown = repr(values(service, limited(tenant), sql))
    assert SECRET not in shown
    assert str(tenant.projects[1]) not in shown
    assert str(tenant.artifacts[0]) not in shown
    assert "Foreign" not in shown
    assert not any(str(item) in shown for item in [other.id, *other.projects, *other.artifacts])


REFUSED = [
    "SELECT * FROM query('SELECT * FROM base.artifacts')",
    "SELECT * FROM query_table('base.artifacts')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'other.duckdb'",
    "SELECT * FROM read_duckdb('x.duckdb')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM arrow_scan(1::POINTER, 2::POINTER, 3::POINTER)",
    "SELECT * FROM pandas_scan(1::POINTER)",
    "SELECT * FROM system.main.python_map_function(1, 2)",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "ATTACH '/tmp/x.duckdb'",
    "ATTACH 'x' AS y (READ_ONLY); SELECT * FROM y.a",
    "COPY artifacts TO '/tmp/x.csv'",
    "COPY (SELECT 1) TO '/tmp/x.csv'",
    "WITH x AS (COPY (SELECT 1) TO '/tmp/x.csv') SELECT 1",
    "EXPORT DATABASE '/tmp/x'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET lock_configuration",
    "USE memory",
    "CREATE TABLE x AS SELECT 1",
    "CREATE MACRO m() AS TABLE SELECT 1",
    "INSERT INTO base.artifacts SELECT * FROM base.artifacts",
    "WITH x AS (INSERT INTO base.calendar VALUES ('UTC', 1) RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM base.artifacts RETURNING *) SELECT * FROM x",
    "UPDATE base.artifacts SET title = ''",
    "DELETE FROM base.artifacts",
    "DROP VIEW artifacts",
    "CALL pragma_version()",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "BEGIN",
    "CHECKPOINT",
    "DETACH mirror",
    "VACUUM",
    "EXPLAIN ANALYZE DELETE FROM base.artifacts",
    "SELECT 1; SELECT 2",
    "",
    "-- nothing",
    "SELECT * FROM __import__",
    "SELECT * FROM self",
    "SELECT * FROM request",
]


@pytest.mark.parametrize("sql", REFUSED)
@pytest.mark.parametrize("full", [True, False])
def test_everything_but_a_plain_select_is_refused(service: MirrorService, tenant: Tenant, sql: str, full: bool) -> None:
    """Files, memory addresses, SQL in strings, settings, changes and Python variables are out of reach for everyone."""
    rights = MirrorRights(tenant.id, all_fields=True) if full else limited(tenant)
    with pytest.raises(QueryRejected):
        service.run(rights, sql)
    assert not Path("/tmp/x.csv").exists()


def test_masks_remove_fields_and_empty_core_columns(service: MirrorService, tenant: Tenant) -> None:
    """A masked field is absent from the JSON; other fields and other types keep theirs."""
    rights = limited(tenant)
    rows = values(service, rights, 'SELECT "type", title, state, fields FROM artifacts')
    assert {row[0] for row in rows} == {"Bug", "Task", "Requirement"}
    assert all((row[1] is None) == (row[2] is None) == (row[0] == "Bug") for row in rows)
    assert all("secret" not in str(row[3]) and "priority" in str(row[3]) for row in rows)
    assert values(service, rights, "SELECT count(*) FROM state_history WHERE \"type\" = 'Bug'") == [(0,)]


def test_every_field_of_a_type_can_be_masked_and_types_can_be_hidden(service: MirrorService, tenant: Tenant) -> None:
    """``*`` empties a type's fields; a hidden type leaves no item, no link and no history."""
    rights = MirrorRights(tenant.id, None, {"Task": frozenset({"*"})}, hidden_types=frozenset({"Bug"}))
    rows = values(service, rights, "SELECT DISTINCT \"type\", fields = '{}' FROM artifacts ORDER BY ALL")
    assert rows == [("Requirement", False), ("Task", True)]
    assert values(
        service, rights, "SELECT count(*) FROM base.state_history WHERE artifact_id NOT IN (SELECT id FROM artifacts)"
    ) == [(0,)]
    assert values(
        service, rights, "SELECT count(*) FROM base.artifact_links WHERE target_id NOT IN (SELECT id FROM artifacts)"
    ) == [(0,)]


def test_no_project_means_no_row(service: MirrorService, tenant: Tenant) -> None:
    """A member of no project gets empty tables, not an error."""
    rights = MirrorRights(tenant.id, frozenset())
    assert values(service, rights, "SELECT count(*) FROM artifacts") == [(0,)]
    assert values(service, rights, "SELECT count(*) FROM actors") == [(0,)]
    assert values(service, rights, "SELECT name FROM tenant") == [("Own",)]


def test_cut_rows_equal_the_full_rows_they_were_cut_from(service: MirrorService, tenant: Tenant) -> None:
    """A cut to one project with all fields shows exactly that project's rows."""
    cut = MirrorRights(tenant.id, frozenset({tenant.projects[0]}), all_fields=True)
    full = MirrorRights(tenant.id, all_fields=True)
    for view in ("artifacts", "state_history"):
        sql = (
            f"SELECT * EXCLUDE (parent_key) FROM {view} {{}} ORDER BY id"
            if view == "artifacts"
            else f"SELECT * FROM {view} {{}} ORDER BY id"
        )
        mine = f"WHERE project_id = '{tenant.projects[0]}'"
        assert values(service, cut, sql.format("")) == values(service, full, sql.format(mine))


def test_full_rights_see_all_projects_of_their_own_tenant_only(
    service: MirrorService, tenant: Tenant, other: Tenant
) -> None:
    """Two tenants with full rights each see their own rows."""
    for one in (tenant, other):
        rows = values(
            service, MirrorRights(one.id, all_fields=True), "SELECT DISTINCT tenant_id, project_id FROM artifacts"
        )
        assert {UUID(str(row[0])) for row in rows} == {one.id}
        assert {UUID(str(row[1])) for row in rows} <= set(one.projects)


def test_an_unknown_tenant_has_no_mirror(service: MirrorService) -> None:
    """Rights for a tenant that does not exist lead nowhere."""
    with pytest.raises(MirrorUnavailable):
        service.run(MirrorRights(uuid4()), "SELECT 1")


def test_the_same_queries_show_it_to_those_who_may_see(service: MirrorService, tenant: Tenant) -> None:
    """The control: with full rights the queries above do show the masked values and the other project."""
    shown = [repr(values(service, MirrorRights(tenant.id, all_fields=True), sql)) for sql in TRICKS]
    assert sum(SECRET in text for text in shown) > 8
    assert sum(str(tenant.projects[1]) in text for text in shown) > 8


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT title, fields, project_id FROM query('SELECT * FROM base.artifacts')",
        "SELECT title, fields, project_id FROM query_table('base.artifacts')",
        "ATTACH '{master}' AS m2 (READ_ONLY)",
        "SELECT * FROM read_duckdb('{master}')",
        "SELECT * FROM read_text('{master}')",
        "COPY (SELECT 1) TO '{root}/out.csv'",
        "INSERT INTO base.calendar VALUES ('UTC', 1)",
        "UPDATE base.artifacts SET title = 'x'",
        "SET enable_external_access = true",
        "RESET enable_external_access",
        "SET lock_configuration = false",
        "LOAD httpfs",
        "SELECT * FROM cut",
    ],
)
def test_the_file_is_a_wall_of_its_own(
    service: MirrorService, world: World, tenant: Tenant, tmp_path: Path, sql: str
) -> None:
    """Even a statement that slipped past the guard finds nothing beyond the cut and can change nothing."""
    import duckdb

    files = world.layout.tenant(tenant.id)
    manifest = files.current()
    assert manifest
    cut = tmp_path / "cut.duckdb"
    write_cut(files.path(manifest), limited(tenant), cut)
    opened = OpenFile(cut, "UTC", WorkerOptions(), owned=True)
    with opened.connection() as connection:
        try:
            shown = repr(connection.execute(sql.format(master=files.path(manifest), root=tmp_path)).fetchall())
        except duckdb.Error:
            shown = ""
    opened.close()
    assert SECRET not in shown
    assert str(tenant.projects[1]) not in shown
    assert bool(shown) == ("query" in sql)
    assert list(tmp_path.iterdir()) == []
