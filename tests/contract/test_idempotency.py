"""An Idempotency-Key: whatever happens on the way, a command is carried out once and answered the same every time."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args, get_origin
from uuid import uuid4

import psycopg
import pytest

from alm_workbench.shared.idempotency import Answer, Once, key_of
from alm_workbench.shared.messages import REGISTRY
from alm_workbench.storage.idempotency import purge
from tests.contract.test_rest import problem
from tests.factories.workbench import Api, Reply

SECRETS = {"token", "access_token", "refresh_token", "secret", "api_key", "password", "link", "url"}


def field_names(cls: Any) -> set[str]:
    """The names of a dataclass's fields; of what a tuple or page holds, too."""
    inside = set().union(*(field_names(part) for part in get_args(cls)))
    own = get_origin(cls) or cls
    return inside | ({field.name for field in dataclasses.fields(own)} if dataclasses.is_dataclass(own) else set())


def create(api: Api, key: str, title: str = "Braking distance on wet asphalt", who: str = "engineer") -> Reply:
    """A requirement, under a key."""
    body = {"artifact_type": "Requirement", "title": title, "fields": {"text": "38 m"}}
    path = f"/projects/{api.bench.acme.project.id}/artifacts"
    return api.post(path, body, who=who, headers={"Idempotency-Key": key})


def count(api: Api, title: str) -> int:
    """How many items have a title."""
    with psycopg.connect(api.bench.dsns.worker) as conn:
        row = conn.execute("SELECT count(*) FROM alm.artifacts WHERE title = %s", (title,)).fetchone()
    assert row
    return int(row[0])


def test_twice_is_once(api: Api) -> None:
    """The second answer is the first one, byte for byte, and says so; a third key does it again."""
    key, title = uuid4().hex, f"Once {uuid4().hex}"
    first, second = create(api, key, title), create(api, key, title)
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert first.headers["etag"] == second.headers["etag"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert count(api, title) == 1
    assert create(api, uuid4().hex, title).json["id"] != first.json["id"]


def test_a_key_belongs_to_one_request_of_one_actor(api: Api) -> None:
    """Another body or path under the same key is 422; another person's key is another key."""
    key = uuid4().hex
    assert create(api, key).status == 201
    problem(create(api, key, "Another title altogether"), 422, "idempotency-key-reused")
    body = {"key": f"P{uuid4().hex[:6].upper()}", "name": "Another command"}
    problem(api.post("/projects", body, who="engineer", headers={"Idempotency-Key": key}), 403)
    owner = create(api, key, who="owner")
    assert (owner.status, owner.headers.get("idempotent-replayed")) == (201, None)


def test_what_failed_may_be_tried_again(api: Api) -> None:
    """A refusal keeps nothing: the same key works once the reason is gone."""
    key, title = uuid4().hex, f"Later {uuid4().hex}"
    problem(create(api, key, ""), 422)
    assert create(api, key, title).status == 201
    assert create(api, key, title).headers["idempotent-replayed"] == "true"


def test_at_the_same_time(api: Api) -> None:
    """Of many at once one is carried out; the others hear that it runs, with a time to come back, or its answer."""
    key, title = uuid4().hex, f"Crowd {uuid4().hex}"
    barrier = threading.Barrier(8)

    def one(_: int) -> Reply:
        barrier.wait()
        return create(api, key, title)

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(one, range(8)))
    assert {reply.status for reply in replies} <= {201, 409}
    assert len({reply.body for reply in replies if reply.status == 201}) == 1
    for reply in replies:
        if reply.status == 409:
            problem(reply, 409, "idempotency-running")
            assert reply.headers["retry-after"] == "1"
    assert count(api, title) == 1
    assert create(api, key, title).headers["idempotent-replayed"] == "true"


def test_the_answer_commits_with_the_command(api: Api) -> None:
    """An answer that cannot be kept takes what was done with it."""
    title = f"Never {uuid4().hex}"
    mediator = api.bench.acme.engineer
    from alm_workbench.contexts.artifact.messages import CreateArtifact

    message = CreateArtifact(api.bench.acme.project.id, "Requirement", title, {"text": "x"})

    def broken(result: Any) -> Answer:
        raise RuntimeError("not to be encoded")

    key = uuid4().hex
    with pytest.raises(RuntimeError):
        mediator.send_once(message, Once(key, b"f", broken))
    assert count(api, title) == 0
    answer, replayed = mediator.send_once(message, Once(key, b"f", lambda result: Answer(b"{}", 1)))
    assert (answer, replayed) == (Answer(b"{}", 1), False)


def test_keys_end_after_a_day(api: Api) -> None:
    """An old key is a new one, and the upkeep deletes it."""
    key, title = uuid4().hex, f"Old {uuid4().hex}"
    assert create(api, key, title).status == 201
    with psycopg.connect(api.bench.runtime.database.dsns.owner) as conn:
        conn.execute("SET LOCAL ROLE alm_definer")
        conn.execute("UPDATE alm.idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = %s", (key,))
    again = create(api, key, title)
    assert (again.status, again.headers.get("idempotent-replayed")) == (201, None)
    assert count(api, title) == 2
    with psycopg.connect(api.bench.runtime.database.dsns.owner) as conn:
        conn.execute("SET LOCAL ROLE alm_definer")
        conn.execute("UPDATE alm.idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = %s", (key,))
    assert purge(api.bench.dsns.worker) == 1
    assert purge(api.bench.dsns.worker) == 0


def test_the_shape_of_a_key() -> None:
    """1 to 255 visible characters, quoted or bare; anything else is told apart from no key."""
    assert key_of(None) is None
    assert key_of('"a-1"') == key_of(" a-1 ") == "a-1"
    from alm_workbench.errors import InvalidInput

    for wrong in ("", "a b", "ğ", "a" * 256, 'a"b'):
        with pytest.raises(InvalidInput):
            key_of(wrong)


def test_no_kept_answer_holds_a_secret() -> None:
    """Answers of such commands lie in the database for a day, so none of them may give out a secret."""
    for spec in REGISTRY.all():
        if spec.idempotent:
            assert not SECRETS & field_names(spec.result), spec.name
