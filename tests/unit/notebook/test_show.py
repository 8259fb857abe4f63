"""Tables and cards: escaped, readable, bounded."""

from __future__ import annotations

from datetime import UTC, date, datetime

from alm_workbench import i18n
from alm_workbench.notebook.mermaid import encoded
from alm_workbench.notebook.show import Column, Listing, card, html_table, plain, printable, text_table

HOSTILE = '<img src=x onerror="alert(1)">'


def test_everything_is_escaped() -> None:
    """Labels, values, captions and titles are data."""
    shown = html_table([HOSTILE], [[HOSTILE]], 1, HOSTILE, HOSTILE) + card(HOSTILE, [(HOSTILE, HOSTILE)], HOSTILE)
    assert "<img" not in shown
    assert shown.count("&lt;img") == 8


def test_terminals_are_not_redrawn() -> None:
    """Control and direction characters are shown as such; Turkish, emoji and newlines are left alone."""
    assert printable("a\x1b[31mb\u202ec") == "a\ufffd[31mb\ufffdc"
    assert printable("İğne ı\nşç 👩‍🔧") == "İğne ı\nşç 👩‍🔧"


def test_long_tables_say_so() -> None:
    """A table that shows a part says which."""
    listing = Listing(range(500), [Column("n", "N", lambda n: n, "integer")])
    assert "100 of 500 rows" in listing._repr_html_()
    assert "20 of 500 rows" in repr(listing)
    assert str(listing.to_frame()["n"].dtype) == "Int64"
    assert listing[-1] == 499
    assert list(listing[:2]) == [0, 1]


def test_values_are_readable() -> None:
    """Times say that they are UTC; lists and truth values are words."""
    i18n.use("en")
    assert plain(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == "2026-01-02 03:04 UTC"
    assert plain(date(2026, 1, 2)) == "2026-01-02"
    assert (plain(True), plain(None), plain([1, "a"]), plain(0.30000000000000004)) == ("yes", "", "1, a", "0.3")


def test_text_tables_stay_in_their_width() -> None:
    """Long cells are cut, wide letters counted."""
    shown = text_table(["a", "b"], [["x" * 200, "日本"]], 1)
    assert all(len(line) <= 140 for line in shown.splitlines())
    assert "…" in shown


def test_labels_cannot_break_out_of_diagrams() -> None:
    """Mermaid text is encoded."""
    assert encoded('a"] --> b; <x>') == "a#34;#93; --#62; b#59; #60;x#62;"
    assert encoded("") == "#160;"
