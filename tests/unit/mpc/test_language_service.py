"""What an editor gets: findings, graph and outline with UTF-16 places."""

from __future__ import annotations

from alm_workbench.mpc import DomainMeta, check, language_service

TEXT = """def Role r "😀 role" { implies: ["nobody"] }
def Workflow w "W" {
  initial: "a"
  states: [{id: "a", labels: {tr: "İlk"}}, {id: "b", category: "done", wip_limit: 3}]
  transitions: [{id: "go", from: ["a", "b"], to: "b", guard: "len(self.title) > 1", roles: ["r"]}]
}
def ArtifactType t { workflow: "w" def FieldDef f { type: "int" } }
"""


def cut(text: str, start: int, end: int) -> str:
    """The part of a text between UTF-16 offsets."""
    return text.encode("utf-16-le")[start * 2 : end * 2].decode("utf-16-le")


def test_findings_have_utf16_places(meta: DomainMeta) -> None:
    """Characters beyond the basic plane count twice, as in an editor."""
    found = language_service.diagnostics(TEXT, meta)
    assert [d["code"] for d in found] == ["E_VALID_UNRESOLVED_REF"]
    assert cut(TEXT, found[0]["from"], found[0]["to"]) == '"nobody"'
    assert (found[0]["line"], found[0]["severity"], found[0]["path"]) == (1, "error", "defs/r/implies/0")
    assert set(found[0]) == {
        "code", "message", "severity", "from", "to", "line", "col", "end_line", "end_col", "hint", "path",
    }  # fmt: skip


def test_the_graph_leads_back_to_the_text(meta: DomainMeta) -> None:
    """States and transitions with labels, kinds and places, even with errors elsewhere."""
    graph = language_service.graph(TEXT, meta)
    flow = graph["workflows"][0]
    assert [(s["id"], s["label"], s["category"], s["initial"], s["final"], s["wip_limit"]) for s in flow["states"]] == [
        ("a", "A", "todo", True, False, None),
        ("b", "B", "done", False, True, 3),
    ]
    assert flow["states"][0]["labels"]["tr"] == "İlk"
    assert [(t["id"], t["source"], t["target"], t["roles"]) for t in flow["transitions"]] == [
        ("go", "a", "b", ["r"]),
        ("go", "b", "b", ["r"]),
    ]
    assert cut(TEXT, flow["states"][1]["from"], flow["states"][1]["to"]).startswith('{id: "b"')
    assert cut(TEXT, flow["from"], flow["to"]).startswith("def Workflow w")
    assert graph["types"] == [{**graph["types"][0], "id": "t", "workflow": "w", "fields": 1}]
    assert len(graph["diagnostics"]) == 1


def test_the_graph_of_broken_text_shows_what_is_readable(meta: DomainMeta) -> None:
    """One broken definition leaves the rest."""
    graph = language_service.graph("def Broken {\n" + TEXT, meta)
    assert [w["id"] for w in graph["workflows"]] == ["w"]
    assert language_service.graph("}}}", meta)["workflows"] == []


def test_the_outline_nests(meta: DomainMeta) -> None:
    """Definitions with their children."""
    found = language_service.outline(TEXT)
    assert [(n["kind"], n["id"], n["line"]) for n in found] == [
        ("Role", "r", 1),
        ("Workflow", "w", 2),
        ("ArtifactType", "t", 7),
    ]
    assert [child["id"] for child in found[2]["children"]] == ["f"]


def test_the_check_answer(meta: DomainMeta, safety_text: str) -> None:
    """The head and hash of the manifest stand beside the findings."""
    payload = language_service.check_payload(safety_text, check(safety_text, meta))
    assert (payload["ok"], payload["namespace"], payload["name"]) == (True, "acme.braking", "safety")
    assert payload["artifact_hash"]
    assert language_service.check_payload("{", check("{", meta))["ok"] is False
    assert check("", meta, format="nope").diagnostics[0].code == "E_PARSE_UNSUPPORTED_FORMAT"
