"""Plausible values for the fields of any process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from alm_workbench.demo.words import Writer
from alm_workbench.mpc import FieldDef

POINTS = (1, 1, 2, 2, 3, 3, 3, 5, 5, 8, 13)
Found = Callable[[Sequence[str]], UUID | None]


class Values:
    """Makes values up. ``people`` are actors, ``teams`` their teams; ``found`` gives some item of one of some types."""

    def __init__(
        self, random: Random, writer: Writer, people: Sequence[UUID], teams: Sequence[UUID], found: Found
    ) -> None:
        self._random, self._writer, self._people, self._teams, self._found = random, writer, people, teams, found

    def of(self, field: FieldDef, today: date) -> Any:
        """A value of a field; None where there is none to give."""
        make: Mapping[str, Callable[[], Any]] = {
            "string": lambda: self._writer.title("")[: min(field.max_length or 120, 120)],
            "text": lambda: self._writer.text()[: field.max_length or 4000],
            "richtext": lambda: f"<p>{self._writer.text().replace('<', '&lt;')}</p>",
            "int": lambda: self._number(field),
            "number": lambda: self._number(field),
            "bool": lambda: self._random.random() < 0.5,
            "date": lambda: self._day(today),
            "choice": lambda: self._choice(field),
            "multichoice": lambda: self._several(field),
            "user": lambda: str(self._random.choice(self._people)),
            "team": lambda: str(self._random.choice(self._teams)) if self._teams else None,
            "reference": lambda: self._reference(field),
            "table": lambda: self._rows(field, today),
        }
        maker = make.get(field.type)
        return None if maker is None or field.computed or field.pattern else maker()

    def _day(self, today: date) -> str:
        return (today + timedelta(days=self._random.randint(-5, 40))).isoformat()

    def _number(self, field: FieldDef) -> int:
        low = int(field.min or 0)
        if field.unit == "h":
            return self._random.choice((2, 4, 4, 8, 8, 16, 24))
        value = self._random.choice(POINTS)
        return max(low, min(value, int(field.max) if field.max is not None else value))

    def _choice(self, field: FieldDef) -> str | None:
        """The middle of a scale more often than its ends."""
        if not field.choices:
            return None
        last = len(field.choices) - 1
        return field.choices[round(self._random.triangular(0, last, last / 2))].id

    def _several(self, field: FieldDef) -> list[str] | None:
        ids = [choice.id for choice in field.choices]
        return self._random.sample(ids, self._random.randint(1, min(2, len(ids)))) if ids else None

    def _reference(self, field: FieldDef) -> str | None:
        item = self._found(field.target)
        return str(item) if item else None

    def _rows(self, field: FieldDef, today: date) -> list[dict[str, Any]]:
        rows = []
        for _ in range(self._random.randint(1, 4)):
            cells = {column.id: self.of(column, today) for column in field.columns}
            rows.append({name: value for name, value in cells.items() if value is not None})
        return rows
