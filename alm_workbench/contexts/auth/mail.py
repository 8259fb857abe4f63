"""Mails: the port, and SMTP behind it (RFC 5321), told by one address in ``ALM_SMTP_URL``."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from alm_workbench.errors import ConfigurationError

SECONDS = 10.0
USAGE = (
    "ALM_SMTP_URL looks like smtp://user:password@host:587?from=alm@example.org (or smtps:// for TLS from the start)."
)


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain text mail."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Port: sends mails; raises ``OSError`` or ``smtplib.SMTPException`` when that is not possible now."""

    def send(self, mail: Mail) -> None: ...


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """Hands mails to one server. ``smtp`` turns TLS on where it is offered, and insists on it before a password."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    tls: bool = False

    @classmethod
    def of(cls, url: str) -> SmtpMailer:
        """The mailer of an address; raises ``ConfigurationError`` in one sentence (which shows no password)."""
        parts = urlsplit(url.strip())
        try:
            port = parts.port or {"smtp": 587, "smtps": 465}[parts.scheme]
        except (KeyError, ValueError):
            raise ConfigurationError(USAGE) from None
        sender = parse_qs(parts.query).get("from", [""])[0]
        if not parts.hostname or "@" not in sender:
            raise ConfigurationError(USAGE)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname, port, sender, user, password, parts.scheme == "smtps")

    @classmethod
    def of_environment(cls, env: Mapping[str, str]) -> SmtpMailer | None:
        """The mailer of this installation; None where there is none."""
        url = env.get("ALM_SMTP_URL", "").strip()
        return cls.of(url) if url else None

    def send(self, mail: Mail) -> None:
        """Hand one mail over."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, mail.to, mail.subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self.sender.rsplit("@", 1)[1])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        with self._connection() as server:
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)

    def _connection(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.tls:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
        elif self.user:
            server.close()
            raise smtplib.SMTPNotSupportedError("the mail server offers no TLS, so it gets no password")
        return server
