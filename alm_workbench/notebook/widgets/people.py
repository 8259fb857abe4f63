"""Logging in, registering, and going from one organisation to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

from alm_workbench.errors import AuthenticationFailed
from alm_workbench.i18n import _
from alm_workbench.notebook.widgets.base import AlmWidget, Values

if TYPE_CHECKING:
    from alm_workbench.notebook.workbench import Workbench


class LoginWidget(AlmWidget):
    """A form that connects this notebook as a person; the connection is then in ``wb`` and in ``.workbench``.

    The password goes to the kernel and from there to the server; neither the notebook nor the widget keeps it.
    """

    TAG = "alm-login"

    def __init__(
        self, url: str | None = None, *, email: str | None = None, variable: str | None = "wb", show_url: bool = True
    ) -> None:
        self._url, self._variable = url, variable
        self._workbench: Workbench | None = None
        super().__init__(None, {"place": url if show_url else None, "email": email, "variable": variable})

    @property
    def workbench(self) -> Workbench:
        """The connection; raises ``AuthenticationFailed`` before the log-in."""
        if self._workbench is None:
            raise AuthenticationFailed(_("Log in first"))
        return self._workbench

    def actions(self) -> Mapping[str, Callable[[Values], Any]]:
        """``login`` with ``email``, ``password`` and perhaps ``tenant``."""
        return {"login": self._login}

    def _login(self, values: Values) -> dict[str, Any]:
        from alm_workbench.notebook.connecting import logged_in

        tenant = values.get("tenant")
        found = logged_in(
            address_of(self._url), str(values.get("email")), str(values.get("password")), tenant and str(tenant)
        )
        if self._workbench is not None:
            self._workbench.close()
        self._workbench = found
        if self._variable:
            put(self._variable, found)
        me = found.me
        return {
            "display_name": me.display_name,
            "email": me.email,
            "tenant_name": me.tenant_name,
            "tenant_slug": me.tenant_slug,
        }


class RegisterWidget(AlmWidget):
    """A form that makes an account, with the code of an invitation or where anybody may register."""

    TAG = "alm-register"

    def __init__(self, url: str | None = None, *, token: str | None = None, email: str | None = None) -> None:
        self._url = url
        super().__init__(None, {"token": token, "email": email})

    def actions(self) -> Mapping[str, Callable[[Values], Any]]:
        """``register`` with ``email``, ``display_name``, ``password``, ``locale`` and perhaps ``invitation``."""
        return {"register": self._register}

    def _register(self, values: Values) -> Any:
        from alm_workbench.notebook.http import HttpMediator
        from alm_workbench.notebook.widgets.base import sent
        from alm_workbench.shared.messages import REGISTRY

        with closing(HttpMediator(address_of(self._url), "")) as door:
            return sent(door, REGISTRY.named("RegisterUser"), values)


class TenantSwitcher(AlmWidget):
    """The organisations you belong to; a click takes this notebook's connection into another one."""

    TAG = "alm-tenant-switcher"
    ASKS: ClassVar[frozenset[str]] = frozenset({"Me", "ListMyTenants"})

    def __init__(self, workbench: Workbench | None = None) -> None:
        self._bench = workbench
        super().__init__(workbench.mediator if workbench else None, {})

    def actions(self) -> Mapping[str, Callable[[Values], Any]]:
        """``switch`` with the slug of a ``tenant``."""
        return {"switch": self._switch}

    def _switch(self, values: Values) -> dict[str, str]:
        if self._bench is None:
            raise AuthenticationFailed(_("Log in first"))
        me = self._bench.switch(str(values.get("tenant"))).me
        return {"tenant_slug": me.tenant_slug, "tenant_name": me.tenant_name}


def address_of(url: str | None) -> str:
    """The server to talk to: the given one, the kernel's, or the running one."""
    import os

    from alm_workbench.config import settings
    from alm_workbench.notebook.connecting import server_url

    return server_url(url, settings(), os.environ)


def put(name: str, value: Any) -> None:
    """Set a variable of the notebook, where there is one."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.user_ns[name] = value
