"""The pages of the dashboards server."""

from __future__ import annotations

from functools import cache
from http.client import responses
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jupyter_server.base.handlers import JupyterHandler
from tornado import web
from voila.tornado.handler import TornadoVoilaHandler

from alm_workbench.dashboards.assets import bundle_version, bundles_of
from alm_workbench.dashboards.catalogue import Catalogue, Dashboard
from alm_workbench.dashboards.kernels import SessionKernels
from alm_workbench.dashboards.texts import PAGE_TEXTS
from alm_workbench.server.identity import AlmUser
from alm_workbench.server.login import TEMPLATES as SERVER_TEMPLATES
from alm_workbench.server.login import choose_language, keep_language
from alm_workbench.server.login_texts import LANGUAGES

if TYPE_CHECKING:
    from alm_workbench.dashboards.app import AlmVoila

TEMPLATES = Path(__file__).parent / "templates"

# ECharts places its drawing with style attributes, so styles cannot be closed; scripts are, but for our own files.
COMMON_POLICY = (
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; object-src 'none'; frame-ancestors 'self'"
)
LITE_POLICY = f"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; {COMMON_POLICY}"
# The Lab front end that ipywidgets need starts with inline scripts and compiles templates.
FULL_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    f"style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; {COMMON_POLICY}"
)


@cache
def environment() -> Environment:
    """Templates of the frame round dashboards; everything inserted is escaped unless it is marked safe."""
    loader = FileSystemLoader([TEMPLATES, SERVER_TEMPLATES])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


class FrameHandler(JupyterHandler):
    """A page with our header round it."""

    auth_resource = "alm"

    @property
    def app(self) -> AlmVoila:
        """The running server."""
        app: AlmVoila = self.settings["alm_dashboards"]
        return app

    @property
    def catalogue(self) -> Catalogue:
        """The dashboards there are."""
        return self.app.catalogue

    def viewer(self) -> AlmUser | None:
        """Who is looking."""
        user = self.current_user
        return user if isinstance(user, AlmUser) else None

    def finish_frame(self, template: str, **values: Any) -> None:
        """Send a page of ours."""
        user = self.viewer()
        language = choose_language(self, user.locale if user else "en")
        if self.request.method == "GET":
            keep_language(self)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", LITE_POLICY)
        page = environment().get_template(template)
        arguments = {k: v[-1].decode("utf-8", "replace") for k, v in self.request.query_arguments.items()}
        links = {code: "?" + urlencode(arguments | {"lang": code}) for code in LANGUAGES}
        self.finish(
            page.render(
                t=PAGE_TEXTS[language],
                lang=language,
                languages=LANGUAGES,
                language_links=links,
                base_url=self.base_url,
                bundles=bundles_of(str(values.get("content", "")), self.base_url),
                built=bundle_version() != "none",
                user=user,
                lab_url=self.app.lab_url if user and user.is_owner else "",
                xsrf=self.xsrf_token.decode("ascii"),
                **values,
            )
        )

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """One friendly page for whatever went wrong; the details are in the log."""
        key = str(status_code) if str(status_code) in PAGE_TEXTS["en"] else "other"
        self.finish_frame("message.html", key=key, status=f"{status_code} {responses.get(status_code, '')}".strip())


class IndexHandler(FrameHandler):
    """The list of the dashboards, or the only one."""

    @web.authenticated
    def get(self) -> None:
        """The first page after the log-in."""
        dashboards = self.catalogue.all()
        if len(dashboards) == 1 and not self.get_query_argument("all", ""):
            query = f"?{self.request.query}" if self.request.query else ""
            self.redirect(f"{self.base_url}dashboards/{dashboards[0].slug}{query}")
            return
        self.finish_frame("index.html", dashboards=dashboards)


class DashboardHandler(FrameHandler, TornadoVoilaHandler):  # type: ignore[misc]
    """One dashboard."""

    @property
    def kernel_manager(self) -> Any:
        """The kernels of this log-in session."""
        user = self.viewer()
        owners = self.settings["alm_kernel_owners"]
        return SessionKernels(super().kernel_manager, owners, user.session_id if user else "")

    @web.authenticated
    async def get(self, slug: str) -> None:
        """The page; 404 when there is no such dashboard."""
        dashboard = self.catalogue.get(slug)
        if dashboard is None:
            raise web.HTTPError(404)
        if dashboard.widgets:
            await self._with_widgets(dashboard)
            return
        page = await self.app.pages.get(dashboard)
        self.finish_frame("dashboard.html", dashboard=dashboard, content=page.html)

    async def _with_widgets(self, dashboard: Dashboard) -> None:
        self.set_header("Content-Security-Policy", FULL_POLICY)
        async for part in self.get_generator(path=dashboard.path.name):
            self.write(part)
            await self.flush()


class NoPageHandler(FrameHandler):
    """Everything that is not there."""

    @web.authenticated
    def get(self, *_: str) -> None:
        """404 with our face."""
        raise web.HTTPError(404)
