"""Keys for programs: made, turned over and taken back from a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alm_workbench.contexts.apikey.messages import (
    ApiKeyDTO,
    ApiKeySecretDTO,
    CreateApiKey,
    ListApiKeys,
    RevokeApiKey,
    RotateApiKey,
)
from alm_workbench.i18n import _
from alm_workbench.notebook.actions import action
from alm_workbench.notebook.people import one_of
from alm_workbench.notebook.show import Column, Listing, card, plain

if TYPE_CHECKING:
    from alm_workbench.notebook.workbench import Workbench


class NewKey:
    """A key with its secret, which is told this once: ``.secret``. It never shows the secret by itself."""

    def __init__(self, made: ApiKeySecretDTO) -> None:
        self.key = made.key
        self.secret = made.secret

    def __repr__(self) -> str:
        return f"<NewKey {self.key.name}: {self.key.prefix}…; .secret>"

    def _repr_html_(self) -> str:
        rows = [
            (_("Begins with"), self.key.prefix),
            (_("May"), ", ".join(self.key.scopes)),
            (_("Valid until"), plain(self.key.expires_at)),
        ]
        return card(self.key.name, rows, _("Take the secret from .secret now; it is told this once and kept nowhere."))


class Keys(Listing[ApiKeyDTO]):
    """My keys, newest first; ``everybody()`` has those of the whole organisation."""

    def __init__(self, workbench: Workbench, *, everybody: bool = False) -> None:
        self._workbench = workbench
        columns: list[Column[ApiKeyDTO]] = [
            Column("name", _("Name"), lambda k: k.name),
            Column("prefix", _("Begins with"), lambda k: k.prefix),
            Column("owner", _("Owner"), lambda k: k.owner_name),
            Column("scopes", _("May"), lambda k: ", ".join(k.scopes)),
            Column("status", _("Status"), lambda k: k.status, "category"),
            Column("expires_at", _("Valid until"), lambda k: k.expires_at, "timestamp"),
            Column("last_used_at", _("Last used"), lambda k: k.last_used_at, "timestamp"),
        ]
        super().__init__(workbench.mediator.query(ListApiKeys(everybody)), columns, _("API keys"))

    def everybody(self) -> Keys:
        """The keys of the whole organisation; asks for the privilege ``key:manage``."""
        return Keys(self._workbench, everybody=True)

    @action
    def create(
        self,
        name: str,
        *scopes: str,
        days: int | None = None,
        roles: Iterable[str] | None = None,
        projects: Iterable[Any] | None = None,
    ) -> NewKey:
        """Make a key that may what its scopes say (``artifact:read``, ``artifact:*``), as far as you may it yourself.

        ``days`` is its life (90 by default); ``roles`` and ``projects`` narrow it.
        """
        ids = None if projects is None else tuple(p if isinstance(p, UUID) else p.id for p in projects)
        expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
        message = CreateApiKey(name, scopes, expires, None if roles is None else tuple(roles), ids)
        return NewKey(self._workbench.mediator.send(message))

    @action
    def rotate(self, key: Any, *, grace_hours: int = 24) -> NewKey:
        """Give a key a new secret; the old one works for some hours more."""
        return NewKey(self._workbench.mediator.send(RotateApiKey(self.find(key).id, grace_hours)))

    @action
    def revoke(self, key: Any) -> ApiKeyDTO:
        """Take a key back, for good."""
        return self._workbench.mediator.send(RevokeApiKey(self.find(key).id))

    def find(self, key: Any) -> ApiKeyDTO:
        """The key that a name, its beginning or a key means; raises ``NotFound``."""
        given = key.key if isinstance(key, NewKey) else key
        if isinstance(given, ApiKeyDTO):
            return given
        alive = [k for k in self._workbench.mediator.query(ListApiKeys()) if k.status == "active"]
        return one_of(alive, str(given), lambda k: (k.name, k.prefix), _("There is no key {name!r}. {help}"))
