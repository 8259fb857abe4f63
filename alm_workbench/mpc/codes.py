"""The registry of codes: every error, reason and intent kind that the core may produce, with its meaning.

A code is part of the contract: callers branch on it, translations and the documentation are keyed by it, and the
conformance runner refuses output that carries one that is not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

ContractVersion = Literal["1.0", "1.1"]

ERROR_CODES: Mapping[str, str] = MappingProxyType(
    {
        # Reading a text
        "E_PARSE_SYNTAX": "The text is not in the language, or an input lacks a part without which it means nothing.",
        "E_PARSE_UNSUPPORTED_FORMAT": "The format is none of dsl, yaml and json.",
        "E_PARSE_MISSING_REQUIRED": "A definition lacks its kind or id.",
        "E_PARSE_INVALID_TOKEN": "The text holds a character that begins no token.",
        "E_PARSE_DUPLICATE_KEY": "A mapping has the same key twice.",
        "E_PARSE_LIMIT": "The document is larger, deeper or more numerous than the limits allow.",
        # Printing and hashing
        "E_PRINT": "The value cannot be written in the language.",
        "E_FORMAT": "Formatting would change what the text means.",
        "E_CANONICAL_KEY": "A mapping with keys that are not text has no canonical form.",
        "E_CANONICAL_NUMBER": "NaN and infinite numbers have no canonical form.",
        "E_CANONICAL_TYPE": "A value of this type has no canonical form.",
        "E_ARTIFACT_INVALID": "The data is not a compiled manifest of this engine.",
        # The vocabulary
        "E_META_INVALID": "The domain meta itself is wrong.",
        "E_META_UNKNOWN_KIND": "The vocabulary has no such kind, or a contract no such property.",
        "E_META_MISSING_REQUIRED_FIELD": "A required property is missing.",
        "E_META_TYPE_NOT_ALLOWED": "A value is of a type that is not allowed there.",
        "E_META_FUNCTION_NOT_ALLOWED": "An expression calls a function that the vocabulary does not declare.",
        "E_META_FUNCTION_TAKEN": "A function of that name exists already.",
        "E_META_CHILD_NOT_ALLOWED": "A definition lies inside one that takes no such children.",
        "E_META_UNKNOWN_PROPERTY": "The kind has no such property.",
        "E_META_UNKNOWN_VALUE": "The value is not one of those the property may have.",
        "E_META_BREAKING_CHANGE": "A new version of the vocabulary would invalidate existing manifests.",
        # What a manifest says as a whole
        "E_VALID": "The manifest is not valid.",
        "E_VALID_ID": "An id is not a name that expressions and links can use.",
        "E_VALID_DUPLICATE_DEF": "A definition of that kind and id exists already.",
        "E_VALID_UNRESOLVED_REF": "A reference leads nowhere.",
        "E_VALID_CYCLE_DETECTED": "Definitions refer to each other in a circle.",
        "E_VALID_NAMESPACE_CONFLICT": "An id is used by more than one kind, or an import brings one that is taken.",
        "E_VALID_INVALID_WORKFLOW": "A workflow is not sound.",
        "E_VALID_RESERVED_NAME": "A name is taken by the core.",
        "E_VALID_NOT_UNIQUE": "A key prefix or the inverse of a link belongs to another definition already.",
        "E_VALID_UNUSED": "Nothing in the manifest uses a definition.",
        # Rules looked at together
        "E_RULE_DEAD": "A rule can never match.",
        "E_RULE_FOR_EVERYONE": "A rule with an empty list of roles is for everyone, one with an empty list of events about all of them.",
        "E_RULE_SHADOWED": "A rule never decides, because another that covers it is asked first.",
        "E_RULE_REDUNDANT": "A rule says nothing that another does not say already.",
        "E_RULE_CONFLICT": "Rules of one priority allow and deny the same.",
        # Expressions
        "E_EXPR_PARSE": "The expression is not in the language.",
        "E_EXPR_TYPE_MISMATCH": "An operand or argument is of the wrong type.",
        "E_EXPR_UNKNOWN_FUNCTION": "The expression calls a function that does not exist.",
        "E_EXPR_UNKNOWN_NAME": "The expression names something that does not exist.",
        "E_EXPR_UNKNOWN_VALUE": "The expression compares with a value that its other side can never have.",
        "E_EXPR_FIELD_NOT_EVERYWHERE": "A field that the expression reads is missing in some of the types it is for.",
        "E_EXPR_LIMIT_STEPS": "The expression takes more steps than its budget.",
        "E_EXPR_LIMIT_DEPTH": "The expression is nested deeper than its budget.",
        "E_EXPR_LIMIT_TIME": "The expression took longer than its budget.",
        "E_EXPR_REGEX_LIMIT": "The expression matches more regular expressions than its budget.",
        "E_BUDGET_EXCEEDED": "The evaluation took more steps than its budget.",
        "E_EXPR_DIV_BY_ZERO": "The expression divides by zero.",
        "E_EXPR_INVALID_REGEX": "A pattern is not a regular expression (RE2).",
        # Field values
        "E_FIELD_TYPE": "The value of a field is of the wrong type.",
        "E_FIELD_UNKNOWN": "The type has no such field.",
        "E_FIELD_UNKNOWN_TYPE": "The manifest has no such type.",
        "E_FIELD_REQUIRED": "A field that must have a value has none.",
        "E_FIELD_READONLY": "The field may not be changed now.",
        "E_FIELD_COMPUTED": "The field is computed and takes no value.",
        "E_FIELD_CHOICE": "The value is not one of the field's choices.",
        "E_FIELD_PATTERN": "The value does not match the field's pattern.",
        "E_FIELD_RANGE": "The value is too small, too large, too short or too long.",
        # Workflows
        "E_WF_NO_INITIAL": "A workflow does not say where it begins.",
        "E_WF_INVALID_INITIAL": "The initial state is not one of the workflow's states.",
        "E_WF_UNKNOWN_STATE": "A transition or setting names a state that does not exist.",
        "E_WF_UNKNOWN_TRANSITION": "No transition answers the event in the current state.",
        "E_WF_GUARD_FAIL": "The guard of a transition does not hold.",
        "E_WF_AUTH_DENIED": "The actor may not take the transition.",
        "E_WF_DYN_FAIL": "The target of a dynamic transition could not be computed.",
        "E_WF_DEAD_END": "A state that is not final has no way out.",
        "E_WF_ORPHANED_STATE": "No final state can be reached from a state.",
        "E_WF_UNREACHABLE_STATE": "A state cannot be reached from the initial one.",
        "E_WF_DEADLOCK_STATE": "From a state no final state can be reached.",
        "E_WF_NONDETERMINISTIC": "Two transitions answer one event in one state, and nothing decides between them.",
        "E_WF_FINAL_EXIT": "A transition leads out of a final state.",
        "E_WF_INVALID_TIMEOUT": "A timeout is no span of time.",
        "E_WF_INVALID_ACTION": "An action is neither a name nor an intent of the taxonomy.",
        "E_WF_INVALID_CONFIGURATION": "The states cannot be active together, or are not those of this workflow.",
        "E_WF_VERSION_MISMATCH": "A stored configuration belongs to another version of the workflow.",
        "E_WF_NO_CLOCK": "A workflow with timeouts was not told what time it is.",
        "E_WF_ACTION_FAILED": "An action of a step failed, so the step was not taken.",
        "E_WF_AUDIT_FAILED": "A step could not be recorded, so it was not taken.",
        "E_WF_QUEUE_FULL": "More events wait or follow each other than the workflow may handle at once.",
        # Decisions
        "E_POLICY_INVALID_MATCHER": "The matcher of a policy is not one the engine knows.",
        "E_POLICY_INVALID_TEMPLATE": "An intent or message of a policy is not well formed.",
        "E_ACL_INVALID_RULE": "An access rule is not well formed.",
        "E_ACL_UNKNOWN_ACTION": "An access rule names an action that does not exist.",
        "E_COMPOSE_CONFLICT": "More than one decision applies where only one may.",
        # Composition
        "E_OVERLAY_CONFLICT": "Two overlays change the same place.",
        "E_OVERLAY_UNKNOWN_SELECTOR": "An overlay selects nothing.",
        "E_OVERLAY_INVALID_OP": "An overlay's operation does not exist or does not fit the place.",
        "E_OVERLAY_PATH": "A path of an overlay cannot be followed.",
        "E_OVERLAY_PATCH": "A JSON Patch is not well formed or does not fit what it is applied to.",
        "E_ROUTING_WEIGHT": "The share of a canary is no number from 0 to 1.",
        # Forms
        "E_FORM_DSL_TOO_LARGE": "The text of a form is larger than the limits allow.",
        "E_FORM_DATA_TOO_LARGE": "The data of a form is larger than the limits allow.",
        "E_FORM_ACTOR_TOO_LARGE": "The actor's attributes are larger than the limits allow.",
        "E_FORM_EXPR_FAILED": "An expression of a form could not be evaluated.",
        "E_FORM_TIMEOUT": "A form took longer than its budget.",
        # Governance
        "E_GOV_SIGNATURE_REQUIRED": "An artefact must be signed and is not.",
        "E_GOV_SIGNATURE_INVALID": "The signature of an artefact does not verify.",
        "E_GOV_ATTESTATION_MISSING": "An artefact lacks an attestation that is required.",
        "E_GOV_ACTIVATION_FAILED": "An artefact could not be put into force.",
        "E_GOV_AUDIT_FAILED": "An activation was undone because it could not be recorded.",
        "E_GOV_QUORUM_INCOMPLETE": "Not enough people have approved.",
        "E_GOV_STATE_INVALID": "The step does not fit the state of the artefact.",
        "E_QUOTA_EXCEEDED": "A tenant's quota is used up.",
        "E_QUOTA_COMPLEXITY": "A manifest is more complex than a tenant may have.",
    }
)

REASON_CODES: Mapping[str, str] = MappingProxyType(
    {
        "R_POLICY_ALLOW": "A policy allows it.",
        "R_POLICY_DENY": "A policy denies it.",
        "R_ACL_ALLOW_ROLE": "An access rule allows it to a role of the actor.",
        "R_ACL_DENY_ROLE": "An access rule denies it to a role of the actor, or none allows it.",
        "R_ACL_ALLOW_ABAC": "An access rule allows it by its condition.",
        "R_ACL_DENY_ABAC": "An access rule denies it by its condition.",
        "R_ACL_MASKED": "An access rule hides the field.",
        "R_EXPR_NOT_SQL": "A condition has no SQL form that means the same, so rows are filtered after they are read.",
        "R_EXPR_UNDECIDED": "A condition could not be decided, so the rule took the safe side.",
        "R_WF_GUARD_PASS": "The guard of the transition holds, or there is none.",
        "R_WF_GUARD_FAIL": "The guard of the transition does not hold.",
        "R_WF_AUTH_DENIED": "The actor lacks a role, or the authority refused.",
        "R_WF_NOT_ACTOR": "The transition needs another person than this one.",
        "R_WF_REQUIRES": "The transition needs a field that has no value.",
        "R_WF_REASON": "The transition needs one of the reasons it offers.",
        "R_WF_QUEUED": "The event waits until the running step is done.",
        "R_WF_IGNORED": "The event means nothing here and is accepted silently.",
        "R_WF_DYN_FAIL": "The target of the transition could not be computed.",
        "R_WF_ACTION_FAILED": "An action of the transition failed, so it was not taken.",
        "R_WF_AUDIT_FAILED": "The step could not be recorded, so it was not taken.",
        "R_WF_QUEUE_FULL": "Too many events wait or follow each other.",
        "R_WF_UNKNOWN_TRANSITION": "No transition answers the event in the current state.",
        "R_GOV_SIGNATURE_VALID": "The artefact's signature verifies.",
        "R_GOV_ATTESTATION_PASSED": "The artefact has the attestations that are required.",
    }
)


@dataclass(frozen=True, slots=True)
class ParamRule:
    """One parameter of an intent: a JSON type word (`any` takes all), and whether it must be there."""

    name: str
    type: str = "string"
    required: bool = False


@dataclass(frozen=True, slots=True)
class IntentKind:
    """What an intent of this kind asks for; `since` is the contract version that introduced it."""

    name: str
    doc: str
    target: str
    params: tuple[ParamRule, ...] = ()
    key_required: bool = False
    since: ContractVersion = "1.0"


def _needs(*names: str, **typed: str) -> tuple[ParamRule, ...]:
    texts = tuple(ParamRule(name, required=True) for name in names)
    return texts + tuple(ParamRule(name, word, required=True) for name, word in typed.items())


def _takes(**typed: str) -> tuple[ParamRule, ...]:
    return tuple(ParamRule(name, word) for name, word in typed.items())


_KINDS = (
    IntentKind("maskField", "Hide a field's value.", "dotted field path", _takes(mask="string")),
    IntentKind("notify", "Tell someone.", "recipient", _needs("template") + _takes(data="object"), True),
    IntentKind("revoke", "End a token or session.", "token or session", _takes(reason="string"), True),
    IntentKind("grantRole", "Give an actor a role.", "actor", _needs("role"), True),
    IntentKind("audit", "Record it.", "resource", _needs("action", "actor") + _takes(artifactHash="string"), True),
    IntentKind("transform", "Change an object.", "object", _needs("operation") + _takes(input="any")),
    IntentKind("tag", "Mark an object.", "object", _needs(tags="object")),
    IntentKind(
        "rateLimit", "Slow down.", "actor or resource", _needs("limitKey", windowMs="integer", maxRequests="integer")
    ),
    IntentKind("redirect", "Send elsewhere.", "destination", _takes(permanent="boolean")),
    IntentKind("publish", "Make an artefact known.", "artefact", _needs("artifactHash"), True),
    IntentKind("rollback", "Return to an artefact.", "namespace or resource", _needs("artifactHash"), True),
    IntentKind("setField", "Give a field a value.", "dotted field path", _needs(value="any"), False, "1.1"),
    IntentKind("webhook", "Call a registered endpoint.", "name of the endpoint", _takes(payload="object"), True, "1.1"),
    IntentKind(
        "createTask",
        "Open an item to be done.",
        "object it is about",
        _needs("title") + _takes(type="string", assignee="string", fields="object"),
        True,
        "1.1",
    ),
    IntentKind(
        "requireApproval",
        "Wait until enough people agree.",
        "object",
        _needs(roles="array") + _takes(count="integer", reason="string"),
        True,
        "1.1",
    ),
)
INTENT_KINDS: Mapping[str, IntentKind] = MappingProxyType({kind.name: kind for kind in _KINDS})
CONTRACT_VERSIONS: tuple[ContractVersion, ...] = ("1.0", "1.1")

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "object": (Mapping,),
    "array": (list, tuple),
}


def intent_kinds(version: ContractVersion = "1.1") -> frozenset[str]:
    """Names of the intent kinds of a contract version."""
    return frozenset(kind.name for kind in _KINDS if kind.since <= version)


def validate_error_code(code: str) -> None:
    """Raise ValueError unless the error code is registered."""
    if code not in ERROR_CODES:
        raise ValueError(f"Unregistered error code: '{code}'")


def validate_reason_code(code: str) -> None:
    """Raise ValueError unless the reason code is registered."""
    if code not in REASON_CODES:
        raise ValueError(f"Unregistered reason code: '{code}'")


def validate_intent_kind(kind: str, version: ContractVersion = "1.1") -> None:
    """Raise ValueError unless the intent kind belongs to the contract version."""
    if kind not in intent_kinds(version):
        raise ValueError(f"Unregistered intent kind: '{kind}'")


def validate_all_codes(value: Any, *, version: ContractVersion = "1.1") -> list[str]:
    """A sentence for each unregistered code or intent kind anywhere in a value, with its path.

    A text under `code` that begins with `E_` or `R_` is a code; a text under `kind` is an intent kind when the same
    mapping has `target`, `params` or `idempotencyKey`. Values may be nested as deep as memory allows.
    """
    return [found for path, item in _mappings(value) for found in _violations(path, item, version)]


def _mappings(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping in a value with its path, in reading order; an own stack, since depth is the caller's."""
    waiting: list[tuple[str, Any]] = [("$", value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, Mapping):
            yield path, item
            waiting += [(f"{path}.{key}", inner) for key, inner in reversed(list(item.items()))]
        elif isinstance(item, (list, tuple)):
            waiting += [(f"{path}[{i}]", item[i]) for i in range(len(item) - 1, -1, -1)]


def _violations(path: str, item: Mapping[str, Any], version: ContractVersion) -> Iterator[str]:
    code, kind = item.get("code"), item.get("kind")
    if isinstance(code, str) and code.startswith(("E_", "R_")) and code not in ERROR_CODES and code not in REASON_CODES:
        yield f"{path}.code: unregistered code '{code}'"
    if isinstance(kind, str) and not item.keys().isdisjoint(("target", "params", "idempotencyKey")):
        try:
            validate_intent_kind(kind, version)
        except ValueError:
            yield f"{path}.kind: unregistered intent kind '{kind}'"


def intent_problems(intent: Mapping[str, Any], *, version: ContractVersion = "1.1") -> list[str]:
    """What an intent lacks to be carried out: its kind, target, key and parameters against the kind's rules."""
    name = intent.get("kind")
    kind = INTENT_KINDS.get(name) if isinstance(name, str) else None
    if kind is None or kind.since > version:
        return [f"there is no intent kind '{name}' in contract version {version}"]
    found = []
    if not _filled(intent.get("target")):
        found.append(f"'{kind.name}' needs a target: {kind.target}")
    if kind.key_required and not _filled(intent.get("idempotencyKey")):
        found.append(f"'{kind.name}' needs an idempotencyKey, so that it is carried out once")
    return found + intent_param_problems(intent)


def intent_param_problems(intent: Mapping[str, Any]) -> list[str]:
    """What the parameters of an intent lack by the rules of its kind, which must be one of `INTENT_KINDS`."""
    kind, params = INTENT_KINDS[intent["kind"]], intent.get("params") or {}
    if not isinstance(params, Mapping):
        return [f"the params of '{kind.name}' must be an object"]
    return [problem for rule in kind.params for problem in _param_problems(kind.name, rule, params)]


def _filled(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _param_problems(kind: str, rule: ParamRule, params: Mapping[str, Any]) -> Iterator[str]:
    if rule.name not in params:
        if rule.required:
            yield f"'{kind}' needs the parameter '{rule.name}'"
    elif rule.type != "any" and not _is(rule.type, params[rule.name]):
        yield f"the parameter '{rule.name}' of '{kind}' must be of type {rule.type}"


def _is(word: str, value: Any) -> bool:
    return isinstance(value, _JSON_TYPES[word]) and (word == "boolean" or not isinstance(value, bool))
