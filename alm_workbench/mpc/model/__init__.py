"""The compiled manifest: immutable, typed, resolved, and storable as JSON."""

from __future__ import annotations

from .composition import ImportPin, RedactDef
from .forms import FormDef, FormSection
from .labels import Labels, pick_label
from .manifest import CompiledManifest
from .rules import AclDef, AutomationDef, PolicyDef, RoleDef, RuleIndex
from .types import ArtifactTypeDef, Choice, EnumDef, FieldDef, LinkTypeDef
from .views import ViewDef
from .workflow import StateDef, TransitionDef, WorkflowDef

__all__ = [
    "AclDef",
    "ArtifactTypeDef",
    "AutomationDef",
    "Choice",
    "CompiledManifest",
    "EnumDef",
    "FieldDef",
    "FormDef",
    "FormSection",
    "ImportPin",
    "Labels",
    "LinkTypeDef",
    "PolicyDef",
    "RedactDef",
    "RoleDef",
    "RuleIndex",
    "StateDef",
    "TransitionDef",
    "ViewDef",
    "WorkflowDef",
    "pick_label",
]
