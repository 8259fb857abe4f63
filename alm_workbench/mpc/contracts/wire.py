"""Between frozen dataclasses and their JSON: a field's annotation says what it may hold, its name what it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ..ast import freeze, thaw
from ..codes import ContractVersion, intent_kinds
from ..errors import MPCError

MAX_DEPTH = 100
T = TypeVar("T")


class ContractError(MPCError, ValueError):
    """Data that is not what a contract says; the message begins with its path, `$` being the whole.

    Codes: E_META_MISSING_REQUIRED_FIELD, E_META_TYPE_NOT_ALLOWED, E_META_UNKNOWN_KIND (a key the contract does not
    have), E_PARSE_LIMIT (nested too deep), E_PARSE_SYNTAX (anything else).
    """


@dataclass(frozen=True, slots=True)
class Reading:
    """How data is read: whether unknown keys and nulls are refused, and by which contract version."""

    strict: bool = False
    version: ContractVersion = "1.1"
    path: str = "$"
    depth: int = 0

    def into(self, step: str) -> Reading:
        """The reading of a part."""
        if self.depth >= MAX_DEPTH:
            raise ContractError(
                "E_PARSE_LIMIT", f"{self.path}: nested more than {MAX_DEPTH} levels deep", limit=MAX_DEPTH
            )
        return Reading(self.strict, self.version, self.path + step, self.depth + 1)

    def wrong_type(self, expected: str, value: Any) -> ContractError:
        """The error of a value of another type."""
        return ContractError("E_META_TYPE_NOT_ALLOWED", f"{self.path}: {_word(value)} where {expected} must be")

    def refused(self, why: str) -> ContractError:
        """The error of a value of the right type that is not allowed."""
        return ContractError("E_PARSE_SYNTAX", f"{self.path}: {why}")


Rule = Callable[[Any, Reading], Any]
"""Turns a JSON value into the field's; raises ContractError."""

_WORDS = {bool: "a truth value", int: "a number", float: "a number", str: "a text", type(None): "null"}


def _word(value: Any) -> str:
    return _WORDS.get(type(value)) or ("an object" if isinstance(value, Mapping) else "a list")


def text(value: Any, at: Reading) -> str:
    """A text."""
    if not isinstance(value, str):
        raise at.wrong_type("a text", value)
    return value


def filled(value: Any, at: Reading) -> str:
    """A text of at least one character."""
    if text(value, at) == "":
        raise at.refused("must not be empty")
    return cast(str, value)


def one_of(words: Iterable[str]) -> Rule:
    """One of some words."""
    allowed = tuple(words)
    return lambda value, at: _member(value, allowed, at)


def intent_kind(value: Any, at: Reading) -> str:
    """An intent kind of the contract version."""
    return _member(value, sorted(intent_kinds(at.version)), at)


def _member(value: Any, allowed: Iterable[str], at: Reading) -> str:
    if text(value, at) not in allowed:
        raise at.refused(f"'{value}' is none of {', '.join(allowed)}")
    return cast(str, value)


def flag(value: Any, at: Reading) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise at.wrong_type("true or false", value)
    return value


def whole(value: Any, at: Reading) -> int:
    """A whole number from 1; JSON makes no difference between 1 and 1.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise at.wrong_type("a whole number", value)
    if value < 1:
        raise at.refused("must be 1 or more")
    return value


def amount(value: Any, at: Reading) -> float:
    """A number from 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise at.wrong_type("a number", value)
    if not value >= 0:
        raise at.refused("must be 0 or more")
    return value


def free(value: Any, at: Reading) -> Mapping[str, Any]:
    """An object of any content."""
    if not isinstance(value, Mapping):
        raise at.wrong_type("an object", value)
    return cast(Mapping[str, Any], freeze(value))


def object_with_texts(*names: str) -> Rule:
    """An object of any content in which some keys hold texts."""

    def read(value: Any, at: Reading) -> Mapping[str, Any]:
        found = free(value, at)
        for name in names:
            if name in found:
                text(found[name], at.into(f".{name}"))
        return found

    return read


def many(rule: Rule) -> Rule:
    """A list."""

    def read(value: Any, at: Reading) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise at.wrong_type("a list", value)
        return tuple(rule(item, at.into(f"[{i}]")) for i, item in enumerate(value))

    return read


def one(cls: type) -> Rule:
    """An object of a contract class."""
    return lambda value, at: read_object(cls, value, at)


ON_WIRE = "on wire"
"""In an annotation: the field must be there on the wire, though Python has a default for it."""

Filled = Annotated[str, filled]
"""A text that is not empty."""
Free = Mapping[str, Any]
"""An object of any content."""
_SCALARS: dict[Any, Rule] = {str: text, bool: flag, int: whole, float: amount}


def rule_of(annotation: Any) -> Rule:
    """What an annotation allows. A rule inside `Annotated` goes before the type."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return next((item for item in inner[1:] if callable(item)), None) or rule_of(inner[0])
    if origin in (Union, UnionType):
        return rule_of(next(item for item in inner if item is not type(None)))
    if origin is Literal:
        return one_of(inner)
    if origin is tuple:
        return many(rule_of(inner[0]))
    if origin is not None and issubclass(origin, Mapping):
        return free
    return _SCALARS.get(annotation) or one(annotation)


@dataclass(frozen=True, slots=True)
class Part:
    """A field as the wire knows it."""

    attribute: str
    name: str
    rule: Rule
    required: bool


_PARTS: dict[type, dict[str, Part]] = {}


def _parts(cls: Any) -> dict[str, Part]:
    """The fields of a contract class by their name on the wire."""
    known = _PARTS.get(cls)
    if known is None:
        known = _PARTS[cls] = _read_parts(cls)
    return known


def _read_parts(cls: Any) -> dict[str, Part]:
    hints = get_type_hints(cls, include_extras=True)
    found = {}
    for item in fields(cls):
        hint, name = hints[item.name], _camel(item.name)
        required = item.default is MISSING or ON_WIRE in get_args(hint)
        found[name] = Part(item.name, name, rule_of(hint), required)
    return found


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def read_object(cls: type[T], value: Any, at: Reading) -> T:
    """An instance from an object, part by part in the order of the contract."""
    if not isinstance(value, Mapping):
        raise at.wrong_type("an object", value)
    known = _parts(cls)
    if at.strict:
        _refuse_unknown(value, known, at)
    found = {}
    for name, item in known.items():
        given = value.get(name)
        if given is not None or (at.strict and name in value):
            found[item.attribute] = item.rule(given, at.into(f".{name}"))
        elif item.required:
            raise ContractError("E_META_MISSING_REQUIRED_FIELD", f"{at.path}: '{name}' is missing")
    return cls(**found)


def _refuse_unknown(value: Mapping[Any, Any], known: Mapping[str, Part], at: Reading) -> None:
    for key in value:
        if key not in known:
            raise ContractError("E_META_UNKNOWN_KIND", f"{at.path}: Unknown key '{key}'")


def from_dict(cls: type[T], data: Any, *, strict: bool = False, version: ContractVersion = "1.1") -> T:
    """An instance of a contract class from JSON data; raises ContractError (a ValueError too) with the path.

    Lax reading ignores unknown keys and takes null for missing; strict reading refuses both, at every depth, and so
    accepts exactly what the JSON Schema of that contract version does, down to 100 levels.
    """
    try:
        return read_object(cls, data, Reading(strict, version))
    except RecursionError:
        raise ContractError("E_PARSE_LIMIT", "$: nested too deep") from None


def to_dict(value: Any) -> dict[str, Any]:
    """JSON data of a contract object: None and empty optional lists are left out, free objects are plain dicts."""
    found = {}
    for name, item in _parts(type(value)).items():
        given = getattr(value, item.attribute)
        if given is not None and (given != () or item.required):
            found[name] = _plain(given)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return to_dict(value) if is_dataclass(value) else thaw(value)
