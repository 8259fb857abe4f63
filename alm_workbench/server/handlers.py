"""REST: one tornado handler for every route, driven by the message declarations."""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import Any

import structlog
from tornado import web

from alm_workbench import logs
from alm_workbench.errors import (
    AccessDenied,
    AlmError,
    AuthenticationFailed,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from alm_workbench.server import cors, limits, problems
from alm_workbench.server.application import Application
from alm_workbench.server.arrow import ArrowPages, wants_arrow
from alm_workbench.server.authentication import Authentication
from alm_workbench.server.deprecations import headers_of as deprecation_headers
from alm_workbench.server.routing import Found, RouteTable, parameters_of, segments_of
from alm_workbench.shared import idempotency, tracing, wire
from alm_workbench.shared.caller import Caller, caller
from alm_workbench.shared.idempotency import Answer, Once
from alm_workbench.shared.limits import Verdict
from alm_workbench.shared.mediator import correlation
from alm_workbench.shared.messages import PUBLIC, Message, Spec
from alm_workbench.shared.principal import Principal

MAX_BODY = 64 * 1024 * 1024
PLAIN_BODY = 16 * 1024 * 1024
PUBLIC_BODY = 64 * 1024
OFF_LOOP = 64 * 1024
"""Bodies above it are read on a thread."""
CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,64}")
JSON_TYPE = re.compile(r"application/([\w.+-]+\+)?json", re.ASCII)
log = structlog.get_logger("alm.api")


class ApiHandler(Authentication):
    """Correlation, trace, limits, origins and problem documents, for every ALM route.

    In order: correlation and trace, double submit of cookies, origin, who is asking, limit, then the message.
    """

    auth_resource = "alm"
    methods: tuple[str, ...] = ("GET",)
    counted = True
    who: Principal | None = None
    verdict: Verdict | None = None
    app: Application

    def initialize(self, app: Application) -> None:
        self.app = app

    def set_default_headers(self) -> None:
        self.set_header("Server", "alm-workbench")
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "private, no-store")
        self.set_header("Vary", "Accept, Cookie, Authorization, X-API-Key, Origin")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        if not hasattr(self, "correlation_id"):
            self.begun = time.perf_counter()
            given = self.request.headers.get("X-Correlation-ID", "")
            self.correlation_id = given if CORRELATION.fullmatch(given) else new_correlation()
            self.trace = tracing.continued(self.request.headers.get("traceparent"))
            correlation.set(self.correlation_id)
            caller.set(Caller.of(self.request.remote_ip, self.request.headers.get("User-Agent")))
            tracing.current.set(self.trace)
        self.set_header("X-Correlation-ID", self.correlation_id)
        self.set_header("traceresponse", self.trace.header)
        origin = self.request.headers.get("Origin")
        if origin and origin in cors.allowed_origins():
            for name, value in cors.headers_for(origin).items():
                self.set_header(name, value)

    def prepare(self) -> None:
        """Refuse what a browser asks on behalf of a foreign page."""
        origin = self.request.headers.get("Origin")
        preflight = self.request.method == "OPTIONS" and "Access-Control-Request-Method" in self.request.headers
        if preflight and origin not in cors.allowed_origins():
            raise AccessDenied("Pages of this origin may not use this server")

    def options(self, *_: str, **__: str) -> None:
        """What is possible here; to the page of an allowed origin, what it may send."""
        self._admit(self._address_verdict())
        origin = self.request.headers.get("Origin")
        if origin in cors.allowed_origins():
            for name, value in cors.preflight_headers(str(origin)).items():
                self.set_header(name, value)
        self.set_header("Allow", ", ".join(self.allowed()))
        self.set_status(204)
        self.finish()

    def allowed(self) -> list[str]:
        """The methods of this path."""
        return sorted({*self.methods, "OPTIONS"} | ({"HEAD"} if "GET" in self.methods else set()))

    async def principal(self) -> Principal | None:
        """Who is asking, with the request counted; raises ``RateLimited`` for one too many."""
        try:
            found = await super().principal()
        except AuthenticationFailed:
            self._admit(self._address_verdict())
            raise
        if found is None:
            self._admit(self._address_verdict())
        else:
            self.who = found
            interactive = limits.is_interactive(self.request.headers)
            self._admit(self.app.limits.member(found, interactive=interactive))
        return found

    def _address_verdict(self) -> Verdict:
        return self.app.limits.address(self.request.remote_ip or "")

    def _admit(self, verdict: Verdict) -> None:
        self.verdict = verdict
        for name, value in limits.headers_of(verdict).items():
            self.set_header(name, value)
        if not verdict.allowed:
            raise limits.refusal(verdict)

    def fail(self, error: AlmError, *, logged: bool = False) -> None:
        """Answer with a problem document; ``logged`` where the log knows already what went wrong."""
        if error.status == 405 and "allow" not in error.extra:
            try:
                error.extra["allow"] = self.allowed()
            except AlmError as other:  # no such path: no method of it either
                error = other
        if self.counted and self.verdict is None:  # it went wrong before it was known who asks
            self.verdict = self._address_verdict()
            error = error if self.verdict.allowed else limits.refusal(self.verdict)
        self.set_status(error.status)
        if self.verdict is not None:
            for name, value in limits.headers_of(self.verdict).items():
                self.set_header(name, value)
        for name, value in problems.headers_of(error).items():
            self.set_header(name, value)
        if error.status >= 500 and not logged:
            quiet = isinstance(error, Unavailable)
            log.error("failed", path=self.request.path, detail=error.detail, exc_info=None if quiet else error)
        self.finish(
            problems.document(
                error,
                instance=self.request.path,
                correlation_id=self.correlation_id,
                trace_id=self.trace.trace_id,
            )
        )

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error of the framework as a problem document too."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        self.fail(problems.problem_of(error, status_code), logged=not isinstance(error, AlmError))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Expected errors are answers, not log lines."""
        if not isinstance(value, (AlmError, web.HTTPError)):
            log.error("crashed", path=self.request.path, exc_info=(typ, value, tb))

    def on_finish(self) -> None:
        """One line a request, where lines are for programs."""
        if not logs.access_lines:
            return
        log.info(
            "request",
            method=self.request.method,
            path=self.request.path,
            status=self.get_status(),
            ms=round((time.perf_counter() - self.begun) * 1000, 1),
            tenant_id=str(self.who.tenant_id) if self.who else None,
            actor_id=str(self.who.actor_id) if self.who else None,
            **{logs.NO_SECRETS: True},
        )


class MessageHandler(ApiHandler):
    """All routes of the API; each method of a path sends its message."""

    def initialize(  # type: ignore[override]
        self, app: Application, table: RouteTable, root: str, version: int
    ) -> None:
        super().initialize(app)
        self._table, self._root, self._version = table, root, version
        self._route: Found | None = None

    def found(self) -> Found:
        """The messages at this path; raises ``NotFound``."""
        if self._route is None:
            below = len(self._root) + len(f"v{self._version}/")
            self._route = self._table.find(segments_of(self.request.path[below:]))
        if self._route is None:
            raise NotFound(f"there is nothing at {self.request.path}")
        return self._route

    def allowed(self) -> list[str]:
        """The methods of this path."""
        methods = set(self.found().specs)
        return sorted({*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set()))

    async def handle(self) -> None:
        """Send the message of this request and answer with its result."""
        route = self.found()
        method = "GET" if self.request.method == "HEAD" else self.request.method or ""
        spec = route.specs.get(method)
        if spec is None:
            raise MethodNotAllowed(f"{self.request.method} is not possible here", allow=self.allowed())
        self._check_body(spec)
        path = dict(zip(spec.path_params, route.values, strict=True))
        for name, value in deprecation_headers(spec, self._root, self._version, path).items():
            self.set_header(name, value)
        if spec.privilege == PUBLIC:
            self._admit(self._address_verdict())
            principal = None
        else:
            principal = await self.required()
        message = await self._read(spec, path)
        await self._answer(spec, principal, message)

    async def _read(self, spec: Spec, path: dict[str, str]) -> Message[Any]:
        query, body, if_match = self.parameters(), self.request.body, self.request.headers.get("If-Match")
        if len(body) <= OFF_LOOP:
            return wire.decode(spec, path, query, body, if_match)
        return await self.app.run(lambda: wire.decode(spec, path, query, body, if_match))

    def _check_body(self, spec: Spec) -> None:
        most = largest_body(spec)
        if len(self.request.body) > most:
            raise TooLarge(f"the body has more than {most // 1024:,} kB")
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if self.request.body and kind and not JSON_TYPE.fullmatch(kind):
            raise UnsupportedMediaType(f"{kind} is not read here; send application/json", accept=["application/json"])

    async def _answer(self, spec: Spec, principal: Principal | None, message: Message[Any]) -> None:
        mediator = self.app.mediator.as_principal(principal)
        key = idempotency.key_of(self.request.headers.get(idempotency.HEADER)) if spec.idempotent else None
        if key is not None:
            print_ = idempotency.fingerprint_of(self.request.method or "", self.request.path, self.request.body)
            once = Once(key, print_, lambda result: answer_of(spec, result))
            answer, replayed = await self.app.run(lambda: mediator.send_once(message, once))  # type: ignore[arg-type]
            if replayed:
                self.set_header("Idempotent-Replayed", "true")
            self._reply(spec, answer)
            return
        work = mediator.send if spec.kind == "command" else mediator.query
        arrow = wants_arrow(self.request.headers)
        if arrow and spec.pages:
            await ArrowPages(self, spec, message, mediator.query).send()
            return
        # big results are encoded on the thread too: the loop belongs to everybody
        if spec.streams:
            await self._stream(spec, lambda: work(message), arrow)  # type: ignore[arg-type]
            return
        self._reply(spec, await self.app.run(lambda: answer_of(spec, work(message)), reports=is_report(spec)))  # type: ignore[arg-type]

    async def _stream(self, spec: Spec, work: Any, arrow: bool) -> None:
        def encoded() -> tuple[bytes, dict[str, str]]:
            result = work()
            if not arrow:
                return wire.dump(type(data := result.to_data()), data), {}
            return result.arrow, {"Content-Type": wire.ARROW, "Alm-Result": json.dumps(result.headers())}

        body, headers = await self.app.run(encoded, reports=is_report(spec))
        self.set_status(spec.status)
        for name, value in headers.items():
            self.set_header(name, value)
        self.finish(body)

    def parameters(self) -> dict[str, list[str]]:
        """The query parameters; raises ``MalformedRequest``."""
        return api_parameters(self.request.query)

    def _reply(self, spec: Spec, answer: Answer) -> None:
        self.set_status(spec.status)
        if answer.version is not None:
            self.set_header("ETag", etag_of(answer))
            if self.request.method in ("GET", "HEAD") and self.check_etag_header():
                self.set_status(304)
                self.finish()
                return
        self.finish(answer.body)

    async def get(self, *_: str) -> None:
        await self.handle()

    post = put = patch = delete = head = get


class UnknownHandler(ApiHandler):
    """Everything below our address that is no route."""

    def prepare(self) -> None:
        segments_of(self.request.path)
        self.allowed()

    def allowed(self) -> list[str]:
        raise NotFound(f"there is nothing at {self.request.path}")


class LiveHandler(ApiHandler):
    """Whether the process answers at all."""

    counted = False

    def get(self) -> None:
        self.finish(json.dumps({"status": "ok"}))

    head = get


class ReadyHandler(ApiHandler):
    """Whether the parts that requests need answer too."""

    counted = False

    async def get(self) -> None:
        state = await self.app.readiness()
        self.set_status(200 if state["status"] == "ok" else 503)
        self.finish(json.dumps(state))

    head = get


class OpenApiHandler(ApiHandler):
    """The document that describes one version of this API."""

    def initialize(self, app: Application, version: int = 1) -> None:
        super().initialize(app)
        self._version = version

    async def get(self) -> None:
        from alm_workbench.server.openapi import document

        self._admit(self._address_verdict())
        raw = await self.app.run(lambda: json.dumps(document(self._version)).encode())
        self.set_header("Cache-Control", "public, max-age=60")
        self.finish(raw)

    head = get


class WorkbenchHandler(ApiHandler):
    """What a front end must know of this server."""

    async def get(self) -> None:
        principal = await self.required()
        self.finish(json.dumps({**self.app.about, "user": principal.display_name, "tenant": principal.tenant_name}))

    head = get


def api_parameters(query: str) -> dict[str, list[str]]:
    """The query parameters that are ours; raises ``MalformedRequest``."""
    # `token` is Jupyter's; a name of digits alone is how its front end keeps caches away
    return {name: given for name, given in parameters_of(query).items() if name != "token" and not name.isdigit()}


def largest_body(spec: Spec) -> int:
    """Bytes that a message may have: what brings data may be large, what strangers send is a form."""
    if spec.privilege == PUBLIC:
        return PUBLIC_BODY
    return MAX_BODY if spec.idempotent else PLAIN_BODY


def answer_of(spec: Spec, result: Any) -> Answer:
    """The body of a result, and the version of what it shows."""
    version = getattr(result, "version", None)
    return Answer(wire.dump(spec.result, result), version if isinstance(version, int) else None)


def etag_of(answer: Answer) -> str:
    """The version, for If-Match, with a digest of the body: others may be shown less of the same version."""
    return f'"{answer.version}.{hashlib.blake2b(answer.body, digest_size=6).hexdigest()}"'


def is_report(spec: Spec) -> bool:
    """Whether a message may take long and belongs on the second pool."""
    return spec.cls.__module__.startswith("alm_workbench.contexts.reporting") and spec.kind == "query"


def new_correlation() -> str:
    """A fresh correlation id."""
    import uuid

    return uuid.uuid4().hex


for _handler in (MessageHandler, LiveHandler, ReadyHandler, OpenApiHandler, WorkbenchHandler):
    # Jupyter closes what does not say how it authenticates; these handlers do it themselves, in ``principal``
    for _method in ("get", "post", "put", "patch", "delete", "head", "options"):
        if (_own := getattr(_handler, _method)) is not getattr(web.RequestHandler, _method):
            _own.__dict__["__allow_unauthenticated"] = True
