"""`alm tenant` from the first organisation to a closed one, on a data directory of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alm_workbench.composition import opened
from alm_workbench.config import Settings
from alm_workbench.contexts.auth.session_messages import LogIn
from alm_workbench.contexts.tenant.invitation_messages import InvitationByToken
from alm_workbench.contexts.tenant.saga_messages import BeginOnboarding, OnboardingStep
from alm_workbench.errors import AuthenticationFailed
from tests.factories.workbench import PASSWORD
from tests.unit.commands.running import run_command


def test_the_life_of_an_organisation(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """create, own, list, roles, invite, set-tier, members, deactivate, reactivate, resume; refusals in one sentence."""
    for name in ("ALM_DSN", "ALM_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALM_NEW_PASSWORD", PASSWORD)
    place, settings = ["--data-dir", str(data_dir)], Settings(data_dir)

    def alm(*arguments: str) -> str:
        code, out, err = run_command(capsys, "tenant", *arguments, *place)
        assert code == 0, err
        return out

    def refused(*arguments: str) -> str:
        code, out, err = run_command(capsys, "tenant", *arguments, *place)
        assert (code, out, err[:5]) == (2, "", "alm: "), err
        return err

    with opened(settings):  # the database stays up between the commands
        assert "acme: Acme Brakes" in alm("create", "acme", "--name", "Acme Brakes", "--owner", "ada@acme.example")
        alm("create", "globex", "--owner", "ada@acme.example", "--tier", "pro")
        assert "already" in refused("create", "acme", "--owner", "ada@acme.example")
        assert "none of free, pro" in refused("create", "third", "--owner", "ada@acme.example", "--tier", "gold")
        alm("own", "acme", "ada@acme.example")
        rows = json.loads(alm("list", "--json"))
        assert [(r["slug"], r["tier"], r["status"], r["members"]) for r in rows] == [
            ("acme", "enterprise", "active", 1),
            ("globex", "pro", "active", 1),
        ]
        assert "owner     built in  admin" in alm("roles")
        assert "free now" in alm("set-tier", "acme", "free")
        made = json.loads(alm("invite", "eve@acme.example", "--role", "engineer", "--json"))
        assert made["link"] == f"invite?token={made['token']}"
        assert "ada@acme.example" in alm("members", "--organisation", "globex", "--as", "ada@acme.example")
        assert "both --organisation and --as" in refused("members", "--organisation", "globex")
        closed_and_opened(settings, alm, refused, made["token"])
        half_way(settings, alm)


def closed_and_opened(settings: Settings, alm: object, refused: object, token: str) -> None:
    """A closed organisation lets nobody in, and its owner's commands say why; the other one goes on."""
    assert callable(alm)
    assert callable(refused)
    alm("deactivate", "acme", "--yes")
    assert "alm tenant reactivate acme" in refused("members")
    with opened(settings) as runtime:
        root = runtime.mediator.as_principal(None)
        with pytest.raises(AuthenticationFailed):
            root.send(LogIn("ada@acme.example", PASSWORD, "acme"))
        assert root.send(LogIn("ada@acme.example", PASSWORD)).tenant_slug == "globex"
        alm("reactivate", "acme")
        assert root.send(LogIn("ada@acme.example", PASSWORD, "acme")).tenant_slug == "acme"
        assert root.query(InvitationByToken(token)).email == "eve@acme.example"
    assert "there is no organisation 'nothing'" in refused("deactivate", "nothing", "--yes")


def half_way(settings: Settings, alm: object) -> None:
    """What was cut off is finished by `resume`."""
    assert callable(alm)
    with opened(settings) as runtime:
        root = runtime.mediator.as_principal(None)
        user = root.send(LogIn("ada@acme.example", PASSWORD, "acme"))
        given = {"slug": "half", "name": "Half", "tier": "free", "timezone": "UTC", "locale": "en"}
        owner = {"owner_user_id": str(user.user_id), "owner_email": user.email, "owner_name": "Ada"}
        run = root.send(BeginOnboarding("half", {**given, **owner}))
        root.send(OnboardingStep(run))
    assert alm("resume") == "half: done\n"
