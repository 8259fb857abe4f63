"""What the categories about rules share: manifests from a case's rules, and decisions as the contract writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..ast import EMPTY, ASTNode, ManifestAST, freeze
from ..compile import build
from ..errors import MPCError
from ..expr.scope import EvalContext
from ..meta import DomainMeta
from ..model import CompiledManifest

_RESERVED = frozenset(("kind", "id", "name", "children", "source"))


def compiled_rules(
    *, policies: Any = (), rules: Any = (), hierarchy: Any = None, defaults: Mapping[str, Any] = EMPTY
) -> CompiledManifest:
    """A manifest of a case's policies, access rules (`defaults` fill what they leave out) and roles; raises MPCError."""
    nodes = [_node("Policy", policy, f"p{n}") for n, policy in enumerate(_mappings("policies", policies))]
    nodes += [
        _node("ACL", rule, f"r{n}")
        for n, given in enumerate(_mappings("rules", rules))
        for rule in _spread(n, {**defaults, **given})
    ]
    nodes += [_node("Role", {"implies": implied}, role) for role, implied in (hierarchy or {}).items()]
    meta = DomainMeta.load({"kinds": [{"name": "Policy"}, {"name": "ACL"}, {"name": "Role"}]})
    return build(ManifestAST(1, "conformance", "rules", "0.0.0", tuple(nodes)), meta)


def _mappings(name: str, value: Any) -> Iterable[Mapping[str, Any]]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, Mapping) for item in value):
        raise MPCError("E_PARSE_SYNTAX", f"'{name}' must be a list of objects")
    return value


def _node(kind: str, data: Mapping[str, Any], id_: str) -> ASTNode:
    properties = {key: value for key, value in data.items() if key not in _RESERVED}
    return ASTNode(kind, str(data.get("id", id_)), data.get("name"), freeze(properties))


def _spread(number: int, rule: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """A rule as it is, or one for each of its `actions` for its one role; whatever else it says stays."""
    if "actions" not in rule:
        yield rule
        return
    rest = {key: value for key, value in rule.items() if key not in ("id", "actions", "role")}
    for action in rule["actions"]:
        yield {
            "effect": "allow",
            "resource": "*",
            **rest,
            "id": f"r{number}_{action}",
            "action": action,
            "roles": [rule.get("role")],
        }


def facts(event: Mapping[str, Any], actor: Any, attributes: Any = None) -> EvalContext:
    """The facts of a case in our terms: the event whole, the actor with roles and attributes."""
    known = actor if isinstance(actor, Mapping) else EMPTY
    given = attributes if attributes is not None else known.get("claims")
    who = {"id": known.get("id"), "roles": known.get("roles") or [], "attributes": given or {}}
    return EvalContext(actor=who, event=event)


def type_of(event: Mapping[str, Any], default: str = "") -> str:
    """The type of the event's object."""
    about = event.get("object")
    return str(about.get("type") or default) if isinstance(about, Mapping) else default


def answer(allow: bool, reasons: Iterable[Any], intents: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A decision as the contract's categories write it."""
    found: dict[str, Any] = {"allow": allow, "reasons": [{"code": reason.code} for reason in reasons]}
    listed = [{"kind": intent.get("kind", "audit"), "target": intent.get("target", "")} for intent in intents]
    return {**found, "intents": listed} if listed else found


def mask_intents(mask: Iterable[str]) -> tuple[Mapping[str, Any], ...]:
    """The intents that hide fields, in their order."""
    return tuple(freeze({"kind": "maskField", "target": field}) for field in sorted(mask))
