"""Rules of comments: what a text may be, and whom it mentions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from uuid import UUID

import nh3

from alm_workbench.contexts.artifact.texts import ATTRIBUTES, SCHEMES, TAG, XHTML
from alm_workbench.errors import ErrorItem, InvalidInput

MAX_TEXT = 20_000
MAX_MENTIONS = 50
BY_ID = re.compile(r"@\[[^\]\n]{1,200}\]\(([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\)")
BY_ADDRESS = re.compile(r"(?<![\w@.+-])@([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")


@dataclass(frozen=True, slots=True)
class Said:
    """A text as it is kept: cleaned where it is rich, with the original where cleaning changed it."""

    text: str
    format: str
    original: str | None
    actors: tuple[UUID, ...]
    addresses: tuple[str, ...]

    @property
    def size(self) -> int:
        """About how many bytes are to be kept."""
        return len(self.text.encode()) + len((self.original or "").encode())


def said(text: str, format_: str) -> Said:
    """A text that may be kept, with the mentions in it; raises ``InvalidInput``."""
    if len(text) > MAX_TEXT:
        message = f"a comment has at most {MAX_TEXT:,} characters, this one has {len(text):,}"
        raise InvalidInput("The comment is too long", errors=[ErrorItem("/text", "too-long", message)])
    kept, original = text, None
    if format_ == "rich":
        kept = nh3.clean(text, tags=set(XHTML), attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener")
        original = text if kept != text else None
    words = plain_text(kept, format_)
    if not words.strip() and "<img" not in kept:
        raise InvalidInput("A comment says something", errors=[ErrorItem("/text", "required", "it is empty")])
    actors = tuple(dict.fromkeys(UUID(found) for found in BY_ID.findall(words)))
    addresses = tuple(dict.fromkeys(found.rstrip(".").lower() for found in BY_ADDRESS.findall(words)))
    if len(actors) + len(addresses) > MAX_MENTIONS:
        message = f"at most {MAX_MENTIONS} people are mentioned in one comment"
        raise InvalidInput("The comment mentions too many people", errors=[ErrorItem("/text", "too-many", message)])
    return Said(kept, format_, original, actors, addresses)


def plain_text(text: str, format_: str) -> str:
    """The words of a comment."""
    return unescape(TAG.sub(" ", text)) if format_ == "rich" else text


def check_moment(occurred_at: datetime, now: datetime) -> None:
    """A moment of a discussion held elsewhere: with its time zone, and not in the future; raises ``InvalidInput``."""
    if occurred_at.tzinfo is None:
        item = ErrorItem("/occurred_at", "timezone", "say the time zone too: 2026-01-31T12:00:00Z")
        raise InvalidInput("The time has no time zone", errors=[item])
    if occurred_at > now:
        raise InvalidInput("Nobody comments in the future", errors=[ErrorItem("/occurred_at", "future", "not yet")])


def newly(mentioned: Sequence[UUID], before: Sequence[UUID]) -> tuple[UUID, ...]:
    """Those who were not mentioned before."""
    return tuple(actor for actor in mentioned if actor not in before)
