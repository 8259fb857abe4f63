"""What a wheel must carry, and must not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from zipfile import ZipFile

import pytest

from alm_workbench import __version__
from tests.factories.packages import ROOT

DATA = f"alm_workbench-{__version__}.data/data"
LAB = f"{DATA}/share/jupyter/labextensions/alm-workbench"


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    """Every file of the wheel."""
    with ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.mark.parametrize(
    "pattern",
    [
        rf"{LAB}/package\.json",
        rf"{LAB}/install\.json",
        rf"{LAB}/static/remoteEntry\.\w+\.js",
        rf"{LAB}/static/style\.js",
        rf"{LAB}/schemas/alm-workbench/\w+\.json",
        rf"{DATA}/etc/jupyter/jupyter_server_config\.d/alm_workbench\.json",
        r"alm_workbench/py\.typed",
        r"alm_workbench/server/static/alm-report\.js",
        r"alm_workbench/server/static/alm-widgets\.js",
        r"alm_workbench/server/templates/login\.html",
        r"alm_workbench/dashboards/templates/share/voila/templates/almlite/index\.html\.j2",
        r"alm_workbench/mpc/parse/dsl\.lark",
        r"alm_workbench/locale/tr/.*\.po",
        r"alm_workbench/_data/alm_meta/domain_meta\.yaml",
        r"alm_workbench/_data/alm_meta/manifests/safety\.alm",
        r"alm_workbench/_data/alm_meta/seed/default_roles\.yaml",
        r"alm_workbench/_data/migrations/env\.py",
        r"alm_workbench/_data/migrations/versions/0001_\w+\.py",
        r"alm_workbench/_data/migrations/sql/0001/20_people\.sql",
        r"alm_workbench/_data/notebooks/dashboards/project_overview\.ipynb",
        r"alm_workbench-.*\.dist-info/licenses/LICENSE",
        r"alm_workbench-.*\.dist-info/entry_points\.txt",
    ],
)
def test_it_carries(names: list[str], pattern: str) -> None:
    """Everything that a machine without the source tree and without Node needs."""
    assert [name for name in names if re.fullmatch(pattern, name)]


def test_every_data_file_of_the_source_tree_is_in_it(names: list[str]) -> None:
    """Nothing below alm_meta, migrations and notebooks is forgotten."""
    wanted = {
        f"alm_workbench/_data/{file.relative_to(ROOT).as_posix()}"
        for name in ("alm_meta", "migrations", "notebooks")
        for file in (ROOT / name).rglob("*")
        if file.is_file() and not {"__pycache__", ".ipynb_checkpoints"}.intersection(file.parts)
    }
    assert wanted <= set(names)


def test_it_carries_nothing_else(names: list[str]) -> None:
    """No sources of the front end, no dependencies of it, no tests, nothing twice."""
    strange = re.compile(
        r"node_modules|\.tsx?$|\.map$|(^|/)tests/|\.pyc$|build_log|^alm_workbench/labextension/|\.ipynb_checkpoints"
    )
    assert [name for name in names if strange.search(name)] == []
    assert len(names) == len(set(names))


def test_it_is_small_enough_to_mail(wheel: Path) -> None:
    """Below 3 MB."""
    assert wheel.stat().st_size < 3_000_000


def test_it_names_no_machine(wheel: Path) -> None:
    """No path of the machine that built it."""
    with ZipFile(wheel) as archive:
        found = [name for name in archive.namelist() if str(ROOT).encode() in archive.read(name)]
    assert found == []


def test_the_lab_extension_turns_itself_on(wheel: Path) -> None:
    """The server extension is enabled by being installed, and the front end says who installed it."""
    with ZipFile(wheel) as archive:
        config = json.loads(archive.read(f"{DATA}/etc/jupyter/jupyter_server_config.d/alm_workbench.json"))
        package = json.loads(archive.read(f"{LAB}/package.json"))
        install = json.loads(archive.read(f"{LAB}/install.json"))
    assert config == {"ServerApp": {"jpserver_extensions": {"alm_workbench": True}}}
    assert package["version"] == __version__
    assert re.fullmatch(r"static/remoteEntry\.\w+\.js", package["jupyterlab"]["_build"]["load"])
    assert install["packageName"] == "alm-workbench"
