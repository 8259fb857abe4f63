"""What happens to accounts outside of requests: mails with links, and upkeep."""

from __future__ import annotations

import contextvars
from collections.abc import Mapping
from uuid import UUID

import structlog

from alm_workbench.config import environment
from alm_workbench.contexts.auth.domain import MAILED_LINK, RESET_JOB, RESET_PATH, AuthOptions, digest, new_secret
from alm_workbench.contexts.auth.mail import Mail, Mailer, SmtpMailer
from alm_workbench.contexts.auth.repository import Account, AuthRepository
from alm_workbench.i18n import _, use_here
from alm_workbench.shared.jobs import JobRun, JobSpec

PURGE_JOB = "auth.purge"
log = structlog.get_logger("alm.auth")


def specs() -> list[JobSpec]:
    """The jobs of this context."""
    return [
        JobSpec(RESET_JOB, lambda job: send_link(job, AuthRepository(), environment())),
        JobSpec(PURGE_JOB, purge, cron="17 3 * * *", upkeep=True),
    ]


def send_link(job: JobRun, users: AuthRepository, env: Mapping[str, str]) -> bool:
    """Mail a link to whoever asked for one; False where there is no such account, no mail server, or too many came."""
    user_id, mailer = job.args.get("user_id"), SmtpMailer.of_environment(env)
    if user_id is None:
        return False
    if mailer is None:
        log.info("a password link was asked for, and there is no mail server; ALM_SMTP_URL names one")
        return False
    return mail_link(job, users, mailer, AuthOptions.of(env).public_url, UUID(str(user_id)))


def mail_link(job: JobRun, users: AuthRepository, mailer: Mailer, base: str, user_id: UUID) -> bool:
    """Make a link and mail it; a mail that cannot be sent leaves no link behind, and the job is tried again."""
    token = new_secret()
    with job.begin(None) as conn:
        account = users.profile(conn, user_id)
        if account is None or not account.is_active or not users.make_link(conn, digest(token), user_id, MAILED_LINK):
            return False
        mailer.send(letter(account, base + RESET_PATH + token))
    return True


def letter(account: Account, link: str) -> Mail:
    """The mail in the person's language."""
    return contextvars.copy_context().run(_written, account, link)


def _written(account: Account, link: str) -> Mail:
    use_here(account.locale)
    body = _(
        "Hello {name},\n\n"
        "somebody, probably you, asked for a new password of your account {email}.\n"
        "This link sets it; it works once and for one hour:\n\n{link}\n\n"
        "If it was not you, nothing needs to be done: your password stays as it is.\n"
    )
    text = body.format(name=account.display_name, email=account.email, link=link)
    return Mail(account.email, _("Set a new password for ALM Workbench"), text)


def purge(job: JobRun) -> int:
    """Remove what has been over for a month; how many rows went."""
    with job.begin(None) as conn:
        return AuthRepository().purge(conn)
