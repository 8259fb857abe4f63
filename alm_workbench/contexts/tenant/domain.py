"""What holds in every organisation: names, calendars, settings, and that nobody gives what he does not hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from alm_workbench.contexts.auth.domain import closure
from alm_workbench.errors import ErrorItem, InvalidInput
from alm_workbench.shared.names import DECEIVES, deceives
from alm_workbench.shared.principal import grants

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")
ROLE_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
OWNER = "owner"
MAX_NAME = 200
MAX_HOLIDAYS = 1000
SETTINGS: Mapping[str, tuple[int, int]] = {"invitation_days": (1, 30), "audit_retention_months": (1, 1200)}
"""The settings of an organisation with the smallest and largest value."""
INVITATION_DAYS = 7


@dataclass(frozen=True, slots=True)
class Seed:
    """What a new organisation starts with, and the privileges there are, as ``alm_meta/seed`` holds them."""

    roles: Sequence[Mapping[str, Any]]
    policies: Sequence[Mapping[str, Any]]
    workflows: Sequence[Mapping[str, Any]]
    privileges: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """What a role implies and grants, without its texts."""

    implies: Collection[str]
    privileges: Collection[str]


Roles = Mapping[str, RoleFacts]


def granted(codes: Iterable[str], roles: Roles) -> frozenset[str]:
    """Every privilege that roles grant, those they imply included; unknown codes grant nothing."""
    reached = closure(codes, {code: role.implies for code, role in roles.items()})
    return frozenset(p for code in reached if code in roles for p in roles[code].privileges)


def missing(held: Collection[str], wanted: Iterable[str]) -> list[str]:
    """Which of the wanted privileges are not held; a wildcard is held by a wildcard at least as wide only."""
    return sorted(code for code in set(wanted) if not grants(held, code))


def owns(codes: Iterable[str], roles: Roles) -> bool:
    """Whether roles make an owner, directly or by what they imply."""
    return OWNER in closure(codes, {code: role.implies for code, role in roles.items()})


def find_cycle(start: str, roles: Roles) -> list[str]:
    """The way from a role back to itself over what roles imply; empty when there is none."""
    trail: list[tuple[str, list[str]]] = [(code, [start, code]) for code in roles[start].implies]
    seen: set[str] = set()
    while trail:
        code, path = trail.pop()
        if code == start:
            return path
        if code in roles and code not in seen:
            seen.add(code)
            trail.extend((further, [*path, further]) for further in roles[code].implies)
    return []


def refuse(path: str, code: str, message: str) -> InvalidInput:
    """One located complaint."""
    return InvalidInput(message, errors=[ErrorItem(path, code, message)])


def check_slug(slug: str) -> str:
    """A slug fit for addresses; raises ``InvalidInput``."""
    if not SLUG.fullmatch(slug):
        rule = "3 to 40 lower-case letters, digits and hyphens"
        raise InvalidInput(f"{slug!r} is no slug: {rule}", errors=[ErrorItem("/slug", "pattern", rule)])
    return slug


def check_role_code(code: str) -> str:
    """A code fit for manifests and addresses; raises ``InvalidInput``."""
    if not ROLE_CODE.fullmatch(code):
        raise refuse("/code", "pattern", "a role's code has 2 to 40 lower-case letters, digits and underscores")
    return code


def check_name(name: str) -> str:
    """A name with something in it; raises ``InvalidInput``."""
    kept = name.strip()
    if not 0 < len(kept) <= MAX_NAME:
        raise refuse("/name", "length", f"a name has 1 to {MAX_NAME} characters")
    if deceives(kept):
        raise refuse("/name", "characters", DECEIVES)
    return kept


def check_texts(texts: Mapping[str, str], path: str, *, needed: bool) -> dict[str, str]:
    """Texts by language, with one of them where it is needed; raises ``InvalidInput``."""
    kept = {str(code): text.strip() for code, text in texts.items() if text.strip()}
    if needed and not kept:
        raise refuse(path, "missing", "give at least one text, such as {'en': '…'}")
    for code, value in kept.items():
        if code not in ("en", "tr"):
            raise refuse(f"{path}/{code}", "unknown-language", f"{code!r} is none of en, tr")
        if len(value) > MAX_NAME:
            raise refuse(f"{path}/{code}", "length", f"at most {MAX_NAME} characters")
        if deceives(value):
            raise refuse(f"{path}/{code}", "characters", DECEIVES)
    return kept


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """The names that the time zone database knows."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def check_timezone(name: str) -> str:
    """A name of the time zone database; raises ``InvalidInput``."""
    if name not in time_zones():
        raise refuse("/timezone", "unknown", f"{name!r} is no time zone; such as Europe/Istanbul, UTC")
    return name


def check_week_start(day: int) -> int:
    """An ISO weekday, Monday = 1; raises ``InvalidInput``."""
    if not 1 <= day <= 7:
        raise refuse("/week_start", "range", "a weekday from 1 (Monday) to 7 (Sunday)")
    return day


def check_calendar(calendar: Mapping[str, Any]) -> dict[str, Any]:
    """``{"days": ISO weekdays, "holidays": ISO dates}``, sorted, each once; raises ``InvalidInput``."""
    for key in calendar:
        if key not in ("days", "holidays"):
            raise refuse(f"/working_calendar/{key}", "unknown", f"{key!r} is none of days, holidays")
    kept: dict[str, Any] = {}
    for key, read in (("days", _weekday), ("holidays", _day)):
        if key not in calendar:
            continue
        values = calendar[key]
        if not isinstance(values, (list, tuple)):
            raise refuse(f"/working_calendar/{key}", "type", "a list")
        if len(values) > MAX_HOLIDAYS:
            raise refuse(f"/working_calendar/{key}", "length", f"at most {MAX_HOLIDAYS:,}")
        kept[key] = sorted({read(value, f"/working_calendar/{key}/{n}") for n, value in enumerate(values)})
    return kept


def _weekday(value: Any, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 7:
        raise refuse(path, "range", "a weekday from 1 (Monday) to 7 (Sunday)")
    return value


def _day(value: Any, path: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise refuse(path, "format", f"{value!r} is no date such as 2026-01-31") from None


def merged_settings(old: Mapping[str, Any], new: Mapping[str, int | None]) -> dict[str, Any]:
    """The settings with the new ones laid over them; a None removes one. Raises ``InvalidInput``."""
    kept = dict(old)
    for name, value in new.items():
        if name not in SETTINGS:
            raise refuse(f"/settings/{name}", "unknown", f"{name!r} is none of {', '.join(SETTINGS)}")
        least, most = SETTINGS[name]
        if value is None:
            kept.pop(name, None)
        elif least <= value <= most:
            kept[name] = value
        else:
            raise refuse(f"/settings/{name}", "range", f"{name} is between {least} and {most}")
    return kept
