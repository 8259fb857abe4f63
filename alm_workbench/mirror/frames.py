"""The wire between the server and its query process: a JSON head and a binary body, both with their length in front."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

_LENGTHS = struct.Struct(">IQ")


def write_frame(out: IO[bytes], head: Mapping[str, Any], body: bytes = b"") -> None:
    """Write one frame and flush it; the caller sees to it that only one thread writes."""
    encoded = json.dumps(head).encode()
    out.write(_LENGTHS.pack(len(encoded), len(body)) + encoded)
    out.write(body)
    out.flush()


def read_frame(source: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Read one frame; raises ``EOFError`` when the other side is gone."""
    head_length, body_length = _LENGTHS.unpack(_exactly(source, _LENGTHS.size))
    head: dict[str, Any] = json.loads(_exactly(source, head_length))
    return head, _exactly(source, body_length)


def _exactly(source: IO[bytes], length: int) -> bytes:
    data = source.read(length)
    if len(data) != length:
        raise EOFError("the stream ended inside a frame")
    return data
