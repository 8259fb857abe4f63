"""One refresh: extract what is new, publish a new version for each tenant that has changed."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from alm_workbench.mirror import publish
from alm_workbench.mirror.extract import Extraction, Moment, extraction
from alm_workbench.mirror.layout import Manifest, MirrorLayout, TenantFiles

log = logging.getLogger(__name__)

BLOAT = 1.5
BLOAT_SLACK = 16 * 2**20


@dataclass(slots=True)
class RefreshStats:
    """What a refresh did: tenants seen, rebuilt and updated, changed rows, seconds; ``failed`` says why, by tenant."""

    tenants: int = 0
    rebuilt: int = 0
    updated: int = 0
    rows: int = 0
    seconds: float = 0.0
    failed: dict[UUID, str] = field(default_factory=dict)


class Refresher:
    """Refreshes the mirrors under one root from one database; safe to run in several processes at once."""

    def __init__(self, dsn: str, layout: MirrorLayout) -> None:
        self._dsn = dsn
        self._layout = layout

    def refresh(self, *, wait: float = 0.0, full: frozenset[UUID] | None = None) -> RefreshStats:
        """Bring every tenant up to now; ``full`` names tenants to build anew.

        Raises ``Busy`` when another process refreshes for longer than ``wait`` seconds, ``Unavailable`` without a
        database. One tenant's failure (a broken file, a full disk) is kept in the result and does not stop the others.
        """
        with extraction(self._dsn, wait=wait) as source:
            return self.refresh_from(source, full=full)

    def refresh_from(self, source: Extraction, *, full: frozenset[UUID] | None = None) -> RefreshStats:
        """The same inside an extraction that the caller holds."""
        started = time.perf_counter()
        stats = RefreshStats()
        self._layout.prepare()
        tenants = source.tenants()
        stats.tenants = len(tenants)
        groups: defaultdict[str, list[tuple[UUID, Manifest]]] = defaultdict(list)
        anew: list[UUID] = []
        for tenant in tenants:
            manifest = self._layout.tenant(tenant).current()
            if manifest and tenant not in (full or ()) and self._continues(tenant, manifest, source.moment):
                groups[manifest.snap].append((tenant, manifest))
            else:
                anew.append(tenant)
        for snap, members in groups.items():
            self._update(source, snap, members, stats)
        for tenant in anew:
            with self._guard(tenant, stats):
                self._rebuild(source, tenant, stats)
        for gone in set(self._layout.tenants()) - set(tenants):
            self._layout.remove(gone)
        stats.seconds = time.perf_counter() - started
        return stats

    def _continues(self, tenant: UUID, manifest: Manifest, moment: Moment) -> bool:
        """Whether the published file can take a delta, and is not bloated by many of them."""
        if (manifest.ddl, manifest.cluster) != (moment.ddl, moment.cluster) or not moment.follows(manifest.snap):
            return False
        size = self._layout.tenant(tenant).path(manifest).stat().st_size
        return size <= manifest.full_bytes * BLOAT + BLOAT_SLACK

    def _update(self, source: Extraction, snap: str, members: list[tuple[UUID, Manifest]], stats: RefreshStats) -> None:
        delta = publish.Delta(source, [tenant for tenant, _ in members], snap)
        try:
            for tenant, manifest in members:
                with self._guard(tenant, stats):
                    self._advance(source, delta, tenant, manifest, stats)
        finally:
            delta.close()

    def _advance(
        self, source: Extraction, delta: publish.Delta, tenant: UUID, manifest: Manifest, stats: RefreshStats
    ) -> None:
        files = self._layout.tenant(tenant)
        changes = delta.changes(tenant)
        if not changes:
            files.publish(manifest.advanced(source.moment.snap, source.moment.at), durable=False)
            return
        files.prepare()
        temporary = files.temporary()
        try:
            content = publish.apply(delta, tenant, files.path(manifest), temporary)
        except Exception as error:
            log.warning("version %s of tenant %s takes no changes (%s); it is built anew", manifest.file, tenant, error)
            self._rebuild(source, tenant, stats)
            return
        self._publish(files, source.moment, temporary, content, manifest.full_bytes)
        stats.updated += 1
        stats.rows += changes

    def _rebuild(self, source: Extraction, tenant: UUID, stats: RefreshStats) -> None:
        files = self._layout.tenant(tenant)
        files.prepare()
        temporary = files.temporary()
        content = publish.build(source, tenant, temporary)
        self._publish(files, source.moment, temporary, content, temporary.stat().st_size)
        stats.rebuilt += 1
        stats.rows += sum(content.rows.values())

    def _publish(
        self, files: TenantFiles, moment: Moment, temporary: Path, content: publish.Content, full_bytes: int
    ) -> None:
        file = files.adopt(temporary)
        files.publish(
            Manifest(
                file=file,
                build=uuid4().hex,
                snap=moment.snap,
                ddl=moment.ddl,
                cluster=moment.cluster,
                at=moment.at,
                full_bytes=full_bytes,
                rows=content.rows,
                timezone=content.timezone,
                week_start=content.week_start,
            )
        )
        files.prune(keep=file)

    @contextmanager
    def _guard(self, tenant: UUID, stats: RefreshStats) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            log.exception("the mirror of tenant %s could not be refreshed", tenant)
            stats.failed[tenant] = f"{type(error).__name__}: {error}"
