"""The steps of a migration: each changes one definition or item, and does nothing where it was done before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ast import EMPTY, freeze, thaw
from ..errors import MPCError
from ..words import did_you_mean, fold

# What each operation needs and may have.
OPERATIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rename_kind": (("from", "to"), ()),
    "rename_property": (("kind", "from", "to"), ()),
    "move": (("kind", "from", "to"), ()),
    "map_values": (("kind", "property", "values"), ()),
    "set_default": (("kind", "property", "value"), ()),
    "remove": (("kind", "property"), ()),
    "entries": (("kind", "property"), ()),
    "to_items": (("kind", "type"), ()),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One operation with its arguments (see OPERATIONS); paths are dotted."""

    op: str
    args: Mapping[str, Any] = EMPTY

    def said(self) -> dict[str, Any]:
        """The step as it is written in a changelog."""
        return {self.op: thaw(self.args)}

    def __str__(self) -> str:
        return _SAID[self.op](self.args)


@dataclass(slots=True)
class Subject:
    """A definition or item under migration: its kind and its properties, with what happened to it."""

    kind: str
    properties: dict[str, Any]
    done: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_step(data: Any, where: str) -> Step:
    """A step from `{operation: {arguments}}`; raises MPCError E_META_INVALID."""
    if not isinstance(data, Mapping) or len(data) != 1:
        raise MPCError("E_META_INVALID", f"{where}: a step is one operation with its arguments")
    op, args = next(iter(data.items()))
    if op not in OPERATIONS:
        hint = did_you_mean(str(op), OPERATIONS)
        raise MPCError("E_META_INVALID", f"{where}: there is no operation '{op}'" + (f" ({hint})" if hint else ""))
    needed, optional = OPERATIONS[op]
    if not isinstance(args, Mapping) or not set(needed) <= set(args) <= {*needed, *optional}:
        raise MPCError("E_META_INVALID", f"{where}: {op} takes {', '.join(needed)}")
    step = Step(op, freeze(args))
    _check(step, where)
    return step


def _check(step: Step, where: str) -> None:
    for key, value in step.args.items():
        if key in ("from", "to", "kind", "property", "type") and (not isinstance(value, str) or not value):
            raise MPCError("E_META_INVALID", f"{where}: '{key}' must be text")
    if step.op != "map_values":
        return
    values = step.args["values"]
    if not isinstance(values, Mapping) or not values:
        raise MPCError("E_META_INVALID", f"{where}: 'values' must map old values to new ones")
    sources = {fold(str(value)) for value in values}
    for old, new in values.items():
        if fold(str(new)) in sources and values.get(new, new) != new:
            message = (
                f"{where}: '{old}' becomes '{new}', which becomes something else: a second run would change it again"
            )
            raise MPCError("E_META_INVALID", message)


def apply_step(step: Step, subject: Subject) -> None:
    """Apply one step where it fits."""
    args = step.args
    if step.op == "rename_kind":
        if subject.kind == args["from"]:
            subject.kind = args["to"]
            subject.done.append(str(step))
    elif subject.kind == args["kind"] and step.op in _CHANGES and _CHANGES[step.op](args, subject):
        subject.done.append(str(step))


def _owner(properties: dict[str, Any], path: str, *, make: bool = False) -> tuple[dict[str, Any] | None, str]:
    """The mapping that holds the last part of a dotted path, and that part."""
    *way, last = path.split(".")
    here: Any = properties
    for part in way:
        inner = here.get(part)
        if not isinstance(inner, dict):
            if not make or inner is not None:
                return None, last
            inner = here[part] = {}
        here = inner
    return here, last


def _rename(args: Mapping[str, Any], subject: Subject) -> bool:
    owner, last = _owner(subject.properties, args["from"])
    if owner is None or last not in owner:
        return False
    if args["to"] in owner:
        subject.problems.append(f"both '{args['from']}' and '{args['to']}' are there")
        return False
    # The new name takes the old one's place.
    entries = [(args["to"] if key == last else key, value) for key, value in owner.items()]
    owner.clear()
    owner.update(entries)
    return True


def _move(args: Mapping[str, Any], subject: Subject) -> bool:
    owner, last = _owner(subject.properties, args["from"])
    if owner is None or last not in owner:
        return False
    target, name = _owner(subject.properties, args["to"], make=True)
    if target is None or name in target:
        subject.problems.append(f"'{args['from']}' cannot be moved to '{args['to']}', which holds something")
        return False
    target[name] = owner.pop(last)
    return True


def _map_values(args: Mapping[str, Any], subject: Subject) -> bool:
    owner, last = _owner(subject.properties, args["property"])
    if owner is None or owner.get(last) is None:
        return False
    table = {fold(str(old)): thaw(new) for old, new in args["values"].items()}
    before = owner[last]
    after = [_mapped(table, item, args, subject) for item in before] if isinstance(before, list) else None
    owner[last] = after if after is not None else _mapped(table, before, args, subject)
    return bool(owner[last] != before)


def _mapped(table: Mapping[str, Any], value: Any, args: Mapping[str, Any], subject: Subject) -> Any:
    if value in table.values():
        return value
    found = table.get(fold(str(value)))
    if found is None:
        subject.problems.append(f"'{args['property']}' is {value!r}, which has no counterpart")
        return value
    return found


def _set_default(args: Mapping[str, Any], subject: Subject) -> bool:
    owner, last = _owner(subject.properties, args["property"], make=True)
    if owner is None or last in owner:
        return False
    owner[last] = thaw(args["value"])
    return True


def _remove(args: Mapping[str, Any], subject: Subject) -> bool:
    owner, last = _owner(subject.properties, args["property"])
    if owner is None or last not in owner:
        return False
    del owner[last]
    return True


def _entries(args: Mapping[str, Any], subject: Subject) -> bool:
    """A mapping by id becomes a list of entries with ids."""
    owner, last = _owner(subject.properties, args["property"])
    if owner is None or not isinstance(owner.get(last), dict):
        return False
    owner[last] = [{"id": id_, **(spec if isinstance(spec, dict) else {})} for id_, spec in owner[last].items()]
    return True


_CHANGES: Mapping[str, Callable[[Mapping[str, Any], Subject], bool]] = {
    "rename_property": _rename,
    "move": _move,
    "map_values": _map_values,
    "set_default": _set_default,
    "remove": _remove,
    "entries": _entries,
}

_SAID: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "rename_kind": lambda a: f"{a['from']} becomes {a['to']}",
    "rename_property": lambda a: f"{a['kind']}.{a['from']} is called {a['to']}",
    "move": lambda a: f"{a['kind']}.{a['from']} moves to {a['to']}",
    "map_values": lambda a: f"{a['kind']}.{a['property']}: " + ", ".join(f"{o} → {n}" for o, n in a["values"].items()),
    "set_default": lambda a: f"{a['kind']}.{a['property']} is {a['value']!r} where it was not given",
    "remove": lambda a: f"{a['kind']}.{a['property']} is removed",
    "entries": lambda a: f"{a['kind']}.{a['property']} is a list of entries with ids",
    "to_items": lambda a: f"{a['kind']} definitions become items of type {a['type']}",
}
