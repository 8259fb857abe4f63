"""``alm audit`` as its user meets it: readable lines, JSON, and exit code 1 when something was changed."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from alm_workbench.cli import alm
from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, UpdateArtifact
from alm_workbench.demo import owner_file
from tests.factories.database import Cluster
from tests.factories.workbench import Bench


@pytest.fixture
def installation(workbench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The module's workbench as an installation that the command line opens."""
    for role, variable in (("app", "ALM_DSN"), ("owner", "ALM_OWNER_DSN"), ("worker", "ALM_WORKER_DSN"),
                           ("mirror", "ALM_MIRROR_DSN")):  # fmt: skip
        monkeypatch.setenv(variable, getattr(workbench.dsns, role))
    monkeypatch.setenv("ALM_DATA_DIR", str(workbench.settings.data_dir))
    me = workbench.acme.owner.principal
    assert me is not None
    ids = {"user_id": str(me.user_id), "tenant_id": str(me.tenant_id)}
    owner_file(workbench.settings).write_text(json.dumps(ids), "utf-8")
    return workbench


def run(*arguments: str) -> Result:
    """One command, in this process."""
    return CliRunner().invoke(alm, ["audit", *arguments], standalone_mode=False)


def found(result: Result) -> Any:
    """Its JSON."""
    assert result.exception is None, result.output
    return json.loads(result.stdout)


@pytest.fixture
def item(installation: Bench) -> ArtifactDTO:
    """An item of two versions."""
    owner = installation.acme.owner
    made = owner.send(CreateArtifact(installation.acme.project.id, "Requirement", "One"))
    return owner.send(UpdateArtifact(made.id, made.version, "Two"))


def test_show_tells_versions_and_differences(installation: Bench, item: ArtifactDTO) -> None:
    """By project and key or by type and id; one version whole, or the steps between two."""
    lines = run("show", f"DEMO/{item.key}").stdout.splitlines()
    assert lines[1].split()[0] == "2"
    assert "title" in lines[1]
    assert [e["version"] for e in found(run("show", f"Artifact/{item.id}", "--json"))] == [2, 1]
    assert found(run("show", f"DEMO/{item.key}", "--version", "1"))["payload"]["title"] == "One"
    assert "/title: 'One' -> 'Two'" in run("show", f"DEMO/{item.key}", "--diff", "1", "2").stdout
    assert "neither PROJECT/KEY nor Type/uuid" in str(run("show", "what").exception)


def test_seal_verify_and_keys(installation: Bench, item: ArtifactDTO, cluster: Cluster) -> None:
    """Sealed and verified: exit code 0; after a superuser's edit 1, and the line says which version of what."""
    sealed = found(run("seal", "--json"))
    assert {s["tenant"] for s in sealed} == {"acme", "globex"}
    good = run("verify")
    assert good.return_value == 0, good.output
    assert "acme: " in good.stdout
    assert "is as it was sealed; 0 not sealed yet" in good.stdout
    keys = found(run("keys", "--json"))
    assert len(keys) == 1
    assert run("keys", "--export").stdout.startswith("-----BEGIN PUBLIC KEY-----")
    with psycopg.connect(cluster.superuser_dsn(installation.dsns)) as conn:
        conn.execute("SET LOCAL session_replication_role = replica")
        conn.execute("UPDATE alm.audit_snapshots SET payload = '{}' WHERE entity_id = %s AND version = 1", (item.id,))
    bad = run("verify", "--tenant", "acme")
    assert bad.return_value == 1
    assert f"payload: Artifact/{item.id} version 1 has other values" in bad.stdout
    data = found(run("verify", "--tenant", "acme", "--json", "--no-live"))
    assert [(f["code"], f["version"]) for f in data[0]["findings"]] == [("payload", 1)]
    assert run("verify", "--tenant", "globex").return_value == 0
    assert "there is no organisation 'x'" in str(run("verify", "--tenant", "x").exception)
    assert found(run("keys", "--rotate", "--json"))[1]["current"] is True
