"""The Mediator in this process, checked at its edge exactly as a server checks requests."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from alm_workbench.errors import AlmError
from alm_workbench.notebook.http import encoded
from alm_workbench.shared import wire
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.messages import REGISTRY, Command, Message, Query

R = TypeVar("R")


class EdgeMediator:
    """Passes every message through its JSON form, so that code cannot tell it from the HTTP mediator."""

    def __init__(self, inner: LocalMediator) -> None:
        self._inner = inner

    def send(self, command: Command[R], /) -> R:
        """Run a command in this process."""
        return self._inner.send(cast("Command[R]", checked(command)))

    def query(self, query: Query[R], /) -> R:
        """Ask in this process."""
        return self._inner.query(cast("Query[R]", checked(query)))


def checked(message: Message[Any]) -> Message[Any]:
    """The message as the server would read it; raises ``InvalidInput`` with every wrong member."""
    import urllib.parse

    spec = REGISTRY.of(message)
    if spec.path is None:
        raise AlmError(f"{spec.name} is no message of the REST API")
    address, body, headers = encoded(spec, message)
    path, _, query = address.partition("?")
    names = spec.path_params
    template = (spec.path or "").split("/")
    given = dict(zip(template, path.split("/"), strict=True))
    values = {name: urllib.parse.unquote(given["{" + name + "}"]) for name in names}
    return wire.decode(
        spec, values, urllib.parse.parse_qs(query, keep_blank_values=True), body or b"", headers.get("If-Match")
    )
