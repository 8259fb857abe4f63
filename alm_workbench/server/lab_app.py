"""JupyterLab as we start it: our identity, our kernels, nothing asked from outside."""

from __future__ import annotations

import json
import logging
import os
import signal
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.paths import jupyter_config_path
from jupyter_server.serverapp import ServerApp
from traitlets.config import Config

from alm_workbench.config import Settings, only_over_tls
from alm_workbench.server.connections import use_everywhere
from alm_workbench.server.identity import AlmAuthorizer, AlmIdentityProvider, load_cookie_secret
from alm_workbench.server.kernel_user import KernelUser
from alm_workbench.server.kernels import AlmKernelManager, NativeKernel
from alm_workbench.server.light import lab_app

if TYPE_CHECKING:
    from alm_workbench.server.lab import LabOptions

TEAM_EXTENSIONS = frozenset({"alm_workbench", "jupyterlab"})
NOT_FOR_TEAMS = frozenset({"nbconvert"})
PACKAGED = Path(__file__).resolve().parents[1] / "labextension"


class TeamServer(ServerApp):
    """Jupyter's server without the conversion of notebooks, which reads files and starts programs as the server."""

    default_services: Any = tuple(name for name in ServerApp.default_services if name not in NOT_FOR_TEAMS)


def lab_config(settings: Settings, options: LabOptions, token: str, workspace: Path) -> Config:
    """The configuration of the Lab server."""
    c = Config()
    server = c.ServerApp
    server.ip, server.port, server.port_retries = options.ip, options.port, 0
    server.open_browser = options.browser
    server.root_dir = str(workspace)
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
    server.tornado_settings = {"headers": {"X-Content-Type-Options": "nosniff"}, "page_config_hook": without_token}
    if only_over_tls():
        c.AlmIdentityProvider.secure_cookie = True
        server.tornado_settings["xsrf_cookie_kwargs"] = {"path": "/", "secure": True}
    c.IdentityProvider.token = token
    c.AlmIdentityProvider.token = token
    c.LabApp.news_url = None
    c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
    c.LabApp.extension_manager = "readonly"
    (settings.data_dir / "lab").mkdir(mode=0o700, exist_ok=True)
    c.LabApp.workspaces_dir = str(settings.data_dir / "lab" / "workspaces")
    c.LabApp.user_settings_dir = str(settings.data_dir / "lab" / "settings")
    c.LabApp.app_settings_dir = str(app_settings(settings.data_dir / "lab" / "app"))
    if extra := extra_labextensions(settings.run_dir):
        c.LabApp.extra_labextensions_path = [extra]
    c.FileContentsManager.delete_to_trash = False
    c.FileContentsManager.always_delete_dir = True
    return c


def for_team(c: Config, user: KernelUser, home: Path) -> None:
    """Profile team: kernels and files are another user's, and nothing else on the server runs or reads for them."""
    from jupyter_server.extension.config import ExtensionConfigManager

    from alm_workbench.server.team_files import TeamFiles

    TeamFiles.user = user
    server = c.ServerApp
    server.contents_manager_class = TeamFiles
    server.kernel_spec_manager_class = NativeKernel
    server.terminals_enabled = False
    # language servers, converters and whatever else is installed would act on the workspace as the server's user
    found = ExtensionConfigManager(read_config_path=jupyter_config_path()).get_jpserver_extensions()  # type: ignore[no-untyped-call]
    server.jpserver_extensions = {name: name in TEAM_EXTENSIONS for name in {*found, *server.jpserver_extensions}}
    c.MultiKernelManager.kernel_manager_class = "alm_workbench.server.kernels.AlmKernel"
    c.NotebookNotary.data_dir = str(home)


def without_token(handler: Any, page_config: dict[str, Any]) -> dict[str, Any]:
    """What a page of Lab is told, without the owner's token: its requests are those of whoever is logged in.

    With the token they would be the owner's, whoever opened the page, and also after that log-in has ended.
    """
    page_config["token"] = ""
    return page_config


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


def make_lab(config: Config, *, team: bool = False) -> Any:
    """An initialised Lab server, ready to start."""
    quiet()
    use_everywhere()
    app = lab_app()
    if team:
        app.serverapp_class = TeamServer
    server = app.initialize_server(argv=[], config=config)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # at once and without a question, also when the shell that started us in the background ignores Ctrl-C
        signal.signal(number, server._signal_stop)
    return server
