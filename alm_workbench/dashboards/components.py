"""Dashboard components: small descriptions that become custom elements in the page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from html import escape
from typing import Any

from alm_workbench.dashboards.assets import bundle_version

Text = str | Mapping[str, str]
KINDS = ("bar", "line", "area", "table")
IN_DASHBOARD = "ALM_DASHBOARD"

SHIM = """
const page = document.getElementById('jupyter-config-data');
const base = (page ? JSON.parse(page.textContent).baseUrl : null) || '/';
const bundle = import(new URL(base + 'alm/static/alm-report.js?v=%s', location.origin).href);
export default { async render(context) { return (await bundle).render(context); } };
"""


def texts(name: str, value: Text | None) -> dict[str, str]:
    """Attributes for a text in one or several languages: ``title-en``, ``title-tr``."""
    if value is None:
        return {}
    by_language = {"en": value} if isinstance(value, str) else value
    unknown = set(by_language) - {"en", "tr"}
    if unknown:
        raise ValueError(f"{name}: unknown language {', '.join(sorted(unknown))}; known are en and tr")
    return {f"{name}-{code}": text for code, text in by_language.items()}


def present(**values: str | int | None) -> dict[str, str]:
    """Attributes that were given, as text."""
    return {name: str(value) for name, value in values.items() if value is not None}


class Component:
    """One element of a dashboard: a tag, attributes and children. Everything is escaped when shown."""

    def __init__(
        self, tag: str, attributes: Mapping[str, str] | None = None, children: tuple[Component, ...] = ()
    ) -> None:
        self.tag = tag
        self.attributes = dict(attributes or {})
        self.children = children

    def spec(self) -> dict[str, Any]:
        """The component as plain data."""
        return {"tag": self.tag, "attributes": self.attributes, "children": [child.spec() for child in self.children]}

    def _repr_html_(self) -> str:
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in self.attributes.items())
        inside = "".join(child._repr_html_() for child in self.children)
        return f"<{self.tag}{attributes}>{inside}</{self.tag}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """A custom element in a dashboard, a widget with the same element in JupyterLab."""
        if os.environ.get(IN_DASHBOARD):
            return {"text/plain": repr(self), "text/html": self._repr_html_()}
        bundle = widget_of(self)._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/plain": repr(self)}, metadata

    def __repr__(self) -> str:
        named = ", ".join(f"{name}={value!r}" for name, value in self.attributes.items())
        inside = ", ".join(repr(child) for child in self.children)
        return f"{type(self).__name__}({', '.join(part for part in (inside, named) if part)})"


def widget_of(component: Component) -> Any:
    """An anywidget that shows a component with the bundle that the server hands out."""
    import anywidget
    import traitlets

    class DashboardWidget(anywidget.AnyWidget):
        _esm = SHIM % bundle_version()
        spec: Any = traitlets.List().tag(sync=True)

    return DashboardWidget(spec=[component.spec()])


class Report(Component):
    """A report as a chart with a table twin, CSV and query. ``kind`` overrides what the report itself proposes.

    ``days`` limits the period, ``by`` groups, ``project`` fixes the project (else the page's choice counts),
    ``height`` is in pixels. Titles come from the report unless ``title`` is given (a text, or one per language).
    """

    def __init__(
        self,
        name: str,
        *,
        kind: str | None = None,
        days: int | None = None,
        by: str | None = None,
        limit: int | None = None,
        title: Text | None = None,
        project: str | None = None,
        height: int | None = None,
        stack: bool = False,
    ) -> None:
        if kind is not None and kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        given = present(name=name, kind=kind, days=days, by=by, limit=limit, project=project, height=height)
        super().__init__("alm-report", given | texts("title", title) | ({"stack": ""} if stack else {}))


class Table(Component):
    """A report as a table that sorts and downloads."""

    def __init__(
        self,
        name: str,
        *,
        days: int | None = None,
        by: str | None = None,
        limit: int | None = None,
        title: Text | None = None,
        project: str | None = None,
    ) -> None:
        given = present(name=name, days=days, by=by, limit=limit, project=project)
        super().__init__("alm-table", given | texts("title", title))


class Kpi(Component):
    """One figure: the column ``field`` of the first row of a report."""

    def __init__(self, name: str, field: str, *, label: Text | None = None, project: str | None = None) -> None:
        super().__init__("alm-kpi", present(name=name, field=field, project=project) | texts("label", label))


class ProjectFilter(Component):
    """The choice of the project for all components of a page; dashboards have it in their header already."""

    def __init__(self) -> None:
        super().__init__("alm-project-filter")


class AsOf(Component):
    """How old the data on the page is; dashboards have it in their header already."""

    def __init__(self) -> None:
        super().__init__("alm-as-of")


class Row(Component):
    """Components side by side, each at least ``min_width`` pixels wide, below each other where that does not fit."""

    def __init__(self, *children: Component, min_width: int = 340) -> None:
        super().__init__("alm-row", {"min": str(min_width)}, children)
