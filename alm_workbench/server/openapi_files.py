"""The two operations of the OpenAPI document that are no messages: contents of files, sent and received in streams."""

from __future__ import annotations

from typing import Any

from alm_workbench.contexts.attachment.messages import AttachFile, OpenAttachment
from alm_workbench.server.files import ATTACHMENTS, CONTENT

BINARY = {"type": "string", "format": "binary"}
ID = {"type": "string", "format": "uuid"}


def file_operations(answer: dict[str, Any], problem: dict[str, Any], headers: dict[str, Any]) -> dict[str, Any]:
    """Paths below a version of the API with their operations.

    ``answer`` is the schema of what is known of a file, ``problem`` the content of refusals, ``headers`` those of every
    answer.
    """

    def refusals(**more: str) -> dict[str, Any]:
        texts = {"400": "Unreadable request", "401": "Not logged in", "403": "Not allowed", "404": "Not found"}
        texts |= {"422": "Invalid input", "429": "Too many requests", "default": "Any other problem"}
        texts |= {code.removeprefix("s"): text for code, text in more.items()}
        return {code: {"description": text, "headers": headers, "content": problem} for code, text in texts.items()}

    etag = {"ETag": {"$ref": "#/components/headers/ETag"}}
    sent = {
        "operationId": AttachFile.__name__,
        "summary": "Attach a file: the body is its content.",
        "description": "Its name stands in `?name=` or in Content-Disposition (RFC 6266). The same content under the same "
        "name again is no new revision, so this may be repeated.",
        "tags": ["attachment"],
        "x-privilege": "artifact:attach",
        "parameters": [
            {"name": "artifact_id", "in": "path", "required": True, "schema": ID},
            {"name": "name", "in": "query", "required": False, "schema": {"type": "string"}},
        ],
        "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": BINARY}}},
        "responses": {
            "201": {
                "description": "Attached",
                "headers": headers | etag,
                "content": {"application/json": {"schema": answer}},
            },
            **refusals(s413="Too large", s415="Not a type of file that is taken", s503="No room"),
        },
    }
    received = {
        "operationId": OpenAttachment.__name__,
        "summary": "The content of a file, or a part of it.",
        "description": "Takes Range, If-Range and If-None-Match; the ETag is the SHA-256 of the content.",
        "tags": ["attachment"],
        "x-privilege": "artifact:read",
        "parameters": [
            {"name": "artifact_id", "in": "path", "required": True, "schema": ID},
            {"name": "attachment_id", "in": "path", "required": True, "schema": ID},
            {"name": "inline", "in": "query", "required": False, "schema": {"type": "string", "enum": ["0", "1"]}},
        ],
        "responses": {
            "200": {"description": "The content", "headers": headers | etag, "content": {"*/*": {"schema": BINARY}}},
            "206": {"description": "A part", "headers": headers | etag, "content": {"*/*": {"schema": BINARY}}},
            "304": {"description": "Not changed since the ETag in If-None-Match"},
            **refusals(s416="The range is not in the file"),
        },
    }
    return {ATTACHMENTS: {"post": sent}, CONTENT: {"get": received}}
