"""Log lines of the servers: short, without the values of local variables, and without secrets."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from structlog.typing import ExcInfo


def configure() -> None:
    """Set structlog up once a process; tracebacks stay plain, for locals may hold other people's data."""
    import sys

    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_secrets,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain_traceback),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    for handler in (logging.lastResort, *logging.getLogger().handlers):
        if handler is not None and not any(isinstance(known, SecretFilter) for known in handler.filters):
            handler.addFilter(SecretFilter())


def without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the event with secrets hidden; the exception is left for the traceback's formatter."""
    from alm_workbench.mpc.redaction import LOGS, redact

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
