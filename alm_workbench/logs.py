"""Log lines of the servers: short, without the values of local variables, and without secrets.

``ALM_LOG=json`` (what ``alm serve`` does by itself) writes one JSON object a line, one line for every request among
them; ``ALM_LOG=text`` is for people. Both name the correlation id and the trace of the work they belong to.
"""

from __future__ import annotations

import logging
import os
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from structlog.typing import ExcInfo


VARIABLE = "ALM_LOG"
FORMS = ("text", "json")
NO_SECRETS = "no_secrets"
"""A member of an event made of ids, numbers and paths only."""

access_lines = False
"""Whether every request leaves a line."""

_form = "text"
_processors: list[Any] = []  # one list for good: loggers that were used already hold on to it


def configure(form: str | None = None) -> None:
    """Set structlog up once a process; tracebacks stay plain, for locals may hold other people's data.

    ``form`` is what this process writes where the environment says nothing; it holds for later calls too.
    """
    import sys

    import structlog

    global _form, access_lines
    _form = form or _form
    chosen = os.environ.get(VARIABLE, "").lower()
    chosen = chosen if chosen in FORMS else _form
    access_lines = chosen == "json"
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        with_ids,
        without_secrets,
    ]
    if chosen == "json":
        written: list[Any] = [exception_as_text, structlog.processors.JSONRenderer(default=str)]
        _write_library_lines_as_json(before, written)
    else:
        written = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain_traceback)]
    _processors[:] = [*before, *written]
    structlog.configure(
        processors=_processors,
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    for handler in (logging.lastResort, *logging.getLogger().handlers):
        if handler is not None and not any(isinstance(known, SecretFilter) for known in handler.filters):
            handler.addFilter(SecretFilter())


def _write_library_lines_as_json(before: list[Any], written: list[Any]) -> None:
    """Lines of the standard library's loggers in the same form, once a process."""
    import structlog

    root = logging.getLogger()
    if not any(isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter) for handler in root.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=before,
                processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written],
            )
        )
        root.addHandler(handler)
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)  # ours say more


def with_ids(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the correlation id and the trace of the work going on."""
    from alm_workbench.shared import tracing
    from alm_workbench.shared.mediator import correlation

    if found := correlation.get():
        event.setdefault("correlation_id", found)
    if trace := tracing.current.get():
        event.setdefault("trace_id", trace.trace_id)
        event.setdefault("span_id", trace.span_id)
    return event


def exception_as_text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: an exception as a traceback in text, whose lines hold no secrets."""
    import sys

    from alm_workbench.mpc.redaction import LOGS, redact_exception

    error = event.pop("exc_info", None)
    found = error[1] if isinstance(error, tuple) else sys.exc_info()[1] if error is True else error
    if isinstance(found, BaseException):
        event["exception"] = redact_exception(found, LOGS)
    return event


def without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the event with secrets hidden; the exception is left for the traceback's formatter.

    An event that says so is believed: looking for secrets costs more than answering a small request.
    """
    from alm_workbench.mpc.redaction import LOGS, redact

    if event.pop(NO_SECRETS, False):
        return event
    error = event.pop("exc_info", None)
    kept: MutableMapping[str, Any] = redact(event, LOGS)
    if error is not None:
        kept["exc_info"] = error
    return kept


def plain_traceback(file: TextIO, error: ExcInfo) -> None:
    """Write a traceback whose lines hold no secrets."""
    from alm_workbench.mpc.redaction import LOGS, redact_exception

    file.write("\n" + redact_exception(error[1], LOGS))


class SecretFilter(logging.Filter):
    """The same for the standard library's loggers: put on a handler, it hides secrets in the finished message."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is never dropped."""
        from alm_workbench.mpc.redaction import LOGS, redact_exception, redact_text

        record.msg, record.args = redact_text(record.getMessage(), LOGS), ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text, record.exc_info = redact_exception(record.exc_info[1], LOGS), None
        return True
