"""What the server finds wrong with field values, said in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from ..fields import FieldProblem
from ..model import FieldDef
from .messages import Messages

_BY_CODE = {
    "E_FIELD_REQUIRED": "required",
    "E_FIELD_READONLY": "field_readonly",
    "E_FIELD_COMPUTED": "field_computed",
    "E_FIELD_PATTERN": "field_pattern",
    "E_FIELD_UNKNOWN": "field_unknown",
}
_BY_TYPE = {"int": "integer", "number": "number", "bool": "boolean", "date": "date", "datetime": "datetime"}


def sentence(problem: FieldProblem, fields: Mapping[str, FieldDef], texts: Messages) -> str:
    """The problem's own sentence in English; in other languages one made from its code and its field."""
    if texts.lang.split("-")[0] == "en":
        return problem.message
    id_, _, rest = problem.field.partition("[")
    field = fields.get(id_)
    if field is None:
        return texts.say("field_unknown", label=problem.field)
    place = ""
    if rest:
        number, _, column = rest.partition("]")
        inner = next((c for c in field.columns if c.id == column.lstrip(".")), None)
        place = texts.say("row", number=int(number) + 1 if number.isdigit() else number)
        field = inner or field
    return place + texts.say(_key(problem, field), **_values(field, texts.lang))


def _key(problem: FieldProblem, field: FieldDef) -> str:
    if problem.code == "E_FIELD_CHOICE":
        return "option"
    if problem.code == "E_FIELD_TYPE":
        return _BY_TYPE.get(field.type, "invalid")
    if problem.code == "E_FIELD_RANGE":
        return "range" if field.min is not None or field.max is not None else "too_long"
    return _BY_CODE.get(problem.code, "invalid")


def _values(field: FieldDef, lang: str) -> dict[str, object]:
    low, high = ("…" if limit is None else limit for limit in (field.min, field.max))
    return {
        "label": field.label(lang),
        "options": ", ".join(choice.label(lang) for choice in field.choices),
        "low": low,
        "high": high,
        "pattern": field.pattern or "",
        "limit": field.max_length or "",
    }
