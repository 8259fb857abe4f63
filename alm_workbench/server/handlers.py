"""REST: one tornado handler for every path, driven by the message declarations."""

from __future__ import annotations

import http
import json
import re
from collections.abc import Mapping
from typing import Any

import structlog
from tornado import web

from alm_workbench.errors import (
    AccessDenied,
    AlmError,
    AuthenticationFailed,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unavailable,
)
from alm_workbench.server.application import Application
from alm_workbench.server.authentication import Authentication
from alm_workbench.shared import wire
from alm_workbench.shared.mediator import correlation
from alm_workbench.shared.messages import PUBLIC, Spec

MAX_BODY = 64 * 1024 * 1024
CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,64}")
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
log = structlog.get_logger("alm.api")


class ApiHandler(Authentication):
    """Correlation, authentication and problem documents, for every ALM route."""

    auth_resource = "alm"
    app: Application

    def initialize(self, app: Application) -> None:
        self.app = app

    def set_default_headers(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "private, no-store")
        self.set_header("Vary", "Cookie, Authorization")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        given = self.request.headers.get("X-Correlation-ID", "")
        self.correlation_id = given if CORRELATION.fullmatch(given) else new_correlation()
        self.set_header("X-Correlation-ID", self.correlation_id)
        correlation.set(self.correlation_id)

    def fail(self, error: AlmError) -> None:
        """Answer with a problem document."""
        trace = TRACEPARENT.fullmatch(self.request.headers.get("traceparent", ""))
        problem = error.to_problem(
            instance=self.request.path, correlation_id=self.correlation_id, trace_id=trace[1] if trace else None
        )
        problem["correlation_id"] = self.correlation_id
        self.set_status(error.status)
        if error.status == 401:
            self.set_header("WWW-Authenticate", 'Bearer realm="alm"')
        if "allow" in error.extra:
            self.set_header("Allow", ", ".join(error.extra["allow"]))
        if error.status >= 500:
            log.error(
                "failed",
                path=self.request.path,
                correlation_id=self.correlation_id,
                detail=error.detail,
                exc_info=None if isinstance(error, Unavailable) else error,
            )
        self.set_header("Content-Type", "application/problem+json")
        self.finish(json.dumps(problem))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error of the framework as a problem document too."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, AlmError):
            self.fail(error)
            return
        reason = getattr(error, "log_message", None) if isinstance(error, web.HTTPError) else None
        self.fail(by_status(status_code, reason))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Expected errors are answers, not log lines."""
        if not isinstance(value, (AlmError, web.HTTPError)):
            log.error("crashed", path=self.request.path, correlation_id=self.correlation_id, exc_info=(typ, value, tb))


class MessageHandler(ApiHandler):
    """All methods of one path; each sends its message."""

    specs: Mapping[str, Spec]

    def initialize(self, app: Application, specs: Mapping[str, Spec] = {}) -> None:
        super().initialize(app)
        self.specs = specs

    async def _handle(self, **path: str) -> None:
        spec = self.specs.get(self.request.method or "")
        if spec is None:
            raise MethodNotAllowed(f"{self.request.method} is not possible here", allow=sorted(self.specs))
        if len(self.request.body) > MAX_BODY:
            raise TooLarge(f"the body has more than {MAX_BODY // 1024 // 1024} MB")
        principal = None if spec.privilege == PUBLIC else await self.required()
        message = wire.decode(spec, path, self._query(), self.request.body, self.request.headers.get("If-Match"))
        mediator = self.app.mediator.as_principal(principal)
        work = mediator.send if spec.kind == "command" else mediator.query
        # big results are encoded on the thread too: the loop belongs to everybody
        arrow = spec.streams and wire.ARROW in self.request.headers.get("Accept", "")
        answer = await self.app.run(lambda: encoded(spec, work(message), arrow), reports=is_report(spec))  # type: ignore[arg-type]
        self._reply(spec, *answer)

    def _query(self) -> dict[str, list[str]]:
        values = {k: [v.decode("utf-8", "replace") for v in vs] for k, vs in self.request.query_arguments.items()}
        if any("\x00" in item for vs in values.values() for item in vs):
            raise MalformedRequest("the address holds a NUL character")
        # `token` is Jupyter's; a name of digits alone is how its front end keeps caches away
        return {name: given for name, given in values.items() if name != "token" and not name.isdigit()}

    def _reply(self, spec: Spec, body: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self.set_status(spec.status)
        for name, value in headers.items():
            self.set_header(name, value)
        self.set_header("Content-Type", kind)
        self.finish(body)

    async def get(self, **path: str) -> None:
        await self._handle(**path)

    async def post(self, **path: str) -> None:
        await self._handle(**path)

    async def put(self, **path: str) -> None:
        await self._handle(**path)

    async def patch(self, **path: str) -> None:
        await self._handle(**path)

    async def delete(self, **path: str) -> None:
        await self._handle(**path)

    async def head(self, **path: str) -> None:
        await self._handle(**path)


class UnknownHandler(ApiHandler):
    """Everything below our address that is no route."""

    def prepare(self) -> None:
        raise NotFound(f"there is nothing at {self.request.path}")


class LiveHandler(ApiHandler):
    """Whether the process answers at all."""

    def get(self) -> None:
        self.finish(json.dumps({"status": "ok"}))


class ReadyHandler(ApiHandler):
    """Whether the parts that requests need answer too."""

    async def get(self) -> None:
        state = await self.app.readiness()
        self.set_status(200 if state["status"] == "ok" else 503)
        self.finish(json.dumps(state))


class OpenApiHandler(ApiHandler):
    """The document that describes this API."""

    async def get(self) -> None:
        from alm_workbench.server.openapi import document

        raw = await self.app.run(lambda: json.dumps(document()).encode())
        self.set_header("Cache-Control", "public, max-age=60")
        self.finish(raw)


class WorkbenchHandler(ApiHandler):
    """What a front end must know of this server."""

    async def get(self) -> None:
        principal = await self.required()
        self.finish(json.dumps({**self.app.about, "user": principal.display_name, "tenant": principal.tenant_name}))


def encoded(spec: Spec, result: Any, arrow: bool) -> tuple[bytes, str, dict[str, str]]:
    """Body, content type and headers of a result."""
    headers: dict[str, str] = {}
    if isinstance(version := getattr(result, "version", None), int) and not spec.streams:
        headers["ETag"] = f'"{version}"'
    if not spec.streams:
        return wire.dump(spec.result, result), "application/json", headers
    if arrow:
        return result.arrow, wire.ARROW, {"Alm-Result": json.dumps({**result.headers(), "rows": result.rows})}
    return json.dumps(result.to_data()).encode(), "application/json", headers


def is_report(spec: Spec) -> bool:
    """Whether a message may take long and belongs on the second pool."""
    return spec.cls.__module__.startswith("alm_workbench.contexts.reporting") and spec.kind == "query"


def by_status(status: int, reason: str | None = None) -> AlmError:
    """The member of our error tree for a bare status code."""
    known: dict[int, type[AlmError]] = {
        400: MalformedRequest,
        401: AuthenticationFailed,
        403: AccessDenied,
        404: NotFound,
        405: MethodNotAllowed,
        413: TooLarge,
    }
    text = reason or http.HTTPStatus(status).phrase if status in http.HTTPStatus._value2member_map_ else "error"
    cls = known.get(status)
    if cls is None:
        return AlmError(
            text if status < 500 else "The request could not be completed; the server's log has the details"
        )
    return cls(text)


def new_correlation() -> str:
    """A fresh correlation id."""
    import uuid

    return uuid.uuid4().hex


for _method in ("get", "post", "put", "patch", "delete", "head"):
    # Jupyter closes what does not say how it authenticates; these handlers do it themselves, in ``principal``
    getattr(MessageHandler, _method).__dict__["__allow_unauthenticated"] = True
for _handler in (LiveHandler, ReadyHandler, OpenApiHandler, WorkbenchHandler):
    _handler.get.__dict__["__allow_unauthenticated"] = True
