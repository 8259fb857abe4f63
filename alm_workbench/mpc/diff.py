"""What changed between two manifests, in their own terms, and what it means for the items that are stored.

Definitions are matched by kind and id, or by an alias where one was renamed; states, transitions, choices and whatever
else has an id are matched by it, wherever they stand in their list. Every change has an impact:

- breaking: stored items may no longer fit (a type, field, state, choice or relation is gone, a field's type changed, or
  a rule for its values became stricter);
- compatible: the process decides differently, stored items are as good as before;
- cosmetic: only what people see has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .ast import ASTNode, ManifestAST, Path, thaw
from .overlay.edits import same
from .overlay.paths import MISSING

Action = Literal["added", "removed", "changed", "renamed", "moved"]
Impact = Literal["breaking", "compatible", "cosmetic"]
_RANK: dict[Impact, int] = {"cosmetic": 0, "compatible": 1, "breaking": 2}

# Definitions that items are made of.
_HELD = frozenset(("ArtifactType", "FieldDef", "LinkType", "Workflow"))
_COSMETIC = frozenset(
    ("labels", "description", "icon", "color", "order", "placeholder", "title_label", "inverse_labels", "message",
     "unit", "card_fields", "aliases", "(name)")
)  # fmt: skip
# Properties of which any change may leave stored items behind, by kind.
_HELD_BY = {
    "ArtifactType": frozenset(("workflow", "extends", "aggregate")),
    "FieldDef": frozenset(("type", "target", "columns")),
    "LinkType": frozenset(("from", "to", "cardinality", "acyclic", "symmetric")),
}
_STRICTER_IF_HIGHER = frozenset(("min", "min_length"))
_STRICTER_IF_LOWER = frozenset(("max", "max_length"))


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """A property that was added, removed or changed, or a list entry that moved; `path` as in `states[draft].labels`."""

    path: str
    action: Action
    old: Any
    new: Any
    impact: Impact


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """A definition that was added, removed, renamed or changed, with what changed in it."""

    kind: str
    id: str
    action: Action
    impact: Impact
    old_id: str | None = None
    changes: tuple[PropertyChange, ...] = ()
    children: tuple[DefinitionChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestDiff:
    """Every difference: the root fields, then definitions in the order of the new manifest, removed ones last."""

    header: tuple[PropertyChange, ...] = ()
    definitions: tuple[DefinitionChange, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the two manifests say the same."""
        return not self.header and not self.definitions

    @property
    def impact(self) -> Impact | None:
        """The gravest impact of all changes."""
        return _gravest([*(c.impact for c in self.header), *(d.impact for d in self.definitions)])

    def to_data(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "impact": self.impact,
            "header": [_change_data(change) for change in self.header],
            "definitions": [_definition_data(definition) for definition in self.definitions],
        }

    def lines(self) -> list[str]:
        """The differences for people, one a line: a sign, the place, what was and what is."""
        out = [_change_line(change, "") for change in self.header]
        for definition in self.definitions:
            out += _definition_lines(definition, "")
        return out


def diff_manifests(old: ManifestAST, new: ManifestAST) -> ManifestDiff:
    """What changed from one manifest to another; order and layout of definitions do not count."""
    header = tuple(
        PropertyChange(f"@{word}", "changed", a, b, "cosmetic" if word == "version" else "compatible")
        for word, a, b in (
            ("schema", old.schema_version, new.schema_version),
            ("namespace", old.namespace, new.namespace),
            ("name", old.name, new.name),
            ("version", old.manifest_version, new.manifest_version),
        )
        if a != b
    )
    return ManifestDiff(header, tuple(_Differ(old, new).definitions(old.defs, new.defs)))


def text_diff(old: str, new: str, old_name: str = "old", new_name: str = "new", *, context: int = 3) -> str:
    """The difference of two texts in unified form; empty where they are equal."""
    from difflib import unified_diff

    lines = unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, n=context, lineterm="")
    return "".join(f"{line}\n" for line in lines)


class _Differ:
    def __init__(self, old: ManifestAST, new: ManifestAST) -> None:
        self._old_enums = {node.id: node for node in old.of_kind("EnumDef")}
        self._new_enums = {node.id: node for node in new.of_kind("EnumDef")}

    def definitions(self, old: Iterable[ASTNode], new: Iterable[ASTNode]) -> Iterator[DefinitionChange]:
        """Changes of definitions at one level."""
        before: dict[tuple[str, str], ASTNode] = {}
        for node in old:
            before.setdefault((node.kind, node.id), node)
        after: dict[tuple[str, str], ASTNode] = {}
        for node in new:
            after.setdefault((node.kind, node.id), node)
        gone = {key: node for key, node in before.items() if key not in after}
        for key, node in after.items():
            former = before.get(key) or self._renamed(node, gone)
            if former is None:
                yield DefinitionChange(node.kind, node.id, "added", self._impact_of_new(node))
            elif (change := self._definition(former, node)) is not None:
                yield change
        for node in gone.values():
            yield DefinitionChange(node.kind, node.id, "removed", "breaking" if node.kind in _HELD else "compatible")

    @staticmethod
    def _renamed(node: ASTNode, gone: dict[tuple[str, str], ASTNode]) -> ASTNode | None:
        """The removed definition that this one is the new name of."""
        aliases = node.properties.get("aliases")
        for alias in aliases if isinstance(aliases, tuple) else ():
            if isinstance(alias, str) and (node.kind, alias) in gone:
                return gone.pop((node.kind, alias))
        return None

    @staticmethod
    def _impact_of_new(node: ASTNode) -> Impact:
        """A new field that must have a value is one that stored items lack."""
        required = node.kind == "FieldDef" and node.properties.get("required") is True
        return "breaking" if required and "default" not in node.properties else "compatible"

    def _definition(self, old: ASTNode, new: ASTNode) -> DefinitionChange | None:
        changes = list(self._values(new.kind, (), old.properties, new.properties))
        if old.name != new.name:
            changes.insert(0, PropertyChange("(name)", "changed", old.name, new.name, "cosmetic"))
        children = tuple(self.definitions(old.children, new.children))
        renamed = old.id != new.id
        if not changes and not children and not renamed:
            return None
        impacts = [*(c.impact for c in changes), *(c.impact for c in children)]
        impact = _gravest([*impacts, "compatible"] if renamed else impacts)
        assert impact is not None
        action: Action = "renamed" if renamed else "changed"
        return DefinitionChange(new.kind, new.id, action, impact, old.id if renamed else None, tuple(changes), children)

    # ------------------------------------------------------------ properties

    def _values(self, kind: str, path: Path, old: Any, new: Any) -> Iterator[PropertyChange]:
        """Changes of a value, as far down as both sides have the same shape."""
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            for key in dict.fromkeys((*old, *new)):
                yield from self._values(kind, (*path, key), old.get(key, MISSING), new.get(key, MISSING))
        elif isinstance(old, tuple) and isinstance(new, tuple) and (old or new):
            yield from self._lists(kind, path, old, new)
        elif not _equal(old, new):
            action: Action = "added" if old is MISSING else "removed" if new is MISSING else "changed"
            yield PropertyChange(_shown(path), action, _plain(old), _plain(new), self._impact(kind, path, old, new))

    def _lists(self, kind: str, path: Path, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[PropertyChange]:
        before, after = _by_id(old), _by_id(new)
        if before is None or after is None:
            if not same(old, new):
                yield PropertyChange(
                    _shown(path), "changed", _plain(old), _plain(new), self._impact(kind, path, old, new)
                )
            return
        for id_, value in after.items():
            here = (*path, _Item(id_))
            if id_ not in before:
                yield PropertyChange(
                    _shown(here), "added", None, _plain(value), self._impact(kind, here, MISSING, value)
                )
            else:
                yield from self._values(kind, here, before[id_], value)
        for id_, value in before.items():
            if id_ not in after:
                here = (*path, _Item(id_))
                impact = self._impact(kind, here, value, MISSING)
                yield PropertyChange(_shown(here), "removed", _plain(value), None, impact)
        yield from self._order(path, list(before), list(after))

    @staticmethod
    def _order(path: Path, before: list[str], after: list[str]) -> Iterator[PropertyChange]:
        kept = [id_ for id_ in before if id_ in set(after)]
        now = [id_ for id_ in after if id_ in set(before)]
        if kept != now:
            yield PropertyChange(_shown(path), "moved", kept, now, "cosmetic")

    def _impact(self, kind: str, path: Path, old: Any, new: Any) -> Impact:
        words = [step for step in path if not isinstance(step, _Item)]
        if any(word in _COSMETIC for word in words):
            return "cosmetic"
        top, last = str(words[0]), str(words[-1])
        if kind == "FieldDef" and top == "choices":
            return (
                "compatible"
                if self._choices(old, self._old_enums) <= self._choices(new, self._new_enums)
                else ("breaking")
            )
        if _loses_an_item(kind, path, new) or top in _HELD_BY.get(kind, ()):
            return "breaking"
        if kind == "FieldDef" and len(path) == 1 and _stricter(last, old, new):
            return "breaking"
        return "compatible"

    @staticmethod
    def _choices(value: Any, enums: Mapping[str, ASTNode]) -> frozenset[str]:
        """Ids of the choices of a field, whether they are its own, those of an EnumDef, or one of them."""
        if isinstance(value, str) and value in enums:
            value = enums[value].properties.get("values", ())
        if isinstance(value, (Mapping, str)):
            value = (value,)
        found = _by_id(value) if isinstance(value, tuple) else None
        return frozenset(found or ())


class _Item(str):
    """A step of a path to the list entry with this id."""

    __slots__ = ()


def _loses_an_item(kind: str, path: Path, new: Any) -> bool:
    """Whether a state or a choice is gone that stored items may be in or have."""
    where = {"Workflow": "states", "EnumDef": "values"}.get(kind)
    return new is MISSING and len(path) <= 2 and path[:1] == (where,)


def _stricter(word: str, old: Any, new: Any) -> bool:
    if word == "required":
        return new is True
    if word in ("required_when", "pattern"):
        return new is not MISSING
    if new is MISSING or word not in _STRICTER_IF_HIGHER | _STRICTER_IF_LOWER:
        return False
    if old is MISSING:
        return True
    try:
        return bool(new > old if word in _STRICTER_IF_HIGHER else new < old)
    except TypeError:
        return True


def _by_id(items: tuple[Any, ...]) -> dict[str, Any] | None:
    """List entries by id, name or event, or by themselves if they are texts; None where that does not tell them apart."""
    found: dict[str, Any] = {}
    for item in items:
        id_ = item
        if isinstance(item, Mapping):
            id_ = next((item[key] for key in ("id", "name", "on") if isinstance(item.get(key), str)), None)
        if not isinstance(id_, str) or id_ in found:
            return None
        found[id_] = item
    return found


def _equal(old: Any, new: Any) -> bool:
    if old is MISSING or new is MISSING:
        return old is new
    # A text may stand for an entry that says no more than its id.
    return type(old) is type(new) and same(old, new)


def _plain(value: Any) -> Any:
    return None if value is MISSING else thaw(value)


def _shown(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, _Item) else f".{step}"
    return text.removeprefix(".")


def _gravest(impacts: Iterable[Impact]) -> Impact | None:
    return max(impacts, key=_RANK.__getitem__, default=None)


# ---------------------------------------------------------------- output

_SIGNS: dict[Action, str] = {"added": "+", "removed": "-", "changed": "~", "renamed": "→", "moved": "↕"}


def _change_data(change: PropertyChange) -> dict[str, Any]:
    return {
        "path": change.path,
        "action": change.action,
        "old": change.old,
        "new": change.new,
        "impact": change.impact,
    }


def _definition_data(change: DefinitionChange) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "id": change.id,
        "old_id": change.old_id,
        "action": change.action,
        "impact": change.impact,
        "changes": [_change_data(item) for item in change.changes],
        "children": [_definition_data(child) for child in change.children],
    }


def _definition_lines(change: DefinitionChange, pad: str) -> Iterator[str]:
    former = f" (was {change.old_id})" if change.old_id else ""
    yield f"{pad}{_SIGNS[change.action]} {change.kind} {change.id}{former}  [{change.impact}]"
    for item in change.changes:
        yield _change_line(item, pad + "    ")
    for child in change.children:
        yield from _definition_lines(child, pad + "    ")


def _change_line(change: PropertyChange, pad: str) -> str:
    old, new = _short(change.old), _short(change.new)
    what = {"added": new, "removed": old}.get(change.action, f"{old} → {new}")
    return f"{pad}{_SIGNS[change.action]} {change.path}: {what}  [{change.impact}]"


def _short(value: Any) -> str:
    import json

    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
