"""The manifest core: pure, no input or output, usable as a package of its own.

Importing it is light: most names load their module on first use, Lark, PyYAML and RE2 come with the first call that
needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# `parse` is also the name of a subpackage: bound here, before anything else can import that and take the name.
from .parse import FORMATS, LIMITS, ParseLimits, detect_format, parse

if TYPE_CHECKING:
    from . import language_service
    from .ast import ASTNode, FrozenDict, ManifestAST, freeze, thaw
    from .canonical import ast_hash, canonicalize, canonicalize_bytes, order_definitions, stable_hash
    from .checking import CheckResult, Session, Sessions, check
    from .codes import ERROR_CODES, INTENT_KINDS, REASON_CODES, validate_all_codes
    from .compile import ENGINE_VERSION, CompileCache, compile_manifest
    from .composing import Composition, compose
    from .diff import ManifestDiff, diff_manifests, text_diff
    from .engines.acl import AclDecision, Authorizer, Candidate, authorizer_of, decide_acl
    from .engines.common import Reason
    from .engines.compose import ComposeResult, compose_decisions
    from .engines.policy import Decision, decide_policy
    from .engines.row_filter import Rows, row_filter
    from .engines.workflow import TransitionVerdict, decide_transition, permitted
    from .errors import Diagnostic, ManifestInvalid, MPCError, Related, Source, Span
    from .expr.compiled import Compiled, compile_expression
    from .expr.scope import EvalContext
    from .fields import FieldProblem, FieldResult, clean_fields
    from .formatting import format_manifest
    from .forms import FormEngine, FormPackage, type_form
    from .imports import Edition, ImportResult, Library, MemoryLibrary, PinnedLibrary, resolve_imports
    from .meta import DomainMeta, FunctionDef, KindDef, PropDef, TemplateDef, load_domain_meta
    from .meta.changelog import Changelog, load_changelog
    from .meta.diff import MetaDiffResult, diff_meta
    from .meta.drift import detect_drift
    from .meta.migration import migrate_items, migrate_manifest
    from .meta.schema import DOMAIN_META_SCHEMA
    from .model import (
        AclDef,
        ArtifactTypeDef,
        AutomationDef,
        Choice,
        CompiledManifest,
        EnumDef,
        FieldDef,
        LinkTypeDef,
        PolicyDef,
        RoleDef,
        StateDef,
        TransitionDef,
        ViewDef,
        WorkflowDef,
    )
    from .overlay import OverlayResult, apply_json_patch, apply_overlays, merge_patch
    from .redaction import RedactionConfig, redact, redact_exception, redact_in_place, redact_text
    from .routing import CanaryRouter
    from .uischema import UISchemaResult, generate_ui_schema
    from .workflow import StepResult, WorkflowMachine, engine_for, simulate, to_mermaid, to_svg, workflow_from

_HOMES = {
    ".ast": ("ASTNode", "FrozenDict", "ManifestAST", "freeze", "thaw"),
    ".canonical": ("ast_hash", "canonicalize", "canonicalize_bytes", "order_definitions", "stable_hash"),
    ".checking": ("CheckResult", "Session", "Sessions", "check"),
    ".codes": ("ERROR_CODES", "INTENT_KINDS", "REASON_CODES", "validate_all_codes"),
    ".compile": ("ENGINE_VERSION", "CompileCache", "compile_manifest"),
    ".composing": ("Composition", "compose"),
    ".diff": ("ManifestDiff", "diff_manifests", "text_diff"),
    ".engines.acl": ("AclDecision", "Authorizer", "Candidate", "authorizer_of", "decide_acl"),
    ".engines.common": ("Reason",),
    ".engines.compose": ("ComposeResult", "compose_decisions"),
    ".engines.policy": ("Decision", "decide_policy"),
    ".engines.row_filter": ("Rows", "row_filter"),
    ".engines.workflow": ("TransitionVerdict", "decide_transition", "permitted"),
    ".errors": ("Diagnostic", "MPCError", "ManifestInvalid", "Related", "Source", "Span"),
    ".expr.compiled": ("Compiled", "compile_expression"),
    ".expr.scope": ("EvalContext",),
    ".formatting": ("format_manifest",),
    ".fields": ("FieldProblem", "FieldResult", "clean_fields"),
    ".forms": ("FormEngine", "FormPackage", "type_form"),
    ".imports": ("Edition", "ImportResult", "Library", "MemoryLibrary", "PinnedLibrary", "resolve_imports"),
    ".meta": ("DomainMeta", "FunctionDef", "KindDef", "PropDef", "TemplateDef", "load_domain_meta"),
    ".meta.changelog": ("Changelog", "load_changelog"),
    ".meta.diff": ("MetaDiffResult", "diff_meta"),
    ".meta.drift": ("detect_drift",),
    ".meta.migration": ("migrate_items", "migrate_manifest"),
    ".meta.schema": ("DOMAIN_META_SCHEMA",),
    ".model": (
        "AclDef",
        "ArtifactTypeDef",
        "AutomationDef",
        "Choice",
        "CompiledManifest",
        "EnumDef",
        "FieldDef",
        "LinkTypeDef",
        "PolicyDef",
        "RoleDef",
        "StateDef",
        "TransitionDef",
        "ViewDef",
        "WorkflowDef",
    ),
    ".overlay": ("OverlayResult", "apply_json_patch", "apply_overlays", "merge_patch"),
    ".redaction": ("RedactionConfig", "redact", "redact_exception", "redact_in_place", "redact_text"),
    ".routing": ("CanaryRouter",),
    ".uischema": ("UISchemaResult", "generate_ui_schema"),
    ".workflow": (
        "StepResult",
        "WorkflowMachine",
        "engine_for",
        "simulate",
        "to_mermaid",
        "to_svg",
        "workflow_from",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "language_service":
        return import_module(".language_service", __name__)
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "DOMAIN_META_SCHEMA",
    "ENGINE_VERSION",
    "ERROR_CODES",
    "FORMATS",
    "INTENT_KINDS",
    "LIMITS",
    "REASON_CODES",
    "ASTNode",
    "AclDecision",
    "AclDef",
    "ArtifactTypeDef",
    "Authorizer",
    "AutomationDef",
    "CanaryRouter",
    "Candidate",
    "Changelog",
    "CheckResult",
    "Choice",
    "CompileCache",
    "Compiled",
    "CompiledManifest",
    "ComposeResult",
    "Composition",
    "Decision",
    "Diagnostic",
    "DomainMeta",
    "Edition",
    "EnumDef",
    "EvalContext",
    "FieldDef",
    "FieldProblem",
    "FieldResult",
    "FormEngine",
    "FormPackage",
    "FrozenDict",
    "FunctionDef",
    "ImportResult",
    "KindDef",
    "Library",
    "LinkTypeDef",
    "MPCError",
    "ManifestAST",
    "ManifestDiff",
    "ManifestInvalid",
    "MemoryLibrary",
    "MetaDiffResult",
    "OverlayResult",
    "ParseLimits",
    "PinnedLibrary",
    "PolicyDef",
    "PropDef",
    "Reason",
    "RedactionConfig",
    "Related",
    "RoleDef",
    "Rows",
    "Session",
    "Sessions",
    "Source",
    "Span",
    "StateDef",
    "StepResult",
    "TemplateDef",
    "TransitionDef",
    "TransitionVerdict",
    "UISchemaResult",
    "ViewDef",
    "WorkflowDef",
    "WorkflowMachine",
    "apply_json_patch",
    "apply_overlays",
    "ast_hash",
    "authorizer_of",
    "canonicalize",
    "canonicalize_bytes",
    "check",
    "clean_fields",
    "compile_expression",
    "compile_manifest",
    "compose",
    "compose_decisions",
    "decide_acl",
    "decide_policy",
    "decide_transition",
    "detect_drift",
    "detect_format",
    "diff_manifests",
    "diff_meta",
    "engine_for",
    "format_manifest",
    "freeze",
    "generate_ui_schema",
    "language_service",
    "load_changelog",
    "load_domain_meta",
    "merge_patch",
    "migrate_items",
    "migrate_manifest",
    "order_definitions",
    "parse",
    "permitted",
    "redact",
    "redact_exception",
    "redact_in_place",
    "redact_text",
    "resolve_imports",
    "row_filter",
    "simulate",
    "stable_hash",
    "text_diff",
    "thaw",
    "to_mermaid",
    "to_svg",
    "type_form",
    "validate_all_codes",
    "workflow_from",
]
