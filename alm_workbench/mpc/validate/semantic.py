"""Meaning across definitions: duplicates, references, inheritance, fields, states and resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..ast import ASTNode, ManifestAST
from ..errors import Related
from .findings import Findings, Place


def check_duplicates(findings: Findings) -> None:
    """Ids are unique: no definition twice, no id shared by two kinds, no child twice in one parent."""
    _duplicates_in(findings, findings.ast.defs)
    kinds: dict[str, dict[str, ASTNode]] = {}
    for node in findings.ast.defs:
        kinds.setdefault(node.id, {}).setdefault(node.kind, node)
    for id_, by_kind in kinds.items():
        if len(by_kind) > 1:
            names = ", ".join(sorted(by_kind))
            last = list(by_kind.values())[-1]
            message = f"Namespace conflict: id '{id_}' used by multiple kinds ({names}) in namespace '{findings.ast.namespace}'"
            findings.add("E_VALID_NAMESPACE_CONFLICT", message, last, related=_related(next(iter(by_kind.values()))))
    for node in findings.ast.defs:
        _duplicates_in(findings, node.children)


def _duplicates_in(findings: Findings, nodes: Iterable[ASTNode]) -> None:
    seen: dict[tuple[str, str], ASTNode] = {}
    for node in nodes:
        first = seen.setdefault((node.kind, node.id), node)
        if first is not node:
            message = f"Duplicate definition: kind='{node.kind}', id='{node.id}'"
            findings.add("E_VALID_DUPLICATE_DEF", message, node, related=_related(first))


def _related(node: ASTNode) -> tuple[Related, ...]:
    return (Related("first defined here", node.source.id_span()),) if node.source else ()


def check_extends(findings: Findings) -> None:
    """`extends` names a definition of the same kind, and never leads back to itself."""
    by_key = {(node.kind, node.id): node for node in reversed(findings.ast.defs)}
    walked: set[tuple[str, str]] = set()
    for node in findings.ast.defs:
        parent = node.properties.get("extends")
        if isinstance(parent, str) and (node.kind, parent) not in by_key:
            names = [id_ for kind, id_ in by_key if kind == node.kind and id_ != node.id]
            message = f"'{node.id}' extends '{parent}', which is no {node.kind} of this manifest"
            findings.add("E_VALID_UNRESOLVED_REF", message, node, ("extends",), hint=findings.hint(parent, names))
        line: set[tuple[str, str]] = set()
        here: ASTNode | None = node
        while here is not None and (here.kind, here.id) not in line and (here.kind, here.id) not in walked:
            line.add((here.kind, here.id))
            up = here.properties.get("extends")
            here = by_key.get((here.kind, up)) if isinstance(up, str) else None
        closed = here is not None and (here.kind, here.id) in line
        walked |= line
        if closed:
            message = f"Cycle detected in extends chain starting at '{node.id}'"
            findings.add("E_VALID_CYCLE_DETECTED", message, node, ("extends",))


class Names:
    """What may be referred to: definitions by kind, and the fields of each type with inherited ones."""

    def __init__(self, ast: ManifestAST, core_fields: Mapping[str, str]) -> None:
        self.by_kind: dict[str, dict[str, ASTNode]] = {}
        for node in ast.defs:
            self.by_kind.setdefault(node.kind, {}).setdefault(node.id, node)
        self.core = core_fields
        self.types = self.by_kind.get("ArtifactType", {})
        self.type_ids = frozenset(self.types)
        self.fields: dict[str, dict[str, ASTNode]] = {}
        for node in self.types.values():
            self._add_fields(node)
        self._about: dict[tuple[str, str], tuple[str, ...]] = {}
        self._known: dict[tuple[str, ...], frozenset[str]] = {}
        self._states: dict[str, frozenset[str]] = {}

    def _add_fields(self, node: ASTNode) -> None:
        line: dict[str, ASTNode] = {}
        here: ASTNode | None = node
        while here is not None and here.id not in line and here.id not in self.fields:
            line[here.id] = here
            up = here.properties.get("extends")
            here = self.types.get(up) if isinstance(up, str) else None
        found = self.fields.get(here.id, {}) if here is not None else {}
        for id_, step in reversed(line.items()):
            own = {child.id: child for child in step.children if child.kind == "FieldDef"}
            found = self.fields[id_] = {**found, **own} if own else found

    def fields_of(self, types: tuple[str, ...]) -> frozenset[str]:
        """Every name a field list of these types may hold, core fields included."""
        if types not in self._known:
            own = {name for type_id in types for name in self.fields[type_id]}
            self._known[types] = frozenset(own | set(self.core))
        return self._known[types]

    def states(self, workflow: object) -> frozenset[str]:
        """Ids of a workflow's states."""
        if not isinstance(workflow, str):
            return frozenset()
        if workflow not in self._states:
            self._states[workflow] = frozenset(states_of(self.by_kind.get("Workflow", {}).get(workflow)))
        return self._states[workflow]

    def inherited(self, node: ASTNode, key: str) -> object:
        """A property of a definition or of what it extends."""
        seen: set[str] = set()
        here: ASTNode | None = node
        while here is not None and here.id not in seen:
            if key in here.properties:
                return here.properties[key]
            seen.add(here.id)
            up = here.properties.get("extends")
            here = self.by_kind.get(node.kind, {}).get(up) if isinstance(up, str) else None
        return None

    def types_for(self, node: ASTNode) -> tuple[str, ...]:
        """The types a definition is about; all of them where it does not say."""
        key = (node.kind, node.id)
        if key not in self._about:
            self._about[key] = self._types_for(node)
        return self._about[key]

    def _types_for(self, node: ASTNode) -> tuple[str, ...]:
        if node.kind == "ArtifactType":
            return (node.id,)
        if node.kind == "Workflow":
            return tuple(t for t, type_ in self.types.items() if self.inherited(type_, "workflow") == node.id)
        if node.kind == "ACL":
            return self._resource_types(node)
        key = {"Policy": "applies_to", "Automation": "applies_to", "View": "types", "LinkType": "to"}.get(node.kind, "")
        named = as_tuple(node.properties.get(key))
        known = tuple(name for name in named if name in self.types)
        return known if named else tuple(self.types)

    def _resource_types(self, node: ASTNode) -> tuple[str, ...]:
        named = [str(r).split(".")[0] for r in as_tuple(node.properties.get("resource"))]
        return tuple(self.types) if "*" in named or not named else tuple(n for n in named if n in self.types)


def as_tuple(value: object) -> tuple[object, ...]:
    """A list property's items, also where one value stands for a list."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def check_references(findings: Findings, names: Names) -> None:
    """Every reference leads somewhere: definitions, fields, states and resources."""
    for place in findings.of("ref"):
        known = names.by_kind.get(place.prop.kind or "", {})
        if place.value not in known:
            _unresolved(findings, place, f"no {place.prop.kind} '{place.value}' in this manifest", known)
    for place in findings.of("field"):
        _check_field(findings, place, names)
    for place in findings.of("state"):
        _check_state(findings, place, names)
    for place in findings.of("resource"):
        _check_resource(findings, place, names)


def _unresolved(findings: Findings, place: Place, what: str, known: Iterable[str]) -> None:
    message = f"'{place.prop.name}': {what}" if place.prop.name else f"There is {what}"
    hint = findings.hint(str(place.value), known)
    findings.add("E_VALID_UNRESOLVED_REF", message, place.node, place.path, hint=hint)


def _check_field(findings: Findings, place: Place, names: Names) -> None:
    types = names.types_for(place.owner)
    known = names.fields_of(types)
    if place.value not in known:
        where = f"type '{types[0]}'" if len(types) == 1 else "these types" if types else "any type"
        _unresolved(findings, place, f"no field '{place.value}' in {where}", known)


def states_of(node: ASTNode | None) -> tuple[str, ...]:
    """Ids of a workflow's states."""
    found = []
    for state in as_tuple(node.properties.get("states")) if node is not None else ():
        id_ = state.get("id", state.get("name")) if isinstance(state, Mapping) else state
        if isinstance(id_, str):
            found.append(id_)
    return tuple(found)


def _check_state(findings: Findings, place: Place, names: Names) -> None:
    if place.owner.kind == "Workflow":
        known = names.states(place.owner.id)
        workflow = f"workflow '{place.owner.id}'"
    else:
        flows = {names.inherited(names.types[t], "workflow") for t in names.types_for(place.owner)}
        known = frozenset().union(*(names.states(flow) for flow in flows))
        workflow = "the workflows of these types"
    if place.value not in known:
        findings.add(
            "E_WF_UNKNOWN_STATE",
            f"'{place.value}' is no state of {workflow}",
            place.node,
            place.path,
            hint=findings.hint(place.value, known),
        )


def _check_resource(findings: Findings, place: Place, names: Names) -> None:
    type_id, _, field = place.value.partition(".")
    if type_id != "*" and type_id not in names.types:
        _unresolved(findings, place, f"no ArtifactType '{type_id}' in this manifest", names.types)
        return
    if field:
        known = names.fields_of(tuple(names.types) if type_id == "*" else (type_id,))
        if field not in known:
            _unresolved(findings, place, f"no field '{field}' in type '{type_id}'", known)
