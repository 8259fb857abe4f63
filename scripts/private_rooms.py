"""An import-linter contract: rooms of a context that only the same context may enter.

``protected`` contracts would need one entry for each context; this one also holds for contexts of tomorrow.
"""

from __future__ import annotations

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PrivateRooms(Contract):
    """No module outside ``<contexts>.<x>`` imports ``<contexts>.<x>.<room>`` directly."""

    type_name = "private_rooms"

    contexts = fields.StringField()
    rooms = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Collect every import that crosses a wall."""
        offences: list[str] = []
        root: Any = self.contexts
        for context in sorted(graph.find_children(root)):
            for room in self.rooms:  # type: ignore[attr-defined]
                offences += intruders(graph, context, f"{context}.{room}")
        return ContractCheck(kept=not offences, metadata={"offences": offences})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print every offence with its line."""
        for offence in check.metadata["offences"]:
            output.print_error(offence)


def intruders(graph: ImportGraph, context: str, room: str) -> list[str]:
    """Who outside a context imports its room, with line numbers."""
    if room not in graph.modules:
        return []
    found = []
    for module in sorted({room, *graph.find_descendants(room)}):
        for importer in sorted(graph.find_modules_that_directly_import(module)):
            if importer != context and not importer.startswith(f"{context}."):
                lines = [d["line_number"] for d in graph.get_import_details(importer=importer, imported=module)]
                found.append(f"{importer} -> {module} (line {', '.join(map(str, lines))})")
    return found
