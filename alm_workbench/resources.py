"""Data that ships with the workbench: the same call serves a source tree and an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def path(name: str, *parts: str) -> Path:
    """The path of a data directory (`alm_meta`, `migrations`, `notebooks`) or of something in it.

    A wheel carries them below `alm_workbench/_data/`, a source tree beside the package.
    """
    for base in (_PACKAGE / "_data", _PACKAGE.parent):
        if (base / name).is_dir():
            return base.joinpath(name, *parts)
    raise FileNotFoundError(f"alm-workbench was installed without its data directory {name!r}")


def static_file(name: str) -> Path:
    """The path of a built front-end bundle; it is not there before the front end has been built."""
    return _PACKAGE / "server" / "static" / name
