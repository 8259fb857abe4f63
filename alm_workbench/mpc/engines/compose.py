"""Several decisions as one, by a strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Composable(Protocol):
    """A decision, as far as composing looks at it."""

    @property
    def allow(self) -> bool: ...

    @property
    def reasons(self) -> Sequence[Any]: ...

    @property
    def intents(self) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class ComposeResult:
    """The joint decision: whether it is allowed, why, and what is to be done."""

    allow: bool
    reasons: tuple[Any, ...] = ()
    intents: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class ComposeConflict:
    """The reason of a decision that nobody could make: more than one claims it."""

    code: str = "E_COMPOSE_CONFLICT"
    message: str = "More than one decision applies where only one may"


def compose_decisions(decisions: Iterable[Composable], strategy: str = "deny-wins") -> ComposeResult:
    """Join decisions; without any the answer is yes, without reasons.

    `deny-wins`, and any unknown name: none may deny; only the reasons and intents of the denying count then.
    `allow-wins`: one that allows is enough; all reasons stay. `first-applicable`: the first that gives a reason.
    `only-one`: the only one that gives a reason; several conflict, which denies.
    """
    return _STRATEGIES.get(strategy, _deny_wins)(tuple(decisions))


def _deny_wins(decisions: Sequence[Composable]) -> ComposeResult:
    denying = [decision for decision in decisions if not decision.allow]
    return _join(not denying, denying or decisions)


def _allow_wins(decisions: Sequence[Composable]) -> ComposeResult:
    return _join(not decisions or any(decision.allow for decision in decisions), decisions)


def _first_applicable(decisions: Sequence[Composable]) -> ComposeResult:
    first = next((decision for decision in decisions if decision.reasons), None)
    return _join(first.allow, [first]) if first is not None else ComposeResult(True)


def _only_one(decisions: Sequence[Composable]) -> ComposeResult:
    applicable = [decision for decision in decisions if decision.reasons]
    if len(applicable) > 1:
        return ComposeResult(False, (ComposeConflict(),))
    return _first_applicable(applicable)


_STRATEGIES: Mapping[str, Callable[[Sequence[Composable]], ComposeResult]] = {
    "deny-wins": _deny_wins,
    "allow-wins": _allow_wins,
    "first-applicable": _first_applicable,
    "only-one": _only_one,
}
STRATEGIES = tuple(_STRATEGIES)


def _join(allow: bool, decisions: Sequence[Composable]) -> ComposeResult:
    reasons = tuple(reason for decision in decisions for reason in decision.reasons)
    return ComposeResult(allow, reasons, unique_intents(i for decision in decisions for i in decision.intents))


def unique_intents(intents: Iterable[Any]) -> tuple[Any, ...]:
    """Intents without repetitions, the first of each (kind, target, idempotency key) staying."""
    found: dict[tuple[Any, ...], Any] = {}
    for intent in intents:
        found.setdefault(intent_key(intent), intent)
    return tuple(found.values())


def intent_key(intent: Any) -> tuple[str, str, str]:
    """What tells one intent from another."""
    if isinstance(intent, Mapping):
        kind, target, key = intent.get("kind"), intent.get("target"), intent.get("idempotencyKey")
    else:
        kind, target, key = intent.kind, intent.target, intent.idempotency_key
    return (str(kind), str(target or ""), str(key or ""))
