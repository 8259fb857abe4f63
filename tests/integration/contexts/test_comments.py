"""Comments: who may write, change and read them, whom they mention, and that none is lost."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact, DeleteArtifact
from alm_workbench.contexts.audit.messages import EraseEntity
from alm_workbench.contexts.discussion.messages import (
    AddComment,
    CommentDTO,
    CommentHistory,
    DeleteComment,
    GetComment,
    ListComments,
    ListMentionable,
    RestoreComment,
    UpdateComment,
)
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.notification.messages import ListNotifications, ListWatchers
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject, ProjectDTO
from alm_workbench.errors import AccessDenied, AlmError, InvalidInput, NotFound, StaleVersion
from alm_workbench.shared.mediator import LocalMediator
from tests.factories.workbench import Bench

RULES = """
@schema 2
@namespace "test.talk"
@name "talk"
@version "1.0.0"

def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "done", category: "done"}]
  transitions: [{id: "finish", from: "open", to: "done"}]
}
def ArtifactType note { workflow: "flow" key_prefix: "NOTE" }
def ArtifactType vault { workflow: "flow" key_prefix: "VAULT" }
def Role owner { privileges: ["*"] }
def Role engineer { privileges: ["*"] }
def Role reviewer { privileges: ["*"] }
def ACL all { action: "*" resource: "*" roles: ["owner"] }
def ACL notes { action: "*" resource: "note" roles: ["engineer"] }
def ACL reads { action: "read" resource: "note" roles: ["reviewer"] }
def Policy polite {
  events: ["comment"] applies_to: ["note"] when: "contains(lower(event.comment), 'damn')"
  effect: "deny" message: {en: "Mind your words", tr: "Sözlerinize dikkat edin"}
}
"""


def actor(mediator: LocalMediator) -> UUID:
    assert mediator.principal is not None
    return mediator.principal.actor_id


@pytest.fixture(scope="module")
def talk(workbench: Bench) -> ProjectDTO:
    """A project with an open and a closed type, and a policy about what is said."""
    owner = workbench.acme.owner
    project = owner.send(CreateProject("TALK", "Talk"))
    owner.send(ActivateManifest(project.id, owner.send(SaveManifest(RULES, "dsl")).version_id))
    return project


@pytest.fixture
def note(workbench: Bench, talk: ProjectDTO) -> ArtifactDTO:
    """An item to talk about."""
    return workbench.acme.engineer.send(CreateArtifact(talk.id, "note", "A note"))


def comment(who: LocalMediator, item: ArtifactDTO, text: str = "Fine with me", **more: object) -> CommentDTO:
    return who.send(AddComment(item.id, text, **more))  # type: ignore[arg-type]


def test_a_text_is_kept_as_it_was_typed(workbench: Bench, note: ArtifactDTO) -> None:
    """Plain text verbatim, rich text as a safe subset; both with author, time and version."""
    acme = workbench.acme
    plain = comment(acme.engineer, note, "if a<b and c>d: <script>alert(1)</script>")
    assert plain.text == "if a<b and c>d: <script>alert(1)</script>"
    assert (plain.author, plain.format, plain.version) == ("Engineer of acme", "plain", 1)
    rich = comment(acme.owner, note, '<p onclick="x()">Yes</p><script>alert(1)</script>', format="rich")
    assert rich.text == "<p>Yes</p>"
    assert [one.id for one in acme.reviewer.query(ListComments(note.id)).items] == [plain.id, rich.id]
    assert acme.reviewer.query(GetComment(note.id, rich.id)) == rich


@pytest.mark.parametrize(
    ("text", "format_"), [("", "plain"), ("  \n", "plain"), ("<p> </p>", "rich"), ("x" * 20_001, "plain")]
)
def test_an_empty_or_endless_comment_is_refused(workbench: Bench, note: ArtifactDTO, text: str, format_: str) -> None:
    """With the place."""
    with pytest.raises(InvalidInput) as caught:
        comment(workbench.acme.engineer, note, text, format=format_)
    assert caught.value.errors[0].path == "/text"


def test_rules_and_policies_are_asked(workbench: Bench, note: ArtifactDTO) -> None:
    """ACL by the action comment, policies by the event, also for a change of what was said."""
    acme = workbench.acme
    with pytest.raises(AccessDenied):
        comment(acme.reviewer, note)
    with pytest.raises(AccessDenied, match="Mind your words"):
        comment(acme.engineer, note, "Damn brakes")
    kind = comment(acme.engineer, note, "Good brakes")
    with pytest.raises(AccessDenied, match="Mind your words"):
        acme.engineer.send(UpdateComment(note.id, kind.id, 1, "DAMN brakes"))


def test_only_the_author_changes_and_removes(workbench: Bench, note: ArtifactDTO) -> None:
    """Or who moderates; versions keep two writers apart, and nothing is lost."""
    acme = workbench.acme
    first = comment(acme.owner, note, "First")
    with pytest.raises(AccessDenied, match="somebody else"):
        acme.engineer.send(UpdateComment(note.id, first.id, 1, "Changed"))
    with pytest.raises(AccessDenied, match="somebody else"):
        acme.engineer.send(DeleteComment(note.id, first.id, 1))
    mine = comment(acme.engineer, note, "Mine")
    changed = acme.engineer.send(UpdateComment(note.id, mine.id, 1, "Mine, better"))
    assert (changed.text, changed.version, changed.edited_at is not None) == ("Mine, better", 2, True)
    with pytest.raises(StaleVersion) as stale:
        acme.owner.send(UpdateComment(note.id, mine.id, 1, "Late"))
    assert stale.value.extra["current"]["text"] == "Mine, better"
    gone = acme.owner.send(DeleteComment(note.id, mine.id, 2))
    assert gone.deleted_at is not None
    assert [c.id for c in acme.engineer.query(ListComments(note.id)).items] == [first.id]
    with pytest.raises(NotFound):
        acme.engineer.query(GetComment(note.id, mine.id))
    assert [c.id for c in acme.engineer.query(ListComments(note.id, deleted=True)).items] == [mine.id]
    back = acme.engineer.send(RestoreComment(note.id, mine.id))
    assert (back.text, back.deleted_at, back.version) == ("Mine, better", None, 4)
    history = acme.engineer.query(CommentHistory(note.id, mine.id))
    assert [(r.change, r.text) for r in history] == [
        ("INITIAL", "Mine"), ("UPDATE", "Mine, better"), ("DELETE", "Mine, better"), ("RESTORE", "Mine, better"),
    ]  # fmt: skip
    with pytest.raises(AccessDenied):
        acme.engineer.query(CommentHistory(note.id, first.id))


def test_what_was_said_can_be_erased(workbench: Bench, note: ArtifactDTO) -> None:
    """After it was changed: the words are gone from the trail and from kept answers, that something was said stays."""
    acme = workbench.acme
    said = comment(acme.engineer, note, "The phone number is 555-0199")
    acme.owner.send(UpdateComment(note.id, said.id, 1, "(removed)"))
    done = acme.owner.send(EraseEntity("Comment", said.id, "asked for by the person it is about"))
    assert done.snapshots == 1
    history = acme.engineer.query(CommentHistory(note.id, said.id))
    assert [(r.version, r.text) for r in history] == [(1, None), (2, "(removed)")]


def test_answers_stand_in_one_thread(workbench: Bench, note: ArtifactDTO) -> None:
    """An answer to an answer belongs to the first comment; a comment of elsewhere cannot be answered here."""
    acme = workbench.acme
    first = comment(acme.engineer, note, "Why?")
    answer = comment(acme.owner, note, "Because", parent_id=first.id)
    further = comment(acme.engineer, note, "I see", parent_id=answer.id)
    assert (answer.parent_id, further.parent_id) == (first.id, first.id)
    other = acme.engineer.send(CreateArtifact(note.project_id, "note", "Other"))
    for stranger in (first.id, uuid4()):
        with pytest.raises(InvalidInput):
            comment(acme.engineer, other, "Hm", parent_id=stranger)
        with pytest.raises(NotFound):
            acme.engineer.query(GetComment(other.id, stranger))


def test_who_is_mentioned_and_may_read_is_told(workbench: Bench, note: ArtifactDTO) -> None:
    """Once, by id or by address; not who may not read the item, and not who watches a second time."""
    acme = workbench.acme
    text = f"@[Rev]({actor(acme.reviewer)}) @[V]({actor(acme.viewer)}) @[X]({uuid4()}) see"
    said = comment(acme.engineer, note, text)
    assert [one.name for one in said.mentions] == ["Reviewer of acme"]
    told = [n for n in acme.reviewer.query(ListNotifications()).items if n.entity_id == note.id]
    assert [(n.kind, n.params["comment_id"]) for n in told] == [("mention", str(said.id))]
    assert not [n for n in acme.viewer.query(ListNotifications()).items if n.entity_id == note.id]
    acme.engineer.send(UpdateComment(note.id, said.id, 1, text + f" and @[O]({actor(acme.owner)})"))
    assert len([n for n in acme.reviewer.query(ListNotifications()).items if n.entity_id == note.id]) == 1
    assert [n.kind for n in acme.owner.query(ListNotifications()).items if n.entity_id == note.id] == ["mention"]
    by_address = comment(acme.owner, note, "ask @reviewer@acme.example.")
    assert [one.name for one in by_address.mentions] == ["Reviewer of acme"]
    assert comment(acme.engineer, note, "ask @reviewer@acme.example").mentions == ()


def test_commenters_watch_and_watchers_are_told(workbench: Bench, note: ArtifactDTO) -> None:
    """Of the next comment, not of their own."""
    acme = workbench.acme
    comment(acme.owner, note, "I look after this")
    assert "Owner" in [w.name for w in acme.engineer.query(ListWatchers(note.id))]
    comment(acme.engineer, note, "Done")
    told = [n for n in acme.owner.query(ListNotifications()).items if n.entity_id == note.id]
    assert [n.text["tr"] for n in told] == [f"Engineer of acme, {note.key} öğesine yorum yazdı"]


def test_a_discussion_of_the_past_keeps_its_time(workbench: Bench, note: ArtifactDTO) -> None:
    """For those who may import; never in the future, and nobody is told of old news."""
    acme = workbench.acme
    then = note.created_at - timedelta(days=400)
    now = comment(acme.owner, note, "Now")
    old = comment(acme.engineer, note, "Long ago", occurred_at=then)
    assert old.occurred_at == then
    assert [c.id for c in acme.engineer.query(ListComments(note.id)).items] == [old.id, now.id]
    assert [c.id for c in acme.engineer.query(ListComments(note.id, order="newest")).items] == [now.id, old.id]
    assert not [n for n in acme.owner.query(ListNotifications()).items if n.entity_id == note.id]
    with pytest.raises(InvalidInput):
        comment(acme.engineer, note, "Soon", occurred_at=note.created_at + timedelta(days=400))


def test_pages_hold_every_comment_once(workbench: Bench, note: ArtifactDTO) -> None:
    """Forwards and backwards."""
    acme = workbench.acme
    ids = [comment(acme.engineer, note, f"{n}").id for n in range(5)]
    for order, expected in (("oldest", ids), ("newest", ids[::-1])):
        found, cursor = [], None
        while True:
            page = acme.engineer.query(ListComments(note.id, order=order, limit=2, cursor=cursor))  # type: ignore[arg-type]
            found += [c.id for c in page.items]
            if (cursor := page.next_cursor) is None:
                break
        assert found == expected


def test_nobody_reads_what_is_said_of_hidden_items(workbench: Bench, talk: ProjectDTO) -> None:
    """Neither who may not read the item, nor another organisation, nor anybody while it lies in the bin."""
    acme = workbench.acme
    vault = acme.owner.send(CreateArtifact(talk.id, "vault", "Secret"))
    said = comment(acme.owner, vault, f"@[E]({actor(acme.engineer)}) secret words")
    assert said.mentions == ()
    for who in (acme.engineer, acme.reviewer, workbench.globex.owner):
        for query in (ListComments(vault.id), GetComment(vault.id, said.id), CommentHistory(vault.id, said.id)):
            with pytest.raises(AlmError) as caught:
                who.query(query)
            assert caught.value.status in (403, 404)
            assert "secret words" not in repr(caught.value.__dict__)
        for command in (
            AddComment(vault.id, "Hi"),
            UpdateComment(vault.id, said.id, 1, "Hi"),
            DeleteComment(vault.id, said.id, 1),
        ):
            with pytest.raises(AlmError) as caught:
                who.send(command)
            assert caught.value.status in (403, 404)
    acme.owner.send(DeleteArtifact(vault.id, vault.version))
    with pytest.raises(NotFound):
        acme.owner.query(ListComments(vault.id))


def test_whom_to_mention(workbench: Bench, note: ArtifactDTO) -> None:
    """Names of those who may read the item, without addresses."""
    found = workbench.acme.engineer.query(ListMentionable(note.id, "rev"))
    assert [(one.name, one.actor_id) for one in found] == [("Reviewer of acme", actor(workbench.acme.reviewer))]
    assert "Viewer of acme" not in [one.name for one in workbench.acme.engineer.query(ListMentionable(note.id))]
