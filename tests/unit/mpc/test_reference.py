"""Conformance fixtures of the public core, where they lie beside the project; categories this slice covers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from alm_workbench.mpc import DomainMeta, MPCError, canonicalize
from alm_workbench.mpc.canonical import order_nested
from alm_workbench.mpc.expr.evaluate import Limits, evaluate
from alm_workbench.mpc.parse import read
from alm_workbench.mpc.validate import validate

from .conftest import ROOT

REFERENCE = ROOT.parent / "shared" / "reference" / "mpc"
FIXTURES = [
    path for category in ("canonical", "expr", "validator") for path in sorted(REFERENCE.glob(f"fixtures/{category}/*"))
]
pytestmark = pytest.mark.skipif(not FIXTURES, reason="the reference fixtures are not here")


def load(path: Any) -> Any:
    return json.loads(path.read_text("utf-8"))


def run_canonical(data: Mapping[str, Any], _meta: Mapping[str, Any]) -> Any:
    return order_nested(data)


def run_expr(data: Mapping[str, Any], meta: Mapping[str, Any]) -> Any:
    preset = load(REFERENCE / "presets" / f"{meta.get('preset', 'preset-generic-full')}.json")
    limits = {**preset["defaultLimits"], **meta.get("limits", {})}
    wanted = data.get("functions") or None
    functions = [f for f in preset.get("defaultFunctions", []) if wanted is None or f["name"] in wanted]
    try:
        found = evaluate(
            data["expr"],
            DomainMeta.load({"functions": functions}),
            data.get("typeEnv"),
            limits=Limits(
                limits["maxExprSteps"], limits["maxExprDepth"], limits["maxEvalTimeMs"], limits["maxRegexOps"]
            ),
        )
    except MPCError as error:
        return {"error": {"code": error.code, "message": error.message, "severity": "error"}}
    return {"value": found.value, "type": found.type}


def run_validator(data: Mapping[str, Any], _meta: Mapping[str, Any]) -> Any:
    text = json.dumps({"namespace": data.get("namespace", "test"), "defs": data["defs"]})
    kinds = data.get("meta_kinds") or sorted({d["kind"] for d in data["defs"]})
    meta = DomainMeta.load({"kinds": [{"name": k} if isinstance(k, str) else k for k in kinds]})
    found = validate(read(text).ast, meta)
    errors = [{"code": d.code, "message": d.message, "severity": d.severity} for d in found]
    return {"errors": errors} if errors else {"valid": True}


RUNNERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Any]] = {
    "canonical": run_canonical,
    "expr": run_expr,
    "validator": run_validator,
}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_fixture(path: Any) -> None:
    """Output and expectation are the same canonical text."""
    result = RUNNERS[path.parent.name](load(path / "input.json"), load(path / "meta.json"))
    assert canonicalize(result) == canonicalize(load(path / "expected.json"))
