"""DomainMeta: the vocabulary a manifest is checked against, read from data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .ast import EMPTY, FrozenDict, freeze, thaw
from .canonical import stable_hash
from .errors import MPCError

TYPE_WORDS = {
    "string", "int", "number", "bool", "any", "list", "object", "enum", "ref", "expr", "text", "regex", "oneof",
    "field", "state", "event", "privilege", "resource",
}  # fmt: skip


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

    def __repr__(self) -> str:
        return f"<DomainMeta {len(self.kinds)} kinds {self.hash[:12]}>"

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> DomainMeta:
        """Build from a mapping (domain_meta.yaml); raises MPCError naming the part that is wrong."""
        return _load(data)

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
            entry["properties"] = [_prop_data(prop) for prop in kind.properties.values()]
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
        data["common"] = [_prop_data(prop) for prop in meta.common.values()]
    if meta.core_fields:
        data["coreFields"] = dict(meta.core_fields)
    if meta.actions:
        data["actions"] = list(meta.actions)
    return data


def _prop_data(prop: PropDef) -> dict[str, Any]:
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
        data["items"] = _prop_data(prop.items)
    if prop.props:
        data["props"] = [_prop_data(inner) for inner in prop.props.values()]
    if prop.options:
        data["options"] = [_prop_data(inner) for inner in prop.options]
    return data


def _bad(where: str, message: str) -> MPCError:
    return MPCError("E_META_INVALID", f"{where}: {message}")


def _get(data: Mapping[str, Any], *names: str, default: Any = None) -> Any:
    for name in names:
        if name in data:
            return data[name]
    return default


def _load(data: Mapping[str, Any]) -> DomainMeta:
    if not isinstance(data, Mapping):
        raise _bad("domain meta", "must be a mapping")
    kinds = tuple(_load_kind(item) for item in _items(_get(data, "kinds", default=())))
    functions = _items(_get(data, "functions", "allowed_functions", "allowedFunctions", default=()))
    common = _get(data, "common", default={})
    return DomainMeta(
        int(_get(data, "schema_version", "schemaVersion", default=1)),
        kinds,
        tuple(_get(data, "value_types", "allowed_types", "allowedTypes", default=())),
        tuple(_get(data, "events", "allowed_events", "allowedEvents", default=())),
        tuple(_load_function(item) for item in functions),
        {name: _load_prop(name, spec, "common") for name, spec in common.items()},
        FrozenDict(_get(data, "core_fields", default={})),
        tuple(_get(data, "actions", default=())),
    )


def _items(value: Any) -> list[Mapping[str, Any]]:
    """A list of mappings, also from a mapping by name."""
    if isinstance(value, Mapping):
        return [{"name": name, **(spec or {})} for name, spec in value.items()]
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, Mapping) for item in value):
        raise _bad("domain meta", "kinds and functions are lists or mappings of mappings")
    return list(value)


def _load_kind(data: Mapping[str, Any]) -> KindDef:
    name = data.get("name")
    if not isinstance(name, str):
        raise _bad("kinds", "every kind needs a name")
    properties = {
        key: _load_prop(key, spec, f"{name}.{key}") for key, spec in _get(data, "properties", default={}).items()
    }
    required = [key for key, prop in properties.items() if prop.required]
    required += [key for key in _get(data, "required_props", "requiredProps", default=()) if key not in required]
    optional = [key for key, prop in properties.items() if not prop.required]
    optional += list(_get(data, "optional_props", "optionalProps", default=()))
    return KindDef(
        name,
        tuple(required),
        tuple(optional),
        tuple(_get(data, "allowed_types", "allowedTypes", default=())),
        properties,
        tuple(_get(data, "children", default=())),
        bool(_get(data, "child_only", default=False)),
        bool(_get(data, "open", default=not properties)),
        str(_get(data, "doc", default="")),
    )


def _load_prop(name: str, spec: Any, where: str) -> PropDef:
    if isinstance(spec, str):
        spec = {"type": spec}
    if not isinstance(spec, Mapping):
        raise _bad(where, "must be a type word or a mapping")
    kind = spec.get("type", "any")
    if kind not in TYPE_WORDS:
        raise _bad(where, f"unknown property type '{kind}'")
    items = spec.get("items")
    return PropDef(
        name,
        kind,
        bool(spec.get("required", False)),
        tuple(str(value) for value in spec.get("values", ())),
        spec.get("kind"),
        _load_prop(name, items, where + "[]") if items is not None else None,
        {key: _load_prop(key, inner, f"{where}.{key}") for key, inner in spec.get("props", {}).items()},
        tuple(_load_prop(name, inner, where) for inner in spec.get("options", ())),
        bool(spec.get("single", False)),
        bool(spec.get("open", False)),
        str(spec.get("returns", "any")),
        freeze(spec.get("default")),
        tuple(spec.get("aka", ())),
        str(spec.get("doc", "")),
    )


def _load_function(data: Mapping[str, Any]) -> FunctionDef:
    name = data.get("name")
    if not isinstance(name, str):
        raise _bad("functions", "every function needs a name")
    return FunctionDef(
        name,
        tuple(str(arg) for arg in data.get("args", ())),
        str(data.get("returns", "any")),
        int(data.get("cost", 1)),
        str(data.get("doc", "")),
    )


def load_domain_meta(text: str) -> DomainMeta:
    """DomainMeta from the text of a YAML or JSON file; raises MPCError with the place."""
    from .parse.yaml_ import load_yaml

    try:
        data = load_yaml(text)
    except ValueError as error:
        raise MPCError("E_META_INVALID", str(error)) from error
    return DomainMeta.load(data)
