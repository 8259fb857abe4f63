"""Texts for people: every one is translated, with the same placeholders."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from alm_workbench import i18n

PACKAGE = Path(i18n.__file__).parent


@pytest.fixture(autouse=True)
def _ask_again() -> Iterator[None]:
    yield
    i18n.use(None)


def messages() -> set[str]:
    """Every text that our code gives to ``_`` or ``ngettext``."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        if "alm_workbench.i18n import" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
                arguments = node.args[: 2 if node.func.id == "ngettext" else 1]
                found |= {a.value for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return found


def placeholders(text: str) -> set[str]:
    """Names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_everything_is_translated() -> None:
    """The Turkish catalogue knows every text, and none that is gone."""
    assert set(i18n.catalogue("tr")) == messages()


def test_translations_keep_their_placeholders() -> None:
    """A translation names exactly what the text names."""
    for text, translation in i18n.catalogue("tr").items():
        assert placeholders(text) == placeholders(translation), text


@pytest.mark.parametrize(
    ("env", "code"),
    [
        ({"LANG": "tr_TR.UTF-8"}, "tr"),
        ({"ALM_LANG": "en", "LANG": "tr_TR.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C"}, "en"),
        ({}, "en"),
    ],
)
def test_the_environment_chooses(env: dict[str, str], code: str) -> None:
    """The first variable that names a language we speak decides."""
    assert i18n.from_environment(env) == code


def test_use() -> None:
    """A process speaks one language, a context may speak another."""
    i18n.use("tr-TR")
    assert i18n._("Projects") == "Projeler"
    assert i18n.ngettext("{number} row", "{number} rows", 2) == "{number} satır"
    assert i18n.label({"en": "Draft", "tr": "Taslak"}) == "Taslak"
    i18n.use("en")
    assert i18n._("Projects") == "Projects"
    assert i18n._("no such text") == "no such text"


def test_po_files() -> None:
    """Continued lines, escapes and comments are read; untranslated texts are left out."""
    text = 'msgid ""\nmsgstr "x"\n\n# note\nmsgid "a\\n"\n"b"\nmsgstr "c"\n"\\"d"\n\nmsgid "e"\nmsgstr ""\n'
    assert i18n.parse_po(text) == {"a\nb": 'c"d'}
