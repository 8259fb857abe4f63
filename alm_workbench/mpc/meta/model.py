"""DomainMeta: the vocabulary a manifest is checked against; immutable, with a stable hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..ast import EMPTY, thaw
from ..canonical import stable_hash
from ..errors import MPCError

TYPE_WORDS = {
    "string", "int", "number", "bool", "any", "list", "object", "enum", "ref", "expr", "text", "regex", "oneof",
    "field", "state", "event", "privilege", "resource",
}  # fmt: skip

LATER_CORE_FIELDS = frozenset({"tags"})
"""Names that items have had only since manifests were in use: fields that were called so before stay what they are."""


@dataclass(frozen=True)
class PropDef:
    """The shape of one property: a type word and what refines it."""

    name: str
    type: str = "any"
    required: bool = False
    values: tuple[str, ...] = ()
    kind: str | None = None
    items: PropDef | None = None
    props: Mapping[str, PropDef] = field(default_factory=dict)
    options: tuple[PropDef, ...] = ()
    single: bool = False
    open: bool = False
    returns: str = "any"
    default: Any = None
    aka: tuple[str, ...] = ()
    doc: str = ""
    example: Any = None

    def find(self, name: str) -> PropDef | None:
        """The inner property called `name`, by its own or another accepted name."""
        return _find(self.props, name)


@dataclass(frozen=True)
class KindDef:
    """A kind of definition. `open` kinds take any property."""

    name: str
    required_props: tuple[str, ...] = ()
    optional_props: tuple[str, ...] = ()
    allowed_types: tuple[str, ...] = ()
    properties: Mapping[str, PropDef] = field(default_factory=dict)
    children: tuple[str, ...] = ()
    child_only: bool = False
    open: bool = True
    doc: str = ""
    example: str = ""

    def find(self, name: str) -> PropDef | None:
        """The property called `name`, by its own or another accepted name."""
        return _find(self.properties, name)


@dataclass(frozen=True)
class FunctionDef:
    """A function expressions may call."""

    name: str
    args: tuple[str, ...] = ()
    returns: str = "any"
    cost: int = 1
    doc: str = ""
    example: str = ""


@dataclass(frozen=True)
class TemplateDef:
    """What every type of a well-known sort of item must have. `core` says which core field holds a property."""

    name: str
    required_props: tuple[str, ...] = ()
    allowed_types: tuple[str, ...] = ()
    core: Mapping[str, str] = EMPTY
    kind: str = "ArtifactType"
    doc: str = ""

    @property
    def own_fields(self) -> tuple[str, ...]:
        """Required properties that a type must declare as fields of its own."""
        return tuple(name for name in self.required_props if name not in self.core)


def _find(props: Mapping[str, PropDef], name: str) -> PropDef | None:
    found = props.get(name)
    if found is not None:
        return found
    return next((prop for prop in props.values() if name in prop.aka), None)


@dataclass(frozen=True, repr=False)
class DomainMeta:
    """Everything a manifest may say; immutable, with a stable hash."""

    schema_version: int = 1
    kinds: tuple[KindDef, ...] = ()
    allowed_types: tuple[str, ...] = ()
    allowed_events: tuple[str, ...] = ()
    allowed_functions: tuple[FunctionDef, ...] = ()
    common: Mapping[str, PropDef] = field(default_factory=dict)
    core_fields: Mapping[str, str] = EMPTY
    actions: tuple[str, ...] = ()
    templates: tuple[TemplateDef, ...] = ()

    def __repr__(self) -> str:
        return f"<DomainMeta {len(self.kinds)} kinds {self.hash[:12]}>"

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> DomainMeta:
        """Build from a mapping (domain_meta.yaml or the contract's JSON form).

        Raises MPCError E_META_INVALID naming the part that is wrong.
        """
        from .loading import load

        return load(data)

    def with_functions(self, extra: Iterable[FunctionDef]) -> DomainMeta:
        """The same vocabulary with more functions (those of plugins); a known name cannot be redefined."""
        functions = list(self.allowed_functions)
        for function in extra:
            if self.get_function(function.name) is not None:
                raise MPCError("E_META_FUNCTION_TAKEN", f"The function '{function.name}' exists already")
            functions.append(function)
        return replace(self, allowed_functions=tuple(functions))

    @cached_property
    def _kinds(self) -> dict[str, KindDef]:
        return {kind.name: kind for kind in self.kinds}

    @cached_property
    def _functions(self) -> dict[str, FunctionDef]:
        return {function.name: function for function in self.allowed_functions}

    def get_kind(self, name: str) -> KindDef | None:
        """The kind of that name."""
        return self._kinds.get(name)

    def get_template(self, name: str) -> TemplateDef | None:
        """The template of that name."""
        return next((template for template in self.templates if template.name == name), None)

    def get_function(self, name: str) -> FunctionDef | None:
        """The declared function of that name."""
        return self._functions.get(name)

    @property
    def kind_names(self) -> frozenset[str]:
        """All kinds' names."""
        return frozenset(self._kinds)

    @property
    def function_names(self) -> frozenset[str]:
        """All declared functions' names."""
        return frozenset(self._functions)

    @cached_property
    def hash(self) -> str:
        """The meta hash: what validation depends on; documentation texts do not count."""
        return stable_hash(meta_data(self))


def meta_data(meta: DomainMeta) -> dict[str, Any]:
    """The hashed form. Parts beyond the contract appear only where declared, so the contract's hashes hold."""
    kinds: list[dict[str, Any]] = []
    for kind in meta.kinds:
        entry: dict[str, Any] = {
            "name": kind.name,
            "requiredProps": list(kind.required_props),
            "allowedTypes": list(kind.allowed_types),
        }
        if kind.properties:
            entry["properties"] = [prop_data(prop) for prop in kind.properties.values()]
        if kind.children:
            entry["children"] = list(kind.children)
        kinds.append(entry)
    data: dict[str, Any] = {
        "schemaVersion": meta.schema_version,
        "kinds": kinds,
        "allowedTypes": list(meta.allowed_types),
        "allowedEvents": list(meta.allowed_events),
        "allowedFunctions": [
            {"name": f.name, "args": list(f.args), "returns": f.returns, "cost": f.cost} for f in meta.allowed_functions
        ],
    }
    if meta.common:
        data["common"] = [prop_data(prop) for prop in meta.common.values()]
    if meta.core_fields:
        data["coreFields"] = dict(meta.core_fields)
    if meta.actions:
        data["actions"] = list(meta.actions)
    if meta.templates:
        data["templates"] = [
            {"name": t.name, "kind": t.kind, "requiredProps": list(t.required_props), "core": dict(t.core)}
            for t in meta.templates
        ]
    return data


def prop_data(prop: PropDef) -> dict[str, Any]:
    """The hashed form of a property: its shape without its texts."""
    data: dict[str, Any] = {"name": prop.name, "type": prop.type}
    for key in ("required", "single", "open"):
        if getattr(prop, key):
            data[key] = True
    for key in ("values", "aka"):
        if getattr(prop, key):
            data[key] = list(getattr(prop, key))
    if prop.kind:
        data["kind"] = prop.kind
    if prop.returns != "any":
        data["returns"] = prop.returns
    if prop.default is not None:
        data["default"] = thaw(prop.default)
    if prop.items:
        data["items"] = prop_data(prop.items)
    if prop.props:
        data["props"] = [prop_data(inner) for inner in prop.props.values()]
    if prop.options:
        data["options"] = [prop_data(inner) for inner in prop.options]
    return data
