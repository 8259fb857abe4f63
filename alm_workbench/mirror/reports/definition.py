"""What a report is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from alm_workbench.contexts.reporting.domain import (
    ColumnInfo,
    MirrorAnswer,
    Presentation,
    ReportInfo,
    ReportParam,
    ReportResult,
)
from alm_workbench.contexts.reporting.values import column_types, plain_rows
from alm_workbench.errors import ErrorItem, InvalidInput

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from alm_workbench.mirror.reports.tables import MirrorTables

Texts = Mapping[str, str]
Arguments = Mapping[str, int | str]


def text_in(texts: Texts, lang: str) -> str:
    """The text in a language (``tr-TR`` counts as ``tr``), else in English, else any."""
    return (
        texts.get(lang)
        or texts.get(lang.replace("_", "-").split("-", 1)[0])
        or texts.get("en")
        or next(iter(texts.values()), "")
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A result column and its labels by language."""

    name: str
    labels: Texts


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: an integer within limits, or a text that is one of the choices."""

    name: str
    type: Literal["integer", "string"]
    default: int | str
    labels: Texts
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()

    def clean(self, value: Any) -> int | str:
        """The value in its type; raises ``ValueError`` with a sentence."""
        if self.type == "string":
            if self.choices and value not in self.choices:
                raise ValueError(f"{self.name} must be one of {', '.join(self.choices)}")
            return str(value)
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise ValueError(f"{self.name} must be a whole number") from None
        if self.minimum is not None and number < self.minimum:
            raise ValueError(f"{self.name} must be at least {self.minimum}")
        if self.maximum is not None and number > self.maximum:
            raise ValueError(f"{self.name} must be at most {self.maximum}")
        return number


@dataclass(frozen=True, slots=True)
class ReportScope:
    """What an expression may depend on: the project, today in the tenant's time zone, the first day of its week
    (ISO, Monday = 1), and the arguments. Hashable, so that compiled SQL can be kept."""

    project_id: UUID
    today: date
    week_start: int
    arguments: tuple[tuple[str, int | str], ...] = ()

    @property
    def project(self) -> ir.UUIDScalar:
        """The project's id as a literal of the expression."""
        import ibis

        scalar: ir.UUIDScalar = ibis.literal(str(self.project_id)).cast("uuid")
        return scalar

    def integer(self, name: str) -> int:
        """An argument that is a number."""
        return int(dict(self.arguments)[name])

    def text(self, name: str) -> str:
        """An argument that is a text."""
        return str(dict(self.arguments)[name])


Build = Callable[["MirrorTables", ReportScope], "ir.Table"]


@dataclass(frozen=True, slots=True)
class Report:
    """A named ibis expression over the mirror's tables with parameters, column labels and a presentation.

    ``present`` replaces ``presentation`` where it depends on the arguments.
    """

    name: str
    titles: Texts
    build: Build
    columns: tuple[Column, ...]
    presentation: Presentation
    descriptions: Texts = field(default_factory=dict)
    params: tuple[Param, ...] = ()
    present: Callable[[Arguments], Presentation] | None = None

    def arguments(self, given: Mapping[str, Any]) -> dict[str, int | str]:
        """Every parameter's value; raises ``InvalidInput`` naming each wrong or unknown one."""
        known = {param.name: param for param in self.params}
        values: dict[str, int | str] = {name: param.default for name, param in known.items()}
        problems = []
        for name, value in given.items():
            try:
                if name not in known:
                    raise ValueError(f"{self.name} has no parameter {name}; it has {', '.join(known) or 'none'}")
                values[name] = known[name].clean(value)
            except ValueError as error:
                problems.append(ErrorItem(f"/{name}", "E_PARAM", str(error)))
        if problems:
            raise InvalidInput("; ".join(item.message for item in problems), errors=problems)
        return values

    def info(self, lang: str) -> ReportInfo:
        """How a list shows it."""
        params = tuple(
            ReportParam(p.name, p.type, p.default, text_in(p.labels, lang), p.minimum, p.maximum, p.choices)
            for p in self.params
        )
        description = text_in(self.descriptions, lang)
        return ReportInfo(self.name, text_in(self.titles, lang), description, params, self.presentation)

    def result(self, answer: MirrorAnswer, sql: str, arguments: Arguments, lang: str) -> ReportResult:
        """The answer with labels and presentation."""
        table = answer.table()
        labels = {column.name: text_in(column.labels, lang) for column in self.columns}
        return ReportResult(
            name=self.name,
            title=text_in(self.titles, lang),
            columns=tuple(ColumnInfo(name, kind, labels.get(name, name)) for name, kind in column_types(table)),
            rows=tuple(tuple(row) for row in plain_rows(table)),
            as_of=answer.as_of,
            version=answer.version,
            sql=sql,
            presentation=self.present(arguments) if self.present else self.presentation,
        )
