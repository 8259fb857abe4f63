"""What the decision log keeps of reasons is worked out once for many items, and never for the wrong ones."""

from __future__ import annotations

from uuid import uuid4

from alm_workbench import resources
from alm_workbench.contexts.artifact import rights
from alm_workbench.contexts.manifest.messages import ProcessVersion
from alm_workbench.mpc import Reason, check, load_domain_meta
from alm_workbench.mpc.ast import FrozenDict
from alm_workbench.mpc.errors import Span
from alm_workbench.shared.ids import ManifestId, VersionId
from tests.factories.processes import APPROVED_FLOW, process

META = load_domain_meta(resources.path("alm_meta", "domain_meta.yaml").read_text("utf-8"))


def version() -> ProcessVersion:
    """A version of a process."""
    compiled = check(process(APPROVED_FLOW), META).compiled
    assert compiled is not None
    return ProcessVersion(VersionId(uuid4()), ManifestId(uuid4()), "Process", compiled)


def reason(line: int = 3, **values: str) -> Reason:
    """A reason of a step that two workflows have under one name."""
    return Reason("R_WF_ALLOWED", "allowed", "approve", Span(0, 1, line, 1, line, 2), FrozenDict(values))


def test_the_same_is_worked_out_once() -> None:
    """Many items with one reason share what is kept of it."""
    here = version()
    assert rights.logged(here, [reason(size="7")])[0] is rights.logged(here, [reason(size="7")])[0]


def test_each_rule_keeps_its_own_place_and_values() -> None:
    """Two workflows may have a step of one name: the log says which of them it was, in which version."""
    here, there = version(), version()
    said = rights.logged(here, [reason(3), reason(9), reason(3, size="8")])
    assert [one["span"]["line"] for one in said] == [3, 9, 3]
    assert [one["values"] for one in said] == [{}, {}, {"size": "8"}]
    assert rights.logged(there, [reason(3)])[0] is not said[0]


def test_long_texts_are_not_kept_in_memory() -> None:
    """What is kept for all stays small, whatever people write into fields."""
    long = reason(size="x" * 3_000)
    assert rights.logged(version(), [long])[0]["values"] == {"size": "x" * 3_000}
    assert not any("x" * 3_000 in str(key) for key in rights._SAME)
