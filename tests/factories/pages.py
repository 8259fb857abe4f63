"""Our pages and the REST API behind a cookie, in a second process over the same database as `workbench`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from tests.factories.ports import free_port
from tests.factories.workbench import PASSWORD, Bench

SCRIPT = Path(__file__).with_name("serve_pages.py")
XSRF = re.compile(r'name="_xsrf" value="([^"]+)"')


@dataclass(frozen=True)
class Pages:
    """A running server with pages."""

    url: str

    @contextmanager
    def browser(self, email: str | None = None, password: str = PASSWORD) -> Iterator[httpx.Client]:
        """A client that keeps cookies, logged in when an e-mail is given."""
        with httpx.Client(base_url=self.url, timeout=30, headers={"Accept": "text/html"}) as client:
            if email is not None:
                answer = submit(client, "/login", email=email, password=password)
                assert answer.status_code == 303, answer.text
            yield client


def submit(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Open a page and send its form; redirects are not followed."""
    page = client.get(path)
    token = XSRF.search(page.text)
    assert token, page.text
    return client.post(path, data={"_xsrf": token[1], **fields})


@contextmanager
def serving(bench: Bench, **environment: str) -> Iterator[Pages]:
    """The server, while it is needed."""
    port = free_port()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ALM_", "JUPYTER"))}
    env |= {"TEST_DSNS": json.dumps(asdict(bench.dsns)), **environment}
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(port), str(bench.settings.data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line == f"Dashboards: http://127.0.0.1:{port}/\n", line
        yield Pages(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()
