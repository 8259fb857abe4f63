"""The Mediator in this process, checked at its edge exactly as a server checks requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any, TypeVar, cast
from uuid import UUID

from alm_workbench.contexts.attachment.messages import AttachFile, AttachmentDTO, OpenAttachment, StartUpload
from alm_workbench.contexts.auth.session_messages import Me, ResolvePrincipal, TenantsOf
from alm_workbench.errors import AlmError, NotFound
from alm_workbench.i18n import _
from alm_workbench.notebook.http import encoded
from alm_workbench.shared import wire
from alm_workbench.shared.ids import ArtifactId
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.messages import REGISTRY, Command, Message, Query

R = TypeVar("R")
PIECE = 256 * 1024


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

    def upload(self, artifact_id: ArtifactId, name: str, source: IO[bytes], /) -> AttachmentDTO:
        """Attach what a file holds, read in pieces."""
        upload = self._inner.query(StartUpload(artifact_id, name))
        try:
            while data := source.read(PIECE):
                upload.write(data)
            return self._inner.send(AttachFile(artifact_id, name, upload.finish()))
        finally:
            upload.abort()

    def download(self, artifact_id: ArtifactId, attachment_id: UUID, /) -> Iterator[bytes]:
        """The content of a file in pieces."""
        opened = self._inner.query(OpenAttachment(artifact_id, attachment_id))
        with opened.stream as stream:
            while data := stream.read(PIECE):
                yield data

    def switch(self, tenant: str) -> None:
        """Go on in another organisation of the same person; raises ``NotFound`` where there is no such one."""
        user_id = self._inner.query(Me()).user_id
        found = None
        if user_id is not None:
            choices = {c.slug: c.tenant_id for c in self._inner.query(TenantsOf(user_id))}
            if tenant in choices:
                found = self._inner.query(ResolvePrincipal(user_id, choices[tenant]))
        if found is None:
            raise NotFound(_("You belong to no organisation called {name!r}").format(name=tenant))
        self._inner = self._inner.as_principal(found)


def checked(message: Message[Any]) -> Message[Any]:
    """The message as the server would read it; raises ``InvalidInput`` with every wrong member."""
    import urllib.parse

    spec = REGISTRY.of(message)
    if spec.path is None:
        raise AlmError(f"{spec.name} is no message of the REST API")
    address, body, headers = encoded(spec, message)
    path, query = address.partition("?")[::2]
    names = spec.path_params
    template = (spec.path or "").split("/")
    given = dict(zip(template, path.split("/"), strict=True))
    values = {name: urllib.parse.unquote(given["{" + name + "}"]) for name in names}
    return wire.decode(
        spec, values, urllib.parse.parse_qs(query, keep_blank_values=True), body or b"", headers.get("If-Match")
    )
