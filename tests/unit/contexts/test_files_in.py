"""Files that claim to be larger, or smaller, than they are: refused with a sentence, or read whole."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

import pytest

from alm_workbench.contexts.artifact.sheet_file import read_file
from alm_workbench.errors import ImportRejected


def workbook(old: bytes, new: bytes, more: bytes = b"") -> str:
    """A workbook of two rows in base64, with its sheet's XML changed and rows added."""
    from openpyxl import Workbook

    book, plain, out = Workbook(), io.BytesIO(), io.BytesIO()
    for line in (["title", "size"], ["First", 1]):
        book.active.append(line)  # type: ignore[union-attr]
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            data = source.read(part)
            if part == "xl/worksheets/sheet1.xml":
                assert old in data
                data = data.replace(old, new).replace(b"</sheetData>", more + b"</sheetData>")
            target.writestr(part, data)
    return base64.b64encode(out.getvalue()).decode()


def test_a_sheet_that_says_it_is_smaller_is_read_whole() -> None:
    """Some tools write a wrong dimension; believing it would lose rows without a word."""
    table = read_file("a.xlsx", workbook(b'ref="A1:B2"', b'ref="A1"'), "utf-8", None)
    assert [dict(record.cells) for record in table.records] == [{"title": "First", "size": "1"}]


@pytest.mark.parametrize(
    "more",
    [
        b'<row r="90000000"><c r="A90000000"><v>1</v></c></row>',
        b"".join(b'<row r="%d"><c r="XFD%d"/></row>' % (n, n) for n in range(3, 1000)),
    ],
    ids=["a row far below", "blank cells far to the right"],
)
def test_a_small_workbook_of_very_many_cells_is_refused(more: bytes) -> None:
    """A few kilobytes must not become gigabytes."""
    with pytest.raises(ImportRejected, match="can be read"):
        read_file("a.xlsx", workbook(b'ref="A1:B2"', b'ref="A1:XFD90000000"', more), "utf-8", None)


def test_json_of_very_many_columns_is_refused() -> None:
    """Each of many items may name a column of its own."""
    items: list[dict[str, Any]] = [{f"c{n}": 1} for n in range(4000)]
    content = base64.b64encode(json.dumps(items).encode()).decode()
    with pytest.raises(ImportRejected, match="can be read"):
        read_file("a.json", content, "utf-8", None)
