"""Contents of files over REST: received and sent in streams, so that no file is ever held in memory as a whole.

| Route | |
|---|---|
| `POST /artifacts/{artifact_id}/attachments` | the body is the file; `Content-Disposition: attachment; filename*=UTF-8''…` or `?name=` names it |
| `GET /artifacts/{artifact_id}/attachments/{attachment_id}/content` | the file; ranges, ETag; `?inline=1` shows an image in place |

Who may not attach is refused before the body is read. Everything else about files is messages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from email.message import Message as MailMessage
from functools import partial
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

import structlog
from tornado import httputil, web
from tornado.iostream import StreamClosedError

from alm_workbench.contexts.attachment.domain import INLINE, Opened, Upload, clean_name
from alm_workbench.contexts.attachment.messages import AttachFile, AttachmentDTO, OpenAttachment, StartUpload
from alm_workbench.errors import AlmError, ErrorItem, InvalidInput, NotFound, RangeOutside, UnsupportedMediaType
from alm_workbench.server.application import Application
from alm_workbench.server.handlers import ApiHandler, MessageHandler, api_parameters, etag_of
from alm_workbench.shared import wire
from alm_workbench.shared.idempotency import Answer
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.principal import Principal

ATTACHMENTS = "/artifacts/{artifact_id}/attachments"
CONTENT = ATTACHMENTS + "/{attachment_id}/content"
CHUNK = 256 * 1024
BODY_SECONDS = 3600.0
MOST = 16 * 1024**3
"""Where the connection gives up; the limit of files is checked before it, and while they come in."""
EXTENDED_NAME = re.compile(r"filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)", re.IGNORECASE)
log = structlog.get_logger("alm.files")


@web.stream_request_body
class FilesHandler(MessageHandler):
    """The files of an item: a list by its message, and new ones in a stream."""

    _upload: Upload | None = None
    _refused: AlmError | None = None
    _who: Principal | None = None
    _name = ""
    _item = ArtifactId(UUID(int=0))

    def allowed(self) -> list[str]:
        """The methods of this path."""
        return sorted({*super().allowed(), "POST"})

    async def prepare(self) -> None:  # type: ignore[override]
        """Decide before the body is read whether it may be sent at all."""
        super().prepare()
        if self.request.method != "POST":
            return
        self._item = ArtifactId(uuid_of(self.found().values[0], "artifact_id"))
        self._who = await self.required()
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind.startswith("multipart/"):
            detail = "send the file itself as the body, and its name in Content-Disposition or ?name="
            raise UnsupportedMediaType(detail, accept=["application/octet-stream"])
        self._name = clean_name(name_of(self.request.headers, self.parameters()))
        length = self.request.headers.get("Content-Length", "")
        size = int(length) if length.isascii() and length.isdecimal() else None
        mediator = self.app.mediator.as_principal(self._who)
        question = StartUpload(self._item, self._name, size)
        self._upload = await self.app.run(lambda: mediator.query(question))
        connection: Any = self.request.connection
        connection.set_max_body_size(MOST)
        connection.body_seconds = BODY_SECONDS

    async def data_received(self, chunk: bytes) -> None:
        """Write a part of the body to the disk, on a thread; what follows a refusal is thrown away."""
        upload = self._upload
        if upload is None or self._refused is not None or self._finished:
            return
        try:
            await self.app.run(lambda: upload.write(chunk))
        except AlmError as error:
            self._refused = error
            upload.abort()

    async def post(self, *_: str) -> None:
        """Attach what was received."""
        upload, refused = self._upload, self._refused
        assert upload is not None
        if refused is not None:
            raise refused
        mediator = self.app.mediator.as_principal(self._who)

        def attach() -> AttachmentDTO:
            try:
                return mediator.send(AttachFile(self._item, self._name, upload.finish()))
            finally:
                upload.abort()

        done = await self.app.run(attach)
        self.set_status(201)
        answer = Answer(wire.dump(AttachmentDTO, done), done.version)
        self.set_header("ETag", etag_of(answer))
        self.finish(answer.body)

    def on_connection_close(self) -> None:
        """A body that was cut off is no file."""
        super().on_connection_close()
        self._forget()

    def on_finish(self) -> None:
        """Leave nothing of what was refused."""
        super().on_finish()
        if self._refused is not None or self.get_status() >= 400:
            self._forget()

    def _forget(self) -> None:
        if self._upload is not None:
            self._upload.abort()


class ContentHandler(ApiHandler):
    """The content of a file."""

    methods = ("GET",)

    def initialize(self, app: Application, root: str, version: int) -> None:  # type: ignore[override]
        super().initialize(app)
        self._place = content_place(root, version)

    async def get(self, *_: str) -> None:
        """Send the file, or the part of it that was asked for."""
        found = self._place.fullmatch(self.request.path)
        if found is None:
            raise NotFound(f"there is nothing at {self.request.path}")
        message = OpenAttachment(ArtifactId(uuid_of(found[1], "artifact_id")), uuid_of(found[2], "attachment_id"))
        mediator = self.app.mediator.as_principal(await self.required())
        inline = self._inline()
        opened = await self.app.run(lambda: mediator.query(message))
        try:
            await self._send(opened, inline=inline)
        finally:
            opened.stream.close()

    head = get

    def _inline(self) -> bool:
        return only(api_parameters(self.request.query), "inline") in ("1", "true")

    async def _send(self, opened: Opened, *, inline: bool) -> None:
        tag = f'"{opened.sha256}"'
        self.set_header("ETag", tag)
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Content-Type", opened.content_type)
        self.set_header("Cache-Control", "private, no-cache")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        shown = inline and opened.content_type in INLINE
        self.set_header("Content-Disposition", disposition("inline" if shown else "attachment", opened.name))
        if tag in re.split(r"\s*,\s*", self.request.headers.get("If-None-Match", "")):
            self.set_status(304)
            self.clear_header("Content-Type")
            self.finish()
            return
        start, end = self._part(opened, tag)
        self.set_header("Content-Length", str(end - start))
        if self.request.method == "HEAD":
            self.finish()
            return
        await self._stream(opened, start, end)

    def _part(self, opened: Opened, tag: str) -> tuple[int, int]:
        """The bytes to send: one range where one is asked for of this content, else all of them."""
        given, condition = self.request.headers.get("Range"), self.request.headers.get("If-Range")
        asked = httputil._parse_request_range(given) if given and condition in (None, tag) else None
        if asked is None or asked == (None, None):
            return 0, opened.size
        start, end = asked[0] or 0, asked[1] if asked[1] is not None else opened.size
        if start < 0:
            start = max(0, opened.size + start)
        end = min(end, opened.size)
        if start >= end:
            self.set_header("Content-Range", f"bytes */{opened.size}")
            raise RangeOutside(f"the file has {opened.size:,} bytes")
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {start}-{end - 1}/{opened.size}")
        return start, end

    async def _stream(self, opened: Opened, start: int, end: int) -> None:
        """Send a part; a whole file whose bytes are not what was attached is cut off before its end."""
        whole, digest, left = (start, end) == (0, opened.size), hashlib.sha256(), end - start
        opened.stream.seek(start)
        with suppress(StreamClosedError):  # nobody reads any more
            while left:
                data = await self.app.run(partial(opened.stream.read, min(CHUNK, left)))
                if whole:
                    digest.update(data)
                left -= len(data)
                if not data or (not left and whole and digest.hexdigest() != opened.sha256):
                    log.error("content damaged", sha256=opened.sha256, name=opened.name)
                    self._auto_finish = False
                    self.request.connection.close()  # type: ignore[union-attr]
                    return
                self.write(data)
                await self.flush()
            self.finish()


def name_of(headers: httputil.HTTPHeaders, parameters: dict[str, list[str]]) -> str:
    """The name of a file that is sent, of ``?name=`` or Content-Disposition (RFC 6266); raises ``InvalidInput``."""
    given = only(parameters, "name")
    if given is None:
        header = headers.get("Content-Disposition", "")
        if extended := EXTENDED_NAME.search(header):  # goes before the plain one
            given = unquote(extended[1], errors="replace")
        else:
            mail = MailMessage()
            mail["Content-Disposition"] = header
            given = mail.get_filename()
    if not given:
        item = ErrorItem("?name", "required", "name it there or in Content-Disposition")
        raise InvalidInput("The file has no name", errors=[item])
    return given


def only(parameters: Mapping[str, list[str]], name: str) -> str | None:
    """The one parameter that is known; raises ``InvalidInput`` on others."""
    unknown = sorted(set(parameters) - {name})
    if unknown:
        item = ErrorItem(f"?{unknown[0]}", "unknown", f"only {name} is known")
        raise InvalidInput(f"unknown parameter {unknown[0]!r}", errors=[item])
    return wire.last_of(parameters).get(name)


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition that every browser reads alike: plain ASCII beside the whole name (RFC 6266, RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9 ._()\[\]-]", "_", name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def uuid_of(text: str, name: str) -> UUID:
    """An id in a path; raises ``InvalidInput``."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(
            f"{name} is no id", errors=[ErrorItem(f"/{name}", "uuid", "it is not of this form")]
        ) from None


def content_place(root: str, version: int) -> re.Pattern[str]:
    """The paths of contents below the address of the API."""
    return re.compile(rf"{re.escape(root)}v{version}/artifacts/([^/]+)/attachments/([^/]+)/content")


for _handler in (FilesHandler, ContentHandler):
    for _method in ("get", "post", "head"):
        if (_own := getattr(_handler, _method)) is not getattr(web.RequestHandler, _method):
            _own.__dict__["__allow_unauthenticated"] = True
