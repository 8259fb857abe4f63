"""The generated facade."""

from __future__ import annotations

import inspect

from alm_workbench.notebook import api, generate
from alm_workbench.shared.messages import REGISTRY


def test_the_committed_facade_is_up_to_date() -> None:
    """``api.py`` is what the messages declare; run ``python -m alm_workbench.notebook.generate`` after a change."""
    assert generate.TARGET.read_text("utf-8") == generate.source()


def test_every_public_message_with_a_facade_name_has_its_method() -> None:
    """No message is forgotten."""
    groups = api.Api(None)  # type: ignore[arg-type]
    for spec in REGISTRY.public():
        if spec.facade and spec.cls.__module__.startswith(generate.OWN):
            group, _, name = spec.facade.rpartition(".")
            owner = getattr(groups, group) if group else groups
            assert set(inspect.signature(getattr(owner, name)).parameters) == set(spec.cls.__dataclass_fields__)  # type: ignore[attr-defined]
