"""``alm meta``: what it prints, what it writes, and its exit codes (0 sound, 1 a finding, 2 unusable input)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alm_workbench.cli import main

Run = Callable[..., tuple[int, str]]
ROOT = Path(__file__).resolve().parents[3]
VOCABULARY = ROOT / "alm_meta" / "domain_meta.yaml"
OLD = """@schema 1
@namespace "old"
// stays
def Workflow f { initial: "o" states: {o: {category: "todo"}} transitions: [] }
def Defect d "D" { severity: "high" status: "o" reported_by: "a" }
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: Any) -> tuple[int, str]:
        with pytest.raises(SystemExit) as done:
            main(["meta", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(done.value.code or 0), captured.out + captured.err

    return call


def test_show_prints_kinds_and_founding_kinds(run: Run) -> None:
    """The kinds with their properties, and the eight founding kinds with what they require."""
    code, text = run("show", "--kinds", "--json")
    data = json.loads(text)
    assert (code, data["kinds"]["Workflow"]["initial"]) == (0, "state*")
    assert set(data["templates"]) == {"Requirement", "Defect", "Task", "Epic", "Cycle", "Policy", "Workflow", "ACL"}
    assert data["templates"]["Defect"]["required"] == ["title", "severity", "status", "reported_by"]
    assert "Defect: title*, severity*, status*, reported_by*" in run("show", "--kinds")[1]
    assert "functions" in json.loads(run("show", "--json")[1])
    assert json.loads(run("show", "--schema")[1])["title"] == "DomainMeta"


def test_check_says_whether_a_vocabulary_is_sound(run: Run, tmp_path: Path) -> None:
    """The shipped one is; a broken one is a finding with its place; a missing file cannot be used."""
    assert run("check")[0] == 0
    broken = tmp_path / "broken.yaml"
    broken.write_text("kinds: {P: {properties: {x: {type: wat}}}}")
    code, text = run("check", broken)
    assert (code, "P.x: unknown property type 'wat'" in text) == (1, True)
    assert json.loads(run("check", broken, "--json")[1])["ok"] is False
    assert run("check", tmp_path / "none.yaml")[0] == 2


def test_diff_compares_two_vocabularies(run: Run, tmp_path: Path) -> None:
    """Nothing, a minor change, and a breaking one without a migration."""
    text = VOCABULARY.read_text("utf-8")
    more, less, bad = (tmp_path / name for name in ("more.yaml", "less.yaml", "bad.yaml"))
    more.write_text(text.replace("unlink]", "unlink, archive]", 1), "utf-8")
    less.write_text(text.replace("link, unlink]", "link]", 1), "utf-8")
    bad.write_text("[]")
    assert run("diff", VOCABULARY, VOCABULARY) == (0, "class: none\n")
    code, out = run("diff", VOCABULARY, more)
    assert (code, "non-breaking: Event 'archive' added" in out, "class: minor" in out) == (0, True, True)
    code, out = run("diff", VOCABULARY, less, "--json")
    data = json.loads(out)
    assert (code, data["class"], data["breaking"]) == (1, "major", ["Event 'unlink' removed"])
    assert data["problem"].startswith("E_META_BREAKING_CHANGE")
    assert run("diff", VOCABULARY, bad)[0] == 2


def test_drift_finds_words_that_are_not_in_the_vocabulary(run: Run, tmp_path: Path) -> None:
    """Exit code 1 with a sentence each; 2 for a text that is no manifest."""
    file = tmp_path / "m.alm"
    file.write_text("def Ghost g { }")
    assert run("drift", file) == (1, "Ghost 'g': unknown kind 'Ghost'\n")
    file.write_text("def Role r { }")
    assert run("drift", file)[0] == 0
    file.write_text("def {")
    assert run("drift", file)[0] == 2


def test_changelog_prints_every_version(run: Run) -> None:
    """Newest first, with the steps."""
    versions = json.loads(run("changelog", "--json")[1])["versions"]
    assert [entry["schemaVersion"] for entry in versions] == [2, 1]
    assert {"entries": {"kind": "Workflow", "property": "states"}} in versions[0]["map"]
    assert "step: Defect becomes" in run("changelog")[1] or "Defect definitions become items" in run("changelog")[1]


def test_migrate_moves_a_manifest_once(run: Run, tmp_path: Path) -> None:
    """A dry run writes nothing, items need a place, comments stay, a second run has nothing to do."""
    file, items = tmp_path / "m.alm", tmp_path / "items.json"
    file.write_text(OLD, "utf-8")
    code, out = run("migrate", file, "--to", 2, "--dry-run", "--json")
    assert (code, json.loads(out)["changed"], file.read_text("utf-8")) == (0, True, OLD)
    assert run("migrate", file, "--to", 2)[0] == 2
    assert file.read_text("utf-8") == OLD
    assert run("migrate", file, "--to", 2, "--items", items)[0] == 0
    assert "// stays" in file.read_text("utf-8")
    assert "Defect" not in file.read_text("utf-8")
    (item,) = json.loads(items.read_text("utf-8"))
    assert (item["kind"], item["severity"]) == ("defect", "critical")
    assert "nothing to do" in run("migrate", file, "--to", 2)[1]
    assert list(tmp_path.glob("*.new")) == []


def test_migrate_moves_a_list_of_items(run: Run, tmp_path: Path) -> None:
    """Unmapped values are a finding; the rest is written all the same."""
    file = tmp_path / "items.json"
    file.write_text(json.dumps([{"kind": "Defect", "id": "1", "severity": "medium"}]))
    assert run("migrate", file, "--to", 2)[0] == 0
    assert json.loads(file.read_text("utf-8"))[0]["severity"] == "major"
    assert "nothing to do" in run("migrate", file, "--to", 2)[1]
    file.write_text(json.dumps([{"kind": "Defect", "id": "1", "severity": "urgent"}]))
    code, out = run("migrate", file, "--to", 2)
    assert (code, "has no counterpart" in out) == (1, True)


@pytest.mark.parametrize("text", ["[1]", "[", "def {", "defs: 5"])
def test_migrate_refuses_what_is_neither(run: Run, tmp_path: Path, text: str) -> None:
    """Exit code 2, and the file stays as it was."""
    file = tmp_path / "x"
    file.write_text(text)
    assert run("migrate", file, "--to", 2)[0] == 2
    assert file.read_text() == text


def test_the_commands_are_found_from_outside() -> None:
    """`alm meta` is wired."""
    done = subprocess.run(
        [sys.executable, "-m", "alm_workbench", "meta", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert all(word in done.stdout for word in ("show", "check", "diff", "drift", "changelog", "migrate"))


def test_a_text_that_cannot_be_read_is_named_by_file_line_and_column(run: Run, tmp_path: Path) -> None:
    """Of drift and of migrate alike."""
    file = tmp_path / "bad.alm"
    file.write_text("@schema 1\ndef Role {\n", "utf-8")
    for arguments in (("drift", file), ("migrate", file, "--to", "2")):
        code, text = run(*arguments)
        assert (code, text.count(f"{file}:2:10: ")) == (2, 1)


def test_a_place_that_cannot_be_written_to_is_named(run: Run, tmp_path: Path) -> None:
    """One sentence, and no draft is left behind."""
    file = tmp_path / "old.alm"
    file.write_text(OLD, "utf-8")
    code, text = run("migrate", file, "--to", "2", "--items", tmp_path / "missing" / "items.json")
    assert code == 2
    assert "items.json: No such file or directory" in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old.alm"]
