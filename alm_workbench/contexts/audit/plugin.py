"""Registers the audit context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.audit import handlers as h
from alm_workbench.contexts.audit import messages as m
from alm_workbench.contexts.audit.asof import ArtifactsAtHandler
from alm_workbench.contexts.audit.past import PastPayloadsHandler
from alm_workbench.contexts.audit.past_messages import PastPayloads
from alm_workbench.contexts.audit.repository import AuditRepository, SealedAudit
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    repo, vault = AuditRepository(), SealedAudit.of(services)
    return {
        m.EntityHistory: h.HistoryHandler(repo),
        m.GetSnapshot: h.SnapshotHandler(repo),
        m.DiffSnapshots: h.DiffHandler(repo),
        m.ListCommits: h.CommitsHandler(repo),
        m.GetCommit: h.CommitHandler(repo),
        m.ListSeals: h.SealsHandler(repo),
        m.SealAudit: h.SealHandler(vault),
        m.VerifyAudit: h.VerifyHandler(vault),
        m.EraseEntity: h.EraseHandler(repo),
        m.ArtifactsAt: ArtifactsAtHandler(repo),
        PastPayloads: PastPayloadsHandler(repo),
    }
