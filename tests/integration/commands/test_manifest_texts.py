"""`alm manifest` on files: format, convert, diff, and what a manifest imports from folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alm_workbench.commands.manifest import manifest
from alm_workbench.errors import AlmError

COMMON = """@namespace "acme"
@name "common"
@version "1.2.0"
def Role reviewer { privileges: ["artifact:*"] }
"""
APP = """@namespace "acme"
@name "app"
// who may read
def Import common { source: "acme/common" version: "^1" alias: "c" }
def ACL mine   { action: "read"   resource: "*" roles: ["c.reviewer"] }
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A manifest beside a folder it imports from."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "common.alm").write_text(COMMON, "utf-8")
    (tmp_path / "app.alm").write_text(APP, "utf-8")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(manifest, [str(a) for a in arguments], standalone_mode=False)


def answer(*arguments: str | Path) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def refused(*arguments: str | Path) -> AlmError:
    """The error of a command that ends with exit code 2."""
    error = run(*arguments).exception
    assert isinstance(error, AlmError)
    assert error.exit_code == 2
    return error


class TestLibrary:
    """--library DIR."""

    def test_check(self, place: Path) -> None:
        assert run("check", place / "app.alm").return_value == 1
        assert run("check", place / "app.alm", "--library", place / "lib").return_value == 0

    def test_compile_pins_what_it_resolved(self, place: Path) -> None:
        found = answer("compile", place / "app.alm", "--library", place / "lib")
        (pin,) = found["imports"]
        assert (pin["name"], pin["version"], len(pin["hash"])) == ("acme/common", "1.2.0", 64)
        assert list(found["roles"]) == ["c.reviewer"]
        assert "acme/common" in str(refused("compile", place / "app.alm"))

    def test_graph(self, place: Path) -> None:
        assert run("graph", place / "app.alm").return_value == 2
        assert run("graph", place / "app.alm", "--library", place / "lib").return_value == 0

    def test_drawings(self, place: Path) -> None:
        """Mermaid of every workflow, SVG of one."""
        flow = 'def Workflow {} {{ initial: "s" states: ["s", "d"] transitions: [{{id: "go", from: "s", to: "d"}}] }}\n'
        with (place / "lib" / "common.alm").open("a", encoding="utf-8") as out:
            out.write(flow.format("one") + flow.format("two"))
        call = ("graph", place / "app.alm", "--library", place / "lib", "--format")
        assert run(*call, "mermaid").stdout.count("stateDiagram-v2") == 2
        assert run(*call, "svg", "--workflow", "c.one").stdout.startswith("<svg")
        assert list(answer(*call, "mermaid", "--workflow", "c.two")) == ["c.two"]
        assert "choose with --workflow" in str(refused(*call, "svg"))
        assert "no workflow 'ghost'" in str(refused(*call, "svg", "--workflow", "ghost"))

    def test_names(self, place: Path) -> None:
        """A manifest alone in its namespace is found by that, and any by its file name; a shared name finds none."""
        text = APP.replace("acme/common", "acme")
        (place / "app.alm").write_text(text, "utf-8")
        assert run("check", place / "app.alm", "--library", place / "lib").return_value == 0
        (place / "lib" / "other.alm.yaml").write_text(
            'namespace: acme\nname: other\nmanifestVersion: "2.0.0"\n', "utf-8"
        )
        assert run("check", place / "app.alm", "--library", place / "lib").return_value == 1
        (place / "app.alm").write_text(APP.replace("acme/common", "common"), "utf-8")
        assert run("check", place / "app.alm", "--library", place / "lib").return_value == 0

    def test_errors_in_a_library_name_its_file(self, place: Path) -> None:
        """Whether it cannot be read or says something wrong."""
        library = place / "lib" / "common.alm"
        library.write_text(COMMON + 'def LinkType l { from: "ghost" to: "ghost" }\n', "utf-8")
        found = answer("check", place / "app.alm", "--library", place / "lib")[str(place / "app.alm")]["diagnostics"]
        assert found[0]["line"] == 4
        assert f"in {library}: 5:24: " in found[0]["message"]
        library.write_text(COMMON + "def Role {", "utf-8")
        found = answer("check", place / "app.alm", "--library", place / "lib")[str(place / "app.alm")]["diagnostics"]
        assert (found[0]["code"], found[0]["line"]) == ("E_PARSE_SYNTAX", 4)
        assert str(library) in found[0]["message"]


class TestFormat:
    """alm manifest format."""

    def test_prints(self, place: Path) -> None:
        done = run("format", place / "app.alm")
        assert 'def ACL mine { action: "read" resource: "*"' in done.stdout
        assert "// who may read" in done.stdout
        assert (place / "app.alm").read_text("utf-8") == APP

    def test_check_and_write(self, place: Path) -> None:
        file = place / "app.alm"
        file.chmod(0o640)
        assert run("format", "--check", file).return_value == 1
        assert answer("format", "--check", file)[str(file)]["changed"] is True
        assert run("format", "--write", file).return_value == 0
        assert run("format", "--check", file).return_value == 0
        assert file.stat().st_mode & 0o777 == 0o640
        assert sorted(p.name for p in place.iterdir()) == ["app.alm", "lib"]

    def test_a_file_with_errors_is_left_alone(self, place: Path) -> None:
        """And so are the others of the same call."""
        bad = place / "bad.alm"
        bad.write_text("def Role {\n", "utf-8")
        refused("format", "--write", place / "app.alm", bad)
        assert (place / "app.alm").read_text("utf-8") == APP
        refused("format", "--check", "--write", place / "app.alm")
        refused("format", place / "missing.alm")


class TestConvert:
    """alm manifest convert."""

    @pytest.mark.parametrize(("format", "ending"), [("yaml", ".alm.yaml"), ("json", ".alm.json"), ("dsl", ".alm")])
    def test_there_and_back(self, place: Path, format: str, ending: str) -> None:
        made = place / f"made{ending}"
        assert run("convert", place / "app.alm", "--to", format, "-o", made).exit_code == 0
        assert answer("diff", place / "app.alm", made) == {"impact": None, "header": [], "definitions": []}
        printed = run("convert", made, "--to", "dsl").stdout
        assert answer("convert", place / "app.alm", "--to", "dsl")["text"] == printed

    def test_what_is_converted_is_in_shape(self, place: Path) -> None:
        """Long lines are broken as the formatter breaks them."""
        words = ", ".join(f"word{number}" for number in range(30))
        (place / "long.alm").write_text(f"def FormDef f {{ sections: [{{id: a, fields: [{words}]}}] }}\n", "utf-8")
        for format in ("dsl", "yaml", "json"):
            made = place / f"made.{'alm' if format == 'dsl' else format}"
            assert run("convert", place / "long.alm", "--to", format, "-o", made).exit_code == 0
            assert run("format", "--check", made).return_value == 0

    def test_what_cannot_be_said(self, place: Path) -> None:
        """A property that JSON reserves the word of."""
        (place / "v.alm").write_text('def View v { kind: "list" }\n', "utf-8")
        assert "reserved" in str(refused("convert", place / "v.alm", "--to", "json"))


def test_diff(place: Path) -> None:
    """Changes with their impact, as lines, as text and as JSON; an exit code only where asked for."""
    new = place / "new.alm"
    new.write_text(APP.replace('"read"', '"update"'), "utf-8")
    done = run("diff", place / "app.alm", new)
    assert done.return_value == 0
    assert '~ action: "read" → "update"  [compatible]' in done.stdout
    assert run("diff", place / "app.alm", new, "--exit-code").return_value == 1
    assert run("diff", new, new, "--exit-code").return_value == 0
    assert '+  action: "update"' in run("diff", place / "app.alm", new, "--text").stdout
    assert answer("diff", place / "app.alm", new)["definitions"][0]["changes"][0]["new"] == "update"
