"""Reading a DomainMeta from plain data, with the part that is wrong named.

Keys are accepted in snake_case (domain_meta.yaml) and camelCase (the contract's JSON form); kinds, functions and
templates as lists of entries with a name or as mappings by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ..ast import FrozenDict, freeze
from ..errors import MPCError
from ..words import did_you_mean
from .model import TYPE_WORDS, DomainMeta, FunctionDef, KindDef, PropDef, TemplateDef

T = TypeVar("T")
_ROOT = {
    "schema_version": ("schemaVersion",),
    "kinds": (),
    "value_types": ("allowed_types", "allowedTypes", "valueTypes"),
    "events": ("allowed_events", "allowedEvents"),
    "functions": ("allowed_functions", "allowedFunctions"),
    "common": (),
    "core_fields": ("coreFields",),
    "actions": (),
    "templates": (),
}
_KIND = {
    "name": (),
    "required_props": ("requiredProps",),
    "optional_props": ("optionalProps",),
    "allowed_types": ("allowedTypes",),
    "properties": (),
    "children": (),
    "child_only": ("childOnly",),
    "open": (),
    "doc": (),
    "example": (),
}
_FUNCTION: dict[str, tuple[str, ...]] = {"name": (), "args": (), "returns": (), "cost": (), "doc": (), "example": ()}
_TEMPLATE = {
    "name": (),
    "kind": (),
    "required_props": ("requiredProps",),
    "allowed_types": ("allowedTypes",),
    "core": (),
    "doc": (),
}
_PROPERTY = (
    "name", "type", "required", "values", "kind", "items", "props", "options", "single", "open", "returns", "default",
    "aka", "doc", "example",
)  # fmt: skip


def bad(where: str, message: str) -> MPCError:
    """The exception for data that is no DomainMeta."""
    return MPCError("E_META_INVALID", f"{where}: {message}")


def load(data: Mapping[str, Any]) -> DomainMeta:
    """A DomainMeta from a mapping; raises MPCError E_META_INVALID naming the part that is wrong."""
    root = _Part("domain meta", data, _ROOT)
    return DomainMeta(
        root.integer("schema_version", 1, least=0),
        _unique("kinds", (_kind(item) for item in _entries(root.get("kinds", ()), "kinds"))),
        root.words("value_types"),
        root.words("events"),
        _unique("functions", (_function(item) for item in _entries(root.get("functions", ()), "functions"))),
        _properties(root.get("common", {}), "common"),
        FrozenDict(root.mapping_of_words("core_fields")),
        root.words("actions"),
        _unique("templates", (_template(item) for item in _entries(root.get("templates", ()), "templates"))),
    )


class _Part:
    """One mapping of the data, read key by key."""

    def __init__(self, where: str, data: Any, known: Mapping[str, tuple[str, ...]]) -> None:
        if not isinstance(data, Mapping):
            raise bad(where, "must be a mapping")
        self.where = where
        self.known = known
        self.data = data
        names = {alias: name for name, aliases in known.items() for alias in (name, *aliases)}
        for key in data:
            if key not in names:
                hint = did_you_mean(str(key), known)
                raise bad(where, f"there is no part called '{key}'" + (f" ({hint})" if hint else ""))

    def get(self, name: str, default: Any = None) -> Any:
        for key in (name, *self.known[name]):
            if self.data.get(key) is not None:
                return self.data[key]
        return default

    def text(self, name: str, default: str = "") -> str:
        value = self.get(name, default)
        if not isinstance(value, str):
            raise bad(self.where, f"'{name}' must be text, not {value!r}")
        return value

    def integer(self, name: str, default: int, *, least: int) -> int:
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise bad(self.where, f"'{name}' must be a whole number from {least}, not {value!r}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.get(name, default)
        if not isinstance(value, bool):
            raise bad(self.where, f"'{name}' must be true or false, not {value!r}")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        return _words(self.get(name, ()), f"{self.where}.{name}")

    def mapping_of_words(self, name: str) -> dict[str, str]:
        value = self.get(name, {})
        if not isinstance(value, Mapping) or not all(isinstance(v, str) for kv in value.items() for v in kv):
            raise bad(f"{self.where}.{name}", "must be a mapping of texts to texts")
        return dict(value)


def _words(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise bad(where, "must be a list of texts")
    return tuple(value)


def _entries(value: Any, where: str) -> list[Mapping[str, Any]]:
    """A list of mappings with names, also from a mapping by name."""
    if isinstance(value, Mapping):
        if not all(spec is None or isinstance(spec, Mapping) for spec in value.values()):
            raise bad(where, "must be a mapping of mappings")
        value = [{"name": name, **(spec or {})} for name, spec in value.items()]
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, Mapping) for item in value):
        raise bad(where, "must be a list or mapping of mappings")
    for number, item in enumerate(value):
        if not isinstance(item.get("name"), str) or not item["name"]:
            raise bad(f"{where}[{number}]", "needs a name")
    return list(value)


def _unique(where: str, items: Iterable[Any]) -> tuple[Any, ...]:
    found = tuple(items)
    names = [item.name for item in found]
    for name in names:
        if names.count(name) > 1:
            raise bad(where, f"'{name}' is declared twice")
    return found


def _kind(data: Mapping[str, Any]) -> KindDef:
    name = data["name"]
    part = _Part(name, data, _KIND)
    properties = _properties(part.get("properties", {}), name)
    required = [key for key, prop in properties.items() if prop.required]
    required += [key for key in part.words("required_props") if key not in required]
    optional = [key for key, prop in properties.items() if not prop.required]
    optional += [key for key in part.words("optional_props") if key not in optional]
    return KindDef(
        name,
        tuple(required),
        tuple(optional),
        part.words("allowed_types"),
        properties,
        part.words("children"),
        part.flag("child_only"),
        part.flag("open", not properties),
        part.text("doc"),
        part.text("example"),
    )


def _function(data: Mapping[str, Any]) -> FunctionDef:
    part = _Part(f"function {data['name']}", data, _FUNCTION)
    return FunctionDef(
        data["name"],
        part.words("args"),
        part.text("returns", "any"),
        part.integer("cost", 1, least=0),
        part.text("doc"),
        part.text("example"),
    )


def _template(data: Mapping[str, Any]) -> TemplateDef:
    part = _Part(f"template {data['name']}", data, _TEMPLATE)
    return TemplateDef(
        data["name"],
        part.words("required_props"),
        part.words("allowed_types"),
        FrozenDict(part.mapping_of_words("core")),
        part.text("kind", "ArtifactType"),
        part.text("doc"),
    )


def _properties(specs: Any, where: str) -> dict[str, PropDef]:
    """Properties by name, from a mapping or from the JSON form's list."""
    if isinstance(specs, (list, tuple)):
        return {spec["name"]: _property(spec["name"], spec, where) for spec in _entries(specs, where)}
    if not isinstance(specs, Mapping):
        raise bad(where, "properties must be a mapping")
    return {str(key): _property(str(key), spec, f"{where}.{key}") for key, spec in specs.items()}


def _property(name: str, spec: Any, where: str) -> PropDef:
    if isinstance(spec, str):
        spec = {"type": spec}
    part = _Part(where, spec, dict.fromkeys(_PROPERTY, ()))
    word = part.text("type", "any")
    if word not in TYPE_WORDS:
        hint = did_you_mean(word, TYPE_WORDS)
        raise bad(where, f"unknown property type '{word}'" + (f" ({hint})" if hint else ""))
    items = part.get("items")
    values, options = part.get("values", ()), part.get("options", ())
    if not isinstance(values, (list, tuple)) or not isinstance(options, (list, tuple)):
        raise bad(where, "'values' and 'options' must be lists")
    return PropDef(
        name,
        word,
        part.flag("required"),
        tuple(str(value) for value in values),
        part.text("kind") or None,
        _property(name, items, where + "[]") if items is not None else None,
        _properties(part.get("props", {}), where),
        tuple(_property(name, inner, where) for inner in options),
        part.flag("single"),
        part.flag("open"),
        part.text("returns", "any"),
        freeze(part.get("default")),
        part.words("aka"),
        part.text("doc"),
        freeze(part.get("example")),
    )


def read_mapping(text: str, load_data: Callable[[Any], T]) -> T:
    """Data of a YAML or JSON text given to a loader; raises MPCError E_META_INVALID with the place."""
    from ..parse.yaml_ import load_yaml

    try:
        data = load_yaml(text)
    except ValueError as error:
        raise MPCError("E_META_INVALID", str(error)) from error
    return load_data(data)


def load_domain_meta(text: str) -> DomainMeta:
    """DomainMeta from the text of a YAML or JSON file; raises MPCError E_META_INVALID with the place."""
    return read_mapping(text, DomainMeta.load)
