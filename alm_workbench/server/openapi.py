"""The OpenAPI 3.1 documents, one a version of the API, generated from the message declarations."""

from __future__ import annotations

import typing
from functools import cache
from typing import Any

from alm_workbench.errors import Problem, problem_slugs
from alm_workbench.server.authentication import KEY_HEADER
from alm_workbench.server.openapi_files import file_operations
from alm_workbench.server.routes import API_ROOT
from alm_workbench.shared import idempotency, wire
from alm_workbench.shared.messages import AUTHENTICATED, PUBLIC, REGISTRY, Spec

REF = "#/components/schemas/{model}"
HEADER = "#/components/headers/{name}"


@cache
def document(version: int = 1) -> dict[str, Any]:
    """The document of one version, without a server address: it is relative to where it was read."""
    from pydantic import TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema

    from alm_workbench import __version__

    class Schemas(GenerateJsonSchema):
        """Says nothing of defaults that no JSON has, such as ``UNSET``."""

        ignored_warning_kinds = GenerateJsonSchema.ignored_warning_kinds | {"non-serializable-default"}

    specs = REGISTRY.public(version)
    inputs: list[tuple[Any, Any, TypeAdapter[Any]]] = [
        (("Problem", "out"), "serialization", wire.adapter(Problem)),
    ]
    for spec in specs:
        inputs.append(((spec.name, "in"), "validation", wire.adapter(spec.cls)))
        inputs.append(((spec.name, "out"), "serialization", wire.adapter(json_of(spec))))
    schemas, shared = TypeAdapter.json_schemas(inputs, ref_template=REF, schema_generator=Schemas)
    components = dict(shared.get("$defs", {}))
    resolved(schemas[("Problem", "out"), "serialization"], components)["properties"]["type"]["examples"] = (
        problem_slugs()
    )
    paths: dict[str, Any] = {}
    for spec in specs:
        request = resolved(schemas[(spec.name, "in"), "validation"], components)
        answer = schemas[(spec.name, "out"), "serialization"]
        operations = paths.setdefault(f"/{API_ROOT}v{version}{spec.path}", {})
        operations[(spec.method or "").lower()] = operation(spec, request, answer, version)
    for spec in specs:
        components.pop(spec.name, None)
    problem = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
    every = {name: {"$ref": HEADER.format(name=name)} for name in always()}
    for path, operations in file_operations({"$ref": REF.format(model="AttachmentDTO")}, problem, every).items():
        paths.setdefault(f"/{API_ROOT}v{version}{path}", {}).update(operations)
    return {
        "openapi": "3.1.0",
        "info": {"title": "ALM Workbench", "version": f"{version}.{__version__}", "description": DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": {name: header(text, kind) for name, (kind, text) in HEADERS.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
            },
        },
        "security": [{"token": []}, {"key": []}],
    }


def json_of(spec: Spec) -> Any:
    """The type whose JSON a route answers; results that stream name theirs in ``to_data``."""
    return typing.get_type_hints(spec.result.to_data)["return"] if spec.streams else spec.result


def resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A schema in place of its reference."""
    if "$ref" in schema:
        found: dict[str, Any] = components[schema["$ref"].rsplit("/", 1)[1]]
        return found
    return schema


def operation(spec: Spec, request: dict[str, Any], answer: dict[str, Any], version: int) -> dict[str, Any]:
    """One method of one path."""
    members = dict(request.get("properties", {}))
    required = set(request.get("required", []))
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": members.pop(name)} for name in spec.path_params
    ]
    if spec.if_match:
        members.pop(wire.VERSION_FIELD)
    parameters += header_parameters(spec)
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
    if spec.deprecated and spec.deprecated.version == version:
        found["deprecated"] = True
        found["x-sunset"] = spec.deprecated.sunset.isoformat()
        found["x-successor"] = f"v{version + 1} {spec.deprecated.successor}"
    if spec.method == "GET":
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": without_null(schema)}
            for name, schema in members.items()
        ]
    elif members or spec.method != "DELETE":
        body = {"type": "object", "additionalProperties": False, "properties": members}
        needed = sorted(required & set(members))
        if needed:
            body["required"] = needed
        found["requestBody"] = {"required": bool(needed), "content": {"application/json": {"schema": body}}}
    found["responses"] = responses(spec, answer, version)
    return found


def header_parameters(spec: Spec) -> list[dict[str, Any]]:
    """The request headers that a declaration asks for."""
    found = []
    if spec.if_match:
        schema = {"type": "string", "pattern": f"^(?:{wire.ETAG.pattern})$"}
        text = 'The version that is changed: the ETag of what was read, or `"7"`'
        found.append({"name": "If-Match", "in": "header", "required": True, "schema": schema, "description": text})
    if spec.idempotent:
        schema = {"type": "string", "pattern": f"^(?:{idempotency.KEY.pattern})$"}
        text = f"Sent twice with the same key within {idempotency.KEEP_HOURS} hours, it is carried out once"
        found.append(
            {"name": idempotency.HEADER, "in": "header", "required": False, "schema": schema, "description": text}
        )
    return found


def responses(spec: Spec, answer: dict[str, Any], version: int) -> dict[str, Any]:
    """What a route may answer."""
    content: dict[str, Any] = {"application/json": {"schema": answer}}
    if spec.streams or spec.pages:
        content[wire.ARROW] = {"schema": {"type": "string", "format": "binary"}}
    done = {"description": "Done", "content": content, "headers": response_headers(spec, version)}
    found: dict[str, Any] = {str(spec.status): done}
    if spec.method == "GET" and versioned(spec):
        found["304"] = {"description": "Not changed since the ETag in If-None-Match"}
    codes = {"400": "Unreadable request", "422": "Invalid input", "429": "Too many requests"}
    codes |= {"default": "Any other problem"}
    if spec.method != "GET":
        codes |= {"413": "Too large", "415": "Not JSON"}
    if spec.privilege != PUBLIC:
        codes["401"] = "Not logged in"
    if spec.privilege not in (PUBLIC, AUTHENTICATED):
        codes["403"] = "Not allowed"
    if spec.path_params:
        codes["404"] = "Not found"
    if spec.if_match:
        codes |= {"409": "Changed by somebody else", "428": "If-Match is missing"}
    if spec.idempotent:
        codes["409"] = "Being carried out already, or against the present state"
    for code, text in sorted(codes.items()):
        found[code] = {
            "description": text,
            "headers": {name: {"$ref": HEADER.format(name=name)} for name in always()},
            "content": {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}},
        }
    return found


def versioned(spec: Spec) -> bool:
    """Whether the result has a version, and so an ETag."""
    return not spec.streams and typing.get_type_hints(spec.result).get("version") is int if is_class(spec) else False


def is_class(spec: Spec) -> bool:
    """Whether the result is one DTO, not a list or a union."""
    return isinstance(spec.result, type)


def response_headers(spec: Spec, version: int) -> dict[str, Any]:
    """The headers of a good answer."""
    names = [*always()]
    names += ["ETag"] if versioned(spec) else []
    names += ["Idempotent-Replayed"] if spec.idempotent else []
    if spec.deprecated and spec.deprecated.version == version:
        names += ["Deprecation", "Sunset", "Link"]
    return {name: {"$ref": HEADER.format(name=name)} for name in sorted(names)}


def always() -> list[str]:
    """Headers of every answer."""
    return ["X-Correlation-ID", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "traceresponse"]


def header(text: str, kind: str) -> dict[str, Any]:
    """A header as a component."""
    return {"description": text, "schema": {"type": kind}}


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema: what is not given is not null but absent."""
    rest = {k: v for k, v in schema.items() if not (k == "default" and v is None)}
    options = [item for item in schema.get("anyOf", []) if item != {"type": "null"}]
    if len(options) == 1:
        return {**{k: v for k, v in rest.items() if k != "anyOf"}, **options[0]}
    return {**rest, "anyOf": options} if options else rest


DESCRIPTION = (
    "Commands and queries of the workbench. Every error is an RFC 9457 problem document; changes carry `If-Match` with "
    "the version they were made against, and repeatable ones take an `Idempotency-Key`. Lists come in pages, or whole "
    "as an Arrow stream for `Accept: application/vnd.apache.arrow.stream`."
)

HEADERS = {
    "X-Correlation-ID": ("string", "Names this request in logs, events, audit and problems; a given one is kept"),
    "traceresponse": ("string", "The trace this request belongs to (W3C Trace Context)"),
    "X-RateLimit-Limit": ("integer", "Requests a minute"),
    "X-RateLimit-Remaining": ("integer", "Requests left in this minute"),
    "X-RateLimit-Reset": ("integer", "Seconds until there are more"),
    "ETag": ("string", "The version, with a digest of the body behind a dot; what If-Match takes"),
    "Idempotent-Replayed": ("string", "`true` where this is the answer of an earlier request with the same key"),
    "Deprecation": ("string", "Since when the route is deprecated (RFC 9745)"),
    "Sunset": ("string", "When it will be gone (RFC 8594)"),
    "Link": ("string", "What takes its place"),
}
