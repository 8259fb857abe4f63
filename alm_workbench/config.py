"""Where this installation keeps its data, and what the environment says about it."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from alm_workbench.errors import ConfigurationError
from alm_workbench.production import MIN_SECRET, is_production
from alm_workbench.secret_sources import COMMAND, SECRETS, find_secrets


@dataclass(frozen=True, slots=True)
class Settings:
    """Paths and secrets of one installation; every secret lies in a file that only its owner can read."""

    data_dir: Path

    @property
    def run_dir(self) -> Path:
        """Files of running processes."""
        return self.data_dir / "run"

    @property
    def secrets_dir(self) -> Path:
        """Keys and passwords, mode 0700."""
        return self.data_dir / "secrets"

    @property
    def audit_keys_dir(self) -> Path:
        """The keys that seal the audit trail, and the newest seals as they were made."""
        return self.secrets_dir / "audit"

    @property
    def mirror_dir(self) -> Path:
        """DuckDB files, one directory a tenant."""
        return self.data_dir / "mirror"

    @property
    def blobs_dir(self) -> Path:
        """Contents of attached files, one directory a tenant."""
        return self.data_dir / "blobs"

    @property
    def workspace_dir(self) -> Path:
        """What the Lab user sees as files."""
        return self.data_dir / "workspace"

    @property
    def log_dir(self) -> Path:
        """Log files."""
        return self.data_dir / "logs"

    @property
    def server_file(self) -> Path:
        """URL and owner token of the running server, mode 0600."""
        return self.run_dir / "server.json"

    def prepare(self) -> Settings:
        """Make the directories; raises ``ConfigurationError`` in one sentence when that is not possible."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            for directory in (self.run_dir, self.secrets_dir, self.mirror_dir, self.blobs_dir, self.log_dir):
                directory.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigurationError(
                f"The data directory {self.data_dir} cannot be used ({reason}); choose another with --data-dir or ALM_DATA_DIR."
            ) from error
        return self

    def token_secret(self) -> str:
        """The secret that signs API tokens: ``ALM_SECRET`` from whichever source, else one made on first use."""
        given = environment().get("ALM_SECRET")
        if given is not None and len(given) < MIN_SECRET:
            raise ConfigurationError(f"ALM_SECRET has {len(given)} characters, and needs {MIN_SECRET}.")
        return given or read_or_make(self.secrets_dir / "token.key")


def environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment with secrets from files and commands in it; the command runs once for the same question."""
    env = os.environ if environ is None else environ
    asked = {name: env[name] for name in (*SECRETS, *(f"{name}_FILE" for name in SECRETS), COMMAND) if name in env}
    return {**env, **_secrets(tuple(sorted(asked.items())))}


def only_over_tls() -> bool:
    """Whether cookies are marked so that browsers never send them without TLS, whatever protocol a request came by."""
    return is_production(environment())


@lru_cache(maxsize=8)
def _secrets(asked: tuple[tuple[str, str], ...]) -> dict[str, str]:
    # the command gets the rest of the environment too: it may need addresses and tokens of its own
    rest = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in (*SECRETS, COMMAND)}
    return {name: found.value for name, found in find_secrets({**rest, **dict(asked)}).items()}


def read_or_make(path: Path) -> str:
    """The secret in a file; two processes that start together end up with the same one."""
    if not path.exists():
        handle, name = tempfile.mkstemp(dir=path.parent)  # 0600
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(name, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(name)
    return path.read_text("ascii").strip()


def default_data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """``ALM_DATA_DIR``, else the place the system has for application data."""
    env = os.environ if environ is None else environ
    if env.get("ALM_DATA_DIR"):
        return Path(env["ALM_DATA_DIR"]).expanduser().absolute()
    if env.get("XDG_DATA_HOME"):
        return Path(env["XDG_DATA_HOME"]) / "alm-workbench"
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # as root the database runs as another user, who could not enter root's home
        return Path("/var/lib/alm-workbench")
    from platformdirs import user_data_path

    return user_data_path("alm-workbench", appauthor=False)


def settings(data_dir: Path | str | None = None) -> Settings:
    """The settings for a data directory, by default the one of this user."""
    return Settings(Path(data_dir).expanduser().absolute() if data_dir else default_data_dir())
