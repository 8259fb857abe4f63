"""Quotas: what a subscription allows is never passed, not even by many at once; unlimited ones do not count."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from itertools import count, pairwise
from typing import Any

import psycopg
import pytest

from alm_workbench.contexts.artifact.messages import (
    CreateArtifact,
    DeleteArtifact,
    ImportArtifacts,
    RestoreArtifact,
    UpdateArtifact,
)
from alm_workbench.contexts.auth.messages import CreateAccount
from alm_workbench.contexts.auth.session_messages import ResolvePrincipal
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import CreateProject
from alm_workbench.contexts.tenant.invitation_messages import InviteMember
from alm_workbench.contexts.tenant.messages import GetSubscription, SetTier
from alm_workbench.contexts.tenant.people_messages import AddMember
from alm_workbench.errors import InvalidInput, TenantQuotaExceeded
from alm_workbench.shared.tiers import Rates, Tier, Tiers, read_tiers, shipped_tiers
from tests.factories.database import Cluster
from tests.factories.workbench import PASSWORD, Api, Bench, Org, safety_manifest

NUMBER = count(1)
SMALL = Tier(
    "free",
    {"en": "Free"},
    Rates(60, 10),
    {"projects": 3, "artifacts": 6, "members": 8, "manifests": 2, "storage": 10**9},
)


@pytest.fixture
def org(workbench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Org]:
    """Globex under a subscription that has room for little, whatever stands in the file that ships."""
    shipped = shipped_tiers()
    monkeypatch.setattr(Tiers, "of", lambda self, code: SMALL if code == "free" else self._tiers[code])
    assert shipped.of("free") is SMALL
    yield set_tier(workbench.globex, "free")
    set_tier(workbench.globex, "enterprise")


def set_tier(org: Org, tier: str) -> Org:
    """The organisation under another subscription, and its people as they are resolved from then on."""
    root = org.owner.as_principal(None)
    root.send(SetTier(org.slug, tier))
    for role, mediator in list(org.mediators.items()):
        old = mediator.principal
        assert old is not None
        assert old.user_id is not None
        org.mediators[role] = mediator.as_principal(root.query(ResolvePrincipal(old.user_id, old.tenant_id)))
    return org


def used(org: Org, resource: str) -> int:
    """What the subscription says is used."""
    return next(q.used for q in org.owner.query(GetSubscription()).quotas if q.resource == resource)


def item(org: Org) -> Any:
    """One more item."""
    fields = {"text": "Braking distance"}
    return org.engineer.send(CreateArtifact(org.project.id, "requirement", f"Requirement {next(NUMBER)}", fields))


def fill(org: Org, resource: str, limit: int, make: Callable[[], Any]) -> list[Any]:
    """Create up to the limit."""
    made = [make() for _ in range(limit - used(org, resource))]
    assert used(org, resource) == limit
    return made


def test_the_file_that_ships_states_what_was_agreed() -> None:
    """Requests a minute and burst; every quota of a larger tier is at least that of the one before."""
    tiers = [shipped_tiers().of(code) for code in shipped_tiers().codes]
    assert [(t.code, t.rates.per_minute, t.rates.burst) for t in tiers] == [
        ("free", 60, 10),
        ("pro", 300, 50),
        ("enterprise", 1000, 200),
    ]
    for smaller, larger in pairwise(tiers):
        assert all((larger.quotas[r] or 10**15) > (smaller.quotas[r] or 10**15) for r in smaller.quotas)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"quotas": {"projects": 1}}, "exactly projects"), ({"rates": {"per_minute": 0, "burst": 1}}, "positive")],
)
def test_a_file_that_makes_no_sense_is_refused(change: dict[str, Any], sentence: str) -> None:
    """A forgotten quota would be no quota."""
    entry = {"code": "x", "labels": {}, "rates": {"per_minute": 1, "burst": 1}, "quotas": dict(SMALL.quotas), **change}
    with pytest.raises(ValueError, match=sentence):
        read_tiers({"tiers": [entry]})


def test_one_more_than_allowed_is_refused_and_says_what_is_used(org: Org) -> None:
    """Every resource; the error carries resource, limit, used and requested."""
    cases: dict[str, tuple[int, Callable[[], Any]]] = {
        "projects": (3, lambda: org.owner.send(CreateProject(f"Q{next(NUMBER)}", "One more"))),
        "artifacts": (6, lambda: item(org)),
        "manifests": (2, lambda: org.owner.send(SaveManifest(renamed(next(NUMBER))))),
        "members": (8, lambda: join(org)),
    }
    for resource, (limit, make) in cases.items():
        fill(org, resource, limit, make)
        with pytest.raises(TenantQuotaExceeded) as refused:
            make()
        known = {name: refused.value.extra[name] for name in ("resource", "limit", "used", "requested")}
        assert known == {"resource": resource, "limit": limit, "used": limit, "requested": 1}
        assert used(org, resource) == limit
    item(set_tier(org, "enterprise"))


def renamed(number: int) -> str:
    """The process that ships under another name."""
    return safety_manifest().replace('@name "safety"', f'@name "safety{number}"', 1)


def join(org: Org) -> Any:
    """One more member."""
    email = f"more{next(NUMBER)}@globex.example"
    org.owner.as_principal(None).send(CreateAccount(email, "More", PASSWORD))
    return org.owner.send(AddMember(email))


def with_room(monkeypatch: pytest.MonkeyPatch, org: Org, **quotas: int) -> Org:
    """The organisation under a subscription with exactly these quotas, and room for everything else."""
    room = Tier("free", {}, SMALL.rates, {**dict.fromkeys(SMALL.quotas, 10**9), **quotas})  # type: ignore[dict-item]
    monkeypatch.setattr(Tiers, "of", lambda self, code: room if code == "free" else self._tiers[code])
    return set_tier(org, "free")


def test_the_bin_makes_room_and_restoring_needs_it(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    """Items in the bin are not counted, so taking one out again is a claim like another."""
    set_tier(org, "enterprise")
    first, second = item(org), item(org)
    with_room(monkeypatch, org, artifacts=used(org, "artifacts") - 1)
    org.engineer.send(DeleteArtifact(first.id, first.version))
    with pytest.raises(TenantQuotaExceeded):
        org.engineer.send(RestoreArtifact(first.id))
    org.engineer.send(DeleteArtifact(second.id, second.version))
    assert org.engineer.send(RestoreArtifact(first.id)).deleted_at is None
    with pytest.raises(TenantQuotaExceeded):
        item(org)


def test_an_import_counts_as_many_as_it_brings(org: Org) -> None:
    """The whole file or nothing."""
    rows = "id,title,text\n" + "".join(f"Z-{n},Title {n},Text\n" for n in range(7))
    content = base64.b64encode(rows.encode()).decode()
    before = used(org, "artifacts")
    with pytest.raises(TenantQuotaExceeded) as refused:
        org.engineer.send(ImportArtifacts(org.project.id, "z.csv", content, "requirement"))
    assert refused.value.extra["requested"] == 7
    assert used(org, "artifacts") == before


def test_waiting_invitations_hold_a_place(org: Org) -> None:
    """Nobody is invited into an organisation that will be full by then."""
    places = 8 - used(org, "members")
    for _ in range(places):
        org.owner.send(InviteMember(f"guest{next(NUMBER)}@elsewhere.example"))
    with pytest.raises(TenantQuotaExceeded):
        org.owner.send(InviteMember(f"guest{next(NUMBER)}@elsewhere.example"))


def misjudge(cluster: Cluster, bench: Bench, org: Org, resource: str, used: int, age: str = "0 s") -> None:
    """Let the database remember a wrong number, and the last change of the organisation be long ago."""
    with psycopg.connect(cluster.superuser_dsn(bench.dsns)) as admin:
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(
            "UPDATE alm.tenants SET updated_at = now() - interval '1 day' WHERE tenant_id = %s", [org.tenant_id]
        )
        admin.execute("DELETE FROM alm.tenant_usage WHERE tenant_id = %s", [org.tenant_id])
        wrong = "INSERT INTO alm.tenant_usage VALUES (%s, %s, %s, now() - %s::interval)"
        admin.execute(wrong, [org.tenant_id, resource, used, age])


def remembered(bench: Bench, org: Org, resource: str) -> int:
    """What the database remembers as used."""
    with psycopg.connect(bench.dsns.worker) as conn:
        query = "SELECT used FROM alm.tenant_usage WHERE tenant_id = %s AND resource = %s"
        found = conn.execute(query, [org.tenant_id, resource]).fetchone()
    return int(found[0]) if found else -1


def test_storage_is_refused_only_after_it_was_measured(
    org: Org, workbench: Bench, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number remembered may be far too high: it is measured anew before anybody is refused, and stands corrected."""
    found = item(set_tier(org, "enterprise"))
    real = used(org, "storage")
    with_room(monkeypatch, org, storage=real + 5000)
    misjudge(cluster, workbench, org, "storage", real * 100)
    changed = org.engineer.send(UpdateArtifact(found.id, found.version, fields={"text": "x" * 3000}))
    assert real < remembered(workbench, org, "storage") < real + 5000
    with pytest.raises(TenantQuotaExceeded) as refused:
        org.engineer.send(UpdateArtifact(found.id, changed.version, fields={"text": "y" * 9000}))
    assert refused.value.extra["resource"] == "storage"


def test_counts_are_remembered_while_there_is_room(
    org: Org, workbench: Bench, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim adds to the number; an old one, or one from before the subscription changed, is counted anew."""
    with_room(monkeypatch, set_tier(org, "enterprise"))
    real = used(org, "artifacts")
    misjudge(cluster, workbench, org, "artifacts", real + 500)
    item(org)
    assert remembered(workbench, org, "artifacts") == real + 501
    misjudge(cluster, workbench, org, "artifacts", 0, "2 hours")
    item(org)
    assert remembered(workbench, org, "artifacts") == real + 2
    misjudge(cluster, workbench, org, "artifacts", 0)
    set_tier(set_tier(org, "enterprise"), "free")
    item(org)
    assert remembered(workbench, org, "artifacts") == real + 3


@pytest.mark.parametrize(("resource", "left"), [("projects", 1), ("projects", 3), ("artifacts", 1), ("artifacts", 5)])
def test_many_at_once_get_exactly_what_is_left(
    org: Org, monkeypatch: pytest.MonkeyPatch, resource: str, left: int
) -> None:
    """Twelve threads for a few places: so many are made, all others are refused, the count is the limit."""
    limit = used(set_tier(org, "enterprise"), resource) + left
    with_room(monkeypatch, org, **{resource: limit})
    outcomes: list[str] = []
    start = threading.Barrier(12)

    def attempt() -> None:
        start.wait()
        try:
            item(org) if resource == "artifacts" else org.owner.send(CreateProject(f"R{next(NUMBER)}", "Race"))
            outcomes.append("made")
        except TenantQuotaExceeded:
            outcomes.append("refused")

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("made"), len(outcomes)) == (left, 12)
    assert used(org, resource) == limit


def test_over_rest_it_is_429_without_retry_after(org: Org, api: Api) -> None:
    """Waiting does not help, so clients must not try again: the problem type says which 429 it is."""
    for _ in range(3 - min(3, used(org, "projects"))):
        org.owner.send(CreateProject(f"S{next(NUMBER)}", "One"))
    api.application.login("owner@globex.example", PASSWORD)
    reply = api.post("/projects", {"key": f"T{next(NUMBER)}", "name": "Too many"}, org="globex")
    assert (reply.status, reply.json["type"]) == (429, "/errors/tenant-quota-exceeded")
    assert "retry-after" not in reply.headers
    subscription = api.get("/tenant/subscription", org="globex").json
    assert (subscription["tier"], subscription["requests_per_minute"], subscription["burst"]) == ("free", 60, 10)


def test_an_unknown_tier_is_refused(workbench: Bench) -> None:
    """With the ones there are."""
    with pytest.raises(InvalidInput, match="free, pro, enterprise"):
        workbench.runtime.mediator.as_principal(None).send(SetTier("globex", "gold"))
