"""Every route as everybody: the matrix of `authz_matrix.csv` holds, and agrees with the privileges of the roles."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from alm_workbench.composition import read_seed
from alm_workbench.contexts.auth.domain import closure
from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, Spec
from alm_workbench.shared.principal import grants
from tests.factories.workbench import Api, Bench
from tests.security.authz import MARKER, MEMBERS, PEOPLE, Scene, make_scene, routes, send, verdict
from tests.security.dry import dry_api

MATRIX = Path(__file__).with_name("authz_matrix.csv")
OWN = {"UpdateComment", "DeleteComment", "RestoreComment", "CommentHistory", "DeleteAttachment", "RestoreAttachment"}
"""What the scene has of the engineer's: the privilege opens one's own, moderating (or auditing, what was said) others'."""

BESIDE = {"MoveToProject": "artifact:create"} | dict.fromkeys(("ApplyBulk", "PlanBulk"), "artifact:update")
BESIDE["UndoBulk"] = "artifact:moderate"  # the run is the owner's
"""Privileges that the scene's requests need besides: items are added elsewhere, and many changes need what one needs."""

HEADER = ("route", "message", "privilege", *PEOPLE)


@pytest.fixture(scope="module")
def scene(workbench: Bench) -> Scene:
    """What the requests are about."""
    return make_scene(workbench)


@pytest.fixture(scope="module")
def dry(workbench: Bench, scene: Scene) -> Iterator[Api]:
    """The REST API, whose transactions leave nothing."""
    with dry_api(workbench) as found:
        yield found


@pytest.fixture(scope="module")
def found(dry: Api, scene: Scene) -> dict[str, dict[str, str]]:
    """What everybody gets at every route; nothing of this organisation gets to the other one."""
    secrets = [MARKER, str(dry.bench.acme.tenant_id), "@acme.example", dry.bench.acme.project.name]
    rows: dict[str, dict[str, str]] = {}
    for spec in routes():
        row = rows[spec.name] = {
            "route": f"{spec.method} {spec.path}",
            "message": spec.name,
            "privilege": spec.privilege,
        }
        for who in PEOPLE:
            reply = send(dry, who, spec, scene)
            assert reply.status < 500, (spec.name, who, reply.body)
            row[who] = verdict(reply)
            if who in ("anonymous", "foreign") and spec.name != "LogIn":
                told = [secret for secret in secrets if secret in reply.body.decode("utf-8", "replace")]
                assert not told, (spec.name, who, told, reply.body[:300])
    return rows


def test_the_matrix_holds(found: dict[str, dict[str, str]]) -> None:
    """Line by line as reviewed; a new route is a new line."""
    if os.environ.get("ALM_WRITE_MATRIX"):
        with MATRIX.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADER, lineterminator="\n")
            writer.writeheader()
            writer.writerows(found.values())
    with MATRIX.open(encoding="utf-8", newline="") as file:
        expected = {row["message"]: row for row in csv.DictReader(file)}
    different = {name: (row, expected.get(name)) for name, row in found.items() if row != expected.get(name)}
    assert not different
    assert expected.keys() == found.keys()


def test_nobody_gets_further_than_public_routes(found: dict[str, dict[str, str]]) -> None:
    """Without a log-in everything else is 401."""
    for spec in routes():
        assert (found[spec.name]["anonymous"] == "401") or spec.privilege == PUBLIC, spec.name


def test_privileges_decide(found: dict[str, dict[str, str]]) -> None:
    """Who holds the privilege of a route gets through, who does not is refused with 403."""
    for spec in routes():
        for who in MEMBERS:
            if spec.privilege not in (PUBLIC, AUTHENTICATED):
                got = found[spec.name][who]
                # a list of projects is never refused: it is empty for whoever sees none
                wanted = held(who, spec) or spec.name == "ListProjects"
                assert (got != "403") if wanted else (got in ("403", "404")), (spec.name, who, got)


def test_the_other_organisation_reaches_nothing_by_its_name(found: dict[str, dict[str, str]]) -> None:
    """Whatever a path names, the owner of another organisation hears that there is no such thing."""
    for spec in routes():
        named = [name for name in spec.path_params if name not in ("plugin", "name", "key", "code", "version")]
        if named and spec.privilege != PUBLIC:
            assert found[spec.name]["foreign"] in ("404", "403"), (spec.name, found[spec.name])


def held(who: str, spec: Spec) -> bool:
    """Whether a role of the seed grants the privilege of a route, on what is another's too where the scene has that."""
    granted = privileges_of(who)
    more = ("artifact:moderate", "audit:read") if spec.name == "CommentHistory" else ("artifact:moderate",)
    if spec.name in ("UpdateSavedQuery", "DeleteSavedQuery"):
        return who == "owner"  # whose it is
    if spec.name == "TakeBackWork" and who != "engineer":  # another's
        return grants(granted, "planning:manage")
    mine = spec.name not in OWN or who == "engineer" or any(grants(granted, code) for code in more)
    both = spec.name not in BESIDE or grants(granted, BESIDE[spec.name])
    return mine and both and grants(granted, spec.privilege)


@cache
def privileges_of(who: str) -> frozenset[str]:
    """What a role of the seed grants, with the roles that it implies; nothing for what is no role."""
    seed = {role["code"]: role for role in read_seed().roles}
    if who not in seed:
        return frozenset()
    codes = closure([who], {code: role.get("implies", ()) for code, role in seed.items()})
    return frozenset(p for code in codes for p in seed[code]["privileges"])
