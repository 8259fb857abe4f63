"""Defects of the public reference in overlays, imports, redaction and routing: none of them is here."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from alm_workbench.mpc import ASTNode, FrozenDict, ManifestAST, freeze, parse, thaw
from alm_workbench.mpc.imports import MemoryLibrary, resolve_imports, satisfies
from alm_workbench.mpc.overlay import OverlayResult, apply_overlays
from alm_workbench.mpc.redaction import redact
from tests.unit.mpc.conftest import ROOT


def base(**properties: Any) -> ManifestAST:
    """A manifest with one policy."""
    return ManifestAST(defs=(ASTNode("Policy", "p", None, freeze(properties)),))


def apply(ast: ManifestAST, *overlays: dict[str, Any]) -> OverlayResult:
    """Overlays, all of them about the policy unless they say otherwise."""
    nodes = [
        ASTNode("Overlay", f"o{number}", None, FrozenDict(freeze({"selector": {"id": "p"}, **given})))
        for number, given in enumerate(overlays)
    ]
    return apply_overlays(ast, nodes)


def test_w_41_overlay_leaves_its_base_alone() -> None:
    """Replacing at a path makes another manifest; the base still says allow, down to the byte."""
    ast = base(attributes={"effect": "allow"})
    before = pickle.dumps(ast)
    result = apply(ast, {"op": "replace", "path": "attributes.effect", "value": "deny"})
    assert thaw(result.ast.defs[0].properties) == {"attributes": {"effect": "deny"}}
    assert thaw(ast.defs[0].properties) == {"attributes": {"effect": "allow"}}
    assert pickle.dumps(ast) == before


def test_w_42_replace_stores_objects_and_refuses_scalars_on_the_way() -> None:
    """An object as value is stored whole, and a path through a scalar is a finding with its place."""
    result = apply(base(a=1), {"op": "replace", "path": "a", "value": {"x": 1, "y": 2}})
    assert thaw(result.ast.defs[0].properties) == {"a": {"x": 1, "y": 2}}
    text = 'def Policy p { a: 1 }\ndef Overlay o { target: "p" op: "replace" path: "a.b" value: 2 }'
    ast = parse(text, format="dsl")
    (found,) = apply_overlays(ast, ast).conflicts
    assert (found.code, found.message) == ("E_OVERLAY_PATH", "'a.b' leads through 'a', which is a number")
    assert found.span is not None
    assert text.splitlines()[found.span.line - 1][found.span.col - 1 :].startswith('"a.b"')


@pytest.mark.parametrize(
    "overlays",
    [
        ({"op": "merge", "values": {"s": 1}}, {"op": "merge", "values": {"s": 2}}),
        ({"op": "patch", "values": {"s": 1}}, {"op": "patch", "values": {"s": 2}}),
        ({"op": "replace", "values": {"s": 1}}, {"op": "replace", "values": {"s": 2}}),
        ({"op": "replace", "path": "m", "value": {}}, {"op": "replace", "path": "m.x", "value": 1}),
        ({"op": "replace", "path": "s", "value": 1}, {"op": "replace", "path": "s", "value": 2}),
    ],
)
def test_w_43_every_conflict_is_seen_and_none_applied(overlays: tuple[dict[str, Any], ...]) -> None:
    """Two overlays that want different things change nothing, in either order."""
    ast = base(s=0, m={"x": 0})
    for given in (overlays, overlays[::-1]):
        result = apply(ast, *given)
        assert [d.code for d in result.conflicts] == ["E_OVERLAY_CONFLICT"]
        assert result.ast == ast


def test_w_43_an_empty_selector_removes_nothing() -> None:
    """It is refused, with the registered code."""
    ast = base(s=0)
    result = apply(ast, {"op": "remove", "selector": {}})
    assert [d.code for d in result.conflicts] == ["E_OVERLAY_UNKNOWN_SELECTOR"]
    assert result.ast == ast


def library(**bodies: str) -> MemoryLibrary:
    """Manifests by name."""
    found = MemoryLibrary()
    for name, body in bodies.items():
        found.register(name, parse(f'@namespace "{name}"\n{body}', format="dsl"))
    return found


def test_w_44_diamonds_transitive_imports_and_aliases() -> None:
    """A diamond is no circle, what a library imports comes along, and an alias reaches references."""
    lib = library(
        a="def Import c {} def Policy pa {}",
        b="def Import c {} def Policy pb {}",
        c='def Policy root {} def Policy leaf { extends: "root" }',
    )
    app = parse(
        '@namespace "app"\ndef Import a {} def Import b {} def Import x { source: "c" alias: "own" }', format="dsl"
    )
    result = resolve_imports(app, lib)
    assert result.diagnostics == ()
    assert [node.id for node in result.ast.of_kind("Policy")] == ["pa", "root", "leaf", "pb", "own.root", "own.leaf"]
    assert [node.properties.get("extends") for node in result.ast.of_kind("Policy") if "leaf" in node.id] == [
        "root", "own.root",
    ]  # fmt: skip


def test_w_44_one_library_under_two_aliases() -> None:
    """The reference calls this a circle."""
    app = parse(
        '@namespace "app"\ndef Import x { source: "c" alias: "x" } def Import y { source: "c" alias: "y" }',
        format="dsl",
    )
    result = resolve_imports(app, library(c="def Role r {}"))
    assert result.diagnostics == ()
    assert [node.id for node in result.ast.of_kind("Role")] == ["x.r", "y.r"]


def test_w_45_ranges_of_versions() -> None:
    """Upper bounds count, a caret below 1.0 keeps the minor version, and x-ranges and equality are understood."""
    assert not satisfies("5.0.0", ">=1.0.0 <2.0.0")
    assert satisfies("1.9.9", ">=1.0.0 <2.0.0")
    assert not satisfies("0.9.0", "^0.2.0")
    assert not satisfies("0.3.0", "^0.2.0")
    assert satisfies("0.2.7", "^0.2.0")
    assert satisfies("1.2.3", "1.x")
    assert satisfies("1.2.3", "=1.2.3")
    assert satisfies("1.2.3-beta.2", ">=1.2.3-beta.1 || 9")


@dataclass(frozen=True)
class Account:
    """Something that holds a secret."""

    name: str
    password: str


def test_w_46_nothing_leaks() -> None:
    """Words in keys, tuples, texts, keys that are no text, dataclasses and definitions."""
    data = {
        "userPassword": "s3cret",
        "x-api-key": "s3cret",
        "pair": ({"token": "s3cret"}, "password=s3cret"),
        "log": "Authorization: Bearer s3cret12345 to https://u:s3cret@host/",
        7: {"secret": "s3cret"},
        "account": Account("n", "s3cret"),
        "set": {"token=s3cret"},
        "node": ASTNode("X", "x", None, FrozenDict({"password": "s3cret"})),
    }
    assert "s3cret" not in repr(redact(data))


def test_w_47_a_canary_is_sticky_in_every_process() -> None:
    """Six hash seeds, one answer; at this weight both versions occur among the actors."""
    code = (
        "from alm_workbench.mpc.routing import CanaryRouter\n"
        "router = CanaryRouter('stable', 'canary', 0.5)\n"
        "print([router.resolve_version(f'actor-{i}') for i in range(40)])"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
        for seed in range(1, 7)
    }
    assert len(answers) == 1
    assert "stable" in (answer := answers.pop())
    assert "canary" in answer
