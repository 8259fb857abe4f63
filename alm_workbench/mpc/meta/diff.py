"""What changed between two vocabularies, and whether documents of the old one stay valid under the new one.

A change is *breaking* when a manifest (or an expression in it) that was valid before may be invalid after or mean
something else; everything else is not. A removed property always counts, also where a kind takes any. Lowering the cost of a function takes nothing away; raising it may push an expression over its budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import MPCError
from .model import LATER_CORE_FIELDS, DomainMeta, FunctionDef, KindDef, PropDef, TemplateDef

ChangeClass = Literal["none", "minor", "major"]
_Entry = tuple[bool, str]
_ANYTHING = "any"


@dataclass(frozen=True, slots=True)
class MetaDiffResult:
    """Sentences, in a fixed order: kinds, functions, types, events, then what is beyond the contract."""

    breaking: tuple[str, ...] = ()
    non_breaking: tuple[str, ...] = ()

    @property
    def has_breaking(self) -> bool:
        """Whether old documents may become invalid."""
        return bool(self.breaking)

    @property
    def change_class(self) -> ChangeClass:
        """`major` with a breaking change, `minor` with any other, else `none`."""
        return "major" if self.breaking else "minor" if self.non_breaking else "none"

    def to_data(self) -> dict[str, Any]:
        """Plain data for programs."""
        found = {"class": self.change_class, "breaking": list(self.breaking), "nonBreaking": list(self.non_breaking)}
        return {**found, "hasBreaking": self.has_breaking}


def diff_meta(old: DomainMeta, new: DomainMeta) -> MetaDiffResult:
    """Every difference that validation can notice; texts and examples do not count."""
    entries = list(_differences(old, new))
    return MetaDiffResult(
        tuple(text for breaks, text in entries if breaks), tuple(text for breaks, text in entries if not breaks)
    )


def classify(old: DomainMeta, new: DomainMeta) -> ChangeClass:
    """`none`, `minor` (old documents stay valid) or `major` (they need a migration)."""
    return diff_meta(old, new).change_class


def require_migration(old: DomainMeta, new: DomainMeta, migrated: Iterable[int]) -> MetaDiffResult:
    """The difference; raises MPCError E_META_BREAKING_CHANGE for a major one that has no migration to its version.

    `migrated` are the schema versions that a changelog has a migration for.
    """
    found = diff_meta(old, new)
    if not found.has_breaking:
        return found
    more = f" (and {len(found.breaking) - 1} more)" if len(found.breaking) > 1 else ""
    first = found.breaking[0] + more
    if new.schema_version <= old.schema_version:
        message = f"The schema version must rise above {old.schema_version} with a breaking change: {first}"
        raise MPCError("E_META_BREAKING_CHANGE", message)
    if new.schema_version not in set(migrated):
        message = f"Version {new.schema_version} has a breaking change and no migration: {first}"
        raise MPCError("E_META_BREAKING_CHANGE", message)
    return found


def _differences(old: DomainMeta, new: DomainMeta) -> Iterator[_Entry]:
    yield from _kinds(old, new)
    yield from _functions(old, new)
    yield from _words("type", old.allowed_types, new.allowed_types)
    yield from _words("event", old.allowed_events, new.allowed_events)
    yield from _words("action", old.actions, new.actions)
    yield from _core_fields(old.core_fields, new.core_fields)
    yield from _props("Every definition", old.common, new.common)
    yield from _templates(old, new)


def _kinds(old: DomainMeta, new: DomainMeta) -> Iterator[_Entry]:
    for kind in old.kinds:
        other = new.get_kind(kind.name)
        if other is None:
            yield True, f"Kind '{kind.name}' removed"
        else:
            yield from _kind(kind, other)
    for kind in new.kinds:
        if old.get_kind(kind.name) is None:
            yield False, f"Kind '{kind.name}' added"


def _kind(old: KindDef, new: KindDef) -> Iterator[_Entry]:
    name = f"Kind '{old.name}'"
    yield from _required(name, old, new)
    yield from _value_types(name, old.allowed_types, new.allowed_types)
    yield from _undeclared(name, old, new)
    yield from _props(name, old.properties, new.properties, required=False)
    yield from _removed_added(name, "child kind", old.children, new.children)
    if old.open != new.open:
        yield (not new.open), f"{name} {'takes any property' if new.open else 'takes only declared properties'} now"
    if old.child_only != new.child_only:
        yield new.child_only, f"{name} may {'no longer' if new.child_only else 'now'} stand at the top level"


def _required(name: str, old: KindDef, new: KindDef) -> Iterator[_Entry]:
    before, after = set(old.required_props), set(new.required_props)
    for prop in sorted(after - before):
        known = prop in old.optional_props
        yield True, f"{name}: property '{prop}' {'is required now' if known else 'added as required'}"
    for prop in sorted(before - after):
        if _declared(new, prop):
            yield False, f"{name}: property '{prop}' is no longer required"
        else:
            yield True, f"{name}: required property '{prop}' removed"


def _declared(kind: KindDef, prop: str) -> bool:
    return prop in kind.optional_props or prop in kind.required_props or kind.find(prop) is not None


def _value_types(name: str, old: Sequence[str], new: Sequence[str]) -> Iterator[_Entry]:
    """Types of property values; an empty list allows every type."""
    if not old and new:
        yield True, f"{name}: property values were of any type and are restricted to {', '.join(sorted(new))}"
    elif old and not new:
        yield False, f"{name}: property values may be of any type"
    else:
        yield from _removed_added(name, "value type", old, new)


def _undeclared(name: str, old: KindDef, new: KindDef) -> Iterator[_Entry]:
    """Optional properties that only have a name; those with a shape are compared as properties."""
    before = {prop for prop in old.optional_props if prop not in old.properties}
    after = {prop for prop in new.optional_props if prop not in new.properties}
    for prop in sorted(before - after):
        if not _declared(new, prop):
            yield True, f"{name}: optional property '{prop}' removed"
    for prop in sorted(after - before):
        if not _declared(old, prop):
            yield False, f"{name}: optional property '{prop}' added"


def _removed_added(name: str, what: str, old: Iterable[str], new: Iterable[str]) -> Iterator[_Entry]:
    before, after = set(old), set(new)
    for word in sorted(before - after):
        yield True, f"{name}: {what} '{word}' removed"
    for word in sorted(after - before):
        yield False, f"{name}: {what} '{word}' added"


def _props(
    name: str, old: Mapping[str, PropDef], new: Mapping[str, PropDef], *, required: bool = True
) -> Iterator[_Entry]:
    """Declared properties; `required` is False where the required ones were compared before."""
    for key, prop in old.items():
        other = new.get(key) or next((p for p in new.values() if key in p.aka), None)
        if other is None:
            if required or not prop.required:
                yield True, f"{name}: {'' if prop.required else 'optional '}property '{key}' removed"
            continue
        yield from _prop(f"{name}: '{key}'", prop, other, required)
    for key, prop in new.items():
        if key not in old and not any(key in p.aka or old_key in prop.aka for old_key, p in old.items()):
            if prop.required and not required:
                continue
            yield prop.required, f"{name}: {'required' if prop.required else 'optional'} property '{key}' added"


def _prop(name: str, old: PropDef, new: PropDef, required: bool) -> Iterator[_Entry]:
    if required and old.required != new.required:
        yield new.required, f"{name} is {'required now' if new.required else 'no longer required'}"
    names = new.aka if new.name == old.name else (new.name, *(word for word in new.aka if word != old.name))
    yield from _removed_added(name, "other name", old.aka, names)
    if old.type != new.type:
        yield (not _wider(old, new)), f"{name} changes from {old.type} to {new.type}"
        return
    yield from _refined(name, old, new)


def _wider(old: PropDef, new: PropDef) -> bool:
    """Whether every value of the old type is one of the new type."""
    if new.type == _ANYTHING:
        return True
    if new.type == "oneof":
        return any(option.type == old.type and not list(_breaks(old, option)) for option in new.options)
    if new.type == "list" and new.single and new.items is not None:
        return new.items.type == old.type and not list(_breaks(old, new.items))
    text = {"enum", "ref", "field", "state", "event", "privilege", "resource", "expr", "regex"}
    return (old.type, new.type) == ("int", "number") or (
        new.type in ("string", "text") and old.type in text | {"string"}
    )


def _breaks(old: PropDef, new: PropDef) -> Iterator[str]:
    return (text for breaks, text in _refined("", old, new) if breaks)


def _refined(name: str, old: PropDef, new: PropDef) -> Iterator[_Entry]:
    """Two properties of one type word."""
    yield from _values(name, old, new)
    if old.kind != new.kind:
        yield new.kind is not None, f"{name} refers to {new.kind or 'any kind'} instead of {old.kind or 'any kind'}"
    if old.returns != new.returns:
        yield new.returns != _ANYTHING, f"{name} must give {new.returns} instead of {old.returns}"
    if old.single != new.single:
        yield (not new.single), f"{name} takes {'one value for a list' if new.single else 'lists only'} now"
    if old.default != new.default:
        yield True, f"{name} has another default: {new.default!r} instead of {old.default!r}"
    if old.items is not None and new.items is not None:
        yield from _prop(f"{name}[]", old.items, new.items, True)
    elif new.items is not None:
        yield True, f"{name}: its entries were of any type and must be {new.items.type} now"
    elif old.items is not None:
        yield False, f"{name}: its entries may be of any type"
    yield from _objects(name, old, new)
    yield from _options(name, old, new)


def _values(name: str, old: PropDef, new: PropDef) -> Iterator[_Entry]:
    if not old.values and new.values:
        yield True, f"{name} is restricted to {', '.join(new.values)}"
    elif old.values and not new.values:
        yield False, f"{name} may have any value"
    else:
        yield from _removed_added(name, "value", old.values, new.values)


def _objects(name: str, old: PropDef, new: PropDef) -> Iterator[_Entry]:
    was_open, is_open = (prop.open or not prop.props for prop in (old, new))
    if old.type == "object" and was_open != is_open:
        yield (not is_open), f"{name} takes {'any' if is_open else 'only declared'} properties now"
    yield from _props(name, old.props, new.props)


def _options(name: str, old: PropDef, new: PropDef) -> Iterator[_Entry]:
    """Alternatives, matched by their type word."""
    before, after = ({option.type: option for option in prop.options} for prop in (old, new))
    for word, option in before.items():
        if word in after:
            yield from _prop(f"{name} as {word}", option, after[word], True)
        else:
            yield True, f"{name} may no longer be {word}"
    for word in after:
        if word not in before:
            yield False, f"{name} may be {word}"


def _functions(old: DomainMeta, new: DomainMeta) -> Iterator[_Entry]:
    for name in sorted(old.function_names - new.function_names):
        yield True, f"Function '{name}' removed"
    for name in sorted(new.function_names - old.function_names):
        # An empty list allows every builtin; the first entry shuts the others out.
        yield (not old.allowed_functions), f"Function '{name}' added"
    for name in sorted(old.function_names & new.function_names):
        before, after = old.get_function(name), new.get_function(name)
        assert before is not None
        assert after is not None
        yield from _function(before, after)


def _function(old: FunctionDef, new: FunctionDef) -> Iterator[_Entry]:
    name = f"Function '{old.name}'"
    if old.args != new.args:
        accepts = len(old.args) == len(new.args) and all(map(_type_within, old.args, new.args))
        yield (not accepts), f"{name} takes ({', '.join(new.args)}) instead of ({', '.join(old.args)})"
    if old.returns != new.returns:
        yield (not _type_within(new.returns, old.returns)), f"{name} returns {new.returns} instead of {old.returns}"
    if old.cost != new.cost:
        yield new.cost > old.cost, f"{name} costs {new.cost} instead of {old.cost}"


def _type_within(inner: str, outer: str) -> bool:
    """Whether every value of one type word is one of the other."""
    words = set(outer.split("|"))
    numbers = {"int", "float", "number"} if "number" in words else set()
    return outer == _ANYTHING or set(inner.split("|")) <= words | numbers


def _words(what: str, old: Sequence[str], new: Sequence[str]) -> Iterator[_Entry]:
    """Global lists; an empty one allows everything."""
    if not old and new:
        yield True, f"Every {what} was allowed and only {', '.join(new)} are"
        return
    if old and not new:
        yield False, f"Every {what} is allowed"
        return
    for word in [word for word in old if word not in new]:
        yield True, f"{what.capitalize()} '{word}' removed"
    for word in [word for word in new if word not in old]:
        yield False, f"{what.capitalize()} '{word}' added"


def _core_fields(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[_Entry]:
    for name in old:
        if name not in new:
            yield True, f"Core field '{name}' removed"
        elif old[name] != new[name]:
            yield True, f"Core field '{name}' changes from {old[name]} to {new[name]}"
    for name in new:
        if name not in old:
            # A field of a type may have had this name.
            yield bool(old) and name not in LATER_CORE_FIELDS, f"Core field '{name}' added"


def _templates(old: DomainMeta, new: DomainMeta) -> Iterator[_Entry]:
    for template in old.templates:
        other = new.get_template(template.name)
        if other is None:
            yield True, f"Template '{template.name}' removed"
        else:
            yield from _template(template, other)
    for template in new.templates:
        if old.get_template(template.name) is None:
            yield False, f"Template '{template.name}' added"


def _template(old: TemplateDef, new: TemplateDef) -> Iterator[_Entry]:
    name, before, after = f"Template '{old.name}'", set(old.own_fields), set(new.own_fields)
    for prop in sorted(after - before):
        yield True, f"{name} demands the field '{prop}'"
    for prop in sorted(before - after):
        yield False, f"{name} no longer demands the field '{prop}'"
