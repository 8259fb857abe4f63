"""Search in Turkish and English at once, under row-level security."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from tests.factories.world import World, make_world


def found(world: World, query: str, limit: int = 20) -> list[str]:
    """Titles that a search finds, best first."""
    rows = world.sql(
        "SELECT a.title FROM alm.search(ARRAY[CAST(:p AS uuid)], :q, CAST(:n AS integer)) s"
        " JOIN alm.artifacts a ON a.id = s.artifact_id ORDER BY s.rank DESC, a.title",
        q=query,
        n=limit,
    )
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("gereksinimler", "gereksinim"),
        ("gereksinim", "gereksinimler"),
        ("hatalar", "hata"),
        ("hata", "hatalar"),
        ("IŞIK", "ışık"),
        ("ışık", "IŞIK"),
        ("ışık", "isik"),
        ("İstanbul", "istanbul"),
        ("istanbul", "İSTANBUL"),
        ("İstanbul", "ISTANBUL"),
        ("IMPORT", "import"),
        ("import", "IMPORT"),
        ("INFO", "info"),
        ("info", "INFO"),
        ("DOĞRULANMALIDIR", "doğrulanmalıdır"),
        ("güvenlik", "guvenlik"),
        ("requirements", "requirement"),
        ("The brakes fail", "brake failing"),
        ("Import hataları", "IMPORT hata"),
    ],
)
def test_what_must_be_found(world: World, title: str, query: str) -> None:
    """Inflected, in capitals, with either i, without accents, languages mixed."""
    world.artifact(title=title)
    assert found(world, query) == [title]


def test_the_language_of_the_search_box(world: World) -> None:
    """AND by default, or, -word, "a phrase", a beginning*, and keys."""
    titles = ["fren mesafesi", "fren motoru", "motor sesi", "mesafe fren"]
    for number, title in enumerate(titles, 1):
        world.artifact(number, title=title)
    assert set(found(world, "fren")) == {"fren mesafesi", "fren motoru", "mesafe fren"}
    assert found(world, "fren motor") == ["fren motoru"]
    assert set(found(world, "mesafesi or ses")) == {"fren mesafesi", "motor sesi"}
    assert set(found(world, "fren -motorlar")) == {"fren mesafesi", "mesafe fren"}
    assert found(world, '"fren mesafesi"') == ["fren mesafesi"]
    assert set(found(world, "mes*")) == {"fren mesafesi", "mesafe fren"}
    assert found(world, "req-3") == ["motor sesi"]
    assert found(world, "REQ-3") == ["motor sesi"]


@pytest.mark.parametrize("query", ["", "   ", "-", '"', "'", "a & | ! ( :* <->", "*", "or", "x' or 1=1 --", "\\", "ve"])
def test_odd_queries_are_no_errors(world: World, query: str) -> None:
    """Whatever is typed, the answer is a list."""
    world.artifact(title="fren")
    assert found(world, query) in ([], ["fren"])


def test_search_text_is_searched_too(world: World) -> None:
    """The texts of unmasked fields count, less than the title."""
    world.artifact(1, title="other", search_text="uzun bir açıklama: sensör")
    world.artifact(2, title="sensör")
    assert found(world, "sensörler") == ["sensör", "other"]


def test_search_hides_deleted_items_and_other_tenants(app_engine: Engine, world: World) -> None:
    """The definer function has the tenant predicate itself."""
    other = make_world(app_engine, "other")
    other.artifact(title="fren")
    item = world.artifact(title="fren")
    assert [row[0] for row in world.sql("SELECT artifact_id FROM alm.search(NULL, 'fren', 10)")] == [item]
    assert world.sql("SELECT * FROM alm.search(ARRAY[CAST(:other AS uuid)], 'fren', 10)", other=other.project_id) == []
    world.sql("UPDATE alm.artifacts SET deleted_at = now()", {"include_deleted": True})
    assert found(world, "fren") == []


def test_very_long_texts_are_stored(world: World) -> None:
    """A text beyond what a tsvector may hold is stored whole; its beginning is searched."""
    body = "anahtar " + " ".join(f"w{n}" for n in range(200_000))
    world.artifact(title="long", search_text=body)
    assert found(world, "anahtar") == ["long"]


def test_the_app_cannot_call_what_it_was_not_given(world: World) -> None:
    """EXECUTE is granted function by function."""
    with pytest.raises(ProgrammingError, match="permission denied"):
        world.sql("SELECT alm.audit_commit(:t)")
