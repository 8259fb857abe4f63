"""Schemas for property sheets, and what they warn of."""

from __future__ import annotations

from alm_workbench.mpc import DomainMeta, ManifestAST, generate_ui_schema, parse

META = DomainMeta.load(
    {
        "kinds": [
            {"name": "Policy", "requiredProps": ["when", "effect"], "optionalProps": ["tags", "deep", "note", "ratio"]},
            {"name": "Rule", "requiredProps": ["x"]},
        ]
    }
)
TEXT = """
def Rule r { x: 1 }
def Policy b "B" {
  effect: "deny" when: "" ratio: 0.5 note: null tags: ["a", 1]
  deep: {flag: true, inner: {n: 3, list: []}}
  def Rule z { x: 2 }
  def Rule y { x: 1 }
}
def Policy a { effect: "allow" when: "true" }
"""


def test_a_schema_per_definition_in_order() -> None:
    """Sorted by kind and id; a definition says its kind, its id, and what its kind requires."""
    found = generate_ui_schema(parse(TEXT), META).schemas
    assert list(found) == ["Policy:a", "Policy:b", "Rule:r"]
    assert found["Rule:r"] == {
        "type": "object",
        "title": "r",
        "x-kind": "Rule",
        "x-id": "r",
        "properties": {"x": {"type": "integer", "x-field": "x", "default": 1}},
        "required": ["x"],
    }
    assert (found["Policy:b"]["title"], found["Policy:b"]["required"]) == ("B", ["effect", "when"])


def test_properties_say_their_type_and_value() -> None:
    """An empty text is no default; lists say their items' types; objects nest."""
    props = generate_ui_schema(parse(TEXT), META).schemas["Policy:b"]["properties"]
    assert list(props) == sorted(props)
    assert props["when"] == {"type": "string", "x-field": "when"}
    assert props["ratio"] == {"type": "number", "x-field": "ratio", "default": 0.5}
    assert props["note"] == {"type": "null", "x-field": "note"}
    assert props["tags"] == {"type": "array", "items": {"type": ["integer", "string"]}, "x-field": "tags"}
    deep = props["deep"]["properties"]
    assert deep["flag"] == {"type": "boolean", "x-field": "flag", "default": True}
    assert deep["inner"]["properties"]["list"] == {"type": "array", "x-field": "list"}


def test_children_have_the_same_shape_in_order() -> None:
    """Sorted like definitions."""
    children = generate_ui_schema(parse(TEXT), META).schemas["Policy:b"]["x-children"]
    assert [child["x-id"] for child in children] == ["y", "z"]
    assert children[0]["properties"]["x"]["default"] == 1


def test_warnings_name_what_an_editor_would_get_wrong() -> None:
    """Unknown kinds, missing and undeclared properties, mixed lists, nulls, doubles; in a fixed order."""
    text = TEXT + '\ndef Ghost g { x: 1 }\ndef Policy m { effect: "deny" colour: 1 }\n'
    ast = parse(text)
    doubled = ManifestAST(defs=(*ast.defs, ast.defs[0]))
    assert generate_ui_schema(doubled, META).warnings == (
        "Ghost:g: the vocabulary has no kind 'Ghost'",
        "Policy:b.note is null, so its type is not known",
        "Policy:b.tags holds items of different types: integer, string",
        "Policy:m: the required property 'when' is missing",
        "Policy:m: Policy does not declare 'colour'",
        "Rule:r is defined more than once; the first one is shown",
    )
    assert generate_ui_schema(parse("def Rule r { x: 1 }"), META).warnings == ()


def test_the_order_of_definitions_does_not_matter() -> None:
    """The same content gives the same result."""
    ast = parse(TEXT)
    other = ManifestAST(defs=tuple(reversed(ast.defs)))
    assert generate_ui_schema(ast, META) == generate_ui_schema(other, META)
