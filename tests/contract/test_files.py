"""Files over REST: streamed in and out, named safely, checked for what they are, kept once, never half."""

from __future__ import annotations

import errno
import hashlib
import http.client
import io
import socket
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote
from uuid import UUID

import pytest

from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact
from alm_workbench.contexts.attachment.messages import AttachFile
from alm_workbench.errors import Unavailable
from alm_workbench.shared.jobs import JobRun
from alm_workbench.storage.blob_upkeep import collect
from alm_workbench.storage.blobs import FileUpload
from alm_workbench.storage.engine import begin, make_engine
from tests.factories.workbench import Api, Bench, Reply

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)


@pytest.fixture
def item(workbench: Bench) -> ArtifactDTO:
    """An item to attach to."""
    text = {"text": "It shall brake."}
    return workbench.acme.engineer.send(CreateArtifact(workbench.acme.project.id, "requirement", "With files", text))


def place(item: ArtifactDTO, file: Any = None) -> str:
    return f"/artifacts/{item.id}/attachments" + (f"/{file['id']}" if file else "")


def attach(api: Api, item: ArtifactDTO, name: str, content: bytes, who: str = "engineer", **more: Any) -> Reply:
    headers = {"Content-Type": "application/octet-stream", **more.pop("headers", {})}
    return api.call("POST", f"{place(item)}?name={quote(name)}", content, who=who, headers=headers, **more)


def content(
    api: Api, item: ArtifactDTO, file: Any, who: str | None = "viewer", query: str = "", **headers: str
) -> Reply:
    return api.call("GET", f"{place(item, file)}/content{query}", who=who, headers=headers)


def blobs(bench: Bench) -> list[Path]:
    root = bench.settings.blobs_dir / str(bench.acme.tenant_id)
    return [path for path in root.rglob("*") if path.is_file()]


def waiting(bench: Bench) -> list[Path]:
    return [path for path in blobs(bench) if path.parent.name == "incoming"]


def test_a_file_comes_back_as_it_was(api: Api, item: ArtifactDTO) -> None:
    """Byte for byte, with name, size and hash; several megabytes in pieces."""
    data = zipped(3_000_000)
    reply = attach(api, item, "Ölçüm sonuçları.zip", data)
    assert reply.status == 201, reply.body
    file = reply.json
    assert (file["name"], file["size"], file["revision"]) == ("Ölçüm sonuçları.zip", len(data), 1)
    assert file["sha256"] == hashlib.sha256(data).hexdigest()
    assert reply.headers["etag"].startswith('"1.')
    back = content(api, item, file)
    assert back.body == data
    assert back.headers["content-type"] == "application/zip"
    assert back.headers["x-content-type-options"] == "nosniff"
    assert back.headers["content-disposition"] == (
        "attachment; filename=\"_l__m sonu_lar_.zip\"; filename*=UTF-8''%C3%96l%C3%A7%C3%BCm%20sonu%C3%A7lar%C4%B1.zip"
    )
    listed = api.get(place(item), who="viewer").json["items"]
    assert [one["id"] for one in listed] == [file["id"]]


def test_parts_and_what_is_known_already(api: Api, item: ArtifactDTO) -> None:
    """Ranges for those who go on where they stopped; nothing for those who have it."""
    file = attach(api, item, "a.txt", b"0123456789").json
    for asked, expected in (("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-2", b"89"), ("bytes=8-99", b"89")):
        part = content(api, item, file, Range=asked)
        assert (part.status, part.body) == (206, expected), asked
    assert content(api, item, file, Range="bytes=2-4").headers["content-range"] == "bytes 2-4/10"
    assert content(api, item, file, Range="bytes=10-").status == 416
    for whole in ("lines=1-2", "bytes=0-1,4-5"):
        assert content(api, item, file, Range=whole).body == b"0123456789"
    tag = f'"{file["sha256"]}"'
    assert content(api, item, file, **{"If-None-Match": tag}).status == 304
    assert content(api, item, file, Range="bytes=0-1", **{"If-Range": '"other"'}).status == 200
    head = api.call("HEAD", f"{place(item, file)}/content", who="viewer")
    assert (head.body, head.headers["content-length"]) == (b"", "10")


def test_only_images_are_shown_in_place(api: Api, item: ArtifactDTO) -> None:
    """Markup is saved before it is opened, whoever asks how."""
    page = attach(api, item, "page.html", b"<script>alert(1)</script>").json
    drawing = attach(api, item, "d.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>").json
    picture = attach(api, item, "p.png", PNG).json
    for file, kind in ((page, "attachment"), (drawing, "attachment"), (picture, "inline")):
        reply = content(api, item, file, query="?inline=1")
        assert reply.headers["content-disposition"].startswith(kind), file
        assert "sandbox" in reply.headers["content-security-policy"]
    assert content(api, item, picture).headers["content-disposition"].startswith("attachment")
    assert content(api, item, picture, query="?inlin=1").status == 422


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\ada\\plan.txt", "plan.txt"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"),
        ("invoice\u202egpj.txt", "invoicegpj.txt"),
        ("..", None),
        ("/", None),
        (" . ", None),
        ("x" * 201 + ".txt", None),
    ],
)
def test_names_are_no_paths(api: Api, item: ArtifactDTO, name: str, kept: str | None) -> None:
    """The last part counts, without controls; a name that says nothing is refused."""
    reply = attach(api, item, name, b"text")
    assert (reply.json["name"] if reply.status == 201 else None) == kept, reply.body
    if kept is None:
        assert (reply.status, reply.json["errors"][0]["path"]) == (422, "/name")


def test_a_name_comes_with_the_body_too(api: Api, item: ArtifactDTO) -> None:
    """Content-Disposition as browsers and curl write it; a file without a name, or in a form, is refused."""
    header = {"Content-Disposition": "attachment; filename=plain.txt; filename*=UTF-8''%C3%B6l%C3%A7%C3%BCm.txt"}
    named = api.call("POST", place(item), b"x", who="engineer", headers={"Content-Type": "text/plain", **header})
    assert (named.status, named.json["name"]) == (201, "ölçüm.txt")
    assert api.call("POST", place(item), b"x", who="engineer", headers={"Content-Type": "text/plain"}).status == 422
    form = api.call(
        "POST",
        f"{place(item)}?name=a.txt",
        b"x",
        who="engineer",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert form.status == 415
    assert "Content-Disposition" in form.json["detail"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("setup.exe", b"MZ" + bytes(100)),
        ("run.sh", b"#!/bin/sh\n"),
        ("no_ending", b"text"),
        ("picture.png", b"MZ" + bytes(100)),
        ("picture.png", b"<script>alert(1)</script>"),
        ("report.pdf", b"\x7fELF" + bytes(60)),
        ("report.docx", b"not an archive"),
        ("notes.txt", b"MZ\x90\x00\x03" + bytes(100)),
        ("notes.txt", b"\x7fELF\x02\x01\x01\x00"),
    ],
)
def test_what_is_not_what_it_says_is_refused(
    api: Api, item: ArtifactDTO, workbench: Bench, name: str, data: bytes
) -> None:
    """Programs, unknown endings, contents of another type; nothing of them stays."""
    before = len(blobs(workbench))
    reply = attach(api, item, name, data)
    assert reply.status == 415, reply.body
    assert api.get(place(item)).json["items"] == []
    assert len(blobs(workbench)) == before


def test_an_empty_file_is_refused(api: Api, item: ArtifactDTO) -> None:
    """It is a mistake of whoever sent it."""
    assert attach(api, item, "a.txt", b"").status == 422


def test_too_large_is_refused_early_and_late(api: Api, item: ArtifactDTO, workbench: Bench) -> None:
    """By the length that was announced before a byte is read, and by what really comes in pieces."""
    raw = connected(api, item, "a.txt", {"Content-Length": "100000001"})
    answer = raw.getresponse()
    assert answer.status == 413
    assert b"100 MB" in answer.read()
    raw.close()
    with patch.object(FileUpload, "write", too_large(FileUpload.write, 50_000)):
        raw = connected(api, item, "a.txt", {"Transfer-Encoding": "chunked"})
        for _ in range(10):
            raw.send(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
        raw.send(b"0\r\n\r\n")
        answer = raw.getresponse()
        assert answer.status == 413
        raw.close()
    assert waiting(workbench) == []
    assert api.get(place(item)).json["items"] == []


def too_large(write: Any, limit: int) -> Any:
    def limited(self: FileUpload, data: bytes) -> None:
        self._limit = limit
        write(self, data)

    return limited


def test_a_stream_that_is_cut_off_is_no_file(api: Api, item: ArtifactDTO, workbench: Bench) -> None:
    """The client goes in the middle: no row, no content, nothing that waits."""
    raw = connected(api, item, "a.txt", {"Content-Length": "1000000"})
    raw.send(b"x" * 400_000)
    assert_soon(lambda: len(waiting(workbench)) == 1)
    assert raw.sock is not None
    raw.sock.shutdown(socket.SHUT_RDWR)
    raw.close()
    assert_soon(lambda: waiting(workbench) == [])
    assert api.get(place(item)).json["items"] == []


def test_a_full_disk_is_said_plainly(api: Api, item: ArtifactDTO, workbench: Bench) -> None:
    """While it comes in, and at its end; nothing stays of it, and the next one works."""
    full = OSError(errno.ENOSPC, "No space left on device")
    for what in ("fsync", "rename"):
        with patch(f"alm_workbench.storage.blobs.os.{what}", side_effect=full):
            reply = attach(api, item, "a.txt", b"text that finds no room")
        assert reply.status == 503
        assert reply.json["detail"] == "The disk for files is full; nothing was attached"
        assert waiting(workbench) == []
    assert api.get(place(item)).json["items"] == []
    assert attach(api, item, "a.txt", b"text that finds room").status == 201


def test_the_same_file_by_many_at_once_is_one(api: Api, item: ArtifactDTO, workbench: Bench) -> None:
    """One row, one content; other contents under the name are revisions in a row."""
    data = b"the same for all " * 1000
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: attach(api, item, "same.txt", data), range(6)))
    assert {reply.status for reply in replies} == {201}
    assert len({reply.json["id"] for reply in replies}) == 1
    digest = hashlib.sha256(data).hexdigest()
    assert len([path for path in blobs(workbench) if path.name == digest]) == 1
    with ThreadPoolExecutor(4) as pool:
        others = list(pool.map(lambda n: attach(api, item, "same.txt", b"other %d" % n), range(4)))
    assert sorted(reply.json["revision"] for reply in others) == [2, 3, 4, 5]
    newest = api.get(place(item)).json["items"]
    assert [one["revision"] for one in newest] == [5]
    every = api.get(f"{place(item)}?name=same.txt&limit=2").json
    rest = api.get(f"{place(item)}?name=same.txt&limit=3&cursor={every['next_cursor']}").json
    assert [one["revision"] for one in every["items"] + rest["items"]] == [5, 4, 3, 2, 1]
    assert waiting(workbench) == []


def test_files_go_into_the_bin_and_come_back(api: Api, item: ArtifactDTO) -> None:
    """By who attached them or moderates, against the version; the revision before shows meanwhile."""
    attach(api, item, "a.txt", b"one")
    second = attach(api, item, "a.txt", b"two").json
    path = place(item, second)
    assert api.call("DELETE", path, who="reviewer", headers={"If-Match": '"1"'}).status == 403
    assert api.call("DELETE", path, who="engineer").status == 428
    assert api.call("DELETE", path, who="engineer", headers={"If-Match": '"7"'}).status == 409
    gone = api.call("DELETE", path, who="engineer", headers={"If-Match": '"1"'})
    assert gone.status == 200
    assert gone.json["deleted_at"]
    assert content(api, item, second).status == 404
    assert [one["revision"] for one in api.get(place(item)).json["items"]] == [1]
    assert [one["id"] for one in api.get(f"{place(item)}?deleted=true", who="manager").json["items"]] == [second["id"]]
    assert api.get(f"{place(item)}?deleted=true", who="reviewer").json["items"] == []
    assert attach(api, item, "a.txt", b"three").json["revision"] == 3
    assert api.post(f"{path}/restore", who="manager").json["deleted_at"] is None
    assert content(api, item, second).body == b"two"


def test_nobody_else_gets_in(api: Api, item: ArtifactDTO, workbench: Bench) -> None:
    """Without a log-in, without the right, from another organisation, by another item's address."""
    file = attach(api, item, "a.txt", b"secret content").json
    assert content(api, item, file, who=None).status == 401
    assert attach(api, item, "b.txt", b"x", who="viewer").status == 403
    for reply in (
        api.call("GET", f"{place(item, file)}/content", org="globex"),
        attach(api, item, "b.txt", b"x", who="owner", org="globex"),
        api.call("GET", place(item), org="globex"),
    ):
        assert reply.status == 404
        assert b"secret" not in reply.body
    other = workbench.acme.engineer.send(
        CreateArtifact(workbench.acme.project.id, "requirement", "Other", {"text": "It shall not."})
    )
    assert content(api, other, file).status == 404
    assert api.call("GET", f"/artifacts/{item.id}/attachments/nonsense/content").status == 422
    foreign = api.call(
        "POST", f"{place(item)}?name=a.txt", b"x", who="owner", headers={"Origin": "https://evil.example"}
    )
    assert foreign.status in (201, 403)
    assert waiting(workbench) == []


def test_a_damaged_content_does_not_look_whole(api: Api, item: ArtifactDTO, workbench: Bench) -> None:
    """The connection is cut before the end; a content that is gone is an error, no empty file."""
    file = attach(api, item, "a.txt", b"as it was attached").json
    kept = workbench.runtime.blobs.path(workbench.acme.tenant_id, file["sha256"])
    kept.write_bytes(b"as it was changed.")
    with pytest.raises((http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionError)):
        content(api, item, file)
    kept.unlink()
    reply = content(api, item, file)
    assert reply.status == 500
    assert "cannot be read" in reply.json["detail"]


def test_upkeep_drops_what_nothing_names(api: Api, item: ArtifactDTO, workbench: Bench) -> None:
    """Not what lives, not what lies in the bin, not what is young, and not what is attached at that moment."""
    live = attach(api, item, "live.txt", b"live").json
    binned = attach(api, item, "binned.txt", b"binned").json
    api.call("DELETE", place(item, binned), who="engineer", headers={"If-Match": '"1"'})
    store, tenant = workbench.runtime.blobs, workbench.acme.tenant_id
    orphan = orphaned(workbench, b"nothing names me")
    assert run_upkeep(workbench, older_than=3600.0) == 0
    assert run_upkeep(workbench, older_than=-5.0) >= 1
    assert not store.path(tenant, orphan).exists()
    for file in (live, binned):
        assert store.path(tenant, file["sha256"]).exists()
    again = orphaned(workbench, b"attached in the meantime")
    assert_attached_while_collecting(api, item, workbench, again)


def assert_attached_while_collecting(api: Api, item: ArtifactDTO, workbench: Bench, digest: str) -> None:
    """Who attaches holds the lock first: the upkeep waits, looks again and lets it be."""
    entered, go_on = threading.Event(), threading.Event()
    store = workbench.runtime.blobs
    keep = type(store).keep

    def slowly(self: Any, tenant_id: UUID, received: Any) -> None:
        entered.set()
        assert go_on.wait(20)
        keep(self, tenant_id, received)

    with patch.object(type(store), "keep", slowly), ThreadPoolExecutor(2) as pool:
        sending = pool.submit(attach, api, item, "meantime.txt", b"attached in the meantime")
        assert entered.wait(20)
        collecting = pool.submit(run_upkeep, workbench, older_than=-5.0)
        go_on.set()
        file = sending.result(20).json
        collecting.result(20)
    assert content(api, item, file).body == b"attached in the meantime"
    assert file["sha256"] == digest


def orphaned(bench: Bench, data: bytes) -> str:
    upload = bench.runtime.blobs.begin(bench.acme.tenant_id, 1000)
    upload.write(data)
    received = upload.finish()
    bench.runtime.blobs.keep(bench.acme.tenant_id, received)
    return received.sha256


def run_upkeep(bench: Bench, *, older_than: float) -> int:
    engine = make_engine(bench.dsns.worker, pool_size=1)
    try:
        job = JobRun(1, 1, None, None, "test", {}, lambda tenant_id=None: begin(engine, tenant_id=tenant_id))
        return collect(job, bench.runtime.blobs, older_than=older_than)
    finally:
        engine.dispose()


def test_a_ticket_is_no_path(workbench: Bench, item: ArtifactDTO) -> None:
    """It names what waits in the directory of what comes in, and nothing elsewhere."""
    upload = workbench.runtime.blobs.begin(workbench.acme.tenant_id, 1000)
    upload.write(b"never attached before")
    received = upload.finish()
    forged = replace(received, ticket="../../../run/database.txt")
    with pytest.raises(Unavailable):
        workbench.acme.engineer.send(AttachFile(item.id, "a.txt", forged))  # type: ignore[arg-type]
    upload.abort()
    assert waiting(workbench) == []


def zipped(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("data.bin", bytes(range(256)) * (size // 256))
    return out.getvalue()


def connected(api: Api, item: ArtifactDTO, name: str, headers: dict[str, str]) -> http.client.HTTPConnection:
    raw = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    raw.putrequest("POST", f"/alm/api/v1{place(item)}?name={name}")
    given = {"Authorization": f"Bearer {api.token('engineer')}", "Content-Type": "text/plain", **headers}
    for key, value in given.items():
        raw.putheader(key, value)
    raw.endheaders()
    return raw


def assert_soon(done: Any) -> None:
    pause = threading.Event()
    for _ in range(400):
        if done():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come to be")
