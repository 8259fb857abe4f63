"""``alm policy``: what the rules of a manifest decide, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alm_workbench import resources
from tests.unit.commands.running import json_of, run_command

SAFETY = str(resources.path("alm_meta", "manifests", "safety.alm"))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return run_command(capsys, "policy", *arguments)


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    return json_of(capsys, "policy", *arguments)


def test_acl_names_rule_line_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    """And says of every other rule why it did not decide."""
    code, out, _ = run(
        capsys, "acl", SAFETY, "--action", "update", "--resource", "requirement.asil", "--roles", "engineer",
        "--item", '{"state": "approved"}',
    )  # fmt: skip
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("denied by access rule asil_is_frozen (line ")
    assert "self.state in ['approved', 'implemented', 'verified'] was true: 'approved' in" in lines[0]
    assert any("managers_do_all_work" in line and "is for the role manager" in line for line in lines[1:])
    assert any("engineers_write" in line and "was not asked" in line for line in lines[1:])


def test_acl_as_json_carries_the_decision(capsys: pytest.CaptureFixture[str]) -> None:
    """Rule, hash, place, reasons, candidates and masked fields."""
    found = data(capsys, "acl", SAFETY, "--action", "read", "--resource", "change_request", "--roles", "viewer")
    assert (found["allow"], found["rule"]) == (True, "viewers_read")
    assert found["masked"] == ["cost_estimate", "customer_note", "hazard_note"]
    assert len(found["manifest_hash"]) == 64
    assert found["reasons"][0]["code"] == "R_ACL_ALLOW_ROLE"
    fates = {c["rule"]: c["outcome"] for c in found["candidates"]}
    assert fates["viewers_read"] == "fired"
    assert fates["owners_do_everything"] == "role"
    assert found["span"]["line"] > 1


def test_words_in_turkish(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentences, not the names."""
    _, out, _ = run(
        capsys, "acl", SAFETY, "--action", "read", "--resource", "defect", "--roles", "viewer", "--lang", "tr"
    )
    assert "viewers_read (satır" in out
    assert "gizli alanlar: cost_estimate, customer_note, hazard_note" in out


def test_attributes_and_actor_reach_the_conditions(capsys: pytest.CaptureFixture[str]) -> None:
    """`--actor-id` against the item's author."""
    asked = ("acl", SAFETY, "--action", "delete", "--resource", "requirement", "--roles", "engineer", "--item",
             '{"state": "draft", "created_by": "u1"}')  # fmt: skip
    assert data(capsys, *asked, "--actor-id", "u1")["allow"] is True
    assert data(capsys, *asked, "--actor-id", "u2", "--attrs", '{"x": 1}')["allow"] is False


def test_explain_takes_an_event_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its object is the item and its actor the actor, unless others are given."""
    event = tmp_path / "e.json"
    event.write_text(json.dumps({
        "name": "create", "actor": {"id": "u", "roles": ["engineer"]}, "object": {"type": "requirement", "title": ""},
    }))  # fmt: skip
    code, out, _ = run(capsys, "explain", SAFETY, "--event", str(event))
    assert code == 0
    assert out.startswith("denied by policy title_needed (line ")
    assert "isEmpty(self.title) was true: isEmpty('')" in out.splitlines()[0]
    found = data(capsys, "explain", SAFETY, "--event", str(event), "--item", '{"type": "requirement", "title": "T"}')
    assert (found["allow"], found["rule"], found["explanation"]) == (True, None, "allowed: no policy speaks about it")
    found = data(capsys, "explain", SAFETY, "--event", str(event), "--actor", '{"roles": []}')
    assert found["reasons"][0]["labels"]["tr"] == "Öğeye bir başlık verin"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", SAFETY, "--event", "nowhere.json"), "nowhere.json"),
        (("explain", SAFETY, "--event", "{nonsense"), "--event is no JSON"),
        (("acl", SAFETY, "--action", "read", "--resource", "x", "--attrs", "[1]"), "--attrs must be a JSON object"),
        (("acl", "nowhere.alm", "--action", "read", "--resource", "x"), "nowhere.alm"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    """Nothing on stdout."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_an_unsound_manifest_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With its first error and the place."""
    file = tmp_path / "bad.alm"
    file.write_text('def ACL a { action: "read" resource: "*" effect: "Deny" }')
    code, _, err = run(capsys, "acl", str(file), "--action", "read", "--resource", "x")
    assert code == 2
    assert "bad.alm:1:" in err
    assert "'Deny' is not a value of 'effect'" in err


def test_words_the_manifest_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    """An answer is given, and said what it may be worth."""
    code, _, err = run(
        capsys, "acl", SAFETY, "--action", "raed", "--resource", "requirement.asill", "--roles", "enginer,viewer"
    )
    assert code == 0
    assert err.splitlines() == [
        "alm: this manifest has no role 'enginer' (did you mean 'engineer'?)",
        "alm: this manifest has no field 'asill' (did you mean 'asil'?)",
        "alm: this manifest has no action 'raed' (did you mean 'read'?)",
    ]
    _, _, err = run(capsys, "explain", SAFETY, "--event", '{"name": "updat", "object": {"type": "requiremnt"}}')
    assert [line.rpartition("mean ")[2] for line in err.splitlines()] == ["'requirement'?)", "'update'?)"]


def test_ids_with_dots_and_the_category_of_a_state(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A type that was imported under an alias; what the manifest tells of an item need not be said."""
    file, folder = tmp_path / "app.alm", tmp_path / "lib"
    folder.mkdir()
    (folder / "common.alm").write_text(
        '@namespace "acme"\n@name "common"\n'
        "def Workflow flow { initial: open states: [{id: open, category: todo}, {id: over, category: done}]"
        " transitions: [{id: end, from: open, to: over}] }\n"
        "def ArtifactType risk { workflow: flow def FieldDef note { type: text } }\n",
        "utf-8",
    )
    file.write_text(
        'def Import common { source: "acme/common" alias: base }\n'
        "def ACL done_stays { action: update resource: base.risk.note condition: \"self.state_category != 'done'\" }\n",
        "utf-8",
    )
    for state, verdict in (("open", "allowed"), ("over", "denied")):
        code, out, err = run(
            capsys, "acl", str(file), "--library", str(folder), "--action", "update", "--resource", "base.risk.note",
            "--item", f'{{"state": "{state}"}}',
        )  # fmt: skip
        assert (code, out.startswith(verdict), err) == (0, True, "")


def test_a_rule_that_came_by_an_import_names_its_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A line alone would be looked for in the wrong file; without imports the file is known."""
    file, folder = tmp_path / "app.alm", tmp_path / "lib"
    folder.mkdir()
    common = folder / "common.alm"
    common.write_text(
        '@namespace "acme"\n@name "common"\n\ndef Policy frozen { events: ["delete"] }\n'
        'def ACL all { action: "*" resource: "*" }\n',
        "utf-8",
    )
    file.write_text(
        'def Import common { source: "acme/common" }\ndef ACL never { action: "read" resource: "*" effect: "deny" }\n'
    )
    library = ("--library", str(folder), "--lang")
    _, out, _ = run(capsys, "explain", str(file), *library, "en", "--event", '{"name": "delete"}')
    assert out.startswith(f"denied by policy frozen (line 4 of {common}): ")
    _, out, _ = run(capsys, "acl", str(file), *library, "en", "--action", "read", "--resource", "x")
    assert out.startswith(f"denied by access rule never (line 2 of {file}): ")
    assert f"all (line 5 of {common}): was not asked" in out
    _, out, _ = run(capsys, "acl", str(file), *library, "tr", "--action", "link", "--resource", "x")
    assert out.startswith(f"all ({common}, satır 5) adlı erişim kuralı izin verdi")
