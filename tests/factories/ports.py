"""Ports for servers that tests start."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port that nobody listens on, and nobody on the one after it either: `alm lab` takes two."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with socket.socket() as after:
            if port < 65000 and after.connect_ex(("127.0.0.1", port + 1)) != 0:
                return port
