"""Renders the notebooks of light dashboards once for everybody.

The kernel that runs such a notebook knows nothing about a viewer, so its page is the same for all of them: the data
comes later, into each viewer's browser. One rendering is therefore kept and shared, and no kernel stays behind it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from voila.configuration import VoilaConfiguration
from voila.notebook_renderer import NotebookRenderer
from voila.paths import collect_template_paths
from voila.utils import get_page_config

from alm_workbench.dashboards.catalogue import Dashboard

if TYPE_CHECKING:
    from alm_workbench.dashboards.app import AlmVoila

LITE = "almlite"
FAILED = "<!--alm:cell-failed-->"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The inside of a page. ``failed`` when a cell raised; ``at`` is monotonic time."""

    html: str
    failed: bool
    at: float
    changed: float


@dataclass(slots=True)
class LitePages:
    """Keeps one rendering of each light dashboard; only one kernel at a time works on each."""

    app: AlmVoila
    _kept: dict[str, Rendered] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    def _fresh(self, dashboard: Dashboard) -> Rendered | None:
        page = self._kept.get(dashboard.slug)
        if page is None or page.changed != dashboard.changed or time.monotonic() - page.at > dashboard.max_age:
            return None
        return page

    async def get(self, dashboard: Dashboard) -> Rendered:
        """The inside of a dashboard's page."""
        page = self._fresh(dashboard)
        if page is None:
            async with self._locks.setdefault(dashboard.slug, asyncio.Lock()):
                page = self._fresh(dashboard) or await self._render(dashboard)
        return page

    async def warm(self, dashboards: list[Dashboard]) -> None:
        """Render ahead, one after the other, so that the first viewer need not wait."""
        for dashboard in dashboards:
            if not dashboard.widgets:
                try:
                    await self.get(dashboard)
                except Exception:
                    self.app.log.exception("The dashboard %s could not be rendered ahead", dashboard.slug)

    async def _render(self, dashboard: Dashboard) -> Rendered:
        manager = self.app.kernel_manager
        renderer = self._renderer(dashboard)
        await renderer.initialize()
        kernel_id = await manager.start_kernel(kernel_name=renderer.notebook.metadata.kernelspec.name, path="")
        try:
            html: str = await renderer.generate_content_str(kernel_id, manager.get_kernel(kernel_id))
        finally:
            await ensure_async(manager.shutdown_kernel(kernel_id, now=True))
        page = Rendered(html, FAILED in html, time.monotonic(), dashboard.changed)
        if not page.failed:
            self._kept[dashboard.slug] = page
        return page

    def _renderer(self, dashboard: Dashboard) -> NotebookRenderer:
        app = self.app
        configuration = VoilaConfiguration(
            parent=app,
            template=LITE,
            allow_template_override="NO",
            allow_theme_override="NO",
            extension_allowlist=[],
            resources={},
        )
        page_config: dict[str, Any] = get_page_config(
            base_url=app.base_url, settings=app.app.settings, log=app.log, voila_configuration=configuration
        )
        return NotebookRenderer(
            voila_configuration=configuration,
            traitlet_config=app.config,
            notebook_path=dashboard.path.name,
            template_paths=collect_template_paths(["voila", "nbconvert"], LITE, prune=True),
            config_manager=app.config_manager,
            contents_manager=app.contents_manager,
            base_url=app.base_url,
            kernel_spec_manager=app.kernel_spec_manager,
            page_config=page_config,
        )
