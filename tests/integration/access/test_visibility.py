"""What may be seen: core properties, old names, payloads of the past, and masks where no item is at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm_workbench.contexts.artifact.domain import CORE, eval_context
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    FindArtifacts,
    GetArtifact,
    LinkArtifacts,
    UpdateArtifact,
)
from alm_workbench.contexts.artifact.texts import withheld_fields
from alm_workbench.contexts.artifact.visibility import (
    BY_PRIVILEGE,
    OF_AN_ITEM,
    VisiblePayload,
    closed_fields,
    visible_payload,
)
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import (
    ActivateManifest,
    ArchiveProject,
    CreateProject,
    ProjectDTO,
    ReopenProject,
    UpdateProject,
)
from alm_workbench.contexts.reporting.messages import RunSql
from alm_workbench.contexts.workflow.messages import PermittedTransitions, StateHistory, TransitionArtifact
from alm_workbench.errors import AccessDenied, InvalidInput, StaleVersion
from alm_workbench.mirror.cut import CORE_FIELDS
from alm_workbench.mpc import CompiledManifest, authorizer_of, check, decide_acl
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import new_id
from alm_workbench.shared.mediator import LocalMediator, Work
from tests.factories.workbench import Bench, Org

BASE = """
@schema 2
@namespace "test.visible"
@name "visible"
@version "1.0.0"

def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
def ArtifactType note {
  workflow: "flow"
  key_prefix: "NOTE"
  def FieldDef level { type: "string" }
  def FieldDef cost { type: "int" }
  def FieldDef words { type: "text" }
}
def Role owner { implies: ["engineer"] privileges: ["*"] }
def Role engineer { privileges: ["artifact:read"] }
def ACL all { action: "*" resource: "*" roles: ["owner"] priority: 100 }
def ACL writes { action: ["create", "update", "transition", "link"] resource: "*" roles: ["engineer"] }
"""


def text(rules: str, version: str = "1.0.0", base: str = BASE) -> str:
    return base.replace('"1.0.0"', f'"{version}"') + rules


def compiled(workbench: Bench, source: str) -> CompiledManifest:
    found = check(source, workbench.runtime.meta, format="dsl").compiled
    assert found is not None
    return found


@pytest.fixture(scope="module")
def org(workbench: Bench) -> Org:
    return workbench.acme


_number = iter(range(1, 1000))


def ruled(org: Org, *sources: str) -> tuple[ProjectDTO, list[Any]]:
    """A project under the first of some processes, and their versions."""
    project = org.owner.send(CreateProject(f"VIS{next(_number)}", "Visible"))
    versions = [org.owner.send(SaveManifest(source, "dsl")).version_id for source in sources]
    org.owner.send(ActivateManifest(project.id, versions[0]))
    return project, versions


def payload_for(workbench: Bench, who: LocalMediator, kind: str, payload: Mapping[str, Any] | None) -> VisiblePayload:
    """The payload as somebody may see it, in a transaction of his."""
    runtime = workbench.runtime.mediator
    assert who.principal is not None
    work = Work(who.principal, "Test", "c", new_id(), True)
    with runtime._units.begin(work) as conn:
        ctx = MessageContext(who.principal, conn, "Test", "c", work.commit_id, runtime._clock(), runtime)
        return visible_payload(ctx, kind, payload)


def payloads(workbench: Bench, kind: str, entity: UUID) -> list[dict[str, Any]]:
    with psycopg.connect(workbench.dsns.worker) as conn:
        query = "SELECT payload FROM alm.audit_snapshots WHERE entity_type = %s AND entity_id = %s ORDER BY version"
        return [row[0] for row in conn.execute(query, (kind, entity))]


def test_masks_reach_properties_that_every_item_has(org: Org) -> None:
    """Title, state, assignee and author can be withheld like fields: in lists, single reads, steps, history and search."""
    rules = 'def ACL reads { action: "read" resource: "*" roles: ["engineer"] mask: ["title", "state", "created_by"] }'
    project, _ = ruled(org, text(rules))
    made = org.owner.send(CreateArtifact(project.id, "note", "Whispered", {"words": "plain"}))
    shown = org.engineer.query(GetArtifact(made.id))
    assert (shown.title, shown.state, shown.state_category, shown.created_by) == ("", "", "", None)
    assert set(shown.masked) == {"title", "state", "state_category", "created_by"}
    assert org.engineer.query(FindArtifacts(project.id)).items == (shown,)
    assert org.engineer.query(FindArtifacts(project.id, text="Whispered")).items == ()
    for message in (FindArtifacts(project.id, state="open"), FindArtifacts(project.id, category="todo")):
        assert org.engineer.query(message).items == ()
        assert len(org.owner.query(message).items) == 1
    assert org.engineer.query(PermittedTransitions(made.id)) == ()
    assert org.engineer.query(StateHistory(made.id)) == ()
    with pytest.raises(StaleVersion) as caught:
        org.engineer.send(TransitionArtifact(made.id, "finish", 99))
    assert "open" not in repr(caught.value.extra)


def test_the_mirror_knows_the_same_properties() -> None:
    """Both tables of names mean the same columns."""
    mine = {(column, name) for name, columns in CORE.items() for column in columns}
    mirrored = {(column, name) for column, names in CORE_FIELDS.items() for name in names}
    assert mine == mirrored


def test_a_field_is_hidden_under_its_former_names_too(org: Org, workbench: Bench) -> None:
    """Items that were not written since are kept under the old name; the mask of the new one holds."""
    reads = 'def ACL reads { action: "read" resource: "*" roles: ["engineer"] '
    before = text(reads + "}")
    after = text(reads + 'mask: ["price"] }', "2.0.0").replace(
        'def FieldDef cost { type: "int" }', 'def FieldDef price { type: "int" aliases: ["cost"] }'
    )
    project, versions = ruled(org, before, after)
    made = org.owner.send(CreateArtifact(project.id, "note", "Old", {"cost": 5150}))
    org.owner.send(ActivateManifest(project.id, versions[1]))
    assert "5150" not in repr(org.engineer.query(GetArtifact(made.id)))
    assert "5150" not in repr(org.engineer.query(FindArtifacts(project.id)))
    shown = payload_for(workbench, org.engineer, "Artifact", payloads(workbench, "Artifact", made.id)[0])
    assert shown.hidden == ("cost",)
    workbench.runtime.mirror.refresh(org.tenant_id)
    rows = org.engineer.query(RunSql("SELECT fields FROM artifacts WHERE project_id = $p", {"p": str(project.id)}))
    assert "5150" not in repr(rows.to_data())


def test_payloads_by_the_strictest_of_now_then_and_the_version_of_then(org: Org, workbench: Bench) -> None:
    """Hidden later hides the past; hidden then stays so; an item that is hidden now hides its whole past."""
    reads = 'def ACL reads { action: "read" resource: "*" roles: ["engineer"] '
    secret = "condition: \"self.fields.level != 'top'\" "
    open_, no_cost, no_words = (
        text(reads + secret + "}"),
        text(reads + secret + 'mask: ["cost"] }', "2.0.0"),
        text(reads + secret + 'mask: ["words"] }', "3.0.0"),
    )
    project, versions = ruled(org, open_, no_cost, no_words)
    values: dict[str, Any] = {"level": "low", "cost": 1, "words": "said"}
    made = org.owner.send(CreateArtifact(project.id, "note", "Twice", values))
    (first,) = payloads(workbench, "Artifact", made.id)
    assert payload_for(workbench, org.engineer, "Artifact", first) == VisiblePayload(first, ())
    org.owner.send(ActivateManifest(project.id, versions[1]))
    assert payload_for(workbench, org.engineer, "Artifact", first).hidden == ("cost",)
    changed = org.owner.send(UpdateArtifact(made.id, made.version, fields={"cost": 2}))
    org.owner.send(ActivateManifest(project.id, versions[2]))
    past = payloads(workbench, "Artifact", made.id)
    second = next(p for p in past if p["fields"]["cost"] == 2)
    assert payload_for(workbench, org.engineer, "Artifact", first).hidden == ("words",)
    assert payload_for(workbench, org.engineer, "Artifact", second).hidden == ("cost", "words")
    whole = payload_for(workbench, org.owner, "Artifact", second)
    assert (whole.payload, whole.hidden) == (second, ())
    current = org.owner.query(GetArtifact(made.id))
    assert current.version >= changed.version
    org.owner.send(UpdateArtifact(made.id, current.version, fields={"level": "top"}))
    assert payload_for(workbench, org.engineer, "Artifact", first) == VisiblePayload(None, ("*",))
    assert payload_for(workbench, org.engineer, "Artifact", None) == VisiblePayload(None, ())


def test_payloads_of_other_things(org: Org, workbench: Bench) -> None:
    """Links and instances go with their items, the rest with a privilege; what cannot be read is shown to nobody."""
    rules = (
        'def ACL reads { action: "read" resource: "*" roles: ["engineer"] condition: "self.fields.level != \'top\'" }'
    )
    rules += 'def LinkType near { from: ["note"] to: ["note"] }'
    project, _ = ruled(org, text(rules))
    low = org.owner.send(CreateArtifact(project.id, "note", "Low", {"level": "low"}))
    top = org.owner.send(CreateArtifact(project.id, "note", "Top", {"level": "top"}))
    link = org.owner.send(LinkArtifacts(low.id, "near", top.id))
    (row,) = payloads(workbench, "ArtifactLink", link.id)
    assert payload_for(workbench, org.engineer, "ArtifactLink", row).payload is None
    assert payload_for(workbench, org.owner, "ArtifactLink", row).payload == row
    member = {"id": str(uuid4()), "user_id": str(uuid4())}
    assert payload_for(workbench, org.engineer, "Membership", member).payload is None
    assert payload_for(workbench, org.manager, "Membership", member).payload == member
    assert payload_for(workbench, org.manager, "NeverHeardOf", member).payload is None
    assert payload_for(workbench, org.owner, "NeverHeardOf", member).payload == member
    for broken in ({}, {"project_id": "x"}, {**payloads(workbench, "Artifact", low.id)[0], "project_id": str(uuid4())}):
        assert payload_for(workbench, org.owner, "Artifact", broken).payload is None
    foreign = payload_for(workbench, workbench.globex.owner, "Artifact", payloads(workbench, "Artifact", low.id)[0])
    assert foreign.payload is None


def test_every_audited_entity_has_a_reader(workbench: Bench) -> None:
    """From the catalog: a table that is audited says who sees its payloads."""
    with psycopg.connect(workbench.dsns.owner) as conn:
        rows = conn.execute(
            "SELECT DISTINCT convert_from(split_part(encode(tgargs, 'escape'), '\\000', 1)::bytea, 'UTF8') FROM pg_trigger"
            " WHERE tgname = 'audit_insert'"
        )
        audited = {str(row[0]) for row in rows}
    assert len(audited) > 10
    assert audited - set(BY_PRIVILEGE) - set(OF_AN_ITEM) - {"Artifact"} == set()


RULES = st.lists(
    st.builds(
        lambda n, effect, priority, resource, condition, mask: (
            f'def ACL r{n} {{ action: "read" resource: "{resource}" roles: ["engineer"] effect: "{effect}"'
            f" priority: {priority}{condition}{mask if effect == 'allow' else ''} }}"
        ),
        st.integers(0, 10**6),
        st.sampled_from(["allow", "allow", "deny"]),
        st.integers(0, 3),
        st.sampled_from(["*", "note", "note.cost", "note.words"]),
        st.sampled_from(
            [
                "",
                " condition: \"self.fields.level == 'a'\"",
                " condition: \"self.fields.level != 'a'\"",
                ' condition: "isEmpty(self.fields.level)"',
                ' condition: "self.fields.cost > 3"',
                " condition: \"self.type == 'note'\"",
                " condition: \"hasRole('engineer')\"",
                " condition: \"actor.attributes.email == 'x'\"",
            ]
        ),
        st.sampled_from(["", "", ' mask: ["cost"]', ' mask: ["cost", "words"]']),
    ),
    max_size=5,
    unique_by=lambda rule: rule.split()[2],
)
ITEMS: list[dict[str, Any]] = [{}, {"level": "a"}, {"level": "b"}, {"level": "a", "cost": 5}, {"cost": 1, "words": "x"}]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=RULES)
def test_without_an_item_nothing_is_shown_that_some_item_hides(workbench: Bench, rules: list[str]) -> None:
    """The masks of reports and SQL are at least those of every single item, whatever the rules."""
    found = compiled(workbench, text("\n".join(rules)))
    principal = workbench.acme.engineer.principal
    assert principal is not None
    authorizer = authorizer_of(found)
    now = workbench.runtime.mediator._clock()
    reader = authorizer.actor(eval_context(principal, {}, {"name": "read"}, {"id": "p"}, now, {}))
    closed = closed_fields(authorizer, reader, "note")
    for fields in ITEMS:
        context = eval_context(principal, {"type": "note", "fields": fields}, {"name": "read"}, {"id": "p"}, now, {})
        decision = decide_acl(found, "read", "note", context)
        if not decision.allow:
            assert closed is None, (rules, fields)
        elif closed is not None:
            assert decision.mask <= closed, (rules, fields)


def test_texts_of_types_with_dots_are_withheld_too(workbench: Bench) -> None:
    """Imported types have dots in their ids; a rule about a field of such a type takes the field out of search."""
    found = compiled(
        workbench, text('def ACL d { action: "read" resource: "note.words" roles: ["engineer"] effect: "deny" }')
    )
    assert withheld_fields(found, "note") == {"words"}
    from dataclasses import replace

    renamed = tuple(replace(rule, resources=("base.note.words",)) if rule.id == "d" else rule for rule in found.acl)
    other = replace(found, acl=renamed, artifact_hash="0" * 64)
    assert withheld_fields(other, "base.note") == {"words"}
    assert withheld_fields(other, "note") == frozenset()


def test_a_project_stands_still_and_goes_on(org: Org) -> None:
    """An archived project can be read; nothing in it changes, and the refusal is in the decision log's words."""
    project, _ = ruled(org, text('def ACL reads { action: "read" resource: "*" roles: ["engineer"] }'))
    made = org.owner.send(CreateArtifact(project.id, "note", "Still", {"words": "x"}))
    current = org.owner.send(UpdateProject(project.id, 2, name="  Now   named  ", description="Why"))
    assert (current.name, current.description, current.version) == ("Now named", "Why", 3)
    for name in ("", "   ", "x" * 201):
        with pytest.raises(InvalidInput):
            org.owner.send(UpdateProject(project.id, 3, name=name))
    with pytest.raises(StaleVersion) as caught:
        org.owner.send(UpdateProject(project.id, 1, name="Late"))
    assert caught.value.extra["current"]["version"] == 3
    with pytest.raises(AccessDenied):
        org.engineer.send(ArchiveProject(project.id, 3))
    still = org.manager.send(ArchiveProject(project.id, 3))
    assert still.status == "archived"
    for message in (
        UpdateArtifact(made.id, 1, fields={"words": "y"}),
        TransitionArtifact(made.id, "finish", 1),
        CreateArtifact(project.id, "note", "More", {}),
    ):
        with pytest.raises(AccessDenied) as refused:
            org.owner.send(message)
        assert refused.value.reasons[0]["rule_id"] == "archived_projects_stand_still"
    seen: ArtifactDTO = org.engineer.query(GetArtifact(made.id))
    assert seen.title == "Still"
    org.manager.send(ReopenProject(project.id, still.version))
    assert org.owner.send(UpdateArtifact(made.id, 1, fields={"words": "y"})).version == 2
