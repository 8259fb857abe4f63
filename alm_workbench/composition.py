"""Wires contexts, storage, mirror and mediators together; the only room that knows them all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from alm_workbench import logs, resources
from alm_workbench.config import Settings, environment
from alm_workbench.contexts.apikey.domain import KnownPrivileges
from alm_workbench.contexts.artifact.messages import ProjectOfArtifact
from alm_workbench.contexts.attachment.domain import BlobStore, FileLimit
from alm_workbench.contexts.auth.domain import AuthOptions, LiveBindings, Passwords, PrincipalMemory, TokenKind, Tokens
from alm_workbench.contexts.project.messages import ProjectPrivileges
from alm_workbench.contexts.reporting.domain import MirrorQueries, RightsForMirror
from alm_workbench.contexts.reporting.rights import ManifestRights
from alm_workbench.contexts.tenant.domain import Seed
from alm_workbench.contexts.tenant.onboarding import Apart
from alm_workbench.contexts.workflow import timers
from alm_workbench.contexts.workflow.messages import ProjectOfApproval
from alm_workbench.databases import Database, database_of
from alm_workbench.mirror.service import MirrorService
from alm_workbench.mpc import DomainMeta, FunctionDef, load_domain_meta
from alm_workbench.shared.context import MessageContext, Services
from alm_workbench.shared.limits import RateLimiter
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, REGISTRY, Command, Message, Spec
from alm_workbench.shared.plugins import ExpressionFunctions, Plugins
from alm_workbench.shared.principal import Principal, grants
from alm_workbench.shared.tiers import Tiers, shipped_tiers
from alm_workbench.storage.audit.vault import Vault
from alm_workbench.storage.background import Background
from alm_workbench.storage.blob_upkeep import blob_jobs
from alm_workbench.storage.blobs import FileBlobs
from alm_workbench.storage.dead_letters import DeadLetters
from alm_workbench.storage.engine import make_engine
from alm_workbench.storage.health import look
from alm_workbench.storage.job_worker import JobWorker
from alm_workbench.storage.jobs import JobQueue
from alm_workbench.storage.outbox import OutboxMessage, Publisher
from alm_workbench.storage.units import PostgresUnits
from alm_workbench.storage.upkeep import upkeep

if TYPE_CHECKING:
    from sqlalchemy import Engine

R = TypeVar("R")
POOL_SIZE = 8


@dataclass
class Bindings:
    """Which kernels and server instances live: tokens that are bound to others are dead."""

    instance: str = ""
    kernel_alive: Callable[[str], bool] = field(default=lambda kernel_id: False)

    def alive(self, kind: TokenKind, binding: str) -> bool:
        """Whether the kernel or server instance still lives."""
        if kind == "kernel":
            return self.kernel_alive(binding)
        return kind == "owner" and bool(self.instance) and binding == self.instance


class OwnTransactions:
    """Runs commands apart from the one that asks for it; the Mediator is put in once it is made."""

    mediator: LocalMediator

    def send(self, command: Command[R], /) -> R:
        """Send as nobody, in a transaction that commits by itself."""
        return self.mediator.as_principal(None).send(command)

    def send_as(self, principal: Principal, command: Command[R], /) -> R:
        """Send as somebody, in a transaction that commits by itself."""
        return self.mediator.as_principal(principal).send(command)


class Runtime:
    """A running workbench in this process: database, plugins, mirror and the Mediator over them."""

    def __init__(
        self, settings: Settings, database: Database, *, pool_size: int = POOL_SIZE, third_party: bool = True
    ) -> None:
        logs.configure()
        self.settings = settings
        self.database = database
        self.engine: Engine = make_engine(database.dsns.app, pool_size=pool_size, application_name="alm-app")
        self.plugins = Plugins(third_party=third_party)
        self.meta = domain_meta(self.plugins)
        self.tokens = Tokens(settings.token_secret())
        self.bindings = Bindings()
        self.principals = PrincipalMemory()
        self.auth_options = AuthOptions.of(environment())
        self._apart = OwnTransactions()
        self.vault = Vault(database.dsns.worker, settings.audit_keys_dir)
        self.blobs = FileBlobs(settings.blobs_dir)
        self.mirror = MirrorService(
            settings.mirror_dir,
            database.dsns.mirror,
            reports=self.plugins.reports(),
            log_file=settings.log_dir / "mirror.log",
        )
        handlers = self.plugins.handlers(self._services())
        self.jobs = upkeep(
            database.dsns.worker,
            [*self.plugins.jobs(), *self.vault.jobs(), *blob_jobs(self.blobs), *timers.specs(self._apart.send_as)],
        )
        units = PostgresUnits(self.engine, queues={spec.name: spec.queue for spec in self.jobs if not spec.upkeep})
        self.mediator = self._apart.mediator = LocalMediator(
            handlers, units, may=may, cursor_key=settings.token_secret().encode()
        )
        self._background: Background | None = None

    def _services(self) -> Services:
        services = Services()
        services.provide(DomainMeta, self.meta)
        services.provide(Tokens, self.tokens)
        services.provide(Passwords, Passwords())
        services.provide(PrincipalMemory, self.principals)
        services.provide(AuthOptions, self.auth_options)
        services.provide(LiveBindings, self.bindings)  # type: ignore[type-abstract]
        services.provide(Seed, read_seed())
        services.provide(Tiers, shipped_tiers())
        services.provide(Apart, self._apart)  # type: ignore[type-abstract]
        services.provide(KnownPrivileges, known_privileges())
        services.provide(Vault, self.vault)
        services.provide(BlobStore, self.blobs)
        services.provide(FileLimit, FileLimit.of(environment()))
        services.provide(MirrorQueries, self.mirror)  # type: ignore[type-abstract]
        services.provide(RightsForMirror, ManifestRights())  # type: ignore[type-abstract]
        functions = {spec.name: spec.implementation for spec in self.plugins.functions()}
        services.provide(ExpressionFunctions, ExpressionFunctions(functions))
        return services

    def limiter(self) -> RateLimiter:
        """Counts the requests of one server, together with the other processes on this database."""
        from alm_workbench.storage.ratelimit import SharedRateLimiter

        limiter = SharedRateLimiter(self.database.dsns.app, self.settings.token_secret().encode())
        limiter.start()
        return limiter

    def start_background(self, *, warm: bool = True, queues: Sequence[str] | None = None) -> None:
        """Keep the mirror fresh, publish the outbox and run jobs from now on, and keep the embedded database running.

        ``warm`` makes ready for the first report too; ``queues``: whose jobs run here (None: all, empty: none).
        """
        self.mirror.start(warm=warm)
        self._background = Background(self.database, self._publish, self.jobs, queues=queues)
        self._background.start()

    def start_worker(self, queues: Sequence[str] | None, *, concurrency: int) -> None:
        """Publish the outbox and run jobs from now on, without serving anybody."""
        self._background = Background(self.database, self._publish, self.jobs, queues=queues, concurrency=concurrency)
        self._background.start()

    def work_once(self, queues: Sequence[str] | None, *, concurrency: int = 1) -> None:
        """Publish and run what is due now, and return."""
        dsn = self.database.dsns.worker
        Publisher(dsn, self._publish).drain()
        JobWorker(dsn, self.jobs, queues=queues, concurrency=concurrency).drain()

    @property
    def queue(self) -> JobQueue:
        """The job queue, for the owner of the installation."""
        return JobQueue(self.database.dsns.worker, self.jobs)

    @property
    def dead_letters(self) -> DeadLetters:
        """Events that could not be published, for the owner of the installation."""
        return DeadLetters(self.database.dsns.worker)

    def _publish(self, message: OutboxMessage) -> None:
        self.plugins.publish(asdict(message))

    def organisations(self) -> list[str]:
        """The slugs of every organisation in this database, by name; for the owner of the machine only."""
        import psycopg

        with psycopg.connect(self.database.dsns.worker) as conn:
            return [str(row[0]) for row in conn.execute("SELECT slug FROM alm.tenants ORDER BY slug")]

    def overview(self) -> list[dict[str, Any]]:
        """Every organisation with its subscription, status and number of members; for the owner of the machine only."""
        import psycopg
        from psycopg.rows import dict_row

        with psycopg.connect(self.database.dsns.worker, row_factory=dict_row) as conn:
            return conn.execute(
                "SELECT slug, name, tier, status, (SELECT count(*) FROM alm.memberships m"
                " WHERE m.tenant_id = t.tenant_id AND m.deleted_at IS NULL) AS members,"
                " date_trunc('second', created_at) AS created_at FROM alm.tenants t ORDER BY slug"
            ).fetchall()

    def readiness(self) -> dict[str, Any]:
        """How the parts do: database, what waits there, our own threads, plugins that could not be loaded."""
        state: dict[str, Any] = {"status": "ok", "db": "ok"}
        try:
            state |= look(self.database.dsns.worker)
        except Exception:  # whatever the driver says, the answer is the same
            state |= {"status": "failing", "db": "failing"}
        dead = self._background.dead() if self._background is not None else []
        state |= {"status": "failing", "stopped": dead} if dead else {}
        broken = [info.name for info in self.plugins.infos if info.error]
        if broken:
            state["plugins"] = broken
        return state

    def close(self) -> None:
        """Stop what was started here; the embedded server stops with its last user."""
        if self._background is not None:
            self._background.stop()
        with contextlib.suppress(Exception):
            self.mirror.stop()
        self.engine.dispose()
        self.database.close()


@contextmanager
def opened(
    settings: Settings,
    *,
    env: Mapping[str, str] | None = None,
    upgrade: bool = True,
    progress: Callable[[str], None] | None = None,
    pool_size: int = POOL_SIZE,
) -> Iterator[Runtime]:
    """Open (and by default migrate) the database of an installation; raises ``ConfigurationError`` in one sentence."""
    with database_of(settings, env=env, upgrade=upgrade, progress=progress) as database:
        runtime = Runtime(settings, database, pool_size=pool_size)
        try:
            yield runtime
        finally:
            runtime.close()


def domain_meta(plugins: Plugins) -> DomainMeta:
    """The vocabulary of manifests with the functions that plugins add."""
    base = load_domain_meta(resources.path("alm_meta", "domain_meta.yaml").read_text("utf-8"))
    extra = [FunctionDef(spec.name, spec.args, spec.returns, spec.cost) for spec in plugins.functions()]
    return base.with_functions(extra) if extra else base


def read_seed() -> Seed:
    """What a new organisation starts with, and the privileges there are."""
    import yaml

    def items(name: str, key: str) -> list[dict[str, Any]]:
        data = yaml.safe_load(resources.path("alm_meta", "seed", name).read_text("utf-8"))
        return list(data[key])

    workflow = yaml.safe_load(resources.path("alm_meta", "seed", "default_workflow.yaml").read_text("utf-8"))
    return Seed(
        items("default_roles.yaml", "roles"),
        items("default_policies.yaml", "policies"),
        [workflow["workflow"]],
        items("default_privileges.yaml", "privileges"),
    )


def known_privileges() -> KnownPrivileges:
    """Every code of the seed, and those that messages of plugins ask for."""
    import yaml

    data = yaml.safe_load(resources.path("alm_meta", "seed", "default_privileges.yaml").read_text("utf-8"))
    asked = {spec.privilege for spec in REGISTRY.all()} - {PUBLIC, AUTHENTICATED}
    return KnownPrivileges(frozenset(asked | {entry["code"] for entry in data["privileges"]}))


def may(ctx: MessageContext, spec: Spec, message: Message[Any]) -> bool:
    """The privilege check: tenant-wide roles first, then the roles in the project the message is about."""
    limits = ctx.principal.limits
    if limits is not None and limits.projects is not None:
        about = project_of(ctx, message)
        if not limits.opens(about) if about is not None else spec.name != "ListProjects":
            return False
    if ctx.principal.may(spec.privilege):
        return True
    project_id = project_of(ctx, message)
    if project_id is None:
        return spec.name == "ListProjects" and (limits is None or grants(limits.scopes, spec.privilege))
    return grants(ctx.ask(ProjectPrivileges(project_id)), spec.privilege)


def project_of(ctx: MessageContext, message: Message[Any]) -> Any:
    """The project a message is about, where it is about one."""
    project_id = getattr(message, "project_id", None)
    if isinstance(project_id, UUID):
        return project_id
    approval_id = getattr(message, "approval_id", None)
    if isinstance(approval_id, UUID):
        return ctx.ask(ProjectOfApproval(approval_id))
    artifact_id = getattr(message, "artifact_id", None) or getattr(message, "cycle_id", None)
    return ctx.ask(ProjectOfArtifact(artifact_id)) if isinstance(artifact_id, UUID) else None  # type: ignore[arg-type]
