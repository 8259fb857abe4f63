"""What a new organisation starts with, read from the seed data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alm_workbench.errors import ErrorItem, InvalidInput

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Seed:
    """Roles and policies as ``alm_meta/seed`` holds them."""

    roles: Sequence[Mapping[str, Any]]
    policies: Sequence[Mapping[str, Any]]


def check_slug(slug: str) -> str:
    """A slug fit for addresses; raises ``InvalidInput``."""
    if not SLUG.fullmatch(slug):
        rule = "3 to 40 lower-case letters, digits and hyphens"
        raise InvalidInput(f"{slug!r} is no slug: {rule}", errors=[ErrorItem("/slug", "pattern", rule)])
    return slug
