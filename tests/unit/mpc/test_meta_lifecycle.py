"""The life of the vocabulary: its JSON form, what a change means, and that every change is classified."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import DOMAIN_META_SCHEMA, DomainMeta, MPCError, detect_drift, diff_meta, load_changelog, parse
from alm_workbench.mpc.meta.changelog import Changelog, unclassified
from alm_workbench.mpc.meta.diff import classify, require_migration
from alm_workbench.mpc.meta.schema import to_data

from .conftest import META_DIR
from .soak import soak

VALIDATOR = jsonschema.Draft202012Validator(DOMAIN_META_SCHEMA)


@pytest.fixture(scope="module")
def history() -> Changelog:
    return load_changelog((META_DIR / "domain_meta_changelog.yaml").read_text("utf-8"))


def changed(meta: DomainMeta, path: str, value: Any) -> DomainMeta:
    """The vocabulary with one part of its JSON form replaced (list entries by their name); None removes it."""
    data = copy.deepcopy(to_data(meta))
    *way, last = path.split("/")
    here: Any = data
    for step in way:
        here = (
            next(item for item in here if item["name"] == step) if isinstance(here, list) else here.setdefault(step, {})
        )
    if isinstance(here, list):
        here[:] = [item for item in here if item["name"] != last] + ([value] if value is not None else [])
    elif value is None:
        del here[last]
    else:
        here[last] = value
    return DomainMeta.load(data)


def test_every_change_of_the_vocabulary_is_classified(meta: DomainMeta, history: Changelog) -> None:
    """domain_meta.yaml is the one whose hash the changelog records; the message says what to do otherwise."""
    problem = unclassified(history, meta)
    assert problem is None, problem


def test_what_to_do_about_an_unclassified_change_is_said(meta: DomainMeta, history: Changelog) -> None:
    """A sentence for a minor change, for a major one, and for a version the changelog does not have."""
    minor = changed(meta, "allowedEvents", [*meta.allowed_events, "archive"])
    major = changed(meta, "allowedEvents", list(meta.allowed_events[1:]))
    later = changed(meta, "schemaVersion", 3)
    assert f"meta_hash to {minor.hash}" in (unclassified(history, minor, meta) or "")
    assert "Event 'archive' added" in (unclassified(history, minor, meta) or "")
    assert "Raise schema_version" in (unclassified(history, major, meta) or "")
    assert "If it is minor" in (unclassified(history, minor) or "")
    assert "add an entry" in (unclassified(history, later) or "")


def test_the_json_form_gives_the_same_vocabulary_back(meta: DomainMeta) -> None:
    """Texts, examples and shapes included; and it fits its own schema."""
    data = to_data(meta)
    VALIDATOR.validate(data)
    again = DomainMeta.load(data)
    assert again == meta
    assert again.hash == meta.hash
    jsonschema.Draft202012Validator.check_schema(DOMAIN_META_SCHEMA)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ({"knds": []}, "did you mean 'kinds'?"),
        ({"schemaVersion": "2"}, "'schema_version' must be a whole number"),
        ({"kinds": [{"name": "P", "requiredProps": "x"}]}, "P.required_props: must be a list of texts"),
        ({"kinds": [{"name": "P", "properties": [{"name": "x", "type": "strng"}]}]}, "did you mean 'string'?"),
        ({"kinds": [{"name": "P", "properties": [{"name": "x", "reqired": True}]}]}, "did you mean 'required'?"),
        ({"kinds": [{"name": ""}]}, "needs a name"),
        ({"allowedFunctions": [{"name": "f", "cost": -1}]}, "'cost' must be a whole number from 0"),
        ({"allowedEvents": [1]}, "must be a list of texts"),
        ({"coreFields": {"id": 1}}, "must be a mapping of texts"),
        ({"templates": [{"name": "T", "core": []}]}, "must be a mapping of texts"),
    ],
)
def test_loader_and_schema_refuse_the_same(data: dict[str, Any], word: str) -> None:
    """What the schema does not allow is refused with the part that is wrong, and a suggestion where one is near."""
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(MPCError) as error:
        DomainMeta.load(data)
    assert (error.value.code, word in error.value.message) == ("E_META_INVALID", True)


def test_names_are_declared_once() -> None:
    """A kind that comes twice is a mistake, not a choice."""
    with pytest.raises(MPCError, match="'P' is declared twice"):
        DomainMeta.load({"kinds": [{"name": "P"}, {"name": "P"}]})


def test_nothing_changed_is_no_change(meta: DomainMeta) -> None:
    """Nor do texts and examples count."""
    assert classify(meta, meta) == "none"
    assert classify(meta, changed(meta, "kinds/Role/doc", "Another text.")) == "none"
    assert classify(meta, changed(meta, "kinds/Role/properties/implies/example", ["x"])) == "none"


MINOR = [
    ("kinds/Note", {"name": "Note"}, "Kind 'Note' added"),
    ("kinds/Role/properties/color", {"name": "color", "type": "string"}, "optional property 'color' added"),
    ("kinds/View/properties/layout/values", ["list", "board", "tree", "map"], "value 'map' added"),
    ("kinds/View/properties/layout/required", False, "no longer required"),
    ("kinds/ArtifactType/properties/max_depth/type", "number", "from int to number"),
    ("kinds/Role/open", True, "takes any property"),
    ("kinds/Role/children", ["FieldDef"], "child kind 'FieldDef' added"),
    ("allowedFunctions/len/cost", 0, "costs 0"),
    ("allowedFunctions/len/args", ["any"], "takes (any)"),
    ("allowedEvents", [], "Every event is allowed"),
]
MAJOR = [
    ("kinds/Role", None, "Kind 'Role' removed"),
    ("kinds/Role/properties/privileges", None, "optional property 'privileges' removed"),
    ("kinds/EnumDef/properties/values", None, "required property 'values' removed"),
    ("kinds/Role/properties/color", {"name": "color", "required": True}, "'color' added as required"),
    ("kinds/View/properties/layout/values", ["list"], "value 'board' removed"),
    ("kinds/View/properties/layout/aka", None, "other name 'kind' removed"),
    ("kinds/ArtifactType/properties/max_depth/type", "bool", "from int to bool"),
    ("kinds/ArtifactType/properties/workflow/kind", "Role", "refers to Role"),
    ("kinds/ArtifactType/properties/aggregate/default", "Task", "another default"),
    ("kinds/Policy/properties/events/single", False, "takes lists only"),
    ("kinds/Policy/properties/when/returns", "int", "must give int"),
    ("kinds/ArtifactType/children", None, "child kind 'FieldDef' removed"),
    ("kinds/FormDef/childOnly", True, "no longer stand at the top level"),
    ("allowedFunctions/len", None, "Function 'len' removed"),
    ("allowedFunctions/len/cost", 9, "costs 9"),
    ("allowedFunctions/len/args", ["string"], "takes (string)"),
    ("allowedFunctions/len/returns", "any", "returns any"),
    ("allowedTypes", ["string"], "Type 'int' removed"),
    ("coreFields/title", None, "Core field 'title' removed"),
    ("common/labels", None, "'labels' removed"),
    ("templates/Defect/requiredProps", ["title", "weight"], "demands the field 'weight'"),
]


@pytest.mark.parametrize(("path", "value", "word"), MINOR, ids=[f"{p}={v}" for p, v, _ in MINOR])
def test_minor_changes(meta: DomainMeta, path: str, value: Any, word: str) -> None:
    """Manifests of before stay as valid as they were."""
    found = diff_meta(meta, changed(meta, path, value))
    assert found.breaking == ()
    assert any(word in text for text in found.non_breaking), found
    assert found.change_class == "minor"


@pytest.mark.parametrize(("path", "value", "word"), MAJOR, ids=[f"{p}={v}" for p, v, _ in MAJOR])
def test_major_changes(meta: DomainMeta, path: str, value: Any, word: str) -> None:
    """Something a manifest could say before is taken away, or means something else; the way back is seen as well."""
    other = changed(meta, path, value)
    found = diff_meta(meta, other)
    assert any(word in text for text in found.breaking), found
    assert found.change_class == "major"
    assert classify(other, meta) != "none"


def test_closing_an_open_kind_is_major() -> None:
    """It took any property before."""
    old = DomainMeta.load({"kinds": {"P": {"open": True, "properties": {"x": "int"}}}})
    new = DomainMeta.load({"kinds": {"P": {"properties": {"x": "int"}}}})
    assert diff_meta(old, new).breaking == ("Kind 'P' takes only declared properties now",)


def test_the_order_of_entries_is_fixed() -> None:
    """Kinds with their properties and types, then functions by name, then types and events."""
    old = DomainMeta.load(
        {
            "kinds": [{"name": "B", "allowedTypes": ["int", "bool"]}, {"name": "A"}],
            "allowedFunctions": [{"name": "z"}, {"name": "f", "args": ["int"]}],
            "allowedTypes": ["t"],
            "allowedEvents": ["e"],
        }
    )
    new = DomainMeta.load(
        {
            "kinds": [{"name": "B", "requiredProps": ["y", "x"], "allowedTypes": ["int"]}],
            "allowedFunctions": [{"name": "f", "args": ["string"]}],
            "allowedTypes": ["u"],
            "allowedEvents": ["d"],
        }
    )
    assert diff_meta(old, new).breaking == (
        "Kind 'B': property 'x' added as required",
        "Kind 'B': property 'y' added as required",
        "Kind 'B': value type 'bool' removed",
        "Kind 'A' removed",
        "Function 'z' removed",
        "Function 'f' takes (string) instead of (int)",
        "Type 't' removed",
        "Event 'e' removed",
    )


def test_a_renamed_property_that_keeps_its_old_name_is_minor() -> None:
    """`layout` with the other name `kind` reads what said `kind` before."""
    old = DomainMeta.load({"kinds": {"View": {"properties": {"kind": "string"}}}})
    new = DomainMeta.load({"kinds": {"View": {"properties": {"layout": {"type": "string", "aka": ["kind"]}}}}})
    assert diff_meta(old, new).change_class == "minor"


def test_a_major_change_needs_a_migration(meta: DomainMeta) -> None:
    """And a higher schema version; a minor one needs neither."""
    major = changed(changed(meta, "kinds/Role", None), "schemaVersion", 3)
    with pytest.raises(MPCError, match="no migration") as error:
        require_migration(meta, major, ())
    assert error.value.code == "E_META_BREAKING_CHANGE"
    assert require_migration(meta, major, (3,)).has_breaking
    with pytest.raises(MPCError, match="must rise above 2"):
        require_migration(meta, changed(meta, "kinds/Role", None), (2,))
    assert not require_migration(meta, changed(meta, "allowedFunctions/len/cost", 0), ()).has_breaking


def test_drift_names_what_the_vocabulary_does_not_have(meta: DomainMeta) -> None:
    """Unknown kinds once, undeclared properties each, children too; accepted other names are no drift."""
    text = """
    def Ghost g { x: 1 def FieldDef f { type: "string" } }
    def View v { kind: "list" shade: "blue" }
    def ArtifactType t { workflow: "w" def FieldDef f { type: "string" colour: "red" } }
    def Import i { source: "x" secret: 1 }
    """
    assert detect_drift(parse(text), meta) == [
        "Ghost 'g': unknown kind 'Ghost'",
        "View 'v': property 'shade' is not declared",
        "FieldDef 'f': property 'colour' is not declared",
        "Import 'i': property 'secret' is not declared",
    ]


def test_the_shipped_manifests_do_not_drift(meta: DomainMeta) -> None:
    """Every word they use is in the vocabulary."""
    for path in [*META_DIR.glob("presets/*.alm"), *META_DIR.glob("manifests/*.alm")]:
        assert detect_drift(parse(path.read_text("utf-8")), meta) == []


WORDS = st.sampled_from(["a", "b", "c"])
SOME = st.lists(WORDS, unique=True, max_size=3).map(sorted)


def named(strategy: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Entries with names, in the order of their names."""
    entries = st.dictionaries(WORDS, strategy, max_size=2)
    return entries.map(lambda found: [{**found[name], "name": name} for name in sorted(found)])


SCALAR = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "int", "any", "expr"]), "required": st.booleans()},
    optional={"aka": st.just(["z"]), "returns": st.sampled_from(["bool", "int"]), "default": st.integers(0, 1)},
)
CHOICE = st.fixed_dictionaries({"type": st.just("enum"), "values": SOME})
LINK = st.fixed_dictionaries({"type": st.just("ref"), "kind": WORDS})
LEAF = SCALAR | CHOICE | LINK
LIST = st.fixed_dictionaries({"type": st.just("list"), "single": st.booleans()}, optional={"items": LEAF})
OBJECT = st.fixed_dictionaries({"type": st.just("object"), "open": st.booleans(), "props": named(LEAF)})
ONEOF = st.lists(LEAF, min_size=1, max_size=2, unique_by=lambda option: option["type"]).map(
    lambda options: {"type": "oneof", "options": sorted(options, key=lambda option: str(option["type"]))}
)
KIND = st.fixed_dictionaries(
    {"open": st.booleans()},
    optional={
        "requiredProps": SOME,
        "optionalProps": SOME,
        "allowedTypes": SOME,
        "children": SOME,
        "childOnly": st.booleans(),
        "properties": named(LEAF | LIST | OBJECT | ONEOF),
    },
)
FUNCTION = st.fixed_dictionaries({"args": SOME, "returns": WORDS, "cost": st.integers(0, 2)})
TEMPLATE = st.fixed_dictionaries({"requiredProps": SOME})
VOCABULARY = st.fixed_dictionaries(
    {
        "kinds": named(KIND),
        "allowedFunctions": named(FUNCTION),
        "allowedTypes": SOME,
        "allowedEvents": SOME,
        "actions": SOME,
        "coreFields": st.dictionaries(WORDS, WORDS, max_size=2),
        "common": named(LEAF),
        "templates": named(TEMPLATE),
    }
)


def shape(meta: DomainMeta) -> Any:
    """What validation depends on; a property is required once, whichever list says so."""
    data = to_data(meta)
    for kind, made in zip(data.get("kinds", []), meta.kinds, strict=True):
        kind["requiredProps"] = sorted(made.required_props)
        kind["optionalProps"] = sorted(set(made.optional_props) - set(made.required_props) - set(made.properties))
        kind["open"], kind["childOnly"] = made.open, made.child_only
        for prop in kind.get("properties", []):
            prop["required"] = prop["name"] in kind["requiredProps"]
    return data


@soak(150)
@given(old=VOCABULARY, new=VOCABULARY)
def test_no_difference_goes_unseen(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Two vocabularies are alike exactly where no change is reported; and nothing changes from one to itself."""
    before, after = DomainMeta.load(old), DomainMeta.load(new)
    assert classify(before, before) == "none"
    assert (classify(before, after) == "none") == (shape(before) == shape(after))


@soak(60)
@given(
    base=VOCABULARY, part=st.sampled_from(sorted(["kinds", "allowedFunctions", "common", "templates"])), data=st.data()
)
def test_no_small_difference_goes_unseen(base: dict[str, Any], part: str, data: st.DataObject) -> None:
    """One entry drawn anew."""
    strategy = {"kinds": KIND, "allowedFunctions": FUNCTION, "common": LEAF, "templates": TEMPLATE}[part]
    if base[part]:
        other = copy.deepcopy(base)
        other[part][0] = {**data.draw(strategy), "name": base[part][0]["name"]}
        before, after = DomainMeta.load(base), DomainMeta.load(other)
        assert (classify(before, after) == "none") == (shape(before) == shape(after))
