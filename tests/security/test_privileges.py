"""Every privilege is checked somewhere, and nothing is checked that is no privilege."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from alm_workbench import resources
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.errors import AccessDenied
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, REGISTRY, Spec
from alm_workbench.shared.principal import Principal, grants
from tests.factories.workbench import Bench, safety_manifest

ROOT = Path(__file__).resolve().parents[2]

ELSEWHERE = {
    "lab:use": ("alm_workbench/server/identity.py", 'LAB_PRIVILEGE = "lab:use"'),
    "key:manage": ("alm_workbench/contexts/apikey/handlers.py", "key:manage"),
    "artifact:moderate": ("alm_workbench/contexts/discussion/handlers.py", 'MODERATE = "artifact:moderate"'),
    "manifest:activate": ("alm_workbench/contexts/project/handlers.py", 'APPROVE = "manifest:activate"'),
}
"""Privileges that a handler or a face checks itself, with the place; all others stand at a message."""


def seed(name: str, key: str) -> list[dict[str, Any]]:
    data = yaml.safe_load(resources.path("alm_meta", "seed", name).read_text("utf-8"))
    return list(data[key])


CODES = {item["code"] for item in seed("default_privileges.yaml", "privileges")}


def declared() -> list[Spec]:
    """Messages of the workbench itself that ask for a privilege."""
    own = (spec for spec in REGISTRY.all() if spec.cls.__module__.startswith("alm_workbench."))
    return [spec for spec in own if spec.privilege not in (PUBLIC, AUTHENTICATED)]


@pytest.fixture(scope="module", autouse=True)
def everything(workbench: Bench) -> None:
    """All contexts are loaded, so that the registry is whole."""


def unchecked(codes: set[str], asked: set[str], elsewhere: dict[str, tuple[str, str]]) -> set[str]:
    """Privileges that no message asks for and no reviewed place checks."""
    places = {code for code, (path, text) in elsewhere.items() if text in (ROOT / path).read_text("utf-8")}
    return codes - asked - places


def test_every_privilege_is_checked_somewhere() -> None:
    """At a message, or at a place that was reviewed and still says so."""
    asked = {spec.privilege for spec in declared()}
    assert unchecked(CODES, asked, ELSEWHERE) == set()


def test_an_unchecked_privilege_is_found() -> None:
    """The test can fail: on a privilege that nobody asks for, and on a place that checks it no more."""
    asked = {spec.privilege for spec in declared()}
    assert unchecked(CODES | {"moon:land"}, asked, ELSEWHERE) == {"moon:land"}
    gone = {**ELSEWHERE, "lab:use": ("alm_workbench/server/identity.py", "nothing says this")}
    assert unchecked(CODES, asked, gone) == {"lab:use"}


def test_what_is_asked_for_is_a_privilege() -> None:
    """Messages, and texts in the source that look like a check, name codes of the seed only."""
    assert {spec.privilege for spec in declared()} - CODES == set()
    said = re.compile(r"""\bmay\(\s*["']([a-z]+:[a-z_]+)["']""")
    for path in (ROOT / "alm_workbench").rglob("*.py"):
        assert set(said.findall(path.read_text("utf-8"))) <= CODES, path


def test_roles_grant_what_there_is() -> None:
    """Every code of a built-in role is a privilege, every wildcard covers one, and every privilege is in some role."""
    roles = {role["code"]: role for role in seed("default_roles.yaml", "roles")}
    granted = {code for role in roles.values() for code in role["privileges"]}
    assert {code for code in granted if not any(grants({code}, known) for known in CODES)} == set()
    below_owner = {code for name, role in roles.items() if name != "owner" for code in role["privileges"]}
    only_owners = {code for code in CODES if not grants(below_owner, code)}
    assert only_owners == {"lab:use", "tenant:deactivate"}
    assert {implied for role in roles.values() for implied in role["implies"]} <= set(roles)


def test_privileges_are_named_in_both_languages() -> None:
    """A role editor shows them."""
    for item in seed("default_privileges.yaml", "privileges"):
        assert item["labels"]["en"], item
        assert item["labels"]["tr"], item
        assert item["labels"]["en"] != item["labels"]["tr"], item


def with_privileges(workbench: Bench, held: set[str]) -> LocalMediator:
    """A mediator of somebody who holds exactly these."""
    me = workbench.acme.owner.principal
    assert me is not None
    principal = Principal(me.tenant_id, me.actor_id, me.user_id, me.email, "x", me.roles, frozenset(held))
    return workbench.runtime.mediator.as_principal(principal)


def test_without_its_privilege_every_message_is_refused(workbench: Bench) -> None:
    """Holding all the others does not help; the refusal names what is missing."""
    specs = declared()
    assert len(specs) > 30
    for spec in specs:
        who = with_privileges(workbench, CODES - {spec.privilege})
        names = spec.cls.__dataclass_fields__  # type: ignore[attr-defined]
        message = spec.cls(**dict.fromkeys(names))  # nothing of it is looked at before the privilege is
        send: Any = who.send if spec.kind == "command" else who.query
        if spec.name == "ListProjects":  # lists those of the roles in projects
            assert send(spec.cls()).items == ()
            continue
        with pytest.raises(AccessDenied) as caught:
            send(message)
        assert caught.value.reasons[0]["rule_id"] == spec.privilege, spec.name


def test_the_first_use_of_a_process_is_approved(workbench: Bench) -> None:
    """Whoever may put processes into force may not put any: the first time takes the privilege to approve it."""
    owner = workbench.acme.owner
    project = owner.send(CreateProject("APPR", "Approval"))
    fresh = owner.send(SaveManifest(safety_manifest() + "\n// never used\n")).version_id
    who = with_privileges(workbench, {"project:read", "project:activate"})
    with pytest.raises(AccessDenied) as caught:
        who.send(ActivateManifest(project.id, fresh))
    assert caught.value.reasons[0]["rule_id"] == "manifest:activate"
    owner.send(ActivateManifest(project.id, fresh))
    assert who.send(ActivateManifest(project.id, fresh)).manifest_version_id == fresh
