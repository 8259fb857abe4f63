"""A wall clock for a server and its database that can be set back while both run."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

from alm_workbench.storage.embedded import EmbeddedPostgres
from alm_workbench.storage.osuser import server_user
from tests.faults.running import Installation

SOURCE = Path(__file__).with_name("clock.c")


class NoCompiler(Exception):
    """There is no C compiler here to build the clock with."""


class Clock:
    """The offset of the wall clock, in seconds, of every program that was started with ``env``."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise NoCompiler("no C compiler")
        library, self._file = folder / "clock.so", folder / "offset"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        self._file.write_bytes(struct.pack("=q", 0))
        library.chmod(0o755)
        self._file.chmod(0o644)
        self.env = {"LD_PRELOAD": str(library), "FAULT_CLOCK": str(self._file)}

    def set(self, seconds: int) -> None:
        """Move the clock to so many seconds from the real time, at once and for all."""
        with self._file.open("r+b") as file, mmap.mmap(file.fileno(), 8) as place:
            place[:] = struct.pack("=q", seconds)


def start_database(installation: Installation, clock: Clock) -> None:
    """Start the installation's database by hand, on this clock; a server that starts later finds it running."""
    embedded = EmbeddedPostgres(installation.data)
    user = server_user(installation.cluster)
    subprocess.run(
        [embedded.binaries.program("pg_ctl"), "-D", str(installation.cluster), "-w", "-l",
         str(installation.cluster / "server.log"), "start"],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **clock.env}, cwd="/", check=True,
        stdout=subprocess.DEVNULL, **(user.subprocess_options() if user else {}),
    )  # fmt: skip
