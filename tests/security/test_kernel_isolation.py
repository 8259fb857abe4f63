"""Profile team, with two users of the operating system: what code in a kernel reaches, and what it does not."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alm_workbench.config import Settings
from alm_workbench.errors import ConfigurationError
from alm_workbench.server import kernel_user
from alm_workbench.server.kernel_user import KernelUser, check_isolation, find_kernel_user, own_places
from tests.factories.database import short_dir
from tests.factories.lab import Kernel, Lab
from tests.factories.others_python import OthersPython, python_for, stranger

CANARIES = {"AWS_SECRET_ACCESS_KEY": "c4nary-aws", "PGPASSWORD": "c4nary-pg", "ALM_SOMETHING": "c4nary-alm"}
pytestmark = pytest.mark.skipif(stranger() is None, reason="only root can start kernels as another user")


@dataclass
class Team:
    """A Lab in profile team and one kernel of its owner."""

    lab: Lab
    user: pwd.struct_passwd
    kernel: Kernel

    @property
    def workspace(self) -> Path:
        return self.lab.data_dir / "workspaces" / self.user.pw_name


@pytest.fixture(scope="module")
def others() -> Iterator[OthersPython]:
    """A Python that the kernel user may run."""
    user = stranger()
    assert user is not None
    with python_for(user) as python:
        yield python


@pytest.fixture(scope="module")
def team(others: OthersPython) -> Iterator[Team]:
    """One server for the module; its environment is full of secrets."""
    user, folder = stranger(), short_dir("alm-team-")
    assert user is not None
    options = ["--profile", "team", "--kernel-user", user.pw_name]
    lab = Lab(folder, options=options, python=others.path, env=others.env | CANARIES)
    try:
        lab.start()
        yield Team(lab, user, lab.kernel())
    finally:
        lab.stop()
        shutil.rmtree(folder, ignore_errors=True)


def opened(team: Team, paths: list[Path]) -> list[str]:
    """Those of the files that a kernel can read."""
    code = """
def readable(path):
    try:
        with open(path, 'rb') as file:
            file.read(1)
        return True
    except OSError:
        return False
"""
    found: list[str] = team.kernel.value(
        f"[p for p in json.loads({json.dumps(list(map(str, paths)))!r}) if readable(p)]", code
    )
    return found


def test_a_kernel_is_another_user_without_groups(team: Team) -> None:
    """And its working directory is the workspace of that user."""
    about = team.kernel.value("[os.getuid(), os.geteuid(), os.getgid(), os.getgroups(), os.getcwd()]", "import os")
    assert about == [team.user.pw_uid, team.user.pw_uid, team.user.pw_gid, [], str(team.workspace)]


def test_a_kernel_knows_the_address_and_its_token_and_no_secret(team: Team) -> None:
    """Of everything that the server's environment holds."""
    env: dict[str, str] = team.kernel.value("dict(os.environ)", "import os")
    assert {name for name in env if name.startswith(("ALM_", "PG", "AWS"))} - {"PGRP"} == {"ALM_API_URL", "ALM_TOKEN"}
    assert "c4nary" not in json.dumps(env)


def test_a_kernel_does_its_work(team: Team) -> None:
    """It reaches the API as the person who started it, and keeps files in the workspace."""
    assert team.kernel.value("alm.connect().me.email", "import alm_workbench as alm") == "owner@home.example"
    team.kernel.run("open('made.txt', 'w').write('by the kernel')")
    assert json.loads(team.lab.call("GET", "/api/contents/made.txt")[1])["content"] == "by the kernel"
    status, _ = team.lab.call("PUT", "/api/contents/saved.txt", {"type": "file", "format": "text", "content": "by Lab"})
    assert status == 201
    assert team.kernel.run("print(open('saved.txt').read(), end='')") == "by Lab"
    assert (team.workspace / "saved.txt").stat().st_uid == team.user.pw_uid
    assert (team.workspace / "tutorials").is_dir()


def test_a_kernel_reads_nothing_else_of_the_installation(team: Team) -> None:
    """Secrets, the database's files, the mirror, logs, files of running processes: every file there is."""
    mine = (team.workspace, team.lab.data_dir / "homes")
    files = [p for p in team.lab.data_dir.rglob("*") if p.is_file() and not any(p.is_relative_to(m) for m in mine)]
    assert {p.relative_to(team.lab.data_dir).parts[0] for p in files} >= {"secrets", "run", "pg"}
    assert opened(team, files) == []
    assert opened(team, [p for p in mine[0].rglob("*") if p.is_file()])


def test_a_kernel_reads_nothing_of_the_server_process(team: Team) -> None:
    """Neither its environment nor its memory nor its open files; and it cannot stop it."""
    assert team.lab.process is not None
    server = Path(f"/proc/{team.lab.process.pid}")
    assert opened(team, [server / "environ", server / "mem", server / "maps"]) == []
    listed = f"os.access('{server}/fd', os.R_OK | os.X_OK)"
    assert team.kernel.value(listed, "import os") is False
    refused = f"""
import os
try:
    os.kill({team.lab.process.pid}, 0); said = 'reached'
except PermissionError:
    said = 'refused'
"""
    assert team.kernel.value("said", refused) == "refused"


def test_a_kernel_holds_no_file_of_the_server(team: Team) -> None:
    """Nothing is inherited: what it has open lies in its home or is a pipe or socket of its own."""
    names = "[os.readlink('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd') if os.path.lexists('/proc/self/fd/' + n)]"
    held: list[str] = team.kernel.value(names, "import os")
    paths = [name for name in held if name.startswith("/") and not name.startswith("/proc/")]
    assert paths
    assert all(name.startswith(str(team.lab.data_dir / "homes")) for name in paths), paths


def test_a_kernel_does_not_reach_the_database(team: Team) -> None:
    """Not through the socket, not with any role."""
    pid_file = next(team.lab.data_dir.rglob("postmaster.pid")).read_text().splitlines()
    port, folder = pid_file[3], pid_file[4]
    code = f"""
import psycopg
said = []
for role in ('alm_app', 'alm_owner', 'alm_worker', 'alm_mirror', 'postgres'):
    for host in ({folder!r}, '127.0.0.1'):
        try:
            psycopg.connect(host=host, port={port}, user=role, dbname='alm', connect_timeout=3).close()
            said.append([role, host])
        except psycopg.OperationalError:
            pass
"""
    assert team.kernel.value("said", code) == []


def test_a_link_in_the_workspace_leads_the_server_nowhere(team: Team) -> None:
    """Lab's file browser has the kernel user's identity: it neither reads nor writes beyond it."""
    secrets = team.lab.data_dir / "secrets"
    secret = (secrets / "token.key").read_bytes()
    team.kernel.run(
        f"import os\nos.symlink({str(secrets)!r}, 'way'); os.symlink({str(secrets / 'token.key')!r}, 'key.txt')"
    )
    for path in ("/api/contents/key.txt", "/api/contents/way/token.key", "/files/key.txt", "/files/way/token.key"):
        status, body = team.lab.call("GET", path)
        assert status in (403, 404, 500), path
        assert secret not in body
    text = {"type": "file", "format": "text", "content": "overwritten"}
    for path in ("key.txt", "way/new.txt", "way/token.key"):
        assert team.lab.call("PUT", f"/api/contents/{path}", text)[0] in (403, 404, 500), path
    assert team.lab.call("DELETE", "/api/contents/way/token.key")[0] in (400, 403, 404, 500)
    assert (secrets / "token.key").read_bytes() == secret
    assert not (secrets / "new.txt").exists()


@pytest.mark.parametrize(
    "path", ["/api/terminals", "/api/nbconvert", "/nbconvert/html/x.ipynb", "/lsp/status", "/voila"]
)
def test_nothing_else_works_on_the_workspace_as_the_server(team: Team, path: str) -> None:
    """No terminals, no converters, no language servers, no second Voila."""
    assert team.lab.call("GET", path)[0] == 404


def test_a_token_dies_with_its_kernel(team: Team) -> None:
    """Whoever copied it out has nothing once the kernel is gone, and cannot renew it."""
    kernel = team.lab.kernel()
    token = kernel.value("os.environ['ALM_TOKEN']", "import os")
    asked = {"Authorization": f"Bearer {token}"}
    assert team.lab.call("GET", "/alm/api/v1/auth/me", **asked)[0] == 200
    kernel.stop()
    assert team.lab.call("GET", "/alm/api/v1/auth/me", **asked)[0] == 401
    assert team.lab.call("POST", "/alm/api/v1/auth/kernel-token", {"token": token}, **asked)[0] == 401


def test_connection_files_belong_to_the_kernel_user_alone(team: Team) -> None:
    """Whoever reads one may run code in the kernel."""
    folder = Path(team.kernel.value("sys.argv[-1]", "import sys")).parent
    assert (folder.stat().st_uid, folder.stat().st_mode & 0o777) == (0, 0o711)
    files = list(folder.iterdir())
    assert files
    for file in files:
        assert (file.stat().st_uid, file.stat().st_mode & 0o077) == (team.user.pw_uid, 0)


# -- what is refused before anything starts


@pytest.mark.parametrize(("name", "word"), [("root", "must not be root"), ("no-such-user", "no user 'no-such-user'")])
def test_a_kernel_user_must_be_somebody_else(name: str, word: str) -> None:
    """One sentence says why."""
    with pytest.raises(ConfigurationError, match=word):
        find_kernel_user(name)


def test_the_databases_own_user_cannot_run_kernels(tmp_path: Path) -> None:
    """It may read the rows of every organisation in the files."""
    user = stranger()
    assert user is not None
    cluster = tmp_path / "pg" / "pgdata"
    cluster.mkdir(parents=True)
    os.chown(cluster, user.pw_uid, user.pw_gid)
    with pytest.raises(ConfigurationError, match="could read the data of every organisation"):
        kernel_user.refuse_owner_of_data(KernelUser(user.pw_name, user.pw_uid, user.pw_gid), Settings(tmp_path))


@pytest.mark.parametrize("open_up", ["secrets", "run"])
def test_a_start_finds_what_is_open_to_the_kernel_user(
    others: OthersPython, monkeypatch: pytest.MonkeyPatch, open_up: str
) -> None:
    """Permissions that somebody loosened are found by looking, not by hoping."""
    entry, folder = stranger(), short_dir("alm-open-")
    assert entry is not None
    monkeypatch.setattr(sys, "executable", others.path)
    for name, value in others.env.items():
        monkeypatch.setenv(name, value)
    try:
        settings, user = Settings(folder).prepare(), KernelUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
        settings.token_secret()
        places = own_places(user, settings)
        check_isolation(user, settings, places)
        (folder / open_up).chmod(0o755)
        with pytest.raises(ConfigurationError, match=rf"can read {folder / open_up}"):
            check_isolation(user, settings, places)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_groups_of_the_server_open_nothing() -> None:
    """What root's groups may read (`/etc/shadow` in many a group, disks) is not the kernel user's, through a link either."""
    entry, folder = stranger(), short_dir("alm-groups-")
    assert entry is not None
    user = KernelUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    code = f"""
import os
from alm_workbench.server.kernel_user import KernelUser
os.setgroups([0, 4242])
for gid in (0, 4242):
    path = os.path.join({str(folder)!r}, str(gid))
    with open(path, 'w') as file:
        file.write('x')
    os.chown(path, 0, gid)
    os.chmod(path, 0o640)
    with KernelUser({user.name!r}, {user.uid}, {user.gid}).files():
        try:
            open(path).close()
            print('read', gid)
        except PermissionError:
            pass
"""
    folder.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    shutil.rmtree(folder)
    assert done.stdout == ""


def test_the_identity_is_this_threads_and_ends(tmp_path: Path) -> None:
    """Also after an error, and when it is nested."""
    entry = stranger()
    assert entry is not None
    user, secret = KernelUser(entry.pw_name, entry.pw_uid, entry.pw_gid), tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o600)

    def look() -> Any:
        try:
            return secret.read_text()
        except PermissionError:
            return None

    with user.files():
        with user.files():
            assert look() is None
        assert look() is None
    with pytest.raises(ZeroDivisionError), user.files():
        raise ZeroDivisionError
    assert look() == "x"
