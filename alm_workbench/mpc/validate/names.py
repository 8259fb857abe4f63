"""What definitions may refer to, kept as questions and answers so that a check can tell what it depended on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..ast import ASTNode
from ..meta import DomainMeta
from .queries import Key, Queries

NodeKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """What others see of a field: its type word, and its choices or the EnumDef they come from."""

    type: str | None
    choices: tuple[str, ...] | str | None


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """What others see of a type, inherited parts included."""

    fields: Mapping[str, FieldInfo]
    workflow: str | None


_NO_TYPE = TypeInfo({}, None)


def as_tuple(value: object) -> tuple[object, ...]:
    """A list property's items, also where one value stands for a list."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def ids_in(items: object) -> tuple[str, ...]:
    """Ids of choices or states: words, or mappings with `id` or `name`."""
    found = []
    for item in as_tuple(items):
        id_ = item.get("id", item.get("name")) if isinstance(item, Mapping) else item
        if isinstance(id_, str):
            found.append(id_)
    return tuple(found)


def states_of(node: ASTNode | None) -> tuple[str, ...]:
    """Ids of a workflow's states."""
    return ids_in(node.properties.get("states")) if node is not None else ()


def _field_info(node: ASTNode) -> FieldInfo:
    declared, choices = node.properties.get("type"), node.properties.get("choices")
    known = choices if choices is None or isinstance(choices, str) else ids_in(choices)
    return FieldInfo(declared if isinstance(declared, str) else None, known)


def _exported(node: ASTNode) -> Any:
    """What other definitions can see of one; the rest of it may change without concerning them."""
    properties = node.properties
    match node.kind:
        case "ArtifactType":
            own = tuple((c.id, _field_info(c)) for c in node.children if c.kind == "FieldDef")
            texts = tuple((c.id, c.properties["computed"]) for c in node.children if "computed" in c.properties)
            return own, properties.get("workflow"), texts, properties.get("key_prefix")
        case "Workflow":
            return states_of(node)
        case "EnumDef":
            return ids_in(properties.get("values"))
        case "LinkType":
            return properties.get("inverse")
        case "Role":
            return tuple(role for role in as_tuple(properties.get("implies")) if isinstance(role, str))
        case _:
            return None


class Names(Queries):
    """Definitions by kind and what is known of them; every answer is noted with what it was worked out from."""

    def __init__(self, meta: DomainMeta) -> None:
        super().__init__()
        self.meta = meta
        self.core = meta.core_fields
        self._derive = {
            "type": self._type,
            "fields": self._fields,
            "states": self._states,
            "flow_types": self._flow_types,
            "types_of": self._types_of,
            "links": self._links,
            "computed": self._computed,
            "claims": self._claims,
            "claiming": self._claiming,
            "scope": self._scope,
            "all_ids": self._all_ids,
        }
        self._ids: dict[str, tuple[str, ...]] = {}

    # Inputs

    def define(self, node: ASTNode) -> bool:
        """Take in a new or changed definition; whether others could notice."""
        noticed = self.put(("is", node.kind, node.id), True)
        return self.put(("def", node.kind, node.id), _exported(node)) or noticed

    def forget(self, key: NodeKey) -> bool:
        """A definition is gone; whether others could notice."""
        news = [self.put((what, *key), None) for what in ("is", "def", "above")]
        return any(news)

    def arrange(self, keys: Iterable[NodeKey]) -> bool:
        """Which definitions there are, by kind, in the order of the text; whether that is news."""
        found: dict[str, dict[str, None]] = {}
        for kind, id_ in keys:
            found.setdefault(kind, {})[id_] = None
        arranged = {kind: tuple(ids) for kind, ids in found.items()}
        news = [self.put(("ids", kind), arranged.get(kind, ())) for kind in {**self._ids, **arranged}]
        news.append(self.put(("kinds",), tuple(sorted(arranged))))
        self._ids = arranged
        return any(news)

    def lift(self, above: Mapping[NodeKey, str], before: Mapping[NodeKey, str]) -> bool:
        """What extends what, circles left out; whether that is news."""
        news = [self.put(("above", *key), above.get(key)) for key in {**before, **above}]
        self.answer_from_the_top(above)
        return any(news)

    def answer_from_the_top(self, above: Mapping[NodeKey, str]) -> None:
        """Work out types from the top of each line of inheritance, so that no line is too long for the stack."""
        done: set[str] = set()
        for kind, id_ in above:
            line = []
            here: str | None = id_ if kind == "ArtifactType" else None
            while here is not None and here not in done:
                line.append(here)
                done.add(here)
                here = above.get((kind, here))
            for step in reversed(line):
                self._fresh(("type", step))
                self._fresh(("computed", step))

    # Questions

    def has(self, kind: str, id_: str) -> bool:
        """Whether there is such a definition."""
        return self.get(("is", kind, id_)) is not None

    def of_unknown_kind(self, id_: str) -> bool:
        """Whether there is a definition of that id whose kind the vocabulary does not have, which is reported there."""
        return any(self.meta.get_kind(kind) is None and self.has(kind, id_) for kind in self.get(("kinds",)) or ())

    def has_any(self, id_: str) -> bool:
        """Whether there is a definition of that id, of whatever kind."""
        return id_ in self.all_ids()

    def all_ids(self) -> frozenset[str]:
        """The ids of all definitions."""
        found: frozenset[str] = self.get(("all_ids",))
        return found

    def ids(self, kind: str) -> tuple[str, ...]:
        """Every id of a kind, in the order of the text."""
        found: tuple[str, ...] | None = self.get(("ids", kind))
        return found or ()

    def exported(self, kind: str, id_: str) -> Any:
        """What a definition shows to others, or None."""
        return self.get(("def", kind, id_))

    def type(self, id_: str) -> TypeInfo:
        """A type's fields and workflow with what it inherits."""
        found: TypeInfo = self.get(("type", id_))
        return found

    def fields_of(self, types: tuple[str, ...]) -> frozenset[str]:
        """Every name a field list of these types may hold, core fields included."""
        found: frozenset[str] = self.get(("fields", types))
        return found

    def states(self, types: tuple[str, ...]) -> frozenset[str]:
        """States of the workflows of these types."""
        found: frozenset[str] = self.get(("states", types))
        return found

    def flow_states(self, workflow: str | None) -> tuple[str, ...]:
        """States of one workflow."""
        return self.exported("Workflow", workflow) or () if workflow is not None else ()

    def choices(self, info: FieldInfo) -> tuple[str, ...]:
        """Ids of a field's choices, its own or those of the EnumDef it names."""
        if isinstance(info.choices, str):
            return self.exported("EnumDef", info.choices) or ()
        return info.choices or ()

    def links(self) -> frozenset[str]:
        """Names of link types and of their inverses."""
        found: frozenset[str] = self.get(("links",))
        return found

    def computed(self, type_id: str) -> Mapping[str, frozenset[str]]:
        """A type's computed fields, inherited ones included, and which fields each of them reads."""
        found: Mapping[str, frozenset[str]] = self.get(("computed", type_id))
        return found

    def claiming(self, kind: str, value: str) -> tuple[str, ...]:
        """Types of a key prefix, or link types of an inverse, in the order of the text."""
        found: tuple[str, ...] = self.get(("claiming", kind, value))
        return found

    def types_for(self, node: ASTNode) -> tuple[str, ...]:
        """The types a top-level definition is about; all of them where it does not say."""
        if node.kind == "ArtifactType":
            return (node.id,)
        if node.kind == "Workflow":
            found: tuple[str, ...] = self.get(("types_of", node.id))
            return found
        if node.kind == "ACL":
            named = [self.resource(str(r))[0] for r in as_tuple(node.properties.get("resource"))]
            return self.ids("ArtifactType") if "*" in named or not named else self._existing(named)
        key = {
            "Policy": "applies_to",
            "Automation": "applies_to",
            "View": "types",
            "LinkType": "to",
            "FormDef": "type",
        }.get(node.kind, "")
        listed = as_tuple(node.properties.get(key))
        return self._existing(listed) if listed else self.ids("ArtifactType")

    def resource(self, text: str) -> tuple[str, str]:
        """The type and the field of `type` or `type.field`; ids of imported types hold dots themselves."""
        if "." not in text or self.has("ArtifactType", text):
            return text, ""
        type_id, _, field = text.rpartition(".")
        return type_id, field

    def _existing(self, named: Iterable[object]) -> tuple[str, ...]:
        return tuple(name for name in named if isinstance(name, str) and self.has("ArtifactType", name))

    def implied(self, role: str) -> tuple[str, ...]:
        """The roles that a role names as implied."""
        return self.exported("Role", role) or ()

    # Answers

    def _type(self, id_: str) -> TypeInfo:
        own = self.exported("ArtifactType", id_)
        if own is None:
            return _NO_TYPE
        fields, workflow = own[:2]
        above = self.get(("above", "ArtifactType", id_))
        if above is None:
            return TypeInfo(dict(fields), workflow if isinstance(workflow, str) else None)
        parent = self.type(above)
        joined = {**parent.fields, **dict(fields)} if fields else parent.fields
        return TypeInfo(joined, workflow if isinstance(workflow, str) else parent.workflow)

    def _fields(self, types: tuple[str, ...]) -> frozenset[str]:
        return frozenset(self.core).union(*(self.type(id_).fields for id_ in types))

    def _states(self, types: tuple[str, ...]) -> frozenset[str]:
        flows = {self.type(id_).workflow for id_ in types}
        return frozenset().union(*(self.flow_states(flow) for flow in sorted(filter(None, flows))))

    def _flow_types(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for id_ in self.ids("ArtifactType"):
            flow = self.type(id_).workflow
            if flow is not None:
                found.setdefault(flow, []).append(id_)
        return {flow: tuple(types) for flow, types in found.items()}

    def _types_of(self, workflow: str) -> tuple[str, ...]:
        by_flow: dict[str, tuple[str, ...]] = self.get(("flow_types",))
        return by_flow.get(workflow, ())

    def _links(self) -> frozenset[str]:
        ids = self.ids("LinkType")
        inverse = (self.exported("LinkType", id_) for id_ in ids)
        return frozenset(ids).union(name for name in inverse if isinstance(name, str))

    def _computed(self, id_: str) -> Mapping[str, frozenset[str]]:
        from .computed import fields_read

        own = self.exported("ArtifactType", id_)
        if own is None:
            return {}
        above = self.get(("above", "ArtifactType", id_))
        inherited = self.computed(above) if above is not None else {}
        reads = {field: fields_read(text) for field, text in own[2] if isinstance(text, str)}
        mine = {field for field, _ in own[0]}
        if not reads and inherited.keys().isdisjoint(mine):
            return inherited
        return {**{field: read for field, read in inherited.items() if field not in mine}, **reads}

    def _claims(self, kind: str) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for id_ in self.ids(kind):
            shown = self.exported(kind, id_)
            value = shown[3] if isinstance(shown, tuple) else shown
            if isinstance(value, str):
                found.setdefault(value, []).append(id_)
        return {value: tuple(ids) for value, ids in found.items()}

    def _claiming(self, kind: str, value: str) -> tuple[str, ...]:
        by_value: Mapping[str, tuple[str, ...]] = self.get(("claims", kind))
        return by_value.get(value, ())

    def _all_ids(self) -> frozenset[str]:
        return frozenset(id_ for kind in self.get(("kinds",)) for id_ in self.ids(kind))

    def _scope(self, types: tuple[str, ...]) -> Any:
        from .scope import expression_names

        return expression_names(self, types)


__all__ = ["FieldInfo", "Key", "Names", "NodeKey", "TypeInfo", "as_tuple", "ids_in", "states_of"]
