"""The history of a vocabulary: what each version changed, and the steps that move documents to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import MPCError
from .diff import MetaDiffResult, diff_meta
from .loading import read_mapping
from .model import DomainMeta
from .steps import Step, read_step

_KEYS = {"schema_version", "date", "summary", "meta_hash", "breaking", "non_breaking", "map"}


@dataclass(frozen=True, slots=True)
class ChangelogEntry:
    """One version. `meta_hash` names the vocabulary that was classified under it; `steps` is its migration."""

    schema_version: int
    date: str = ""
    summary: str = ""
    meta_hash: str | None = None
    breaking: tuple[str, ...] = ()
    non_breaking: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def to_data(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "schemaVersion": self.schema_version,
            "date": self.date,
            "summary": self.summary,
            "metaHash": self.meta_hash,
            "breaking": list(self.breaking),
            "nonBreaking": list(self.non_breaking),
            "map": [step.said() for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Changelog:
    """Every version, newest first."""

    entries: tuple[ChangelogEntry, ...]

    @property
    def migrated(self) -> tuple[int, ...]:
        """Versions that documents can be moved to."""
        return tuple(entry.schema_version for entry in self.entries if entry.steps)

    def entry(self, version: int) -> ChangelogEntry | None:
        """The entry of a version."""
        return next((entry for entry in self.entries if entry.schema_version == version), None)

    def steps(self, old: int, new: int) -> tuple[Step, ...]:
        """The steps from a version to a later one, in order.

        Raises MPCError E_META_BREAKING_CHANGE where a version on the way broke documents and has no steps, and
        E_META_INVALID for a target that the changelog does not know.
        """
        if self.entry(new) is None:
            known = ", ".join(str(entry.schema_version) for entry in self.entries)
            raise MPCError("E_META_INVALID", f"The changelog has no schema version {new} (known: {known})")
        way = sorted((e for e in self.entries if old < e.schema_version <= new), key=lambda e: e.schema_version)
        for entry in way:
            if entry.breaking and not entry.steps:
                message = f"Version {entry.schema_version} broke documents ({entry.breaking[0]}) and has no migration"
                raise MPCError("E_META_BREAKING_CHANGE", message)
        return tuple(step for entry in way for step in entry.steps)


def load_changelog(text: str) -> Changelog:
    """A changelog from its YAML or JSON text; raises MPCError E_META_INVALID naming the entry that is wrong."""
    return read_mapping(text, _load)


def _load(data: Any) -> Changelog:
    if not isinstance(data, (list, tuple)):
        raise MPCError("E_META_INVALID", "A changelog is a list of versions, newest first")
    entries = tuple(_entry(item, number) for number, item in enumerate(data))
    versions = [entry.schema_version for entry in entries]
    if versions != sorted(set(versions), reverse=True):
        raise MPCError("E_META_INVALID", f"The changelog's versions must fall from entry to entry: {versions}")
    return Changelog(entries)


def _entry(item: Any, number: int) -> ChangelogEntry:
    where = f"changelog[{number}]"
    if not isinstance(item, Mapping) or not isinstance(item.get("schema_version"), int):
        raise MPCError("E_META_INVALID", f"{where}: needs a schema_version")
    unknown = sorted(set(map(str, item)) - _KEYS)
    if unknown:
        raise MPCError("E_META_INVALID", f"{where}: there is no part called '{unknown[0]}'")
    steps = item.get("map") or ()
    if not isinstance(steps, (list, tuple)):
        raise MPCError("E_META_INVALID", f"{where}: 'map' must be a list of steps")
    return ChangelogEntry(
        item["schema_version"],
        str(item.get("date", "")),
        str(item.get("summary", "")),
        str(item["meta_hash"]) if item.get("meta_hash") else None,
        tuple(map(str, item.get("breaking") or ())),
        tuple(map(str, item.get("non_breaking") or ())),
        tuple(read_step(step, f"{where}.map[{place}]") for place, step in enumerate(steps)),
    )


def unclassified(changelog: Changelog, meta: DomainMeta, old: DomainMeta | None = None) -> str | None:
    """What to do about a vocabulary that the changelog does not know as it is now; None where all is well.

    With the `old` vocabulary the sentence says which kind of change it is.
    """
    entry = changelog.entry(meta.schema_version)
    if entry is None:
        return (
            f"domain_meta.yaml has schema_version {meta.schema_version}, which the changelog does not have: add an entry "
            f"with its summary, `breaking`, `non_breaking`, meta_hash: {meta.hash}, and `map:` steps for what breaks."
        )
    if entry.meta_hash == meta.hash:
        return None
    found = diff_meta(old, meta) if old is not None else None
    return f"{_what(found)} {_to_do(found, meta)}"


def _what(found: MetaDiffResult | None) -> str:
    start = "domain_meta.yaml has changed since its hash was recorded in domain_meta_changelog.yaml."
    if found is None:
        return f"{start} See what changed with `alm meta diff OLD alm_meta/domain_meta.yaml`."
    sentences = "; ".join((found.breaking or found.non_breaking)[:5])
    return f"{start} The change is {found.change_class}: {sentences}."


def _to_do(found: MetaDiffResult | None, meta: DomainMeta) -> str:
    minor = f"add a line per change under `non_breaking` of version {meta.schema_version} and set its meta_hash to {meta.hash}"
    major = "raise schema_version, and add a changelog entry with `breaking` lines and `map:` steps that move documents"
    if found is not None:
        return f"{(major if found.has_breaking else minor).capitalize()}."
    return f"If it is minor, {minor}. If it is major, {major}."
