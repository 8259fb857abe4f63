"""A whole workbench on a test database: two organisations with people and a project each, and a REST server.

def test_x(workbench: Bench): ...     shared by the module; `workbench.acme.engineer` is a mediator
def test_y(api: Api): ...             the same over HTTP: `api.get("/projects", who=…)`
"""

from __future__ import annotations

import asyncio
import functools
import json
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from argon2 import PasswordHasher

from alm_workbench import resources
from alm_workbench.composition import Runtime
from alm_workbench.config import Settings
from alm_workbench.contexts.auth.messages import CreateAccount
from alm_workbench.contexts.auth.session_messages import ResolvePrincipal
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject, ProjectDTO
from alm_workbench.contexts.tenant.onboarding_messages import OnboardTenant
from alm_workbench.contexts.tenant.people_messages import AddMember
from alm_workbench.server.application import Application
from alm_workbench.shared.ids import VersionId
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.storage.bootstrap import Database, Dsns
from tests.factories.database import short_dir

PASSWORD = "correct horse battery"
QUICK_HASHER = functools.partial(PasswordHasher, time_cost=1, memory_cost=512, parallelism=1)
"""Argon2 as in the product, at a cost that lets tests make many accounts."""
ROLES = ("manager", "engineer", "reviewer", "viewer")


def safety_manifest() -> str:
    """The text of the process that ships."""
    return resources.path("alm_meta", "manifests", "safety.alm").read_text("utf-8")


@dataclass
class Org:
    """One organisation; a mediator for each role, and its project DEMO under the safety process."""

    slug: str
    tenant_id: UUID
    mediators: dict[str, LocalMediator]
    project: ProjectDTO
    version_id: VersionId

    def __getattr__(self, role: str) -> LocalMediator:
        try:
            return self.__dict__["mediators"][role]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(role) from None

    def email(self, role: str) -> str:
        """The e-mail of the person with a role."""
        return f"{role}@{self.slug}.example"


@dataclass
class Bench:
    """A running workbench."""

    runtime: Runtime
    settings: Settings
    dsns: Dsns
    orgs: dict[str, Org] = field(default_factory=dict)

    @property
    def acme(self) -> Org:
        """The first organisation."""
        return self.orgs["acme"]

    @property
    def globex(self) -> Org:
        """The second organisation."""
        return self.orgs["globex"]


def make_bench(dsns: Dsns, folder: Path, slugs: tuple[str, ...] = ("acme", "globex")) -> Bench:
    """A workbench with organisations on an empty, migrated database."""
    settings = Settings(folder).prepare()
    with patch("argon2.PasswordHasher", QUICK_HASHER):
        runtime = Runtime(settings, Database(dsns), pool_size=6, third_party=False)
    bench = Bench(runtime, settings, dsns)
    for slug in slugs:
        bench.orgs[slug] = make_org(runtime, slug)
    return bench


def make_org(runtime: Runtime, slug: str, roles: tuple[str, ...] = ROLES) -> Org:
    """An organisation with an owner, one person for each role, and a project."""
    root = runtime.mediator.as_principal(None)

    def person(role: str) -> UUID:
        return root.send(CreateAccount(f"{role}@{slug}.example", f"{role.title()} of {slug}", PASSWORD)).user_id

    def mediator(user_id: UUID, tenant_id: UUID) -> LocalMediator:
        principal = root.query(ResolvePrincipal(user_id, tenant_id))
        assert principal is not None
        return root.as_principal(principal)

    owner_id = person("owner")
    tenant = root.send(
        OnboardTenant(slug, slug.title(), owner_id, f"owner@{slug}.example", "Owner", timezone="Europe/Istanbul")
    )
    mediators = {"owner": mediator(owner_id, tenant.tenant_id)}
    for role in roles:
        user_id = person(role)
        mediators["owner"].send(AddMember(f"{role}@{slug}.example", (role,)))
        mediators[role] = mediator(user_id, tenant.tenant_id)
    version = mediators["owner"].send(SaveManifest(safety_manifest()))
    project = mediators["owner"].send(CreateProject("DEMO", f"Demo of {slug}"))
    mediators["owner"].send(ActivateManifest(project.id, version.version_id))
    return Org(slug, tenant.tenant_id, mediators, project, version.version_id)


@pytest.fixture(scope="module")
def workbench(module_db: Dsns) -> Iterator[Bench]:
    """A workbench that the tests of a module share."""
    folder = short_dir("alm-bench-")
    bench = make_bench(module_db, folder)
    yield bench
    bench.runtime.mirror.stop()
    bench.runtime.engine.dispose()
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Api:
    """The REST API of a workbench on a real socket."""

    port: int

    def __init__(self, bench: Bench, *, scale: int = 1000) -> None:
        """`scale` multiplies every rate limit; 1 has them as they are."""
        self.bench = bench
        self.application = Application.of(bench.runtime)
        self.application.limits.scale = scale
        self._tokens: dict[tuple[str, str], str] = {}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(20)

    @property
    def url(self) -> str:
        """The address of the server, with a slash at the end."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def base(self) -> str:
        """The address of the API."""
        return f"{self.url}alm/api/v1"

    def _serve(self) -> None:
        from tornado.netutil import bind_sockets
        from tornado.web import Application as Tornado

        from alm_workbench.server.connections import ProblemServer
        from alm_workbench.server.routes import alm_handlers

        async def run() -> None:
            self._loop = asyncio.get_running_loop()
            self._done = asyncio.Event()
            server = ProblemServer(Tornado(list(alm_handlers(self.application, "/")), xsrf_cookies=True))
            sockets = bind_sockets(0, "127.0.0.1")
            server.add_sockets(sockets)
            self.port = sockets[0].getsockname()[1]
            self._ready.set()
            await self._done.wait()
            server.stop()
            await server.close_all_connections()

        asyncio.run(run())

    def close(self) -> None:
        """Stop the server."""
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)
        self.application.close()

    def token(self, role: str = "owner", org: str = "acme") -> str:
        """A bearer token of a person."""
        if (org, role) not in self._tokens:
            session = self.application.login(f"{role}@{org}.example", PASSWORD)
            self._tokens[org, role] = session.access_token
        return self._tokens[org, role]

    def forget_tokens(self) -> None:
        """Log in anew at the next request."""
        self._tokens.clear()

    def forget(self, role: str, org: str = "acme") -> None:
        """Log in anew before the next request of a person."""
        self._tokens.pop((org, role), None)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str | None = "owner",
        org: str = "acme",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request; `who=None` sends no token, bytes are sent as they are."""
        given = dict(headers or {})
        if who is not None:
            given.setdefault("Authorization", f"Bearer {self.token(who, org)}")
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        url = path if path.startswith("http") else self.base + path
        request = urllib.request.Request(url, data=data, method=method, headers=given)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return Reply(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def get(self, path: str, **more: Any) -> Reply:
        """GET."""
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        """POST."""
        return self.call("POST", path, body if body is not None else {}, **more)


@pytest.fixture(scope="module")
def api(workbench: Bench) -> Iterator[Api]:
    """The REST API of the module's workbench."""
    served = Api(workbench)
    yield served
    served.close()
