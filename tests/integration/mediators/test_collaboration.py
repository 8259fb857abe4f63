"""Comments, files, watchers and notifications in a notebook, in process and over HTTP alike."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from alm_workbench.errors import AccessDenied, InvalidInput, NotFound, StaleVersion, UnsupportedMediaType
from alm_workbench.notebook.artifact import Artifact
from tests.integration.mediators.conftest import As

HOSTILE = "<script>alert('İğne')</script> a<b"


@pytest.fixture
def item(as_role: As) -> Artifact:
    """A fresh requirement of an engineer."""
    project = as_role("engineer").projects["DEMO"]
    made: Artifact = project.artifacts.create("Requirement", title="Braking distance on ice", text="38 m")
    return made


def test_a_conversation(as_role: As, item: Artifact) -> None:
    """Comments, answers, edits with versions, and back from the bin; markup in them is shown as text."""
    first = item.comment(HOSTILE)
    theirs = as_role("reviewer").projects["DEMO"].artifacts[item.key]
    answer = theirs.comments[0].reply("Seen")
    assert [(c.author, c.text) for c in item.comments] == [
        ("Engineer of acme", HOSTILE),
        ("Reviewer of acme", "Seen"),
    ]
    assert answer.dto.parent_id == first.id
    page = item.comments._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert first.edit("Better").text == "Better"
    with pytest.raises(AccessDenied):
        theirs.comments[0].edit("Mine now")
    stale = item.comments[0]
    first.edit("Best")
    with pytest.raises(StaleVersion):
        stale.edit("Late")
    first.delete()
    assert len(item.comments) == 1
    first.restore()
    assert [r.text for r in first.history()] == [HOSTILE, "Better", "Best", "Best", "Best"]
    assert "Best" in repr(first)


def test_files(item: Artifact, tmp_path: Path) -> None:
    """By path, bytes or an open file; read, saved without overwriting, revisions kept."""
    source = tmp_path / "ölçüm.csv"
    source.write_bytes(b"a,b\n1,2\n" * 100_000)
    file = item.attach(source)
    assert (file.name, file.size) == ("ölçüm.csv", 800_000)
    item.attach(b"second", name="notes.txt")
    item.attach(io.BytesIO(b"third"), name="notes.txt")
    assert [(f.name, f.dto.revision) for f in item.attachments] == [("notes.txt", 2), ("ölçüm.csv", 1)]
    assert [f.read() for f in item.attachments[0].revisions()] == [b"third", b"second"]
    folder = tmp_path / "out"
    folder.mkdir()
    saved = item.attachments[1].save(folder)
    assert saved == folder / "ölçüm.csv"
    assert saved.read_bytes() == source.read_bytes()
    with pytest.raises(InvalidInput, match="already"):
        item.attachments[1].save(folder)
    assert item.attachments[0].save(folder / "renamed.txt").read_bytes() == b"third"
    assert sorted(path.name for path in folder.iterdir()) == ["renamed.txt", "ölçüm.csv"]
    gone = item.attachments[0].delete()
    assert [f.dto.revision for f in item.attachments] == [1, 1]
    with pytest.raises(NotFound):
        gone.read()
    assert gone.restore().read() == b"third"
    assert "notes.txt" in item.attachments._repr_html_()
    assert file.dto.sha256 in file._repr_html_()


def test_files_that_cannot_be_attached(as_role: As, item: Artifact, tmp_path: Path) -> None:
    """Each with its reason, in one sentence."""
    with pytest.raises(UnsupportedMediaType):
        item.attach(b"MZ" + bytes(100), name="setup.exe")
    with pytest.raises(InvalidInput, match="name"):
        item.attach(b"text")
    with pytest.raises(InvalidInput, match="cannot be read"):
        item.attach(tmp_path / "nothing.txt")
    with pytest.raises(InvalidInput, match="not a int"):
        item.attach(7)  # type: ignore[arg-type]
    theirs = as_role("viewer").projects["DEMO"].artifacts[item.key]
    with pytest.raises(AccessDenied):
        theirs.attach(b"text", name="a.txt")
    assert len(item.attachments) == 0


def test_who_watches_is_told(as_role: As, item: Artifact) -> None:
    """The list of one's own: counted, shown, read."""
    viewer = as_role("viewer")
    viewer.notifications.mark_read()
    seen = viewer.projects["DEMO"].artifacts[item.key]
    assert seen.watch().why == "asked"
    assert "Viewer of acme" in [w.name for w in item.watchers]
    comment = item.comment("Watch this")
    (one,) = viewer.notifications.unread
    assert (one.kind, one.key, one.params["comment_id"]) == ("comment", item.key, str(comment.id))
    assert viewer.notifications.unread_count == 1
    assert item.key in repr(viewer.notifications)
    assert item.key in viewer.notifications._repr_html_()
    assert viewer.notifications.mark_read(one) == 1
    assert viewer.notifications.unread_count == 0
    assert viewer.notifications[0].id == one.id
    assert "Viewer of acme" not in [w.name for w in seen.unwatch()]


def test_work_is_given_to_people_by_name(as_role: As, item: Artifact) -> None:
    """An engineer names colleagues without seeing members: names for those who work there, addresses for nobody."""
    with pytest.raises(AccessDenied):
        as_role("engineer").api.members.list()
    people = as_role("engineer").api.projects.people(project_id=item.project.id, text="rev")
    reviewer = as_role("reviewer").me.actor_id
    assert [(one.name, one.actor_id) for one in people] == [("Reviewer of acme", reviewer)]
    assert item.update(assignee="reviewer of acme").dto.assignee_id == reviewer
    assert item.update(assignee=as_role("engineer").me.email).dto.assignee_id == as_role("engineer").me.actor_id
    with pytest.raises(NotFound, match="Reviewer of acme"):
        item.update(assignee="Reviwer of acme")
    with pytest.raises(AccessDenied):
        as_role("viewer").api.projects.people(project_id=item.project.id)
