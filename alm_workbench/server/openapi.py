"""The OpenAPI 3.1 document, generated from the message declarations."""

from __future__ import annotations

from functools import cache
from typing import Any

from alm_workbench.server.routes import API
from alm_workbench.shared import wire
from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, REGISTRY, Spec

REF = "#/components/schemas/{model}"


@cache
def document() -> dict[str, Any]:
    """The whole document, without a server address: it is relative to where it was read."""
    from pydantic import TypeAdapter

    from alm_workbench import __version__

    specs = REGISTRY.public()
    inputs: list[tuple[Any, Any, TypeAdapter[Any]]] = []
    for spec in specs:
        inputs.append(((spec.name, "in"), "validation", wire.adapter(spec.cls)))
        if not spec.streams:
            inputs.append(((spec.name, "out"), "serialization", wire.adapter(spec.result)))
    schemas, shared = TypeAdapter.json_schemas(inputs, ref_template=REF)
    components = dict(shared.get("$defs", {}))
    components["Problem"] = PROBLEM
    paths: dict[str, Any] = {}
    for spec in specs:
        request = resolved(schemas[(spec.name, "in"), "validation"], components)
        answer = SQL_RESULT if spec.streams else schemas[(spec.name, "out"), "serialization"]
        paths.setdefault(f"/{API}{spec.path}", {})[(spec.method or "").lower()] = operation(spec, request, answer)
    for spec in specs:
        components.pop(spec.name, None)
    return {
        "openapi": "3.1.0",
        "info": {"title": "ALM Workbench", "version": __version__, "description": DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"token": []}],
    }


def resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A schema in place of its reference."""
    if "$ref" in schema:
        found: dict[str, Any] = components[schema["$ref"].rsplit("/", 1)[1]]
        return found
    return schema


def operation(spec: Spec, request: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """One method of one path."""
    members = dict(request.get("properties", {}))
    required = set(request.get("required", []))
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": members.pop(name)} for name in spec.path_params
    ]
    if spec.if_match:
        members.pop(wire.VERSION_FIELD)
        version = {"type": "string", "description": 'The version that is changed, as `"7"`'}
        parameters.append({"name": "If-Match", "in": "header", "required": True, "schema": version})
    found: dict[str, Any] = {
        "operationId": spec.name,
        "summary": spec.summary,
        "description": (spec.cls.__doc__ or "").strip(),
        "tags": [spec.cls.__module__.split(".")[-2]],
        "x-privilege": spec.privilege,
        "parameters": parameters,
    }
    if spec.privilege == PUBLIC:
        found["security"] = []
    if spec.method == "GET":
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": without_null(schema)}
            for name, schema in members.items()
        ]
    else:
        body = {"type": "object", "additionalProperties": False, "properties": members}
        needed = sorted(required & set(members))
        if needed:
            body["required"] = needed
        found["requestBody"] = {"required": bool(needed), "content": {"application/json": {"schema": body}}}
    found["responses"] = responses(spec, answer)
    return found


def responses(spec: Spec, answer: dict[str, Any]) -> dict[str, Any]:
    """What a route may answer."""
    content: dict[str, Any] = {"application/json": {"schema": answer}}
    if spec.streams:
        content[wire.ARROW] = {"schema": {"type": "string", "format": "binary"}}
    found: dict[str, Any] = {str(spec.status): {"description": "Done", "content": content}}
    codes = {"400": "Unreadable request", "422": "Invalid input", "default": "Any other problem"}
    if spec.privilege != PUBLIC:
        codes["401"] = "Not logged in"
    if spec.privilege not in (PUBLIC, AUTHENTICATED):
        codes["403"] = "Not allowed"
    if spec.path_params:
        codes["404"] = "Not found"
    if spec.if_match:
        codes |= {"409": "Changed by somebody else", "428": "If-Match is missing"}
    for code, text in sorted(codes.items()):
        found[code] = {
            "description": text,
            "content": {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}},
        }
    return found


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema: what is not given is not null but absent."""
    rest = {k: v for k, v in schema.items() if not (k == "default" and v is None)}
    options = [item for item in schema.get("anyOf", []) if item != {"type": "null"}]
    if len(options) == 1:
        return {**{k: v for k, v in rest.items() if k != "anyOf"}, **options[0]}
    return {**rest, "anyOf": options} if options else rest


DESCRIPTION = (
    "Commands and queries of the workbench. Every error is an RFC 9457 problem document; "
    "changes carry `If-Match` with the version they were made against."
)

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "correlation_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "correlation_id": {"type": "string"},
        "trace_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "code", "message"],
                "properties": {
                    "path": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}

SQL_RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["columns", "rows", "as_of", "version", "truncated"],
    "properties": {
        "columns": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("name", "type", "label")},
            },
        },
        "rows": {"type": "array", "items": {"type": "array"}},
        "as_of": {"type": "string", "format": "date-time"},
        "version": {"type": "integer"},
        "truncated": {"type": "boolean"},
        "elapsed_ms": {"type": "number"},
    },
}
