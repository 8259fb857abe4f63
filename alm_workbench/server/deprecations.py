"""What a route on its way out says of itself (RFC 9745, RFC 8594), and whether it was given enough time."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from email.utils import formatdate
from urllib.parse import quote

from alm_workbench.shared.messages import Deprecation, Spec

MIN_NOTICE = timedelta(days=183)
"""Half a year between the announcement and the end."""


def headers_of(spec: Spec, root: str, version: int, values: Mapping[str, str]) -> dict[str, str]:
    """The headers of a deprecated route in one version of the API; none for all others.

    ``root`` is the address below which the versions lie; ``values`` stand for the placeholders of the successor's path.
    """
    told = spec.deprecated
    if told is None or told.version != version:
        return {}
    path = told.successor.split(" ", 1)[1].format_map({name: quote(value, safe="") for name, value in values.items()})
    link = f'<{root}v{version + 1}{path}>; rel="successor-version"'
    return {
        "Deprecation": f"@{moment(told.since)}",
        "Sunset": formatdate(moment(told.sunset), usegmt=True),
        "Link": link,
    }


def moment(day: date) -> int:
    """The first second of a day in UTC, since the epoch."""
    return calendar.timegm(day.timetuple())


def problems(specs: Iterable[Spec], today: date) -> list[str]:
    """What is wrong with the announced deprecations, a sentence each."""
    known = list(specs)
    routes = {(version, f"{spec.method} {spec.path}") for spec in known for version in spec.versions}
    return [text for spec in known if spec.deprecated for text in _wrong(spec, spec.deprecated, routes, today)]


def _wrong(spec: Spec, told: Deprecation, routes: set[tuple[int, str]], today: date) -> Iterable[str]:
    name = f"{spec.name} ({spec.method} /v{told.version}{spec.path})"
    if told.version not in spec.versions:
        yield f"{name} is deprecated in a version it is not part of"
    if told.sunset - told.since < MIN_NOTICE:
        yield f"{name} has {(told.sunset - told.since).days} days from deprecation to sunset; {MIN_NOTICE.days} are promised"
    if told.sunset < today:
        yield f"{name} is past its sunset ({told.sunset}): take it out of version {told.version}"
    if (told.version + 1, told.successor) not in routes:
        yield f"{name} names {told.successor} as its successor, which version {told.version + 1} does not have"
