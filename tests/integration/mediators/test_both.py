"""Whatever a notebook does, it cannot tell the mediator in process from the one over HTTP."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest

import alm_workbench as alm
from alm_workbench.contexts.artifact.messages import CreateArtifact
from alm_workbench.errors import AlmError, StrandedItems
from alm_workbench.notebook.artifact import Artifact
from alm_workbench.notebook.projects import Project
from tests.factories.workbench import safety_manifest
from tests.integration.mediators.conftest import As

HOSTILE = "<script>alert('İğne')</script> a<b and c>d"


@pytest.fixture
def project(as_role: As) -> Project:
    """The project DEMO of an engineer."""
    found: Project = as_role("engineer").projects["DEMO"]
    return found


@pytest.fixture
def requirement(project: Project) -> Artifact:
    """A fresh requirement."""
    return project.artifacts.create(
        "Requirement", title="Braking distance on dry asphalt", text="38 m", priority="high"
    )


def test_me_and_tenant(as_role: As) -> None:
    """The workbench knows who is asking, and where."""
    workbench = as_role("engineer")
    assert workbench.me.email == "engineer@acme.example"
    assert "engineer" in workbench.me.roles
    assert workbench.tenant.timezone == "Europe/Istanbul"
    assert "Acme" in repr(workbench)
    assert "Acme" in workbench._repr_html_()


def test_create_with_types(project: Project) -> None:
    """Values arrive as they were given: texts verbatim, numbers as numbers, dates as dates, ids as ids."""
    made = project.artifacts.create(
        "Defect",
        title=HOSTILE,
        text="satır 1\nsatır 2",
        severity="major",
        found_on=date(2026, 5, 4),
        reproducible=False,
        story_points=2.5,
    )
    again = project.artifacts[made.key]
    assert again == made
    assert again.title == HOSTILE
    assert again.found_on == "2026-05-04"
    assert again.fields["reproducible"] is False
    assert again.story_points == 2.5
    assert again.customer_note is None
    assert again.state == "new"
    assert again.created_at.tzinfo is not None


def test_find(project: Project) -> None:
    """Lists page by themselves; Turkish text search, labels of states, and types by label work."""
    word = f"fren{uuid.uuid4().hex[:6]}"
    for number in range(5):
        project.artifacts.create("requirement", title=f"{word} gereksinimi {number}")
    found = project.artifacts.find(word, type="Requirement", state="Draft")
    found_in_pages = project.artifacts.find(word)
    assert [item.title for item in found] == [item.title for item in found_in_pages]
    assert len(found) == 5
    assert len(project.artifacts.find(word, limit=2)) == 2
    assert len(found[1:3]) == 2
    first = found.first()
    assert first is not None
    assert first.key in project.artifacts
    assert not project.artifacts.find(word, category="done")
    assert "REQ-" in repr(found)


def test_pages_join(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """No item is lost or doubled where one page ends and the next begins."""
    monkeypatch.setattr("alm_workbench.notebook.artifacts.PAGE", 3)
    for number in range(4):
        project.artifacts.create("task", title=f"page {number}")
    keys = [item.key for item in project.artifacts.find(type="task")]
    assert len(keys) == len(set(keys)) >= 4


def test_update(requirement: Artifact) -> None:
    """An update carries the version along; None clears a field."""
    requirement.update(title="Braking distance, wet", priority="critical")
    assert (requirement.title, requirement.priority, requirement.version) == ("Braking distance, wet", "critical", 2)
    requirement.update(text=None)
    assert requirement.text is None
    assert requirement.version == 3


def test_stale(project: Project, requirement: Artifact) -> None:
    """Whoever is second is told what is there now, and gets on after a refresh."""
    other = project.artifacts[requirement.key]
    other.update(title="Changed by somebody else")
    with pytest.raises(alm.StaleVersion, match=r"version 2 by now.*refresh") as caught:
        requirement.update(title="Too late")
    assert caught.value.extra["current"]["title"] == "Changed by somebody else"
    with pytest.raises(alm.StaleVersion):
        requirement.transition("start")
    requirement.refresh().update(title="In time")
    assert requirement.version == 3


def test_transition(requirement: Artifact) -> None:
    """A step changes state and history; steps are known by id and by label in both languages."""
    requirement.transition("start")
    assert requirement.state == "analysis"
    requirement.transition("İncelemeye gönder")
    assert requirement.state == "review"
    history = requirement.history()
    assert [h.to_state for h in history] == ["draft", "analysis", "review"]
    assert history[1].actor == "Engineer of acme"
    assert list(history.to_frame()["to_state"]) == ["draft", "analysis", "review"]


def test_transition_denied(requirement: Artifact) -> None:
    """A refusal names its reasons and what is possible instead, and is kept in the decision log."""
    requirement.transition("submit")
    with pytest.raises(alm.TransitionDenied) as caught:
        requirement.transition("approve")
    error = caught.value
    assert error.reasons
    assert all(isinstance(reason, dict) and reason["message"] for reason in error.reasons)
    assert "approve" not in error.permitted
    assert error.correlation_id
    assert "permitted now" in str(error)
    assert requirement.state == "review"
    verdicts = {v.transition: v for v in requirement.transitions()}
    assert not verdicts["approve"].allowed
    assert verdicts["approve"].reasons


def test_denials_are_kept(as_role: As, requirement: Artifact) -> None:
    """Who may read the audit sees the refusal with the correlation id that the user saw."""
    with pytest.raises(alm.TransitionDenied) as caught:
        requirement.transition("approve")
    kept = as_role("owner").audit.decisions(verdict="deny", entity=requirement.id)
    assert [d.correlation_id for d in kept] == [caught.value.correlation_id]
    history = as_role("owner").audit.history(requirement)
    assert history[0].change_type == "INITIAL"


def test_unknown_names_get_a_hint(project: Project, requirement: Artifact) -> None:
    """A typo in a project, type, field, state or step names the nearest one."""
    with pytest.raises(alm.NotFound, match="Did you mean 'DEMO'"):
        project.workbench.projects["DEMOS"]
    with pytest.raises(alm.InvalidInput, match="Did you mean 'requirement'"):
        project.artifacts.create("requirment", title="A title that is long enough")
    with pytest.raises(alm.InvalidInput, match="Did you mean 'requirement'"):
        project.artifacts.find(type="requirment")
    with pytest.raises(alm.InvalidInput, match="did you mean 'priority'"):
        project.artifacts.create("requirement", title="A title that is long enough", priorty="high")
    with pytest.raises(alm.InvalidInput, match="did you mean 'priority'"):
        requirement.update(priorty="high")
    with pytest.raises(alm.InvalidInput, match="Did you mean 'draft'"):
        project.artifacts.find(state="drft")
    with pytest.raises(alm.TransitionDenied, match="Did you mean 'submit'"):
        requirement.transition("submitt")
    with pytest.raises(AttributeError, match="Did you mean 'priority'"):
        _ = requirement.priorty
    with pytest.raises(alm.NotFound, match="Did you mean 'REQ-"):
        project.artifacts["REQ1"]
    with pytest.raises(AttributeError, match="update"):
        requirement.priority = "low"


def test_invalid_values_come_back_with_their_places(project: Project) -> None:
    """Every wrong value is told at once, each with its place."""
    with pytest.raises(alm.InvalidInput) as caught:
        project.artifacts.create(
            "requirement", title="A title that is long enough", priority="hgh", story_points="many"
        )
    assert {item.path for item in caught.value.errors} == {"/fields/priority", "/fields/story_points"}


def test_wrong_types_are_refused_alike(as_role: As, project: Project) -> None:
    """The edge is checked in process just as over HTTP: a title that is no text never reaches a handler."""
    message = CreateArtifact(project.id, "requirement", 5)  # type: ignore[arg-type]
    with pytest.raises(alm.InvalidInput) as caught:
        as_role("engineer").mediator.send(message)
    assert [item.path for item in caught.value.errors] == ["/title"]


def test_delete_and_restore(project: Project, requirement: Artifact) -> None:
    """The bin is no grave."""
    requirement.delete()
    assert requirement.deleted
    with pytest.raises(alm.NotFound):
        project.artifacts[requirement.key]
    assert not requirement.restore().deleted
    assert project.artifacts[requirement.key] == requirement


def test_links(project: Project, requirement: Artifact) -> None:
    """Links are made from either end and read from both."""
    case = project.artifacts.create(
        "test_case", title="Full braking from 100 km/h", steps=[{"action": "brake", "expected": "stands"}]
    )
    made = requirement.link("verified_by", case)
    assert (made.name, made.outgoing, made.other_key) == ("verified_by", False, case.key)
    assert [(k.name, k.other_key) for k in case.links()] == [("verifies", requirement.key)]
    assert [(k.name, k.other_title) for k in requirement.links()] == [("verified_by", case.title)]
    with pytest.raises(alm.InvalidInput, match="Did you mean 'verifies'"):
        case.link("verify", requirement)
    assert "verified_by" in requirement.links()._repr_html_()


def test_links_are_confirmed_and_taken_away(project: Project, requirement: Artifact) -> None:
    """What a link speaks of changed: it is suspect until somebody says it holds; a stale one is not taken away."""
    case = project.artifacts.create(
        "test_case", title="Full braking from 50 km/h", steps=[{"action": "brake", "expected": "stands"}]
    )
    case.link("verifies", requirement)
    (fresh,) = case.links()
    requirement.update("Braking distance on wet asphalt")
    (suspect,) = case.links()
    assert (fresh.suspect, suspect.suspect) == (False, True)
    with pytest.raises(alm.StaleVersion):
        case.unlink(fresh)
    assert not case.confirm(suspect).suspect
    requirement.unlink(requirement.links()[0].id)
    assert len(case.links()) == 0
    with pytest.raises(alm.NotFound):
        case.unlink(suspect)


def test_places_trees_and_tags(project: Project, requirement: Artifact) -> None:
    """Items stand below others in an order, are moved, tagged, and shown as a tree."""
    word = f"tag {uuid.uuid4().hex[:6]}"
    first = project.artifacts.create("requirement", title="First part", parent=requirement, tags=[word, "part"])
    second = project.artifacts.create("requirement", title="Second part", parent=requirement, tags=["part"])
    assert [item.key for item in requirement.children] == [first.key, second.key]
    second.move(before=first)
    assert [item.key for item in requirement.children] == [second.key, first.key]
    first.move(parent=second)
    assert [(depth, item.key) for depth, item in requirement.tree().walk()] == [(0, second.key), (1, first.key)]
    assert first.tags == ("part", word)
    assert first.update(title="New title").tags == ("part", word)
    assert first.update(parent=None, tags=None).tags == ()
    assert first.parent is None
    assert first.update(assignee=project.workbench.me.actor_id, parent=second).parent == second
    assert first.update(assignee=None).dto.assignee_id is None
    assert "part" in [tag.tag for tag in project.tags]
    assert word not in [tag.tag for tag in project.tags]
    tree = project.tree()
    assert [item.key for item in tree.children(requirement)] == [second.key]
    assert first.key in tree._repr_html_()
    assert first.key in repr(requirement.tree())
    with pytest.raises(alm.InvalidInput):
        requirement.move(parent=first)


def test_parents(project: Project, requirement: Artifact) -> None:
    """Items stand below others, named by object or key."""
    child = project.artifacts.create("requirement", title="Braking distance on ice", parent=requirement.key)
    assert child.parent == requirement


def test_assignee(project: Project, requirement: Artifact) -> None:
    """People are named by "me" or an id; a list of one's own items follows."""
    requirement.update(assignee="me")
    assert requirement.key in [item.key for item in project.artifacts.find(assignee="me", limit=20)]


CSV = 'key,summary,priority,text,created\nX-1,Fren mesafesi,high,"iki\nsatır, a<b",2026-03-01T08:00:00+03:00\nX-2,Işık,medium,,\n'


def test_import(project: Project) -> None:
    """A file is imported once; a second time nothing happens. Original times are kept."""
    tag = uuid.uuid4().hex[:6]
    data = CSV.replace("X-", f"{tag}-").encode()
    dry = project.artifacts.import_csv(data, type="Requirement", dry_run=True)
    assert (dry.created, dry.keys, dry.dry_run) == (2, (), True)
    done = project.artifacts.import_csv(data, type="Requirement")
    assert (done.rows, done.created, done.existing) == (2, 2, 0)
    again = project.artifacts.import_csv(data, type="Requirement")
    assert (again.created, again.existing) == (0, 2)
    item = project.artifacts[f"{tag}-1"]
    assert item.text == "iki\nsatır, a<b" or "iki" in item.text
    assert item.created_at == datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert "2" in repr(done)
    assert "<table" in done._repr_html_()


def test_import_rejected(project: Project) -> None:
    """A bad cell is named by file, row and column; skipping it imports the rest."""
    data = b"title,priority\nGood one here,low\nBad one here,urgent\n"
    with pytest.raises(alm.ImportRejected, match=r"row 3, column priority") as caught:
        project.artifacts.import_csv(data, type="requirement", name=f"{uuid.uuid4().hex}.csv")
    assert caught.value.errors[0].path.endswith(":3:priority")
    done = project.artifacts.import_csv(data, type="requirement", on_error="skip", name=f"{uuid.uuid4().hex}.csv")
    assert (done.created, done.skipped, done.problems[0].row) == (1, 1, 3)
    assert "urgent" in done._repr_html_()
    with pytest.raises(alm.ImportRejected, match="Did you mean 'priority'"):
        project.artifacts.import_csv(data, type="requirement", mapping={"priority": "priorty"})


def test_privileges(as_role: As) -> None:
    """A viewer reads and does not write, over either way."""
    project = as_role("viewer").projects["DEMO"]
    assert project.artifacts.find(limit=1) is not None
    with pytest.raises(alm.AccessDenied) as caught:
        project.artifacts.create("requirement", title="A viewer's requirement")
    assert caught.value.reasons[0]["rule_id"] == "artifact:create"


def test_masks(as_role: As) -> None:
    """Withheld fields are named and never shown."""
    engineer = as_role("engineer").projects["DEMO"]
    made = engineer.artifacts.create("defect", title="A defect with a secret", customer_note="s3cr3t", severity="minor")
    seen = as_role("viewer").projects["DEMO"].artifacts[made.key]
    assert seen.masked == ("customer_note",)
    assert "s3cr3t" not in seen._repr_html_()
    with pytest.raises(AttributeError, match="withheld"):
        _ = seen.customer_note


def test_frames(project: Project) -> None:
    """Frames are typed: aware times, ordered categories, whole numbers that know missing ones."""
    project.artifacts.create("requirement", title="Typed requirement", priority="low", ftti=50, asil="C")
    project.artifacts.create("defect", title="Typed defect", found_on=date(2026, 1, 2), severity="major")
    frame = project.artifacts.find().to_frame()
    assert str(frame["created_at"].dt.tz) == "UTC"
    assert frame["state"].dtype == "category"
    assert frame["priority"].cat.categories.tolist()[:3] == ["low", "medium", "high"]
    assert str(frame["ftti"].dtype) == "Int64"
    assert frame["found_on"].dtype.kind == "M"
    assert len(frame) == len(project.artifacts.find())


def test_sql(project: Project, requirement: Artifact) -> None:
    """SQL sees what the same notebook changed before; parameters are bound; frames are typed."""
    workbench = project.workbench
    found = workbench.sql("select key, title, created_at from artifacts where key = $key", key=requirement.key)
    assert (len(found), found.columns) == (1, ["key", "title", "created_at"])
    assert next(iter(found))[0] == requirement.key
    frame = found.to_frame()
    assert frame.loc[0, "key"] == requirement.key
    assert str(frame["created_at"].dt.tz) == "UTC"
    assert found.to_arrow().num_rows == 1
    assert requirement.key in found._repr_html_()
    assert workbench.sql("select 40 + $n", n=2).one() == 42
    assert workbench.sql("select * from range(10)", limit=3).truncated


def test_sql_errors(as_role: As) -> None:
    """A wrong query is refused with its place; a viewer may not query at all."""
    with pytest.raises(alm.InvalidInput) as caught:
        as_role("engineer").sql("select key\nfrom artefacts")
    assert caught.value.extra["line"] == 2
    assert caught.value.extra["sql"] == "select key\nfrom artefacts"
    with pytest.raises(alm.InvalidInput):
        as_role("engineer").sql("delete from artifacts")
    with pytest.raises(alm.AccessDenied):
        as_role("viewer").sql("select 1")


def test_reports(project: Project, requirement: Artifact) -> None:
    """Reports are drawn from real history and include what was just done."""
    before = project.reports.counts_by_type_state().to_frame()
    requirement.transition("start")
    after = project.reports["counts_by_type_state"].to_frame()

    def count(frame: Any) -> int:
        return int(frame[(frame["type"] == "requirement") & (frame["state"] == "analysis")]["items"].sum())

    assert count(after) == count(before) + 1
    flow = project.flow.cumulative(days=30)
    assert (len(flow), flow.columns) == (30, ["day", "todo", "in_progress", "done"])
    bundle = flow._repr_mimebundle_()
    assert len(bundle["application/vnd.plotly.v1+json"]["data"]) == 3
    assert flow.plot().data[0].stackgroup == "all"
    assert "select" in flow.sql.lower()
    assert flow.to_frame()["day"].dtype.kind == "M"
    assert project.flow.throughput(days=14).rows
    assert project.flow.lead_time().columns[0] == "type"


def test_report_errors(project: Project) -> None:
    """A report that does not exist names the nearest; a wrong parameter is refused."""
    with pytest.raises(alm.NotFound, match="Did you mean 'lead_time'"):
        project.reports.leadtime()
    with pytest.raises(alm.InvalidInput, match="days"):
        project.flow.cumulative(days=0)
    with pytest.raises(alm.InvalidInput, match="weeks"):
        project.reports.lead_time(weeks=3)
    assert "cumulative_flow" in repr(project.reports)
    assert "cumulative_flow" in [r.name for r in project.workbench.reports]


def test_manifests(as_role: As) -> None:
    """Check, save, look, activate; a version that strands items is refused with their states."""
    workbench = as_role("manager")
    key = f"M{uuid.uuid4().hex[:6].upper()}"
    text = safety_manifest().replace('@name "safety"', f'@name "{key.lower()}"')
    text = re.sub(r'@version "[^"]+"', '@version "1.0.0"', text)
    assert workbench.manifests.check(text)
    broken = workbench.manifests.check(text.replace('initial: "draft"', 'initial: "drft"', 1))
    assert not broken
    assert any("drft" in d.message for d in broken.diagnostics)
    assert "drft" in broken._repr_html_()
    with pytest.raises(alm.ManifestProblem, match="line"):
        workbench.manifests.save(text.replace('initial: "draft"', 'initial: "drft"', 1))
    saved = workbench.manifests.save(text, message="first")
    assert (saved.number, saved.unchanged) == (1, False)
    assert workbench.manifests.save(text).unchanged
    project = workbench.projects.create(key, "Trial", manifest=saved)
    assert project.manifest == f"acme.braking/{key.lower()} 1.0.0"
    project.artifacts.create("task", title="Do something")
    fewer = (
        text.replace('"1.0.0"', '"1.1.0"', 1)
        .replace('{id: "open", category', '{id: "to_do", category')
        .replace('initial: "open"', 'initial: "to_do"')
    )
    fewer = fewer.replace('["open", "waiting"]', '["to_do", "waiting"]').replace(
        '["open", "in_progress"', '["to_do", "in_progress"'
    )
    fewer = fewer.replace('to: "open"', 'to: "to_do"').replace("self.state == 'open'", "self.state == 'to_do'")
    second = workbench.manifests.save(fewer, message="renamed a state")
    with pytest.raises(StrandedItems, match=r"state_map=\{'open'"):
        project.activate(second)
    done = project.activate(second, state_map={"open": "to_do"}, reason="clearer")
    assert done.moved == 1
    assert project.artifacts.find(type="task", state="to_do").first() is not None
    assert [v.label for v in workbench.manifests[key.lower()].versions()] == ["1.1.0", "1.0.0"]
    assert workbench.manifests[key.lower()].version("1.0.0").source == text
    assert len(project.activations()) == 2


def test_graph(as_role: As) -> None:
    """A manifest's workflows are drawn as diagrams."""
    graph = as_role("viewer").manifests.graph(safety_manifest())
    assert graph.mermaid.startswith("stateDiagram-v2")
    assert {flow.id for flow in graph.dto.workflows} >= {"requirement_flow", "task_flow"}
    assert [flow.id for flow in graph["Task flow"].dto.workflows] == ["task_flow"]
    with pytest.raises(alm.NotFound, match="Did you mean 'task_flow'"):
        graph["task_flw"]
    assert set(graph._repr_mimebundle_()) == {"text/plain", "text/vnd.mermaid"}


def test_process(project: Project) -> None:
    """The process tells types, fields and states."""
    process = project.process
    assert process.types["requirement"].key_prefix == "REQ"
    assert "priority" in [f.id for f in process.field_table("Gereksinim")]
    assert "draft → analysis" in repr(process) or "draft" in process._repr_html_()


def test_hostile_titles_are_escaped(project: Project) -> None:
    """Nothing that a requirement says becomes markup."""
    made = project.artifacts.create("requirement", title=HOSTILE, text=HOSTILE)
    shown = made._repr_html_() + project.artifacts.find(limit=5)._repr_html_() + project.artifacts._repr_html_()
    shown += project.workbench.sql("select title from artifacts where key = $key", key=made.key)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_one_correlation_id_for_one_action(as_role: As, project: Project, requirement: Artifact) -> None:
    """What one call of the user sets off is found under one correlation id."""
    requirement.update(title="One action, one id")
    entries = as_role("owner").audit.history(requirement)
    assert entries[0].correlation_id
    assert entries[0].correlation_id != entries[1].correlation_id


def test_foreign_ids_do_not_exist(as_role: As) -> None:
    """An unknown id and another organisation's id look alike."""
    with pytest.raises(alm.NotFound):
        as_role("engineer").projects[uuid.uuid4()]
    with pytest.raises(AlmError):
        as_role("engineer").api.artifacts.get(artifact_id=uuid.uuid4())  # type: ignore[arg-type]
