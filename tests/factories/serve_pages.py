"""The real dashboards server over a test's database, in a process of its own: `serve_pages.py PORT DATA_DIR`.

The DSNs come in the environment (`TEST_DSNS`), so that none of them is in a list of processes.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from alm_workbench import resources  # noqa: E402
from alm_workbench.composition import Runtime  # noqa: E402
from alm_workbench.config import Settings  # noqa: E402
from alm_workbench.dashboards.run import DashboardSettings, main  # noqa: E402
from alm_workbench.server.application import Application  # noqa: E402
from alm_workbench.server.light import defer_iri_grammars  # noqa: E402
from alm_workbench.server.routes import alm_handlers  # noqa: E402
from alm_workbench.storage.bootstrap import Database, Dsns  # noqa: E402


def run(port: str, data_dir: str) -> int:
    """Serve until a signal comes."""
    defer_iri_grammars()
    dsns = Dsns(**json.loads(os.environ.pop("TEST_DSNS")))
    settings = Settings(Path(data_dir)).prepare()
    runtime = Runtime(settings, Database(dsns), pool_size=4, third_party=False)
    application = Application.of(runtime)
    chosen = DashboardSettings(
        secrets_dir=settings.secrets_dir, notebooks=resources.path("notebooks", "dashboards"), port=int(port)
    )
    return main(chosen, application, alm_handlers(application, chosen.base_url), run=application.run)


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
