"""check_rls finds every way in which a schema change could open the house."""

from __future__ import annotations

import psycopg
import pytest

from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.rls_check import check_rls
from tests.factories.database import Cluster

OPEN = "CREATE TABLE alm.leak (tenant_id uuid NOT NULL, id uuid NOT NULL);"
SECURE = (
    OPEN + "ALTER TABLE alm.leak ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
    "CREATE POLICY tenant_isolation ON alm.leak USING (tenant_id = (SELECT alm.current_tenant()))"
    " WITH CHECK (tenant_id = (SELECT alm.current_tenant()));"
)
FUNCTION = "CREATE FUNCTION alm.leak() RETURNS bigint LANGUAGE sql {} RETURN (SELECT count(*) FROM alm.artifacts);"


def test_the_schema_as_migrated_is_clean(module_db: Dsns) -> None:
    """No finding at all."""
    assert [str(finding) for finding in check_rls(module_db.owner)] == []


def test_the_helper_for_new_tables_makes_them_clean(db: Dsns) -> None:
    """CALL alm.isolate(name) is what a migration with a new table runs."""
    with psycopg.connect(db.owner) as conn:
        conn.execute(OPEN.encode())
        conn.execute("CALL alm.isolate('leak')")
    assert check_rls(db.owner) == []


@pytest.mark.parametrize(
    ("change", "kind", "name", "word"),
    [
        (OPEN, "table", "leak", "not enabled"),
        ("CREATE TABLE alm.leak (id int)", "table", "leak", "no tenant_id"),
        (SECURE + "ALTER TABLE alm.leak NO FORCE ROW LEVEL SECURITY", "table", "leak", "forced"),
        ("DROP POLICY tenant_isolation ON alm.artifacts", "table", "artifacts", "no policy"),
        ("ALTER POLICY tenant_isolation ON alm.artifacts USING (true)", "table", "artifacts", "no policy"),
        ("ALTER POLICY tenant_isolation ON alm.artifacts TO alm_worker", "table", "artifacts", "no policy"),
        ("ALTER TABLE alm.artifacts DISABLE ROW LEVEL SECURITY", "table", "artifacts", "not enabled"),
        ("CREATE POLICY p ON alm.projects USING (deleted_at IS NULL)", "policy", "projects.p", "public"),
        ("CREATE POLICY p ON alm.projects TO alm_app USING (true)", "policy", "projects.p", "alm_app"),
        ("CREATE MATERIALIZED VIEW alm.leak AS SELECT 1 AS x", "table", "leak", "materialized"),
        ("CREATE VIEW alm.leak AS SELECT * FROM alm.projects", "view", "leak", "security_invoker"),
        ("GRANT SELECT ON alm.projects TO PUBLIC", "grant", "projects", "public"),
        ("GRANT TRUNCATE ON alm.projects TO alm_app", "grant", "projects", "TRUNCATE"),
        ("GRANT SELECT ON alm.users TO alm_app", "grant", "users", "SELECT"),
        ("GRANT SELECT ON alm.audit_snapshots_default TO alm_app", "grant", "audit_snapshots_default", "SELECT"),
        ("GRANT INSERT ON alm.audit_snapshots TO alm_app", "grant", "audit_snapshots", "INSERT"),
        ("GRANT UPDATE ON alm.manifest_versions TO alm_app", "grant", "manifest_versions", "UPDATE"),
        ("GRANT DELETE ON alm.artifacts TO alm_mirror", "grant", "artifacts", "DELETE"),
        ("GRANT SELECT ON alm_jobs.procrastinate_jobs TO alm_app", "job queue", "procrastinate_jobs", "SELECT"),
        (
            "GRANT EXECUTE ON FUNCTION alm_jobs.procrastinate_cancel_job_v1 TO PUBLIC",
            "job queue",
            "procrastinate_cancel_job_v1",
            "public",
        ),
        (FUNCTION.format("SECURITY DEFINER"), "function", "leak", "reviewed"),
        (FUNCTION.format("SECURITY DEFINER"), "function", "leak", "search_path"),
        (FUNCTION.format("") + "GRANT EXECUTE ON FUNCTION alm.leak TO PUBLIC", "function", "leak", "everybody"),
    ],
)
def test_it_finds(db: Dsns, change: str, kind: str, name: str, word: str) -> None:
    """Each of these changes is reported with its object and what is wrong."""
    with psycopg.connect(db.owner) as conn:
        conn.execute(change.encode())
    findings = [(found.kind, found.name) for found in check_rls(db.owner) if word in found.problem]
    assert (kind, name) in findings


def test_it_finds_powerful_roles(cluster: Cluster, db: Dsns) -> None:
    """A role that bypasses row-level security is reported."""
    with psycopg.connect(cluster.superuser_dsn(db), autocommit=True) as admin:
        admin.execute("ALTER ROLE alm_mirror BYPASSRLS")
        try:
            findings = [(found.kind, found.name) for found in check_rls(db.owner)]
        finally:
            admin.execute("ALTER ROLE alm_mirror NOBYPASSRLS")
    assert findings == [("role", "alm_mirror")]
