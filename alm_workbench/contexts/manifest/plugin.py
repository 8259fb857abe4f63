"""Registers the manifest context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.manifest import handlers as h
from alm_workbench.contexts.manifest import messages as m
from alm_workbench.contexts.manifest.repository import ManifestRepository
from alm_workbench.mpc import DomainMeta
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo, meta = ManifestRepository(), services.port(DomainMeta)
    checks = h.Checks(repo, meta)
    return {
        m.CheckManifest: h.CheckHandler(checks),
        m.GraphManifest: h.GraphHandler(checks),
        m.SaveManifest: h.SaveHandler(repo, meta),
        m.ListManifests: h.ListHandler(repo),
        m.ListVersions: h.ListVersionsHandler(repo),
        m.GetVersion: h.GetVersionHandler(repo),
        m.FindVersion: h.FindVersionHandler(repo),
        m.CompiledVersion: h.CompiledVersionHandler(repo),
    }
