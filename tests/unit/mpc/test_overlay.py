"""Overlays: what each operation does, what conflicts, and that the base stays as it is."""

from __future__ import annotations

import pickle
import time
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import ASTNode, DomainMeta, FrozenDict, ManifestAST, check, freeze, parse, thaw
from alm_workbench.mpc.overlay import OverlayResult, apply_overlays

from .soak import soak


def base(**properties: Any) -> ManifestAST:
    return ManifestAST(namespace="acme", defs=(ASTNode("Policy", "p", "Shown", freeze(properties)),))


def overlay(op: str = "merge", id: str = "o", **properties: Any) -> ASTNode:
    given = {"target": "p"} if "selector" not in properties and "target" not in properties else {}
    return ASTNode("Overlay", id, None, FrozenDict(freeze({**given, "op": op, **properties})))


def applied(ast: ManifestAST, *overlays: ASTNode) -> Any:
    result = apply_overlays(ast, overlays)
    assert not result.conflicts, result.conflicts
    return thaw(result.ast.defs[0].properties)


def refused(ast: ManifestAST, *overlays: ASTNode) -> str:
    """The code of the one error, after which nothing has changed."""
    result = apply_overlays(ast, overlays)
    assert result.ast == ast
    (found,) = result.conflicts
    return found.code


class TestOperations:
    """One row of the contract's table each."""

    def test_replace(self) -> None:
        result = apply_overlays(base(a=1, b=2), [overlay("replace", values={"c": 3})])
        node = result.ast.defs[0]
        assert (thaw(node.properties), node.name, node.children) == ({"c": 3}, None, ())
        assert result.applied == ("replace:p",)

    def test_replace_at_a_path(self) -> None:
        ast = base(a={"b": 1, "c": 2})
        assert applied(ast, overlay("replace", path="a.b", value=9)) == {"a": {"b": 9, "c": 2}}
        assert applied(ast, overlay("replace", path="x.y.z", value=9)) == {"a": {"b": 1, "c": 2}, "x": {"y": {"z": 9}}}
        assert applied(ast, overlay("replace", path="a.b", values={"a.b": 7})) == {"a": {"b": 7, "c": 2}}
        assert applied(ast, overlay("replace", path="a.b", values={"b": 7})) == {"a": {"b": 7, "c": 2}}
        assert applied(ast, overlay("replace", path="a", value={"x": 1, "y": 2})) == {"a": {"x": 1, "y": 2}}
        assert apply_overlays(ast, [overlay("replace", path="a.b", value=9)]).applied == ("replace:p:a.b",)

    def test_merge(self) -> None:
        ast = base(a={"b": {"c": 1}, "d": 2}, e=[1])
        assert applied(ast, overlay(values={"a": {"b": {"x": 3}}, "e": [2]})) == {
            "a": {"b": {"c": 1, "x": 3}, "d": 2},
            "e": [2],
        }

        assert apply_overlays(ast, [overlay(values={"z": 1})]).ast.defs[0].name == "Shown"

    def test_merge_at_a_path(self) -> None:
        ast = base(a={"b": {"c": 1}, "d": 2})
        assert applied(ast, overlay(path="a", value={"b": {"x": 1}})) == {"a": {"b": {"x": 1}, "d": 2}}
        assert applied(ast, overlay(path="n", value={"x": 1})) == {"a": {"b": {"c": 1}, "d": 2}, "n": {"x": 1}}
        assert applied(ast, overlay(path="a.d", value={"x": 1}))["a"]["d"] == {"x": 1}

    def test_merge_patch_mode(self) -> None:
        ast = base(a={"b": 1, "c": 2}, d=3)
        assert applied(ast, overlay(mode="merge-patch", values={"a": {"b": None, "x": {"y": None}}, "d": None})) == {
            "a": {"c": 2, "x": {}}
        }
        assert applied(ast, overlay(mode="merge-patch", path="a", value={"b": None})) == {"a": {"c": 2}, "d": 3}

    def test_append(self) -> None:
        ast = base(tags=["a"], text="x")
        assert applied(ast, overlay("append", values={"tags": ["b"], "text": "y", "new": [1]})) == {
            "tags": ["a", "b"],
            "text": "y",
            "new": [1],
        }
        assert applied(ast, overlay("append", path="tags", value=["b", "c"]))["tags"] == ["a", "b", "c"]
        assert applied(ast, overlay("append", path="tags", value="b"))["tags"] == ["a", "b"]
        assert applied(ast, overlay("append", path="text", value="y"))["text"] == "y"

    def test_remove(self) -> None:
        result = apply_overlays(base(a=1), [overlay("remove")])
        assert (result.ast.defs, result.applied) == ((), ("remove:p",))
        assert applied(base(a={"b": 1, "c": 2}), overlay("remove", path="a.b")) == {"a": {"c": 2}}
        assert applied(base(a=1), overlay("remove", path="x.y")) == {"a": 1}
        assert apply_overlays(base(a=1), [overlay("remove", path="a")]).applied == ("remove-path:p:a",)

    def test_patch(self) -> None:
        ast = base(a={"b": {"c": 1}, "d": 2}, e=1)
        assert applied(ast, overlay("patch", values={"a": {"b": {"x": 1}}, "e": 2})) == {
            "a": {"b": {"x": 1}, "d": 2},
            "e": 2,
        }

    def test_json_patch(self) -> None:
        ast = base(a={"b": [1, 2]}, e=1)
        operations = [
            {"op": "test", "path": "/e", "value": 1},
            {"op": "add", "path": "/a/b/1", "value": 9},
            {"op": "move", "from": "/e", "path": "/f"},
        ]
        assert applied(ast, overlay("patch", values=operations)) == {"a": {"b": [1, 9, 2]}, "f": 1}
        inner = [{"op": "remove", "path": "/b/0"}]
        assert applied(ast, overlay("patch", path="a", value=inner)) == {"a": {"b": [2]}, "e": 1}
        assert refused(ast, overlay("patch", values=[{"op": "test", "path": "/e", "value": 2}])) == "E_OVERLAY_PATCH"
        assert refused(ast, overlay("patch", values=[{"op": "replace", "path": "", "value": 1}])) == "E_OVERLAY_PATCH"

    def test_unknown_operations_and_modes(self) -> None:
        assert refused(base(), overlay("merge", mode="shallow", values={})) == "E_OVERLAY_INVALID_OP"
        assert refused(base(), overlay("explode", values={})) == "E_OVERLAY_INVALID_OP"
        assert refused(base(), overlay("merge", value=5)) == "E_OVERLAY_INVALID_OP"
        assert refused(base(), overlay("replace", path="a")) == "E_OVERLAY_INVALID_OP"


class TestPaths:
    """Where a path leads."""

    STATES: ClassVar = [{"id": "draft", "labels": {"en": "Draft"}}, {"name": "review"}, "done"]

    def test_list_entries_by_id_and_number(self) -> None:
        ast = base(states=self.STATES)
        for path in ("states[draft].labels.tr", "states[0].labels.tr", "states.0.labels.tr"):
            found = applied(ast, overlay("replace", path=path, value="Taslak"))
            assert found["states"][0] == {"id": "draft", "labels": {"en": "Draft", "tr": "Taslak"}}
        assert applied(ast, overlay("replace", path="states[review].x", value=1))["states"][1] == {
            "name": "review",
            "x": 1,
        }
        assert applied(ast, overlay("remove", path="states[done]"))["states"] == self.STATES[:2]
        assert applied(ast, overlay("replace", path="states[done]", value="gone"))["states"][2] == "gone"

    def test_ids_outlive_order(self) -> None:
        """Removing one entry does not move what another overlay means, even by number."""
        ast = base(states=self.STATES)
        found = applied(
            ast,
            overlay("remove", path="states[0]", id="a"),
            overlay("replace", path="states[1].x", value=1, id="b"),
        )
        assert found["states"] == [{"name": "review", "x": 1}, "done"]

    def test_quoted_names(self) -> None:
        ast = base(labels={"a.b": 1, 'q"': 2})
        assert applied(ast, overlay("replace", path='labels["a.b"]', value=9))["labels"]["a.b"] == 9
        assert applied(ast, overlay("replace", path='labels["q\\""]', value=9))["labels"]['q"'] == 9

    @pytest.mark.parametrize(
        "path",
        ["n.x", "t.x.y", "z.x", "states[ghost].x", "states[7]", "states.x", "a..b", "a[", "[]", ".", "states[-1]"],
    )
    def test_paths_that_lead_nowhere(self, path: str) -> None:
        """A scalar on the way, an entry that is not there, or no path at all."""
        ast = base(n=1, t="text", z=None, states=self.STATES)
        assert refused(ast, overlay("replace", path=path, value=1)) == "E_OVERLAY_PATH"


class TestSelectors:
    """Which definitions an overlay is about."""

    AST = ManifestAST(
        namespace="acme",
        defs=(
            ASTNode("Policy", "p", None, FrozenDict()),
            ASTNode("Policy", "q", "Named", freeze({"labels": {"tr": "Adlı"}})),
            ASTNode("Role", "r", None, FrozenDict(), (ASTNode("Note", "n", None, freeze({"x": 1})),)),
            ASTNode("Overlay", "ov", None, freeze({"target": "p", "values": {}})),
        ),
    )

    @pytest.mark.parametrize(
        ("selector", "found"),
        [
            ({"id": "p"}, ["p"]),
            ({"kind": "Policy"}, ["p", "q"]),
            ({"kind": "Policy", "id": "q"}, ["q"]),
            ({"namespace": "acme"}, ["p", "q", "r"]),
            ({"namespace": "acme", "kind": "Role"}, ["r"]),
            ({"label": "Named"}, ["q"]),
            ({"label": "Adlı", "kind": "Policy"}, ["q"]),
            ({"kind": "Overlay"}, ["ov"]),
        ],
    )
    def test_matching(self, selector: dict[str, str], found: list[str]) -> None:
        result = apply_overlays(self.AST, [overlay(selector=selector, values={"hit": True})])
        assert [node.id for node in result.ast.defs if node.properties.get("hit")] == found

    def test_a_definition_inside_another(self) -> None:
        result = apply_overlays(self.AST, [overlay(selector={"parent": "r", "id": "n"}, values={"x": 2})])
        assert result.ast.defs[2].children[0].properties == {"x": 2}
        made = apply_overlays(
            self.AST, [overlay("replace", selector={"parent": "r", "id": "m", "kind": "Note"}, values={"y": 1})]
        )
        assert [child.id for child in made.ast.defs[2].children] == ["n", "m"]
        gone = apply_overlays(self.AST, [overlay("remove", selector={"parent": "r", "id": "n"})])
        assert gone.ast.defs[2].children == ()

    @pytest.mark.parametrize(
        "selector",
        [{}, {"knd": "Policy"}, {"id": 5}, {"id": "ghost"}, {"kind": "Policy", "id": "r"}, {"namespace": "other"}, "p"],
    )
    @pytest.mark.parametrize("op", ["merge", "patch", "explode"])
    def test_selecting_nothing_is_an_error(self, selector: Any, op: str) -> None:
        assert refused(self.AST, overlay(op, selector=selector, values={})) == "E_OVERLAY_UNKNOWN_SELECTOR"

    def test_nothing_removes_everything(self) -> None:
        """Neither an empty selector nor a namespace alone."""
        for selector in ({}, {"namespace": "acme"}):
            assert refused(self.AST, overlay("remove", selector=selector)) == "E_OVERLAY_UNKNOWN_SELECTOR"

    def test_removing_what_is_not_there_is_remarked(self) -> None:
        result = apply_overlays(self.AST, [overlay("remove", target="ghost")])
        assert result.ast is self.AST
        assert [(d.code, d.severity) for d in result.diagnostics] == [("E_OVERLAY_UNKNOWN_SELECTOR", "warning")]
        assert result.conflicts == ()

    @pytest.mark.parametrize(
        ("given", "kind"),
        [
            ({"selector": {"id": "new", "kind": "Role"}}, "Role"),
            ({"target": "new"}, "Unknown"),
            ({"target": "new", "kind": "ACL"}, "ACL"),
        ],
    )
    def test_making_a_definition(self, given: dict[str, Any], kind: str) -> None:
        """replace and append make what an id names and is not there."""
        for op in ("replace", "append"):
            result = apply_overlays(self.AST, [overlay(op, values={"x": 1}, **given)])
            made = result.ast.defs[-1]
            assert (made.kind, made.id, thaw(made.properties)) == (kind, "new", {"x": 1})
            assert result.applied == (f"{op}:new",)


class TestConflicts:
    """Pairs whose result would depend on their order."""

    AST = base(a={"b": 1, "c": {"d": 2}}, tags=["x"], states=[{"id": "s"}, {"id": "t"}])

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (overlay("replace", path="a.b", value=1), overlay("replace", path="a.b", value=2)),
            (overlay("replace", path="a.b", value=1), overlay("replace", path="a.b", value=1)),
            (overlay("replace", values={"z": 1}), overlay("replace", values={"z": 2})),
            (overlay("replace", values={"z": 1}), overlay(values={"y": 2})),
            (overlay("replace", path="a", value=1), overlay("replace", path="a.b", value=2)),
            (overlay("replace", path="a.c", value=1), overlay(path="a", value={"c": 2})),
            (overlay(values={"a": {"b": 5}}), overlay(values={"a": {"b": 6}})),
            (overlay(values={"a": {"c": {"d": 5}}}), overlay("remove", path="a.c")),
            (overlay("append", path="tags", value=["y"]), overlay("append", path="tags", value=["z"])),
            (overlay("append", path="tags", value=["y"]), overlay("replace", path="tags", value=[])),
            (overlay("remove"), overlay(values={"y": 2})),
            (overlay(values={"a": {}}), overlay("replace", path="a", value=[])),
            (overlay("append", path="new", value=["y"]), overlay(values={"new": ["y"]})),
            (overlay("append", values={"new": [1]}), overlay("append", values={"new": [1]})),
            (overlay("patch", values=[{"op": "test", "path": "/a/b", "value": 1}]), overlay(path="a", value={"b": 6})),
            (
                overlay("patch", values=[{"op": "replace", "path": "/a", "value": {}}]),
                overlay(path="a", value={"b": 6}),
            ),
            (overlay("remove", path="states[s]"), overlay("replace", path="states[0].x", value=1)),
            (overlay("patch", values={"a": {"b": 5}}), overlay(path="a", value={"b": 6})),
            (overlay("patch", values=[{"op": "remove", "path": "/a/b"}]), overlay("replace", path="a.b", value=6)),
            (overlay("replace", target="new", values={"x": 1}), overlay("replace", target="new", values={"x": 2})),
        ],
    )
    def test_neither_is_applied(self, one: ASTNode, other: ASTNode) -> None:
        for pair in ([one, other], [other, one]):
            result = apply_overlays(self.AST, pair)
            assert result.ast is self.AST
            assert result.applied == ()
            assert [d.code for d in result.conflicts] == ["E_OVERLAY_CONFLICT"]

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (overlay("replace", path="a.b", value=1), overlay("replace", path="a.c", value=2)),
            (overlay(values={"a": {"b": 5}}), overlay(values={"a": {"b": 5}})),
            (overlay(values={"a": {"b": 5}}), overlay(values={"a": {"x": 6}})),
            (overlay(values={"n": {}}), overlay(values={"n": {"x": 6}})),
            (overlay(values={"n": {}}), overlay("replace", path="n", value={"x": 6})),
            (overlay(values={"n": {"b": 5}}), overlay(values={"n": {"c": 6}})),
            (overlay("remove", path="a.b"), overlay("remove", path="a")),
            (overlay("append", path="states", value=[{"id": "u"}]), overlay("replace", path="states[s].x", value=1)),
            (overlay("remove", path="states[s]"), overlay("replace", path="states[t].x", value=1)),
        ],
    )
    def test_what_commutes_is_done(self, one: ASTNode, other: ASTNode) -> None:
        first, second = apply_overlays(self.AST, [one, other]), apply_overlays(self.AST, [other, one])
        assert not first.conflicts
        assert first.ast == second.ast != self.AST

    def test_the_message_of_the_contract(self) -> None:
        result = apply_overlays(self.AST, [overlay("replace", path="a.b", value=n, id=f"o{n}") for n in (1, 2)])
        assert result.conflicts[0].message == (
            "Conflicting overlays on path 'a.b': more than one replace op targets the same path"
        )

    def test_a_third_overlay_is_not_concerned(self) -> None:
        result = apply_overlays(
            self.AST,
            [
                overlay("replace", path="a.b", value=1, id="x"),
                overlay("replace", path="a.b", value=2, id="y"),
                overlay("replace", path="q", value=3, id="z"),
            ],
        )
        assert result.applied == ("replace:p:q",)
        assert thaw(result.ast.defs[0].properties)["a"]["b"] == 1

    def test_parent_and_child_definitions(self) -> None:
        """Removing a definition and changing what lies in it do not agree."""
        ast = TestSelectors.AST
        result = apply_overlays(
            ast, [overlay("remove", target="r"), overlay(selector={"parent": "r", "id": "n"}, values={"x": 2}, id="b")]
        )
        assert result.ast is ast
        assert [d.code for d in result.conflicts] == ["E_OVERLAY_CONFLICT"]

    def test_conflicts_are_found_through_wildcards(self) -> None:
        result = apply_overlays(
            TestSelectors.AST,
            [overlay(selector={"kind": "Policy"}, values={"x": 1}), overlay(target="q", values={"x": 2}, id="b")],
        )
        assert [d.code for d in result.conflicts] == ["E_OVERLAY_CONFLICT"]
        assert result.ast is TestSelectors.AST

    def test_layers_may_change_the_same_place(self) -> None:
        """One call is one layer."""
        first = apply_overlays(self.AST, [overlay("replace", path="a.b", value=1)]).ast
        assert applied(first, overlay("replace", path="a.b", value=2))["a"]["b"] == 2


KEYS = st.sampled_from(["a", "b", "c"])
JSON = st.recursive(
    st.integers(0, 2) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
PATHS = st.lists(KEYS | st.integers(0, 2).map(str), min_size=1, max_size=3).map(".".join)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=3)
OVERLAYS = st.one_of(
    st.builds(lambda v: overlay("replace", values=v), OBJECTS),
    st.builds(lambda v: overlay("merge", values=v), OBJECTS),
    st.builds(lambda v: overlay("merge", values=v, mode="merge-patch"), OBJECTS),
    st.builds(lambda v: overlay("patch", values=v), OBJECTS),
    st.builds(lambda v: overlay("append", values=v), OBJECTS),
    st.builds(
        lambda o, p, v: overlay(o, path=p, value=v), st.sampled_from(["replace", "merge", "append"]), PATHS, JSON
    ),
    st.builds(lambda p: overlay("remove", path=p), PATHS),
    st.just(overlay("remove")),
    st.builds(lambda k, v: overlay("patch", values=[{"op": "add", "path": f"/{k}", "value": v}]), KEYS, JSON),
)


@soak(200)
@given(OBJECTS, st.lists(OVERLAYS, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_overlays_never_matters(properties: dict[str, Any], overlays: list[ASTNode], random: Any) -> None:
    """Whatever is applied in one call gives the same manifest in any order, and the base is not touched."""
    ast = base(**properties)
    before = pickle.dumps(ast)
    first = apply_overlays(ast, overlays)
    shuffled = list(overlays)
    random.shuffle(shuffled)
    assert apply_overlays(ast, shuffled).ast == first.ast
    assert pickle.dumps(ast) == before


@soak(200)
@given(OBJECTS, OVERLAYS, OVERLAYS)
def test_two_that_agree_also_agree_one_after_the_other(
    properties: dict[str, Any], one: ASTNode, other: ASTNode
) -> None:
    """What is not a conflict has the same result applied in layers, in both orders, wherever both layers apply."""
    ast = base(**properties)
    together = apply_overlays(ast, [one, other])
    if together.conflicts or _moves_items(ast, one, other):
        return
    for first, second in ((one, other), (other, one)):
        layers: list[OverlayResult] = [apply_overlays(ast, [first])]
        layers.append(apply_overlays(layers[0].ast, [second]))
        if not any(layer.conflicts for layer in layers) and layers[0].ast.defs:
            assert _same(layers[1].ast, together.ast)


def _moves_items(ast: ManifestAST, *overlays: ASTNode) -> bool:
    """Whether entries of lists are removed, after which numbers mean others."""
    return any(
        o.properties["op"] == "remove" and any(c.isdigit() for c in o.properties.get("path", "")) for o in overlays
    )


def _same(one: ManifestAST, other: ManifestAST) -> bool:
    """Equal but for objects that are empty in one and missing in the other."""

    def trimmed(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: t for k, v in value.items() if (t := trimmed(v)) not in ({}, None) or v is None}
        return [trimmed(item) for item in value] if isinstance(value, list) else value

    return [trimmed(thaw(n.properties)) for n in one.defs] == [trimmed(thaw(n.properties)) for n in other.defs]


def test_time_grows_with_overlays_and_definitions() -> None:
    """Four times as many of both take about four times as long, not sixteen."""

    def cost(size: int) -> float:
        ast = ManifestAST(defs=tuple(ASTNode("Policy", f"p{i}", None, freeze({"a": i})) for i in range(size)))
        overlays = [overlay("replace", target=f"p{i}", path="a", value=0, id=f"o{i}") for i in range(size)]
        best = 9.0
        for _ in range(3):
            start = time.process_time()
            assert len(apply_overlays(ast, overlays).applied) == size
            best = min(best, time.process_time() - start)
        return best

    assert cost(4000) < 9 * cost(1000)


def test_findings_know_their_place(meta: DomainMeta) -> None:
    """An overlay's errors stand at its path, selector or operation; what it breaks names it."""
    text = """@namespace "acme"
@name "x"
def Role r { privileges: ["a:b"] }
def Overlay bad { target: "ghost" values: {} }
def Overlay worse { target: "r" op: "replace" path: "privileges.x.y" value: 1 }
"""
    found = check(text, meta).diagnostics
    assert [(d.code, d.span.line) for d in found if d.span] == [
        ("E_OVERLAY_UNKNOWN_SELECTOR", 4),
        ("E_OVERLAY_PATH", 5),
    ]
    breaking = [*text.splitlines()[:3], 'def Overlay o { target: "r" path: "implies" value: ["ghost"] }']
    broken = check("\n".join(breaking), meta).diagnostics[0]
    assert broken.code == "E_VALID_UNRESOLVED_REF"
    assert [r.message for r in broken.related] == ["changed by overlay 'o'"]


def test_a_manifest_is_compiled_with_its_overlays(meta: DomainMeta) -> None:
    """Its own Overlay definitions are done before it is checked, in any of the three languages."""
    ast = parse(
        """@namespace "acme"
@name "x"
def Role r { privileges: ["a:b"] }
def Overlay o { target: "r" op: "append" path: "privileges" value: ["c:d"] }
""",
        format="dsl",
    )
    for text in (ast.to_dsl(), ast.to_yaml(), ast.to_json()):
        compiled = check(text, meta).compiled
        assert compiled is not None
        assert compiled.roles["r"].privileges == ("a:b", "c:d")
