"""Category `form`: a form package from DSL text, data and an actor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import MPCError
from ..expr.evaluate import Limits
from ..forms import FormEngine, FormLimits
from ..parse import parse
from .case import Case


def run(case: Case) -> Any:
    """The package with snake_case keys; budgets come from the preset and the fixture's own limits."""
    data, text, form_id = case.input, case.need("dsl"), case.need("form_id")
    for key in ("data", "actor_attrs"):
        if not isinstance(data.get(key) or {}, Mapping):
            raise MPCError("E_PARSE_SYNTAX", f"'{key}' must be an object")
    sizes = FormLimits(
        max_dsl_size=case.limit("maxFormDslSize", FormLimits().max_dsl_size),
        max_data_size=case.limit("maxFormDataSize", FormLimits().max_data_size),
        max_actor_size=case.limit("maxFormActorSize", FormLimits().max_actor_size),
    )
    if len(text) > sizes.max_dsl_size:
        message = f"The form's text has {len(text)} characters; at most {sizes.max_dsl_size} are allowed"
        raise MPCError("E_FORM_DSL_TOO_LARGE", message, limit=sizes.max_dsl_size)
    limits = Limits(
        case.limit("maxExprSteps", 5_000),
        case.limit("maxExprDepth", 50),
        case.limit("maxEvalTimeMs", 50.0),
        case.limit("maxRegexOps", 5_000),
    )
    package = FormEngine(parse(text, format="dsl"), limits=limits, form_limits=sizes).get_form_package(
        form_id,
        data.get("data") or {},
        actor_roles=data.get("actor_roles") or (),
        actor_attrs=data.get("actor_attrs") or {},
        fail_open=data.get("fail_open", True),
        clock=str(case.meta.get("clock", "")),
    )
    wire = package.to_dict()
    return {
        "json_schema": wire["jsonSchema"],
        "ui_schema": wire["uiSchema"],
        "field_state": wire["fieldState"],
        "validation": wire["validation"],
    }
