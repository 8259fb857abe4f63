"""Forms: the contract's free-standing ones, and those derived from the types of a process."""

from __future__ import annotations

from .definition import FIELD_TYPES, Form, FormField, form_meta
from .derived import find_form, type_form
from .engine import FORM_CONTRACT_VERSION, FormEngine, FormLimits
from .messages import CATALOGUE, Messages
from .package import WHOLE_FORM, FieldState, FormError, FormPackage

__all__ = [
    "CATALOGUE",
    "FIELD_TYPES",
    "FORM_CONTRACT_VERSION",
    "WHOLE_FORM",
    "FieldState",
    "Form",
    "FormEngine",
    "FormError",
    "FormField",
    "FormLimits",
    "FormPackage",
    "Messages",
    "find_form",
    "form_meta",
    "type_form",
]
