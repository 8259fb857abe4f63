"""An organisation is set up as a whole or not at all: whatever fails, and whoever dies in between."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
import yaml

from alm_workbench import resources
from alm_workbench.contexts.auth.messages import CreateAccount, UserDTO
from alm_workbench.contexts.auth.session_messages import LogIn
from alm_workbench.contexts.tenant.messages import TenantBySlug
from alm_workbench.contexts.tenant.onboarding import Steps
from alm_workbench.contexts.tenant.onboarding_messages import OnboardTenant, ResumeOnboarding, UnfinishedOnboardings
from alm_workbench.contexts.tenant.saga_messages import (
    BeginCompensation,
    BeginOnboarding,
    CompensationStep,
    OnboardingStep,
)
from alm_workbench.errors import AlmError, AuthenticationFailed, Conflict, InvalidInput
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.storage.bootstrap import Dsns
from tests.factories.database import Cluster, short_dir
from tests.factories.rows import tenant_tables
from tests.factories.workbench import PASSWORD, Bench, make_bench

# where each step writes, and what a trigger there has to look for
PLACES = {
    "tenant": ("tenants", "INSERT", "true"),
    "roles": ("roles", "INSERT", "true"),
    "workflow": ("tenant_workflows", "INSERT", "true"),
    "policies": ("tenant_policies", "INSERT", "true"),
    "owner": ("member_roles", "INSERT", "true"),
    "completed": ("outbox_messages", "INSERT", "NEW.event_type = 'TenantOnboarded'"),
}
KEPT = {"audit_commits", "audit_snapshots", "audit_heads", "audit_seals", "outbox_messages"}


@dataclass
class Place:
    """A workbench without organisations, the superuser beside it, and somebody to own what is set up."""

    bench: Bench
    root: LocalMediator
    admin: psycopg.Connection[Any]
    owner: UserDTO

    def onboarding(self, slug: str) -> OnboardTenant:
        """The command for an organisation."""
        return OnboardTenant(slug, slug.title(), self.owner.user_id, self.owner.email, self.owner.display_name)

    def begin(self, slug: str) -> UUID:
        """A run on which no step was taken yet, as the command opens it."""
        names = ("slug", "name", "tier", "timezone", "locale", "owner_email", "owner_name")
        asked = self.onboarding(slug)
        given = {name: getattr(asked, name) for name in names}
        return self.root.send(BeginOnboarding(slug, {**given, "owner_user_id": str(asked.owner_user_id)}))

    def one(self, query: str, *values: Any) -> Any:
        """The first column of the first row."""
        row = self.admin.execute(query, values).fetchone()
        return row[0] if row else None

    def status(self, slug: str) -> Any:
        """How the newest run for a slug ended."""
        return self.one("SELECT status FROM alm.saga_runs WHERE subject = %s ORDER BY started_at DESC LIMIT 1", slug)

    def tenant(self, slug: str) -> UUID:
        """The id that the newest run for a slug chose."""
        query = "SELECT input ->> 'tenant_id' FROM alm.saga_runs WHERE subject = %s ORDER BY started_at DESC LIMIT 1"
        return UUID(self.one(query, slug))

    def residue(self, tenant_id: UUID) -> dict[str, int]:
        """Rows of a tenant by table, the record of what happened left out."""
        count = {
            t: self.one(f"SELECT count(*) FROM alm.{t} WHERE tenant_id = %s", tenant_id)
            for t in tenant_tables(self.admin)
            if t not in KEPT
        }
        return {table: number for table, number in count.items() if number}

    def events(self, tenant_id: UUID) -> list[str]:
        """The types of the events of a tenant."""
        query = "SELECT event_type FROM alm.outbox_messages WHERE tenant_id = %s ORDER BY id"
        return [row[0] for row in self.admin.execute(query, [tenant_id])]

    @contextmanager
    def at(self, step: str, action: str) -> Iterator[None]:
        """While this lasts, the database itself does something when a step writes."""
        table, verb, when = PLACES[step]
        body = f"BEGIN IF {when} THEN {action}; END IF; RETURN NEW; END"
        self.admin.execute(f"CREATE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql AS '{quoted(body)}'")
        self.admin.execute("GRANT EXECUTE ON FUNCTION public.fault() TO PUBLIC")
        self.admin.execute(
            f"CREATE TRIGGER a_fault BEFORE {verb} ON alm.{table} FOR EACH ROW EXECUTE FUNCTION public.fault()"
        )
        try:
            yield
        finally:
            self.admin.execute(f"DROP TRIGGER a_fault ON alm.{table}")
            self.admin.execute("DROP FUNCTION public.fault()")


def quoted(text: str) -> str:
    """A text inside SQL quotes."""
    return text.replace("'", "''")


@pytest.fixture(scope="module")
def place(cluster: Cluster, module_db: Dsns) -> Iterator[Place]:
    """One for the module; every test sets up organisations of its own."""
    folder = short_dir("alm-onboard-")
    bench = make_bench(module_db, folder, slugs=())
    root = bench.runtime.mediator.as_principal(None)
    with psycopg.connect(cluster.superuser_dsn(module_db), autocommit=True) as admin:
        yield Place(bench, root, admin, root.send(CreateAccount("ada@example.org", "Ada", PASSWORD)))
    bench.runtime.mirror.stop()
    bench.runtime.engine.dispose()
    shutil.rmtree(folder, ignore_errors=True)


def entries(name: str, key: str) -> list[dict[str, Any]]:
    """The entries of a seed file."""
    data = yaml.safe_load(resources.path("alm_meta", "seed", name).read_text("utf-8"))[key]
    return data if isinstance(data, list) else [data]


def check_complete(place: Place, slug: str) -> None:
    """Exactly what the seed holds, one owner, one event."""
    tenant_id = place.tenant(slug)
    assert place.status(slug) == "done"
    assert place.residue(tenant_id) == {
        "tenants": 1,
        "actors": 1,
        "roles": len(entries("default_roles.yaml", "roles")),
        "tenant_workflows": len(entries("default_workflow.yaml", "workflow")),
        "tenant_policies": len(entries("default_policies.yaml", "policies")),
        "memberships": 1,
        "member_roles": 1,
    }
    assert place.events(tenant_id) == ["TenantOnboarded"]
    assert place.one("SELECT status FROM alm.tenants WHERE tenant_id = %s", tenant_id) == "active"


def test_a_new_organisation_holds_the_entries_of_the_seed_and_nothing_else(place: Place) -> None:
    """Row by row: codes, labels, what roles imply and grant, policies, the workflow."""
    made = place.root.send(place.onboarding("exact"))
    check_complete(place, "exact")
    found = place.admin.execute(
        "SELECT code, labels, description, implies, privileges FROM alm.roles WHERE tenant_id = %s AND built_in",
        [made.tenant_id],
    ).fetchall()
    names = ("code", "labels", "description", "implies", "privileges")
    seed = [tuple(role[name] for name in names) for role in entries("default_roles.yaml", "roles")]
    assert sorted(found) == sorted(seed)
    policies = place.admin.execute(
        "SELECT code, definition FROM alm.tenant_policies WHERE tenant_id = %s", [made.tenant_id]
    ).fetchall()
    assert {code: {"code": code, **rest} for code, rest in policies} == {
        policy["code"]: policy for policy in entries("default_policies.yaml", "policies")
    }
    query = "SELECT definition FROM alm.tenant_workflows WHERE tenant_id = %s"
    assert [place.one(query, made.tenant_id)] == entries("default_workflow.yaml", "workflow")
    session = place.root.send(LogIn(place.owner.email, PASSWORD, "exact"))
    assert (session.tenant_id, session.roles[-1], session.privileges[0]) == (made.tenant_id, "viewer", "*")


@pytest.mark.parametrize("step", Steps.names)
def test_a_step_that_fails_leaves_nothing(place: Place, step: str) -> None:
    """No row of the organisation in any table, the run is compensated, one event tells of it; the slug is free again."""
    slug = f"fails-{step}"
    with place.at(step, "RAISE EXCEPTION 'the disk is on fire'"), pytest.raises(AlmError, match="database refused"):
        place.root.send(place.onboarding(slug))
    tenant_id = place.tenant(slug)
    assert (place.status(slug), place.residue(tenant_id)) == ("compensated", {})
    assert place.events(tenant_id) == ["TenantOnboardingFailed"]
    assert place.root.query(TenantBySlug(slug)) is None
    place.root.send(place.onboarding(slug))
    check_complete(place, slug)


@pytest.mark.parametrize("taken", range(len(Steps.names) + 1))
def test_a_run_that_was_cut_off_goes_on_where_it_stopped(place: Place, taken: int) -> None:
    """After any number of steps; none is done twice, and a finished run is left alone."""
    slug = f"cut-{taken}"
    run = place.begin(slug)
    for _ in range(taken):
        place.root.send(OnboardingStep(run))
    waiting = {found.slug: found for found in place.root.query(UnfinishedOnboardings())}
    if taken < len(Steps.names):
        assert waiting[slug].done == Steps.names[:taken]
        assert place.root.query(TenantBySlug(slug)) is None
    else:
        assert slug not in waiting
    assert place.root.send(ResumeOnboarding(run)).status == "done"
    check_complete(place, slug)


@pytest.mark.parametrize("undone", range(4))
def test_a_compensation_that_was_cut_off_goes_on_backwards(place: Place, undone: int) -> None:
    """Once a run is being undone it never goes forward again."""
    slug = f"back-{undone}"
    run = place.begin(slug)
    for _ in range(3):
        place.root.send(OnboardingStep(run))
    place.root.send(BeginCompensation(run, "somebody pulled the plug"))
    for _ in range(undone):
        place.root.send(CompensationStep(run))
    found = place.root.send(ResumeOnboarding(run))
    assert (found.status, found.error) == ("compensated", "somebody pulled the plug")
    assert (place.residue(place.tenant(slug)), place.events(place.tenant(slug))) == ({}, ["TenantOnboardingFailed"])


def test_the_command_again_takes_its_unfinished_run_up(place: Place) -> None:
    """The same slug and owner: nothing is begun twice. Somebody else's slug is refused."""
    run = place.begin("again")
    place.root.send(OnboardingStep(run))
    other = place.root.send(CreateAccount("eve@example.org", "Eve", PASSWORD))
    with pytest.raises(Conflict, match="being set up already"):
        place.root.send(OnboardTenant("again", "Again", other.user_id, other.email, "Eve"))
    place.root.send(place.onboarding("again"))
    assert place.one("SELECT count(*) FROM alm.saga_runs WHERE subject = 'again'") == 1
    check_complete(place, "again")


def test_nobody_enters_an_organisation_in_the_making(place: Place) -> None:
    """All steps but the last are done: there is a member and a role, and still no way in."""
    run = place.begin("almost")
    for _ in Steps.names[:-1]:
        place.root.send(OnboardingStep(run))
    with pytest.raises(AuthenticationFailed):
        place.root.send(LogIn(place.owner.email, PASSWORD, "almost"))
    place.root.send(ResumeOnboarding(run))
    assert place.root.send(LogIn(place.owner.email, PASSWORD, "almost")).tenant_slug == "almost"


def test_one_slug_wanted_by_many_at_once_is_given_once(place: Place) -> None:
    """The others are told so, and nothing of theirs is left."""
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            place.root.send(place.onboarding("wanted"))
            outcomes.append("made")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "made" in outcomes
    assert place.one("SELECT count(*) FROM alm.tenants WHERE slug = 'wanted'") == 1
    done = place.admin.execute("SELECT status FROM alm.saga_runs WHERE subject = 'wanted'").fetchall()
    assert [status for (status,) in done].count("done") == 1
    assert {status for (status,) in done} <= {"done", "compensated"}


def test_a_taken_slug_is_refused_without_touching_who_has_it(place: Place) -> None:
    """The compensation takes back only what its own run made."""
    place.root.send(place.onboarding("mine"))
    with pytest.raises(Conflict, match="'mine' already"):
        place.root.send(place.onboarding("mine"))
    assert place.one("SELECT count(*) FROM alm.roles r JOIN alm.tenants USING (tenant_id) WHERE slug = 'mine'") == len(
        entries("default_roles.yaml", "roles")
    )


@pytest.mark.parametrize(
    "wrong", [{"slug": "No"}, {"timezone": "Mars/Olympus"}, {"tier": "gold"}, {"name": "  "}], ids=str
)
def test_bad_input_begins_no_run(place: Place, wrong: dict[str, str]) -> None:
    """It is refused before anything is written."""
    before = place.one("SELECT count(*) FROM alm.saga_runs")
    given = {"slug": "fine", "name": "Fine", **wrong}
    with pytest.raises(InvalidInput):
        place.root.send(OnboardTenant(owner_user_id=place.owner.user_id, owner_email="a@b.c", owner_name="A", **given))
    assert place.one("SELECT count(*) FROM alm.saga_runs") == before


KILLED = """
import json, sys
from pathlib import Path
from uuid import UUID
from alm_workbench.composition import Runtime
from alm_workbench.config import Settings
from alm_workbench.contexts.tenant.onboarding_messages import OnboardTenant
from alm_workbench.storage.bootstrap import Database, Dsns
dsns, folder, user = json.loads(sys.argv[1])
runtime = Runtime(Settings(Path(folder)), Database(Dsns(**dsns)), pool_size=4, third_party=False)
runtime.mediator.as_principal(None).send(OnboardTenant("killed", "Killed", UUID(user), "ada@example.org", "Ada"))
"""


def test_a_killed_process_leaves_a_run_that_another_one_finishes(cluster: Cluster, place: Place) -> None:
    """kill -9 in the middle of a step: the step is undone by the database, the ones before it stay and are not repeated.

    While the process lives nobody else can take its run.
    """
    given = json.dumps([asdict(place.bench.dsns), str(place.bench.settings.data_dir), str(place.owner.user_id)])
    with place.at("policies", "PERFORM pg_advisory_xact_lock(4711)"):
        place.admin.execute("SELECT pg_advisory_lock(4711)")
        process = subprocess.Popen([sys.executable, "-c", KILLED, given])
        try:
            run = waiting_run(place, ("tenant", "roles", "workflow"))
            with pytest.raises(Conflict, match="right now"):
                place.root.send(ResumeOnboarding(run))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            place.admin.execute("SELECT pg_advisory_unlock(4711)")
    finish(place, run)
    check_complete(place, "killed")


def waiting_run(place: Place, done: tuple[str, ...]) -> UUID:
    """The run of the other process once it has come so far."""
    for _ in range(300):
        for found in place.root.query(UnfinishedOnboardings()):
            if (found.slug, found.done) == ("killed", done):
                return found.run_id
        time.sleep(0.1)
    raise AssertionError("the other process did not get there")


def finish(place: Place, run: UUID) -> None:
    """Resume, as soon as the database has noticed that the other process is dead."""
    for _ in range(100):
        try:
            place.root.send(ResumeOnboarding(run))
            return
        except Conflict:
            time.sleep(0.1)
    raise AssertionError("the run is still held")
