"""Registers the artifact context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alm_workbench.contexts.artifact import batch, bin, finding, links, moves, planned, reading, relocation, trees
from alm_workbench.contexts.artifact import batch_messages as many_m
from alm_workbench.contexts.artifact import bin_messages as bm
from alm_workbench.contexts.artifact import finding_messages as fm
from alm_workbench.contexts.artifact import handlers as h
from alm_workbench.contexts.artifact import link_messages as lm
from alm_workbench.contexts.artifact import messages as m
from alm_workbench.contexts.artifact import planned_messages as pm
from alm_workbench.contexts.artifact import relocation_messages as rm
from alm_workbench.contexts.artifact import services as s
from alm_workbench.contexts.artifact import structure_messages as sm
from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.export_messages import ExportArtifacts
from alm_workbench.contexts.artifact.exporting import ExportHandler
from alm_workbench.contexts.artifact.importing import ImportHandler
from alm_workbench.contexts.artifact.repository import ArtifactRepository
from alm_workbench.contexts.artifact.repository.finding import Finding
from alm_workbench.contexts.artifact.repository.many import ManyArtifacts
from alm_workbench.shared.context import Handler, Services
from alm_workbench.shared.plugins import ExpressionFunctions, hookimpl


@hookimpl
def alm_handlers(services: Services) -> Mapping[type[Any], Handler]:
    """Handlers of this context."""
    artifacts = Artifacts(ArtifactRepository(), services.port(ExpressionFunctions).by_name)
    many = ManyArtifacts()
    finder = finding.Finder(artifacts, Finding())
    trash = bin.Bin(artifacts)
    plans, ranked = planned.Planned(artifacts), trees.Ranked(artifacts)
    return {
        m.CreateArtifact: h.CreateHandler(artifacts),
        m.GetArtifact: reading.GetHandler(artifacts),
        m.GetArtifactByKey: reading.GetByKeyHandler(artifacts),
        m.ArtifactAccess: reading.ArtifactAccessHandler(artifacts),
        m.FindArtifacts: finding.FindHandler(finder),
        fm.CountArtifacts: finding.CountHandler(finder),
        fm.FacetArtifacts: finding.FacetHandler(finder),
        fm.SearchEverywhere: finding.SearchHandler(finder),
        fm.SelectArtifacts: finding.SelectHandler(finder),
        fm.CheckQuestion: finding.CheckHandler(finder),
        m.UpdateArtifact: h.UpdateHandler(artifacts),
        m.DeleteArtifact: bin.DeleteHandler(artifacts, trash),
        m.RestoreArtifact: bin.RestoreHandler(artifacts, trash),
        bm.ListBin: bin.ListBinHandler(artifacts, trash),
        bm.RestoreCommit: bin.RestoreCommitHandler(trash),
        bm.RestoreOfCommit: bin.RestoreCommitHandler(trash),
        m.LinkArtifacts: links.LinkHandler(artifacts),
        m.ListLinks: links.ListLinksHandler(artifacts),
        sm.MoveArtifact: moves.MoveHandler(artifacts),
        rm.MoveToProject: relocation.MoveToProjectHandler(artifacts),
        sm.ListChildren: trees.ListChildrenHandler(ranked),
        sm.ProjectTree: trees.ProjectTreeHandler(ranked),
        sm.ListTags: trees.ListTagsHandler(artifacts),
        lm.UnlinkArtifacts: links.UnlinkHandler(artifacts),
        lm.ClearSuspect: links.ClearSuspectHandler(artifacts),
        m.ImportArtifacts: ImportHandler(artifacts, many),
        m.StateCounts: s.StateCountsHandler(artifacts),
        m.SituationOf: s.SituationHandler(artifacts),
        m.FactsOf: s.FactsHandler(artifacts),
        m.ReadRightsOf: s.ReadRightsHandler(artifacts),
        m.ProjectOfArtifact: s.ProjectOfHandler(artifacts),
        m.SetState: s.SetStateHandler(artifacts),
        m.ReindexTexts: s.ReindexTextsHandler(artifacts),
        m.RemapStates: s.RemapStatesHandler(artifacts),
        ExportArtifacts: ExportHandler(artifacts, many),
        many_m.UpdateMany: batch.UpdateManyHandler(artifacts, many),
        many_m.CreateMany: batch.CreateManyHandler(artifacts, many),
        many_m.SituationsOf: batch.SituationsHandler(artifacts, many),
        many_m.ItemsOf: batch.ItemsHandler(artifacts, many),
        many_m.LinksOf: batch.LinksHandler(artifacts, many),
        many_m.PutBack: batch.PutBackHandler(artifacts, many),
        many_m.HiddenOf: batch.HiddenHandler(artifacts),
        many_m.SetStates: batch.SetStatesHandler(artifacts, many),
        pm.ItemsOfTypes: planned.ItemsOfTypesHandler(plans),
        pm.ItemsReferring: planned.ItemsReferringHandler(plans),
        pm.ItemsBelow: planned.ItemsBelowHandler(plans),
        pm.UnplannedItems: planned.UnplannedItemsHandler(plans),
        pm.OpenItemsOf: planned.OpenItemsOfHandler(plans),
    }
