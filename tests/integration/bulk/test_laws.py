"""Laws: many changes together are what the same changes are one by one, and what is exported comes back."""

from __future__ import annotations

import base64
import io
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm_workbench.contexts.artifact.csv_file import CellError, cell_value, escaped, unescaped
from alm_workbench.contexts.artifact.export_messages import ExportArtifacts
from alm_workbench.contexts.artifact.exporting import plain_number
from alm_workbench.contexts.artifact.file_writing import FileFormat, flat, write_file
from alm_workbench.contexts.artifact.messages import (
    ArtifactDTO,
    CreateArtifact,
    FindArtifacts,
    GetArtifact,
    ImportArtifacts,
    LinkArtifacts,
    UpdateArtifact,
)
from alm_workbench.contexts.artifact.sheet_file import cell_text, value_of
from alm_workbench.contexts.bulk.messages import ApplyBulk, BulkTarget
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.contexts.workflow.messages import TransitionArtifact
from alm_workbench.errors import AlmError
from alm_workbench.mpc import FieldDef
from alm_workbench.shared.ids import ProjectId
from tests.factories.workbench import Bench


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Numbers for keys of projects."""
    return itertools.count()


def project_of(bench: Bench, numbers: Iterator[int]) -> ProjectId:
    """An empty project under the safety process."""
    owner = bench.acme.owner
    project = owner.send(CreateProject(f"L{next(numbers)}", "Law"))
    owner.send(ActivateManifest(project.id, bench.acme.version_id))
    return project.id


TITLES = st.sampled_from(["short", "A title that is long enough", "Another title, also long", "=1+1 is a title"])
TEXTS = st.sampled_from([None, "It shall hold.", "- a list\n- of two"])
ITEMS = st.lists(st.tuples(TITLES, TEXTS), min_size=1, max_size=5)
CHANGES = st.sampled_from(
    [
        ("update", {"fields": {"priority": "high"}}),
        ("update", {"fields": {"priority": "nonsense"}}),
        ("update", {"title": "A new title for all of them", "tags": ("x", "y")}),
        ("update", {"title": " "}),
        ("transition", {"transition": "submit", "reason": "ready"}),
        ("transition", {"transition": "approve"}),
        ("transition", {"transition": "submit", "fields": {"text": "Given with the step"}}),
    ]
)
Told = tuple[str, Any]


def single(bench: Bench, role: str, item: ArtifactDTO, action: str, arguments: dict[str, Any]) -> Told:
    """One single command, and what it said."""
    mediator = getattr(bench.acme, role)
    try:
        if action == "update":
            mediator.send(UpdateArtifact(item.id, item.version, **arguments))
        else:
            mediator.send(TransitionArtifact(item.id, expected_version=item.version, **arguments))
    except AlmError as error:
        return error.slug, [r["rule_id"] for r in error.extra.get("reasons", ())]
    return "changed", []


def state_of(bench: Bench, item: ArtifactDTO) -> tuple[Any, ...]:
    """Everything of an item that a change may touch."""
    now = bench.acme.owner.query(GetArtifact(item.id))
    return now.title, dict(now.fields), now.state, now.tags, now.version, now.assignee_id


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    items=ITEMS, steps=st.lists(CHANGES, min_size=1, max_size=3), role=st.sampled_from(["owner", "engineer", "viewer"])
)
def test_many_together_are_what_they_are_one_by_one(
    workbench: Bench, numbers: Iterator[int], items: list[Any], steps: list[Any], role: str
) -> None:
    """The same items, the same changes: same results, same refusals by the same rules, same items afterwards."""
    sides: list[list[ArtifactDTO]] = []
    for _ in range(2):
        project = project_of(workbench, numbers)
        made = [
            workbench.acme.owner.send(CreateArtifact(project, "requirement", title, {"text": text} if text else {}))
            for title, text in items
        ]
        sides.append(made)
    left, right = sides
    for action, arguments in steps:
        left = [workbench.acme.owner.query(GetArtifact(i.id)) for i in left]
        right = [workbench.acme.owner.query(GetArtifact(i.id)) for i in right]
        one_by_one = [single(workbench, role, item, action, arguments) for item in left]
        try:
            done = getattr(workbench.acme, role).send(
                ApplyBulk(
                    right[0].project_id,
                    action,
                    tuple(BulkTarget(i.id, i.version) for i in right),
                    on_error="skip",
                    **arguments,
                )
            )
            together: list[Told] = [
                (i.refusal.problem, [r["rule_id"] for r in i.refusal.reasons]) if i.refusal else (i.result, [])
                for i in done.items
            ]
        except AlmError as error:  # the privilege is missing for all of them
            together = [(error.slug, [r["rule_id"] for r in error.extra.get("reasons", ())])] * len(right)
        assert together == one_by_one
        assert [state_of(workbench, i) for i in left] == [state_of(workbench, i) for i in right]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_cell_is_a_formula_and_none_is_lost(text: str) -> None:
    """What is written to CSV never begins like a formula, and what is read is what was written; the same for sheets."""
    assert not escaped(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unescaped(escaped(text)) == text
    assert value_of(cell_text(text)) == text


@given(st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_its_digits_and_its_kind(number: float) -> None:
    """5 does not become 5.0 on its way through a file, and a long number loses no digit."""
    field = FieldDef(id="points", type="number")
    read = cell_value(str(flat(number)), field)
    assert (read, type(read)) == (number, type(number))
    if isinstance(number, int):
        assert cell_value(str(number), FieldDef(id="count", type="int")) == number


def test_numbers_of_older_rows_leave_as_they_come_back() -> None:
    """What was once kept as 5.0 is written as 5, as which it will be imported; nothing else changes."""
    assert [repr(plain_number(v)) for v in (5.0, -0.0, 5.5, 1e300, 7, True, "5.0", None)] == [
        *("5", "0", "5.5", "1e+300", "7", "True", "'5.0'", "None")
    ]


@pytest.mark.parametrize("text", ["inf", "-Infinity", "nan", "1e999", "five"])
@pytest.mark.parametrize("kind", ["int", "number"])
def test_what_is_no_number_is_told(text: str, kind: str) -> None:
    """Words that some readers take for numbers are refused like others."""
    with pytest.raises(CellError, match=f"{text!r} is no"):
        cell_value(text, FieldDef(id="points", type=kind))


CELLS = st.text(alphabet="ab=+-@'\"\n,;é_x0 ", min_size=1, max_size=12).filter(lambda t: t.strip())
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "title": CELLS.filter(lambda t: " ".join(t.split())),
            "text": CELLS,
            "priority": st.sampled_from([None, "low", "high"]),
            "state": st.sampled_from(["draft", "review"]),
            "tags": st.lists(st.sampled_from(["a", "b c", "ü"]), max_size=2, unique=True),
        }
    ),
    min_size=1,
    max_size=4,
)


def exported(bench: Bench, project: ProjectId, file_format: FileFormat) -> bytes:
    """All items as a file."""
    target = io.BytesIO()
    write_file(target, file_format, [bench.acme.owner.query(ExportArtifacts(project))])
    return target.getvalue()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, file_format=st.sampled_from(["csv", "xlsx", "json"]))
def test_what_is_exported_comes_back(
    workbench: Bench, numbers: Iterator[int], rows: list[dict[str, Any]], file_format: FileFormat
) -> None:
    """Out, into an empty project, and out again: the same, whatever the texts are."""
    source, target = project_of(workbench, numbers), project_of(workbench, numbers)
    owner = workbench.acme.owner
    mapping: dict[str, str | None] = {"state": "state", "tags": "tags"}
    content = base64.b64encode(json.dumps(rows).encode()).decode()
    owner.send(ImportArtifacts(source, "rows.json", content, "requirement", mapping))
    items = owner.query(FindArtifacts(source)).items
    if len(items) > 1:
        made = owner.send(CreateArtifact(source, "test_case", "Proves both"))
        owner.send(LinkArtifacts(made.id, "verifies", items[0].id))
        owner.send(LinkArtifacts(made.id, "verifies", items[1].id))
    before = exported(workbench, source, file_format)
    done = owner.send(ImportArtifacts(target, f"all.{file_format}", base64.b64encode(before).decode(), "requirement"))
    assert done.skipped == 0
    assert exported(workbench, target, "json") == exported(workbench, source, "json")
