"""Finding the workbench: an address, the kernel's environment, the running server's file, or the data directory itself."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench import i18n
from alm_workbench.config import Settings, settings
from alm_workbench.errors import AlmError, ConfigurationError, Unavailable
from alm_workbench.i18n import _

if TYPE_CHECKING:
    from alm_workbench.notebook.workbench import Workbench

EMBEDDED_FRESHNESS = 1.0


@dataclass(frozen=True, slots=True)
class Address:
    """A running server and a token for it; ``source`` says where they were found."""

    url: str
    token: str
    source: str


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    email: str | None = None,
    password: str | None = None,
    tenant: str | None = None,
    data_dir: str | Path | None = None,
) -> Workbench:
    """The running workbench, or the embedded one of this installation; ``connect(url, token)`` for a server.

    Looks, in this order, at the arguments, at ``ALM_API_URL`` and ``ALM_TOKEN`` (set in kernels), at
    ``<data>/run/server.json``, and at the data directory. With ``email`` and ``password`` (asked for when it is left
    out) it logs in as that person, who belongs to ``tenant`` (slug); the log-in renews itself and lives in memory
    only. ``token`` may be an API key. Raises ``Unavailable`` where no server answers.
    """
    own = settings(data_dir)
    if email:
        return logged_in(server_url(url, own, os.environ), email, password or asked_password(email), tenant)
    found = address(url, token, own, os.environ, environment=data_dir is None)
    return remote(found) if found else embedded(own)


def address(
    url: str | None, token: str | None, own: Settings, env: Mapping[str, str], *, environment: bool = True
) -> Address | None:
    """The server to talk to; None when there is none and the data directory is to be opened in this process."""
    if url and token:
        return Address(url, token, "")
    env_url, env_token = (env.get("ALM_API_URL"), env.get("ALM_TOKEN")) if environment else (None, None)
    if env_url and (token or env_token) and (not url or same_server(url, env_url)):
        return Address(env_url, token or env_token or "", "ALM_API_URL")
    running = server_file(own.server_file)
    if url and not (running and same_server(url, running.url)):
        raise ConfigurationError(_("A token is needed for {url}: alm.connect(url, token=…)").format(url=url))
    return running


def same_server(left: str, right: str) -> bool:
    """Whether two addresses name the same server."""
    from alm_workbench.notebook.http import api_url

    return api_url(left) == api_url(right)


def server_file(path: Path) -> Address | None:
    """What the running server wrote about itself; None when there is none, or its process is gone."""
    try:
        data = json.loads(path.read_text("utf-8"))
        found, pid = Address(str(data["url"]), str(data["token"]), str(path)), int(data["pid"])
    except FileNotFoundError:
        return None
    except PermissionError:
        raise ConfigurationError(
            _("{path} belongs to another user; give an address and a token").format(path=path)
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if alive(pid) else None


def alive(pid: int) -> bool:
    """Whether a process runs."""
    import psutil

    return bool(psutil.pid_exists(pid))


def remote(found: Address) -> Workbench:
    """A workbench over HTTP; asks once, without waiting, whether the server is there."""
    from alm_workbench.contexts.auth.session_messages import Me
    from alm_workbench.notebook.http import API_PATH, HttpMediator
    from alm_workbench.notebook.workbench import Workbench

    mediator = HttpMediator(found.url, found.token)
    try:
        me = mediator.query(Me(), tries=1)
    except AlmError as error:
        mediator.close()
        if isinstance(error, Unavailable) and found.source not in ("", "ALM_API_URL"):
            error.detail += _(" (the address comes from {path}; delete it if that server is gone)").format(
                path=found.source
            )
            error.args = (error.detail,)
        raise
    choose_language(me.locale)
    return Workbench(mediator, place=mediator.url.removesuffix(API_PATH), close=mediator.close)


def logged_in(url: str, email: str, password: str, tenant: str | None = None) -> Workbench:
    """A workbench over HTTP as a person; raises ``AuthenticationFailed``, or ``InvalidInput`` with the tenants to choose."""
    from alm_workbench.contexts.auth.session_messages import LogIn
    from alm_workbench.notebook.http import API_PATH, HttpMediator
    from alm_workbench.notebook.workbench import Workbench

    with closing(HttpMediator(url, "")) as door:
        session = door.send(LogIn(email, password, tenant), tries=1)
    mediator = HttpMediator(url, session.access_token, refresh=session.refresh_token)
    choose_language(session.locale)
    return Workbench(mediator, place=mediator.url.removesuffix(API_PATH), close=mediator.close)


def server_url(url: str | None, own: Settings, env: Mapping[str, str]) -> str:
    """Where to log in: the given address, the kernel's, or the running server's; raises ``ConfigurationError``."""
    running = server_file(own.server_file) if not url and not env.get("ALM_API_URL") else None
    found = url or env.get("ALM_API_URL") or (running.url if running else None)
    if not found:
        raise ConfigurationError(_("Say where to log in: alm.connect(url, email=…)"))
    return found


def asked_password(email: str) -> str:
    """The password, typed where nobody sees it and nothing keeps it."""
    from getpass import getpass

    return getpass(_("Password of {email}: ").format(email=email))


def embedded(own: Settings) -> Workbench:
    """The workbench of a data directory in this process, as its owner."""
    owner = owner_of(own)
    from alm_workbench.composition import opened
    from alm_workbench.contexts.auth.session_messages import ResolvePrincipal
    from alm_workbench.notebook.local import EdgeMediator
    from alm_workbench.notebook.workbench import Workbench

    stack = ExitStack()
    try:
        runtime = stack.enter_context(opened(own, pool_size=2))
        principal = runtime.mediator.query(ResolvePrincipal(*owner))
        if principal is None:
            raise ConfigurationError(
                _("The owner of {path} has no access any more; run `alm lab` to see why").format(path=own.data_dir)
            )
    except BaseException:
        stack.close()
        raise

    def close() -> None:
        atexit.unregister(close)
        stack.close()

    atexit.register(close)
    choose_language(principal.locale)
    mediator = EdgeMediator(runtime.mediator.as_principal(principal))
    return Workbench(mediator, place=str(own.data_dir), close=close, freshness=EMBEDDED_FRESHNESS)


def owner_of(own: Settings) -> tuple[UUID, UUID]:
    """User and tenant of the owner; raises ``ConfigurationError`` before the first start."""
    try:
        data: dict[str, Any] = json.loads((own.run_dir / "owner.json").read_text("utf-8"))
        return UUID(data["user_id"]), UUID(data["tenant_id"])
    except (OSError, ValueError, KeyError, TypeError):
        text = _("There is no workbench in {path} yet; run `alm lab` once to set one up").format(path=own.data_dir)
        raise ConfigurationError(text) from None


def choose_language(locale: str) -> None:
    """Speak the user's language unless the environment says otherwise."""
    if not os.environ.get("ALM_LANG"):
        i18n.use(locale)
