"""Category `contracts`: an instance against the JSON Schema that its fixture's name begins with."""

from __future__ import annotations

from typing import Any

from ..ast import thaw
from ..errors import MPCError
from .case import Case, error

SCHEMAS = {
    "decision": "decision.schema.json",
    "error": "error.schema.json",
    "event": "event_envelope.schema.json",
    "intent": "intent.schema.json",
    "trace": "trace.schema.json",
}
CODES = {
    "required": "E_META_MISSING_REQUIRED_FIELD",
    "type": "E_META_TYPE_NOT_ALLOWED",
    "additionalProperties": "E_META_UNKNOWN_KIND",
    "unevaluatedProperties": "E_META_UNKNOWN_KIND",
}


def run(case: Case) -> Any:
    """`{"valid": true}`, or the first schema error with the code of its keyword."""
    first = next(validator(case).iter_errors(thaw(case.input)), None)
    if first is None:
        return {"valid": True}
    case.note(f"{first.json_path}: {first.validator}")
    return error(CODES.get(first.validator, "E_PARSE_SYNTAX"), first.message)


def validator(case: Case) -> Any:
    """The validator for a case; schemas refer to each other by `$id` or by file name, and to nothing else."""
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    name = SCHEMAS.get(case.name.partition("_")[0])
    if name is None or name not in case.schemas:
        raise MPCError("E_PARSE_SYNTAX", f"No contract schema for '{case.name}'; names begin with {', '.join(SCHEMAS)}")
    found = {file: DRAFT202012.create_resource(schema) for file, schema in case.schemas.items()}
    by_id = {resource.id() or file: resource for file, resource in found.items()}
    registry: Any = Registry().with_resources([*found.items(), *by_id.items()])
    return Draft202012Validator(case.schemas[name], registry=registry)
