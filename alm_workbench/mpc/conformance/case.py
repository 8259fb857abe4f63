"""One conformance case: what a handler is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ast import EMPTY
from ..errors import MPCError


@dataclass(frozen=True, slots=True)
class Case:
    """The input of a fixture with what it asks for: its meta, the preset that names, and the contract's schemas."""

    category: str
    name: str
    input: Any
    meta: Mapping[str, Any] = EMPTY
    preset: Mapping[str, Any] = EMPTY
    schemas: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list, compare=False)

    @property
    def fixture(self) -> str:
        """How results name it: `category/name`."""
        return f"{self.category}/{self.name}"

    def note(self, line: str) -> None:
        """Leave a line for whoever reads a failure; the first five are shown."""
        self.notes.append(line)

    def limit(self, name: str, default: float) -> Any:
        """A limit: the fixture's own, else the preset's, else the default."""
        own: Mapping[str, Any] = self.meta.get("limits") or EMPTY
        given: Mapping[str, Any] = self.preset.get("defaultLimits") or EMPTY
        return own.get(name, given.get(name, default))

    def need(self, key: str) -> Any:
        """A part of the input without which there is no case; raises MPCError E_PARSE_SYNTAX."""
        if not isinstance(self.input, Mapping) or key not in self.input:
            raise MPCError("E_PARSE_SYNTAX", f"The input needs '{key}'")
        return self.input[key]


def error(code: str, message: str, severity: str = "error") -> dict[str, Any]:
    """The output of a case that ends in an error."""
    return {"error": {"code": code, "message": message, "severity": severity}}
