"""The dashboards server: Voila's rendering behind our log-in, with a list of routes of our own.

Stand-alone Voila has no accounts, lets every visitor into every kernel whose id is known, and serves more routes than a
dashboard needs. This server registers only what is listed in ``init_handlers``; whatever is not there answers 404.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tornado.ioloop
import tornado.web
from jupyter_core.utils import run_sync
from jupyter_server.base.handlers import FileFindHandler
from jupyter_server.utils import url_path_join
from traitlets.config import Config
from voila.app import Voila
from voila.static_file_handler import MultiStaticFileHandler, TemplateStaticFileHandler

from alm_workbench.config import only_over_tls
from alm_workbench.dashboards.catalogue import Catalogue
from alm_workbench.dashboards.handlers import DashboardHandler, IndexHandler, NoPageHandler
from alm_workbench.dashboards.kernels import (
    SOCKET_MESSAGES,
    DashboardAuthorizer,
    KernelOwners,
    NativeKernelSpecs,
    OwnKernelModel,
    OwnKernelShutdown,
    OwnKernelSocket,
    ScrubbedKernelManager,
)
from alm_workbench.dashboards.rendering import LitePages
from alm_workbench.errors import ConfigurationError
from alm_workbench.server.connections import use_everywhere
from alm_workbench.server.identity import AlmIdentityProvider
from alm_workbench.server.static_files import static_rules

SHARE = Path(__file__).parent / "templates" / "share"
KERNEL_ID = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"
WIDGET_EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]
PARENT_CHECK_MS = 2000
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def dashboards_config(cull_seconds: int) -> Config:
    """Everything about Voila that must not depend on files or options found on the machine."""
    return Config(
        {
            "VoilaConfiguration": {
                "template": "almfull",
                "allow_template_override": "NO",
                "allow_theme_override": "NO",
                "strip_sources": True,
                "show_tracebacks": False,
                "file_allowlist": [],
                "extension_allowlist": WIDGET_EXTENSIONS,
                "multi_kernel_manager_class": ScrubbedKernelManager,
                "kernel_spec_manager_class": NativeKernelSpecs,
                "resources": {},
            },
            "AlmVoila": {"log_level": "WARN"},
            **({"AlmIdentityProvider": {"secure_cookie": True}} if only_over_tls() else {}),
            "VoilaExecutor": {"timeout": 60},
            # trust of notebooks is not kept in the directories of whoever runs this: its code comes reviewed
            "NotebookNotary": {"db_file": ":memory:", "secret": os.urandom(32)},
            # a socket file in a private directory, not a port that every local user can reach
            "ConnectionFileMixin": {"transport": "tcp" if os.name == "nt" else "ipc"},
            "MappingKernelManager": {
                "cull_idle_timeout": cull_seconds,
                "cull_interval": max(1, min(60, cull_seconds // 4)),
                "cull_connected": False,
                "allow_tracebacks": False,
            },
        }
    )


class AlmVoila(Voila):  # type: ignore[misc]
    """Voila with ALM accounts, our pages and our REST routes."""

    def __init__(
        self,
        *,
        notebooks: Path,
        api_rules: Sequence[Any],
        bind: Callable[[AlmIdentityProvider], None],
        cookie_secret: bytes,
        port: int,
        ip: str = "127.0.0.1",
        base_url: str = "/",
        lab_url: str = "",
        cull_seconds: int = 600,
        parent_pid: int | None = None,
        on_ready: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(config=dashboards_config(cull_seconds))
        self.root_dir = str(notebooks.resolve())
        self.port, self.ip, self.base_url, self.lab_url = port, ip, base_url, lab_url
        self.cookie_secret = cookie_secret
        self.open_browser = False
        self.config_file_paths: list[str] = []
        self.identity_provider_class = AlmIdentityProvider
        self.authorizer_class = DashboardAuthorizer
        self.tornado_settings = {
            "compress_response": True,
            "headers": SECURITY_HEADERS,
            # handlers that are not Jupyter's rely on tornado to ask for the token
            "xsrf_cookies": True,
            "xsrf_cookie_kwargs": {"samesite": "Lax", "path": base_url, "secure": only_over_tls()},
            "websocket_max_message_size": 1024 * 1024,
            "ws_ping_timeout": 30_000,
        }
        self.catalogue = Catalogue(notebooks)
        self.pages = LitePages(self)
        self._api_rules, self._bind = list(api_rules), bind
        self._parent_pid, self._on_ready = parent_pid, on_ready

    @property
    def url(self) -> str:
        """Where a person opens it."""
        everywhere = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
        host = "localhost" if self.ip in everywhere else self.ip
        return f"http://{host}:{self.port}{self.base_url}"

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read no command line and no configuration file: settings come from our own."""
        known = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
        if str(SHARE) not in known:
            os.environ["JUPYTER_PATH"] = os.pathsep.join([str(SHARE), *filter(None, known)])
        super().initialize([])
        signal.signal(signal.SIGINT, self._handle_signal_stop)

    def init_settings(self) -> dict[str, Any]:
        """Voila's settings, with our identity bound to the application."""
        settings: dict[str, Any] = super().init_settings()
        self.kernel_manager.allowed_message_types = list(SOCKET_MESSAGES)
        # it would say of every notebook that it is not trusted: these are reviewed, and nobody edits them here
        self.contents_manager.log = logging.getLogger("alm.dashboards.contents")
        self.contents_manager.log.setLevel(logging.ERROR)
        self._bind(self.identity_provider)
        return settings | {"alm_dashboards": self, "alm_kernel_owners": KernelOwners()}

    def init_handlers(self) -> list[Any]:
        """Every route there is."""

        def at(path: str) -> str:
            return str(url_path_join(self.server_url, path))

        accounts = [(at(path), handler) for path, handler in self.identity_provider.get_handlers()]
        # what pages with ipywidgets load: code of installed packages, no data
        lab = {"path": self.labextensions_path, "no_cache_paths": ["/"]}
        widgets = [
            (at(r"/voila/templates/(.*)"), TemplateStaticFileHandler),
            (at(r"/voila/static/(.*)"), MultiStaticFileHandler, {"paths": self.static_paths}),
            (at(r"/voila/labextensions/(.*)"), FileFindHandler, lab),
            (at(rf"/api/kernels/{KERNEL_ID}"), OwnKernelModel),
            (at(rf"/api/kernels/{KERNEL_ID}/channels"), OwnKernelSocket),
            (at(rf"/voila/api/shutdown/{KERNEL_ID}"), OwnKernelShutdown),
        ]
        rendering = {
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        pages = [
            (at("/"), IndexHandler),
            (at(r"/dashboards/([a-z0-9_-]+)"), DashboardHandler, rendering),
            (r".*", NoPageHandler),
        ]
        return [*self._api_rules, *static_rules(self.server_url), *accounts, *widgets, *pages]

    def start(self) -> None:
        """Serve until a signal comes; raises ``ConfigurationError`` when the port is taken."""
        self.connection_dir = tempfile.mkdtemp(prefix="alm-dashboards-", dir=self.connection_dir_root)
        try:
            self.app = tornado.web.Application(**self.init_settings())
            self.app.settings.update(self.tornado_settings)
            self.app.add_handlers(r".*$", self.init_handlers())
            self.listen()
        finally:
            self.stop()

    def listen(self) -> None:
        """Open the port that was asked for and run the loop; never another port."""
        use_everywhere()
        try:
            self.app.listen(self.port, self.ip)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            reason = "is in use" if error.errno == errno.EADDRINUSE else "may not be opened"
            raise ConfigurationError(f"Port {self.port} for the dashboards {reason}; choose another one") from error
        self.ioloop = tornado.ioloop.IOLoop.current()
        self.ioloop.spawn_callback(self.pages.warm, self.catalogue.all())
        if self._parent_pid is not None:
            tornado.ioloop.PeriodicCallback(self._follow_parent, PARENT_CHECK_MS).start()
        if self._on_ready is not None:
            self._on_ready(self.url)
        self.ioloop.start()

    def _follow_parent(self) -> None:
        if os.getppid() != self._parent_pid:
            self.log.info("The workbench has gone; so do the dashboards")
            self.ioloop.stop()

    def stop(self) -> None:
        """Stop every kernel and remove what they left."""
        manager = getattr(self, "kernel_manager", None)
        if manager is not None:
            run_sync(_shut_down)(manager)
            manager.kernel_home.cleanup()
        shutil.rmtree(self.connection_dir, ignore_errors=True)


async def _shut_down(manager: Any) -> None:
    """Stop every kernel of a manager; again where one was just starting or going, which the manager calls unknown."""
    for _ in range(100):
        try:
            await manager.shutdown_all(now=True)
        except (KeyError, tornado.web.HTTPError):
            await asyncio.sleep(0.1)
        else:
            return
    await manager.shutdown_all(now=True)
