"""Is every table isolated? What `alm db check-rls` prints; an empty list is the only good answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

REVIEWED_TABLES: Mapping[str, str] = {
    "users": "one person may belong to several tenants; read through definer functions only",
    "user_identities": "belongs to users",
    "api_key_secrets": "hashes of keys, found by prefix before the tenant is known; definer functions only",
    "sessions": "log-ins of people, who may belong to several tenants; definer functions only",
    "refresh_tokens": "belongs to sessions; hashes only",
    "one_time_tokens": "links that reset a password; hashes only, definer functions only",
    "auth_log": "what happened to accounts; alm.sign_ins() shows a tenant what concerns its members here",
    "login_failures": "wrong passwords by a digest of what was tried, before anybody is known",
    "saga_runs": "organisations being set up, which may never come to be; definer functions only",
    "rate_counters": "sums of requests under hashed names, shared by the processes; through one definer function only",
    "alembic_version": "holds the schema revision only; nobody but the owner may read it",
}
"""Tables without a tenant policy, each with the reason why that is right."""

REVIEWED_OWNERS: Mapping[str, str] = {
    "ensure_audit_partitions": "makes partitions, which only the owner of the table may; reads and returns no row",
    "drop_retired_audit_partitions": "drops partitions, which only the owner of the table may; returns names only",
}
"""SECURITY DEFINER functions that alm_definer does not own."""

ROLES = ("alm_owner", "alm_app", "alm_worker", "alm_mirror", "alm_definer")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its kind, the object, and what to do."""

    kind: str
    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.problem}"


def check_rls(owner_dsn: str) -> list[Finding]:
    """Everything in schema alm that could show one tenant's rows to another."""
    with psycopg.connect(owner_dsn) as conn:
        return [*_tables(conn), *_grants(conn), *_functions(conn), *_views(conn), *_roles(conn), *_jobs(conn)]


_TABLES = """
    SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relispartition,
      EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id' AND NOT attisdropped) AS tenant,
      EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*'
              AND p.polroles = '{0}' AND pg_get_expr(p.polqual, p.polrelid) LIKE '%tenant_id = %current_tenant()%'
              AND pg_get_expr(p.polwithcheck, p.polrelid) LIKE '%tenant_id = %current_tenant()%') AS policy
    FROM pg_class c WHERE c.relnamespace = 'alm'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""
_OPEN_POLICIES = """
    SELECT c.relname, p.polname,
      ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END FROM unnest(p.polroles) r) AS roles
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = 'alm'::regnamespace AND p.polpermissive AND p.polname <> 'tenant_isolation' ORDER BY 1, 2
"""
_MATVIEWS = "SELECT relname FROM pg_class WHERE relnamespace = 'alm'::regnamespace AND relkind IN ('m', 'f')"


def _tables(conn: psycopg.Connection[Any]) -> Iterator[Finding]:
    for name, enabled, forced, partition, tenant, policy in conn.execute(_TABLES):
        if not (enabled and forced) and name != "alembic_version":
            yield Finding("table", name, "row-level security is not enabled and forced")
        if name in REVIEWED_TABLES or partition:  # partitions are granted to nobody and have no policy at all
            continue
        if not tenant:
            yield Finding("table", name, "has no tenant_id and is not on the reviewed list")
        elif not policy:
            yield Finding("table", name, "has no policy that limits every role to the current tenant")
    for name, policy, roles in conn.execute(_OPEN_POLICIES):
        loose = set(roles) - {"alm_worker", "alm_mirror", "alm_definer"}
        if loose:
            yield Finding("policy", f"{name}.{policy}", f"opens the table to {', '.join(sorted(loose))}")
    for (name,) in conn.execute(_MATVIEWS):
        yield Finding("table", name, "materialized views and foreign tables cannot be isolated")


_GRANTS = """
    SELECT c.relname, a.privilege_type,
      CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END AS grantee, c.relispartition
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relnamespace = 'alm'::regnamespace AND c.relkind IN ('r', 'p') AND a.grantee <> c.relowner ORDER BY 1, 3, 2
"""
_APP_MUST_NOT_WRITE = (
    "audit_snapshots",
    "audit_heads",
    "audit_seals",
    "audit_erasures",
    "tombstones",
    "artifact_field",
    "artifact_tag",
    "artifact_search",
)
_APPEND_ONLY = ("audit_commits", "decision_log", "manifest_versions", "state_history", "project_activations")


def _grants(conn: psycopg.Connection[Any]) -> Iterator[Finding]:
    for table, privilege, grantee, partition in conn.execute(_GRANTS):
        right = f"{grantee} has {privilege}"
        if grantee == "public" or privilege in ("TRUNCATE", "REFERENCES", "TRIGGER"):
            yield Finding("grant", table, right)
        elif grantee in ("alm_app", "alm_worker", "alm_mirror") and (partition or table in REVIEWED_TABLES):
            yield Finding("grant", table, f"{right}, but it is read through functions or its parent only")
        elif _excessive(grantee, table, privilege):
            yield Finding("grant", table, right)


def _excessive(grantee: str, table: str, privilege: str) -> bool:
    if grantee == "alm_mirror":
        return privilege != "SELECT"
    if grantee != "alm_app":
        return False
    if table in _APP_MUST_NOT_WRITE:
        return privilege != "SELECT"
    return table in _APPEND_ONLY and privilege not in ("SELECT", "INSERT")


_FUNCTIONS = """
    SELECT p.proname, p.prosecdef, pg_get_userbyid(p.proowner) AS owner,
      EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%' AND c LIKE '%pg_temp') AS pinned,
      p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0) AS public,
      EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') AS extension
    FROM pg_proc p WHERE p.pronamespace = 'alm'::regnamespace ORDER BY 1
"""


def _functions(conn: psycopg.Connection[Any]) -> Iterator[Finding]:
    for name, definer, owner, pinned, public, extension in conn.execute(_FUNCTIONS):
        if extension:
            continue
        if public:
            yield Finding("function", name, "everybody may execute it")
        if definer and not pinned:
            yield Finding("function", name, "runs with its owner's rights and has no search_path ending in pg_temp")
        if definer and owner != "alm_definer" and name not in REVIEWED_OWNERS:
            yield Finding("function", name, f"runs with the rights of {owner} and is not on the reviewed list")


_VIEWS = """
    SELECT relname, COALESCE(reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)
    FROM pg_class WHERE relnamespace = 'alm'::regnamespace AND relkind = 'v' ORDER BY 1
"""
_ROLES = "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = ANY (%s)"


def _views(conn: psycopg.Connection[Any]) -> Iterator[Finding]:
    for name, invoker in conn.execute(_VIEWS):
        if not invoker:
            yield Finding("view", name, "is not WITH (security_invoker = true), so it shows its owner's rows")


def _roles(conn: psycopg.Connection[Any]) -> Iterator[Finding]:
    found = {row[0]: row[1:] for row in conn.execute(_ROLES, (list(ROLES),))}
    for name in ROLES:
        if name not in found:
            yield Finding("role", name, "does not exist")
            continue
        superuser, bypass, login = found[name]
        if superuser or bypass:
            yield Finding("role", name, "is a superuser or bypasses row-level security")
        if name == "alm_definer" and login:
            yield Finding("role", name, "may log in")


_JOBS = """
    SELECT c.relname, a.privilege_type, CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END
    FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = to_regnamespace('alm_jobs')
    UNION ALL
    SELECT p.proname, a.privilege_type, CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END
    FROM pg_proc p, aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a
    WHERE p.pronamespace = to_regnamespace('alm_jobs')
    ORDER BY 1, 3, 2
"""


def _jobs(conn: psycopg.Connection[Any]) -> Iterator[Finding]:
    """The queue holds every organisation's jobs, so the app reaches it through its one definer function only."""
    for name, privilege, grantee in conn.execute(_JOBS):
        if grantee not in ("alm_owner", "alm_worker", "alm_definer"):
            yield Finding("job queue", name, f"{grantee} has {privilege}")
