"""The names an expression can see: the item with its fields, the actor, the event and the project."""

from __future__ import annotations

from ..expr.typecheck import ANY, Known
from ..expr.typecheck import Names as ExprNames
from .names import FieldInfo, Names

_FIELD_TYPES = {
    "string": "string", "text": "string", "richtext": "string", "url": "string", "user": "string", "team": "string",
    "reference": "any", "int": "int", "number": "number", "bool": "bool", "date": "date", "datetime": "date",
    "choice": "string", "multichoice": "array", "table": "array",
}  # fmt: skip
_OPEN = ("actor.attributes", "project.settings", "event.values", "event.previous", "self.parent")


def expression_names(names: Names, types: tuple[str, ...]) -> ExprNames:
    """The names seen by an expression that is about items of these types; of no known type, fields may be called anything."""
    states = names.states(types) or None
    paths: dict[str, Known] = {f"self.{name}": Known(kind) for name, kind in names.core.items()}
    paths["self"] = paths["actor"] = paths["event"] = paths["project"] = paths["self.fields"] = Known("object")
    paths["now"] = Known("date")
    paths["self.state"] = paths["event.from"] = paths["event.to"] = Known("string", states, "state")
    paths["self.state_category"] = Known("string", frozenset(("todo", "in_progress", "done")), "state category")
    paths["self.type"] = Known("string", frozenset(names.ids("ArtifactType")), "type")
    paths["self.parent"] = Known("object")
    roles = frozenset(names.ids("Role"))
    paths["actor.id"] = paths["actor.kind"] = paths["actor.display_name"] = Known("string")
    paths["actor.roles"] = Known("array", roles or None, "role")
    paths["actor.attributes"] = paths["project.settings"] = Known("object")
    paths["event.name"] = Known("string", frozenset(names.meta.allowed_events) or None, "event")
    paths["event.changes"] = ANY
    for name in ("transition", "reason", "link_type", "comment"):
        paths[f"event.{name}"] = Known("string")
    for name in ("id", "key", "name", "status"):
        paths[f"project.{name}"] = Known("string")
    fields = _fields(names, types)
    paths.update((f"self.fields.{id_}", known) for id_, known in fields.items())
    arguments = {"changed": (0, frozenset(fields) | frozenset(names.core), "field")} if types else {}
    if roles:
        arguments["hasRole"] = (0, roles, "role")
    if links := names.links():
        arguments["linkCount"] = (1, links, "link type")
    return ExprNames(paths, _OPEN if types else (*_OPEN, "self.fields"), arguments, quiet=True)


def _fields(names: Names, types: tuple[str, ...]) -> dict[str, Known]:
    """Each field of any of the types: what is known of it in all of them, and the types that lack it."""
    owners: dict[str, list[str]] = {}
    infos: dict[str, dict[FieldInfo, None]] = {}
    for type_id in types:
        for id_, info in names.type(type_id).fields.items():
            owners.setdefault(id_, []).append(type_id)
            infos.setdefault(id_, {})[info] = None
    found: dict[str, Known] = {}
    for id_, owning in owners.items():
        missing: tuple[str, ...] = ()
        if len(owning) < len(types):
            have = set(owning)
            missing = tuple(type_id for type_id in types if type_id not in have)
        known = [_known(names, id_, info, missing) for info in infos[id_]]
        here = known[0]
        for other in known[1:]:
            here = _either(here, other)
        found[id_] = here
    return found


def _either(first: Known, second: Known) -> Known:
    kind = first.type if first.type == second.type else "any"
    values = first.values | second.values if first.values is not None and second.values is not None else None
    return Known(kind, values, first.what, first.some)


def _known(names: Names, id_: str, info: FieldInfo, missing: tuple[str, ...]) -> Known:
    kind = _FIELD_TYPES.get(info.type or "", "any")
    values = frozenset(names.choices(info)) if info.type in ("choice", "multichoice") else None
    return Known(kind, values or None, f"choice of '{id_}'", missing)
