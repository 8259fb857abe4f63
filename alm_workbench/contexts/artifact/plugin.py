"""Registers the artifact context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.artifact import bin, links, planned, reading
from alm_workbench.contexts.artifact import bin_messages as bm
from alm_workbench.contexts.artifact import handlers as h
from alm_workbench.contexts.artifact import messages as m
from alm_workbench.contexts.artifact import planned_messages as pm
from alm_workbench.contexts.artifact import services as s
from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.importing import ImportHandler
from alm_workbench.contexts.artifact.repository import ArtifactRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import ExpressionFunctions, hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    artifacts = Artifacts(ArtifactRepository(), services.port(ExpressionFunctions).by_name)
    trash = bin.Bin(artifacts)
    plans = planned.Planned(artifacts)
    return {
        m.CreateArtifact: h.CreateHandler(artifacts),
        m.GetArtifact: reading.GetHandler(artifacts),
        m.GetArtifactByKey: reading.GetByKeyHandler(artifacts),
        m.ArtifactAccess: reading.ArtifactAccessHandler(artifacts),
        m.FindArtifacts: reading.FindHandler(artifacts),
        m.UpdateArtifact: h.UpdateHandler(artifacts),
        m.DeleteArtifact: bin.DeleteHandler(artifacts, trash),
        m.RestoreArtifact: bin.RestoreHandler(artifacts, trash),
        bm.ListBin: bin.ListBinHandler(artifacts, trash),
        bm.RestoreCommit: bin.RestoreCommitHandler(trash),
        bm.RestoreOfCommit: bin.RestoreCommitHandler(trash),
        m.LinkArtifacts: links.LinkHandler(artifacts),
        m.ListLinks: links.ListLinksHandler(artifacts),
        m.ImportArtifacts: ImportHandler(artifacts),
        m.StateCounts: s.StateCountsHandler(artifacts),
        m.SituationOf: s.SituationHandler(artifacts),
        m.ReadRightsOf: s.ReadRightsHandler(artifacts),
        m.ProjectOfArtifact: s.ProjectOfHandler(artifacts),
        m.SetState: s.SetStateHandler(artifacts),
        m.ReindexTexts: s.ReindexTextsHandler(artifacts),
        m.RemapStates: s.RemapStatesHandler(artifacts),
        pm.ItemsOfTypes: planned.ItemsOfTypesHandler(plans),
        pm.ItemsReferring: planned.ItemsReferringHandler(plans),
        pm.ItemsBelow: planned.ItemsBelowHandler(plans),
        pm.UnplannedItems: planned.UnplannedItemsHandler(plans),
        pm.OpenItemsOf: planned.OpenItemsOfHandler(plans),
    }
