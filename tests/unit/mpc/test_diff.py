"""What changed between two manifests, and what it means for stored items."""

from __future__ import annotations

import json
import random

import pytest

from alm_workbench.mpc import ManifestAST, parse
from alm_workbench.mpc.diff import ManifestDiff, diff_manifests, text_diff

BASE = """@namespace "acme"
@name "app"
@version "1.0.0"
def EnumDef severity { values: [{id: "low"}, {id: "high"}] }
def Workflow flow "Flow" {
  initial: "draft"
  states: [{id: "draft", labels: {en: "Draft"}}, "review", {id: "done", category: "done"}]
  transitions: [{id: "go", from: "draft", to: "review", roles: ["lead"]}, {id: "end", from: "review", to: "done"}]
}
def ArtifactType req "Requirement" {
  workflow: "flow"
  def FieldDef text { type: "text" max_length: 100 }
  def FieldDef sev { type: "choice" choices: "severity" }
  def FieldDef asil { type: "choice" choices: ["A", "B"] }
}
def LinkType verifies { from: ["req"] to: ["req"] }
def Policy p { events: ["create"] priority: 5 }
"""


def read(text: str) -> ManifestAST:
    return parse(text, format="dsl")


def changed(old: str, new: str) -> ManifestDiff:
    assert old in BASE
    return diff_manifests(read(BASE), read(BASE.replace(old, new)))


def test_the_same_manifest() -> None:
    """In another language, order or layout nothing has changed."""
    ast = read(BASE)
    for text in (ast.to_yaml(), ast.to_json()):
        assert diff_manifests(ast, parse(text)).empty
    shuffled = list(ast.defs)
    random.Random(1).shuffle(shuffled)
    assert diff_manifests(ast, ManifestAST(ast.schema_version, ast.namespace, ast.name, "1.0.0", tuple(shuffled))).empty
    assert diff_manifests(ast, ast).impact is None


@pytest.mark.parametrize(
    ("old", "new", "path", "action", "impact"),
    [
        ('"review", {id: "done"', '{id: "done"', "states[review]", "removed", "breaking"),
        ('"review", {id', '"review", "new", {id', "states[new]", "added", "compatible"),
        ('{en: "Draft"}', '{en: "Sketch"}', "states[draft].labels.en", "changed", "cosmetic"),
        ('{en: "Draft"}', '{en: "Draft", tr: "Taslak"}', "states[draft].labels.tr", "added", "cosmetic"),
        ('category: "done"', 'category: "todo"', "states[done].category", "changed", "compatible"),
        (', roles: ["lead"]', "", "transitions[go].roles", "removed", "compatible"),
        ('roles: ["lead"]', 'roles: ["lead", "boss"]', "transitions[go].roles[boss]", "added", "compatible"),
        (', {id: "high"}]', "]", "values[high]", "removed", "breaking"),
        ('{id: "high"}]', '{id: "high"}, {id: "worst"}]', "values[worst]", "added", "compatible"),
        ("priority: 5", "priority: 6", "priority", "changed", "compatible"),
        ('workflow: "flow"', 'workflow: "other"', "workflow", "changed", "breaking"),
        ('to: ["req"] }', 'to: ["other"] }', "to[other]", "added", "breaking"),
    ],
)
def test_properties(old: str, new: str, path: str, action: str, impact: str) -> None:
    """By path, list entries by their ids, each with what it means."""
    found = changed(old, new)
    change = next(c for d in found.definitions for c in d.changes if c.path == path)
    assert (change.action, change.impact) == (action, impact)


@pytest.mark.parametrize(
    ("old", "new", "impact"),
    [
        ('type: "text"', 'type: "richtext"', "breaking"),
        ("max_length: 100", "max_length: 50", "breaking"),
        ("max_length: 100", "max_length: 200", "compatible"),
        (" max_length: 100", "", "compatible"),
        ("max_length: 100", "max_length: 100 required: true", "breaking"),
        ("max_length: 100", "max_length: 100 required: false", "compatible"),
        ("max_length: 100", 'max_length: 100 pattern: "x"', "breaking"),
        ("max_length: 100", "max_length: 100 min: 3", "breaking"),
        ("max_length: 100", 'max_length: 100 description: "d"', "cosmetic"),
        ('["A", "B"]', '["B", "A", "C"]', "compatible"),
        ('["A", "B"]', '["A"]', "breaking"),
        ('["A", "B"]', '"severity"', "breaking"),
        ('choices: "severity"', 'choices: ["low", "high", "worst"]', "compatible"),
        ('choices: "severity"', 'choices: ["low"]', "breaking"),
    ],
)
def test_fields(old: str, new: str, impact: str) -> None:
    """A field's type, its choices wherever they stand, and how strict it is."""
    (definition,) = changed(old, new).definitions
    (field,) = definition.children
    assert (definition.action, field.impact, definition.impact) == ("changed", impact, impact)


def test_definitions() -> None:
    """Added, removed and renamed; what items are made of breaks them when it is gone."""
    found = changed('def LinkType verifies { from: ["req"] to: ["req"] }', "def Role lead {}")
    assert [(d.kind, d.id, d.action, d.impact) for d in found.definitions] == [
        ("Role", "lead", "added", "compatible"),
        ("LinkType", "verifies", "removed", "breaking"),
    ]
    assert changed('def Policy p { events: ["create"] priority: 5 }\n', "").impact == "compatible"
    assert changed('  def FieldDef asil { type: "choice" choices: ["A", "B"] }\n', "").impact == "breaking"
    added = '{ type: "text" max_length: 100 }'
    assert changed(added, added + ' def FieldDef must { type: "int" required: true }').impact == "breaking"
    assert changed(added, added + ' def FieldDef may { type: "int" }').impact == "compatible"
    assert changed(added, added + ' def FieldDef m { type: "int" required: true default: 0 }').impact == "compatible"


def test_renaming_is_not_removing() -> None:
    """An alias says what something was called."""
    found = changed('def ArtifactType req "Requirement" {', 'def ArtifactType requirement { aliases: ["req"]')
    renamed = next(d for d in found.definitions if d.kind == "ArtifactType")
    assert (renamed.action, renamed.old_id, renamed.id, renamed.impact) == (
        "renamed",
        "req",
        "requirement",
        "compatible",
    )
    assert [c.path for c in renamed.changes] == ["(name)", "aliases"]
    child = changed('FieldDef text { type: "text"', 'FieldDef body { aliases: ["text"] type: "text"')
    (field,) = child.definitions[0].children
    assert (field.action, field.old_id, field.impact) == ("renamed", "text", "compatible")


def test_order_of_entries_is_cosmetic() -> None:
    """Reordered states are one change, however many moved."""
    found = changed('"review", {id: "done", category: "done"}', '{id: "done", category: "done"}, "review"')
    (change,) = found.definitions[0].changes
    assert (change.path, change.action, change.impact) == ("states", "moved", "cosmetic")
    assert change.new == ["draft", "done", "review"]


def test_output() -> None:
    """Plain data that JSON takes, and lines for people; the same every time."""
    found = diff_manifests(read(BASE), read(BASE.replace("1.0.0", "2.0.0").replace('"text" max', '"int" max')))
    data = found.to_data()
    assert json.loads(json.dumps(data)) == data
    assert data["impact"] == "breaking"
    assert found.lines() == [
        '~ @version: "1.0.0" → "2.0.0"  [cosmetic]',
        "~ ArtifactType req  [breaking]",
        "    ~ FieldDef text  [breaking]",
        '        ~ type: "text" → "int"  [breaking]',
    ]


def test_text() -> None:
    """Unified form; equal texts give nothing."""
    assert text_diff("a\nb\n", "a\nc\n", "x", "y") == "--- x\n+++ y\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    assert text_diff("a\n", "a\n") == ""
