"""Moving manifests and items to a later version of the vocabulary."""

from __future__ import annotations

from typing import Any

import pytest

from alm_workbench.mpc import DomainMeta, MPCError, check, load_changelog, migrate_items, migrate_manifest, parse
from alm_workbench.mpc.meta.changelog import Changelog
from alm_workbench.mpc.meta.diff import require_migration
from alm_workbench.mpc.meta.rewrite import rewrite
from alm_workbench.mpc.meta.steps import OPERATIONS

from .conftest import META_DIR

FOUNDING = {
    "schemaVersion": 1,
    "kinds": [
        {"name": "Requirement", "requiredProps": ["title", "priority", "status"]},
        {"name": "Defect", "requiredProps": ["title", "severity", "status", "reported_by"]},
        {"name": "Workflow", "requiredProps": ["initial", "states", "transitions"]},
    ],
}
OLD = """// the first process
@schema 1
@namespace "old"
@name "p"

def Workflow flow { // kept
  initial: "open"
  states: {open: {category: "todo"}, closed: {category: "done"}} # kept too
  transitions: [{from: "open", to: "closed"}]
}

/* both of them */
def Defect d1 "Brake squeaks" { severity: "high" status: "open" reported_by: "ayse" }
def Defect d2 "Odd smell" { severity: "Low" status: "open" reported_by: "ali" }
"""


@pytest.fixture(scope="module")
def history() -> Changelog:
    return load_changelog((META_DIR / "domain_meta_changelog.yaml").read_text("utf-8"))


def changelog(*steps: dict[str, Any], breaking: bool = True) -> Changelog:
    import json

    second = {"schema_version": 2, "breaking": ["something"] if breaking else [], "map": list(steps)}
    return load_changelog(json.dumps([second, {"schema_version": 1}]))


def moved(text: str, *steps: dict[str, Any], format: str = "dsl") -> tuple[str, bool]:
    ast = parse(text, format=format)
    result = migrate_manifest(ast, changelog(*steps), 2)
    written = rewrite(text, ast, result.ast, format)
    assert parse(written.text, format=format) == result.ast
    return written.text, written.comments_kept


def test_the_founding_vocabulary_has_a_way_to_this_one(meta: DomainMeta, history: Changelog) -> None:
    """The change is major and its migration is there."""
    found = require_migration(DomainMeta.load(FOUNDING), meta, history.migrated)
    assert found.change_class == "major"


def test_founding_defects_get_their_new_severities(history: Changelog) -> None:
    """high, medium and low become critical, major and minor; a second run changes nothing."""
    items = [{"kind": "Defect", "id": str(n), "severity": word} for n, word in enumerate(("high", "medium", "low"))]
    first = migrate_items(items, history.steps(1, 2))
    assert [item["severity"] for item in first.items] == ["critical", "major", "minor"]
    assert [item["kind"] for item in first.items] == ["defect"] * 3
    assert items[0]["severity"] == "high"
    again = migrate_items(first.items, history.steps(1, 2))
    assert (again.items, again.changes, again.changed) == (first.items, (), False)


def test_values_may_lie_among_the_fields(history: Changelog) -> None:
    """Items of the workbench keep them under `fields` and say `type`."""
    item = {"type": "defect", "key": "BUG-1", "fields": {"severity": "high"}}
    (found,) = migrate_items([item], history.steps(1, 2)).items
    assert found == {"type": "defect", "key": "BUG-1", "fields": {"severity": "critical"}}


def test_a_value_without_counterpart_needs_a_hand(history: Changelog) -> None:
    """It stays as it is and is named."""
    found = migrate_items([{"kind": "Defect", "id": "d", "severity": "urgent"}, {"id": "x"}], history.steps(1, 2))
    assert found.items[0]["severity"] == "urgent"
    assert [change.problems for change in found.changes] == [
        ("'severity' is 'urgent', which has no counterpart",),
        ("it says neither kind nor type",),
    ]


def test_a_founding_manifest_moves_and_is_sound(meta: DomainMeta, history: Changelog) -> None:
    """Definitions that are items now leave it; comments stay; a second run has nothing to do."""
    ast = parse(OLD)
    result = migrate_manifest(ast, history, 2)
    written = rewrite(OLD, ast, result.ast, "dsl")
    assert written.comments_kept
    assert all(comment in written.text for comment in ("// the first", "// kept", "# kept too", "/* both of them */"))
    assert [d for d in check(written.text, meta).diagnostics if d.severity == "error"] == []
    assert [(i["kind"], i["severity"], i["state"], i["created_by"]) for i in result.items] == [
        ("defect", "critical", "open", "ayse"),
        ("defect", "minor", "open", "ali"),
    ]
    again = migrate_manifest(parse(written.text), history, 2)
    assert (again.changed, again.ast) == (False, parse(written.text))


RENAMED = {"rename_property": {"kind": "P", "from": "a", "to": "b"}}


@pytest.mark.parametrize(
    ("before", "step", "after"),
    [
        ("def P x { a: 1 } // c", {"rename_kind": {"from": "P", "to": "Q"}}, "def Q x { a: 1 } // c"),
        ("def P x { a: 1, c: 2 } // c", RENAMED, "def P x { b: 1, c: 2 } // c"),
        ("def P x { c: 2 } // c", RENAMED, "def P x { c: 2 } // c"),
        (
            'def P x { a: ["x", "Y"] } // c',
            {"map_values": {"kind": "P", "property": "a", "values": {"x": "u", "y": "v"}}},
            'def P x { a: ["u", "v"] } // c',
        ),
        (
            "def P x { a: 1 /* k */ c: 2 } // c",
            {"remove": {"kind": "P", "property": "a"}},
            "def P x {  /* k */ c: 2 } // c",
        ),
        (
            "def P x { a: {y: 1} } // c",
            {"move": {"kind": "P", "from": "a.y", "to": "a.z"}},
            'def P x { a: {"z": 1} } // c',
        ),
        (
            "def P x { a: {y: {k: 1}} } // c",
            {"entries": {"kind": "P", "property": "a"}},
            'def P x { a: [{"id": "y", "k": 1}] } // c',
        ),
        (
            "def P x { a: 1 } // c",
            {"set_default": {"kind": "P", "property": "b", "value": True}},
            "def P x { a: 1 \n  b: true\n} // c",
        ),
        ("def O o { def P x { a: 1 } } // c", RENAMED, "def O o { def P x { b: 1 } } // c"),
    ],
)
def test_each_step_writes_over_its_own_place(before: str, step: dict[str, Any], after: str) -> None:
    """Everything else of the text, comments included, stays as it was."""
    assert moved(f"@schema 1\n{before}\n", step) == (f"@schema 2\n{after}\n", True)


def test_a_text_without_a_version_gets_one() -> None:
    """No directive means version 1."""
    assert moved("def P x { a: 1 }\n", RENAMED) == ("@schema 2\ndef P x { b: 1 }\n", True)


def test_yaml_and_json_keep_their_layout_where_places_can_be_written_over() -> None:
    """Names, values and the version; a new property prints the manifest afresh, and that is said."""
    yaml = "schemaVersion: 1 # one\ndefs:\n  - kind: P\n    id: x\n    a: 'u' # two\n"
    values = {"map_values": {"kind": "P", "property": "b", "values": {"u": "v"}}}
    assert moved(yaml, RENAMED, values, format="yaml") == (
        'schemaVersion: 2 # one\ndefs:\n  - kind: P\n    id: x\n    b: "v" # two\n',
        True,
    )
    json_text = '{"schemaVersion": 1, "defs": [{"kind": "P", "id": "x", "a": 1}]}'
    assert moved(json_text, RENAMED, format="json") == (
        '{"schemaVersion": 2, "defs": [{"kind": "P", "id": "x", "b": 1}]}',
        True,
    )
    text, kept = moved(yaml, {"set_default": {"kind": "P", "property": "n", "value": 1}}, format="yaml")
    assert (kept, "# one" in text) == (False, False)


def test_names_that_are_taken_need_a_hand() -> None:
    """Neither value is lost."""
    ast = parse("@schema 1\ndef P x { a: 1 b: 2 }")
    found = migrate_manifest(ast, changelog(RENAMED), 2)
    assert dict(found.ast.defs[0].properties) == {"a": 1, "b": 2}
    assert found.changes[0].problems == ("both 'a' and 'b' are there",)


def test_a_plan_that_would_change_its_own_result_is_refused() -> None:
    """Within one step when it is read, over several when it runs."""
    chain = {"map_values": {"kind": "P", "property": "a", "values": {"x": "y", "y": "z"}}}
    with pytest.raises(MPCError, match="a second run would change it again"):
        changelog(chain)
    one = {"map_values": {"kind": "P", "property": "a", "values": {"x": "y"}}}
    two = {"map_values": {"kind": "P", "property": "a", "values": {"z": "x"}}}
    with pytest.raises(MPCError, match="not safe to repeat"):
        migrate_items([{"kind": "P", "a": "z"}], changelog(one, two).steps(1, 2))


def test_the_way_must_exist(history: Changelog) -> None:
    """No unknown version, no way back, no breaking version without steps."""
    with pytest.raises(MPCError, match="no schema version 9"):
        migrate_manifest(parse("@schema 1"), history, 9)
    with pytest.raises(MPCError, match="no way back"):
        migrate_manifest(parse("@schema 2"), history, 1)
    with pytest.raises(MPCError) as error:
        changelog().steps(1, 2)
    assert error.value.code == "E_META_BREAKING_CHANGE"
    assert changelog(breaking=False).steps(1, 2) == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{}", "a list of versions"),
        ("[{date: x}]", "needs a schema_version"),
        ("[{schema_version: 1, braking: []}]", "no part called 'braking'"),
        ("[{schema_version: 1}, {schema_version: 2}]", "must fall"),
        ("[{schema_version: 1, map: {}}]", None),
        ("[{schema_version: 1, map: [{renam_kind: {}}]}]", "did you mean 'rename_kind'?"),
        ("[{schema_version: 1, map: [{rename_kind: {from: A}}]}]", "rename_kind takes from, to"),
        ("[{schema_version: 1, map: [{rename_kind: {from: A, to: 5}}]}]", "'to' must be text"),
        ("[{schema_version: 1, map: [{a: {}, b: {}}]}]", "one operation"),
        ("[{schema_version: 1, map: [{map_values: {kind: P, property: a, values: {}}}]}]", "must map"),
    ],
)
def test_a_broken_changelog_is_refused(text: str, word: str | None) -> None:
    """With the entry that is wrong."""
    if word is None:
        assert load_changelog(text).entries[0].steps == ()
        return
    with pytest.raises(MPCError, match=None) as error:
        load_changelog(text)
    assert word in error.value.message


def test_every_operation_is_explained(history: Changelog) -> None:
    """Each step says in words what it does, and the changelog's head names every operation."""
    head = (META_DIR / "domain_meta_changelog.yaml").read_text("utf-8")
    assert all(f"{name}:" in head for name in OPERATIONS)
    assert str(history.steps(1, 2)[0]) == "Defect.severity: high → critical, medium → major, low → minor"
