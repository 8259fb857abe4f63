"""One valid request for every route, and the people who send it: what `authz_matrix.csv` is made from.

    ALM_WRITE_MATRIX=1 pytest tests/security/test_authz_matrix.py      writes the matrix anew; read the difference

Every request really runs, with the transaction rolled back at its end, so that no cell changes what the next one finds.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from sqlalchemy import Connection

from alm_workbench.contexts.apikey.messages import CreateApiKey
from alm_workbench.contexts.artifact.messages import CreateArtifact, DeleteArtifact, LinkArtifacts
from alm_workbench.contexts.attachment.messages import AttachFile, AttachmentDTO, StartUpload
from alm_workbench.contexts.audit.messages import ListCommits
from alm_workbench.contexts.auth.session_messages import LogIn
from alm_workbench.contexts.bulk.messages import ApplyBulk, BulkTarget
from alm_workbench.contexts.discussion.messages import AddComment
from alm_workbench.contexts.manifest.messages import ListManifests
from alm_workbench.contexts.planning.team_messages import CreateTeam
from alm_workbench.contexts.planning.work_messages import LogWork
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.contexts.savedquery.messages import CreateSavedQuery
from alm_workbench.contexts.tenant.invitation_messages import InviteMember
from alm_workbench.contexts.tenant.people_messages import CreateRole, ListMembers
from alm_workbench.contexts.tenant.policy_messages import CreatePolicy
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.mediator import LocalMediator, Work
from alm_workbench.shared.messages import REGISTRY, Spec
from alm_workbench.storage.units import PostgresUnits
from tests.factories.processes import APPROVED_FLOW, acting_project
from tests.factories.workbench import PASSWORD, Api, Bench, Reply, safety_manifest

MEMBERS = ("outsider", "viewer", "engineer", "reviewer", "manager", "admin", "owner")
"""People of the organisation: a member without any role, then one for each role of the seed."""

PEOPLE = ("anonymous", *MEMBERS, "key", "foreign")
"""The columns: nobody, the members, a key that may read items only, and the owner of another organisation."""

MARKER = "Marker of acme"
POLICY = "ours"


class RolledBack(PostgresUnits):
    """Transactions that run to their end and leave nothing."""

    @contextmanager
    def begin(self, work: Work, /) -> Iterator[Connection]:
        with super().begin(work) as conn:
            yield conn
            conn.rollback()


@dataclass(frozen=True)
class Scene:
    """What the requests are about: things of the first organisation, by the names of path parameters."""

    ids: Mapping[str, str]
    key: str


@dataclass(frozen=True)
class Sample:
    """The parts of a request that its path does not hold; ``path`` replaces parameters of the scene."""

    body: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)


def make_scene(bench: Bench) -> Scene:
    """Two items, a project, people, a role, an invitation, a key and their like in the first organisation."""
    acme = bench.acme
    items = [
        acme.engineer.send(
            CreateArtifact(acme.project.id, "requirement", f"{MARKER} {n}", {"text": f"{MARKER} in a text"})
        )
        for n in (1, 2)
    ]
    linked = acme.engineer.send(LinkArtifacts(items[0].id, "relates_to", items[1].id))
    comment = acme.engineer.send(AddComment(items[0].id, f"{MARKER} in a comment"))
    file = attached(acme.engineer, items[0].id, f"{MARKER}.txt")
    secret = acme.owner.send(CreateApiKey("reading", ("artifact:read", "project:read")))
    role = acme.owner.send(CreateRole("inspector", {"en": "Inspector"}, ("artifact:read",)))
    invited = acme.owner.send(InviteMember("guest@elsewhere.example", ("viewer",)))
    never = {"events": ["create"], "when": f"self.title == '{MARKER} 3'", "labels": {"en": MARKER}}
    acme.owner.send(CreatePolicy(POLICY, never))
    viewer = next(m for m in acme.owner.query(ListMembers()) if m.email == acme.email("viewer"))
    manifest = acme.owner.query(ListManifests()).items[0]
    gone = acme.engineer.send(CreateArtifact(acme.project.id, "requirement", f"{MARKER} in the bin"))
    acme.engineer.send(DeleteArtifact(gone.id, gone.version))
    commit = acme.owner.query(ListCommits(limit=1)).items[0]
    session = acme.owner.as_principal(None).send(LogIn(acme.email("owner"), PASSWORD))
    waiting = acting_project(acme, APPROVED_FLOW)
    asked = waiting.step(waiting.new(f"{MARKER} waits"), "finish").pending
    assert asked is not None
    bulky = acme.owner.send(CreateArtifact(acme.project.id, "requirement", f"{MARKER} changed together"))
    bulk = acme.owner.send(ApplyBulk(acme.project.id, "update", (BulkTarget(bulky.id),), title="Changed together"))
    other = acme.owner.send(CreateProject("OTHER", "Another project"))
    acme.owner.send(ActivateManifest(other.id, acme.version_id))
    days = {"start_date": "2026-01-05", "end_date": "2026-03-27"}
    cycle = acme.owner.send(CreateArtifact(acme.project.id, "release", f"{MARKER} release", days))
    team = acme.owner.send(CreateTeam(f"{MARKER} team"))
    work = acme.engineer.send(LogWork(items[0].id, 1.5))
    query = acme.owner.send(CreateSavedQuery(acme.project.id, f"{MARKER} query", sharing="project"))
    ids = {
        "approval_id": str(asked.approval_id),
        "artifact_id": str(items[0].id),
        "attachment_id": str(file.id),
        "comment_id": str(comment.id),
        "target_id": str(items[1].id),
        "project_id": str(acme.project.id),
        "other_project_id": str(other.id),
        "version_id": str(acme.version_id),
        "manifest_id": str(manifest.id),
        "membership_id": str(viewer.membership_id),
        "entity_type": "Artifact",
        "entity_id": str(items[0].id),
        "commit_id": str(commit.id),
        "run_id": str(bulk.run.id),
        "session_id": str(session.session_id),
        "cycle_id": str(cycle.id),
        "team_id": str(team.id),
        "work_id": str(work.id),
        "query_id": str(query.id),
        "link_id": str(linked.id),
        "invitation_id": str(invited.invitation.invitation_id),
        "key_id": str(secret.key.id),
        "code": role.code,
        "version": "1",
        "key": items[0].key,
        "name": "project_summary",
        "plugin": "alm_example",
        "role": "engineer",
    }
    return Scene(ids, secret.secret)


def attached(who: LocalMediator, artifact_id: ArtifactId, name: str, content: bytes = b"text") -> AttachmentDTO:
    """A file that somebody attached to an item."""
    upload = who.query(StartUpload(artifact_id, name))
    upload.write(content)
    return who.send(AttachFile(artifact_id, name, upload.finish()))


def url_of(spec: Spec, scene: Scene, sample: Sample) -> str:
    """Path and query of a sample, below the address of a version of the API."""
    values = {**scene.ids, **sample.path}
    path = re.sub(r"{(\w+)}", lambda m: values[m[1]], spec.path or "")
    return path + (f"?{urlencode(sample.query)}" if sample.query else "")


def send(api: Api, who: str, spec: Spec, scene: Scene) -> Reply:
    """The request of a route as one of the people."""
    made = SAMPLES.get(spec.name)
    sample = made(scene) if made else Sample()
    headers = {"If-Match": '"1"'} if spec.if_match else {}
    if spec.idempotent:
        headers["Idempotency-Key"] = uuid4().hex
    if who == "key":
        headers["X-API-Key"] = scene.key
    body = None if spec.method == "GET" else dict(sample.body)
    person = None if who in ("anonymous", "key") else "owner" if who == "foreign" else who
    org = "globex" if who == "foreign" else "acme"
    address = f"{api.url}alm/api/v{spec.versions[0]}{url_of(spec, scene, sample)}"
    return api.call(spec.method or "GET", address, body, who=person, org=org, headers=headers)


def verdict(reply: Reply) -> str:
    """What a reply says about rights: a refusal's status, or that the request got through to the rules behind."""
    return str(reply.status) if reply.status in (401, 403, 404) else "yes"


def routes() -> list[Spec]:
    """Every route, by path and method."""
    return REGISTRY.public()


SAMPLES: dict[str, Callable[[Scene], Sample]] = {
    "ActivateManifest": lambda s: Sample({"manifest_version_id": s.ids["version_id"]}),
    "AcceptInvitation": lambda s: Sample({"token": "x" * 43}),
    "AddComment": lambda s: Sample({"text": "One more comment"}),
    "ApplyBulk": lambda s: Sample(
        {"action": "update", "items": [{"id": s.ids["artifact_id"]}], "title": "Another title"}
    ),
    "ArtifactsAt": lambda s: Sample(query={"at": "2026-01-01T00:00:00Z"}),
    "ChangePassword": lambda s: Sample({"current_password": PASSWORD, "new_password": "olive tractor meadow 91"}),
    "CheckManifest": lambda s: Sample({"text": safety_manifest()}),
    "CreateApiKey": lambda s: Sample({"name": "another", "scopes": ["artifact:read"]}),
    "CreateArtifact": lambda s: Sample({"artifact_type": "requirement", "title": "One more requirement"}),
    "CreatePolicy": lambda s: Sample(
        {"code": "titles", "definition": {"events": ["create"], "when": "isEmpty(self.title)"}}
    ),
    "CreateSavedQuery": lambda s: Sample({"name": "One more question"}),
    "CreateTeam": lambda s: Sample({"name": "One more team"}),
    "CreateProject": lambda s: Sample({"key": "MORE", "name": "One more project"}),
    "CreateRole": lambda s: Sample({"code": "auditor", "labels": {"en": "Auditor"}, "privileges": ["artifact:read"]}),
    "DeactivateTenant": lambda s: Sample({"slug": "acme"}),
    "DeletePolicy": lambda s: Sample(path={"code": POLICY}),
    "DiffSnapshots": lambda s: Sample(query={"from": "1", "to": "1"}),
    "EraseEntity": lambda s: Sample({"reason": "Asked for by the person it is about"}),
    "Explain": lambda s: Sample(query={"action": "read", "entity_id": s.ids["artifact_id"]}),
    "GrantProjectRole": lambda s: Sample({"membership_id": s.ids["membership_id"], "role": "engineer"}),
    "GraphManifest": lambda s: Sample({"text": safety_manifest()}),
    "ImportArtifacts": lambda s: Sample(
        {
            "source_name": "a.csv",
            "content": base64.b64encode(b"title\nImported").decode(),
            "artifact_type": "requirement",
        }
    ),
    "InvitationByToken": lambda s: Sample({"token": "x" * 43}),
    "InviteMember": lambda s: Sample({"email": "new@elsewhere.example", "roles": ["viewer"]}),
    "LinkArtifacts": lambda s: Sample({"link_type": "refines", "target_id": s.ids["target_id"]}),
    "LogWork": lambda s: Sample({"hours": 1.0}),
    "LogIn": lambda s: Sample({"email": "viewer@acme.example", "password": PASSWORD}),
    "MoveToProject": lambda s: Sample({"project_id": s.ids["other_project_id"]}),
    "PlanBulk": lambda s: Sample(
        {"action": "update", "items": [{"id": s.ids["artifact_id"]}], "title": "Another title"}
    ),
    "PlanItems": lambda s: Sample({"artifact_ids": [s.ids["artifact_id"]], "cycle_id": s.ids["cycle_id"]}),
    "RefreshSession": lambda s: Sample({"refresh_token": "x" * 43}),
    "RegisterUser": lambda s: Sample(
        {"email": "somebody@elsewhere.example", "display_name": "Somebody", "password": "olive tractor meadow 91"}
    ),
    "RenewKernelToken": lambda s: Sample({"token": "x"}),
    "RequestPasswordReset": lambda s: Sample({"email": "viewer@acme.example"}),
    "RejectStep": lambda s: Sample({"reason": "Not yet"}),
    "ResetPassword": lambda s: Sample({"token": "x" * 43, "new_password": "olive tractor meadow 91"}),
    "RunSql": lambda s: Sample({"sql": "SELECT 1"}),
    "SearchEverywhere": lambda s: Sample(query={"text": "Marker"}),
    "SetCapacity": lambda s: Sample({"amount": 5.0, "team_id": s.ids["team_id"]}),
    "SaveManifest": lambda s: Sample({"text": safety_manifest()}),
    "SetPluginValue": lambda s: Sample({"value": 1}),
    "SwitchTenant": lambda s: Sample({"tenant": "acme"}),
    "TransitionArtifact": lambda s: Sample({"transition": "submit"}),
    "UpdateComment": lambda s: Sample({"text": "Another text"}),
    "UpdateArtifact": lambda s: Sample({"title": "Another title"}),
    "UpdateMember": lambda s: Sample({"status": "suspended"}),
    "UpdatePolicy": lambda s: Sample({"enabled": False}, path={"code": POLICY}),
    "UpdateProfile": lambda s: Sample({"locale": "tr"}),
    "UpdateRole": lambda s: Sample({"labels": {"en": "Inspector of all"}}),
    "UpdateTeam": lambda s: Sample({"name": "Another name"}),
    "UpdateSavedQuery": lambda s: Sample({"name": "Another name"}),
    "UpdateTenant": lambda s: Sample({"name": "Acme and sons"}),
}
"""What a route needs beside its path; routes that are not named need nothing."""
