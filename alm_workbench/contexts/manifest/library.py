"""The organisation's stored manifests as a library: one may import another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from alm_workbench.contexts.manifest.repository import ManifestRepository
from alm_workbench.mpc import ManifestAST, parse
from alm_workbench.mpc.imports import Edition
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import VersionId


class StoredLibrary:
    """Every version of every manifest of the tenant, read within one message.

    A manifest is found as `namespace/name`, or as its namespace alone where that holds no other. Of versions that bear
    the same label the newest counts.
    """

    def __init__(self, ctx: MessageContext, manifests: ManifestRepository) -> None:
        self._ctx, self._manifests = ctx, manifests

    def find(self, source: str, /) -> Sequence[Edition]:
        """The versions of a manifest, oldest first; none if the name is unknown or means several."""
        namespace, _, name = source.partition("/")
        rows = self._manifests.editions(self._ctx.conn, namespace, name or None)
        if len({row.name for row in rows}) > 1:
            return ()
        return [
            Edition(
                f"{namespace}/{row.name}",
                row.label,
                f"{namespace}/{row.name} {row.label} (version {row.number})",
                partial(self._read, row.id, f"{namespace}/{row.name}"),
            )
            for row in rows
        ]

    def _read(self, version_id: VersionId, title: str) -> ManifestAST:
        found = self._manifests.version(self._ctx.conn, version_id)
        return parse(found.source or "", format=found.format, file=title)


def library_for(ctx: MessageContext, manifests: ManifestRepository) -> StoredLibrary | None:
    """The library of whoever asks; None for those who may not read manifests."""
    return StoredLibrary(ctx, manifests) if ctx.principal.may("manifest:read") else None
