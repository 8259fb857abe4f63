"""Runs a real JupyterLab with our identity for tests: `serve_lab.py PORT DIRECTORY TOKEN`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from jupyterlab.labapp import LabApp  # noqa: E402
from traitlets.config import Config  # noqa: E402

from alm_workbench.server.identity import AlmAuthorizer, AlmIdentityProvider, load_cookie_secret  # noqa: E402
from tests.integration.dashboards.people import OWNER, People  # noqa: E402
from tests.integration.dashboards.serve import WhoAmI  # noqa: E402


def run(port: str, directory: str, token: str) -> None:
    """Serve until a signal comes."""
    root = Path(directory)
    c = Config()
    c.ServerApp.ip, c.ServerApp.port, c.ServerApp.port_retries = "127.0.0.1", int(port), 0
    c.ServerApp.open_browser, c.ServerApp.allow_root, c.ServerApp.answer_yes = False, True, True
    c.ServerApp.root_dir = str(root)
    c.ServerApp.jpserver_extensions = {"jupyterlab": True, "voila.server_extension": False}
    c.ServerApp.identity_provider_class, c.ServerApp.authorizer_class = AlmIdentityProvider, AlmAuthorizer
    c.ServerApp.cookie_secret = load_cookie_secret(root)
    c.AlmIdentityProvider.token = token
    server: Any = LabApp.initialize_server(argv=[], config=c)
    server.web_app.add_handlers(".*$", [("/test/me", WhoAmI)])
    server.identity_provider.bind(People(), owner=OWNER, dashboards_url="http://127.0.0.1:1/dash")
    print("ready", flush=True)
    server.start()


if __name__ == "__main__":
    run(*sys.argv[1:])
