"""Every table, by every way in: global ones by SQL, those of another organisation by REST."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest

from alm_workbench.shared.messages import PUBLIC
from alm_workbench.storage.bootstrap import Dsns
from alm_workbench.storage.rls_check import REVIEWED_TABLES
from tests.factories.database import Cluster
from tests.factories.rows import insert_minimal_rows
from tests.factories.workbench import Api, Bench
from tests.security.authz import SAMPLES, Sample, Scene, make_scene, routes, url_of

FOREIGN = "planted for another organisation"
TABLE_OF = {
    "artifact_id": "artifacts",
    "target_id": "artifacts",
    "project_id": "projects",
    "version_id": "manifest_versions",
    "manifest_id": "manifests",
    "membership_id": "memberships",
    "commit_id": "audit_commits",
    "invitation_id": "invitations",
    "key_id": "api_keys",
    "entity_id": "artifacts",
    "comment_id": "comments",
    "attachment_id": "attachments",
}


@pytest.mark.parametrize("table", sorted(REVIEWED_TABLES))
def test_nobody_reaches_a_global_table_by_sql(module_db: Dsns, table: str) -> None:
    """Not the app, not the mirror; the worker neither: what they may know comes through reviewed functions."""
    for dsn in (module_db.app, module_db.worker, module_db.mirror):
        with psycopg.connect(dsn, autocommit=True) as conn:
            for verb in ("SELECT * FROM", "DELETE FROM", "TRUNCATE"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(f"{verb} alm.{table}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"INSERT INTO alm.{table} DEFAULT VALUES".encode())


def test_the_queue_of_jobs_has_one_door(module_db: Dsns) -> None:
    """The app reads no job of anybody: arguments of jobs belong to organisations."""
    with psycopg.connect(module_db.worker) as worker:
        found = worker.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'alm_jobs'::regnamespace AND relkind = 'r'"
        )
        tables = [row[0] for row in found]
    assert tables
    for dsn in (module_db.app, module_db.mirror):
        with psycopg.connect(dsn, autocommit=True) as conn:
            for table in tables:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(f"SELECT * FROM alm_jobs.{table}".encode())


@dataclass(frozen=True)
class Planted:
    """A row in every table of a tenant that nobody here belongs to: its id by table."""

    tenant_id: UUID
    ids: dict[str, str]


@pytest.fixture(scope="module")
def planted(cluster: Cluster, workbench: Bench) -> Planted:
    """Rows whose texts all carry the marker."""
    tenant = uuid4()
    with psycopg.connect(cluster.superuser_dsn(workbench.dsns)) as conn:
        rows = insert_minimal_rows(conn, tenant, text=FOREIGN)
    ids = {row.table: str(row.values["id"]) for row in rows if isinstance(row.values.get("id"), UUID)}
    assert len(ids) > 25
    return Planted(tenant, ids)


@pytest.fixture(scope="module")
def scene(workbench: Bench) -> Scene:
    """Things of the reader's own organisation."""
    return make_scene(workbench)


@pytest.mark.parametrize("spec", routes(), ids=lambda spec: spec.name)
def test_no_route_shows_a_row_of_another_organisation(api: Api, planted: Planted, scene: Scene, spec: object) -> None:
    """Whatever table a row is in, whichever route is asked, by lists or by the row's own id."""
    from alm_workbench.shared.messages import Spec

    assert isinstance(spec, Spec)
    made = SAMPLES.get(spec.name)
    sample = made(scene) if made else Sample()
    named = {name: planted.ids[TABLE_OF[name]] for name in spec.path_params if name in TABLE_OF}
    if spec.kind == "command" and not named:
        return  # it names nothing of anybody's; what it may do is in the matrix
    body = None if spec.method == "GET" else {k: named.get(k, v) for k, v in sample.body.items()}
    for entity in planted.ids.values() if "entity_id" in named else [""]:
        ids = named | ({"entity_id": entity} if entity else {})
        url = url_of(spec, scene, Sample(query=sample.query, path={**sample.path, **ids}))
        url = f"{api.url}alm/api/v{spec.versions[0]}{url}"
        reply = api.call(spec.method or "GET", url, body, headers={"If-Match": '"1"'} if spec.if_match else {})
        assert reply.status < 500, (url, reply.body)
        assert FOREIGN.encode() not in reply.body, (url, reply.body[:400])
        assert str(planted.tenant_id).encode() not in reply.body
        if named and spec.privilege != PUBLIC:
            assert reply.status == 404, (url, reply.status, reply.body[:200])
