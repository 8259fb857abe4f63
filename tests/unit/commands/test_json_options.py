"""An object for an option: the same three ways in every command that takes one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alm_workbench.cli import main
from alm_workbench.commands.json_options import mapping
from alm_workbench.errors import ConfigurationError

MANIFEST = """def Role dev { privileges: ["artifact:read"] }
def Workflow flow { initial: "open" states: ["open", {id: "done", category: "done"}]
  transitions: [{id: "go", from: "open", to: "done", roles: ["dev"], guard: "self.title == 'x' and actor.attributes.level > 2"}] }
def ArtifactType t { workflow: "flow" }
def ACL some { action: "read" resource: "t" condition: "self.title == 'x' and actor.attributes.level > 2" }
def Policy no { events: ["update"] when: "self.title == 'x' and actor.attributes.level > 2" }
"""
ITEM = {"type": "t", "title": "x"}
ACTOR = {"id": "ada", "roles": ["dev"], "attributes": {"level": 3}}


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as done:
        main([*arguments])
    return int(done.value.code or 0), capsys.readouterr().out


@pytest.mark.parametrize("way", ["json", "file", "@file"])
def test_every_command_takes_json_a_file_and_a_file_with_an_at(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, way: str
) -> None:
    """--context, --event, --item, --attrs and --actor."""
    manifest = tmp_path / "m.alm"
    manifest.write_text(MANIFEST, "utf-8")

    def given(name: str, value: object) -> str:
        if way == "json":
            return json.dumps(value)
        (tmp_path / name).write_text(json.dumps(value), "utf-8")
        return f"{'@' if way == '@file' else ''}{tmp_path / name}"

    item, attrs = given("item.json", ITEM), given("attrs.json", ACTOR["attributes"])
    actor, event = given("actor.json", ACTOR), given("event.json", {"name": "update"})
    context = given("context.json", {"self": ITEM, "actor": ACTOR})
    file = str(manifest)
    assert called(capsys, "expr", "eval", "self.title", "--context", context) == (0, '"x"\n')
    _, out = called(capsys, "policy", "explain", file, "--event", event, "--item", item, "--actor", actor)
    assert out.startswith("denied by policy no")
    _, out = called(
        capsys, "policy", "acl", file, "--action", "read", "--resource", "t", "--item", item, "--attrs", attrs
    )
    assert out.startswith("allowed by access rule some")
    walk = ("workflow", "simulate", file, "--type", "t", "--path", "go")
    assert called(capsys, *walk, "--roles", "dev", "--context", context)[0] == 0
    who = actor if way != "file" else f"@{actor}"  # A bare word is the id of an actor.
    assert called(capsys, *walk, "--actor", who, "--context", given("item-only.json", {"self": ITEM}))[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "--x is no JSON: "),
        ("[1]", "--x must be a JSON object"),
        ("12", "--x must be a JSON object"),
        ("nowhere.json", "--x: nowhere.json: No such file or directory"),
        ("@nowhere.json", "--x: nowhere.json: No such file or directory"),
        ("@[1]", "--x: [1]: No such file or directory"),
        ("a\0b", "--x: a\0b: "),
        ("@", "--x: "),
    ],
)
def test_what_is_no_object_is_one_sentence(text: str, said: str) -> None:
    """With the option it is about."""
    with pytest.raises(ConfigurationError) as error:
        mapping("--x", text)
    assert error.value.detail.startswith(said)
