"""What is hidden from somebody is on no surface: markers are planted, and the bytes of every route are searched.

The routes come from the registry of messages, so a new one is probed without being told; one that the probe does not
know how to ask fails ``test_every_route_is_probed`` until ``SAMPLES`` tells it.
"""

from __future__ import annotations

import base64
import json
import struct
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic.json_schema import GenerateJsonSchema

from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    DeleteArtifact,
    FindArtifacts,
    LinkArtifacts,
    ListLinks,
    UpdateArtifact,
)
from alm_workbench.contexts.auth.messages import CreateAccount
from alm_workbench.contexts.bulk.messages import ApplyBulk, BulkTarget
from alm_workbench.contexts.discussion.messages import AddComment
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.planning.messages import SetCapacity
from alm_workbench.contexts.planning.team_messages import CreateTeam
from alm_workbench.contexts.planning.work_messages import LogWork
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.contexts.savedquery.messages import CreateSavedQuery
from alm_workbench.contexts.tenant.people_messages import AddMember
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AccessDenied, TransitionDenied
from alm_workbench.shared.messages import REGISTRY, Spec
from alm_workbench.shared.wire import ARROW, adapter
from tests.factories.workbench import PASSWORD, Api, Bench, Reply
from tests.security.authz import attached

NUMBER = 918273645
WORDS = (
    "marktext",
    "markafter",
    "markrich",
    "markvault",
    "markinner",
    "markwhy",
    "markshy",
    "markveiled",
    "markbin",
    "marklevel",
    "markcomment",
    "markfile",
    "markgoal",
    "markwork",
)
MARKERS = (
    *(word.encode() for word in WORDS),
    str(NUMBER).encode(),
    struct.pack("<q", NUMBER),
    struct.pack("<d", float(NUMBER)),
)

TEXT = """
@schema 2
@namespace "test.masks"
@name "masks"
@version "1.0.0"

def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "busy", category: "in_progress"}, {id: "done", category: "done"}]
  transitions: [
    {id: "begin", from: "open", to: "busy"},
    {id: "guarded", from: ["open", "busy"], to: "done", guard: "self.fields.held_number < 0"},
    {id: "asked", from: "open", to: "done", on_enter: [
      {kind: "requireApproval", target: "self", params: {roles: ["admin"]}}]},
  ]
}
def ArtifactType note {
  workflow: "flow"
  key_prefix: "NOTE"
  def FieldDef open_text { type: "text" }
  def FieldDef held_text { type: "text" }
  def FieldDef held_number { type: "int" }
  def FieldDef held_rich { type: "richtext" }
  def FieldDef sprint { type: "reference" target: ["sprint"] }
}
def ArtifactType sprint { workflow: "flow" key_prefix: "SPR" def FieldDef held_text { type: "text" } }
def Planning planning { cycle_types: ["sprint"] estimate_field: "held_number" goal_field: "held_text" }
def ArtifactType vault { workflow: "flow" key_prefix: "VAULT" def FieldDef inner { type: "text" } }
def ArtifactType shy { workflow: "flow" key_prefix: "SHY" def FieldDef level { type: "string" } }
def ArtifactType veiled { workflow: "flow" key_prefix: "VEIL" def FieldDef open_text { type: "text" } }
def LinkType near { from: ["note"] to: ["vault", "note"] }
def Role owner { privileges: ["*"] }
def Role admin { privileges: ["*"] }
def ACL all { action: "*" resource: "*" roles: ["owner"] priority: 100 }
def ACL vaults { action: "*" resource: "vault" roles: ["admin"] effect: "deny" priority: 50 }
def ACL shy_ones {
  action: "*" resource: "shy" roles: ["admin"] effect: "deny" priority: 50 condition: "startsWith(self.fields.level, 'top')"
}
def ACL veil { action: "read" resource: "veiled" roles: ["admin"] mask: ["title", "assignee"] priority: 40 }
def ACL rich { action: "read" resource: "note.held_rich" roles: ["admin"] effect: "deny" priority: 40 }
def ACL reading { action: "read" resource: "*" roles: ["admin"] mask: ["held_text", "held_number"] }
def ACL working { action: ["create", "update", "delete", "transition", "link", "import"] resource: "*" roles: ["admin"] }
def Policy looks_at_the_secret {
  events: ["update"] applies_to: ["note"] when: "self.fields.held_number > 5 and self.fields.open_text == 'refuse'"
}
"""


@dataclass
class Planted:
    """What lies in the project, and what can be asked about."""

    project: UUID
    items: dict[str, ArtifactDTO]
    params: dict[str, list[Any]] = field(default_factory=dict)
    said: list[tuple[UUID, UUID, UUID]] = field(default_factory=list)
    entities: list[tuple[str, UUID]] = field(default_factory=list)
    elsewhere: UUID | None = None
    """Another project under the same process."""


@pytest.fixture(scope="module")
def planted(workbench: Bench) -> Planted:
    """Items whose hidden parts hold markers, with a history, refusals, links and one in the bin."""
    org = workbench.acme
    owner = org.owner
    root = workbench.runtime.mediator.as_principal(None)
    root.send(CreateAccount("admin@acme.example", "Admin of acme", PASSWORD))
    owner.send(AddMember("admin@acme.example", ("admin",)))
    project = owner.send(CreateProject("MASK", "Masks"))
    version = owner.send(SaveManifest(TEXT, "dsl"))
    owner.send(ActivateManifest(project.id, version.version_id))
    fields: dict[str, Any] = {"open_text": "plain", "held_text": "marktext before", "held_number": NUMBER}
    fields["held_rich"] = "<p>markrich</p><script>markrich()</script>"

    def make(kind: str, title: str, **given: Any) -> ArtifactDTO:
        return owner.send(CreateArtifact(project.id, kind, title, given))

    sprint = make("sprint", "A sprint", held_text="markgoal")
    items = {
        "note": make("note", "A note", **fields, sprint=str(sprint.id)),
        "binned": make("note", "In the bin", **{**fields, "held_text": "markbin"}),
    }
    items["other"] = make("note", "Another note", open_text="plain")
    items["refused"] = make("note", "Refuses updates", open_text="refuse", held_number=NUMBER)
    items["vault"] = make("vault", "markvault", inner="markinner")
    items["shy"] = make("shy", "markshy", level="top marklevel")
    items["seen"] = make("shy", "Seen by all", level="low")
    items["veiled"] = make("veiled", "markveiled", open_text="plain")
    items["sprint"] = sprint
    team = owner.send(CreateTeam("Testers"))
    owner.send(SetCapacity(sprint.id, 7.0, team_id=team.id))
    note, vault = items["note"], items["vault"]
    items["note"] = owner.send(UpdateArtifact(note.id, 1, fields={"held_text": "markafter that"}))
    near = [owner.send(LinkArtifacts(note.id, "near", items[name].id)) for name in ("vault", "other")]
    owner.send(TransitionArtifact(vault.id, "begin", 1, reason="markwhy"))
    items["waiting"] = make("note", "Waits for approval", open_text="plain")
    items["closed"] = make("vault", "Another vault", inner="plain")
    approvals = []
    for name, given in (("waiting", {"held_text": "marktext asked"}), ("closed", {"inner": "markinner asked"})):
        asked = owner.send(
            TransitionArtifact(items[name].id, "asked", 1, reason="markwhy" if name == "closed" else None, fields=given)
        )
        assert asked.pending is not None
        approvals.append(asked.pending.approval_id)
    binned = items["binned"]
    items["binned"] = owner.send(DeleteArtifact(binned.id, binned.version))
    with pytest.raises(AccessDenied, match=str(NUMBER)):
        owner.send(UpdateArtifact(note.id, 2, fields={"open_text": "refuse"}))
    with pytest.raises(TransitionDenied, match=str(NUMBER)):
        owner.send(TransitionArtifact(note.id, "guarded", 2))
    marked = {"vault": "mark", "shy": "mark", "other": "plain"}
    comments = {name: owner.send(AddComment(items[name].id, f"{word}comment")).id for name, word in marked.items()}
    files = {name: attached(owner, items[name].id, f"{word}file.txt").id for name, word in marked.items()}
    work = [owner.send(LogWork(items[n].id, 1.0, note=said)) for n, said in (("vault", "markwork"), ("seen", "plain"))]
    kept = owner.send(CreateSavedQuery(project.id, "Costly", filter="held_number > 0", sharing="project"))
    bulky = owner.send(CreateArtifact(project.id, "note", "Changed together"))
    bulk = ApplyBulk(project.id, "update", (BulkTarget(bulky.id),), fields={"held_number": NUMBER, "open_text": "x"})
    run = owner.send(bulk).run
    found = Planted(project.id, items)
    other = owner.send(CreateProject("MASK2", "More masks"))
    owner.send(ActivateManifest(other.id, version.version_id))
    found.elsewhere = other.id
    found.said = [(items[name].id, comments[name], files[name]) for name in comments]
    with psycopg.connect(workbench.dsns.worker) as conn:
        tenant = (org.tenant_id,)
        found.entities = [
            (row[0], row[1])
            for row in conn.execute(
                "SELECT DISTINCT entity_type, entity_id FROM alm.audit_snapshots WHERE tenant_id = %s", tenant
            )
        ]
        commits = conn.execute("SELECT id FROM alm.audit_commits WHERE tenant_id = %s", tenant).fetchall()
    found.params = {
        "project_id": [project.id],
        "artifact_id": [item.id for item in items.values()],
        "approval_id": approvals,
        "commit_id": [row[0] for row in commits],
        "version_id": [version.version_id],
        "manifest_id": [version.manifest_id],
        "key": [item.key for item in items.values()],
        "name": ["throughput", "state_distribution", "lead_time"],
        "plugin": ["alm-example"],
        "version": [1, 2],
        "query_id": [kept.id],
        "cycle_id": [sprint.id],
        "team_id": [team.id],
        "work_id": [noted.id for noted in work],
        "run_id": [run.id],
        "link_id": [link.id for link in near],
        "code": ["viewer"],
        "role": ["viewer"],
    }
    return found


@dataclass(frozen=True)
class Ask:
    """One request."""

    params: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def version(number: int) -> dict[str, str]:
    return {"If-Match": f'"{number}"'}


def searches(p: Planted) -> Iterator[Ask]:
    """Every marker as a search, and filters by what is hidden."""
    yield Ask(query={"include": "access"})
    yield Ask(query={"type": "vault"})
    for word in WORDS:
        yield Ask(query={"text": word, "limit": 1})
    for question in QUESTIONS:
        yield Ask(query={"filter": question})
    for order in ("held_text", "-held_number", "title,held_text", "-inner", "assignee"):
        yield Ask(query={"sort": order, "limit": 2})
    yield Ask(query={"text": "note", "filter": "held_number > 0"})
    yield Ask(query={"deleted": "only"})


QUESTIONS = (
    f"held_number == {NUMBER}",
    f"held_number != {NUMBER}",
    "startsWith(held_text, 'mark')",
    "not startsWith(held_text, 'mark')",
    "held_text == null or self.type == 'shy'",
    "contains(title, 'mark')",
    "level == 'top marklevel' or level == 'low'",
    "inner == 'markinner'",
    "len(held_text) > 3 and self.type == 'note'",
)
"""Filters by what is hidden."""


def counts(p: Planted) -> Iterator[Ask]:
    for question in QUESTIONS:
        yield Ask(query={"filter": question})


def facets(p: Planted) -> Iterator[Ask]:
    yield Ask(query={"by": "type,state,category,assignee,tags"})
    for question in QUESTIONS:
        yield Ask(query={"filter": question, "by": "type"})


def everywhere(p: Planted) -> Iterator[Ask]:
    for word in (*WORDS, *(word[:6] for word in WORDS), "note", "NOTE-1"):
        yield Ask(query={"text": word})


def saved(p: Planted) -> Iterator[Ask]:
    for number, question in enumerate(QUESTIONS):
        yield Ask(body={"name": f"probe {number}", "filter": question})
    yield Ask(body={"name": "odd", "filter": "nothing == 'here'"})


def histories(p: Planted) -> Iterator[Ask]:
    for kind, entity in p.entities:
        yield Ask({"entity_type": kind, "entity_id": entity})


def snapshots(p: Planted) -> Iterator[Ask]:
    for kind, entity in p.entities:
        for number in (1, 2):
            yield Ask({"entity_type": kind, "entity_id": entity, "version": number})


def diffs(p: Planted) -> Iterator[Ask]:
    for kind, entity in p.entities:
        yield Ask({"entity_type": kind, "entity_id": entity}, {"from": 1, "to": 2})


def explanations(p: Planted) -> Iterator[Ask]:
    for item in p.items.values():
        for action in ("read", "update", "transition:guarded", "transition:begin"):
            about = {"action": action, "entity_type": "Artifact", "entity_id": item.id}
            yield Ask(query=about)
            yield Ask(query={**about, "user": "owner@acme.example", "who_can": action})
            yield Ask(query={**about, "at": datetime.now(UTC).isoformat()})


def statements(p: Planted) -> Iterator[Ask]:
    tables = ("artifacts", "field_values", "state_history", "links", "workflow_instances", "project_summary")
    for name in (*tables, "base.artifacts", "base.state_history"):
        for headers in ({}, {"Accept": ARROW}):
            yield Ask(body={"sql": f"SELECT * FROM {name}", "max_age": 0}, headers=headers)
    yield Ask(body={"sql": "SELECT CAST('markless' AS INTEGER) FROM artifacts"})
    yield Ask(body={"sql": "SELECT CAST(title AS INTEGER) FROM artifacts WHERE type = 'vault'"})


def updates(p: Planted) -> Iterator[Ask]:
    for item in p.items.values():
        yield Ask({"artifact_id": item.id}, body={"title": "x"}, headers=version(999))  # stale: with `current`
    note = p.items["note"]
    for given in ({"held_text": "x"}, {"open_text": "refuse"}, {"held_number": "x"}, {"open_text": "changed"}):
        yield Ask({"artifact_id": note.id}, body={"fields": given}, headers=version(2))


def steps(p: Planted) -> Iterator[Ask]:
    for item in p.items.values():
        yield Ask({"artifact_id": item.id}, body={"transition": "begin"}, headers=version(999))
    for step in ("guarded", "fly", "begin"):
        yield Ask({"artifact_id": p.items["note"].id}, body={"transition": step}, headers=version(3))


def creations(p: Planted) -> Iterator[Ask]:
    body = {"artifact_type": "note", "title": "By the prober", "fields": {"open_text": "x"}}
    yield Ask(body=body)
    yield Ask(body={**body, "parent_id": str(p.items["vault"].id)})
    yield Ask(body={**body, "artifact_type": "vault"})


def links(p: Planted) -> Iterator[Ask]:
    for target in ("vault", "other", "shy"):
        body = {"link_type": "near", "target_id": str(p.items[target].id)}
        yield Ask({"artifact_id": p.items["seen" if target == "shy" else "note"].id}, body=body)
    yield Ask({"artifact_id": p.items["vault"].id}, body={"link_type": "near", "target_id": str(p.items["note"].id)})


def moves(p: Planted) -> Iterator[Ask]:
    for item in p.items.values():
        yield Ask({"artifact_id": item.id}, body={}, headers=version(999))  # stale: with `current`
    for name in ("vault", "veiled", "shy"):
        for place in ("parent_id", "before", "after"):
            body = {place: str(p.items[name].id)}
            yield Ask({"artifact_id": p.items["other"].id}, body=body, headers=version(1))


def plannings(p: Planted) -> Iterator[Ask]:
    sprint = str(p.items["sprint"].id)
    for names in (["vault"], ["shy"], ["veiled"], ["note", "refused"]):
        ids = [str(p.items[name].id) for name in names]
        yield Ask(body={"artifact_ids": ids, "cycle_id": sprint})
        yield Ask(body={"artifact_ids": ids, "cycle_id": str(p.items["vault"].id)})


def relocations(p: Planted) -> Iterator[Ask]:
    for name in ("note", "vault", "shy", "veiled", "refused", "seen"):
        for number in (999, 2, 1):
            body = {"project_id": str(p.elsewhere)}
            yield Ask({"artifact_id": p.items[name].id}, body=body, headers=version(number))


def links_of(p: Planted) -> Iterator[Ask]:
    for name in ("note", "vault", "other"):
        for link in p.params["link_id"]:
            for number in (1, 999):
                yield Ask({"artifact_id": p.items[name].id, "link_id": link}, body={}, headers=version(number))


def unlinks(p: Planted) -> Iterator[Ask]:
    for ask in links_of(p):
        yield Ask(ask.params, headers=ask.headers)


def imports(p: Planted) -> Iterator[Ask]:
    for text in ("title,held_number\nFine,abc\n", "title,inner\nFine,x\n", "title,ref\nFine,NOTE-1\n"):
        for kind in ("note", "vault", "shy"):
            content = base64.b64encode(text.encode()).decode()
            yield Ask(body={"source_name": "x.csv", "content": content, "artifact_type": kind, "dry_run": True})


def exports(p: Planted) -> Iterator[Ask]:
    yield Ask(query={"technical": "true"})
    for question in QUESTIONS:
        yield Ask(query={"filter": question})


def bulks(number: int | None = None) -> Callable[[Planted], Iterable[Ask]]:
    """Changes of every item, one that is stale and one that is not, and of what questions about hidden values find."""

    def made(p: Planted) -> Iterator[Ask]:
        items = [{"id": str(item.id), "version": number} for item in p.items.values()]
        end = str(p.items["vault"].id)
        more: dict[str, Any] = {"on_error": "skip"} if number else {}
        for body in (
            {"action": "update", "fields": {"open_text": "refuse"}},
            {"action": "update", "fields": {"held_text": "x"}},
            {"action": "update", "title": "Changed", "add_tags": ["x"]},
            {"action": "transition", "transition": "guarded"},
            {"action": "link", "link_type": "near", "target_id": end},
            {"action": "unlink", "link_type": "near", "target_id": end},
            {"action": "move", "before": end},
            {"action": "delete"},
        ):
            yield Ask(body={**body, **more, "items": items})
        for question in QUESTIONS:
            yield Ask(body={"action": "update", "title": "Found", "where": {"filter": question}, **more})

    return lambda p: [ask for ask in made(p) if number is None or "items" in ask.body]


def per_item(*queries: Mapping[str, Any]) -> Callable[[Planted], Iterable[Ask]]:
    return lambda p: [Ask({"artifact_id": item.id}, query) for item in p.items.values() for query in queries or ({},)]


def deletions(p: Planted) -> Iterator[Ask]:
    for item in p.items.values():
        yield Ask({"artifact_id": item.id}, headers=version(999))
    yield Ask({"artifact_id": p.items["other"].id}, headers=version(1))


def manifest(p: Planted) -> Iterator[Ask]:
    yield Ask(body={"text": TEXT, "format": "dsl"})


def comments(body: Mapping[str, Any] | None = None) -> Callable[[Planted], Iterable[Ask]]:
    return lambda p: [
        Ask({"artifact_id": item, "comment_id": comment}, body=body, headers=version(1)) for item, comment, _ in p.said
    ]


def files(body: Mapping[str, Any] | None = None) -> Callable[[Planted], Iterable[Ask]]:
    return lambda p: [
        Ask({"artifact_id": item, "attachment_id": file}, body=body, headers=version(1)) for item, _, file in p.said
    ]


SAMPLES: Mapping[str, Callable[[Planted], Iterable[Ask]]] = {
    "ApplyBulk": bulks(999),
    "ArtifactsAt": lambda p: [Ask(query={"at": datetime.now(UTC).isoformat()})],
    "CheckManifest": manifest,
    "CountArtifacts": counts,
    "CommentHistory": comments(),
    "CreateArtifact": creations,
    "CreateSavedQuery": saved,
    "CreateProject": lambda p: [Ask(body={"key": f"P{uuid4().hex[:6].upper()}", "name": "x"})],
    "DeleteArtifact": deletions,
    "DeleteAttachment": files(),
    "DeleteComment": comments(),
    "DiffSnapshots": diffs,
    "EntityHistory": histories,
    "EraseEntity": lambda p: [
        Ask({"entity_type": "Artifact", "entity_id": p.items["binned"].id}, body={"reason": "asked for"})
    ],
    "Explain": explanations,
    "ExportArtifacts": exports,
    "FacetArtifacts": facets,
    "FindArtifacts": searches,
    "GetArtifact": per_item({}, {"include": "access"}),
    "GetAttachment": files(),
    "GetComment": comments(),
    "GetSnapshot": snapshots,
    "GraphManifest": manifest,
    "ImportArtifacts": imports,
    "LinkArtifacts": links,
    "ClearSuspect": links_of,
    "ListDecisions": lambda p: [Ask(query=q) for q in ({}, {"verdict": "deny"}, {"rule_id": "guarded"})],
    "MoveArtifact": moves,
    "MoveToProject": relocations,
    "PlanBulk": bulks(),
    "PlanItems": plannings,
    "ProjectTree": lambda p: [Ask(query=q) for q in ({}, {"depth": 1, "limit": 1}, {"parent_id": p.items["vault"].id})],
    "RestoreArtifact": per_item(),
    "RestoreAttachment": files({}),
    "RestoreComment": comments({}),
    "RunSql": statements,
    "SaveManifest": manifest,
    "SearchEverywhere": everywhere,
    "TransitionArtifact": steps,
    "UnlinkArtifacts": unlinks,
    "UpdateArtifact": updates,
    "UpdateComment": comments({"text": "changed"}),
}
"""How to ask where the schema alone does not say it; every other route is asked with what its schema requires."""

LAST = (
    "PlanItems",
    "CarryOver",
    "EraseEntity",
    "ArchiveProject",
    "DeactivateTenant",
    "RevokeSession",
    "LogOut",
    "ChangePassword",
    "SwitchTenant",
)
"""After these the rest could not be asked."""


def routes() -> list[Spec]:
    """Reading first, then changing, and last what ends something."""
    found = [spec for spec in REGISTRY.public() if spec.cls.__module__.startswith("alm_workbench.")]
    return sorted(found, key=lambda s: (LAST.index(s.name) + 1 if s.name in LAST else 0, s.method != "GET"))


def asks(spec: Spec, planted: Planted) -> list[Ask]:
    """What to send: the samples, with path parameters that they leave out."""
    made = list(SAMPLES[spec.name](planted)) if spec.name in SAMPLES else [Ask(body=required(spec, planted))]
    found: list[Ask] = []
    for ask in made:
        missing = [name for name in spec.path_params if name not in ask.params]
        if not missing:
            found.append(ask)
            continue
        unknown = [name for name in missing if name not in planted.params and not name.endswith("_id")]
        assert not unknown, f"{spec.name}: say in SAMPLES or Planted.params what stands for {unknown}"
        rows = max(len(planted.params.get(name, ())) for name in missing) or 1
        for number in range(rows):
            values = {}
            for name in missing:
                known = planted.params.get(name) or [uuid4()]
                values[name] = known[number % len(known)]
            found.append(Ask({**values, **ask.params}, ask.query, ask.body, ask.headers))
    if spec.pages:  # the whole list, as Arrow
        found += [Ask(ask.params, ask.query, ask.body, {**ask.headers, "Accept": ARROW}) for ask in found[:20]]
    return found


class Schemas(GenerateJsonSchema):
    """Says nothing of defaults that no JSON has."""

    ignored_warning_kinds = GenerateJsonSchema.ignored_warning_kinds | {"non-serializable-default"}


def required(spec: Spec, planted: Planted) -> Any:
    """The smallest body that the schema of a message allows."""
    if spec.method == "GET":
        return None
    schema = adapter(spec.cls).json_schema(schema_generator=Schemas)
    names = [n for n in schema.get("required", ()) if n not in (*spec.path_params, "expected_version")]
    return {name: value_of(schema["properties"][name], schema, name, planted) for name in names}


def value_of(part: Mapping[str, Any], schema: Mapping[str, Any], name: str, planted: Planted) -> Any:
    """Some value that fits a schema."""
    if name in planted.params:
        return str(planted.params[name][0])
    if "$ref" in part:
        return value_of(schema["$defs"][part["$ref"].rsplit("/", 1)[-1]], schema, name, planted)
    if part.get("enum"):
        return part["enum"][0]
    if part.get("anyOf"):
        return value_of(part["anyOf"][0], schema, name, planted)
    kinds: Mapping[str, Any] = {"integer": 1, "number": 1.0, "boolean": False, "array": ["viewer"], "object": {}}
    if part.get("format") == "uuid":
        return str(uuid4())
    if part.get("format") == "date-time":
        return datetime.now(UTC).isoformat()
    return kinds.get(part.get("type", "string"), "viewer@acme.example" if "mail" in name else "sample")


def send(api: Api, spec: Spec, ask: Ask, who: str) -> Reply:
    """One request over HTTP."""
    params = {name: urllib.parse.quote(str(value), safe="") for name, value in ask.params.items()}
    path = str(spec.path).format(**params)
    given = {name: str(value) for name, value in ask.query.items()}
    if given:
        path += "?" + urllib.parse.urlencode(given)
    headers = {**({"If-Match": '"1"'} if spec.if_match else {}), **ask.headers}
    body = None if spec.method == "GET" else json.dumps(ask.body or {}).encode()
    version = spec.versions[len(path) % len(spec.versions)]  # every version of the API gets its share
    return api.call(str(spec.method), f"{api.url}alm/api/v{version}{path}", body, who=who, headers=headers)


def leaks(reply: Reply) -> list[bytes]:
    """The markers that an answer holds, in its body or its headers."""
    everything = reply.body + repr(sorted(reply.headers.items())).encode()
    return [marker for marker in MARKERS if marker in everything]


def echoed(ask: Ask, marker: bytes) -> bool:
    """Whether the request itself said it: a search that is refused may repeat the question."""
    return marker in repr(ask).encode()


@pytest.fixture(scope="module")
def probed(api: Api, planted: Planted) -> dict[str, list[tuple[Ask, Reply]]]:
    """The answers that the prober gets on every route: an administrator with every privilege there, held by the rules."""
    found = {spec.name: [(ask, send(api, spec, ask, "admin")) for ask in asks(spec, planted)] for spec in routes()}
    api.forget("admin")  # the probe has logged out too
    return found


@pytest.fixture(scope="module")
def seen_by_owner(api: Api, planted: Planted) -> dict[str, set[bytes]]:
    """The markers that the owner sees on each reading route, before anything was probed."""
    found: dict[str, set[bytes]] = {}
    for spec in routes():
        if spec.method == "GET" or spec.name == "RunSql":
            replies = [send(api, spec, ask, "owner") for ask in asks(spec, planted)]
            found[spec.name] = {marker for reply in replies for marker in leaks(reply)}
    return found


def test_the_markers_can_be_found(seen_by_owner: dict[str, set[bytes]]) -> None:
    """The test means something: whoever may see the markers finds them on every surface that shows items."""
    surfaces = {
        "ArtifactsAt", "DiffSnapshots", "EntityHistory", "Explain", "FindArtifacts", "GetArtifact",
        "GetArtifactByKey", "GetCommit", "GetSnapshot", "ListDecisions", "RunSql", "StateHistory",
    }  # fmt: skip
    assert not {name for name in surfaces if not seen_by_owner[name]}
    everywhere = set().union(*seen_by_owner.values())
    assert {word.encode() for word in WORDS} <= everywhere
    assert str(NUMBER).encode() in seen_by_owner["GetArtifact"]


def test_no_answer_holds_what_is_hidden(
    seen_by_owner: dict[str, set[bytes]], probed: dict[str, list[tuple[Ask, Reply]]]
) -> None:
    """Bodies and headers of every route, of refusals too."""
    found = {
        name: [
            (ask, reply.status, marker, reply.body[:400])
            for ask, reply in answers
            for marker in leaks(reply)
            if not echoed(ask, marker)
        ]
        for name, answers in probed.items()
    }
    assert {name: leaked for name, leaked in found.items() if leaked} == {}


def test_every_route_is_probed(probed: dict[str, list[tuple[Ask, Reply]]]) -> None:
    """No route breaks, and every one that reads gives an answer to at least one question."""
    assert set(probed) == {spec.name for spec in routes()}
    broken = {n: {r.status for _, r in a if r.status >= 500} for n, a in probed.items()}
    assert {name: statuses for name, statuses in broken.items() if statuses} == {}
    reading = {spec.name for spec in routes() if spec.method == "GET"}
    silent = {
        n: sorted({r.status for _, r in probed[n]}) for n in reading if all(r.status >= 400 for _, r in probed[n])
    }
    assert silent == {}


def test_a_hidden_text_is_not_found_and_not_counted(api: Api, planted: Planted, workbench: Bench) -> None:
    """Searches for what is hidden answer like searches for what nobody wrote: empty, and without a next page."""
    org = workbench.acme
    for word in WORDS:
        page = api.get(f"/projects/{planted.project}/artifacts?text={word}&limit=1", who="admin").json
        assert page == {"items": [], "next_cursor": None}, word
    for filters in ("type=vault", "text=mark*"):
        page = api.get(f"/projects/{planted.project}/artifacts?{filters}&limit=1", who="admin").json
        assert page == {"items": [], "next_cursor": None}, filters
    everything = api.get(f"/projects/{planted.project}/artifacts?limit=2", who="admin").json
    keys = [item["key"] for item in everything["items"]]
    while everything["next_cursor"]:
        path = f"/projects/{planted.project}/artifacts?limit=2&cursor={everything['next_cursor']}"
        everything = api.get(path, who="admin").json
        assert everything["items"], "a page that holds nothing tells that there was something"
        keys += [item["key"] for item in everything["items"]]
    assert not any(key.startswith(("VAULT", "SHY-1")) for key in keys)
    assert any(key.startswith("VEIL") for key in keys)
    whole = org.owner.query(FindArtifacts(planted.items["note"].project_id, text="markvault")).items
    assert [item.type for item in whole] == ["vault"]


def test_questions_about_hidden_fields_are_no_oracle(api: Api, planted: Planted) -> None:
    """A condition on a hidden field and its opposite find, count and spread alike: none of the items that have it."""
    base = f"/projects/{planted.project}/artifacts"
    about_hidden = {
        "held_number > 5": "note",
        "startsWith(held_text, 'mark')": "note",
        "contains(title, 'mark')": "veiled",
        "assignee == null": "veiled",
    }
    for question, kind in about_hidden.items():
        for asked in (question, f"not ({question})", f"{question} or true"):
            about = urllib.parse.urlencode({"filter": f"({asked}) and self.type == '{kind}'"})
            listed = api.get(f"{base}?{about}", who="admin")
            assert (listed.status, listed.json.get("items")) == (200, []), (asked, listed.body)
            assert api.get(f"{base}/count?{about}", who="admin").json == {"count": 0, "exact": True}, asked
            assert api.get(f"{base}/facets?by=type&{about}", who="admin").json[0]["values"] == [], asked
    closed = urllib.parse.urlencode({"filter": "inner == 'markinner'"})  # a field of types that nobody shows him
    assert api.get(f"{base}?{closed}", who="admin").status == 422
    orders = [
        [item["id"] for item in api.get(f"{base}?sort={sort}held_number,key&type=note", who="admin").json["items"]]
        for sort in ("", "-")
    ]
    assert orders[0] == orders[1]


def test_links_to_hidden_items_are_not_listed(api: Api, planted: Planted, workbench: Bench) -> None:
    """Neither the item nor that there is one."""
    note, vault = planted.items["note"], planted.items["vault"]
    assert len(workbench.acme.owner.query(ListLinks(note.id))) >= 2
    shown = api.get(f"/artifacts/{note.id}/links", who="admin")
    assert str(vault.id).encode() not in shown.body
    body = {"link_type": "near", "target_id": str(vault.id)}
    absent = {"link_type": "near", "target_id": str(uuid4())}
    replies = [api.post(f"/artifacts/{note.id}/links", given, who="admin") for given in (body, absent)]
    assert [reply.status for reply in replies] == [404, 404]
    assert replies[0].json["title"] == replies[1].json["title"]


def test_events_carry_no_values(planted: Planted, workbench: Bench) -> None:
    """Whoever hears of a change is told where to look; what may be seen is decided there."""
    with psycopg.connect(workbench.dsns.worker) as conn:
        rows = conn.execute(
            "SELECT payload::text FROM alm.outbox_messages WHERE tenant_id = %s", (workbench.acme.tenant_id,)
        )
        payloads = [str(row[0]) for row in rows]
    assert len(payloads) > 10
    assert not [text for text in payloads if any(word in text for word in (*WORDS, str(NUMBER)))]


def test_what_is_hidden_later_is_hidden_in_the_past(workbench: Bench) -> None:
    """A process that newly withholds a field takes it out of search, history and mirror at once; one that opens it, back."""
    org = workbench.acme
    project = org.owner.send(CreateProject("LATER", "Later"))
    open_ = TEXT.replace('mask: ["held_text", "held_number"]', "").replace('"1.0.0"', '"0.9.0"')
    open_ = open_.replace('roles: ["admin"]', 'roles: ["engineer"]').replace("def Role admin", "def Role engineer")
    closed = open_.replace('def ACL reading { action: "read"', 'def ACL reading { mask: ["held_text"] action: "read"')
    closed = closed.replace('"0.9.0"', '"0.9.1"')
    assert closed != open_
    first, second = (org.owner.send(SaveManifest(text, "dsl")).version_id for text in (open_, closed))
    org.owner.send(ActivateManifest(project.id, first))
    made = org.owner.send(CreateArtifact(project.id, "note", "Later hidden", {"held_text": "marklater words"}))

    def found() -> int:
        return len(org.engineer.query(FindArtifacts(project.id, text="marklater")).items)

    assert found() == 1
    org.owner.send(ActivateManifest(project.id, second))
    assert found() == 0
    assert len(org.owner.query(FindArtifacts(project.id, text="marklater")).items) == 0, (
        "hidden from somebody: not indexed"
    )
    assert "marklater" not in repr(org.engineer.query(FindArtifacts(project.id)))
    org.owner.send(ActivateManifest(project.id, first))
    assert found() == 1
    assert made.key in {item.key for item in org.engineer.query(FindArtifacts(project.id)).items}
