"""Hiding secrets in data, text and tracebacks.

A value is hidden where its key holds a deny word: `password` hides `userPassword`, `DB_PASSWORD` and `passwords`, but
not `passwordless`. Texts are searched too, for `password=…`, authorisation headers, credentials in URLs, tokens and
private keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from fnmatch import translate
from functools import lru_cache
from numbers import Number
from typing import Any
from uuid import UUID

from .ast import ASTNode
from .expr.ir import OBJECT
from .model import RedactDef

DEFAULT_DENY_KEYS = (
    "password", "secret", "token", "apiKey", "api_key", "authorization", "ssn", "creditCard", "credit_card",
)  # fmt: skip
# What log lines of a server may hold beyond the contract's words.
LOG_DENY_KEYS = (
    *DEFAULT_DENY_KEYS, "passwd", "pwd", "passphrase", "credential", "cookie", "privateKey", "accessKey", "otp", "jwt",
)  # fmt: skip
CYCLE = "<cycle>"
_DEEPEST = 100
_PLAIN = (bool, int, float, complex, Number, Decimal, date, time, timedelta, UUID, Enum, type(None))

_SIMPLE = frozenset({bool, int, float, type(None), UUID})


@dataclass(frozen=True)
class RedactionConfig:
    """What to hide, and what to put there.

    `deny_keys` are words of keys, whatever their case; given, they replace the default ones. `deny_patterns` are shell
    patterns for a key or a whole path (`a.b`, items of lists as `items[].pin`; `*` crosses dots). Null stays null
    unless `redact_null_values`. `scan_text` looks for secrets inside texts.
    """

    deny_keys: tuple[str, ...] = DEFAULT_DENY_KEYS
    deny_patterns: tuple[str, ...] = ()
    mask_value: Any = "***"
    redact_null_values: bool = False
    scan_text: bool = True

    def hides(self, key: str, path: str = "") -> bool:
        """Whether the value under a key, at a path, is hidden."""
        return _holds_word(key, self.deny_keys) or _matches(self.deny_patterns, key, path)

    @classmethod
    def of(cls, definitions: Iterable[RedactDef], *, base: tuple[str, ...] = DEFAULT_DENY_KEYS) -> RedactionConfig:
        """What the `Redact` definitions of a manifest ask for together; the first one's mask is put in."""
        found = tuple(definitions)
        defaults = base if all(d.defaults for d in found) else ()
        keys = dict.fromkeys((*defaults, *(key for d in found for key in d.keys)))
        patterns = dict.fromkeys(pattern for d in found for pattern in d.patterns)
        mask = found[0].mask if found else "***"
        return cls(tuple(keys), tuple(patterns), mask, any(d.nulls for d in found))


DEFAULT = RedactionConfig()
LOGS = RedactionConfig(LOG_DENY_KEYS)


# ---------------------------------------------------------------- keys

_CHUNK = re.compile(r"[^\W\d_]+|\d+")


@lru_cache(maxsize=8192)
def _words(key: str) -> tuple[str, ...]:
    """The words of a key in any spelling: apiKey, API_KEY, x-api-key, APIKeyID."""
    return tuple(word.casefold() for chunk in _CHUNK.findall(key[:512]) for word in _split(chunk))


def _split(chunk: str) -> list[str]:
    """Letters cut before each capital that follows a small letter, or that one follows."""
    cuts = [
        at
        for at in range(1, len(chunk))
        if chunk[at].isupper() and (chunk[at - 1].islower() or chunk[at + 1 : at + 2].islower())
    ]
    return [chunk[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]


@lru_cache(maxsize=256)
def _deny_words(keys: tuple[str, ...]) -> frozenset[str]:
    return frozenset("".join(_words(key)) or key.casefold() for key in keys)


@lru_cache(maxsize=8192)
def _holds_word(key: str, deny_keys: tuple[str, ...]) -> bool:
    """Whether neighbouring words of the key, put together, are a deny word or its plural."""
    denied = _deny_words(deny_keys)
    if key.casefold() in denied:
        return True
    words = _words(key)
    for start in range(len(words)):
        joined = ""
        for word in words[start : start + 4]:
            joined += word
            if joined in denied or (joined.endswith("s") and joined[:-1] in denied):
                return True
    return False


@lru_cache(maxsize=256)
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{translate(pattern)})" for pattern in patterns))


def _matches(patterns: tuple[str, ...], key: str, path: str) -> bool:
    if not patterns:
        return False
    found = _pattern(patterns)
    return bool(found.match(key) or (path and found.match(path)))


# ---------------------------------------------------------------- data


def redact(data: Any, config: RedactionConfig = DEFAULT) -> Any:
    """A copy without secrets: mappings to dicts, dataclasses (definitions of an AST among them) to dicts, too.

    A container that holds itself becomes the text `<cycle>` where it comes again; what is nested deeper than a
    hundred levels is hidden.
    """
    return _Redactor(config).value(data, "", ())


def redact_in_place(data: Any, config: RedactionConfig = DEFAULT) -> Any:
    """Hide secrets in the dicts and lists of `data` themselves; what cannot change is replaced in what holds it."""
    return _InPlace(config).value(data, "", ())


class _Redactor:
    def __init__(self, config: RedactionConfig) -> None:
        self.config = config

    def value(self, value: Any, path: str, inside: tuple[int, ...]) -> Any:
        """A value that no key hides, with what it holds."""
        if type(value) in _SIMPLE:
            return value
        if isinstance(value, str):
            return redact_text(value, self.config) if self.config.scan_text else value
        if isinstance(value, (bytes, bytearray)):
            return self._bytes(value)
        if isinstance(value, _PLAIN):
            return value
        if id(value) in inside:
            return CYCLE
        if len(inside) >= _DEEPEST:
            return self.config.mask_value
        return self._container(value, path, (*inside, id(value)))

    def _container(self, value: Any, path: str, inside: tuple[int, ...]) -> Any:
        if isinstance(value, Mapping):
            return self.mapping(value, path, inside)
        if isinstance(value, list):
            return self.items(value, path, inside)
        if isinstance(value, tuple):
            names = getattr(value, "_fields", None)
            if names is not None and len(names) == len(value):
                pairs = zip(names, value, strict=True)
                return type(value)(*(self.entry(name, item, path, inside) for name, item in pairs))
            return tuple(self.items(value, path, inside))
        if isinstance(value, (set, frozenset)):
            return self._set(value, path, inside)
        if isinstance(value, ASTNode):
            return self._definition(value, path, inside)
        if is_dataclass(value) and not isinstance(value, type):
            return self.mapping({f.name: getattr(value, f.name) for f in fields(value)}, path, inside)
        return self._unknown(value)

    def mapping(self, value: Mapping[Any, Any], path: str, inside: tuple[int, ...]) -> Any:
        return {key: self.entry(key, item, path, inside) for key, item in value.items()}

    def items(self, value: Iterable[Any], path: str, inside: tuple[int, ...]) -> Any:
        here = f"{path}[]"
        hidden = _matches(self.config.deny_patterns, "", here)
        return [self._masked(item) if hidden else self.value(item, here, inside) for item in value]

    def entry(self, key: Any, item: Any, path: str, inside: tuple[int, ...]) -> Any:
        """The value to show for a key."""
        name = key.decode("latin-1") if isinstance(key, bytes) else str(key)
        here = f"{path}.{name}" if path else name
        return self._masked(item) if self.config.hides(name, here) else self.value(item, here, inside)

    def _masked(self, item: Any) -> Any:
        return None if item is None and not self.config.redact_null_values else self.config.mask_value

    def _set(self, value: set[Any] | frozenset[Any], path: str, inside: tuple[int, ...]) -> Any:
        kept = self.items(value, path, inside)
        try:
            return type(value)(kept)
        except TypeError:  # an item became a dict
            return kept

    def _definition(self, node: ASTNode, path: str, inside: tuple[int, ...]) -> Any:
        parts: dict[str, Any] = {"kind": node.kind, "id": node.id, "name": node.name}
        parts["properties"] = self.mapping(node.properties, path, inside)
        parts["children"] = self.items(node.children, path, inside)
        return parts

    def _bytes(self, value: bytes | bytearray) -> Any:
        if not self.config.scan_text:
            return value
        text = value.decode("latin-1")
        found = redact_text(text, self.config)
        return value if found == text else type(value)(found.encode("latin-1", "replace"))

    def _unknown(self, value: Any) -> Any:
        """An object of a type of its own: itself, or its text where that holds a secret."""
        text = str(value)
        found = redact_text(text, self.config)
        return value if found == text else found


class _InPlace(_Redactor):
    def mapping(self, value: Mapping[Any, Any], path: str, inside: tuple[int, ...]) -> Any:
        if not isinstance(value, dict):
            return super().mapping(value, path, inside)
        try:
            for key, item in list(value.items()):
                value[key] = self.entry(key, item, path, inside)
        except TypeError:  # a dict that refuses change
            return super().mapping(value, path, inside)
        return value

    def items(self, value: Iterable[Any], path: str, inside: tuple[int, ...]) -> Any:
        kept = super().items(value, path, inside)
        if isinstance(value, list):
            value[:] = kept
            return value
        return kept


def redact_reason(reason: Mapping[str, Any], config: RedactionConfig = DEFAULT) -> dict[str, Any]:
    """A decision's reason (`message`, `values` by path, …) fit for a log.

    Where it saw a hidden value its message is hidden as well: that may quote the value, or what was made of it. So it
    is where it looked into a whole object, whose parts nobody named.
    """
    kept: dict[str, Any] = redact(reason, config)
    values = reason.get("values")
    seen = values.items() if isinstance(values, Mapping) else ()
    if any(value is not None and (value == OBJECT or config.hides(str(path), str(path))) for path, value in seen):
        kept["message"] = config.mask_value
    return kept


# ---------------------------------------------------------------- text

# A name that is given a value: `name=`, `name: `, `"name": `, `\\"name\\": `, `name => `, `--name=`, `--name `.
_NAME = re.compile(
    r"(?<![\w.\-])(?:(?P<option>--?)(?=[^\W\d]))?(?P<name>[^\W\d][\w.\-]{0,127})"
    r"(?:\\{0,4}[\"']?\s{0,8}(?:=>|[:=])\s{0,8}|(?(option)[ ]{1,8}|(?!)))"
)
# The value: a scheme of authorisation with its credentials, a quoted text, or what reaches to the next delimiter.
_VALUE = re.compile(
    r"(?:digest|negotiate)[ ][^\n]+"
    r"|(?P<quote3>\"\"\"|''')(?:(?!(?P=quote3)).)*(?P<end3>(?P=quote3))?"
    r"|(?P<quote>[\"'])(?:\\.|(?!(?P=quote))[^\n\\])*(?P<end>(?P=quote))?"
    r"|(?P<quote2>\\{1,4}(?P<mark>[\"']))(?:(?!\\{1,4}(?P=mark))[^\n])*(?P<end2>\\{1,4}(?P=mark))?"
    r"|(?:(?:bearer|basic|token|apikey)[ ]+)?[^\s,;&\"'<>(){}\[\]]+",
    re.IGNORECASE | re.DOTALL,
)
# The cookies of a header are divided as values are.
_COOKIES = re.compile(r"(?:set-)?cookie2?", re.IGNORECASE)
_LINE = re.compile(r"(?![\"'\\])[^\n]+")
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_BRACKET = re.compile(r"[()\[\]{}]|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", re.DOTALL)  # those in texts do not count
_KEY_BLOCK = re.compile(r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.S)
_LOGIN = re.compile(
    r"(\b[a-z][a-z0-9+.\-]{0,30}://[^\s/:@?#]{0,256}:|\b[a-z][a-z0-9+.\-]{0,30}://(?=[^\s/:@?#]{16}))[^\s/]{1,1024}(?=@)",
    re.I,
)
_BEARER = re.compile(r"(\b(?i:bearer|basic)\s{1,4})(?=[a-z.~+/\-]{0,200}[A-Z0-9_=])[\w.~+/\-]{8,}=*")
_JWT = re.compile(r"\beyJ[\w\-]{6,}\.[\w\-]{6,}\.[\w\-]*")


def redact_text(text: str, config: RedactionConfig = DEFAULT) -> str:
    """The text with every recognised secret replaced by the mask; takes time linear in its length."""
    mask = config.mask_value if isinstance(config.mask_value, str) else "***"
    if "-----BEGIN" in text:
        text = _KEY_BLOCK.sub(lambda m: f"-----BEGIN {m[1]}-----{mask}-----END {m[1]}-----", text)
    if "://" in text:
        text = _LOGIN.sub(lambda m: m[1] + mask, text)
    if "=" in text or ":" in text or "-" in text:
        text = _named(text, config, mask)
    text = _BEARER.sub(lambda m: m[1] + mask, text)
    return _JWT.sub(lambda m: mask, text) if "eyJ" in text else text


def _named(text: str, config: RedactionConfig, mask: str) -> str:
    """The text without the values of names that are hidden."""
    kept: list[str] = []
    done = at = 0
    while found := _NAME.search(text, at):
        at = found.end()
        if not config.hides(found["name"]):
            continue
        begin, inside, end = _value(text, at, found["name"])
        if end > at:
            kept += [text[done:at], begin, mask, inside]
            done = at = end
    return "".join([*kept, text[done:]])


def _value(text: str, at: int, name: str) -> tuple[str, str, int]:
    """What surrounds the value that begins here, and where it ends; there if there is none."""
    if text[at : at + 1] in _BRACKETS and _BRACKETS[text[at]] > 0:
        return text[at], "", _closing(text, at)
    line = _LINE.match(text, at) if _COOKIES.fullmatch(name) else None
    if line is not None:
        return "", "", line.end()
    value = _VALUE.match(text, at)
    if value is None:
        return "", "", at
    begin = value["quote3"] or value["quote"] or value["quote2"]
    return begin or "", value["end3"] or value["end"] or value["end2"] or "", value.end()


def _closing(text: str, at: int) -> int:
    """Where the bracket that opens here is closed: there the rest goes on; the end of the text if it is not."""
    depth = 0
    for found in _BRACKET.finditer(text, at):
        depth += _BRACKETS.get(found[0], 0)
        if depth == 0:
            return found.start()
    return len(text)


def redact_exception(error: BaseException, config: RedactionConfig = DEFAULT) -> str:
    """The traceback of an exception as text; from a deny word that is given a value, the rest of its line is hidden."""
    from traceback import format_exception

    mask = config.mask_value if isinstance(config.mask_value, str) else "***"
    lines = "".join(format_exception(error)).splitlines()
    return redact_text("\n".join(_line(line, config, mask) for line in lines), config)


def _line(line: str, config: RedactionConfig, mask: str) -> str:
    for found in _NAME.finditer(line):
        if config.hides(found["name"]):
            return line[: found.end()] + mask
    return line
