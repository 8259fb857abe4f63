"""`alm manifest check` as an author meets it, and what every command answers to programs when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alm_workbench.cli import main

Run = Callable[..., tuple[int, str, str]]
TWICE = """@namespace "acme"
@name "twice"
def Role tester { privileges: ["artifact:read"] }
def Role tester { privileges: ["artifact:*"] }
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: Any) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            main([*map(str, arguments)])
        said = capsys.readouterr()
        return int(done.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def twice(tmp_path: Path) -> Path:
    """A manifest that says the same twice."""
    file = tmp_path / "twice.alm"
    file.write_text(TWICE, "utf-8")
    return file


def test_a_finding_names_the_other_places_it_is_about(run: Run, twice: Path) -> None:
    """Line by line: the second definition, and where the first one is."""
    code, out, _ = run("manifest", "check", twice)
    assert code == 1
    assert out.splitlines()[0].startswith(f"{twice}:4:10: error E_VALID_DUPLICATE_DEF")
    assert out.splitlines()[1] == f"  {twice}:3:10: first defined here"


def test_an_unreadable_file_does_not_hide_the_others(run: Run, twice: Path) -> None:
    """Exit code 2, and what could be read is checked; the same for programs."""
    missing = twice.with_name("missing.alm")
    code, out, err = run("manifest", "check", missing, twice)
    assert (code, err) == (2, f"alm: {missing}: No such file or directory\n")
    assert "E_VALID_DUPLICATE_DEF" in out
    code, out, _ = run("manifest", "check", "--json", missing, twice)
    found = json.loads(out)
    assert (code, found[str(missing)]["ok"], found[str(twice)]["ok"]) == (2, False, False)
    assert found[str(missing)]["unreadable"] == f"{missing}: No such file or directory"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "sound, but it defines nothing"),
        ('@name "x"\n', "sound, but it defines nothing"),
        ('def EnumDef e { values: ["a"] }\n', "sound, but it has no name"),
    ],
)
def test_a_sound_text_that_is_hardly_a_manifest(run: Run, tmp_path: Path, text: str, said: str) -> None:
    """Somebody may have named the wrong file."""
    file = tmp_path / "x.alm"
    file.write_text(text, "utf-8")
    code, out, _ = run("manifest", "check", file)
    assert (code, out.splitlines()[-1]) == (0, f"{file}: {said}")


@pytest.mark.parametrize(
    "arguments",
    [
        ("manifest", "compile"),
        ("manifest", "format"),
        ("manifest", "convert", "--to", "json"),
        ("workflow", "simulate", "--path", "x"),
        ("policy", "acl", "--action", "read", "--resource", "x"),
        ("meta", "drift"),
        ("meta", "migrate", "--to", "2"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_programs_get_errors_as_json(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A problem document with every place; people read the same on stderr, each error once."""
    file = tmp_path / "bad.alm"
    file.write_text("def Role {\n\ndef Role {\n", "utf-8")
    code, out, err = run(*arguments, file, "--json")
    problem = json.loads(out)["error"]
    assert (code, problem["title"]) == (2, "The manifest has errors")
    assert [item["path"] for item in problem["errors"]] == [f"{file}:1:10", f"{file}:3:10"]
    assert err.count(f"{file}:1:10: ") == err.count(f"{file}:3:10: ") == 1


def test_bad_usage_is_json_too(run: Run) -> None:
    """Whoever forgets an argument."""
    code, out, err = run("manifest", "check", "--json")
    assert (code, json.loads(out)["error"]["detail"]) == (2, "Missing argument 'FILES...'.")
    assert "Usage:" in err


def test_whoever_forgets_the_library_is_told(run: Run, tmp_path: Path) -> None:
    """By every command that compiles; not where there is one."""
    file, folder = tmp_path / "app.alm", tmp_path / "lib"
    folder.mkdir()
    (folder / "common.alm").write_text('@namespace "acme"\n@name "common"\ndef EnumDef e { values: [a] }\n', "utf-8")
    file.write_text('@namespace "acme"\n@name "app"\ndef Import common { source: "acme/common" alias: c }\n', "utf-8")
    for command in (("manifest", "check"), ("manifest", "compile"), ("workflow", "graph")):
        assert "say with --library DIR" in run(*command, file)[2]
    assert run("manifest", "check", file, "--library", folder)[::2] == (0, "")


def test_a_broken_file_in_a_library_is_left_out(run: Run, tmp_path: Path) -> None:
    """It is named; a manifest that does not need it is checked all the same."""
    file, junk = tmp_path / "a.alm", tmp_path / "junk.alm"
    file.write_text('@name "a"\ndef EnumDef e { values: ["a"] }\n', "utf-8")
    junk.write_bytes(b"\xff\xfe")
    code, _, err = run("manifest", "check", file, "--library", tmp_path)
    assert (code, err) == (0, f"alm: {junk} cannot be imported from: {junk}:1:1: byte 0xff is not UTF-8\n")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.alm", "schemaVersion: 2\ndefs: []\n", "by its name this file is dsl, but the text looks like yaml"),
        ("a.alm", '{"schemaVersion": 2}', "by its name this file is dsl, but the text looks like json"),
        ("a.alm.yaml", '@name "x"\ndef EnumDef e {}\n', "by its name this file is yaml, but the text looks like dsl"),
        ("a.alm", "def Role {\n", ""),
    ],
)
def test_a_file_with_the_wrong_ending(run: Run, tmp_path: Path, name: str, text: str, said: str) -> None:
    """Its errors would lead nowhere."""
    file = tmp_path / name
    file.write_text(text, "utf-8")
    code, _, err = run("manifest", "check", file)
    assert (code, err) == (1, f"alm: {file}: {said}\n" if said else "")
