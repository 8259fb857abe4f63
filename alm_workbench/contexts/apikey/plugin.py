"""Registers the apikey context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.apikey import handlers as h
from alm_workbench.contexts.apikey import messages as m
from alm_workbench.contexts.apikey.domain import KnownPrivileges
from alm_workbench.contexts.apikey.repository import KeyRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    keys = KeyRepository()
    return {
        m.CreateApiKey: h.CreateApiKeyHandler(keys, services.port(KnownPrivileges)),
        m.ListApiKeys: h.ListApiKeysHandler(keys),
        m.RevokeApiKey: h.RevokeApiKeyHandler(keys),
        m.RevokeKeysOf: h.RevokeKeysOfHandler(keys),
        m.RotateApiKey: h.RotateApiKeyHandler(keys),
        m.ResolveKey: h.ResolveKeyHandler(keys),
        m.PeopleBehind: h.PeopleBehindHandler(keys),
        m.NoteKeyUse: h.NoteKeyUseHandler(keys),
    }
