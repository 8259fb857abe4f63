"""Life cycle of the embedded PostgreSQL: made on first start, shared by processes, stopped by the last one out."""

from __future__ import annotations

import atexit
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from alm_workbench.storage import postmaster
from alm_workbench.storage.binaries import Binaries, find_binaries, reachable
from alm_workbench.storage.errors import ClusterVersionError, StorageError, explain_os_errors, from_postgres_text
from alm_workbench.storage.leases import Lease, exclusive
from alm_workbench.storage.osuser import OsUser, require_reachable, server_user

SUPERUSER = "postgres"
PORT = 5432
SOCKET_LIMIT = 107  # bytes of a unix socket path that every system accepts
LOG_LIMIT = 20_000_000

Progress = Callable[[str], None]

SETTINGS: Mapping[str, str] = {
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "idle_in_transaction_session_timeout": "10min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}


class EmbeddedPostgres:
    """One cluster below `data_dir` (pg/, secrets/, run/), used by this process from start() to stop()."""

    def __init__(
        self,
        data_dir: Path,
        *,
        env: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        settings: Mapping[str, str] | None = None,
        tcp_port: int | None = None,
        start_timeout: float = 600.0,
    ) -> None:
        """`settings` override SETTINGS; `tcp_port` opens 127.0.0.1 as well; `start_timeout` in seconds."""
        self.data_dir = data_dir.absolute()
        self.cluster = self.data_dir / "pg"
        self._env = os.environ if env is None else env
        self._progress = progress or (lambda _message: None)
        self._settings = {**SETTINGS, **(settings or {})}
        self._tcp_port = tcp_port
        self._start_timeout = start_timeout
        self._lease = Lease(self.data_dir / "run" / "pg.lease")
        self._user: OsUser | None = None
        self._binaries: Binaries | None = None

    # -- life cycle ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make sure that the server runs and hold it; raises StorageError with one sentence when that fails."""
        self._prepare_directories()
        self._user = server_user(self.cluster)
        if self._user is not None:
            require_reachable(self.cluster, self._user)
        self._binaries = reachable(find_binaries(self._env), self._user, self.data_dir)
        with exclusive(self._lock, lambda: self._progress("Another process is starting the database; waiting for it")):
            self._lease.take()
            try:
                self._bring_up()
            except BaseException:
                self._lease.leave()
                raise
        atexit.register(self.stop)

    def stop(self) -> None:
        """Let go of the server; the last process out stops it. Does nothing twice, or in a forked child."""
        atexit.unregister(self.stop)
        if not self._lease.held:
            return
        with exclusive(self._lock):
            server = postmaster.running(self.cluster)
            if self._lease.leave() and server is not None:
                self._run("pg_ctl", "-D", str(self.cluster), "-w", "-t", "120", "-m", "fast", "stop")
                if Path(server.socket_dir) != self.cluster:
                    with suppress(OSError):
                        Path(server.socket_dir).rmdir()

    def revive(self) -> bool:
        """Start the server again when it died while this process holds it; whether that was so. Raises StorageError."""
        if not self._lease.held or postmaster.running(self.cluster) is not None:
            return False
        with exclusive(self._lock):
            if not self._lease.held or postmaster.running(self.cluster) is not None:
                return False
            self._bring_up()
        return True

    def is_running(self) -> bool:
        """True when a server of this cluster accepts connections (whoever started it)."""
        server = postmaster.running(self.cluster)
        return server is not None and server.ready

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def superuser_dsn(self, database: str = "postgres") -> str:
        """The DSN of the superuser: for bootstrap, backup and tests only, never for the workbench or a kernel."""
        if not self._password_file.exists():
            raise StorageError(
                f"The password of the embedded database is missing: {self._password_file} does not exist.",
                "Put the file back from a copy of the data directory, or restore a backup into a new --data-dir.",
            )
        return self.dsn(SUPERUSER, self._password_file.read_text().strip(), database)

    def dsn(self, user: str, password: str, database: str) -> str:
        """A libpq URL to this server through its socket."""
        server = postmaster.running(self.cluster)
        if server is None:
            raise StorageError(f"The embedded database in {self.data_dir} is not running.", "Start it with 'alm lab'.")
        host = quote(server.socket_dir, safe="")
        return f"postgresql://{quote(user)}:{quote(password)}@/{quote(database)}?host={host}&port={server.port}"

    @property
    def binaries(self) -> Binaries:
        """The programs in use (pg_dump and pg_restore lie beside them)."""
        if self._binaries is None:
            self._binaries = find_binaries(self._env)
        return self._binaries

    # -- directories -----------------------------------------------------------------------------------------------

    @property
    def _lock(self) -> Path:
        return self.data_dir / "run" / "pg.lock"

    @property
    def _password_file(self) -> Path:
        return self.data_dir / "secrets" / "superuser"

    def _prepare_directories(self) -> None:
        with explain_os_errors(self.data_dir):
            self.data_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
            (self.data_dir / "run").mkdir(mode=0o700, exist_ok=True)
            (self.data_dir / "secrets").mkdir(mode=0o700, exist_ok=True)

    def _socket_dir(self) -> Path:
        """The cluster itself when its path is short enough, else a private directory in the temporary one."""
        name = f".s.PGSQL.{self._tcp_port or PORT}"
        if len(os.fsencode(self.cluster / name)) <= SOCKET_LIMIT:
            return self.cluster
        uid = self._user.uid if self._user else os.geteuid()
        digest = hashlib.sha256(os.fsencode(self.cluster)).hexdigest()[:12]
        path = Path(tempfile.gettempdir()) / f"alm-pg-{uid}-{digest}"
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            found = path.lstat()
            if path.is_symlink() or found.st_uid != uid or found.st_mode & 0o077:
                path = Path(tempfile.mkdtemp(prefix="alm-pg-"))
        self._hand_over(path)
        return path

    def _hand_over(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.uid, self._user.gid)

    # -- making and starting ---------------------------------------------------------------------------------------

    def _bring_up(self) -> None:
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        server = postmaster.running(self.cluster)
        if server is None:
            postmaster.clear_remains(self.cluster, self._progress)
            self._start_server()
        elif not server.ready:
            self._wait_ready()

    def _check_version(self) -> None:
        found = (self.cluster / "PG_VERSION").read_text().strip()
        if int(found.split(".")[0]) != self.binaries.major:
            raise ClusterVersionError(
                f"{self.cluster} was made by PostgreSQL {found}, but these programs are {self.binaries.version}.",
                f"Set ALM_PG_BIN to the bin directory of PostgreSQL {found}, make a backup there with 'alm backup', "
                "and restore it into a new --data-dir.",
            )

    def _initialise(self) -> None:
        self._progress("Creating the database (first start)")
        fresh = self.cluster.with_name("pg.init")
        password = secrets.token_urlsafe(24)
        locale = ["--locale=C.UTF-8"]
        if self.binaries.major >= 17:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        with explain_os_errors(self.data_dir):
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            self._hand_over(fresh)
            password_file = self._handed_secret(password)
        try:
            self._run(
                "initdb", "-D", str(fresh), "-U", SUPERUSER, "-E", "UTF8", "-k", *locale,
                "-A", "scram-sha-256", "--pwfile", str(password_file),
            )  # fmt: skip
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        finally:
            password_file.unlink(missing_ok=True)
        with explain_os_errors(self.data_dir):
            with (fresh / "postgresql.conf").open("a") as conf:
                conf.write("\ninclude_if_exists = 'alm.conf'\n")
            write_secret(self._password_file, password)
            fresh.rename(self.cluster)

    def _handed_secret(self, password: str) -> Path:
        handle, name = tempfile.mkstemp(dir=self.data_dir, prefix=".initdb-")
        with os.fdopen(handle, "w") as file:
            file.write(password)
        self._hand_over(Path(name))
        return Path(name)

    def _write_settings(self) -> None:
        settings = {
            **self._settings,
            "listen_addresses": "127.0.0.1" if self._tcp_port else "",
            "port": str(self._tcp_port or PORT),
            "unix_socket_directories": str(self._socket_dir()),
            "unix_socket_permissions": "0700",
        }
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
        path = self.cluster / "alm.conf"
        with explain_os_errors(path):
            path.write_text(
                "# Written at every start; put your own settings into postgresql.auto.conf.\n" + "".join(lines)
            )
            path.chmod(0o600)
            self._hand_over(path)

    def _start_server(self) -> None:
        self._write_settings()
        log = self.cluster / "server.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.rename(log.with_suffix(".log.1"))
        offset = log.stat().st_size if log.exists() else 0
        timeout = str(int(self._start_timeout))
        command = ["-D", str(self.cluster), "-w", "-t", timeout, "-l", str(log), "start"]
        for attempt in range(20):  # after a SIGKILL the orphaned backends need a moment to leave shared memory
            try:
                self._run("pg_ctl", *command)
                return
            except StorageError:
                said = _since(log, offset)
                if attempt < 19 and "pre-existing shared memory block" in said:
                    time.sleep(0.5)
                    continue
                raise from_postgres_text(said, self.cluster) or self._start_failure(said) from None

    def _start_failure(self, said: str) -> StorageError:
        if postmaster.running(self.cluster) is not None:
            return StorageError(
                f"The embedded PostgreSQL is still recovering after {self._start_timeout:.0f} seconds.",
                "It goes on by itself; start again in a while.",
            )
        fatal = [line.split("FATAL:", 1)[1].strip() for line in said.splitlines() if "FATAL:" in line]
        reason = fatal[-1] if fatal else "it gave no reason"
        return StorageError(f"The embedded PostgreSQL did not start: {reason}.", f"See {self.cluster / 'server.log'}.")

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + self._start_timeout
        while time.monotonic() < deadline:
            server = postmaster.running(self.cluster)
            if server is None:
                raise self._start_failure("")
            if server.ready:
                return
            time.sleep(0.1)
        raise self._start_failure(f"FATAL: not ready after {self._start_timeout:.0f} s")

    def _run(self, program: str, *arguments: str) -> None:
        """Run a PostgreSQL program as the server's user, reporting progress while it takes long."""
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        options = self._user.subprocess_options() if self._user else {}
        with tempfile.TemporaryFile("w+") as output:  # a pipe would stay open in the server that pg_ctl leaves behind
            process = subprocess.Popen(
                [self.binaries.program(program), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", env=environment, **options,
            )  # fmt: skip
            begun = time.monotonic()
            while True:
                try:
                    code = process.wait(timeout=5)
                    break
                except subprocess.TimeoutExpired:
                    self._progress(f"PostgreSQL is still busy ({time.monotonic() - begun:.0f} s, {program})")
            if code:
                output.seek(0)
                said = output.read()
                last = said.strip().splitlines()[-1] if said.strip() else "no message"
                raise from_postgres_text(said, self.data_dir) or StorageError(f"{program} failed: {last}.")


def write_secret(path: Path, value: str) -> None:
    """Write `value` to `path` so that only this user can read it (never readable in between)."""
    fresh = path.with_name(path.name + ".tmp")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _since(log: Path, offset: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace")


if __name__ == "__main__":  # `python -m alm_workbench.storage.embedded DIR` holds a server until its input closes
    with EmbeddedPostgres(Path(sys.argv[1]), progress=lambda line: print(line, flush=True)) as held:
        print("up", held.superuser_dsn().split("@")[1], flush=True)
        sys.stdin.read()
