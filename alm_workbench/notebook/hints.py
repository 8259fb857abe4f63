"""Help with names that do not exist: what was probably meant, else what there is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TypeVar

from alm_workbench.errors import AlmError
from alm_workbench.i18n import _

E = TypeVar("E", bound=AlmError)
MANY = 12


class NoSuchField(AttributeError, KeyError):
    """An item has no field of that name; the message names the nearest one."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like ``word``, if any does."""
    names = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """A sentence that helps: the nearest name, else all of them."""
    names = sorted(set(known))
    if near := closest(word, names):
        return _("Did you mean {name!r}?").format(name=near)
    if not names:
        return _("There are none yet.")
    shown = ", ".join(names[:MANY]) + (", …" if len(names) > MANY else "")
    return _("There are: {names}.").format(names=shown)


def hint(error: E, text: str) -> E:
    """The error with a sentence added to what it says."""
    if text and text not in error.detail:
        error.detail = f"{error.detail.rstrip().rstrip('.')}. {text}"
        error.args = (error.detail, *error.args[1:])
    return error
