"""Weaknesses of the reference in hashing, compiling and validating, each shown not to be one of ours."""

from __future__ import annotations

import json
import time
from itertools import permutations
from typing import Any

import pytest

from alm_workbench.mpc import (
    ASTNode,
    DomainMeta,
    ManifestAST,
    ManifestInvalid,
    MPCError,
    ast_hash,
    canonicalize,
    check,
    compile_manifest,
    freeze,
    parse,
    stable_hash,
)
from alm_workbench.mpc.contracts.convert import SEVERITIES
from alm_workbench.mpc.validate import validate


def node(kind: str, id_: str, *children: ASTNode, **properties: Any) -> ASTNode:
    return ASTNode(kind, id_, None, freeze(properties), children)


def manifest(*defs: ASTNode) -> ManifestAST:
    return ManifestAST(namespace="test", defs=defs)


def contract(*kinds: str | dict[str, Any], **more: Any) -> DomainMeta:
    """A vocabulary in the contract's form: kinds that take any property."""
    named = [{"name": kind} if isinstance(kind, str) else kind for kind in kinds]
    return DomainMeta.load({"kinds": named, **more})


def codes(ast: ManifestAST, meta: DomainMeta) -> list[tuple[str, str]]:
    return [(d.code, d.severity) for d in validate(ast, meta)]


def test_w_13_compile_tells_kinds_apart() -> None:
    """The order of definitions that share name and id changes nothing, and none of them is lost."""
    defs = (node("P", "x"), node("Q", "x"), node("P", "y"))
    assert len({ast_hash(manifest(*order)) for order in permutations(defs)}) == 1
    assert ast_hash(manifest(node("P", "x"))) != ast_hash(manifest(node("Q", "x")))


def test_w_13_compile_refuses_what_is_invalid(meta: DomainMeta) -> None:
    """A manifest with errors has no artefact, and the exception carries every finding."""
    with pytest.raises(ManifestInvalid) as caught:
        compile_manifest(parse('def Role r { implies: ["ghost"] }\ndef Role r {}'), meta)
    assert {d.code for d in caught.value.diagnostics} == {"E_VALID_UNRESOLVED_REF", "E_VALID_DUPLICATE_DEF"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, {"a": float("-inf")}]])
def test_w_14_what_json_cannot_say_has_no_canonical_form(value: Any) -> None:
    """Refused where the text is made, not only by whoever reads it."""
    for function in (canonicalize, stable_hash):
        with pytest.raises(MPCError) as caught:
            function(value)
        assert caught.value.code == "E_CANONICAL_NUMBER"


class TestW15:
    """Semantic checks see references, finals, reachability, dict-shaped states, children, and long chains."""

    def test_w_15_extends_a_ghost(self) -> None:
        """Also where nothing describes the kind."""
        assert codes(manifest(node("Policy", "p", extends="ghost")), contract("Policy")) == [
            ("E_VALID_UNRESOLVED_REF", "error")
        ]

    def test_w_15_imports_a_ghost(self) -> None:
        """The place is the item of the list."""
        found = validate(manifest(node("Policy", "p", imports=["q", "ghost"]), node("Policy", "q")), contract("Policy"))
        assert [(d.code, d.path) for d in found] == [("E_VALID_UNRESOLVED_REF", "defs/p/imports/1")]

    @pytest.mark.parametrize("finals", ["finals", "final_states"])
    def test_w_15_finals_are_read_by_either_name(self, finals: str) -> None:
        """A state that reaches no final state is found, whichever word the manifest uses."""
        flow = node(
            "Workflow", "w", initial="a", states=["a", "b", "c"], **{finals: ["c"]},
            transitions=[{"from": "a", "on": "x", "to": "b"}, {"from": "a", "on": "y", "to": "c"}],
        )  # fmt: skip
        assert ("E_WF_DEAD_END", "warning") in codes(manifest(flow), contract("Workflow"))

    def test_w_15_an_island_is_not_reachable(self) -> None:
        """c and d lead to each other's neighbourhood, and nothing leads to them."""
        flow = node(
            "Workflow", "w", initial="a", states=["a", "b", "c", "d"],
            transitions=[{"from": "a", "on": "x", "to": "b"}, {"from": "c", "on": "y", "to": "d"}],
        )  # fmt: skip
        found = [d for d in validate(manifest(flow), contract("Workflow")) if d.code == "E_WF_UNREACHABLE_STATE"]
        assert {d.message.split("'")[1] for d in found} == {"c", "d"}

    def test_w_15_steps_of_any_kind_join_states_it_has(self) -> None:
        """Whatever a kind is called: with states and transitions it has steps."""
        chart = node(
            "Chart", "c", states=["a", {"name": "b"}], transitions=[{"from": "a", "to": "b"}, {"from": "c", "to": "d"}]
        )
        found = validate(manifest(chart), contract("Chart"))
        assert [(d.code, d.path) for d in found] == [
            ("E_VALID_UNRESOLVED_REF", "defs/c/transitions/1/from"),
            ("E_VALID_UNRESOLVED_REF", "defs/c/transitions/1/to"),
        ]

    def test_w_15_states_may_be_mappings(self) -> None:
        """Named by `name` or `id`."""
        flow = node(
            "Workflow", "w", initial="a", states=[{"name": "a"}, {"id": "b"}],
            transitions=[{"from": "a", "on": "x", "to": "b"}],
        )  # fmt: skip
        assert [pair for pair in codes(manifest(flow), contract("Workflow")) if pair[1] == "error"] == []

    @pytest.mark.parametrize("link", ["extends", "imports"])
    def test_w_15_long_chains_do_not_exhaust_the_stack(self, link: str) -> None:
        """A line of five thousand, and the same line closed to a circle, which is one finding."""
        count = 5_000

        def chain(last: int) -> ManifestAST:
            targets = [*range(1, count), last]
            return manifest(
                *(
                    node("P", f"n{n}", **{link: f"n{to}" if link == "extends" else [f"n{to}"]})
                    for n, to in enumerate(targets)
                    if to < count
                )
            )

        meta = contract("P")
        before = time.process_time()
        assert codes(chain(0), meta) == [("E_VALID_CYCLE_DETECTED", "error")]
        assert "E_VALID_CYCLE_DETECTED" not in {code for code, _ in codes(chain(count), meta)}
        assert time.process_time() - before < 10

    def test_w_15_a_long_line_of_types(self, meta: DomainMeta) -> None:
        """Inherited fields are known at the end of a line of two thousand types."""
        count = 2_000
        text = 'def Workflow w { initial: "a" states: ["a"] transitions: [] }\n'
        text += "".join(f'def ArtifactType t{n} {{ extends: "t{n + 1}" workflow: "w" }}\n' for n in range(count))
        text += f'def ArtifactType t{count} {{ workflow: "w" def FieldDef far {{ type: "int" }} }}\n'
        text += 'def View v { layout: "list" types: ["t0"] columns: ["far", "near"] }'
        found = [d for d in check(text, meta).diagnostics if d.severity == "error"]
        assert [(d.code, d.path) for d in found] == [("E_VALID_UNRESOLVED_REF", "defs/v/columns/1")]

    def test_w_15_children_are_checked(self) -> None:
        """Their kind, what they need, and their ids."""
        meta = contract("Form", {"name": "Field", "requiredProps": ["type"]})
        ast = manifest(node("Form", "f", node("Field", "a"), node("Feld", "b"), node("Field", "a", type="x")))
        assert sorted(code for code, _ in codes(ast, meta)) == [
            "E_META_MISSING_REQUIRED_FIELD", "E_META_UNKNOWN_KIND", "E_VALID_DUPLICATE_DEF",
        ]  # fmt: skip

    def test_w_15_severities_are_words_of_the_contract(self) -> None:
        """Ours are error, warning and info; on the wire a warning is `warn`."""
        flow = node("Workflow", "w", initial="a", states=["a", "b"], transitions=[])
        words = {d.severity for d in validate(manifest(flow), contract("Workflow"))}
        assert words == {"warning"}
        assert {SEVERITIES[word] for word in words} == {"warn"}


class TestW16:
    """Functions are sought in expressions, and nowhere else."""

    LIMITED = contract("Policy", "Note", functions=[{"name": "len", "args": ["any"], "returns": "int"}])

    @pytest.mark.parametrize(
        "properties",
        [
            {"text": "for staff (see wiki)"},
            {"title": "unknown_fn(x)", "labels": {"en": "call me(maybe)"}},
            {"expr": "a and (b)"},
            {"expr": "not (a) or (b)", "guard": "len(a) > (1)"},
            {"condition": {"dept": "hr (all)"}},
            {"rules": [{"note": "f(x)"}]},
        ],
    )
    def test_w_16_prose_and_operators_call_nothing(self, properties: dict[str, Any]) -> None:
        """No text is scanned that is not an expression."""
        assert codes(manifest(node("Policy", "p", **properties)), self.LIMITED) == []

    @pytest.mark.parametrize(
        ("properties", "path"),
        [
            ({"condition": "unknown_fn(x)"}, "condition"),
            ({"expr": "unknownFunc(user.id)"}, "expr"),
            ({"rules": [{"when": "unknown_fn(1) > 2"}]}, "rules/0/when"),
            ({"guard": "len(unknown_fn(x)) > 1"}, "guard"),
            ({"match": {"expr": "unknown_fn(event)"}}, "match/expr"),
            ({"condition": {"expr": "unknown_fn(actor)"}}, "condition/expr"),
            ({"visibilityExpr": "unknown_fn(role)"}, "visibilityExpr"),
            ({"expr": {"fn": "unknown_fn", "args": [{"ref": "x"}]}}, "expr"),
            ({"expr": {"op": "and", "left": {"lit": True}, "right": {"fn": "unknown_fn"}}}, "expr"),
        ],
    )
    def test_w_16_calls_are_found_wherever_an_expression_stands(self, properties: dict[str, Any], path: str) -> None:
        """As text or as a tree, at any depth, with the path of the expression."""
        found = validate(manifest(node("Policy", "p", **properties)), self.LIMITED)
        assert [(d.code, d.path) for d in found] == [("E_META_FUNCTION_NOT_ALLOWED", f"defs/p/{path}")]
        assert "unknown" in found[0].message

    def test_w_16_the_mark_is_on_the_call(self) -> None:
        """Not on the whole definition."""
        text = json.dumps({"defs": [{"kind": "Policy", "id": "p", "rules": [{"when": "a and unknown_fn(x)"}]}]})
        (found,) = check(text, self.LIMITED).diagnostics
        assert found.span is not None
        assert text[found.span.start : found.span.end] == "unknown_fn(x)"

    def test_w_16_an_expression_that_is_none_is_an_error(self) -> None:
        """It would silently never hold."""
        assert codes(manifest(node("Policy", "p", expr="a &&")), self.LIMITED) == [("E_EXPR_PARSE", "error")]


class TestWhatTheVocabularyAllows:
    """Lists of the vocabulary that the reference declares and never looks at."""

    def test_types_of_values(self) -> None:
        """A kind's own list counts before the general one; null is of no type."""
        meta = contract("A", {"name": "B", "allowedTypes": ["bool"]}, allowedTypes=["string", "number"])
        assert codes(manifest(node("A", "a", x="t", y=1, z=1.5, n=None)), meta) == []
        assert codes(manifest(node("A", "a", x=True)), meta) == [("E_META_TYPE_NOT_ALLOWED", "error")]
        assert codes(manifest(node("B", "b", x=True)), meta) == []
        assert codes(manifest(node("B", "b", x="t")), meta) == [("E_META_TYPE_NOT_ALLOWED", "error")]

    def test_events(self) -> None:
        """One event or a list of them, each with its place."""
        meta = contract("Policy", allowedEvents=["create", "update"])
        found = validate(manifest(node("Policy", "p", events=["create", "updte"], event="delete")), meta)
        assert sorted((d.code, d.path) for d in found) == [
            ("E_META_UNKNOWN_VALUE", "defs/p/event"),
            ("E_META_UNKNOWN_VALUE", "defs/p/events/1"),
        ]
        assert {d.hint for d in found if d.path == "defs/p/events/1"} == {"did you mean 'update'?"}

    def test_optional_properties(self) -> None:
        """Where a kind lists what it may have, anything else is probably a slip."""
        meta = contract({"name": "F", "requiredProps": ["type"], "optionalProps": ["label"]})
        found = validate(manifest(node("F", "f", type="x", lable="y")), meta)
        assert [(d.code, d.severity, d.hint) for d in found] == [
            ("E_META_UNKNOWN_PROPERTY", "warning", "did you mean 'label'?")
        ]
