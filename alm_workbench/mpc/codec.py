"""Dataclasses to plain data and back, driven by their annotations."""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from .ast import FrozenDict, freeze, thaw
from .errors import MPCError, Span

T = TypeVar("T")


def encode(value: Any) -> Any:
    """Plain data; fields that hold their default are left out, spans become lists."""
    if isinstance(value, Span):
        return [value.start, value.end, value.line, value.col, value.end_line, value.end_col, value.file]
    if is_dataclass(value) and not isinstance(value, type):
        return {
            name.rstrip("_"): encode(item)
            for name, default in _defaults(type(value))
            if (item := getattr(value, name)) != default or type(item) is not type(default)
        }
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [encode(item) for item in value]
    return thaw(value)


@lru_cache(maxsize=64)
def _defaults(cls: type) -> tuple[tuple[str, Any], ...]:
    return tuple((f.name, f.default) for f in fields(cls))


def decode(cls: type[T], data: Any) -> T:
    """An instance from plain data; raises MPCError E_ARTIFACT_INVALID."""
    try:
        result: T = _reader(cast(Hashable, cls))(data)
        return result
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise MPCError("E_ARTIFACT_INVALID", f"Not a compiled manifest: {error}") from error


def reader(hint: Any) -> Callable[[Any], Any]:
    """The function that turns plain data into what an annotation says."""
    return _reader(cast(Hashable, hint))


@lru_cache(maxsize=256)
def _reader(hint: Hashable) -> Callable[[Any], Any]:
    if hint is Span:
        return lambda data: Span(*data)
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass_reader(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = next(arg for arg in args if arg is not type(None))
        read = _reader(inner)
        return lambda data: None if data is None else read(data)
    if origin is tuple:
        item = _reader(args[0])
        return lambda data: tuple([item(value) for value in data])
    if origin is not None and issubclass(origin, Mapping):
        item = _reader(args[1])
        return lambda data: FrozenDict({key: item(value) for key, value in data.items()})
    return freeze


def _dataclass_reader(cls: type) -> Callable[[Any], Any]:
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {}

    def read(data: Any) -> Any:
        if not readers:
            hints = get_type_hints(cls)
            readers.update({f.name.rstrip("_"): (f.name, _reader(hints[f.name])) for f in fields(cls)})
        return cls(**{readers[key][0]: readers[key][1](value) for key, value in data.items()})

    return read
