"""The same workbench, once in process and once over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from alm_workbench.notebook.http import HttpMediator
from alm_workbench.notebook.local import EdgeMediator
from alm_workbench.notebook.workbench import Workbench
from tests.factories.workbench import Api

As = Callable[[str], Workbench]


@pytest.fixture(scope="module", params=["local", "http"])
def as_role(request: pytest.FixtureRequest, api: Api) -> Iterator[As]:
    """``as_role("engineer")`` is that person's workbench."""
    made: dict[str, Workbench] = {}

    def workbench(role: str) -> Workbench:
        if role not in made:
            if request.param == "local":
                made[role] = Workbench(EdgeMediator(getattr(api.bench.acme, role)), place="here", freshness=1.0)
            else:
                mediator = HttpMediator(api.url, api.token(role))
                made[role] = Workbench(mediator, place=api.url, close=mediator.close, freshness=1.0)
        return made[role]

    yield workbench
    for item in made.values():
        item.close()
