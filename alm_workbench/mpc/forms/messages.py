"""What forms say to people, by language.

The contract's own sentence is Turkish and stays the default of its engine; further languages, or other wording, are
given as `{language: {key: template}}`.
"""

from __future__ import annotations

from collections.abc import Mapping

Catalogue = Mapping[str, Mapping[str, str]]

CATALOGUE: Catalogue = {
    "tr": {
        "required": "'{label}' alanı zorunludur",
        "string": "'{label}' metin olmalıdır",
        "number": "'{label}' sayı olmalıdır",
        "boolean": "'{label}' doğru veya yanlış olmalıdır",
        "array": "'{label}' bir liste olmalıdır",
        "date": "'{label}' 2026-03-31 gibi bir tarih olmalıdır",
        "min": "'{label}' en az {limit} olmalıdır",
        "max": "'{label}' en çok {limit} olmalıdır",
        "min_length": "'{label}' en az {limit} karakter olmalıdır",
        "max_length": "'{label}' en çok {limit} karakter olmalıdır",
        "min_items": "'{label}' için en az {limit} seçim gerekir",
        "max_items": "'{label}' için en çok {limit} seçim yapılabilir",
        "option": "'{label}' seçeneklerden biri olmalıdır: {options}",
        "invalid": "'{label}' geçerli değil",
        "unknown_form": "'{form}' adlı form yok",
        "unknown_type": "'{type}' adlı tür yok",
        "integer": "'{label}' tam sayı olmalıdır",
        "datetime": "'{label}' saat dilimiyle bir an olmalıdır: 2026-03-31T09:30:00Z",
        "range": "'{label}' {low} ile {high} arasında olmalıdır",
        "too_long": "'{label}' çok uzun (en çok {limit} karakter)",
        "field_readonly": "'{label}' şu anda değiştirilemez",
        "field_computed": "'{label}' hesaplanır, elle girilemez",
        "field_pattern": "'{label}' beklenen biçimde değil: {pattern}",
        "field_unknown": "'{label}' adlı alan yok",
        "row": "{number}. satır: ",
        "masked": "Bu alan size kapalıdır",
        "denied": "Bu alanı değiştirmenize izin verilmiyor",
        "computed": "Diğer alanlardan hesaplanır",
        "readonly_when": "Şu koşulda değiştirilemez: {condition}",
        "visible_when": "Yalnızca şu koşulda gösterilir: {condition}",
    },
    "en": {
        "required": "'{label}' is required",
        "string": "'{label}' must be text",
        "number": "'{label}' must be a number",
        "boolean": "'{label}' must be true or false",
        "array": "'{label}' must be a list",
        "date": "'{label}' must be a date like 2026-03-31",
        "min": "'{label}' must be at least {limit}",
        "max": "'{label}' must be at most {limit}",
        "min_length": "'{label}' must have at least {limit} characters",
        "max_length": "'{label}' must have at most {limit} characters",
        "min_items": "'{label}' needs at least {limit} choices",
        "max_items": "'{label}' takes at most {limit} choices",
        "option": "'{label}' must be one of: {options}",
        "invalid": "'{label}' is not valid",
        "unknown_form": "There is no form '{form}'",
        "unknown_type": "There is no type '{type}'",
        "integer": "'{label}' must be a whole number",
        "datetime": "'{label}' must be a moment with its time zone, like 2026-03-31T09:30:00Z",
        "range": "'{label}' must lie between {low} and {high}",
        "too_long": "'{label}' is too long (at most {limit} characters)",
        "field_readonly": "'{label}' cannot be changed now",
        "field_computed": "'{label}' is worked out and cannot be set",
        "field_pattern": "'{label}' does not have the expected form: {pattern}",
        "field_unknown": "There is no field '{label}'",
        "row": "Row {number}: ",
        "masked": "This field is hidden from you",
        "denied": "You may not change this field",
        "computed": "Worked out from other fields",
        "readonly_when": "Cannot be changed while {condition}",
        "visible_when": "Shown only when {condition}",
    },
}


class Messages:
    """The sentences of one language; a sentence it lacks is taken from English."""

    def __init__(self, lang: str = "en", extra: Catalogue | None = None) -> None:
        base = lang.split("-")[0]
        self.lang = lang
        self._texts: dict[str, str] = dict(CATALOGUE["en"])
        for catalogue in (CATALOGUE, extra or {}):
            for name in (base, lang):
                self._texts.update(catalogue.get(name, {}))

    def say(self, key: str, **values: object) -> str:
        """The sentence of a key with its values; KeyError for a key that no catalogue has."""
        return self._texts[key].format(**values)
