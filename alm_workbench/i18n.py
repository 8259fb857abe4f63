"""Texts for people, in English and Turkish: the English text is its own key, catalogues are gettext ``.po`` files.

from alm_workbench.i18n import _
_("No project {key}").format(key=key)
"""

from __future__ import annotations

import ast
import contextvars
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

LANGUAGES = ("en", "tr")
DOMAIN = "alm_workbench"
LOCALES = Path(__file__).parent / "locale"

_chosen: contextvars.ContextVar[str | None] = contextvars.ContextVar("alm_language", default=None)
_default: str | None = None


def _(text: str, /) -> str:
    """The text in the present language, itself where there is no translation."""
    return catalogue(language()).get(text, text)


def ngettext(one: str, many: str, number: int, /) -> str:
    """The text for a number of things; Turkish keeps the singular after a number."""
    text = one if number == 1 else many
    return catalogue(language()).get(text, text)


def language() -> str:
    """The language of this context, else of this process: ``use``, ``ALM_LANG``, the system's, English."""
    return _chosen.get() or _default or from_environment()


def use(code: str | None) -> str:
    """Set the language of this process (None asks the environment again) and give it back."""
    global _default
    _default = known(code)
    return language()


def use_here(code: str | None) -> contextvars.Token[str | None]:
    """Set the language of this context only, a request for one."""
    return _chosen.set(known(code))


def known(code: str | None) -> str | None:
    """``tr_TR.UTF-8`` as ``tr``; None for a language that we do not speak."""
    short = (code or "").replace("-", "_").split(".", 1)[0].split("_", 1)[0].lower()
    return short if short in LANGUAGES else None


def from_environment(env: Mapping[str, str] | None = None) -> str:
    """The language that the environment asks for."""
    given = os.environ if env is None else env
    names = ("ALM_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    return next((code for name in names if (code := known(given.get(name)))), "en")


def label(labels: Mapping[str, str], fallback: str = "") -> str:
    """One of a process' labels in the present language."""
    return labels.get(language()) or labels.get("en") or next(iter(labels.values()), fallback) or fallback


@lru_cache
def catalogue(code: str) -> Mapping[str, str]:
    """Translations into a language; empty for English."""
    path = LOCALES / code / "LC_MESSAGES" / f"{DOMAIN}.po"
    return parse_po(path.read_text("utf-8")) if path.exists() else {}


def parse_po(text: str) -> dict[str, str]:
    """``msgid`` to ``msgstr`` of a catalogue without plurals and contexts; empty translations are left out."""
    found: dict[str, str] = {}
    parts: dict[str, str] = {}
    word = ""
    for line in [*text.splitlines(), ""]:
        line = line.strip()
        if line.startswith(("msgid ", "msgstr ")):
            word, line = line.split(" ", 1)
            parts[word] = ""
        if line.startswith('"'):
            parts[word] += ast.literal_eval(line)
        elif not line:
            if parts.get("msgid") and parts.get("msgstr"):
                found[parts["msgid"]] = parts["msgstr"]
            parts = {}
    return found
