"""The values of an item's fields, and why there is no such field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from alm_workbench.i18n import _
from alm_workbench.notebook.hints import NoSuchField, closest, suggestion

if TYPE_CHECKING:
    from alm_workbench.notebook.artifact import Artifact


class Fields(Mapping[str, Any]):
    """The values of an item's fields by field id; a field of the type that holds nothing is None."""

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact

    def __getitem__(self, name: str) -> Any:
        values = self._artifact.dto.fields
        if name in values:
            return values[name]
        known = self._artifact.project.process.fields(self._artifact.type)
        if name in known and name not in self._artifact.masked:
            return None
        raise NoSuchField(missing_field(self._artifact, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._artifact.dto.fields)

    def __len__(self) -> int:
        return len(self._artifact.dto.fields)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._artifact.project.process.fields(self._artifact.type))

    def __repr__(self) -> str:
        return repr(dict(self))


def missing_field(artifact: Artifact, name: str) -> str:
    """Why there is no such field here."""
    if name in artifact.masked:
        return _("The field {name!r} of {key} is withheld from you").format(name=name, key=artifact.key)
    known = artifact.project.process.fields(artifact.type)
    members = [word for word in object.__dir__(artifact) if not word.startswith("_")]
    near = closest(name, [*known, *members])
    help_ = _("Did you mean {name!r}?").format(name=near) if near else suggestion(name, known)
    return _("A {type} has no field {name!r}. {help}").format(type=artifact.type, name=name, help=help_)
