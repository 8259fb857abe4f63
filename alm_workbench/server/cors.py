"""Which pages of other sites may read answers: none, unless ``ALM_CORS_ORIGINS`` names them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from alm_workbench.errors import ConfigurationError

VARIABLE = "ALM_CORS_ORIGINS"
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
SENT = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key, X-Correlation-ID, traceparent"
SHOWN = (
    "Alm-Result, Deprecation, ETag, Idempotent-Replayed, Link, Retry-After, Sunset, traceresponse, X-Correlation-ID, "
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
)


def allowed_origins(env: Mapping[str, str] | None = None) -> frozenset[str]:
    """The origins of the environment; raises ``ConfigurationError`` on anything that is none."""
    return _parsed((os.environ if env is None else env).get(VARIABLE, ""))


@lru_cache(maxsize=16)
def _parsed(text: str) -> frozenset[str]:
    found = frozenset(part.strip() for part in text.split(",") if part.strip())
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}".lower():
            raise ConfigurationError(
                f"{VARIABLE} holds {origin!r}, which is no origin; write https://host or https://host:port."
            )
    return found


def headers_for(origin: str) -> dict[str, str]:
    """What an answer to an allowed origin says. No cookies: such pages bring a token or a key."""
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": SHOWN}


def preflight_headers(origin: str) -> dict[str, str]:
    """The answer to a browser's question before the request."""
    return {
        **headers_for(origin),
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": SENT,
        "Access-Control-Max-Age": "600",
    }
