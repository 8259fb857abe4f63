"""What other contexts ask about people who are not asking themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from alm_workbench.shared.messages import AUTHENTICATED, Query, query
from alm_workbench.shared.principal import Principal


@query(route=None, privilege=AUTHENTICATED)
@dataclass(frozen=True, slots=True)
class PrincipalsOf(Query[Mapping[UUID, Principal]]):
    """The principals of some actors: active members of this organisation only, who may be told what they may read.

    They are for decisions about what somebody may see; nothing is ever done in their name.
    """

    actors: tuple[UUID, ...]
