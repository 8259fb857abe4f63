"""The pages of accounts: accept an invitation or register, forgotten and new passwords, switch the organisation.

Forms without scripts, like the log-in page. What goes wrong is said beside the field, in the page's language, by the
codes of ``ErrorItem``; a text that the codes do not know is shown as it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from jupyter_server.auth.decorator import allow_unauthenticated

from alm_workbench.contexts.auth.messages import (
    ChangePassword,
    FindUser,
    PasswordResetByToken,
    RegisterUser,
    RequestPasswordReset,
    ResetPassword,
)
from alm_workbench.contexts.auth.rules import looked_up_email
from alm_workbench.contexts.auth.session_messages import ListMyTenants, SwitchTenant
from alm_workbench.contexts.tenant.invitation_messages import AcceptInvitation, InvitationByToken, InvitationOfferDTO
from alm_workbench.errors import AlmError, AuthenticationFailed, Conflict, Unavailable
from alm_workbench.server.identity import AlmUser
from alm_workbench.server.login import MAX_FIELD, PageHandler, choose_language, finish_page, keep_language, safe_next
from alm_workbench.server.login_texts import LOGIN_TEXTS
from alm_workbench.server.sessions import SessionService
from alm_workbench.shared.messages import Message
from alm_workbench.shared.principal import Principal


class AccountPage(PageHandler):
    """What the pages share: the form's template, its language, and problems in words."""

    template = ""

    @property
    def service(self) -> SessionService:
        """The application behind the pages."""
        if self.identity.service is None:
            raise Unavailable("The workbench is starting")
        return self.identity.service

    @property
    def person(self) -> Principal | None:
        """Who is logged in, if anybody is."""
        user = self.current_user
        return user.principal if isinstance(user, AlmUser) else None

    async def ask(self, message: Message[Any], who: Principal | None = None) -> Any:
        """Send a message on a thread of the application's."""
        service = self.service
        return await self.identity.run(lambda: service.ask(who, message))

    def field(self, name: str, *, strip: bool = True) -> str:
        """One field of the form, cut to what any of them may hold."""
        return self.get_body_argument(name, "", strip=strip)[:MAX_FIELD]

    def show(self, error: AlmError | None = None, **values: Any) -> None:
        """The page, with what went wrong beside the fields."""
        keep_language(self)
        language = choose_language(self, self.person.locale if self.person else "en")
        problems = in_words(error, language) if error else {}
        if error is not None:
            self.set_status(error.status)
        finish_page(
            self,
            self.template,
            language,
            xsrf=self.xsrf_token.decode("ascii"),
            here=self.here(),
            problems=problems,
            person=self.person,
            **values,
        )

    def here(self) -> str:
        """This page's address with what it needs, for the links that change the language."""
        token = self.link_token()
        path = self.request.path
        return f"{path}?token={quote(token, safe='')}&" if token else f"{path}?"

    def link_token(self) -> str:
        """The secret of the link that led here."""
        given = self.get_body_argument("token", "") or self.get_query_argument("token", "")
        return given[:MAX_FIELD].replace("\x00", "")

    def home(self, page: str = "") -> None:
        """On to a page of this server."""
        self.redirect(self.base_url + page, status=303)

    def to_login(self) -> None:
        """First to the log-in, then back to this page."""
        back = self.here().rstrip("?&")
        self.home(f"login?next={quote(back, safe='')}")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A form that was open too long (its XSRF cookie is gone) begins again."""
        if self.request.method == "POST" and status_code == 403:
            self.redirect(self.here().rstrip("?&"), status=303)
        else:
            super().write_error(status_code, **kwargs)


class RegisterPage(AccountPage):
    """Registers, or joins an organisation with the account one has."""

    template = "register.html"

    @allow_unauthenticated
    async def get(self) -> None:
        """The form that fits whoever holds the link."""
        await self._form()

    async def _form(self, error: AlmError | None = None, **typed: str) -> None:
        offer, dead = await self._offer()
        policy = self.service.options.registration
        state = await self._state(offer, dead, policy)
        values = {"email": "", "display_name": ""} | typed
        self.show(error, offer=offer, state=state, token=self.link_token(), next=self.here().rstrip("?&"), **values)

    async def _offer(self) -> tuple[InvitationOfferDTO | None, bool]:
        """What the link invites to, and whether there was one that is dead."""
        if not self.link_token():
            return None, False
        try:
            return await self.ask(InvitationByToken(self.link_token())), False
        except AlmError as error:
            if error.status >= 500:
                raise
            return None, True

    async def _state(self, offer: InvitationOfferDTO | None, dead: bool, policy: str) -> str:
        if dead:
            return "dead"
        if offer is None:
            return "register" if policy == "open" else "closed"
        if self.person is not None:
            return "join" if self.person.email == looked_up_email(offer.email) else "other"
        if await self.ask(FindUser(offer.email)) is not None:
            return "login"
        return "closed" if policy == "closed" else "register"

    @allow_unauthenticated
    async def post(self) -> None:
        """Join, or make the account and log in with it."""
        try:
            if self.field("action") == "join" and self.person is not None:
                await self._join(self.person)
            else:
                await self._register()
        except AlmError as error:
            await self._form(error, email=self.field("email"), display_name=self.field("display_name"))

    async def _join(self, person: Principal) -> None:
        joined = await self.ask(AcceptInvitation(self.link_token()), person)
        await self.ask(SwitchTenant(joined.tenant_slug), person)
        ticket = self.identity.read_cookie(self)
        self.redirect(await self.identity.way_in(ticket, self.base_url, self.base_url), status=303)

    async def _register(self) -> None:
        offer, _ = await self._offer()
        email, password = offer.email if offer else self.field("email"), self.field("password", strip=False)
        language = "tr" if choose_language(self) == "tr" else "en"
        name = self.field("display_name")
        await self.ask(RegisterUser(email, name, password, language, self.link_token() or None))  # type: ignore[arg-type]
        try:
            ticket = await self.identity.login(email, password, offer.tenant_slug if offer else None)
        except AuthenticationFailed:  # openly registered: no organisation yet
            self.home("login?out=registered")
            return
        self.identity.write_cookie(self, ticket)
        self.redirect(await self.identity.way_in(ticket, self.base_url, self.base_url), status=303)


class ForgotPage(AccountPage):
    """Asks for a link by e-mail; the page says the same whatever comes of it."""

    template = "forgot.html"

    @allow_unauthenticated
    def get(self) -> None:
        """The form."""
        self.show(sent=False, mails=self.service.options.mails)

    @allow_unauthenticated
    async def post(self) -> None:
        """Take the request."""
        if email := self.field("email"):
            await self.ask(RequestPasswordReset(email))
        self.show(sent=bool(email), mails=self.service.options.mails)


class ResetPage(AccountPage):
    """Sets a new password by a link."""

    template = "password.html"

    @allow_unauthenticated
    async def get(self) -> None:
        """The form, while the link is good."""
        await self._form()

    async def _form(self, error: AlmError | None = None) -> None:
        about = await self.ask(PasswordResetByToken(self.link_token())) if self.link_token() else None
        self.show(
            error, state="reset" if about else "dead", email=about.email if about else "", token=self.link_token()
        )

    @allow_unauthenticated
    async def post(self) -> None:
        """Keep the new password and ask to log in with it."""
        try:
            await self.ask(ResetPassword(self.link_token(), self.field("new_password", strip=False)))
        except AlmError as error:
            await self._form(error)
        else:
            self.identity.clear_login_cookie(self)
            self.home("login?out=password")


class PasswordPage(AccountPage):
    """Changes one's own password."""

    template = "password.html"

    @allow_unauthenticated
    def get(self) -> None:
        """The form."""
        if self.person is None:
            self.to_login()
            return
        self._form()

    def _form(self, error: AlmError | None = None, state: str = "change") -> None:
        email = self.person.email if self.person else ""
        self.show(error, state=state, email=email, token="")

    @allow_unauthenticated
    async def post(self) -> None:
        """Keep the new password."""
        person = self.person
        if person is None:
            self.to_login()
            return
        now, new = self.field("current_password", strip=False), self.field("new_password", strip=False)
        try:
            await self.ask(ChangePassword(now, new, revoke_keys=bool(self.field("revoke_keys"))), person)
        except AlmError as error:
            self._form(error)
        else:
            self._form(state="changed")


class SwitchPage(AccountPage):
    """Goes on in another organisation."""

    template = "switch.html"

    @allow_unauthenticated
    async def get(self) -> None:
        """The organisations to choose from."""
        await self._form()

    async def _form(self, error: AlmError | None = None) -> None:
        person = self.person
        if person is None:
            self.to_login()
            return
        tenants: Sequence[Any] = await self.ask(ListMyTenants(), person)
        target = safe_next(self.get_argument("next", ""), self.base_url)
        self.show(error, tenants=tenants, present=person.tenant_slug, next=target)

    @allow_unauthenticated
    async def post(self) -> None:
        """Switch, and open what was asked for."""
        person, slug = self.person, self.field("tenant")
        if person is None:
            self.to_login()
            return
        try:
            if slug != person.tenant_slug:
                await self.ask(SwitchTenant(slug), person)
        except AlmError as error:
            await self._form(error)
        else:
            self.redirect(safe_next(self.field("next"), self.base_url), status=303)


def in_words(error: AlmError, language: str) -> dict[str, str]:
    """What went wrong by the field it belongs to; ``""`` is the page as a whole."""
    texts = LOGIN_TEXTS[language]
    found: dict[str, str] = {}
    for item in error.errors:
        place = item.path.strip("/")
        said = texts.get(f"p_{item.code}", item.message)
        known = place in ("email", "display_name", "password", "new_password", "current_password")
        found.setdefault(place if known else "", said)
    if not found:
        taken = isinstance(error, Conflict) and "account" in error.detail
        found[""] = texts["p_taken"] if taken else texts["unavailable"] if error.status >= 500 else error.detail
    return found


ACCOUNT_PAGES: list[tuple[str, object]] = [
    (r"/register", RegisterPage),
    (r"/invite", RegisterPage),
    (r"/forgot", ForgotPage),
    (r"/reset", ResetPage),
    (r"/password", PasswordPage),
    (r"/switch", SwitchPage),
]
