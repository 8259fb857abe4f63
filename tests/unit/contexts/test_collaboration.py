"""Rules of texts and files that need no database: mentions, names, types, what a notification shows."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.contexts.attachment.domain import (
    MAX_NAME,
    TYPES,
    FileLimit,
    Received,
    check_content,
    clean_name,
)
from alm_workbench.contexts.discussion.domain import newly, said
from alm_workbench.contexts.notification.domain import begins, shown_params
from alm_workbench.contexts.notification.wording import TEXTS, text_of
from alm_workbench.errors import ConfigurationError, InvalidInput, UnsupportedMediaType
from alm_workbench.server.files import disposition

ONE, TWO = uuid4(), uuid4()


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


SAMPLES = {
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(30),
    "jpg": b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00" + bytes(30),
    "gif": b"GIF89a" + bytes(30),
    "webp": b"RIFF\x24\0\0\0WEBPVP8 " + bytes(30),
    "bmp": b"BM" + bytes(60),
    "tiff": b"MM\0*" + bytes(30),
    "pdf": b"%PDF-1.7\n%\xe2\xe3" + b"x" * 30,
    "rtf": b"{\\rtf1\\ansi hello}",
    "zip": zipped("a.txt"),
    "docx": zipped("[Content_Types].xml", "word/document.xml"),
    "odt": zipped("mimetype", "content.xml"),
    "reqifz": zipped("a.reqif"),
    "doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "gz": gzip.compress(b"x"),
    "bz2": bz2.compress(b"x"),
    "xz": lzma.compress(b"x"),
    "7z": b"7z\xbc\xaf'\x1c\0\4" + bytes(30),
    "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "webm": b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x86\x81\x01B\x82\x84webm",
    "mp3": b"ID3\x03\0\0\0\0" + bytes(30),
    "wav": b"RIFF\x24\0\0\0WAVEfmt " + bytes(30),
    "txt": "düz metin, a<b".encode(),
    "csv": "Başlık;Öncelik\n1;2\n".encode("cp1254"),
    "log": "UTF-16 from Windows".encode("utf-16"),
    "json": b'{"a": 1}',
}


def received(data: bytes) -> Received:
    return Received("ticket", "0" * 64, len(data), data[:8192])


@pytest.mark.parametrize("extension", SAMPLES)
def test_a_file_is_what_its_name_says(extension: str) -> None:
    """Each kind under its own name, in capitals too, and refused under the name of an unlike one."""
    data = SAMPLES[extension]
    assert check_content(f"a.{extension}", received(data)) == TYPES[extension]
    assert check_content(f"A.B.{extension.upper()}", received(data)) == TYPES[extension]
    other = "png" if extension != "png" else "pdf"
    with pytest.raises(UnsupportedMediaType):
        check_content(f"a.{other}", received(data))


def test_nothing_that_runs_is_on_the_list() -> None:
    """What a double click would start."""
    for extension in ("exe", "dll", "bat", "cmd", "com", "msi", "ps1", "sh", "vbs", "js", "jar", "scr", "lnk", "app"):
        assert extension not in TYPES


@given(st.text(max_size=300))
def test_a_clean_name_is_one_safe_part_of_a_path(text: str) -> None:
    """Whatever was given: no separators, controls or directions, not too long, and cleaning it again changes nothing."""
    try:
        name = clean_name(text)
    except InvalidInput:
        return
    assert 0 < len(name) <= MAX_NAME
    assert not set(name) & set('/\\<>:"|?*\x00\n\r\u202e')
    assert name not in (".", "..")
    assert not name.endswith((".", " "))
    assert clean_name(name) == name
    header = disposition("attachment", name)
    assert header.isascii()
    assert header.count('"') == 2
    assert "\n" not in header


@pytest.mark.parametrize(("given_", "ok"), [("1", True), ("10000", True), ("0", False), ("x", False), ("-5", False)])
def test_the_limit_of_files_is_a_number_of_megabytes(given_: str, ok: bool) -> None:
    """Said at the start, not at the first upload."""
    if ok:
        assert FileLimit.of({"ALM_ATTACHMENT_MB": given_}).bytes == int(given_) * 1_000_000
    else:
        with pytest.raises(ConfigurationError, match="ALM_ATTACHMENT_MB"):
            FileLimit.of({"ALM_ATTACHMENT_MB": given_})
    assert FileLimit.of({}).bytes == 100_000_000


def test_mentions_in_a_text() -> None:
    """By id and by address, each once, in the order they stand; what only looks alike is none."""
    text = f"@[Ada L.]({ONE}) and @ada@acme.example, @[x]({TWO}) again @[Ada]({ONE}); mail bob@acme.example, @nobody @[x](1)"
    found = said(text, "plain")
    assert found.actors == (ONE, TWO)
    assert found.addresses == ("ada@acme.example",)
    assert said(f"<p>@[Ada]({ONE})</p>", "rich").actors == (ONE,)
    with pytest.raises(InvalidInput):
        said(" ".join(f"@[x]({UUID(int=n)})" for n in range(51)), "plain")


def test_rich_texts_keep_their_original() -> None:
    """Only where cleaning changed them."""
    assert said("<p>fine</p>", "rich").original is None
    unsafe = "<p>x</p><img src='javascript:1'>"
    kept = said(unsafe, "rich")
    assert "javascript" not in kept.text
    assert kept.original == unsafe


def test_names_are_found_by_how_they_begin() -> None:
    """Any word of them, whatever the case."""
    assert begins("Ada Lovelace", "love")
    assert begins("Ada Lovelace", "")
    assert begins("Ada Lovelace", "ada l")
    assert not begins("Ada Lovelace", "lace")
    assert newly([ONE, TWO], [ONE]) == (TWO,)


def test_a_notification_has_words_in_both_languages() -> None:
    """Every kind, with and without what it speaks of; a process' own words go first."""
    for kind in (*TEXTS, "something_new"):
        for key in ("REQ-1", None):
            texts = text_of(kind, None, key, {})
            assert set(texts) == {"en", "tr"}
            assert texts["en"] != texts["tr"]
            assert "{" not in "".join(texts.values())
    assert text_of("x", "Ada", "REQ-1", {"message": {"tr": "Merhaba"}}) == {"en": "Merhaba", "tr": "Merhaba"}
    own = {"message": {"en": "{actor} broke {key} {x}", "tr": "{key}: {actor}"}}
    assert text_of("x", "{key}", "REQ-1", own) == {"en": "{key} broke REQ-1 {x}", "tr": "REQ-1: {key}"}
    assert text_of("x", None, None, own)["en"] == "somebody broke an item {x}"


def test_what_is_hidden_is_not_in_params() -> None:
    """States with the state, names of fields with the field."""
    params = {"from": "open", "to": "done", "changes": ["cost", "text"], "comment_id": "1"}
    assert shown_params(params, frozenset()) == params
    assert shown_params(params, frozenset(["status"])) == {"changes": ["cost", "text"], "comment_id": "1"}
    assert shown_params(params, frozenset(["cost"]))["changes"] == ["text"]
