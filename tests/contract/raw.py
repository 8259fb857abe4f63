"""HTTP by hand: bytes into a socket, and what comes back taken apart; for requests that no client library sends."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from alm_workbench.server.openapi import document


@dataclass(frozen=True)
class Raw:
    """An answer: its status, headers in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def talk(port: int, *parts: bytes, pause: float = 0.0, timeout: float = 10.0) -> Raw:
    """Send parts, with a pause between them, and read until the server is done or closes; fails on silence."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
        for number, part in enumerate(parts):
            if number:
                time.sleep(pause)
            try:
                sock.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                break
        return answer_of(sock, head=parts[0].startswith(b"HEAD "))


def answer_of(sock: socket.socket, *, head: bool = False) -> Raw:
    """The next answer on a connection, interim ones left out."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            chunk = sock.recv(65536)
            assert chunk, f"closed without an answer: {data[:200]!r}"
            data += chunk
        top, _, data = data.partition(b"\r\n\r\n")
        lines = top.decode("latin1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        if status >= 200:
            break
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = 0 if head or status in (204, 304) else int(headers.get("content-length", 0))
    while len(data) < length and (chunk := sock.recv(65536)):
        data += chunk
    return Raw(status, headers, data[:length])


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """A request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin1") + body


def is_problem(found: Any, *, head: bool = False) -> None:
    """Assert that an answer is a problem document of the house, valid against its published schema."""
    assert found.headers["content-type"] == "application/problem+json", found
    assert found.headers["x-correlation-id"]
    assert "traceresponse" in found.headers
    if head:
        return
    schema = document()["components"]["schemas"]
    Draft202012Validator({**schema["Problem"], "components": {"schemas": schema}}).validate(found.json)
    assert found.json["status"] == found.status
    assert found.json["correlation_id"] == found.headers["x-correlation-id"]
    assert found.json["trace_id"] == found.headers["traceresponse"].split("-")[1]
