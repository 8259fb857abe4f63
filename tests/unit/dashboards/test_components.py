"""What dashboard notebooks write, and what becomes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alm_workbench import resources
from alm_workbench.dashboards import Kpi, Report, Row, Table
from alm_workbench.dashboards.assets import bundles_of
from alm_workbench.dashboards.catalogue import Catalogue
from alm_workbench.dashboards.kernels import MAX_PER_SESSION, KernelOwners, kernel_environment


def test_a_component_is_an_element_with_escaped_attributes() -> None:
    shown = Row(
        Kpi("s", "total", label={"tr": "Öğe"}), Report("r", kind="bar", days=7, title='"><script>'), min_width=200
    )
    assert shown._repr_html_() == (
        '<alm-row min="200"><alm-kpi name="s" field="total" label-tr="Öğe"></alm-kpi>'
        '<alm-report name="r" kind="bar" days="7" title-en="&quot;&gt;&lt;script&gt;"></alm-report></alm-row>'
    )


def test_the_same_component_is_a_widget_in_jupyterlab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALM_DASHBOARD", raising=False)
    data, _ = Table("last_activity")._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "Table(name='last_activity')"
    monkeypatch.setenv("ALM_DASHBOARD", "1")
    assert set(Table("last_activity")._repr_mimebundle_()) == {"text/plain", "text/html"}


@pytest.mark.parametrize("make", [lambda: Report("r", kind="pie"), lambda: Kpi("s", "f", label={"de": "Zahl"})])
def test_a_mistake_in_a_notebook_is_said_at_once(make: object) -> None:
    with pytest.raises(ValueError, match=r"pie|de"):
        make()  # type: ignore[operator]


def test_importing_the_components_loads_nothing_heavy() -> None:
    code = "import sys, alm_workbench.dashboards; print([m for m in ('voila', 'tornado', 'anywidget') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"


def test_a_kernel_gets_harmless_names_only(tmp_path: Path) -> None:
    own = {"PATH": "/bin", "LC_ALL": "C", "ALM_DSN": "x", "PGPASSWORD": "x", "HOME": "/root", "AWS_SECRET": "x"}
    wished = {"VOILA_BASE_URL": "/", "VOILA_REQUEST_URL": "http://x/?secret=1", "QUERY_STRING": "secret=1"}
    made = kernel_environment(own, wished, tmp_path)
    assert {name for name in made if name in own or name in wished} == {"PATH", "LC_ALL", "HOME", "VOILA_BASE_URL"}
    assert made["HOME"] == str(tmp_path)
    assert str(Path.cwd()) in made.get("PYTHONPATH", "").split(os.pathsep) or "site-packages" in str(resources.__file__)


def test_a_kernel_has_one_owner_and_a_session_few_kernels() -> None:
    owners = KernelOwners()
    for number in range(MAX_PER_SESSION):
        assert owners.claim(f"k{number}", "alice") == []
    assert owners.claim("new", "alice") == ["k0"]
    assert owners.owns("new", "alice")
    assert not owners.owns("new", "bob")
    assert not owners.owns("unknown", "")
    owners.forget({"new"})
    assert list(owners.sessions) == ["new"]


def test_the_catalogue_leaves_out_what_is_no_notebook(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = {"cells": [], "metadata": {"alm_dashboard": {"title": {"en": "A", "tr": "B"}, "order": 2}}}
    (tmp_path / "good.ipynb").write_text(json.dumps(good))
    (tmp_path / "plain.ipynb").write_text(json.dumps({"cells": []}))
    (tmp_path / "torn.ipynb").write_text("{")
    (tmp_path / "list.ipynb").write_text("[]")
    (tmp_path / "Bad Name.ipynb").write_text(json.dumps(good))
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "good.ipynb")
    catalogue = Catalogue(tmp_path)
    assert [(item.slug, item.title("tr")) for item in catalogue.all()] == [("good", "B"), ("plain", "Plain")]
    assert catalogue.get("../good") is None
    catalogue.all()
    assert sum("torn.ipynb" in record.message for record in caplog.records) == 1, "said once, not for every visitor"


def test_the_dashboards_that_ship_hold_no_output_and_only_components() -> None:
    for item in Catalogue(resources.path("notebooks", "dashboards")).all():
        notebook = json.loads(item.path.read_text("utf-8"))
        assert item.title("tr") != item.title("en")
        assert item.description("tr")
        assert all(cell.get("outputs", []) == [] for cell in notebook["cells"])


def test_a_page_loads_the_widgets_only_where_it_has_one() -> None:
    """A page of reports does not pay for the widgets of people and history."""
    (reports,) = bundles_of("<alm-report name='x'></alm-report>", "/base/")
    assert reports.startswith("/base/alm/static/alm-report.js?v=")
    both = bundles_of("<alm-audit-timeline entity-id='1'></alm-audit-timeline>", "/")
    assert [url.split("?")[0] for url in both] == ["/alm/static/alm-report.js", "/alm/static/alm-widgets.js"]
