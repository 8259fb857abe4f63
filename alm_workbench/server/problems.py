"""Problem documents (RFC 9457) for whatever goes wrong, by us or by the framework."""

from __future__ import annotations

import http
import json
from typing import Any

from tornado import web

from alm_workbench.errors import AlmError, InvalidInput, MalformedRequest, TooLarge, error_of_status

TYPE = "application/problem+json"
INTERNAL = "The request could not be completed; the server's log has the details"


def problem_of(error: BaseException | None, status: int) -> AlmError:
    """The member of our error tree for what a handler raised."""
    if isinstance(error, AlmError):
        return error
    if isinstance(error, web.MissingArgumentError):
        return InvalidInput(f"the parameter {error.arg_name!r} is missing")
    reason = error.log_message if isinstance(error, web.HTTPError) else None
    return by_status(status, reason)


def by_status(status: int, reason: str | None = None) -> AlmError:
    """The member of our error tree for a bare status code."""
    text = reason or (http.HTTPStatus(status).phrase if status in http.HTTPStatus._value2member_map_ else "error")
    return error_of_status(status)(text if status < 500 else INTERNAL)


def document(error: AlmError, *, instance: str, correlation_id: str, trace_id: str | None) -> bytes:
    """The body of an error's answer."""
    problem = error.to_problem(instance=instance, correlation_id=correlation_id, trace_id=trace_id)
    problem["correlation_id"] = correlation_id
    return json.dumps(problem).encode()


def headers_of(error: AlmError) -> dict[str, str]:
    """What an error says in the header besides."""
    found = {"Content-Type": TYPE, "Cache-Control": "private, no-store"}
    if error.status == 401:
        found["WWW-Authenticate"] = 'Bearer realm="alm"'
    if "allow" in error.extra:
        found["Allow"] = ", ".join(error.extra["allow"])
    if wait := retry_after(error):
        found["Retry-After"] = str(wait)
    return found


def retry_after(error: AlmError) -> int | None:
    """Seconds until it is worth trying again, where it is at all."""
    given: Any = error.extra.get("retry_after")
    if isinstance(given, (int, float)):
        return max(1, int(given))
    return None


def of_connection(text: str) -> AlmError:
    """The problem of a message that is not even HTTP as we speak it."""
    if "too long" in text or "too large" in text:
        return TooLarge("the body is larger than this server reads")
    return MalformedRequest(f"the request is no valid HTTP message: {text}")
