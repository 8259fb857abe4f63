"""A member that may be left out: not null, not sent, not in a schema, one object wherever it goes."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict, fields
from typing import Any

import pytest

from alm_workbench.contexts.artifact.messages import UpdateArtifact
from alm_workbench.server.openapi import document
from alm_workbench.shared import wire
from alm_workbench.shared.ids import ArtifactId, new_id
from alm_workbench.shared.messages import REGISTRY, UNSET

SPEC = REGISTRY.of(UpdateArtifact)
ITEM = ArtifactId(new_id())


def sent(**members: Any) -> tuple[UpdateArtifact, bytes]:
    """An update as it is sent, and as it arrives."""
    _, body, headers = wire.encode(SPEC, UpdateArtifact(ITEM, 3, **members))
    assert body is not None
    found = wire.decode(SPEC, {"artifact_id": str(ITEM)}, {}, body, headers["If-Match"])
    assert isinstance(found, UpdateArtifact)
    return found, body


def test_absent_and_null_are_two_things() -> None:
    """What is left out stays left out over the wire, and null stays null."""
    absent, body = sent(title="A")
    assert absent.assignee_id is UNSET
    assert b"assignee_id" not in body
    null, body = sent(assignee_id=None)
    assert null.assignee_id is None
    assert b'"assignee_id": null' in body


def test_there_is_one_unset() -> None:
    """Copies and pickles of a message still compare by ``is``, and it is false like null."""
    for other in (copy.deepcopy(UNSET), pickle.loads(pickle.dumps(UNSET))):
        assert other is UNSET
    assert asdict(UpdateArtifact(ITEM, 1))["assignee_id"] is UNSET
    assert not UNSET
    assert repr(UNSET) == "UNSET"


@pytest.mark.filterwarnings("error")
def test_schemas_do_not_speak_of_it() -> None:
    """The document says that such a member may be left out or null, and names no default."""
    operation = document()["paths"]["/alm/api/v1/artifacts/{artifact_id}"]["patch"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    for f in fields(UpdateArtifact):
        if f.default is UNSET:
            member = body["properties"][f.name]
            assert "default" not in member
            assert f.name not in body.get("required", [])
            assert {"type": "null"} in member["anyOf"]
