"""One id, found everywhere: response, log line, outbox row, audit commit, decision, problem; and its trace."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import structlog

from alm_workbench import logs
from alm_workbench.contexts.artifact.messages import CreateArtifact, GetArtifact
from alm_workbench.errors import NotFound
from alm_workbench.notebook.http import HttpMediator
from alm_workbench.shared import tracing
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.mediator import correlated
from tests.contract.raw import request, talk
from tests.contract.test_rest import make, problem
from tests.factories.workbench import Api

TRACE = "0af7651916cd43dd8448eb211c80319c"


def rows(api: Api, table: str, cid: str) -> list[Any]:
    """The traces that a table keeps of a correlation id."""
    with psycopg.connect(api.bench.dsns.worker) as conn:
        return [
            row[0] for row in conn.execute(f"SELECT traceparent FROM alm.{table} WHERE correlation_id = %s", (cid,))
        ]


def test_one_id_everywhere(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change leaves its correlation id and its trace in the log, the outbox, the audit trail and the decisions."""
    monkeypatch.setattr(logs, "access_lines", True)
    cid = f"user-action.{uuid4().hex}"
    headers = {"X-Correlation-ID": cid, "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    body = {"artifact_type": "Requirement", "title": "Braking distance on dry asphalt", "fields": {"text": "38 m"}}
    with structlog.testing.capture_logs([logs.with_ids]) as lines:
        made = api.post(f"/projects/{api.bench.acme.project.id}/artifacts", body, headers=headers)
        assert made.status == 201
        missing = problem(api.get(f"/artifacts/{uuid4()}", headers=headers), 404)
        until = time.monotonic() + 5
        while sum(line["event"] == "request" for line in lines) < 2 and time.monotonic() < until:
            time.sleep(0.01)  # a line is written once the answer is out
    assert made.headers["x-correlation-id"] == missing["correlation_id"] == cid
    assert made.headers["traceresponse"].split("-")[1] == missing["trace_id"] == TRACE
    told = [line for line in lines if line["event"] == "request"]
    assert [(line["status"], line["correlation_id"], line["trace_id"]) for line in told] == [
        (201, cid, TRACE),
        (404, cid, TRACE),
    ]
    assert told[0]["tenant_id"] == str(api.bench.acme.tenant_id)
    for table in ("outbox_messages", "audit_commits", "decision_log"):
        kept = rows(api, table, cid)
        assert kept, table
        assert {text.split("-")[1] for text in kept} == {TRACE}, table


def test_a_refusal_keeps_it_too(api: Api) -> None:
    """The decision that refused is found by the id of the problem document."""
    _, etag = make(api)
    found = problem(api.post("/projects", {"key": "NOPE", "name": "No"}, who="viewer"), 403)
    assert len(rows(api, "decision_log", found["correlation_id"])) == 1
    assert etag


def test_the_client_sends_one_for_each_action(api: Api) -> None:
    """What a notebook does under one id is found under it on the server, errors included."""
    mediator = HttpMediator(api.url, api.token("engineer"))
    with correlated() as cid, tracing.step() as trace:
        mediator.send(CreateArtifact(api.bench.acme.project.id, "Requirement", "Found again later", {"text": "x"}))
        with pytest.raises(NotFound) as caught:
            mediator.query(GetArtifact(ArtifactId(uuid4())))
    mediator.close()
    assert caught.value.correlation_id == cid
    assert {text.split("-")[1] for text in rows(api, "audit_commits", cid)} == {trace.trace_id}


@pytest.mark.parametrize(
    "given",
    ["", "00-abc", f"00-{'0' * 32}-b7ad6b7169203331-01", f"ff-{TRACE}-b7ad6b7169203331-01", f"00-{TRACE}-{'0' * 16}-01",
     f"00-{TRACE}-b7ad6b7169203331-01-more", f"00-{TRACE.upper()}-b7ad6b7169203331-01", "x" * 500],
)  # fmt: skip
def test_traces_that_are_none_begin_a_new_one(given: str) -> None:
    """As the standard says: what cannot be read is not continued."""
    assert tracing.continued(given).trace_id != TRACE


def test_a_later_version_is_continued() -> None:
    """A header of a later version may have more behind the flags; each step has an id of its own."""
    found = tracing.continued(f"01-{TRACE}-b7ad6b7169203331-01-what-comes")
    assert (found.trace_id, found.flags) == (TRACE, "01")
    assert tracing.continued(found.header).span_id != found.span_id


def test_strange_correlation_ids_are_replaced(api: Api) -> None:
    """An id goes into logs and databases, so only short plain ones are kept."""
    for given in ("<script>", "a b", "a" * 65, "ğ".encode().decode("latin1")):
        found = talk(api.port, request("GET", "/alm/health/live", f"X-Correlation-ID: {given}"))
        assert len(found.headers["x-correlation-id"]) == 32


def test_json_lines(tmp_path: Any) -> None:
    """``ALM_LOG=json``: every line is one object with level, time and ids; tracebacks and secrets are in it as text."""
    code = """
import logging
from alm_workbench import logs
from alm_workbench.shared import tracing
from alm_workbench.shared.mediator import correlated
logs.configure("json"); logs.configure()
import structlog
log = structlog.get_logger("t")
with correlated("cid-1"), tracing.step():
    log.info("hello", password="hunter2hunter2")
    try:
        raise ValueError("token=abcdef0123456789abcdef")
    except ValueError as error:
        log.error("broken", exc_info=error)
    logging.getLogger("some.library").warning("of a library")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["hello", "broken", "of a library"]
    assert {line["correlation_id"] for line in lines} == {"cid-1"}
    assert all(line["timestamp"] and line["level"] and len(line["trace_id"]) == 32 for line in lines)
    assert "hunter2" not in done.stderr
    assert "ValueError" in lines[1]["exception"]
