"""The contract: dataclasses, JSON Schemas and conversions say the same."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from alm_workbench.mpc import (
    CompiledManifest,
    Diagnostic,
    EvalContext,
    ManifestInvalid,
    MPCError,
    Span,
    decide_acl,
    decide_policy,
)
from alm_workbench.mpc.codes import CONTRACT_VERSIONS, ContractVersion, intent_kinds
from alm_workbench.mpc.contracts import (
    CONTRACTS,
    ContractError,
    Decision,
    Error,
    EventEnvelope,
    Intent,
    Reason,
    Trace,
    decision_meta,
    decision_of,
    error_of,
    from_dict,
    to_dict,
    trace_of,
    trace_of_step,
    unique_intents,
)
from alm_workbench.mpc.engines.common import Reason as EngineReason
from alm_workbench.mpc.engines.compose import compose_decisions
from alm_workbench.mpc.errors import Related
from alm_workbench.mpc.ports import NOBODY, Actor
from alm_workbench.mpc.workflow import Engine

from .conftest import META_DIR, ROOT
from .soak import soak

REFERENCE = ROOT.parent / "shared" / "reference" / "mpc" / "schemas"


def schemas(version: str) -> dict[str, dict[str, Any]]:
    """Our schemas of a version by contract."""
    return read_schemas(META_DIR / "contracts" / version)


def read_schemas(directory: Path) -> dict[str, dict[str, Any]]:
    """The schemas of a directory by contract."""
    files = sorted(directory.glob("*.schema.json"))
    return {file.name.removesuffix(".schema.json"): json.loads(file.read_text("utf-8")) for file in files}


def validators(found: Mapping[str, dict[str, Any]]) -> dict[str, Draft202012Validator]:
    """A validator for each schema, which find each other by `$id` or by file name."""
    pairs = [
        (schema.get("$id", f"{name}.schema.json"), Resource.from_contents(schema)) for name, schema in found.items()
    ]
    registry: Registry[Any] = Registry().with_resources(pairs)
    return {name: Draft202012Validator(schema, registry=registry) for name, schema in found.items()}


THEIRS = validators(read_schemas(REFERENCE))
OURS = {version: validators(schemas(version)) for version in CONTRACT_VERSIONS}


# ---------------------------------------------------------------- instances, sound and nearly so

WORDS = st.sampled_from(["", "a", "é😀", "x.y"])
FREE = st.dictionaries(
    st.sampled_from(["k", "engine", "artifactHash"]), st.none() | st.integers(0, 2) | WORDS, max_size=2
)
ODD: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, 2.5, -1]) | WORDS | st.just([]) | st.just({})
)
KINDS = st.sampled_from([*sorted(intent_kinds()), "go"])


def objects(needed: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that are mostly right, and sometimes lack a part, have one of another type, or one too many."""
    whole = st.fixed_dictionaries(needed, optional=optional)
    return whole | whole.flatmap(lambda value: spoiled(value, [*needed, *optional, "strange"]))


@st.composite
def spoiled(draw: st.DrawFn, value: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    """The object with one part removed or replaced."""
    found, key = dict(value), draw(st.sampled_from(keys))
    if draw(st.booleans()):
        found.pop(key, None)
    else:
        found[key] = draw(ODD)
    return found


LINES = st.sampled_from([0, 1, 7, 1.0, 1.5])
INTENT = objects({"kind": KINDS}, {"target": WORDS, "params": FREE, "idempotencyKey": WORDS})
REASON = objects({"code": WORDS}, {"summary": WORDS, "path": WORDS, "data": FREE})
MESSAGE = objects(
    {"level": st.sampled_from(["info", "warn", "error", "warning"]), "text": WORDS}, {"i18nKey": WORDS, "params": FREE}
)
META = FREE | objects({}, {"artifactHash": WORDS, "traceSpanId": WORDS, "own": ODD})
SPAN = objects({}, {"line2": LINES, "col2": LINES})
PLACE = objects({}, {"file": WORDS, "line": LINES, "col": LINES, "span": SPAN})
SEVERITY = st.sampled_from(["info", "warn", "error", "fatal", "warning"])
LEAF = objects({"code": WORDS, "message": WORDS, "severity": SEVERITY}, {"path": WORDS, "source": PLACE})
STEP = objects({"t": WORDS}, {"at": WORDS, "data": FREE, "result": FREE, "durationMs": st.sampled_from([0, 1.5, -1])})
INSTANCES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "intent": INTENT,
    "decision": objects(
        {"allow": st.booleans()},
        {
            "reasons": st.lists(REASON, max_size=2),
            "messages": st.lists(MESSAGE, max_size=2),
            "intents": st.lists(INTENT, max_size=2),
            "trace": FREE,
            "meta": META,
        },
    ),
    "error": objects(
        {"code": WORDS, "message": WORDS, "severity": SEVERITY},
        {"path": WORDS, "source": PLACE, "details": FREE, "causes": st.lists(LEAF, max_size=2)},
    ),
    "event_envelope": objects(
        {
            "name": WORDS,
            "kind": st.sampled_from(["create", "update", "delete", "transition", "custom", "read"]),
            "timestamp": st.sampled_from(["2026-02-22T00:00:00Z", "soon", ""]),
            "actor": objects(
                {"id": WORDS, "type": st.sampled_from(["user", "service", "system", "robot"])},
                {"roles": st.lists(WORDS, max_size=2), "claims": FREE},
            ),
            "object": objects({"type": WORDS, "id": WORDS}, {"state": WORDS, "attributes": FREE}),
        },
        {"id": WORDS, "context": FREE, "payload": FREE, "previous": FREE},
    ),
    "trace": objects({"spanId": WORDS, "engine": WORDS, "events": st.lists(STEP, max_size=2)}, {"parentSpanId": WORDS}),
}
PAIRS = st.sampled_from(sorted(CONTRACTS)).flatmap(lambda name: st.tuples(st.just(name), INSTANCES[name]))


@pytest.mark.parametrize("version", CONTRACT_VERSIONS)
@given(pair=PAIRS)
@soak(150)
def test_schemas_and_classes_agree(version: ContractVersion, pair: tuple[str, dict[str, Any]]) -> None:
    """Strict reading accepts exactly what the schema does; what it writes is sound, and reads as the same."""
    name, data = pair
    sound = OURS[version][name].is_valid(data)
    if not sound:
        with pytest.raises(ContractError):
            from_dict(CONTRACTS[name], data, strict=True, version=version)
        return
    found: Any = from_dict(CONTRACTS[name], data, strict=True, version=version)
    written = to_dict(found)
    assert OURS[version][name].is_valid(written)
    assert from_dict(CONTRACTS[name], written, strict=True, version=version) == found
    assert json.loads(json.dumps(written)) == written


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the public core's schemas are not here")
@given(pair=PAIRS)
@soak(150)
def test_version_1_0_is_the_public_contract(pair: tuple[str, dict[str, Any]]) -> None:
    """Our schemas of 1.0 give the same verdict as the public ones, with the same first error."""
    name, data = pair
    mine, other = (next(v[name].iter_errors(data), None) for v in (OURS["1.0"], THEIRS))
    assert (mine and (mine.validator, mine.message)) == (other and (other.validator, other.message))


@pytest.mark.parametrize("version", CONTRACT_VERSIONS)
def test_schemas_are_schemas(version: ContractVersion) -> None:
    """Each is valid itself, names itself by version and file, and lists the intent kinds of its version."""
    found = schemas(version)
    assert found.keys() == CONTRACTS.keys()
    for name, schema in found.items():
        Draft202012Validator.check_schema(schema)
        assert schema["$id"].endswith(f"/contracts/{version}/{name}.schema.json")
    assert set(found["intent"]["properties"]["kind"]["enum"]) == intent_kinds(version)


# ---------------------------------------------------------------- reading and writing

EVENT: dict[str, Any] = {
    "name": "entity.create",
    "kind": "create",
    "timestamp": "2026-02-22T00:00:00Z",
    "actor": {"id": "u1", "type": "user", "roles": ["qa"]},
    "object": {"type": "entity", "id": "e1", "attributes": {"deep": [{"list": [1]}]}},
}


def test_names_on_the_wire() -> None:
    """Python says snake_case, the wire camelCase; what is empty stays away."""
    intent = Intent("audit", "r", idempotency_key="k")
    assert to_dict(intent) == {"kind": "audit", "target": "r", "idempotencyKey": "k"}
    assert to_dict(Trace("s", "e", parent_span_id="p")) == {
        "spanId": "s",
        "engine": "e",
        "events": [],
        "parentSpanId": "p",
    }
    assert to_dict(Decision(True)) == {"allow": True}
    assert to_dict(Error("E_VALID", "Wrong")) == {"code": "E_VALID", "message": "Wrong", "severity": "error"}


def test_unknown_keys() -> None:
    """Lax reading ignores them at every depth, strict reading refuses them at every depth with the path."""
    data = copy.deepcopy(EVENT)
    data["object"]["colour"] = "red"
    assert from_dict(EventEnvelope, data) == from_dict(EventEnvelope, EVENT)
    with pytest.raises(ValueError, match=r"\$\.object: Unknown key 'colour'"):
        from_dict(EventEnvelope, data, strict=True)
    with pytest.raises(ValueError, match=r"\$\.intents\[1\]: Unknown key 'x'"):
        from_dict(Decision, {"allow": True, "intents": [{"kind": "tag"}, {"kind": "tag", "x": 1}]}, strict=True)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"name": None}, "E_META_MISSING_REQUIRED_FIELD", "'name' is missing"),
        ({"name": 5}, "E_META_TYPE_NOT_ALLOWED", r"\$\.name: a number where a text"),
        ({"name": ""}, "E_PARSE_SYNTAX", r"\$\.name: must not be empty"),
        ({"kind": "read"}, "E_PARSE_SYNTAX", "'read' is none of create, update"),
        ({"actor": []}, "E_META_TYPE_NOT_ALLOWED", r"\$\.actor: a list where an object"),
        ({"actor": {"id": "u", "type": "user", "roles": [""]}}, "E_PARSE_SYNTAX", r"\$\.actor\.roles\[0\]"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, Any], code: str, words: str) -> None:
    """The error has the code of the contract category and a message that begins with the path."""
    with pytest.raises(ContractError, match=words) as caught:
        from_dict(EventEnvelope, {**EVENT, **change})
    assert caught.value.code == code


def test_nulls() -> None:
    """Lax reading takes null for missing; the schema does not."""
    assert from_dict(Intent, {"kind": "tag", "target": None}) == Intent("tag")
    with pytest.raises(ContractError):
        from_dict(Intent, {"kind": "tag", "target": None}, strict=True)


def test_depth_ends_in_an_error() -> None:
    """A chain of causes without end, and a payload without floor, are refused and do not overflow."""
    cause: dict[str, Any] = {"code": "E_VALID", "message": "x", "severity": "error"}
    for _ in range(3_000):
        cause = {**cause, "causes": [{"code": "E_VALID", "message": "x", "severity": "error", "causes": [cause]}]}
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep]
    for cls, data in ((Error, cause), (Intent, {"kind": "tag", "params": {"a": deep}})):
        with pytest.raises(ContractError) as caught:
            from_dict(cast(type, cls), data)
        assert caught.value.code == "E_PARSE_LIMIT"


def test_instances_are_values() -> None:
    """Frozen to the bottom, equal by content, hashable, copyable, and deaf to later changes of their source."""
    data = copy.deepcopy(EVENT)
    event = from_dict(EventEnvelope, data)
    data["object"]["attributes"]["deep"].append(2)
    assert event == from_dict(EventEnvelope, EVENT)
    assert hash(event) == hash(pickle.loads(pickle.dumps(event)))
    assert copy.deepcopy(event) == event
    with pytest.raises(FrozenInstanceError):
        event.name = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        event.object.attributes["deep"] = 1  # type: ignore[index]
    assert to_dict(event) == EVENT


# ---------------------------------------------------------------- conversions

SPAN_5 = Span(10, 20, 3, 5, 4, 2, "m.alm")


def test_a_diagnostic_as_an_error() -> None:
    """Severity in the contract's words, the span as source, hint and related places as details."""
    found = Diagnostic(
        "E_WF_DEAD_END", "No way out", "warning", SPAN_5, "defs/w", "add a transition", (Related("here", SPAN_5),)
    )
    source = {"file": "m.alm", "line": 3, "col": 5, "span": {"line2": 4, "col2": 2}}
    data = to_dict(error_of(found))
    assert data == {
        "code": "E_WF_DEAD_END",
        "message": "No way out",
        "severity": "warn",
        "path": "defs/w",
        "source": source,
        "details": {"hint": "add a transition", "related": [{"message": "here", "source": source}]},
    }
    assert OURS["1.0"]["error"].is_valid(data)


def test_exceptions_as_errors() -> None:
    """A limit goes into the details; an invalid manifest's findings become causes."""
    assert to_dict(error_of(MPCError("E_BUDGET_EXCEEDED", "Too many", limit=5)))["details"] == {"limit": 5}
    invalid = ManifestInvalid((Diagnostic("E_VALID_ID", "Bad id", span=SPAN_5), Diagnostic("E_VALID", "More")))
    data = to_dict(error_of(invalid))
    assert [cause["code"] for cause in data["causes"]] == ["E_VALID_ID", "E_VALID"]
    assert OURS["1.0"]["error"].is_valid(data)


def test_an_engine_decision_as_a_contract_decision() -> None:
    """Rule, place and values stand in the reason's data; an author's words become messages; the trace tells the same."""
    reason = EngineReason("R_POLICY_DENY", "No", "p1", SPAN_5, {"x": 1}, {"tr": "Hayır", "en": "No way"})

    class Answer:
        allow = False
        reasons = (reason,)
        intents = ({"kind": "tag", "target": "o"}, {"kind": "tag", "target": "o"})

    meta = decision_meta("h", "alm-policy", "1.0", trace_span_id="s")
    found = decision_of(Answer(), meta=meta)
    data = to_dict(found)
    assert data["reasons"][0]["data"]["rule"] == "p1"
    assert data["reasons"][0]["data"]["source"]["line"] == 3
    assert data["reasons"][0]["data"]["values"] == {"x": 1}
    assert data["messages"] == [
        {"level": "error", "text": "No way", "params": {"labels": {"tr": "Hayır", "en": "No way"}}}
    ]
    assert data["intents"] == [{"kind": "tag", "target": "o"}]
    assert data["meta"] == meta
    assert OURS["1.0"]["decision"].is_valid(data)
    trace = to_dict(trace_of(found, "s", "alm-policy"))
    assert [event["t"] for event in trace["events"]] == ["reason", "decision"]
    assert OURS["1.0"]["trace"].is_valid(trace)


def test_policy_decisions_are_sound(safety: CompiledManifest) -> None:
    """What the policy engine says of a shipped manifest fits the contract."""
    meta = decision_meta(safety.artifact_hash, "alm-policy", "1")
    for type_id in safety.types:
        for event in ("transition", "create", "delete"):
            answer = decide_policy(safety, EvalContext(event={"name": event}), type_id)
            data = to_dict(decision_of(answer, meta=meta))
            assert OURS["1.1"]["decision"].is_valid(data)
            assert data["allow"] is answer.allow


def test_access_decisions_are_sound(safety: CompiledManifest) -> None:
    """Rule and role stand in the reason; hidden fields become intents in order."""
    viewer = EvalContext(actor={"id": "u", "roles": ["viewer"]})
    data = to_dict(decision_of(decide_acl(safety, "read", "requirement", viewer)))
    assert OURS["1.0"]["decision"].is_valid(data)
    assert data["reasons"][0]["code"] == "R_ACL_ALLOW_ROLE"
    assert data["reasons"][0]["path"] == "defs/viewers_read"
    hidden = [intent["target"] for intent in data["intents"]]
    assert hidden == sorted(hidden)
    assert "hazard_note" in hidden


def test_a_conflict_is_sound() -> None:
    """The reason of a conflict belongs to no rule."""
    parts = [Decision(True, (Reason("R_POLICY_ALLOW"),)), Decision(False, (Reason("R_ACL_DENY_ROLE"),))]
    data = to_dict(decision_of(compose_decisions(parts, strategy="only-one")))
    assert [reason["code"] for reason in data["reasons"]] == ["E_COMPOSE_CONFLICT"]
    assert OURS["1.0"]["decision"].is_valid(data)


def test_workflow_steps_are_sound(safety: CompiledManifest) -> None:
    """A step's decision, errors and trace fit the contract, taken or refused."""
    flow = safety.workflow_of("requirement")
    assert flow is not None
    engine = Engine(flow, trace=True)
    for actor in (NOBODY, Actor("u1", frozenset({"engineer", "reviewer", "manager"}))):
        for event in ("submit", "nonsense"):
            result = engine.fire(engine.initial(), event, actor, {"self": {"title": "A long enough title"}})
            assert OURS["1.1"]["decision"].is_valid(to_dict(decision_of(result)))
            for found in result.errors:
                assert OURS["1.0"]["error"].is_valid(to_dict(error_of(found)))
            assert result.trace is not None
            trace = to_dict(trace_of_step(result.trace, "s1"))
            assert OURS["1.0"]["trace"].is_valid(trace)
            assert trace["events"][0]["data"]["name"] == event
            assert [e["data"]["name"] for e in trace["events"] if e["t"] == "took"] == list(result.taken)


def test_an_intent_outside_the_taxonomy_is_refused() -> None:
    """An engine cannot smuggle an intent kind into a decision."""

    class Answer:
        allow = True
        reasons: tuple[Any, ...] = ()
        intents = ({"kind": "go", "target": "s2"},)

    with pytest.raises(ContractError, match="'go' is none of"):
        decision_of(Answer())


def test_intents_are_unique_by_key() -> None:
    """Kind, target and key decide; the first stays, in its place."""
    first, again, other = Intent("tag", "o", {"tags": {}}), Intent("tag", "o"), Intent("tag", "o", None, "k")
    assert unique_intents([first, other, again]) == (first, other)


def test_reasons_without_a_rule() -> None:
    """A reason of no rule has no data."""

    class Answer:
        allow = False
        reasons = (EngineReason("R_ACL_DENY_ROLE", "Nothing allows it"),)

    assert decision_of(Answer()).reasons == (Reason("R_ACL_DENY_ROLE", "Nothing allows it"),)
