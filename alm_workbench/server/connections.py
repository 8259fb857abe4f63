"""The HTTP server below the handlers: what tornado drops, or answers without a word, gets a problem document too.

A request line or header that is none, a body that is too large, or comes too slowly. The rest of what such a client
sends is read and thrown away for a moment, or it would see a reset connection in place of the answer.
"""

from __future__ import annotations

import asyncio
import http
import os
import time
from collections.abc import Awaitable
from typing import Any

import structlog
from tornado import gen, httputil
from tornado.http1connection import HTTP1Connection, HTTP1ServerConnection
from tornado.httpserver import HTTPServer, _HTTPRequestContext
from tornado.iostream import IOStream, StreamClosedError

from alm_workbench.errors import AlmError, HeadersTooLarge, RequestTimedOut
from alm_workbench.server import problems

PROXIES = "ALM_TRUSTED_PROXIES"
MAX_HEADERS = 64 * 1024
CUT_OFF = 4 * MAX_HEADERS
"""Headers beyond this are not even read to their end."""
BODY_SECONDS = 120.0
IDLE_SECONDS = 600.0
LINGER_SECONDS = 2.0
LINGER_BYTES = 8 * 1024 * 1024
log = structlog.get_logger("alm.api")


class Connection(HTTP1Connection):
    """One request on a connection."""

    body_seconds = BODY_SECONDS
    refused: Exception | None = None

    async def _read_message(self, delegate: httputil.HTTPMessageDelegate) -> bool:
        return await super()._read_message(Guarded(delegate, self))

    def _parse_headers(self, data: bytes) -> tuple[str, httputil.HTTPHeaders]:
        try:
            if len(data) > MAX_HEADERS:
                raise HeadersTooLarge(f"the header fields have more than {MAX_HEADERS // 1024} kB")
            start_line, headers = super()._parse_headers(data)
            httputil.parse_request_start_line(start_line)
            return start_line, headers
        except (httputil.HTTPInputError, HeadersTooLarge) as error:
            self._refuse(error)
            raise StreamClosedError from None

    def _read_body(
        self, code: int, headers: httputil.HTTPHeaders, delegate: httputil.HTTPMessageDelegate
    ) -> Awaitable[None] | None:
        try:
            if self.refused is not None:
                raise self.refused
            reading = super()._read_body(code, headers, delegate)
        except httputil.HTTPInputError as error:
            reading = failing(error)
        return None if reading is None else self._read_in_time(reading)

    async def _read_in_time(self, reading: Awaitable[None]) -> None:
        try:
            await gen.with_timeout(
                self.stream.io_loop.time() + self.body_seconds, reading, quiet_exceptions=StreamClosedError
            )
        except (httputil.HTTPInputError, TimeoutError) as error:
            timed_out = not isinstance(error, httputil.HTTPInputError)
            await self.refuse(
                RequestTimedOut(f"the body did not arrive within {self.body_seconds:.0f} s") if timed_out else error
            )
            raise StreamClosedError from None

    def _refuse(self, error: Exception) -> None:
        """Answer and let the connection end by itself: nothing of this request can be read further."""
        self._answer(error)
        asyncio.ensure_future(linger(self.stream))  # noqa: RUF006 - the stream holds on to it

    async def refuse(self, error: Exception) -> None:
        """Answer, read on for a moment, and close."""
        self._answer(error)
        await linger(self.stream)

    def _answer(self, error: Exception) -> None:
        found = error if isinstance(error, AlmError) else problems.of_connection(str(error))
        if not self.stream.closed() and not self._write_finished:
            line = self._request_start_line
            self.stream.write(response_bytes(found, line.path if line else ""))


class Guarded(httputil.HTTPMessageDelegate):
    """Hands a request on; one that the framework cannot make sense of (no host, too many parameters) is answered."""

    def __init__(self, inner: httputil.HTTPMessageDelegate, connection: Connection) -> None:
        self._inner, self._connection = inner, connection
        self.data_received = inner.data_received  # type: ignore[method-assign]
        self.finish = inner.finish  # type: ignore[method-assign]

    def headers_received(
        self, start_line: httputil.RequestStartLine | httputil.ResponseStartLine, headers: httputil.HTTPHeaders
    ) -> Awaitable[None] | None:
        """The head of the request."""
        try:
            return self._inner.headers_received(start_line, headers)
        except httputil.HTTPInputError as error:
            self._connection.refused = error
            return None

    def on_connection_close(self) -> None:
        """The client is gone."""
        if self._connection.refused is None:
            self._inner.on_connection_close()


class ServerConnection(HTTP1ServerConnection):
    """All requests of a connection."""

    async def _server_request_loop(self, delegate: httputil.HTTPServerConnectionDelegate) -> None:
        try:
            while True:
                connection = Connection(self.stream, False, self.params, self.context)
                request = delegate.start_request(self, connection)
                try:
                    going_on = await connection.read_response(request)
                except (StreamClosedError, asyncio.CancelledError):
                    return
                except Exception as error:  # headers that never end, and whatever else tornado may raise
                    log.info("connection closed", reason=type(error).__name__)
                    connection.close()
                    return
                if not going_on:
                    return
                await asyncio.sleep(0)
        finally:
            delegate.on_close(self)


class Context(_HTTPRequestContext):
    """Where a request comes from; what a proxy says of it counts only when the proxy is one of ours."""

    def _apply_xheaders(self, headers: httputil.HTTPHeaders) -> None:
        if not self.trusted_downstream or self._orig_remote_ip in self.trusted_downstream:
            super()._apply_xheaders(headers)


def trusted_proxies() -> list[str]:
    """The addresses in ``ALM_TRUSTED_PROXIES``: their X-Forwarded-For and X-Forwarded-Proto are believed."""
    return [part.strip() for part in os.environ.get(PROXIES, "").split(",") if part.strip()]


class ProblemServer(HTTPServer):
    """tornado's server whose own refusals are problem documents; ``HTTPServer.configure(ProblemServer)`` in Jupyter."""

    def initialize(self, *args: Any, **options: Any) -> None:
        """Bound what an unfinished request may hold."""
        options["max_header_size"] = CUT_OFF
        options.setdefault("idle_connection_timeout", IDLE_SECONDS)
        options["body_timeout"] = None  # ours answers
        if proxies := trusted_proxies():
            options |= {"xheaders": True, "trusted_downstream": proxies}
        super().initialize(*args, **options)

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """A new connection."""
        context = Context(stream, address, self.protocol, self.trusted_downstream)
        connection = ServerConnection(stream, self.conn_params, context)
        self._connections.add(connection)
        connection.start_serving(self)


def use_everywhere() -> None:
    """Let servers that others make in this process (Jupyter's) answer like ours."""
    HTTPServer.configure(ProblemServer)


def response_bytes(error: AlmError, path: str) -> bytes:
    """A whole response with a problem document, for a request that never reached a handler."""
    from alm_workbench.server.handlers import new_correlation
    from alm_workbench.shared import tracing

    correlation, trace = new_correlation(), tracing.continued(None)
    body = problems.document(error, instance=path, correlation_id=correlation, trace_id=trace.trace_id)
    log.info("refused", status=error.status, detail=error.detail, correlation_id=correlation)
    headers = problems.headers_of(error) | {
        "X-Correlation-ID": correlation,
        "traceresponse": trace.header,
        "X-Content-Type-Options": "nosniff",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    head = f"HTTP/1.1 {error.status} {http.HTTPStatus(error.status).phrase}\r\n"
    return (head + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode("latin1") + body


async def failing(error: Exception) -> None:
    """A body that cannot be read at all."""
    raise error


async def linger(stream: IOStream) -> None:
    """Throw away what still comes in, for a moment, then close."""
    until, rest = time.monotonic() + LINGER_SECONDS, LINGER_BYTES
    try:
        while rest > 0 and (seconds := until - time.monotonic()) > 0:
            chunk = await asyncio.wait_for(stream.read_bytes(64 * 1024, partial=True), seconds)
            rest -= len(chunk)
    except Exception:  # noqa: S110 - gone, or out of patience: both end here
        pass
    finally:
        stream.close()
