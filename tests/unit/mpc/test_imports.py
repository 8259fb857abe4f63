"""Importing definitions of other manifests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import DomainMeta, ManifestAST, ast_hash, check, parse
from alm_workbench.mpc.imports import Edition, ImportResult, Limits, MemoryLibrary, PinnedLibrary, resolve_imports

from .soak import soak


def manifest(name: str, body: str, version: str = "1.0.0") -> ManifestAST:
    return parse(f'@namespace "{name}"\n@name "{name}"\n@version "{version}"\n{body}', format="dsl", file=f"{name}.alm")


def library(**bodies: str) -> MemoryLibrary:
    found = MemoryLibrary()
    for name, body in bodies.items():
        found.register(name, manifest(name, body))
    return found


def ids(result: ImportResult) -> list[str]:
    return [node.id for node in result.ast.defs]


def codes(result: ImportResult) -> list[str]:
    return [d.code for d in result.diagnostics]


def test_the_order_is_base_then_imported() -> None:
    """Base definitions with their Import definitions, then what each import brings, in order."""
    lib = library(a="def Policy p {} def Policy q {}", b="def Role r {}")
    base = manifest("app", 'def Import a {} def Workflow w {} def Import other { source: "b" }')
    result = resolve_imports(base, lib)
    assert ids(result) == ["a", "w", "other", "p", "q", "r"]
    assert result.resolved_imports == ("a", "b")
    assert result.diagnostics == ()
    assert (result.ast.namespace, result.ast.manifest_version) == ("app", "1.0.0")
    assert [(pin.name, pin.version) for pin in result.pins] == [("a", "1.0.0"), ("b", "1.0.0")]
    origin = result.provenance["Policy", "q"]
    assert (origin.name, origin.version, origin.origin, origin.id) == ("a", "1.0.0", "a.alm", "q")


def test_without_imports_nothing_happens() -> None:
    """The very same AST comes back."""
    base = manifest("app", "def Role r {}")
    assert resolve_imports(base, library()).ast is base


def test_imports_are_transitive_and_come_once() -> None:
    """What two libraries both import is there once; a library's Import definitions do not come along."""
    lib = library(a="def Import c {} def Policy pa {}", b="def Import c {} def Policy pb {}", c="def Role shared {}")
    result = resolve_imports(manifest("app", "def Import a {} def Import b {} def Import c {}"), lib)
    assert ids(result) == ["a", "b", "c", "pa", "shared", "pb"]
    assert result.diagnostics == ()


def test_one_library_under_two_aliases() -> None:
    """Two copies under their own names are two definitions, not a circle."""
    result = resolve_imports(
        manifest("app", 'def Import x { source: "a" alias: "one" } def Import y { source: "a" alias: "two" }'),
        library(a="def Role r {}"),
    )
    assert ids(result)[2:] == ["one.r", "two.r"]
    assert result.resolved_imports == ("a", "a")


def test_two_versions_under_two_aliases() -> None:
    """Aliased imports choose their version on their own."""
    lib = MemoryLibrary()
    for version in ("1.0.0", "2.0.0"):
        lib.register("a", manifest("a", f"def Role r{version[0]} {{}}", version))
    base = manifest(
        "app",
        'def Import x { source: "a" alias: "old" version: "^1" } def Import y { source: "a" alias: "new" version: "*" }',
    )
    result = resolve_imports(base, lib)
    assert ids(result)[2:] == ["old.r1", "new.r2"]
    assert [pin.version for pin in result.pins] == ["1.0.0", "2.0.0"]


def test_an_alias_rewrites_references_inside(meta: DomainMeta) -> None:
    """extends, typed references at any depth, resources and former ids; what the library does not know stays."""
    lib = library(
        a="""
def EnumDef severity { values: ["a"] }
def Role lead { implies: ["outsider"] }
def Workflow flow { initial: "s" states: ["s"] transitions: [{id: "t", from: "s", to: "s", roles: ["lead"]}] }
def ArtifactType base { workflow: "flow" aliases: ["old"] def FieldDef f { type: "choice" choices: "severity" } }
def ArtifactType req { extends: "base" workflow: "flow" parents: ["base", "foreign"] }
def LinkType l { from: "req" to: ["req"] suspect_on: ["f"] }
def ACL rule { action: "read" resource: ["base.f", "*", "foreign"] roles: ["lead"] condition: "self.type == 'base'" }
"""
    )
    result = resolve_imports(manifest("app", 'def Import a { alias: "x" }'), lib, meta)
    by_id = {node.id: node for node in result.ast.defs}
    assert by_id["x.base"].properties["aliases"] == ("x.old",)
    assert by_id["x.base"].children[0].id == "f"
    assert by_id["x.base"].children[0].properties["choices"] == "x.severity"
    assert by_id["x.req"].properties["extends"] == "x.base"
    assert by_id["x.req"].properties["parents"] == ("x.base", "foreign")
    assert by_id["x.flow"].properties["transitions"][0]["roles"] == ("x.lead",)
    assert by_id["x.flow"].properties["transitions"][0]["from"] == "s"
    assert by_id["x.l"].properties["from"] == "x.req"
    assert by_id["x.l"].properties["suspect_on"] == ("f",)
    assert by_id["x.rule"].properties["resource"] == ("x.base.f", "*", "foreign")
    assert by_id["x.lead"].properties["implies"] == ("outsider",)


def test_aliases_nest() -> None:
    """An alias goes before those that the library gave its own imports."""
    lib = library(a='def Import b { alias: "inner" } def Policy p { extends: "inner.q" }', b="def Policy q {}")
    result = resolve_imports(manifest("app", 'def Import a { alias: "outer" }'), lib)
    assert ids(result)[1:] == ["outer.p", "outer.inner.q"]
    assert result.ast.defs[1].properties["extends"] == "outer.inner.q"


@pytest.mark.parametrize(
    ("bodies", "path"),
    [
        ({"a": "def Import b {}", "b": "def Import a {}"}, "app -> a -> b -> a"),
        ({"a": "def Import a {}"}, "app -> a -> a"),
        ({"a": "def Import app {}", "app": ""}, "app -> a -> app"),
    ],
)
def test_a_circle_leaves_the_base_alone(bodies: dict[str, str], path: str) -> None:
    """One finding, the way in words beginning with the base, and the base unchanged."""
    base = manifest("app", "def Import a {} def Import nowhere {}")
    result = resolve_imports(base, library(**bodies))
    assert result.ast is base
    (found,) = result.diagnostics
    assert (found.code, found.message) == ("E_VALID_CYCLE_DETECTED", f"Import cycle detected: {path}")


def test_unknown_sources_and_versions() -> None:
    """Each is found at its Import definition; the others are resolved."""
    lib = library(a="def Role r {}")
    base = manifest("app", 'def Import ghost {}\ndef Import a { version: "^2.0.0" }\ndef Import b { source: "a" }')
    result = resolve_imports(base, lib)
    assert codes(result) == ["E_VALID_UNRESOLVED_REF"] * 2
    assert [d.span.line for d in result.diagnostics if d.span] == [4, 5]
    assert result.diagnostics[1].message == "Import 'a' version 1.0.0 does not satisfy constraint '^2.0.0'"
    assert result.resolved_imports == ("a",)


def test_a_bad_range_says_so() -> None:
    """The contract's message, and a hint how ranges are written."""
    result = resolve_imports(manifest("app", 'def Import a { version: "newest" }'), library(a=""))
    (found,) = result.diagnostics
    assert found.message == "Import 'a' version 1.0.0 does not satisfy constraint 'newest'"
    assert found.hint is not None
    assert "no range" in found.hint


@pytest.mark.parametrize("body", ["def Import a { source: 5 }", "def Import a { version: [] alias: 1 version2: 1 }"])
def test_nonsense_is_a_finding(body: str) -> None:
    """Properties of the wrong type raise nothing."""
    assert resolve_imports(manifest("app", body), library(a="def Role r {}")).diagnostics


def test_the_highest_matching_version_comes() -> None:
    """By version order, not by text or by the order of registration."""
    lib = MemoryLibrary()
    for version in ("1.10.0", "1.9.0", "2.0.0"):
        lib.register("a", manifest("a", f'def Role r {{ description: "{version}" }}', version))
    result = resolve_imports(manifest("app", 'def Import a { version: "^1.2" }'), lib)
    assert result.ast.defs[-1].properties["description"] == "1.10.0"
    assert result.pins[0].version == "1.10.0"


def test_a_version_that_suits_all_is_chosen() -> None:
    """Two ways to one library settle on the version both allow."""
    lib = MemoryLibrary()
    for version in ("1.2.5", "1.3.0"):
        lib.register("c", manifest("c", f'def Role r {{ description: "{version}" }}', version))
    lib.register("a", manifest("a", 'def Import c { version: "^1.0" }'))
    lib.register("b", manifest("b", 'def Import c { version: "~1.2" }'))
    for order in ("def Import a {} def Import b {}", "def Import b {} def Import a {}"):
        result = resolve_imports(manifest("app", order), lib)
        assert result.diagnostics == ()
        assert [(pin.name, pin.version) for pin in result.pins if pin.name == "c"] == [("c", "1.2.5")]


def test_versions_that_do_not_agree_conflict() -> None:
    """Where no version suits all, each import has its own and their definitions collide."""
    lib = MemoryLibrary()
    for version in ("1.0.0", "2.0.0"):
        lib.register("c", manifest("c", f'def Role r {{ description: "{version}" }}', version))
    lib.register("a", manifest("a", 'def Import c { version: "^1.0" }'))
    lib.register("b", manifest("b", 'def Import c { version: "^2.0" }'))
    result = resolve_imports(manifest("app", "def Import a {} def Import b {}"), lib)
    assert codes(result) == ["E_VALID_NAMESPACE_CONFLICT"]
    assert ids(result)[2:] == ["r"]


def test_a_conflict_skips_the_definition() -> None:
    """What is there stays, the rest comes; the finding names both places."""
    result = resolve_imports(manifest("app", "def Import a {} def Role r {}"), library(a="def Role r {} def Role s {}"))
    (found,) = result.diagnostics
    assert found.code == "E_VALID_NAMESPACE_CONFLICT"
    assert [r.span.file for r in found.related] == ["app.alm", "a.alm"]
    assert ids(result) == ["a", "r", "s"]


def test_a_library_that_cannot_be_read() -> None:
    """Its syntax error is found at the Import, with the place in the library."""
    lib = MemoryLibrary()
    lib.add(Edition("a", "1.0.0", "lib/a.alm", lambda: parse("def Role {", format="dsl", file="lib/a.alm")))
    (found,) = resolve_imports(manifest("app", "def Import a {}"), lib).diagnostics
    assert found.code == "E_PARSE_SYNTAX"
    assert "lib/a.alm" in found.message
    assert found.related[0].span.file == "lib/a.alm"


def test_a_library_overlays_itself() -> None:
    """What a library changes with its own overlays arrives changed; the overlays stay at home."""
    lib = library(
        a='def Role r { privileges: [] } def Overlay o { target: "r" op: "append" path: "privileges" value: "a:b" }'
    )
    result = resolve_imports(manifest("app", 'def Import a { alias: "x" }'), lib)
    assert ids(result) == ["a", "x.r"]
    assert result.ast.defs[1].properties["privileges"] == ("a:b",)


def test_limits_hold() -> None:
    """Neither breadth nor depth nor both together get out of hand."""
    wide = library(a=" ".join(f"def Role r{i} {{}}" for i in range(30)))
    found = resolve_imports(manifest("app", "def Import a {}"), wide, limits=Limits(max_defs=10))
    assert codes(found) == ["E_PARSE_LIMIT"]
    deep = library(**{f"l{i}": f"def Import l{i + 1} {{}}" for i in range(80)}, l80="def Role r {}")
    assert "E_PARSE_LIMIT" in codes(resolve_imports(manifest("app", "def Import l0 {}"), deep))
    twice = 'def Import x{n} {{ source: "l{m}" alias: "{a}" }}'
    bomb = library(
        l0="def Role r {}",
        **{f"l{m + 1}": " ".join(twice.format(n=a, m=m, a=a) for a in "abcdefgh") for m in range(20)},
    )
    result = resolve_imports(manifest("app", "def Import l20 {}"), bomb, limits=Limits(max_defs=2_000))
    assert "E_PARSE_LIMIT" in codes(result)
    assert len(result.ast.defs) <= 2_001


def test_pinned_editions_give_the_same_again(meta: DomainMeta) -> None:
    """A newer version changes what is imported, but not what was pinned; changed content is not what was pinned."""
    lib = MemoryLibrary()
    lib.register("a", manifest("a", "def Role r {}", "1.0.0"))
    base = '@namespace "app"\n@name "app"\ndef Import a {}\n'
    first = check(base, meta, library=lib).compiled
    assert first is not None
    lib.register("a", manifest("a", "def Role r {} def Role s {}", "1.1.0"))
    second = check(base, meta, library=lib).compiled
    assert second is not None
    assert second.artifact_hash != first.artifact_hash
    again = check(base, meta, library=PinnedLibrary(lib, first.imports)).compiled
    assert again is not None
    assert again.to_data() == first.to_data()
    changed = MemoryLibrary()
    changed.register("a", manifest("a", "def Role other {}", "1.0.0"))
    assert not check(base, meta, library=PinnedLibrary(changed, first.imports)).ok


def test_findings_name_the_manifest_they_are_in(meta: DomainMeta) -> None:
    """An error in an imported definition stands at the Import and names file, line and column; remarks are left out."""
    lib = library(a='def Role unused {}\ndef LinkType l { from: "ghost" to: "ghost" }')
    text = '@namespace "app"\n@name "app"\ndef Import a {}\n'
    found = check(text, meta, library=lib).diagnostics
    assert {d.code for d in found} == {"E_VALID_UNRESOLVED_REF"}
    assert {d.span.line for d in found if d.span} == {3}
    assert found[0].message.startswith("in a.alm: 5:")
    assert found[0].related[0].span.file == "a.alm"


def test_without_a_library_imports_lead_nowhere(meta: DomainMeta) -> None:
    """A finding, not an exception."""
    assert [d.code for d in check("def Import a {}", meta).diagnostics] == ["E_VALID_UNRESOLVED_REF"]


NAMES = ["a", "b", "c", "d"]


@soak(60)
@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3), min_size=1))
def test_resolving_always_ends(graph: dict[str, list[str]]) -> None:
    """Any graph of imports is either resolved or refused as a circle, and what is resolved holds each definition once."""
    bodies = {
        name: "".join(f'def Import i{n} {{ source: "{target}" }}\n' for n, target in enumerate(targets))
        + f"def Role role_{name} {{}}"
        for name, targets in graph.items()
    }
    base = manifest("app", "".join(f"def Import {name} {{}}\n" for name in graph))
    result = resolve_imports(base, library(**bodies))
    if "E_VALID_CYCLE_DETECTED" in codes(result):
        assert result.ast is base
    else:
        roles = [node.id for node in result.ast.of_kind("Role")]
        assert sorted(roles) == sorted(f"role_{name}" for name in graph)
        assert ast_hash(result.ast) == ast_hash(resolve_imports(base, library(**bodies)).ast)
