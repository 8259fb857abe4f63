"""The one exception tree: problem+json in REST, a readable card in notebooks, one sentence and an exit code in the CLI."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from html import escape
from typing import Any, ClassVar

PROBLEM_BASE = "/errors/"


@dataclass(frozen=True, slots=True)
class ErrorItem:
    """One located complaint: ``path`` is a JSON pointer, or ``file:row:column`` for files."""

    path: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An RFC 9457 problem document. Some types carry more members beside these (``reasons``, ``current``, …)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "allow"}

    type: str
    title: str
    status: int
    detail: str
    instance: str
    correlation_id: str
    trace_id: str | None = None
    errors: tuple[ErrorItem, ...] = ()


class AlmError(Exception):
    """Base of everything the workbench raises on purpose.

    ``extra`` holds JSON-able members that the problem document carries beside the RFC 9457 ones.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong on the server"
    exit_code: ClassVar[int] = 2

    def __init__(
        self, detail: str, *, errors: Sequence[ErrorItem] = (), correlation_id: str | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = extra
        self.correlation_id = correlation_id
        self.aftermath: Callable[[Any], None] | None = None
        """Run by the Mediator with a connection of its own after the rollback (counting a failed log-in)."""
        self.record: Any = None
        """What the decision log keeps of a refusal, where more is known than the reasons."""

    def to_problem(
        self, *, instance: str = "", correlation_id: str = "", trace_id: str | None = None
    ) -> dict[str, Any]:
        """The RFC 9457 document of this error."""
        body: dict[str, Any] = {
            "type": PROBLEM_BASE + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "correlation_id": correlation_id or self.correlation_id or "",
        }
        if trace_id:
            body["trace_id"] = trace_id
        if self.errors:
            body["errors"] = [asdict(item) for item in self.errors]
        body.update({name: plain(value) for name, value in self.extra.items()})
        return body

    def lines(self) -> list[str]:
        """What a terminal shows: the sentence, then one line for each located complaint it does not say already."""
        items = [f"{item.path}: {item.message}" if item.path else item.message for item in self.errors]
        others = [text for text in items if text != self.detail]
        more = [f"  … and {len(others) - 20} more"] if len(others) > 20 else []
        return [self.detail, *(f"  {text}" for text in others[:20]), *more]

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td><code>{escape(item.path)}</code></td><td>{escape(item.message)}</td></tr>"
            for item in self.errors[:20]
        )
        cid = (
            f"<div><small>correlation id <code>{escape(self.correlation_id)}</code></small></div>"
            if self.correlation_id
            else ""
        )
        return (
            f'<div style="border-left:4px solid var(--jp-error-color1,#c62828);padding:.4em .8em">'
            f"<strong>{escape(self.title)}</strong><div>{escape(self.detail)}</div>"
            f"{'<table>' + rows + '</table>' if rows else ''}{cid}</div>"
        )


class AuthenticationFailed(AlmError):
    """Who is asking could not be established; never says which half of a log-in was wrong."""

    status, slug, title = 401, "authentication-failed", "Please log in"


class AccessDenied(AlmError):
    """A privilege, an ACL rule or a policy refuses; ``reasons`` name the rules."""

    status, slug, title = 403, "access-denied", "You may not do this"

    def __init__(self, detail: str, *, reasons: Sequence[Any] = (), **more: Any) -> None:
        super().__init__(detail, reasons=list(reasons), **more)

    @property
    def reasons(self) -> list[Any]:
        """Why: dictionaries with ``code``, ``message`` and the rule's id and place where one decided."""
        return list(self.extra.get("reasons", []))

    def lines(self) -> list[str]:
        return super().lines() + reason_lines(self.reasons)


class NotFound(AlmError):
    """There is no such thing for this caller."""

    status, slug, title = 404, "entity-not-found", "Not found"


class MethodNotAllowed(AlmError):
    """The route exists, the method does not."""

    status, slug, title = 405, "method-not-allowed", "Method not allowed"


class Conflict(AlmError):
    """The request contradicts the present state."""

    status, slug, title = 409, "conflict", "Conflict"


class StaleVersion(Conflict):
    """Somebody else changed it first; ``current`` carries the present state."""

    slug, title = "stale-version", "Changed by somebody else in the meantime"


class StrandedItems(Conflict):
    """An activation would leave items in states the new process does not have; ``states`` lists them."""

    slug, title = "stranded-items", "Items would be stranded"


class PlanOutdated(Conflict):
    """A plan that no longer holds; ``errors`` name the items that changed, came or went since."""

    slug, title = "plan-outdated", "Something changed since the plan"


class BulkRefused(Conflict):
    """A bulk change of which some items were refused, so that none was changed; ``refusals`` say why each was."""

    slug, title = "bulk-refused", "Nothing was changed"


class IdempotencyRunning(Conflict):
    """Another request with the same Idempotency-Key is being carried out; ask again in a moment for its answer."""

    slug, title = "idempotency-running", "Being carried out already"


class InvalidInput(AlmError):
    """The request is understood and wrong; ``errors`` say where."""

    status, slug, title = 422, "validation-error", "Invalid input"


class MalformedRequest(AlmError):
    """The request is not even readable."""

    status, slug, title = 400, "malformed-request", "Malformed request"


class IdempotencyKeyReused(InvalidInput):
    """An Idempotency-Key belongs to one request; this one asks for something else."""

    slug, title = "idempotency-key-reused", "The Idempotency-Key belongs to another request"


class ManifestProblem(InvalidInput):
    """A manifest that cannot be put to use; ``diagnostics`` carry line and column."""

    slug, title = "manifest-invalid", "The manifest has errors"


class ImportRejected(InvalidInput):
    """A file that was not imported; every error names file, row and column."""

    slug, title = "import-rejected", "Nothing was imported"


class TransitionDenied(AlmError):
    """The workflow refuses the step; ``reasons`` say why, ``permitted`` what is possible instead."""

    status, slug, title = 422, "invalid-transition", "This transition is not possible"

    def __init__(self, detail: str, *, reasons: Sequence[Any] = (), permitted: Sequence[str] = (), **more: Any) -> None:
        super().__init__(detail, reasons=list(reasons), permitted=list(permitted), **more)

    @property
    def reasons(self) -> list[Any]:
        """Why the step was refused: dictionaries with ``code``, ``message``, rule id and place."""
        return list(self.extra.get("reasons", []))

    @property
    def permitted(self) -> list[str]:
        """Ids of the transitions that are possible now."""
        return list(self.extra.get("permitted", []))

    @property
    def permitted_with(self) -> dict[str, list[str]]:
        """Transitions that only lack field values, with the fields to give along: ``transition(name, field=…)``."""
        return {str(name): list(fields) for name, fields in self.extra.get("permitted_with", {}).items()}

    @property
    def possible(self) -> str:
        """What can be done now, in words."""
        with_fields = [f"{name} (with {', '.join(fields)})" for name, fields in self.permitted_with.items()]
        return ", ".join([*self.permitted, *with_fields]) or "none"

    def lines(self) -> list[str]:
        return [*super().lines(), *reason_lines(self.reasons), f"  permitted now: {self.possible}"]

    def _repr_html_(self) -> str:
        reasons = "".join(f"<li>{escape(line.strip())}</li>" for line in reason_lines(self.reasons))
        return f"{super()._repr_html_()}<ul>{reasons}</ul><div>Permitted now: {escape(self.possible)}</div>"

    def __str__(self) -> str:
        return "\n".join(self.lines())


class PreconditionRequired(AlmError):
    """A change without If-Match could overwrite somebody's work."""

    status, slug, title = 428, "precondition-required", "If-Match is required"


class TooLarge(AlmError):
    """The body is over the limit."""

    status, slug, title = 413, "too-large", "Too large"


class UnsupportedMediaType(AlmError):
    """The body is not of a type this route reads."""

    status, slug, title = 415, "unsupported-media-type", "Unsupported media type"


class RangeOutside(AlmError):
    """The range asked for is not in the file."""

    status, slug, title = 416, "range-outside", "Range outside the file"


class HeadersTooLarge(AlmError):
    """The header fields are over the limit."""

    status, slug, title = 431, "headers-too-large", "Header fields too large"


class RequestTimedOut(AlmError):
    """The client sent its request too slowly."""

    status, slug, title = 408, "request-timed-out", "The request came too slowly"


class RateLimited(AlmError):
    """Too many requests in a short time; ``retry_after`` says when there is room again (seconds)."""

    status, slug, title = 429, "rate-limit-exceeded", "Too many requests"


class TenantQuotaExceeded(AlmError):
    """The subscription leaves no room; waiting does not help. ``resource``, ``limit``, ``used`` and ``requested``."""

    status, slug, title = 429, "tenant-quota-exceeded", "The subscription is used up"


class Unavailable(AlmError):
    """A part the request needs does not answer right now."""

    status, slug, title = 503, "unavailable", "Not available right now"


class TimedOut(Unavailable):
    """The request took longer than it may."""

    slug, title = "timed-out", "Took too long"


class ConfigurationError(AlmError):
    """The workbench cannot run like this; the detail is one clear sentence with the way out."""

    slug, title = "configuration", "Configuration"


def reason_lines(reasons: Sequence[Any]) -> list[str]:
    """Reasons as indented text lines with rule and place."""
    out = []
    for reason in reasons:
        item = plain(reason)
        if not isinstance(item, dict):
            out.append(f"  - {item}")
            continue
        span = item.get("span") or {}
        where = f" (line {span['line']})" if isinstance(span, dict) and span.get("line") else ""
        if isinstance(place := item.get("place"), dict):  # a rule that stands in no manifest
            where = f" ({place.get('kind')}, version {place.get('version')})"
        rule = f" [{item['rule_id']}{where}]" if item.get("rule_id") else where
        out.append(f"  - {item.get('message', '')}{rule}")
    return out


def plain(value: Any) -> Any:
    """A JSON-able copy of dataclasses, tuples and mappings."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)


def _tree(cls: type[AlmError]) -> list[type[AlmError]]:
    return [cls, *(child for sub in cls.__subclasses__() for child in _tree(sub))]


STANDARD_MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "correlation_id", "trace_id", "errors"})


def error_of_status(status: int) -> type[AlmError]:
    """The class that stands for a bare status code; the most general one of that status."""
    return next((cls for cls in _tree(AlmError) if cls.status == status), AlmError)


def problem_slugs() -> list[str]:
    """The types of all problem documents there are."""
    return sorted({PROBLEM_BASE + cls.slug for cls in _tree(AlmError)})


def from_problem(problem: Mapping[str, Any]) -> AlmError:
    """The exception a problem document stands for (the HTTP side of the tree)."""
    slug = str(problem.get("type", "")).rsplit("/", 1)[-1]
    kinds = {cls.slug: cls for cls in _tree(AlmError)}
    status = int(problem.get("status", 500))
    by_status = {cls.status: cls for cls in reversed(_tree(AlmError))}
    cls = kinds.get(slug) or by_status.get(status) or AlmError
    items = [
        ErrorItem(str(e.get("path", "")), str(e.get("code", "")), str(e.get("message", "")))
        for e in problem.get("errors", [])
    ]
    extra = {str(k): v for k, v in problem.items() if k not in STANDARD_MEMBERS}
    detail = str(problem.get("detail") or problem.get("title") or "The server refused the request")
    return cls(detail, errors=items, correlation_id=str(problem.get("correlation_id", "")) or None, **extra)
