"""A closed organisation is dead at once on every way in, the others notice nothing, and opening it changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from alm_workbench.contexts.artifact.messages import CreateArtifact, FindArtifacts
from alm_workbench.contexts.auth.session_messages import ResolvePrincipal
from alm_workbench.contexts.tenant.invitation_messages import AcceptInvitation, InvitationByToken, InviteMember
from alm_workbench.contexts.tenant.messages import SetTenantStatus, TenantBySlug
from alm_workbench.contexts.tenant.people_messages import AddMember
from alm_workbench.errors import AuthenticationFailed, NotFound
from alm_workbench.mirror.layout import MirrorLayout
from alm_workbench.mirror.refresher import Refresher
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.messages import PUBLIC, REGISTRY
from alm_workbench.storage.engine import begin
from tests.factories.database import Cluster
from tests.factories.rows import tenant_tables
from tests.factories.workbench import PASSWORD, Api, Bench, Org

MOVING = {"tenants", "audit_snapshots", "audit_commits", "audit_heads", "outbox_messages", "rate_counters"}
"""What tells of the closing and opening itself, and of requests in between."""


@pytest.fixture
def org(workbench: Bench) -> Iterator[Org]:
    """Acme with something in it; open again afterwards."""
    org = workbench.acme
    org.engineer.send(CreateArtifact(org.project.id, "requirement", "Kept", {"text": "as it was"}))
    yield org
    switch(workbench, active=True)


def switch(bench: Bench, *, active: bool) -> None:
    """Close or open acme as who runs the installation."""
    bench.runtime.mediator.as_principal(None).send(SetTenantStatus("acme", active))


def contents(cluster: Cluster, bench: Bench, tenant_id: UUID) -> dict[str, str]:
    """A fingerprint of every row of a tenant, by table."""
    with psycopg.connect(cluster.superuser_dsn(bench.dsns)) as conn:
        return {
            table: hashlib.sha256(
                "\n".join(
                    row[0]
                    for row in conn.execute(
                        f"SELECT to_jsonb(t)::text FROM alm.{table} t WHERE tenant_id = %s ORDER BY 1", [tenant_id]
                    )
                ).encode()
            ).hexdigest()
            for table in tenant_tables(conn)
            if table not in MOVING
        }


def plain_routes() -> list[str]:
    """Every GET route that needs a log-in and no id."""
    specs = (s for s in REGISTRY.public() if s.method == "GET" and not s.path_params and s.privilege != PUBLIC)
    return [spec.path + ("?text=x" if spec.name == "SearchEverywhere" else "") for spec in specs if spec.path]


def test_every_way_in_is_shut_at_once(org: Org, workbench: Bench, api: Api) -> None:
    """Tokens, keys, refresh, log-in, invitations: refused in the very next request, whatever was remembered of them."""
    made = api.post("/api-keys", {"name": "robot", "scopes": ["project:read"]}).json
    key = {"X-API-Key": made["secret"]}
    session = api.post("/auth/login", {"email": org.email("engineer"), "password": PASSWORD}, who=None).json
    invited = org.owner.send(InviteMember("closed@people.example"))
    guest = workbench.globex.viewer
    assert guest.principal is not None
    second = org.owner.send(InviteMember(guest.principal.email))
    # every memory is warm now
    assert [api.get("/projects", who=role).status for role in ("owner", "engineer", "viewer")] == [200] * 3
    assert api.call("GET", "/projects", who=None, headers=key).status == 200
    wrong = api.post("/tenant/deactivate", {"slug": "globex"})
    assert (wrong.status, wrong.json["errors"][0]["path"]) == (422, "/slug")
    assert api.post("/tenant/deactivate", {"slug": "acme"}, who="manager").status == 403
    closed = api.post("/tenant/deactivate", {"slug": "acme"})
    assert (closed.status, closed.json["status"]) == (200, "inactive")

    for role in ("owner", "engineer", "viewer"):
        assert {path: api.get(path, who=role).status for path in plain_routes()} == dict.fromkeys(plain_routes(), 401)
    assert api.call("GET", "/projects", who=None, headers=key).status == 401
    item = {"artifact_type": "requirement", "title": "Too late"}
    assert api.post(f"/projects/{org.project.id}/artifacts", item, who="engineer").status == 401
    assert api.post("/auth/refresh", {"refresh_token": session["refresh_token"]}, who=None).status == 401
    login = {"email": org.email("owner"), "password": PASSWORD}
    assert api.post("/auth/login", login, who=None).status == 401
    for token in (invited.token, second.token):
        assert api.post("/invitations/look-up", {"token": token}, who=None).status == 404
    assert api.post("/invitations/accept", {"token": second.token}, who="viewer", org="globex").status == 404
    assert api.post("/auth/switch-tenant", {"tenant": "acme"}, who="viewer", org="globex").status in (401, 403, 404)


def test_the_other_organisations_notice_nothing(org: Org, workbench: Bench, api: Api) -> None:
    """Their routes answer as before, and somebody in both goes on in the one that is open."""
    before = {path: api.get(path, org="globex").status for path in plain_routes()}
    switch(workbench, active=False)
    assert {path: api.get(path, org="globex").status for path in plain_routes()} == before
    session = api.post("/auth/login", {"email": workbench.globex.email("owner"), "password": PASSWORD}, who=None)
    assert session.json["tenant_slug"] == "globex"


def test_the_database_itself_lets_nobody_enter(org: Org, workbench: Bench) -> None:
    """Any process on this database, with a principal it remembers: a transaction of the organisation does not begin."""
    switch(workbench, active=False)
    with pytest.raises(AuthenticationFailed, match="not active"):
        org.engineer.query(FindArtifacts(org.project.id))
    with (
        pytest.raises(DBAPIError) as refused,
        begin(workbench.runtime.engine, tenant_id=org.tenant_id) as conn,
    ):
        conn.execute(text("SELECT 1"))
    assert getattr(refused.value.orig, "sqlstate", "") == "AL001"
    with begin(
        workbench.runtime.engine, tenant_id=workbench.globex.tenant_id
    ) as conn:  # the connection is as good as new
        assert conn.execute(text("SELECT count(*) FROM alm.projects")).scalar() == 1
    principal = org.engineer.principal
    assert principal is not None
    assert principal.user_id is not None
    nobody = workbench.runtime.mediator.as_principal(None)
    assert nobody.query(ResolvePrincipal(principal.user_id, org.tenant_id)) is None


def test_opening_it_again_restores_everything_exactly(org: Org, workbench: Bench, api: Api, cluster: Cluster) -> None:
    """Row by row in every table; the tokens, keys and invitations of before work again."""
    made = api.post("/api-keys", {"name": "robot", "scopes": ["project:read"]}).json
    invited = org.owner.send(InviteMember("again@people.example"))
    shown = api.get(f"/projects/{org.project.id}/artifacts", who="viewer").json
    before = contents(cluster, workbench, org.tenant_id)
    switch(workbench, active=False)
    switch(workbench, active=False)  # twice is once
    assert contents(cluster, workbench, org.tenant_id) == before
    switch(workbench, active=True)
    assert contents(cluster, workbench, org.tenant_id) == before
    assert api.get(f"/projects/{org.project.id}/artifacts", who="viewer").json == shown
    assert api.call("GET", "/projects", who=None, headers={"X-API-Key": made["secret"]}).status == 200
    nobody = workbench.runtime.mediator.as_principal(None)
    assert nobody.query(InvitationByToken(invited.token)).email == "again@people.example"
    with psycopg.connect(workbench.dsns.worker) as conn:
        query = (
            "SELECT event_type FROM alm.outbox_messages WHERE tenant_id = %s"
            " AND event_type LIKE 'Tenant%%activated' ORDER BY id DESC LIMIT 2"
        )
        kinds = [row[0] for row in conn.execute(query, [org.tenant_id])]
    assert kinds == ["TenantReactivated", "TenantDeactivated"]


def test_the_mirror_drops_what_is_closed_and_builds_it_anew(org: Org, workbench: Bench) -> None:
    """Its files go with the next refresh, those of others stay; after opening they hold the same again."""
    layout = MirrorLayout(workbench.settings.mirror_dir)
    refresher = Refresher(workbench.dsns.mirror, layout)
    refresher.refresh()
    assert {org.tenant_id, workbench.globex.tenant_id} <= set(layout.tenants())
    switch(workbench, active=False)
    refresher.refresh()
    assert org.tenant_id not in set(layout.tenants())
    assert workbench.globex.tenant_id in set(layout.tenants())
    switch(workbench, active=True)
    assert refresher.refresh().rebuilt == 1
    assert layout.tenant(org.tenant_id).current() is not None


def test_somebody_of_two_organisations_is_out_of_the_closed_one_only(org: Org, workbench: Bench) -> None:
    """He is not even told that it is there."""
    guest = workbench.globex.engineer
    assert guest.principal is not None
    assert guest.principal.user_id is not None
    org.owner.send(AddMember(guest.principal.email))
    inside = in_tenant(workbench, guest, org.tenant_id)
    switch(workbench, active=False)
    with pytest.raises(AuthenticationFailed):
        inside.query(FindArtifacts(org.project.id))
    assert guest.query(FindArtifacts(workbench.globex.project.id)).items == ()
    with pytest.raises(NotFound):
        guest.send(AcceptInvitation("no such token"))
    assert workbench.runtime.mediator.as_principal(None).query(TenantBySlug("acme")) == org.tenant_id


def in_tenant(bench: Bench, who: LocalMediator, tenant_id: UUID) -> Any:
    """Somebody's mediator in another organisation."""
    assert who.principal is not None
    assert who.principal.user_id is not None
    nobody = bench.runtime.mediator.as_principal(None)
    return nobody.as_principal(nobody.query(ResolvePrincipal(who.principal.user_id, tenant_id)))
