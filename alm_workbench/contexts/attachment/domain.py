"""Rules of attached files: how large, which names, which types; and the port to where their contents lie."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol
from uuid import UUID

from alm_workbench.errors import ConfigurationError, ErrorItem, InvalidInput, UnsupportedMediaType

MAX_NAME = 200
HEAD = 8192
"""So many bytes from the beginning of a content tell its type."""

LIMIT = "ALM_ATTACHMENT_MB"
DEFAULT_MB = 100
MOST_MB = 10_000


@dataclass(frozen=True, slots=True)
class FileLimit:
    """Port: the largest file, in bytes."""

    bytes: int

    @classmethod
    def of(cls, env: Mapping[str, str]) -> FileLimit:
        """What ``ALM_ATTACHMENT_MB`` says; raises ``ConfigurationError``."""
        given = env.get(LIMIT, str(DEFAULT_MB))
        if not given.isdecimal() or not 1 <= int(given) <= MOST_MB:
            raise ConfigurationError(f"{LIMIT} is {given!r}, and must be a number of megabytes from 1 to {MOST_MB:,}.")
        return cls(int(given) * 1_000_000)


@dataclass(frozen=True, slots=True)
class Received:
    """A whole content that waits to be attached; ``ticket`` finds it, ``head`` is how it begins, ``sha256`` in hex."""

    ticket: str
    sha256: str
    size: int
    head: bytes


class Upload(Protocol):
    """A content on its way in. ``abort`` may be called at any time, also after it was attached."""

    def write(self, data: bytes, /) -> None: ...

    def finish(self) -> Received: ...

    def abort(self) -> None: ...


class BlobStore(Protocol):
    """Port: contents by the hash of what is in them, apart for each organisation. Never overwritten."""

    def begin(self, tenant_id: UUID, limit: int, /) -> Upload: ...

    def keep(self, tenant_id: UUID, received: Received, /) -> None: ...

    def open(self, tenant_id: UUID, sha256: str, /) -> BinaryIO: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A content ready to be read; close ``stream``."""

    name: str
    content_type: str
    size: int
    sha256: str
    created_at: datetime
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of files that is taken: its media type, and what the content looks like (empty: any text)."""

    media: str
    looks_like: frozenset[str] = frozenset()


def _types() -> dict[str, FileType]:
    texts = {
        "txt": "text/plain", "log": "text/plain", "md": "text/markdown", "rst": "text/plain", "csv": "text/csv",
        "tsv": "text/tab-separated-values", "json": "application/json", "jsonl": "application/jsonl",
        "ipynb": "application/x-ipynb+json", "xml": "application/xml", "reqif": "application/xml",
        "drawio": "application/xml", "yaml": "application/yaml", "yml": "application/yaml", "toml": "application/toml",
        "ini": "text/plain", "cfg": "text/plain", "diff": "text/x-diff", "patch": "text/x-diff", "alm": "text/plain",
        "html": "text/html", "htm": "text/html", "svg": "image/svg+xml", "eml": "message/rfc822", "ics": "text/calendar",
        "puml": "text/plain", "dot": "text/plain", "tex": "text/x-tex", "sql": "text/plain", "py": "text/x-python",
        "c": "text/x-c", "h": "text/x-c", "cpp": "text/x-c", "hpp": "text/x-c", "java": "text/plain", "ts": "text/plain",
        "rs": "text/plain", "go": "text/plain", "m": "text/plain", "dbc": "text/plain", "arxml": "application/xml",
    }  # fmt: skip
    office = "application/vnd.openxmlformats-officedocument."
    zipped = {
        "zip": "application/zip", "reqifz": "application/zip", "docx": office + "wordprocessingml.document",
        "xlsx": office + "spreadsheetml.sheet", "pptx": office + "presentationml.presentation",
        "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "odp": "application/vnd.oasis.opendocument.presentation", "epub": "application/epub+zip",
    }  # fmt: skip
    old_office = {"doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
                  "msg": "application/vnd.ms-outlook", "vsd": "application/vnd.visio"}  # fmt: skip
    others = {
        "pdf": ("application/pdf", "pdf"), "rtf": ("application/rtf", "rtf"), "png": ("image/png", "png"),
        "jpg": ("image/jpeg", "jpg"), "jpeg": ("image/jpeg", "jpg"), "gif": ("image/gif", "gif"),
        "webp": ("image/webp", "webp"), "bmp": ("image/bmp", "bmp"), "tif": ("image/tiff", "tiff"),
        "tiff": ("image/tiff", "tiff"), "gz": ("application/gzip", "gz"), "tgz": ("application/gzip", "gz"),
        "xz": ("application/x-xz", "xz"), "bz2": ("application/x-bzip2", "bz2"),
        "7z": ("application/x-7z-compressed", "7z"), "mp4": ("video/mp4", "mp4 m4v"), "mov": ("video/quicktime", "mov"),
        "webm": ("video/webm", "webm"), "mp3": ("audio/mpeg", "mp3 mpga"), "wav": ("audio/wav", "wav"),
        "ogg": ("audio/ogg", "ogg"),
    }  # fmt: skip
    found = {ext: FileType(media) for ext, media in texts.items()}
    found |= {ext: FileType(media, frozenset(["docx", "zip"])) for ext, media in zipped.items()}
    found |= {ext: FileType(media, frozenset(["doc"])) for ext, media in old_office.items()}
    return found | {ext: FileType(media, frozenset(looks.split())) for ext, (media, looks) in others.items()}


TYPES = _types()
"""The files that are taken, by the end of their names. What a computer would run is not among them."""

INLINE = frozenset(["image/png", "image/jpeg", "image/gif", "image/webp"])
"""What a page may show in place; everything else is saved before it is opened."""

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
NOT_IN_NAMES = re.compile(r'[<>:"|?*]')


def clean_name(given: str) -> str:
    """The last part of a path as a name that is safe to save under; raises ``InvalidInput`` where nothing is left."""
    try:
        given.encode()
    except UnicodeEncodeError:
        raise bad_name("it is no text") from None
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    name = NOT_IN_NAMES.sub("_", CONTROLS.sub("", last)).strip().rstrip(". ")
    if not name.strip("._ "):
        raise bad_name("a name is needed")
    if len(name) > MAX_NAME:
        raise bad_name(f"at most {MAX_NAME} characters, and this has {len(name)}")
    return name


def type_of(name: str) -> FileType:
    """The type that a name says; raises ``UnsupportedMediaType`` for one that is not taken here."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    found = TYPES.get(extension)
    if found is None:
        taken = ", ".join(sorted(TYPES))
        what = f"files that end in .{extension}" if extension else "files without an ending"
        raise UnsupportedMediaType(f"{what} are not taken here; taken are: {taken}", accept=sorted(TYPES))
    return found


def check_content(name: str, received: Received) -> FileType:
    """The type of a content that is what its name says; raises ``UnsupportedMediaType`` or ``InvalidInput``."""
    kind = type_of(name)
    if received.size == 0:
        raise InvalidInput("The file is empty", errors=[ErrorItem("/content", "required", "it has no bytes")])
    fits = bool(looks(received.head) & kind.looks_like) if kind.looks_like else is_text(received.head)
    if not fits:
        raise UnsupportedMediaType(f"the content of {name!r} is not what its name says ({kind.media})")
    return kind


def looks(head: bytes) -> frozenset[str]:
    """What a content may be by its first bytes, as endings of names."""
    import puremagic

    try:
        return frozenset(match.extension.lstrip(".").lower() for match in puremagic.magic_string(head))
    except (puremagic.PureError, ValueError):
        return frozenset()


def is_text(head: bytes) -> bool:
    """Whether a content begins like a text: UTF-8, UTF-16 with its mark, or a single-byte encoding."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not head.startswith((b"MZ", b"\x7fELF")) and not any(
        code in head for code in b"\x00\x01\x02\x03\x04\x05\x06"
    )


def bad_name(why: str) -> InvalidInput:
    """The refusal of a name."""
    return InvalidInput(f"The name of the file is not possible: {why}", errors=[ErrorItem("/name", "name", why)])
