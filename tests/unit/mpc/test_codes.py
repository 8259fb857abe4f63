"""The registry of codes: complete, without dead entries, and enforced."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alm_workbench.mpc.codes import (
    CONTRACT_VERSIONS,
    ERROR_CODES,
    INTENT_KINDS,
    REASON_CODES,
    intent_kinds,
    intent_problems,
    validate_all_codes,
    validate_error_code,
    validate_intent_kind,
    validate_reason_code,
)

from .conftest import ROOT

CORE = ROOT / "alm_workbench" / "mpc"
CODE = re.compile(r"[ER]_[A-Z][A-Z0-9_]*")

CONTRACT_ERRORS = set(
    """
E_PARSE_SYNTAX E_PARSE_UNSUPPORTED_FORMAT E_PARSE_MISSING_REQUIRED E_PARSE_INVALID_TOKEN E_META_UNKNOWN_KIND
E_META_MISSING_REQUIRED_FIELD E_META_TYPE_NOT_ALLOWED E_META_FUNCTION_NOT_ALLOWED E_META_BREAKING_CHANGE E_VALID
E_VALID_DUPLICATE_DEF E_VALID_UNRESOLVED_REF E_VALID_CYCLE_DETECTED E_VALID_NAMESPACE_CONFLICT E_VALID_INVALID_WORKFLOW
E_EXPR_TYPE_MISMATCH E_EXPR_UNKNOWN_FUNCTION E_EXPR_LIMIT_STEPS E_EXPR_LIMIT_DEPTH E_EXPR_LIMIT_TIME E_EXPR_REGEX_LIMIT
E_BUDGET_EXCEEDED E_EXPR_DIV_BY_ZERO E_EXPR_INVALID_REGEX E_WF_NO_INITIAL E_WF_UNKNOWN_STATE E_WF_UNKNOWN_TRANSITION
E_WF_GUARD_FAIL E_WF_AUTH_DENIED E_POLICY_INVALID_MATCHER E_POLICY_INVALID_TEMPLATE E_ACL_INVALID_RULE
E_ACL_UNKNOWN_ACTION E_OVERLAY_CONFLICT E_OVERLAY_UNKNOWN_SELECTOR E_OVERLAY_INVALID_OP E_COMPOSE_CONFLICT
E_FORM_DSL_TOO_LARGE E_FORM_DATA_TOO_LARGE E_FORM_ACTOR_TOO_LARGE E_FORM_EXPR_FAILED E_FORM_TIMEOUT
E_GOV_SIGNATURE_REQUIRED E_GOV_SIGNATURE_INVALID E_GOV_ATTESTATION_MISSING E_GOV_ACTIVATION_FAILED E_QUOTA_EXCEEDED
E_EXPR_PARSE E_WF_INVALID_INITIAL E_WF_DYN_FAIL E_WF_DEAD_END E_WF_ORPHANED_STATE E_WF_UNREACHABLE_STATE
E_WF_DEADLOCK_STATE E_GOV_AUDIT_FAILED E_GOV_QUORUM_INCOMPLETE E_GOV_STATE_INVALID E_QUOTA_COMPLEXITY
""".split()  # noqa: SIM905 (a table, not a list)
)
CONTRACT_REASONS = set(
    """
R_POLICY_ALLOW R_POLICY_DENY R_ACL_ALLOW_ROLE R_ACL_DENY_ROLE R_ACL_ALLOW_ABAC R_ACL_DENY_ABAC R_WF_GUARD_PASS
R_WF_GUARD_FAIL R_WF_AUTH_DENIED R_WF_QUEUED R_WF_IGNORED R_GOV_SIGNATURE_VALID R_GOV_ATTESTATION_PASSED
""".split()  # noqa: SIM905
)

# Registered, and produced by nothing in the core. Reviewed: each says why it is kept.
NEVER_PRODUCED = {
    "E_EXPR_LIMIT_STEPS": "the contract registers it and asks for E_BUDGET_EXCEEDED instead",
    "E_GOV_ACTIVATION_FAILED": "putting into force is not built yet",
    "E_GOV_AUDIT_FAILED": "putting into force is not built yet",
    "E_GOV_QUORUM_INCOMPLETE": "putting into force is not built yet",
    "E_GOV_STATE_INVALID": "putting into force is not built yet",
    "E_PARSE_INVALID_TOKEN": "a strange character is E_PARSE_SYNTAX in all three languages",
    "E_QUOTA_COMPLEXITY": "quotas beyond the number of nodes are not built yet",
}


def constants(path: Path) -> Iterator[str]:
    """Texts in a module that look like a code of ours."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


def produced() -> dict[str, set[str]]:
    """Codes in the core's source, each with the modules that name it."""
    found: dict[str, set[str]] = {}
    for path in CORE.rglob("*.py"):
        if path.name != "codes.py":
            for code in constants(path):
                found.setdefault(code, set()).add(path.relative_to(CORE).as_posix())
    return found


def test_every_code_in_the_core_is_registered() -> None:
    """No module of the core knows a code that the registry does not; a prefix is not a code."""
    strange = {code: where for code, where in produced().items() if code not in {*ERROR_CODES, *REASON_CODES}}
    assert strange == {}


def test_every_registered_code_is_produced() -> None:
    """A code that nothing produces is reviewed, and leaves the list as soon as something does."""
    silent = {*ERROR_CODES, *REASON_CODES} - produced().keys()
    assert silent == NEVER_PRODUCED.keys()


def test_the_contract_is_registered() -> None:
    """Codes and intent kinds of the contract, with those its reference produces and forgets to register."""
    assert ERROR_CODES.keys() >= CONTRACT_ERRORS
    assert REASON_CODES.keys() >= CONTRACT_REASONS
    assert len(CONTRACT_ERRORS) == 47 + 11
    assert len(CONTRACT_REASONS) == 13
    assert (len(intent_kinds("1.0")), len(intent_kinds("1.1"))) == (11, 15)
    assert intent_kinds("1.1") - intent_kinds("1.0") == {"setField", "webhook", "createTask", "requireApproval"}


@pytest.mark.parametrize("table", [ERROR_CODES, REASON_CODES], ids=["errors", "reasons"])
def test_every_code_has_one_sentence(table: dict[str, str]) -> None:
    """A code says in one sentence of its own what it means."""
    assert all(re.fullmatch(r"[A-Z][^.]*\.", text) for text in table.values())
    assert len(set(table.values())) == len(table)


def test_the_registry_cannot_be_changed() -> None:
    """Nobody registers a code at run time."""
    with pytest.raises(TypeError):
        ERROR_CODES["E_MINE"] = "Mine."  # type: ignore[index]


def test_unknown_codes_are_refused() -> None:
    """Validators accept what is registered and raise ValueError on the rest, each in its own table."""
    validate_error_code("E_PARSE_SYNTAX")
    validate_reason_code("R_POLICY_DENY")
    validate_intent_kind("notify", "1.0")
    with pytest.raises(ValueError, match="R_POLICY_DENY"):
        validate_error_code("R_POLICY_DENY")
    with pytest.raises(ValueError, match="E_PARSE_SYNTAX"):
        validate_reason_code("E_PARSE_SYNTAX")
    with pytest.raises(ValueError, match="setField"):
        validate_intent_kind("setField", "1.0")


def test_codes_are_found_anywhere() -> None:
    """`validate_all_codes` walks mappings and lists and says where it found what."""
    value = {
        "error": {"code": "E_NEW"},
        "reasons": [{"code": "R_POLICY_DENY"}, {"code": "R_NEW"}],
        "intents": [
            {"kind": "go", "target": "x"},
            {"kind": "go", "idempotencyKey": "k"},
            {"kind": "audit", "params": {}},
        ],
    }
    assert validate_all_codes(value) == [
        "$.error.code: unregistered code 'E_NEW'",
        "$.reasons[1].code: unregistered code 'R_NEW'",
        "$.intents[0].kind: unregistered intent kind 'go'",
        "$.intents[1].kind: unregistered intent kind 'go'",
    ]


def test_only_intents_and_codes_are_looked_at() -> None:
    """A definition's kind, a number under `code` and a code of another family are nobody's business."""
    assert validate_all_codes({"kind": "Policy", "id": "p"}) == []
    assert validate_all_codes([{"code": 3}, {"code": "HTTP_404"}, {"E_X": "E_X"}, "E_X"]) == []
    assert validate_all_codes({"kind": "setField", "target": "x"}, version="1.0") != []
    assert validate_all_codes({"kind": "setField", "target": "x"}, version="1.1") == []


def test_depth_is_no_obstacle() -> None:
    """A value nested deeper than the interpreter recurses is walked all the same."""
    value: object = {"code": "E_NEW"}
    for _ in range(5_000):
        value = [value]
    assert len(validate_all_codes(value)) == 1


SOUND: dict[str, dict[str, Any]] = {
    "maskField": {"target": "salary"},
    "notify": {"target": "u1", "params": {"template": "t"}, "idempotencyKey": "k"},
    "revoke": {"target": "s1", "idempotencyKey": "k"},
    "grantRole": {"target": "u1", "params": {"role": "editor"}, "idempotencyKey": "k"},
    "audit": {"target": "r", "params": {"action": "read", "actor": "u1"}, "idempotencyKey": "k"},
    "transform": {"target": "o", "params": {"operation": "upper", "input": 3}},
    "tag": {"target": "o", "params": {"tags": {"a": "b"}}},
    "rateLimit": {"target": "u1", "params": {"limitKey": "l", "windowMs": 1000, "maxRequests": 5}},
    "redirect": {"target": "/home", "params": {"permanent": True}},
    "publish": {"target": "a", "params": {"artifactHash": "h"}, "idempotencyKey": "k"},
    "rollback": {"target": "ns", "params": {"artifactHash": "h"}, "idempotencyKey": "k"},
    "setField": {"target": "fields.risk", "params": {"value": None}},
    "webhook": {"target": "build", "params": {"payload": {}}, "idempotencyKey": "k"},
    "createTask": {"target": "o", "params": {"title": "Look"}, "idempotencyKey": "k"},
    "requireApproval": {"target": "o", "params": {"roles": ["qa"], "count": 2}, "idempotencyKey": "k"},
}


def test_a_sound_intent_of_every_kind() -> None:
    """Each kind has an example without problems."""
    assert SOUND.keys() == INTENT_KINDS.keys()
    assert {kind: intent_problems({"kind": kind, **rest}) for kind, rest in SOUND.items()} == {
        kind: [] for kind in SOUND
    }


@pytest.mark.parametrize("kind", INTENT_KINDS)
def test_what_a_kind_requires(kind: str) -> None:
    """Target, key and parameters are asked for exactly where the kind requires them."""
    rules = INTENT_KINDS[kind]
    needed = [rule.name for rule in rules.params if rule.required]
    assert len(intent_problems({"kind": kind})) == 1 + rules.key_required + len(needed)
    for name in needed:
        whole = SOUND[kind]
        params = {key: value for key, value in dict(whole["params"]).items() if key != name}
        (problem,) = intent_problems({"kind": kind, **whole, "params": params})
        assert name in problem


def test_parameters_have_types() -> None:
    """A truth value is no number, and params are an object."""
    limit = {"kind": "rateLimit", "target": "u", "params": {"limitKey": "l", "windowMs": True, "maxRequests": "5"}}
    assert len(intent_problems(limit)) == 2
    assert len(intent_problems({"kind": "maskField", "target": "f", "params": ["x"]})) == 1
    assert len(intent_problems({"kind": "maskField", "target": "f", "params": {"mask": 1}})) == 1


def test_kinds_belong_to_versions() -> None:
    """A later kind does not exist in an earlier contract; an unknown one in none."""
    for version in CONTRACT_VERSIONS:
        assert intent_problems({"kind": "go", "target": "x"}, version=version)
    assert intent_problems({"kind": "setField", **SOUND["setField"]}, version="1.0")
