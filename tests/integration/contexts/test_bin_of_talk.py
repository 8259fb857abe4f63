"""What was said and attached goes into the bin with its item and comes back with it, and nothing else does."""

from __future__ import annotations

import pytest

from alm_workbench.contexts.artifact.messages import CreateArtifact, DeleteArtifact, RestoreArtifact
from alm_workbench.contexts.attachment.messages import (
    AttachFile,
    AttachmentDTO,
    DeleteAttachment,
    ListAttachments,
    StartUpload,
)
from alm_workbench.contexts.discussion.messages import AddComment, DeleteComment, ListComments
from alm_workbench.contexts.project.messages import ActivateManifest, ArchiveProject, CreateProject, GetProject
from alm_workbench.errors import AccessDenied, NotFound
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.mediator import LocalMediator
from tests.factories.workbench import Bench


def attached(who: LocalMediator, item: ArtifactId, name: str) -> AttachmentDTO:
    upload = who.query(StartUpload(item, name))
    upload.write(b"text")
    return who.send(AttachFile(item, name, upload.finish()))


def test_an_item_takes_along_what_hangs_on_it(workbench: Bench) -> None:
    """A comment and a file that lay in the bin before stay there."""
    acme = workbench.acme
    owner = acme.owner
    item = owner.send(CreateArtifact(acme.project.id, "requirement", "With a history", {"text": "It shall."}))
    kept, gone = (owner.send(AddComment(item.id, text)) for text in ("kept", "gone"))
    file, old = attached(owner, item.id, "kept.txt"), attached(owner, item.id, "gone.txt")
    owner.send(DeleteComment(item.id, gone.id, 1))
    owner.send(DeleteAttachment(item.id, old.id, 1))
    owner.send(DeleteArtifact(item.id, item.version))
    with pytest.raises(NotFound):
        owner.query(ListComments(item.id))
    owner.send(RestoreArtifact(item.id))
    assert [c.id for c in owner.query(ListComments(item.id)).items] == [kept.id]
    assert [f.id for f in owner.query(ListAttachments(item.id)).items] == [file.id]
    assert [c.id for c in owner.query(ListComments(item.id, deleted=True)).items] == [gone.id]
    assert [f.id for f in owner.query(ListAttachments(item.id, deleted=True)).items] == [old.id]


def test_archived_projects_are_silent(workbench: Bench) -> None:
    """What stands still is not talked into either."""
    acme = workbench.acme
    owner = acme.owner
    project = owner.send(CreateProject("QUIET", "Quiet"))
    owner.send(ActivateManifest(project.id, acme.version_id))
    item = owner.send(CreateArtifact(project.id, "requirement", "Finished long ago", {"text": "It shall."}))
    said = owner.send(AddComment(item.id, "last words"))
    version = owner.query(GetProject(project.id)).version
    owner.send(ArchiveProject(project.id, version))
    for command in (AddComment(item.id, "more"), DeleteComment(item.id, said.id, 1)):
        with pytest.raises(AccessDenied, match="archived"):
            owner.send(command)
    with pytest.raises(AccessDenied, match="archived"):
        owner.query(StartUpload(item.id, "a.txt"))
    assert [c.id for c in owner.query(ListComments(item.id)).items] == [said.id]
