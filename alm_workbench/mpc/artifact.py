"""The stored form of a compiled manifest: checked as a whole when it is opened, read part by part when it is used.

A decision in a process of ten thousand guards needs a few definitions; a service that starts cold should not pay for
the others. Layout, numbers being unsigned 32-bit little-endian:

    magic  "ALMC" and the version of the layout (1 byte)
    digest SHA-256 of everything that follows (32 bytes)
    size   length of the head, then the head: JSON {"manifest": {name: scalar}, "fields": {name: [form, start, length]}}
    fields one after the other, each in one of four forms:
        value  JSON
        list   count, the length of each item, then the items, each JSON
        map    length of the keys, a JSON list of keys, then the values as a list
        hash   a list of JSON objects; a key stands in the object numbered crc32(key) modulo their count
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from hashlib import sha256
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, overload
from zlib import crc32

from .ast import FrozenDict, freeze
from .canonical import artifact_hash
from .codec import encode, reader
from .errors import MPCError
from .model import CompiledManifest

MAGIC = b"ALMC\x01"
_U32 = struct.Struct("<I")
_HEAD = len(MAGIC) + 32
_PER_BUCKET = 8

Decode = Callable[[Any], Any]


def _bad(why: str) -> MPCError:
    return MPCError("E_ARTIFACT_INVALID", f"Not a stored manifest: {why}")


# Writing


def to_bytes(manifest: CompiledManifest) -> bytes:
    """The stored form."""
    scalars: dict[str, Any] = {}
    table: dict[str, tuple[str, int, int]] = {}
    body = bytearray()
    for name, (form, _) in _shape().items():
        value = getattr(manifest, name)
        if form == "scalar":
            scalars[name] = value
            continue
        block = _WRITERS[form](value)
        table[name] = (form, len(body), len(block))
        body += block
    head = _json({"manifest": scalars, "fields": table})
    rest = _U32.pack(len(head)) + head + bytes(body)
    return MAGIC + sha256(rest).digest() + rest


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _value(value: Any) -> bytes:
    return _json(encode(value))


def _list(value: Sequence[Any]) -> bytes:
    items = [_value(item) for item in value]
    return _U32.pack(len(items)) + struct.pack(f"<{len(items)}I", *map(len, items)) + b"".join(items)


def _map(value: Mapping[str, Any]) -> bytes:
    keys = _json(list(value))
    return _U32.pack(len(keys)) + keys + _list(list(value.values()))


def _hash(value: Mapping[str, Any]) -> bytes:
    count = max(1, len(value) // _PER_BUCKET)
    buckets: list[dict[str, Any]] = [{} for _ in range(count)]
    for key, item in value.items():
        buckets[crc32(key.encode()) % count][key] = item
    return _list(buckets)


_WRITERS: dict[str, Callable[[Any], bytes]] = {"value": _value, "list": _list, "map": _map, "hash": _hash}


@cache
def _shape() -> dict[str, tuple[str, Any]]:
    """For each field of a manifest the form it is stored in, and what its value or its items are."""
    found: dict[str, tuple[str, Any]] = {}
    hints = get_type_hints(CompiledManifest)
    for item in fields(CompiledManifest):
        hint = hints[item.name]
        origin, args = get_origin(hint), get_args(hint)
        if hint in (str, int):
            found[item.name] = ("scalar", hint)
        elif item.name == "expressions":
            found[item.name] = ("hash", Any)
        elif origin is tuple:
            found[item.name] = ("list", args[0])
        elif isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(args[1], type):
            found[item.name] = ("map", args[1])
        else:
            inner = next((a for a in args if a is not type(None)), hint) if origin in (Union, UnionType) else hint
            found[item.name] = ("value", hint if inner is hint else inner)
    return found


# Reading


class LazyTuple(Sequence[Any]):
    """A tuple whose items are read when they are asked for."""

    __slots__ = ("_decode", "_items", "_rows")

    def __init__(self, rows: Sequence[bytes], decode: Decode) -> None:
        self._rows = rows
        self._decode = decode
        self._items: list[Any] = [None] * len(rows)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Any, ...]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        found = self._items[index]
        if found is None:
            found = self._items[index] = self._read(index)
        return found

    def _read(self, index: int) -> Any:
        try:
            return self._decode(json.loads(self._rows[index]))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _bad(f"an item of a list: {type(error).__name__} {error}") from error

    def __add__(self, other: Sequence[Any]) -> tuple[Any, ...]:
        return (*self, *other)

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, (tuple, LazyTuple)) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return (tuple, (tuple(self),))


class _Lazy(Mapping[str, Any]):
    """What the two lazy mappings share: they equal any equal mapping and are copied as plain frozen ones."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return dict(self) == dict(other) if isinstance(other, Mapping) else NotImplemented

    def __hash__(self) -> int:
        return hash(FrozenDict(self))

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenDict, (dict(self),))


class LazyDict(_Lazy):
    """A mapping whose values are read when they are asked for."""

    __slots__ = ("_numbers", "_values")

    def __init__(self, keys: Sequence[str], values: LazyTuple) -> None:
        self._numbers = {key: number for number, key in enumerate(keys)}
        self._values = values

    def __getitem__(self, key: str) -> Any:
        return self._values[self._numbers[key]]

    def __contains__(self, key: object) -> bool:
        return key in self._numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class LazyBuckets(_Lazy):
    """A mapping spread over buckets by its keys, of which one is read for each question."""

    __slots__ = ("_buckets",)

    def __init__(self, buckets: LazyTuple) -> None:
        self._buckets = buckets

    def __getitem__(self, key: str) -> Any:
        return self._buckets[crc32(key.encode()) % len(self._buckets)][key]

    def __iter__(self) -> Iterator[str]:
        for bucket in self._buckets:
            yield from bucket

    def __len__(self) -> int:
        return sum(map(len, self._buckets))


def _read_list(block: memoryview, decode: Decode) -> LazyTuple | tuple[()]:
    rows = _rows(block)
    return LazyTuple(rows, decode) if rows else ()


def _rows(block: memoryview) -> list[bytes]:
    (count,) = _U32.unpack_from(block)
    rows: list[bytes] = []
    at = 4 + 4 * count
    for length in struct.unpack_from(f"<{count}I", block, 4):
        rows.append(bytes(block[at : at + length]))
        at += length
    return rows


def _read_map(block: memoryview, decode: Decode) -> LazyDict:
    (length,) = _U32.unpack_from(block)
    return LazyDict(json.loads(bytes(block[4 : 4 + length])), LazyTuple(_rows(block[4 + length :]), decode))


def _read_hash(block: memoryview, _: Decode) -> LazyBuckets:
    return LazyBuckets(LazyTuple(_rows(block), freeze))


def _read_value(block: memoryview, decode: Decode) -> Any:
    return decode(json.loads(bytes(block)))


_READERS: dict[str, Callable[[memoryview, Decode], Any]] = {
    "value": _read_value, "list": _read_list, "map": _read_map, "hash": _read_hash,
}  # fmt: skip


class _Part:
    """A field that is read from the stored form when it is first asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, manifest: Any, owner: type) -> Any:
        if manifest is None:
            return self
        value = manifest.__dict__[self.name] = manifest._read(self.name)
        return value


class StoredManifest(CompiledManifest):
    """A compiled manifest that reads its parts from the stored form; otherwise like any other, and equal to its like."""

    def _read(self, name: str) -> Any:
        form, item = _shape()[name]
        entry = self.__dict__["_table"].get(name)
        if entry is None:
            # A field that this engine has and the one that wrote the artefact had not.
            return _default(name)
        stored, start, length = entry
        if stored != form:
            raise _bad(f"'{name}' is stored as {stored}")
        try:
            return _READERS[form](self.__dict__["_body"][start : start + length], reader(item))
        except (ValueError, TypeError, KeyError, AttributeError, struct.error) as error:
            raise _bad(f"'{name}': {error}") from error

    def to_bytes(self) -> bytes:
        """The stored form it was read from."""
        whole: bytes = self.__dict__["_whole"]
        return whole

    def __reduce__(self) -> tuple[Any, ...]:
        return (from_bytes, (self.to_bytes(),))


for _name, (_form, _) in _shape().items():
    if _form != "scalar":
        setattr(StoredManifest, _name, _Part(_name))


def _default(name: str) -> Any:
    found = next(item for item in fields(CompiledManifest) if item.name == name)
    return found.default_factory() if callable(found.default_factory) else found.default


def from_bytes(data: bytes, *, expected: str | None = None) -> CompiledManifest:
    """A manifest from its stored form; `expected` is the artefact hash it must have.

    Raises MPCError E_ARTIFACT_INVALID if the form, its digest or its hashes are not right.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise _bad("it does not begin like one")
    view = memoryview(data)
    if sha256(view[_HEAD:]).digest() != data[len(MAGIC) : _HEAD]:
        raise _bad("its digest is another")
    try:
        (size,) = _U32.unpack_from(data, _HEAD)
        start = _HEAD + 4
        head = json.loads(data[start : start + size])
        scalars, table = head["manifest"], head["fields"]
    except (ValueError, TypeError, KeyError, struct.error) as error:
        raise _bad(str(error)) from error
    made = object.__new__(StoredManifest)
    made.__dict__.update(_scalars(scalars), _table=table, _body=view[start + size :], _whole=data)
    check_hashes(made)
    if expected is not None and made.artifact_hash != expected:
        raise _bad("it is another artefact than the one asked for")
    return made


def _scalars(found: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {name: kind for name, (form, kind) in _shape().items() if form == "scalar"}
    if found.keys() != wanted.keys() or any(type(found[name]) is not kind for name, kind in wanted.items()):
        raise _bad("its head is incomplete")
    return dict(found)


def check_hashes(manifest: CompiledManifest) -> None:
    """Raises MPCError E_ARTIFACT_INVALID where the artefact hash is not that of content, vocabulary and engine."""
    made = artifact_hash(manifest.ast_hash, manifest.meta_hash, manifest.engine_version)
    if made != manifest.artifact_hash:
        raise _bad("its artefact hash does not follow from its other hashes")
