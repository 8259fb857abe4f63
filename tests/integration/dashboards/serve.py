"""Runs the real dashboards server for tests, in a process of its own: `serve.py PORT NOTEBOOKS SECRETS CULL`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from tornado import web  # noqa: E402

from alm_workbench.dashboards.run import DashboardSettings, main  # noqa: E402
from alm_workbench.errors import AlmError  # noqa: E402
from tests.integration.dashboards.people import OWNER, People  # noqa: E402


class WhoAmI(web.RequestHandler):
    """Stands where the REST API stands: a plain tornado handler that asks the identity provider."""

    auth_resource = "alm"

    async def get(self) -> None:
        user = await self.settings["identity_provider"].get_user(self)
        if user is None:
            self.set_status(401)
        self.finish(json.dumps({"email": getattr(user, "email", None), "tenant": getattr(user, "tenant_name", None)}))

    async def post(self) -> None:
        await self.get()


def run(port: str, notebooks: str, secrets: str, cull: str, parent: str = "") -> int:
    """Serve until a signal comes."""
    settings = DashboardSettings(
        secrets_dir=Path(secrets),
        notebooks=Path(notebooks),
        port=int(port),
        owner=OWNER,
        lab_url="http://127.0.0.1:1/lab",
        cull_seconds=int(cull),
        parent_pid=int(parent) if parent else None,
    )
    rules: list[Any] = [("/test/me", WhoAmI)]
    try:
        return main(settings, People(), rules)
    except AlmError as error:
        print(error.detail, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
