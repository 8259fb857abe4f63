"""JupyterLab as we start it: our identity, our kernels, nothing asked from outside."""

from __future__ import annotations

import json
import logging
import os
import signal
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import Config

from alm_workbench.config import Settings
from alm_workbench.server.identity import AlmAuthorizer, AlmIdentityProvider, load_cookie_secret
from alm_workbench.server.kernels import AlmKernelManager
from alm_workbench.server.light import lab_app

if TYPE_CHECKING:
    from alm_workbench.server.lab import LabOptions

PACKAGED = Path(__file__).resolve().parents[1] / "labextension"


def lab_config(settings: Settings, options: LabOptions, token: str) -> Config:
    """The configuration of the Lab server."""
    c = Config()
    server = c.ServerApp
    server.ip, server.port, server.port_retries = options.ip, options.port, 0
    server.open_browser = options.browser
    server.root_dir = str(settings.workspace_dir)
    server.allow_root = True
    server.answer_yes = True
    server.allow_unauthenticated_access = False
    server.jpserver_extensions = {
        "alm_workbench": True,
        "jupyterlab": True,
        "voila.server_extension": False,
    }
    server.identity_provider_class = AlmIdentityProvider
    server.authorizer_class = AlmAuthorizer
    server.kernel_manager_class = AlmKernelManager
    server.cookie_secret = load_cookie_secret(settings.secrets_dir)
    server.log_level = c.Application.log_level = logging.WARNING
    server.tornado_settings = {"headers": {"X-Content-Type-Options": "nosniff"}}
    c.IdentityProvider.token = token
    c.AlmIdentityProvider.token = token
    c.LabApp.news_url = None
    c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
    c.LabApp.extension_manager = "readonly"
    c.LabApp.workspaces_dir = str(settings.data_dir / "lab" / "workspaces")
    c.LabApp.user_settings_dir = str(settings.data_dir / "lab" / "settings")
    c.LabApp.app_settings_dir = str(app_settings(settings.data_dir / "lab" / "app"))
    if extra := extra_labextensions(settings.run_dir):
        c.LabApp.extra_labextensions_path = [extra]
    c.FileContentsManager.delete_to_trash = False
    c.FileContentsManager.always_delete_dir = True
    return c


def app_settings(folder: Path) -> Path:
    """Defaults of Lab for this installation: no news from outside, and nobody is asked about them."""
    folder.mkdir(parents=True, exist_ok=True)
    news = {"fetchNews": "false", "checkForUpdates": False}
    overrides = {"@jupyterlab/apputils-extension:notification": news}
    (folder / "overrides.json").write_text(json.dumps(overrides), "utf-8")
    disabled = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (folder / "page_config.json").write_text(json.dumps(disabled), "utf-8")
    return folder


def quiet() -> None:
    """Keep warnings of other people's extensions away from the person who starts the workbench."""
    warnings.filterwarnings("ignore", message="Extension endpoints without")
    warnings.filterwarnings("ignore", message="ServerApp.token config is deprecated")
    logging.getLogger("tornado.access").setLevel(logging.ERROR)


def extra_labextensions(run_dir: Path) -> str | None:
    """A folder that leads Lab to the extension of a source tree; None for an installed wheel."""
    if not (PACKAGED / "package.json").exists():
        return None
    folder = run_dir / "labextensions"
    folder.mkdir(exist_ok=True)
    link = folder / "alm-workbench"
    if link.is_symlink() or link.exists():
        link.unlink()
    os.symlink(PACKAGED, link, target_is_directory=True)
    return str(folder)


def make_lab(config: Config) -> Any:
    """An initialised Lab server, ready to start."""
    quiet()
    server = lab_app().initialize_server(argv=[], config=config)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # at once and without a question, also when the shell that started us in the background ignores Ctrl-C
        signal.signal(number, server._signal_stop)
    return server
