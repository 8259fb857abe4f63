"""Starts everything a user needs on one machine, and stops all of it again."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from alm_workbench import __version__, demo, resources
from alm_workbench.composition import Runtime, opened
from alm_workbench.config import Settings, environment
from alm_workbench.errors import ConfigurationError
from alm_workbench.production import WeakSettings, is_production
from alm_workbench.server.application import Application
from alm_workbench.server.kernel_user import KernelUser, check_isolation, own_places, refuse_owner_of_data
from alm_workbench.server.light import defer_iri_grammars

WORKSPACE = {
    "notebooks/tutorials": "tutorials",
    "notebooks/analyses": "analyses",
    "alm_meta/manifests": "alm_meta/manifests",
    "alm_meta/presets": "alm_meta/presets",
}


@dataclass(frozen=True, slots=True)
class LabOptions:
    """How to start."""

    port: int = 8888
    ip: str = "127.0.0.1"
    browser: bool = True
    demo: bool = True
    dashboards: bool = True
    kernel_user: KernelUser | None = None
    """Profile team: who kernels run as; None is profile personal."""

    @property
    def profile(self) -> str:
        """Whose code runs as whom."""
        return "personal" if self.kernel_user is None else "team"


def run_lab(settings: Settings, options: LabOptions) -> int:
    """Serve until Ctrl-C; raises ``ConfigurationError`` in one sentence when that is not possible."""
    started = time.perf_counter()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    check_port(options.ip, options.port)
    if options.demo and is_production(environment()):
        raise WeakSettings("The demo organisation, whose people share one password, has no place here; use --no-demo.")
    settings.prepare()
    refuse_second(settings)
    with opened(settings, progress=say) as runtime:
        if options.kernel_user is not None:
            refuse_owner_of_data(options.kernel_user, settings)
            os.setgroups([])  # files that only a group of root's may read are not for the kernel user either
        return LabServer(settings, options, runtime, started).run()


class LabServer:
    """One run of ``alm lab``."""

    def __init__(self, settings: Settings, options: LabOptions, runtime: Runtime, started: float) -> None:
        self._settings, self._options, self._runtime, self._started = settings, options, runtime, started
        self._dashboards: subprocess.Popen[bytes] | None = None
        self._dashboards_url: str | None = None
        self._application = Application.of(runtime)

    def run(self) -> int:
        """Seed if this is the first start, then serve."""
        owner = demo.ensure_owner(
            self._runtime.mediator,
            self._settings,
            demo=self._options.demo,
            organisations=self._runtime.organisations,
        )
        try:
            if self._options.dashboards:
                self._start_dashboards()  # it loads while the database is busy with seeding
            if demo.unfinished(self._settings).exists():
                if self._options.demo:
                    say("First start: seeding the demo organisation")
                    demo.DemoSeeder(self._runtime.mediator, self._settings, owner).run()
                demo.unfinished(self._settings).unlink()
            self._serve(owner, self._workspace())
        finally:
            self._settings.server_file.unlink(missing_ok=True)
            self._stop_dashboards()
            self._application.close()
        return 0

    def _workspace(self) -> tuple[Path, Path | None]:
        """Where notebooks lie, filled, and the home of kernels where they have one of their own."""
        user = self._options.kernel_user
        if user is None:
            fill_workspace(self._settings.workspace_dir)
            return self._settings.workspace_dir, None
        workspace, home = own_places(user, self._settings)
        check_isolation(user, self._settings, (workspace, home))
        with user.files():
            fill_workspace(workspace)
        return workspace, home

    def _serve(self, owner: demo.OwnerIds, places: tuple[Path, Path | None]) -> None:
        defer_iri_grammars()
        from alm_workbench.server import app as extension
        from alm_workbench.server.lab_app import for_team, lab_config, make_lab

        token = secrets.token_urlsafe(24)
        self._application.about = {
            "version": __version__,
            "profile": self._options.profile,
            "dashboards_url": self._dashboards_url,
        }
        self._runtime.bindings.instance = secrets.token_hex(8)

        def on_ready(server: Any) -> None:
            base = f"http://{shown_ip(self._options.ip)}:{self._options.port}{server.base_url}"
            api_token, _ = self._runtime.tokens.issue(
                owner.user_id, owner.tenant_id, "owner", self._runtime.bindings.instance
            )
            extension.write_server_file(self._settings.server_file, base, api_token, os.getpid())
            # on a thread: the dashboards may need a moment longer, and nobody should click on a dead address
            then = threading.Thread(target=self._answering, args=(base, token), daemon=True, name="alm-announce")
            server.io_loop.add_callback(then.start)

        def kernel_alive(check: Any) -> None:
            self._runtime.bindings.kernel_alive = check

        extension.served = extension.Served(
            self._application,
            owner.user_id,
            owner.tenant_id,
            self._dashboards_url,
            on_ready,
            kernel_alive,
            self._options.kernel_user,
            places[1],
        )
        config = lab_config(self._settings, self._options, token, places[0])
        if self._options.kernel_user is not None and places[1] is not None:
            for_team(config, self._options.kernel_user, places[1])
        lab = make_lab(config, team=self._options.kernel_user is not None)
        lab.start()

    def _answering(self, base: str, token: str) -> None:
        """What begins when Lab answers; the first page of the first dashboard should not wait for the first build."""
        self._runtime.start_background(warm=False)
        self._announce(base, token)
        self._runtime.mirror.warm_up()
        self._warm_mirror()

    def _announce(self, base: str, token: str) -> None:
        if self._dashboards is not None and not self._dashboards_answer():
            say(f"The dashboards did not start; see {self._settings.log_dir / 'dashboards.log'}")
            self._dashboards_url = None
        lines = ["", f"  JupyterLab   {base}lab?token={token}"]
        if self._dashboards_url:
            lines.append(f"  Dashboards   {self._dashboards_url}")
        lines.append(f"  REST API     {base}alm/api/v1/openapi.json")
        if secret := demo.known_password(self._settings):
            person = f"manager@{demo.DOMAIN}" if self._options.demo else "owner@home.example"
            lines.append(f"  Log-in       {person}   password  {secret}")
        lines += [
            f"  Data         {self._settings.data_dir}",
            "",
            f"Ready after {time.perf_counter() - self._started:.1f} s. Ctrl-C stops everything.",
            "",
        ]
        say("\n".join(lines))

    def _dashboards_answer(self, seconds: float = 60.0) -> bool:
        port = int((self._dashboards_url or ":0/").rstrip("/").rsplit(":", 1)[1])
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._dashboards is not None and self._dashboards.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((shown_ip(self._options.ip), port)) == 0:
                    return True
            time.sleep(0.05)
        return False

    def _warm_mirror(self) -> None:
        ids = demo.read_owner(self._settings)
        if ids is not None:
            try:
                self._runtime.mirror.refresh(ids.tenant_id)
            except Exception as error:  # the daemon tries again and says what is wrong
                say(f"The mirror is not fresh yet: {error}")

    def _start_dashboards(self) -> None:
        port = free_port(self._options.ip, self._options.port + 1)
        self._dashboards_url = f"http://{shown_ip(self._options.ip)}:{port}/"
        command = [sys.executable, "-m", "alm_workbench", "dashboards", "--child", "--port", str(port)]
        command += [
            "--ip",
            self._options.ip,
            "--data-dir",
            str(self._settings.data_dir),
            "--parent-pid",
            str(os.getpid()),
        ]
        command += ["--lab-url", f"http://{shown_ip(self._options.ip)}:{self._options.port}/"]
        log = (self._settings.log_dir / "dashboards.log").open("ab")
        with log:
            # an own session: Ctrl-C reaches us, and we stop the child in order
            self._dashboards = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _stop_dashboards(self) -> None:
        child = self._dashboards
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def interrupt(number: int, frame: object) -> None:
    """Stop in order, whatever asked for it, also while things are still starting."""
    raise KeyboardInterrupt


def say(text: str) -> None:
    """A line for the person who started us."""
    click.echo(text, err=True)


def check_port(ip: str, port: int) -> None:
    """Refuse a taken port in one sentence."""
    if not is_free(ip, port):
        raise ConfigurationError(f"Port {port} is taken; choose another: alm lab --port {free_port(ip, port + 1)}")


def is_free(ip: str, port: int) -> bool:
    """Whether somebody listens there already."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ip, port))
        except PermissionError:
            raise ConfigurationError(f"This user may not listen on port {port}; choose one above 1023") from None
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == 99:
                raise ConfigurationError(f"{ip} is no address of this machine") from None
            return False
    return True


def free_port(ip: str, first: int) -> int:
    """The first free port from ``first`` on."""
    for port in range(first, min(first + 200, 65536)):
        if is_free(ip, port):
            return port
    raise ConfigurationError(f"No free port from {first} on")


def shown_ip(ip: str) -> str:
    """The address a browser on this machine uses."""
    return "127.0.0.1" if ip in ("0.0.0.0", "::", "*") else ip  # noqa: S104 - compared, not bound


def refuse_second(settings: Settings) -> None:
    """Two servers must not share one data directory's workspace."""
    import json

    import psutil

    try:
        data = json.loads(settings.server_file.read_text("utf-8"))
    except (OSError, ValueError):
        return
    pid = data.get("pid")
    if isinstance(pid, int) and pid != os.getpid() and psutil.pid_exists(pid):
        raise ConfigurationError(
            f"A workbench runs on this data directory already, at {data.get('url')}; stop it, or choose another --data-dir."
        )
    settings.server_file.unlink(missing_ok=True)


def fill_workspace(workspace: Path) -> None:
    """Copy tutorials and manifests that are not there yet; what the user changed is never touched."""
    workspace.mkdir(mode=0o755, parents=True, exist_ok=True)
    for source, target in WORKSPACE.items():
        try:
            root = resources.path(*source.split("/"))
        except FileNotFoundError:
            continue
        for file in sorted(root.rglob("*")):
            goal = workspace / target / file.relative_to(root)
            if (
                file.is_file()
                and not goal.exists()
                and "__pycache__" not in file.parts
                and ".ipynb_checkpoints" not in file.parts
            ):
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, goal)
