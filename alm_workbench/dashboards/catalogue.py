"""Which dashboards there are: the reviewed notebooks of one directory, described by their own metadata."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOG = logging.getLogger(__name__)
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")
DEFAULT_MAX_AGE = 600.0


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A notebook that is shown as a page.

    ``titles`` and ``descriptions`` by language. ``widgets`` asks for the page that supports ipywidgets, with a kernel
    for each visitor; without it one rendering, at most ``max_age`` seconds old, serves everybody.
    """

    slug: str
    path: Path
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    order: int = 100
    widgets: bool = False
    max_age: float = DEFAULT_MAX_AGE
    changed: float = 0.0

    def title(self, language: str) -> str:
        """The title in a language, else in English, else the file's name."""
        return self.titles.get(language) or self.titles.get("en") or self.slug.replace("_", " ").capitalize()

    def description(self, language: str) -> str:
        """The description in a language, else in English, else nothing."""
        return self.descriptions.get(language) or self.descriptions.get("en") or ""


def _by_language(value: Any) -> Mapping[str, str]:
    if isinstance(value, str):
        return {"en": value}
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}


def read_dashboard(path: Path) -> Dashboard:
    """The description of a notebook, from ``metadata.alm_dashboard``; raises ``ValueError`` when it is no notebook."""
    notebook = json.loads(path.read_text("utf-8"))
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ValueError(f"{path.name} is not a notebook")
    about = notebook.get("metadata", {}).get("alm_dashboard", {})
    return Dashboard(
        slug=path.stem,
        path=path,
        titles=_by_language(about.get("title")),
        descriptions=_by_language(about.get("description")),
        order=int(about.get("order", 100)),
        widgets=bool(about.get("widgets", False)),
        max_age=float(about.get("max_age", DEFAULT_MAX_AGE)),
        changed=path.stat().st_mtime,
    )


class Catalogue:
    """The dashboards of a directory; files are looked at again only when they change."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._known: dict[Path, tuple[float, Dashboard | None]] = {}

    def all(self) -> list[Dashboard]:
        """Every dashboard, in the order their notebooks ask for."""
        seen: dict[Path, tuple[float, Dashboard | None]] = {}
        for path in self.root.glob("*.ipynb"):
            if SLUG.fullmatch(path.stem) and not path.is_symlink():
                seen[path] = self._look(path)
        self._known = seen
        found = [dashboard for _, dashboard in seen.values() if dashboard is not None]
        return sorted(found, key=lambda item: (item.order, item.slug))

    def _look(self, path: Path) -> tuple[float, Dashboard | None]:
        known, changed = self._known.get(path), 0.0
        try:
            changed = path.stat().st_mtime
            return known if known and known[0] == changed else (changed, read_dashboard(path))
        except (OSError, ValueError, TypeError, AttributeError) as error:
            LOG.warning("%s is left out of the dashboards: %s", path.name, error)
            return changed, None

    def get(self, slug: str) -> Dashboard | None:
        """The dashboard with this name."""
        return next((item for item in self.all() if item.slug == slug), None)
