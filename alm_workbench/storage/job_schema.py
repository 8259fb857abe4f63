"""The schema of the job queue: procrastinate's statements in ``alm_jobs``, kept at the installed version.

Its functions name their tables without a schema, so each has ``search_path`` pinned; workers set theirs when they connect.
The name of the newest of the library's migrations that the schema holds is in ``alm_jobs.alm_level``.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

SCHEMA = "alm_jobs"
_Conn = psycopg.Connection[Any]

_RIGHTS = """
    GRANT USAGE ON SCHEMA alm_jobs TO alm_worker, alm_definer;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA alm_jobs TO alm_worker;
    GRANT SELECT ON ALL TABLES IN SCHEMA alm_jobs TO alm_definer;  -- a backup reads as alm_definer
    GRANT INSERT ON alm_jobs.procrastinate_jobs, alm_jobs.procrastinate_events TO alm_definer;
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA alm_jobs TO alm_worker, alm_definer;
    REVOKE ALL ON ALL ROUTINES IN SCHEMA alm_jobs FROM PUBLIC;
    GRANT EXECUTE ON ALL ROUTINES IN SCHEMA alm_jobs TO alm_worker;
    GRANT EXECUTE ON FUNCTION alm_jobs.procrastinate_defer_jobs_v1(alm_jobs.procrastinate_job_to_defer_v1[]) TO alm_definer;
"""
_PIN = """
    DO $$
    DECLARE
      f regprocedure;
    BEGIN
      FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'alm_jobs'::regnamespace AND prokind = 'f' LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, alm_jobs, pg_temp', f);
      END LOOP;
    END $$
"""


def ensure(conn: _Conn) -> bool:
    """Make the schema, or bring it to the installed library, in the current transaction; whether anything was done.

    Cheap when there is nothing to do: it runs at every start.
    """
    known = level(conn)
    missing = [path for path in library_migrations() if known is None or path.stem > known]
    if not missing:
        return False
    if known is None:
        # An administrator may have made the schema where the owner may not.
        if _scalar(conn, "SELECT to_regnamespace('alm_jobs')") is None:
            conn.execute("CREATE SCHEMA alm_jobs")
        conn.execute("CREATE TABLE alm_jobs.alm_level (newest text NOT NULL)")
        conn.execute("INSERT INTO alm_jobs.alm_level VALUES ('')")
        from procrastinate.schema import SchemaManager

        scripts = [SchemaManager.get_schema()]
    else:
        scripts = [path.read_text("utf-8") for path in missing]
    conn.execute("SET LOCAL search_path = alm_jobs, pg_temp")
    for script in scripts:
        conn.execute(script.encode())
    conn.execute("SET LOCAL search_path TO DEFAULT")
    conn.execute(_PIN)
    conn.execute(_RIGHTS)
    conn.execute("UPDATE alm_jobs.alm_level SET newest = %s", (missing[-1].stem,))
    return True


def level(conn: _Conn) -> str | None:
    """The newest of the library's migrations that the database holds; None without the schema."""
    if _scalar(conn, "SELECT to_regclass('alm_jobs.alm_level')") is None:
        return None
    return str(_scalar(conn, "SELECT newest FROM alm_jobs.alm_level"))


def library_migrations() -> list[Path]:
    """The migrations of the installed library, oldest first; their names start with its versions."""
    spec = find_spec("procrastinate")  # found, not imported: that would cost every start a fifth of a second
    assert spec is not None
    assert spec.origin is not None
    return sorted((Path(spec.origin).parent / "sql" / "migrations").glob("*.sql"), key=lambda path: path.stem)


def _scalar(conn: _Conn, query: str) -> object:
    row = conn.execute(sql.SQL(query)).fetchone()
    return row[0] if row else None
