"""Rights as data: equal rights have equal digests, and they survive the way to the query process."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from alm_workbench.contexts.reporting.domain import MirrorRights

TENANT, ONE, TWO = uuid4(), uuid4(), uuid4()


@pytest.mark.parametrize(
    ("rights", "full"),
    [
        (MirrorRights(TENANT, all_fields=True), True),
        (MirrorRights(TENANT), True),
        (MirrorRights(TENANT, masks={"Bug": frozenset()}), True),
        (MirrorRights(TENANT, masks={"Bug": frozenset({"a"})}, all_fields=True), True),
        (MirrorRights(TENANT, masks={"Bug": frozenset({"a"})}), False),
        (MirrorRights(TENANT, frozenset(), all_fields=True), False),
        (MirrorRights(TENANT, hidden_types=frozenset({"Bug"}), all_fields=True), False),
    ],
)
def test_full_means_that_nothing_is_withheld(rights: MirrorRights, full: bool) -> None:
    """Only then is the master file attached."""
    assert rights.full is full


def test_the_digest_depends_on_the_rights_alone() -> None:
    """Neither order nor an empty mask matter; a project, a mask or the tenant do."""
    first = MirrorRights(TENANT, frozenset({ONE, TWO}), {"A": frozenset({"x", "y"}), "B": frozenset()})
    same = MirrorRights(TENANT, frozenset({TWO, ONE}), {"A": frozenset({"y", "x"})})
    others = [
        MirrorRights(TENANT, frozenset({ONE}), same.masks),
        MirrorRights(TENANT, same.project_ids, {"A": frozenset({"x"})}),
        MirrorRights(UUID(int=1), same.project_ids, same.masks),
        MirrorRights(TENANT, same.project_ids, same.masks, hidden_types=frozenset({"C"})),
    ]
    assert first.digest == same.digest
    assert len({right.digest for right in [first, *others]}) == 5


def test_rights_survive_the_wire() -> None:
    """What the process rebuilds has the same digest."""
    rights = MirrorRights(TENANT, frozenset({ONE}), {"A": frozenset({"x"})}, hidden_types=frozenset({"C"}))
    assert MirrorRights.from_data(rights.to_data()) == rights
    assert MirrorRights.from_data(MirrorRights(TENANT).to_data()) == MirrorRights(TENANT)
