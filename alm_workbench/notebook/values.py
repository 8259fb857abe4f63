"""Python values as field values, and who or what people mean by a name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, cast
from uuid import UUID

from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.i18n import _
from alm_workbench.shared.messages import FieldValue


def field_values(*given: Mapping[str, Any] | None) -> dict[str, FieldValue]:
    """Field values as messages carry them; raises ``InvalidInput`` naming the field that does not fit."""
    return {name: field_value(value, name) for part in given for name, value in (part or {}).items()}


def field_value(value: Any, name: str) -> FieldValue:
    """One value: dates, times, items, ids, NumPy scalars and missing values become what JSON knows."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if is_missing(value):
        return None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise refused(
                name, _("{value} has no time zone; add one, for example tzinfo=datetime.UTC").format(value=value)
            )
        return value.isoformat()
    if isinstance(value, (date, UUID)):
        return str(value)
    if isinstance(getattr(value, "id", None), UUID):
        return str(value.id)
    if isinstance(value, (list, tuple, set, frozenset)) or hasattr(value, "tolist"):
        return collection(value, name)
    raise refused(name, _("a {kind} cannot be a field's value").format(kind=type(value).__name__))


def collection(value: Any, name: str) -> FieldValue:
    """A list of scalars or of records; arrays and scalars of NumPy too."""
    items = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(items, (list, tuple, set, frozenset)):
        return field_value(items, name)
    if isinstance(items, (set, frozenset)):
        items = sorted(items, key=str)
    records = [
        {str(k): field_value(v, name) for k, v in item.items()}
        if isinstance(item, Mapping)
        else field_value(item, name)
        for item in items
    ]
    return cast("FieldValue", records)


def is_missing(value: Any) -> bool:
    """Whether a value is one of pandas' marks for missing."""
    return type(value).__name__ in ("NaTType", "NAType")


def refused(name: str, text: str) -> InvalidInput:
    """The refusal of one field's value."""
    return InvalidInput(f"{name}: {text}", errors=[ErrorItem(f"/fields/{name}", "value", text)])
