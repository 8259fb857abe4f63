"""Subscription tiers: requests and quotas, as ``alm_meta/seed/subscription_tiers.yaml`` states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

from alm_workbench import resources

Resource = Literal["projects", "artifacts", "members", "manifests", "storage"]
RESOURCES: tuple[Resource, ...] = get_args(Resource)


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests of keys and tokens: ``per_minute``, and ``burst`` within one second."""

    per_minute: int
    burst: int


@dataclass(frozen=True, slots=True)
class Tier:
    """One subscription. A quota of None is no limit; ``storage`` is in bytes, the others are counts."""

    code: str
    labels: Mapping[str, str]
    rates: Rates
    quotas: Mapping[Resource, int | None]


class Tiers:
    """All tiers by code, in the order of the file."""

    def __init__(self, tiers: Mapping[str, Tier]) -> None:
        self._tiers = dict(tiers)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes, smallest subscription first."""
        return tuple(self._tiers)

    def of(self, code: str) -> Tier:
        """The tier with this code; an unknown one counts as the smallest."""
        return self._tiers.get(code) or next(iter(self._tiers.values()))


def read_tiers(data: Mapping[str, Any]) -> Tiers:
    """Tiers from the parsed file; raises ``ValueError`` naming what is missing, unknown or out of range."""
    found = [_tier(item) for item in data["tiers"]]
    if not found or len({tier.code for tier in found}) != len(found):
        raise ValueError("there must be at least one tier, and every code once")
    return Tiers({tier.code: tier for tier in found})


def _tier(item: Mapping[str, Any]) -> Tier:
    code, rates, quotas = str(item["code"]), item["rates"], item["quotas"]
    if set(quotas) != set(RESOURCES):
        raise ValueError(f"tier {code}: quotas must name exactly {', '.join(RESOURCES)}")
    numbers = [*rates.values(), *(value for value in quotas.values() if value is not None)]
    if not all(isinstance(number, int) and number > 0 for number in numbers):
        raise ValueError(f"tier {code}: rates and quotas are positive whole numbers")
    return Tier(code, dict(item["labels"]), Rates(**rates), {name: quotas[name] for name in RESOURCES})


@lru_cache(maxsize=1)
def shipped_tiers() -> Tiers:
    """The tiers of this installation."""
    import yaml

    return read_tiers(yaml.safe_load(resources.path("alm_meta", "seed", "subscription_tiers.yaml").read_text("utf-8")))
