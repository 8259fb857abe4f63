"""The Mediator over REST: the same messages, answers and errors as in process."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import httpx
import tenacity

import alm_workbench
from alm_workbench.contexts.attachment.messages import AttachmentDTO
from alm_workbench.contexts.reporting.messages import SqlResult
from alm_workbench.errors import AlmError, AuthenticationFailed, InvalidInput, TimedOut, Unavailable, from_problem
from alm_workbench.i18n import _
from alm_workbench.notebook.credentials import Ask, Credentials
from alm_workbench.shared import idempotency, tracing, wire
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.mediator import correlated
from alm_workbench.shared.messages import PUBLIC, REGISTRY, Command, Message, Query, Spec

if TYPE_CHECKING:
    import pyarrow as pa

R = TypeVar("R")

API_PATH = "/alm/api/v1"
TRIES = 6  # the first and five more, after 1, 2, 4, 8 and 16 seconds
PATIENCE = 60.0
PIECE = 256 * 1024
TIMEOUT = httpx.Timeout(connect=5.0, read=120.0, write=120.0, pool=30.0)
BROKEN = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class HttpMediator:
    """Sends messages to a workbench server with a bearer token. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        refresh: str | None = None,
        client: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.url = api_url(url)
        self._credentials = Credentials(token, refresh)
        self._sleep, self._now = sleep, now
        self._client = client or httpx.Client(
            # a proxy of the environment cannot reach this machine's own loopback
            timeout=TIMEOUT, trust_env=urlsplit(self.url).hostname not in LOOPBACK
        )  # fmt: skip

    def send(self, command: Command[R], /, *, tries: int = TRIES) -> R:
        """Run a command on the server; raises ``AlmError`` subclasses as the local mediator does."""
        return cast("R", self._message(command, tries))

    def query(self, query: Query[R], /, *, tries: int = TRIES) -> R:
        """Ask the server; ``tries=1`` does not wait for a server that is not there."""
        return cast("R", self._message(query, tries))

    def table(self, query: Query[Any], /) -> pa.Table:
        """All rows of a list as one Arrow table, from the cursor of the query on; its ``limit`` does not count.

        Values that are neither scalars nor lists of texts come as JSON (metadata ``alm:type`` of the column says so).
        Raises ``InvalidInput`` for a query that is no list, and what ``query`` raises.
        """
        import pyarrow as pa

        spec = REGISTRY.of(query)
        if not spec.pages:
            raise InvalidInput(_("{name} is no list").format(name=spec.name))
        return pa.ipc.open_stream(self._message(query, accept=wire.ARROW)).read_all()

    def upload(self, artifact_id: ArtifactId, name: str, source: IO[bytes], /) -> AttachmentDTO:
        """Attach what a file holds, sent in pieces; a source that cannot go back to its begin is sent once."""
        address = f"{self.url}/artifacts/{artifact_id}/attachments?" + urlencode({"name": name})
        begin = source.tell() if source.seekable() else None

        def content() -> Iterator[bytes]:
            if begin is not None:
                source.seek(begin)
            while data := source.read(PIECE):
                yield data

        with correlated() as correlation_id, self._transfer("POST", address, correlation_id, content) as response:
            response.read()
            return cast("AttachmentDTO", wire.load(AttachmentDTO, response.content))

    def download(self, artifact_id: ArtifactId, attachment_id: UUID, /) -> Iterator[bytes]:
        """The content of a file in pieces."""
        address = f"{self.url}/artifacts/{artifact_id}/attachments/{attachment_id}/content"
        with correlated() as correlation_id, self._transfer("GET", address, correlation_id) as response:
            try:
                yield from response.iter_bytes(PIECE)
            except httpx.TransportError:
                text = _("The connection to {url} broke").format(url=self.url.removesuffix(API_PATH))
                raise Unavailable(text, correlation_id=correlation_id) from None

    @contextmanager
    def _transfer(
        self, method: str, address: str, correlation_id: str, content: Callable[[], Iterator[bytes]] | None = None
    ) -> Iterator[httpx.Response]:
        """An open response of a request that is no message; a token that ran out is renewed once."""
        self._renew_early(correlation_id)
        for last in (False, True):
            token = self._credentials.token
            headers = {"X-Correlation-ID": correlation_id, "Authorization": f"Bearer {token}"}
            if content is not None:
                headers["Content-Type"] = "application/octet-stream"
            request = self._client.build_request(
                method, address, content=content() if content is not None else None, headers=headers
            )
            try:
                response = self._client.send(request, stream=True)
            except httpx.TransportError as error:
                raise self._broken(error, correlation_id) from None
            with closing(response):
                if response.is_success:
                    yield response
                    return
                response.read()
                error_ = self._refused(response, correlation_id)
            if last or response.status_code != 401 or not self._credentials.renew(token, self._once(correlation_id)):
                raise error_

    def switch(self, tenant: str) -> None:
        """Go on in another organisation of the same person, by its slug; raises ``AlmError`` where that is refused."""
        with correlated() as correlation_id:
            self._renew_early(correlation_id)
            self._credentials.switch(tenant, self._once(correlation_id))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _message(self, message: Message[Any], tries: int = TRIES, accept: str | None = None) -> Any:
        spec = REGISTRY.of(message)
        if spec.path is None:
            raise AlmError(f"{spec.name} is no message of the REST API")
        # one key for all tries of a command, so that the server carries it out once
        more = {idempotency.HEADER: uuid.uuid4().hex} if spec.idempotent else {}
        more |= {"Accept": accept} if accept else {}
        with correlated() as correlation_id, tracing.step():
            if spec.privilege != PUBLIC:
                self._renew_early(correlation_id)
            token = self._credentials.token
            try:
                return self._call(spec, message, correlation_id, tries, more)
            except AuthenticationFailed:
                if spec.privilege == PUBLIC or not self._credentials.renew(token, self._once(correlation_id)):
                    raise
                return self._call(spec, message, correlation_id, tries, more)

    def _call(
        self,
        spec: Spec,
        message: Message[Any],
        correlation_id: str,
        tries: int,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Any:
        path, body, headers = encoded(spec, message)
        headers |= {
            "X-Correlation-ID": correlation_id,
            "Accept": wire.ARROW if spec.streams else "application/json",
            "User-Agent": f"alm-workbench/{alm_workbench.__version__}",
            **({"traceparent": trace.header} if (trace := tracing.current.get()) else {}),
            **more,
        }
        if spec.privilege != PUBLIC:
            headers["Authorization"] = f"Bearer {self._credentials.token}"
        url = self.url.removesuffix("v1") + f"v{min(spec.versions)}"
        request = self._client.build_request(spec.method or "GET", url + path, content=body, headers=headers)
        try:
            response = self._with_retries(spec, request, tries)
        except httpx.TransportError as error:
            raise self._unanswered(spec, error, correlation_id) from None
        if response.is_success:
            return response.content if spec.pages and is_arrow(response) else answer(spec, response)
        raise self._refused(response, correlation_id)

    def _with_retries(self, spec: Spec, request: httpx.Request, tries: int) -> httpx.Response:
        retry: Any = tenacity.retry_if_result(asks_for_patience)
        # anything else may have been carried out before the connection broke
        if spec.method == "GET" or idempotency.HEADER in request.headers:
            retry |= tenacity.retry_if_exception_type(BROKEN)
        retrying = tenacity.Retrying(
            retry=retry,
            stop=tenacity.stop_after_attempt(tries),
            wait=patience,
            sleep=self._sleep,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        found: httpx.Response = retrying(self._client.send, request)
        return found

    def _refused(self, response: httpx.Response, correlation_id: str) -> AlmError:
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            error = from_problem(response.json())
        else:
            answered = f"{response.status_code} {response.reason_phrase}".strip()
            kind = (
                AuthenticationFailed
                if response.status_code == 401
                else Unavailable
                if response.status_code >= 502
                else AlmError
            )
            error = kind(
                _("{url} answers {answer}, which is not how a workbench answers; is the address right?").format(
                    url=self.url, answer=answered
                )
            )
        error.correlation_id = error.correlation_id or correlation_id
        return error

    def _broken(self, error: httpx.TransportError, correlation_id: str) -> AlmError:
        """What became of a transfer without an answer."""
        root = self.url.removesuffix(API_PATH)
        if isinstance(error, httpx.TimeoutException):
            text = _("The workbench at {url} did not answer in time").format(url=root)
            return TimedOut(text, correlation_id=correlation_id)
        return Unavailable(_("The connection to {url} broke").format(url=root), correlation_id=correlation_id)

    def _unanswered(self, spec: Spec, error: httpx.TransportError, correlation_id: str) -> AlmError:
        root = self.url.removesuffix(API_PATH)
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
            text = _("No workbench answers at {url}; start one with `alm lab`").format(url=root)
            return Unavailable(text, correlation_id=correlation_id)
        if isinstance(error, httpx.TimeoutException):
            return TimedOut(
                _("The workbench at {url} did not answer in time").format(url=root), correlation_id=correlation_id
            )
        text = _("The connection to {url} broke").format(url=root)
        if spec.kind == "command" and not spec.idempotent:
            text += _("; the change may have been made, so look before you repeat it")
        return Unavailable(text, correlation_id=correlation_id)

    def _renew_early(self, correlation_id: str) -> None:
        """A token is renewed before it runs out, while the server still knows it."""
        if self._credentials.due(self._now()):
            self._credentials.renew(self._credentials.token, self._once(correlation_id))

    def _once(self, correlation_id: str) -> Ask:
        """Sends a message as it is, without a second try: a refresh token serves once."""
        return lambda message: self._call(REGISTRY.of(message), message, correlation_id, 1)


def api_url(url: str) -> str:
    """The address of the API for a server's own address or that of the API itself."""
    base = url.split("?", 1)[0].split("#", 1)[0].rstrip("/")
    if urlsplit(base).scheme not in ("http", "https") or not urlsplit(base).netloc:
        raise InvalidInput(
            _("{url!r} is no address of a workbench; it looks like http://127.0.0.1:8888/").format(url=url)
        )
    return base if base.endswith(API_PATH) else base.removesuffix("/lab") + API_PATH


def encoded(spec: Spec, message: Message[Any]) -> tuple[str, bytes | None, dict[str, str]]:
    """The request of a message; raises ``InvalidInput`` on a value that JSON cannot carry."""
    from pydantic_core import PydanticSerializationError

    try:
        return wire.encode(spec, message)
    except (PydanticSerializationError, ValueError) as error:
        raise InvalidInput(
            _("{name} holds a value that cannot be sent: {reason}").format(name=spec.name, reason=error)
        ) from None


def answer(spec: Spec, response: httpx.Response) -> Any:
    """The DTO of a successful response."""
    if not spec.streams:
        return wire.load(spec.result, response.content)
    told = json.loads(response.headers["Alm-Result"])
    return SqlResult(
        arrow=response.content,
        as_of=datetime.fromisoformat(told["as_of"]),
        version=told["version"],
        rows=told["rows"],
        truncated=told["truncated"],
        elapsed_ms=told["elapsed_ms"],
    )


def is_arrow(response: httpx.Response) -> bool:
    """Whether the answer is an Arrow stream."""
    return str(response.headers.get("content-type", "")) == wire.ARROW


def asks_for_patience(response: httpx.Response) -> bool:
    """Whether the server says when to come back, and soon enough to wait for."""
    wait = retry_after(response)
    return response.status_code in (409, 429, 503) and wait is not None and wait <= PATIENCE


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that a Retry-After header asks for."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()) if value else None
    except (TypeError, ValueError):
        return None


_backoff = tenacity.wait_exponential(multiplier=1, max=16) + tenacity.wait_random(0, 0.5)


def patience(state: tenacity.RetryCallState) -> float:
    """How long to wait before the next try: 1, 2, 4, 8, 16 seconds with jitter, or what the server asks for."""
    wait = _backoff(state)
    if state.outcome is not None and not state.outcome.failed:
        return max(wait, retry_after(state.outcome.result()) or 0.0)
    return wait
