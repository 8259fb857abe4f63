"""The manifest core: pure, no input or output, usable as a package of its own.

Importing it is light: Lark, PyYAML and RE2 are loaded by the first call that needs them.
"""

from __future__ import annotations

from . import language_service
from .ast import ASTNode, FrozenDict, ManifestAST, freeze, thaw
from .canonical import ast_hash, canonicalize, canonicalize_bytes, order_definitions, stable_hash
from .check import CheckResult, check
from .compile import ENGINE_VERSION, compile_manifest
from .engines.acl import AclDecision, decide_acl
from .engines.common import Reason
from .engines.policy import Decision, decide_policy
from .engines.workflow import TransitionVerdict, decide_transition, permitted
from .errors import Diagnostic, ManifestInvalid, MPCError, Related, Source, Span
from .expr.scope import EvalContext
from .fields import FieldProblem, FieldResult, clean_fields
from .meta import DomainMeta, FunctionDef, KindDef, PropDef, load_domain_meta
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
from .parse import FORMATS, LIMITS, ParseLimits, detect_format, parse

__all__ = [
    "ENGINE_VERSION",
    "FORMATS",
    "LIMITS",
    "ASTNode",
    "AclDecision",
    "AclDef",
    "ArtifactTypeDef",
    "AutomationDef",
    "CheckResult",
    "Choice",
    "CompiledManifest",
    "Decision",
    "Diagnostic",
    "DomainMeta",
    "EnumDef",
    "EvalContext",
    "FieldDef",
    "FieldProblem",
    "FieldResult",
    "FrozenDict",
    "FunctionDef",
    "KindDef",
    "LinkTypeDef",
    "MPCError",
    "ManifestAST",
    "ManifestInvalid",
    "ParseLimits",
    "PolicyDef",
    "PropDef",
    "Reason",
    "Related",
    "RoleDef",
    "Source",
    "Span",
    "StateDef",
    "TransitionDef",
    "TransitionVerdict",
    "ViewDef",
    "WorkflowDef",
    "ast_hash",
    "canonicalize",
    "canonicalize_bytes",
    "check",
    "clean_fields",
    "compile_manifest",
    "decide_acl",
    "decide_policy",
    "decide_transition",
    "detect_format",
    "freeze",
    "language_service",
    "load_domain_meta",
    "order_definitions",
    "parse",
    "permitted",
    "stable_hash",
    "thaw",
]
