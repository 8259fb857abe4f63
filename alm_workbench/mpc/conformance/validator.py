"""Category `validator`: definitions against a list of kinds, then against each other."""

from __future__ import annotations

import json
from typing import Any

from ..ast import thaw
from ..contracts import error_of
from ..meta import DomainMeta
from ..parse import read
from ..validate import validate
from .case import Case


def run(case: Case) -> Any:
    """`{"valid": true}`, or every finding; without `meta_kinds` any kind is known."""
    defs = thaw(case.need("defs"))
    found = read(json.dumps({"namespace": case.input.get("namespace", "test"), "defs": defs}), format="json")
    names = case.input.get("meta_kinds") or sorted({node.kind for node in found.ast.defs})
    meta = DomainMeta.load({"kinds": [{"name": name} if isinstance(name, str) else name for name in names]})
    errors = [error_of(item) for item in (*found.diagnostics, *validate(found.ast, meta))]
    for item in errors:
        case.note(f"{item.path or '$'}: {item.code}")
    listed = [{"code": item.code, "message": item.message, "severity": item.severity} for item in errors]
    return {"errors": listed} if listed else {"valid": True}
