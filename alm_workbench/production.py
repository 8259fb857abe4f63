"""``ALM_ENV=production``: what a server that others rely on must not start with."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from alm_workbench.errors import ConfigurationError

VARIABLE = "ALM_ENV"
KINDS = ("development", "production")
MIN_SECRET = 32
MIN_PASSWORD = 12
MIN_DIFFERENT = 10
GUESSED = (
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "password",
    "default",
    "example",
    "12345678",
    "alm-workbench",
)
DSNS = ("ALM_DSN", "ALM_OWNER_DSN", "ALM_WORKER_DSN", "ALM_MIRROR_DSN")
DEBUG_SWITCHES = ("PYTHONDEVMODE", "PYTHONINSPECT", "PYTHONASYNCIODEBUG")
HERE = ("localhost", "127.0.0.1", "::1", "")


class WeakSettings(ConfigurationError):
    """Settings that production refuses; the detail has a sentence for each."""

    slug, title = "weak-settings", "Not fit for production"
    exit_code = 1


def is_production(env: Mapping[str, str]) -> bool:
    """Whether others rely on this server; raises ``ConfigurationError`` on a kind that does not exist."""
    kind = env.get(VARIABLE, "").strip().lower() or KINDS[0]
    if kind not in KINDS:
        raise ConfigurationError(f"{VARIABLE} is {kind!r}; it may be {' or '.join(KINDS)}.")
    return kind == "production"


def refuse_weak(env: Mapping[str, str]) -> None:
    """Raise ``WeakSettings`` with everything that is wrong, in production only. ``env`` has its secrets in it."""
    if is_production(env) and (wrong := list(weaknesses(env))):
        raise WeakSettings("\n  ".join(wrong) if len(wrong) > 1 else wrong[0])


def weaknesses(env: Mapping[str, str]) -> Iterator[str]:
    """What production refuses, one sentence each with the way out."""
    if reason := weak_secret(env.get("ALM_SECRET", "")):
        yield f"ALM_SECRET {reason}; take the output of `openssl rand -hex 32`, or leave it out and one is made."
    for name in DSNS:
        if env.get(name) and (reason := weak_address(env[name])):
            yield f"{name} {reason}."
    if not env.get("ALM_PUBLIC_URL", "").strip().lower().startswith("https://"):
        yield "ALM_PUBLIC_URL must be the https:// address of this server: log-in cookies are sent over TLS only."
    if env.get("ALM_REGISTRATION", "").strip().lower() == "open":
        yield "ALM_REGISTRATION is open, so anybody may make an account; set it to invited or closed."
    for origin in env.get("ALM_CORS_ORIGINS", "").split(","):
        if origin.strip() and not origin.strip().lower().startswith("https://"):
            yield f"ALM_CORS_ORIGINS holds {origin.strip()!r}, whose pages anybody on the way may change; use https://."
    switches = [name for name in DEBUG_SWITCHES if env.get(name)]
    if switches or sys.flags.dev_mode or sys.flags.inspect:
        yield f"Python runs with debugging switched on ({', '.join(switches) or 'an option'}); switch it off."


def weak_secret(secret: str) -> str | None:
    """Why a secret that signs is none; None for a good one and where none is given."""
    if not secret:
        return None
    if len(secret) < MIN_SECRET:
        return f"has {len(secret)} characters, and needs {MIN_SECRET}"
    if len(set(secret)) < MIN_DIFFERENT or any(word in secret.lower() for word in GUESSED):
        return "can be guessed"
    return None


def weak_address(dsn: str) -> str | None:
    """Why a database address must not be used: a password that can be guessed, or one that travels in clear text."""
    parts = address_parts(dsn)
    if parts is None:
        return "cannot be read as a PostgreSQL address"
    password, host, user = parts["password"], parts["host"], parts["user"]
    here = host in HERE or host.startswith("/")
    if password:
        easy = any(word in password.lower() for word in (*GUESSED, "postgres")) or password.lower() == user.lower()
        if len(password) < MIN_PASSWORD or easy:
            return f"has a password for {user or 'its user'} that can be guessed; use {MIN_PASSWORD} random characters"
    if not here and parts["sslmode"] in ("disable", "allow"):
        return f"reaches {host} without TLS; use sslmode=verify-full"
    return None


def address_parts(dsn: str) -> dict[str, str] | None:
    """Host, user, password and sslmode of a libpq address (URL or keywords); None for what is neither."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        known = conninfo_to_dict(dsn)
    except psycopg.Error:
        return None
    names = {
        "host": known.get("host") or known.get("hostaddr"),
        **{n: known.get(n) for n in ("user", "password", "sslmode")},
    }
    return {name: str(value or "") for name, value in names.items()}


def masked(value: str) -> str:
    """A secret as it may be shown: an address keeps everything but its password, anything else its length only."""
    if "://" not in value:
        return f"*** ({len(value)} characters)"
    parts = urlsplit(value)
    if parts.query and "password" in unquote(parts.query).lower():
        return f"{parts.scheme}://***"
    where = parts.netloc.rsplit("@", 1)[-1]
    who = f"{parts.username}:***@" if parts.password else f"{parts.username}@" if parts.username else ""
    return parts._replace(netloc=who + where).geturl()
