"""Labels: what people read, by language."""

from __future__ import annotations

from collections.abc import Mapping

Labels = Mapping[str, str]


def pick_label(labels: Labels, fallback: str, lang: str = "en") -> str:
    """The display name in a language, else English, else the fallback."""
    return labels.get(lang) or labels.get(lang.split("-")[0]) or labels.get("en") or fallback


class Labelled:
    """Things with an id and labels."""

    __slots__ = ()
    id: str
    labels: Labels

    def label(self, lang: str = "en") -> str:
        """Display name in a language."""
        return pick_label(self.labels, self.id, lang)
