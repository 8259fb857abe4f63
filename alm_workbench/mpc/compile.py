"""From a sound AST to the compiled manifest: inheritance resolved, references kept by id, expressions stored as trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from .ast import EMPTY, ASTNode, FrozenDict, ManifestAST, freeze
from .canonical import artifact_hash, ast_hash
from .errors import ManifestInvalid, Span
from .meta import DomainMeta
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
from .validate import validate

ENGINE_VERSION = "0.1.0"
T = TypeVar("T")

# Scalars, choices, dates, users and references are filtered by unless a field says otherwise.
_INDEXED = frozenset(
    ("string", "int", "number", "bool", "date", "datetime", "choice", "multichoice", "user", "reference")
)
_MAX_INDEXED = 20


def compile_manifest(ast: ManifestAST, meta: DomainMeta, *, engine_version: str = ENGINE_VERSION) -> CompiledManifest:
    """Check and compile; raises ManifestInvalid with every error's place."""
    diagnostics = validate(ast, meta)
    if any(d.severity == "error" for d in diagnostics):
        raise ManifestInvalid(tuple(diagnostics))
    return build(ast, meta, engine_version)


def build(ast: ManifestAST, meta: DomainMeta, engine_version: str = ENGINE_VERSION) -> CompiledManifest:
    """Compile an AST already known to be sound."""
    return _Builder(ast, meta).build(engine_version)


def labels_of(node_name: str | None, labels: Any, id_: str = "") -> FrozenDict:
    """Labels by language; a display name or plain text is the English one."""
    found: dict[str, str] = {"en": node_name} if node_name else {}
    if isinstance(labels, str):
        found["en"] = labels
    elif isinstance(labels, Mapping):
        found.update(labels)
    if "en" not in found and id_:
        found["en"] = humanise(id_)
    return FrozenDict(found)


def humanise(id_: str) -> str:
    """A readable name from an id: test_case → Test case."""
    words = id_.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


class _Props:
    """A definition's properties with those it inherits, read by any accepted name."""

    def __init__(self, values: Mapping[str, Any], aka: Mapping[str, tuple[str, ...]]) -> None:
        self.values = values
        self.aka = aka

    def get(self, name: str, default: Any = None) -> Any:
        for key in (name, *self.aka.get(name, ())):
            if key in self.values:
                return self.values[key]
        return default


class _Builder:
    def __init__(self, ast: ManifestAST, meta: DomainMeta) -> None:
        self.ast = ast
        self.meta = meta
        self.by_key = {(node.kind, node.id): node for node in reversed(ast.defs)}
        self.expressions: dict[str, Any] = {}
        self.enums: Mapping[str, EnumDef] = self._each("EnumDef", self._enum)

    def build(self, engine_version: str) -> CompiledManifest:
        ast, meta = self.ast, self.meta
        content, meta_digest = ast_hash(ast), meta.hash
        planning = next(iter(ast.of_kind("Planning")), None)
        parts: dict[str, Any] = {
            "enums": self.enums,
            "types": self._each("ArtifactType", self._type),
            "link_types": self._each("LinkType", self._link_type),
            "workflows": self._each("Workflow", self._workflow),
            "roles": self._each("Role", self._role),
            "acl": tuple(self._each("ACL", self._acl).values()),
            "policies": tuple(self._each("Policy", self._policy).values()),
            "automations": tuple(self._each("Automation", self._automation).values()),
            "views": self._each("View", self._view),
            "planning": planning.properties if planning else EMPTY,
        }
        return CompiledManifest(
            ast.namespace,
            ast.name,
            ast.manifest_version,
            ast.schema_version,
            content,
            meta_digest,
            artifact_hash(content, meta_digest, engine_version),
            engine_version,
            expressions=FrozenDict(self.expressions),
            **parts,
        )

    def _each(self, kind: str, make: Callable[[ASTNode, _Props], T]) -> Mapping[str, T]:
        return FrozenDict({node.id: make(node, self._props(node)) for node in self.ast.of_kind(kind)})

    def _props(self, node: ASTNode) -> _Props:
        values: dict[str, Any] = {}
        for ancestor in reversed(self._line(node)):
            values.update(ancestor.properties)
        kind = self.meta.get_kind(node.kind)
        return _Props(values, {p.name: p.aka for p in kind.properties.values()} if kind else {})

    def _line(self, node: ASTNode) -> list[ASTNode]:
        """The definition and what it extends, nearest first."""
        line = {node.id: node}
        here = node
        while isinstance(up := here.properties.get("extends"), str):
            above = self.by_key.get((node.kind, up))
            if above is None or above.id in line:
                break
            line[above.id] = here = above
        return list(line.values())

    def _expr(self, text: Any) -> str | None:
        """Keep the tree of an expression beside its text."""
        if not isinstance(text, str):
            return None
        if text not in self.expressions:
            from .expr.ir import to_json
            from .expr.parse import parse_expr

            self.expressions[text] = freeze(to_json(parse_expr(text)))
        return text

    def _labels(self, node: ASTNode) -> FrozenDict:
        return labels_of(node.name, node.properties.get("labels"), node.id)

    def _choices(self, value: Any) -> tuple[Choice, ...]:
        if isinstance(value, str):
            enum = self.enums.get(value)
            return enum.values if enum else ()
        found = [
            Choice(c["id"], labels_of(None, c.get("labels"), c["id"]), c.get("color"), c.get("order", number))
            if isinstance(c, Mapping)
            else Choice(str(c), labels_of(None, None, str(c)), None, number)
            for number, c in enumerate(_tuple(value), 1)
        ]
        return tuple(sorted(found, key=lambda choice: choice.order))

    def _enum(self, node: ASTNode, props: _Props) -> EnumDef:
        return EnumDef(node.id, self._labels(node), self._choices(_tuple(props.get("values"))), node.span())

    def _type(self, node: ASTNode, props: _Props) -> ArtifactTypeDef:
        fields: dict[str, ASTNode] = {}
        for ancestor in reversed(self._line(node)):
            fields.update({child.id: child for child in ancestor.children if child.kind == "FieldDef"})
        prefix = props.get("key_prefix") or node.id[:4].upper().strip("_")
        parents = tuple(_tuple(props.get("parents")))
        return ArtifactTypeDef(
            node.id,
            self._labels(node),
            labels_of(None, props.get("description")),
            props.get("workflow", ""),
            prefix,
            props.get("icon"),
            parents,
            tuple(_tuple(props.get("child_types"))),
            props.get("root", True),
            props.get("max_depth"),
            labels_of(None, props.get("title_label")),
            props.get("aggregate", "Artifact"),
            self._fields(fields.values()),
            tuple(_tuple(node.properties.get("aliases"))),
            node.span(),
        )

    def _fields(self, nodes: Iterable[ASTNode]) -> FrozenDict:
        found: dict[str, FieldDef] = {}
        indexed = 0
        for node in nodes:
            made = self._field(node.id, self._labels(node), node.properties, node.span(), indexed < _MAX_INDEXED)
            indexed += made.indexed
            found[node.id] = made
        return FrozenDict(found)

    def _field(
        self, id_: str, labels: FrozenDict, props: Mapping[str, Any], span: Span | None, may_index: bool
    ) -> FieldDef:
        get = props.get
        choices = get("choices")
        columns = tuple(
            self._field(c["id"], labels_of(None, c.get("labels"), c["id"]), c, None, False)
            for c in _tuple(get("columns"))
        )
        return FieldDef(
            id_,
            props["type"],
            labels,
            labels_of(None, get("description")),
            get("required", False),
            self._expr(get("required_when")),
            self._expr(get("visible_when")),
            self._expr(get("readonly_when")),
            get("default"),
            get("min"),
            get("max"),
            get("pattern"),
            get("max_length"),
            self._choices(choices),
            choices if isinstance(choices, str) else None,
            _tuple(get("target")),
            columns,
            self._expr(get("computed")),
            bool(get("indexed", may_index and props["type"] in _INDEXED)) and may_index,
            get("sensitive", False),
            get("unit"),
            labels_of(None, get("placeholder")),
            _tuple(get("aliases")),
            span,
        )

    def _link_type(self, node: ASTNode, props: _Props) -> LinkTypeDef:
        return LinkTypeDef(
            node.id,
            self._labels(node),
            _tuple(props.get("from")),
            _tuple(props.get("to")),
            props.get("inverse"),
            labels_of(None, props.get("inverse_labels"), props.get("inverse") or ""),
            props.get("symmetric", False),
            props.get("cardinality", "many_to_many"),
            props.get("acyclic", False),
            _tuple(props.get("suspect_on")),
            props.get("coverage", False),
            node.span(),
        )

    def _workflow(self, node: ASTNode, props: _Props) -> WorkflowDef:
        from .validate.workflow import finals_of

        states = {s.id: s for s in (self._state(node, i, v) for i, v in enumerate(_tuple(props.get("states"))))}
        transitions = tuple(
            self._transition(node, number, step) for number, step in enumerate(_tuple(props.get("transitions")))
        )
        finals = tuple(state for state in finals_of(node) if state in states)
        return WorkflowDef(
            node.id, self._labels(node), props.get("initial", ""), FrozenDict(states), transitions, finals, node.span()
        )

    def _span(self, node: ASTNode, *path: str | int) -> Span | None:
        return node.source.value_span(path) if node.source else None

    def _state(self, node: ASTNode, number: int, value: Any) -> StateDef:
        span = self._span(node, "states", number)
        if isinstance(value, str):
            return StateDef(value, labels_of(None, None, value), span=span)
        id_ = value.get("id") or value.get("name")
        return StateDef(
            id_,
            labels_of(None, value.get("labels"), id_),
            value.get("category", "todo"),
            value.get("wip_limit"),
            value.get("color"),
            value.get("parent"),
            value.get("history"),
            _tuple(value.get("on_enter")),
            _tuple(value.get("on_leave")),
            span,
        )

    def _transition(self, node: ASTNode, number: int, step: Mapping[str, Any]) -> TransitionDef:
        get: Callable[..., Any] = step.get
        id_ = get("id") or get("on") or get("to")
        roles = get("roles", get("auth_roles", get("authRoles")))
        return TransitionDef(
            id_,
            _tuple(get("from")),
            get("to"),
            get("on") or id_,
            labels_of(None, get("labels"), id_),
            self._expr(get("guard")),
            _tuple(roles),
            get("not_actor"),
            _tuple(get("requires")),
            self._choices(get("reason")),
            _tuple(get("on_enter")),
            get("timeout"),
            self._span(node, "transitions", number),
            self._span(node, "transitions", number, "guard") if "guard" in step else None,
        )

    def _role(self, node: ASTNode, props: _Props) -> RoleDef:
        implies, privileges = _tuple(props.get("implies")), _tuple(props.get("privileges"))
        return RoleDef(node.id, self._labels(node), implies, privileges, node.span())

    def _acl(self, node: ASTNode, props: _Props) -> AclDef:
        return AclDef(
            node.id,
            self._labels(node),
            _tuple(props.get("action")),
            _tuple(props.get("resource")),
            _tuple(props.get("roles")),
            self._expr(props.get("condition")),
            props.get("effect", "allow"),
            props.get("priority", 0),
            _tuple(props.get("mask")),
            node.span(),
            self._span(node, "condition") if props.get("condition") else None,
        )

    def _policy(self, node: ASTNode, props: _Props) -> PolicyDef:
        return PolicyDef(
            node.id,
            self._labels(node),
            _tuple(props.get("events")),
            _tuple(props.get("applies_to")),
            self._expr(props.get("when")),
            props.get("effect", "deny"),
            props.get("priority", 0),
            labels_of(None, props.get("message")),
            _tuple(props.get("intents")),
            node.span(),
            self._span(node, "when") if props.get("when") else None,
        )

    def _automation(self, node: ASTNode, props: _Props) -> AutomationDef:
        return AutomationDef(
            node.id,
            self._labels(node),
            _tuple(props.get("event")),
            _tuple(props.get("applies_to")),
            self._expr(props.get("when")),
            _tuple(props.get("intents")),
            node.span(),
        )

    def _view(self, node: ASTNode, props: _Props) -> ViewDef:
        return ViewDef(
            node.id,
            self._labels(node),
            props.get("layout", "list"),
            _tuple(props.get("types")),
            _tuple(props.get("columns")),
            props.get("group_by"),
            props.get("swimlane"),
            self._expr(props.get("filter")),
            _tuple(props.get("sort")),
            _tuple(props.get("card_fields")),
            _tuple(props.get("hide_states")),
            node.span(),
        )
