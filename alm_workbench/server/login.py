"""The log-in and log-out pages, and the page for people who opened what they may not use."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from alm_workbench.errors import AlmError, AuthenticationFailed
from alm_workbench.server.identity import AlmIdentityProvider, AlmUser, tenant_choices
from alm_workbench.server.login_texts import LANGUAGES, LOGIN_TEXTS
from alm_workbench.shared.caller import Caller, caller

TEMPLATES = Path(__file__).parent / "templates"
CHOICE_SECONDS = 120.0
MAX_CHOICES = 256
MAX_FIELD = 1024
NOTICES = {"1": "logged_out", "registered": "registered", "password": "password_set"}


@cache
def environment() -> Environment:
    """Templates of our own pages; everything inserted is escaped."""
    loader = FileSystemLoader([TEMPLATES])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def safe_next(url: str, base_url: str) -> str:
    """``url`` when it is a plain path on this server, else ``base_url``."""
    parts = urlsplit(url)
    plain = url.startswith("/") and not url.startswith("//") and "\\" not in url and all(ord(c) > 32 for c in url)
    if not plain or parts.scheme or parts.netloc or not (parts.path + "/").startswith(base_url):
        return base_url
    if "//" in parts.path or ".." in parts.path.split("/"):  # a browser makes //host of /a/..//host
        return base_url
    pages = (f"{base_url}login", f"{base_url}logout", f"{base_url}forgot", f"{base_url}reset")
    return base_url if parts.path in pages else url


def choose_language(handler: web.RequestHandler, fallback: str = "en") -> str:
    """The language of a page: ``?lang=``, the cookie a former choice left, the browser's wish, the fallback."""
    for wished in (handler.get_query_argument("lang", ""), handler.get_cookie("alm-lang", "") or ""):
        if wished in LANGUAGES:
            return wished
    for item in handler.request.headers.get("Accept-Language", "").split(","):
        code = item.split(";", 1)[0].strip().split("-", 1)[0].lower()
        if code in LANGUAGES:
            return code
    return fallback


def keep_language(handler: web.RequestHandler) -> None:
    """Remember an explicit choice of language for a year."""
    wished = handler.get_query_argument("lang", "")
    if wished in LANGUAGES:
        path = handler.settings.get("base_url", "/")
        handler.set_cookie("alm-lang", wished, expires_days=365, path=path, samesite="Lax")


def finish_page(handler: web.RequestHandler, template: str, language: str, **values: Any) -> None:
    """Send one of our script-free pages with headers that allow nothing from outside."""
    nonce = secrets.token_urlsafe(12)
    handler.set_header("Content-Type", "text/html; charset=utf-8")
    handler.set_header("Cache-Control", "no-store")
    handler.set_header("Referrer-Policy", "same-origin")
    handler.set_header(
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self' data:; form-action {form_targets(handler)}; "
        "base-uri 'none'; frame-ancestors 'none'",
    )
    texts = LOGIN_TEXTS[language]
    base_url = handler.settings.get("base_url", "/")
    page = environment().get_template(template)
    handler.finish(page.render(t=texts, lang=language, languages=LANGUAGES, nonce=nonce, base_url=base_url, **values))


def form_targets(handler: web.RequestHandler) -> str:
    """Where forms may lead: here, and to our dashboards, since browsers follow the rule through redirects too."""
    dashboards = urlsplit(getattr(handler.settings.get("identity_provider"), "dashboards_url", "") or "")
    return f"'self' {dashboards.scheme}://{dashboards.netloc}" if dashboards.netloc else "'self'"


def denied_page(handler: web.RequestHandler, user: AlmUser, dashboards_url: str) -> None:
    """Say kindly that this account has no use of Lab, and where it can go instead (status set by the caller)."""
    language = choose_language(handler, user.locale)
    again = f"{handler.settings.get('base_url', '/')}logout"
    finish_page(handler, "denied.html", language, user=user, dashboards_url=dashboards_url, again=again)


@dataclass(frozen=True, slots=True)
class PendingChoice:
    """A checked log-in that waits for the choice of a tenant; it lives in memory, once, for two minutes."""

    email: str
    password: str
    tenants: tuple[Mapping[str, Any], ...]
    at: float


class PendingChoices:
    """Log-ins of people who belong to several tenants, by a random ticket."""

    def __init__(self) -> None:
        self._waiting: dict[str, PendingChoice] = {}

    def put(self, email: str, password: str, tenants: Sequence[Mapping[str, Any]]) -> str:
        """Keep one and return its ticket."""
        now = time.monotonic()
        alive = [(key, item) for key, item in self._waiting.items() if now - item.at < CHOICE_SECONDS]
        self._waiting = dict(alive[-(MAX_CHOICES - 1) :])
        ticket = secrets.token_urlsafe(24)
        self._waiting[ticket] = PendingChoice(email, password, tuple(tenants), now)
        return ticket

    def take(self, ticket: str) -> PendingChoice | None:
        """The log-in of a ticket, once."""
        item = self._waiting.pop(ticket, None)
        return item if item is not None and time.monotonic() - item.at < CHOICE_SECONDS else None


PENDING = PendingChoices()


class PageHandler(JupyterHandler):
    """A page of ours that needs no log-in."""

    auth_resource = "alm"
    wait = 1

    def set_default_headers(self) -> None:
        """Jupyter's, without the name and version of the server below."""
        super().set_default_headers()
        self.set_header("Server", "alm-workbench")

    async def prepare(self, *arguments: Any, **named: Any) -> None:
        """Remember where the request comes from, for the log of the door."""
        caller.set(Caller.of(self.request.remote_ip, self.request.headers.get("User-Agent")))
        self._limit()
        await super().prepare(*arguments, **named)

    def _limit(self) -> None:
        """Passwords and links are tried from one address no faster here than over the API."""
        limits = getattr(self.identity.service, "limits", None)
        if self.request.method == "POST" and limits is not None:
            verdict = limits.address(self.request.remote_ip or "")
            if not verdict.allowed:
                self.wait = verdict.retry_after
                raise web.HTTPError(429)

    @property
    def identity(self) -> AlmIdentityProvider:
        """The provider, with its own type."""
        provider = self.identity_provider
        assert isinstance(provider, AlmIdentityProvider)
        return provider

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A page of ours: Jupyter's own would carry the server's token."""
        if status_code == 429:
            self.set_header("Retry-After", str(self.wait))
        try:
            language = choose_language(self)
        except web.HTTPError:  # not even its address can be read
            language = "en"
        finish_page(self, "problem.html", language, status=status_code)


def refusal_key(error: AuthenticationFailed) -> str:
    """The text of the page for a refused log-in; only who gave the right password learns of organisations."""
    if "Too many" in error.detail:
        return "locked"
    return "homeless" if "no organisation" in error.detail else "wrong"


class AlmLoginHandler(PageHandler):
    """Shows the log-in form and opens sessions."""

    @allow_unauthenticated
    def get(self) -> None:
        """The form, or the way on for somebody who is logged in already."""
        target = safe_next(self.get_query_argument("next", ""), self.base_url)
        if self.current_user and not self.get_query_argument("lang", ""):
            self.redirect(target)
            return
        keep_language(self)
        notice = NOTICES.get(self.get_query_argument("out", ""), "")
        self._form(target, notice=notice)

    @allow_unauthenticated
    async def post(self) -> None:
        """Check a log-in; answers 401 with the form again when it fails."""
        target = safe_next(self.get_body_argument("next", ""), self.base_url)
        pending = PENDING.take(self.get_body_argument("choice", ""))
        if pending is not None:
            email, password = pending.email, pending.password
            tenant = self.get_body_argument("tenant", "")[:MAX_FIELD] or None
        else:
            email = self.get_body_argument("email", "")[:MAX_FIELD].strip()
            password = self.get_body_argument("password", "", strip=False)[:MAX_FIELD]
            tenant = None
        if not email or not password:
            self.set_status(401)
            self._form(target, email=email, error="missing")
            return
        try:
            ticket = await self.identity.login(email, password, tenant)
        except AuthenticationFailed as error:
            self.set_status(401)
            self._form(target, email=email, error=refusal_key(error))
        except AlmError as error:
            choices = tenant_choices(error)
            self.set_status(200 if choices else error.status)
            if choices:
                self._form(target, email=email, choice=PENDING.put(email, password, choices), tenants=choices)
            else:
                self._form(target, email=email, error="unavailable")
        else:
            self.log.info("User %s logged in", ticket.user_id)
            self.identity.write_cookie(self, ticket)
            self.redirect(await self.identity.way_in(ticket, target, self.base_url), status=303)

    def _form(
        self,
        target: str,
        *,
        email: str = "",
        error: str = "",
        notice: str = "",
        choice: str = "",
        tenants: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        query = "" if target == self.base_url else f"&next={quote(target, safe='')}"
        finish_page(
            self,
            "login.html",
            choose_language(self),
            xsrf=self.xsrf_token.decode("ascii"),
            next=target,
            next_query=query,
            email=email,
            error=error,
            notice=notice,
            choice=choice,
            tenants=tenants,
        )

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A form that was open too long (its XSRF cookie is gone) is simply shown again."""
        if self.request.method != "POST" or status_code != 403:
            super().write_error(status_code, **kwargs)
            return
        target = safe_next(self.get_body_argument("next", ""), self.base_url)
        self._form(target, email=self.get_body_argument("email", "")[:MAX_FIELD], error="stale")


class AlmLogoutHandler(PageHandler):
    """Ends a session."""

    @allow_unauthenticated
    async def get(self) -> None:
        """What JupyterLab's menu opens; a link on a foreign page gets a question instead."""
        foreign = self.request.headers.get("Sec-Fetch-Site", "") in ("cross-site", "same-site")
        if foreign and self.current_user:
            finish_page(self, "logout.html", choose_language(self), xsrf=self.xsrf_token.decode("ascii"))
            return
        await self._leave()

    @allow_unauthenticated
    async def post(self) -> None:
        """The button of our own pages."""
        await self._leave()

    async def _leave(self) -> None:
        await self.identity.logout(self)
        self.redirect(f"{self.base_url}login?out=1", status=303)
