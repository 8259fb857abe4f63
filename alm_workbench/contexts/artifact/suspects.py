"""Links that need a look: what they speak of changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from alm_workbench.contexts.artifact.access import Artifacts
from alm_workbench.contexts.artifact.messages import ArtifactDTO
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.shared.context import MessageContext
from alm_workbench.shared.ids import ArtifactId, ProjectId
from alm_workbench.shared.messages import Event


def differences(before: ArtifactDTO, after: ArtifactDTO) -> frozenset[str]:
    """What differs between two versions of an item: fields by their id, and title, state, assignee, parent_id, tags."""
    names = set(before.fields) | set(after.fields)
    found = {name for name in names if before.fields.get(name) != after.fields.get(name)}
    pairs = {
        "title": (before.title, after.title),
        "state": (before.state, after.state),
        "assignee": (before.assignee_id, after.assignee_id),
        "parent_id": (before.parent_id, after.parent_id),
        "tags": (before.tags, after.tags),
    }
    return frozenset(found | {name for name, (old, new) in pairs.items() if old != new})


def mark(
    ctx: MessageContext,
    artifacts: Artifacts,
    process: ProcessVersion,
    changed: Sequence[tuple[ArtifactDTO, frozenset[str]]],
) -> int:
    """Make the links suspect whose type watches what changed, of items of one process; gives how many became so.

    ``changed`` are items with the names of what differs. A link type watches its target; a symmetric one both ends. Links
    that speak of one version stay as they are.
    """
    total = 0
    for kind in process.compiled.link_types.values():
        watched = frozenset(kind.suspect_on)
        items = {item.id: item for item, names in changed if names & watched}
        if not items:
            continue
        made = artifacts.links.suspect(ctx.conn, kind.id, ctx.now, list(items), kind.symmetric)
        total += len(made)
        ends = Counter(target if target in items else source for _, source, target in made)
        for item_id, number in ends.items():
            payload = {"project_id": str(items[item_id].project_id), "link_type": kind.id, "links": number}
            ctx.emit(Event("LinksSuspected", "Artifact", item_id, payload))
    return total


def mark_many(
    ctx: MessageContext,
    artifacts: Artifacts,
    before: Mapping[ArtifactId, ArtifactDTO],
    after: Mapping[ArtifactId, ArtifactDTO],
) -> int:
    """The same for items of several projects, as they were and as they are now."""
    changed: dict[ProjectId, list[tuple[ArtifactDTO, frozenset[str]]]] = {}
    for item in after.values():
        changed.setdefault(item.project_id, []).append((item, differences(before[item.id], item)))
    return sum(mark(ctx, artifacts, artifacts.process(ctx, project), items) for project, items in changed.items())
