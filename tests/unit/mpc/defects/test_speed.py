"""The slow paths of the reference (W-58): nothing is parsed, sorted or filtered twice, and work grows with the input."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import pytest

from alm_workbench.mpc import DomainMeta, EvalContext, decide_acl, decide_policy
from alm_workbench.mpc.ast import ASTNode, FrozenDict, ManifestAST, freeze
from alm_workbench.mpc.compile import build
from alm_workbench.mpc.expr import parse as expressions
from alm_workbench.mpc.expr.evaluate import Limits, evaluate
from alm_workbench.mpc.overlay import apply_overlays
from alm_workbench.mpc.parse.yaml_ import read_yaml
from alm_workbench.mpc.validate import validate

META = DomainMeta.load({"kinds": [{"name": name} for name in ("ACL", "Policy", "Role", "Overlay", "Thing")]})


def seconds(work: Callable[[], Any]) -> float:
    """Processor seconds of a call: the best of five."""

    def once() -> float:
        began = process_time()
        work()
        return process_time() - began

    return min(once() for _ in range(5))


def manifest(*nodes: ASTNode) -> ManifestAST:
    return ManifestAST(1, "speed", "speed", "1.0.0", nodes)


def node(kind: str, number: int, **properties: Any) -> ASTNode:
    return ASTNode(kind, f"{kind.lower()}_{number}", None, FrozenDict(freeze(properties)))


def rules(count: int) -> ManifestAST:
    """Policies and access rules about a hundredth of the types each."""
    found = [node("Role", 0)]
    for n in range(count):
        kind, when = f"type_{n // 10}", f"self.size > {n}"
        found.append(node("ACL", n, action="read", resource=kind, roles=["role_0"], condition=when, effect="allow"))
        found.append(node("Policy", n, events=["update"], match={"object.type": kind, "expr": f"event.size > {n}"}))
    return manifest(*found)


def context(size: int = 5) -> EvalContext:
    event = {"name": "update", "size": size, "object": {"type": "type_0"}}
    return EvalContext({"size": size}, {"id": "ada", "roles": ["role_0"]}, event)


def test_w_58_decisions_parse_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference parses every expression again at every decision."""
    compiled = build(rules(20), META)

    def refuse(text: str) -> Any:
        raise AssertionError(f"parsed again: {text}")

    first = decide_acl(compiled, "read", "type_0", context()).allow, decide_policy(compiled, context(), "type_0").allow
    monkeypatch.setattr(expressions, "_parse", refuse)
    monkeypatch.setattr(expressions, "parse_expr", refuse)
    for size in range(50):
        decide_acl(compiled, "read", "type_0", context(size))
        decide_policy(compiled, context(size), "type_0")
    again = decide_acl(compiled, "read", "type_0", context()).allow, decide_policy(compiled, context(), "type_0").allow
    assert first == again


def test_w_58_decisions_do_not_grow_with_the_rules() -> None:
    """The reference filters and sorts all rules at every call: a hundred times the rules, a hundred times the time."""
    few, many = build(rules(20), META), build(rules(2_000), META)

    def ask(compiled: Any) -> Callable[[], None]:
        def run() -> None:
            for size in range(300):
                decide_acl(compiled, "read", "type_1", context(size))

        run()
        return run

    assert seconds(ask(many)) < 10 * seconds(ask(few))


def test_w_58_yaml_is_read_by_the_c_loader() -> None:
    """The reference uses the pure Python loader, which is several times slower."""
    import yaml

    text = "defs:\n" + "".join(
        f"  - {{kind: Thing, id: t{n}, words: [a, b, c], deep: {{x: {n}}}}}\n" for n in range(400)
    )
    from alm_workbench.mpc.parse import LIMITS

    ours = seconds(lambda: read_yaml(text, LIMITS))
    theirs = seconds(lambda: yaml.load(text, Loader=yaml.SafeLoader))
    assert ours < theirs


def test_w_58_overlays_look_up_what_they_change() -> None:
    """The reference looks at every definition for every overlay: ten times both, a hundred times the time."""

    def work(count: int) -> Callable[[], None]:
        base = manifest(*(node("Thing", n, size=n) for n in range(count)))
        variants = [
            node("Overlay", n, selector={"kind": "Thing", "id": f"thing_{n}"}, op="replace", path="size", value=0)
            for n in range(count)
        ]

        def run() -> None:
            assert len(apply_overlays(base, variants).applied) == count

        return run

    assert seconds(work(1_500)) < 40 * seconds(work(150))


def test_w_58_a_trace_has_one_entry_a_step() -> None:
    """The reference copies what it has so far at every level."""

    def nested(depth: int) -> Any:
        return {"not": nested(depth - 1)} if depth else {"lit": True}

    for depth in (10, 40):
        found = evaluate(nested(depth), DomainMeta(), limits=Limits(max_depth=60), enable_trace=True)
        assert len(found.trace) == found.steps == depth + 1


def test_w_58_kinds_are_looked_up() -> None:
    """The reference walks the list of kinds for every definition."""

    def work(kinds: int) -> Callable[[], Any]:
        meta = DomainMeta.load({"kinds": [{"name": f"Kind{n}", "optional_props": ["size"]} for n in range(kinds)]})
        found = manifest(*(ASTNode(f"Kind{kinds - 1}", f"thing_{n}", None, FrozenDict(size=n)) for n in range(600)))
        assert validate(found, meta) == []
        return lambda: validate(found, meta)

    assert seconds(work(2_000)) < 4 * seconds(work(2))
