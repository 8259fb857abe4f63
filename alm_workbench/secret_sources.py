"""Where secrets come from: the environment, files it names, or a command that fetches them.

For a secret such as ``ALM_DSN``, the first of these that there is:

1. the variable ``ALM_DSN`` itself,
2. the file that ``ALM_DSN_FILE`` names (as Docker and Kubernetes mount them),
3. what the command in ``ALM_SECRET_COMMAND`` prints when it is called with the name ``ALM_DSN`` as its last argument (it
   prints nothing for secrets it does not hold); no shell is involved.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alm_workbench.errors import ConfigurationError

SECRETS = ("ALM_SECRET", "ALM_DSN", "ALM_OWNER_DSN", "ALM_WORKER_DSN", "ALM_MIRROR_DSN", "ALM_SMTP_URL")
"""Every variable whose value nobody may see."""
COMMAND = "ALM_SECRET_COMMAND"
COMMAND_SECONDS = 10.0
MAX_LENGTH = 65_536


@dataclass(frozen=True, slots=True)
class Found:
    """A secret and where it came from; its ``repr`` does not show it."""

    value: str
    source: str

    def __repr__(self) -> str:
        return f"Found(source={self.source!r})"


def find_secrets(env: Mapping[str, str]) -> dict[str, Found]:
    """Every secret that one of the sources holds; raises ``ConfigurationError`` in one sentence."""
    found = {name: secret for name in SECRETS if (secret := _told(env, name)) is not None}
    if env.get(COMMAND, "").strip():
        for name in SECRETS:
            if name not in found and (value := _fetched(env, name)):
                found[name] = Found(value, f"command {COMMAND}")
    return found


def with_secrets(env: Mapping[str, str]) -> dict[str, str]:
    """An environment in which every secret stands under its own name, wherever it came from."""
    return {**env, **{name: secret.value for name, secret in find_secrets(env).items()}}


def _told(env: Mapping[str, str], name: str) -> Found | None:
    path = env.get(f"{name}_FILE", "").strip()
    if not path:
        return Found(env[name], f"variable {name}") if env.get(name) else None
    if env.get(name):
        raise ConfigurationError(f"Both {name} and {name}_FILE are set; keep one of them.")
    try:
        with Path(path).open(encoding="utf-8") as file:
            value = file.read(MAX_LENGTH + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigurationError(f"{name}_FILE names {path}, which cannot be read ({reason}).") from None
    return Found(_checked(value, f"{path}, named by {name}_FILE,"), f"file {path}")


def _fetched(env: Mapping[str, str], name: str) -> str:
    try:
        command = [*shlex.split(env[COMMAND]), name]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, env=dict(env), check=False
        )
        value = done.stdout.decode("utf-8").strip()
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"{COMMAND} took more than {COMMAND_SECONDS:.0f} s to fetch {name}.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"{COMMAND} cannot be run to fetch {name} ({reason}).") from None
    if done.returncode:
        # what it printed may hold the secret, or half of it
        raise ConfigurationError(f"{COMMAND} ended with {done.returncode} when it was to fetch {name}.")
    return _checked(value, f"What {COMMAND} printed for {name}") if value else ""


def _checked(value: str, what: str) -> str:
    if not value:
        raise ConfigurationError(f"{what} is empty.")
    if len(value) > MAX_LENGTH or any(ord(c) < 32 for c in value):
        raise ConfigurationError(f"{what} is not one line of text.")
    return value
