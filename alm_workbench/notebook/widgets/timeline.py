"""The history of one item, to look through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from alm_workbench.errors import InvalidInput
from alm_workbench.i18n import _
from alm_workbench.notebook.widgets.base import AlmWidget

if TYPE_CHECKING:
    from alm_workbench.notebook.workbench import Workbench


class AuditTimeline(AlmWidget):
    """The versions of an item or a project: who, when, what changed, whole versions, the difference of any two.

    ``AuditTimeline(item)``, or an entity type and an id with a workbench:
    ``AuditTimeline("Artifact", entity_id, workbench=wb)``. It asks for the privilege ``audit:read``.
    """

    TAG = "alm-audit-timeline"
    ASKS: ClassVar[frozenset[str]] = frozenset({"EntityHistory", "GetSnapshot", "DiffSnapshots"})

    def __init__(
        self,
        entity: Any,
        entity_id: UUID | str | None = None,
        *,
        workbench: Workbench | None = None,
        caption: str | None = None,
    ) -> None:
        kind, found, name = entity_of(entity, entity_id)
        owner = getattr(entity, "project", entity)
        bench = workbench or (None if isinstance(entity, str) else getattr(owner, "workbench", None))
        attributes = {"entity-type": kind, "entity-id": str(found), "caption": caption or name}
        super().__init__(bench.mediator if bench else None, attributes)


def entity_of(entity: Any, entity_id: UUID | str | None = None) -> tuple[str, UUID, str]:
    """Entity type, id and name of what somebody means; raises ``InvalidInput`` where that is nothing."""
    from alm_workbench.notebook.projects import Project

    kind, found, name = entity, entity_id, ""
    if not isinstance(entity, str):
        kind, found = ("Project" if isinstance(entity, Project) else "Artifact"), getattr(entity, "id", None)
        name = str(getattr(entity, "key", ""))
    try:
        return str(kind), found if isinstance(found, UUID) else UUID(str(found)), name
    except ValueError:
        raise InvalidInput(_("Give an item, a project, or an entity type and an id")) from None
