"""Registers the artifact context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.artifact import handlers as h
from alm_workbench.contexts.artifact import messages as m
from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.importing import ImportHandler
from alm_workbench.contexts.artifact.repository import ArtifactRepository
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import ExpressionFunctions, hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    artifacts = Artifacts(ArtifactRepository(), services.port(ExpressionFunctions).by_name)
    return {
        m.CreateArtifact: h.CreateHandler(artifacts),
        m.GetArtifact: h.GetHandler(artifacts),
        m.GetArtifactByKey: h.GetByKeyHandler(artifacts),
        m.ArtifactAccess: h.ArtifactAccessHandler(artifacts),
        m.FindArtifacts: h.FindHandler(artifacts),
        m.UpdateArtifact: h.UpdateHandler(artifacts),
        m.DeleteArtifact: h.DeleteHandler(artifacts),
        m.RestoreArtifact: h.RestoreHandler(artifacts),
        m.LinkArtifacts: h.LinkHandler(artifacts),
        m.ListLinks: h.ListLinksHandler(artifacts),
        m.ImportArtifacts: ImportHandler(artifacts),
        m.StateCounts: h.StateCountsHandler(artifacts),
        m.SituationOf: h.SituationHandler(artifacts),
        m.ReadRightsOf: h.ReadRightsHandler(artifacts),
        m.ProjectOfArtifact: h.ProjectOfHandler(artifacts),
        m.SetState: h.SetStateHandler(artifacts),
        m.ReindexTexts: h.ReindexTextsHandler(artifacts),
        m.RemapStates: h.RemapStatesHandler(artifacts),
    }
