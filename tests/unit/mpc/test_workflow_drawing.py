"""Drawings of workflows: Mermaid and SVG hold every state and way, in the language asked for, whatever the labels."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from alm_workbench.mpc import CompiledManifest
from alm_workbench.mpc.workflow import to_mermaid, to_svg, workflow_from
from alm_workbench.mpc.workflow.picture import picture_of, time_text, wrapped

SVG = "{http://www.w3.org/2000/svg}"
NASTY = 'a "quoted" <b> & {c}; d: e # f\n%% g'
CHART: dict[str, Any] = {
    "initial": "idle",
    "states": [
        "idle",
        {"id": "run", "parallel": True, "labels": {"en": "Running", "tr": "Çalışıyor"}},
        {"id": "left", "parent": "run", "history": "deep"},
        {"id": "right", "parent": "run"},
        {"id": "l1", "parent": "left", "category": "in_progress"},
        {"id": "l2", "parent": "left", "category": "done"},
        {"id": "r1", "parent": "right", "labels": {"en": NASTY}},
        {"id": "off", "category": "done", "labels": {"en": "A label that goes on and on " * 6, "tr": "Kapalı"}},
    ],
    "finals": ["l2", "off"],
    "transitions": [
        {"id": "begin", "from": "idle", "to": "run", "labels": {"en": NASTY, "tr": "Başla"}},
        {"id": "go", "from": "l1", "to": "l2", "guard": "1 > 0", "timeout": "90m"},
        {"id": "again", "from": "r1", "to": "r1"},
        {"id": "end", "from": "run", "to": "off"},
        {"id": "abort", "from": "run", "to": "off"},
        {"id": "back", "from": "off", "to": "idle"},
    ],
}


def drawn(lang: str = "en", **rest: Any) -> ElementTree.Element:
    return ElementTree.fromstring(to_svg(workflow_from(CHART, "w"), lang, **rest))


def boxes(svg: ElementTree.Element, css: str) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of states by the id in their title."""
    found = {}
    for group in svg.iter(f"{SVG}g"):
        if group.get("class", "").split()[0] == css:
            title, rect = group.find(f"{SVG}title"), next(r for r in group.iter(f"{SVG}rect") if r.get("class") is None)
            assert title is not None
            x, y, width, height = (float(rect.get(name, "0")) for name in ("x", "y", "width", "height"))
            found[re.findall(r"\((\w+)\)$", title.text or "")[0]] = (x, y, x + width, y + height)
    return found


def inside(inner: tuple[float, ...], outer: tuple[float, ...]) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


@pytest.mark.parametrize("direction", ["topbottom", "leftright"])
def test_states_lie_in_what_they_belong_to_and_nowhere_else(direction: str) -> None:
    """Composites hold their states; siblings do not overlap; everything is on the page."""
    svg = drawn(direction=direction)
    found = boxes(svg, "state") | boxes(svg, "area")
    assert set(found) == {"idle", "run", "left", "right", "l1", "l2", "r1", "off"}
    for child, parent in (("left", "run"), ("right", "run"), ("l1", "left"), ("l2", "left"), ("r1", "right")):
        assert inside(found[child], found[parent])
    for one, other in (("left", "right"), ("l1", "l2"), ("idle", "run"), ("run", "off")):
        a, b = found[one], found[other]
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    left, top, width, height = (float(part) for part in svg.get("viewBox", "").split())
    assert all(inside(box, (left, top, left + width, top + height)) for box in found.values())


def test_marks_and_categories() -> None:
    """Categories are classes, ends have a second outline, beginnings a dot; each way has one head."""
    svg = drawn()
    groups = {(g.find(f"{SVG}title").text or ""): g for g in svg.iter(f"{SVG}g")}  # type: ignore[union-attr]
    assert groups["L2 (l2)"].get("class") == "state done"
    assert [r.get("class") for r in groups["L2 (l2)"].iter(f"{SVG}rect")] == ["end", None]
    assert "parallel" in (groups["Running (run)"].get("class") or "")
    assert any((text.text or "") == "Left (H*)" for text in groups["Left (left)"].iter(f"{SVG}text"))
    assert len(list(svg.iter(f"{SVG}circle"))) == 3
    heads = [path for path in svg.iter(f"{SVG}path") if path.get("marker-end")]
    arrows = picture_of(workflow_from(CHART)).arrows
    assert len(heads) == 3 + len(arrows)
    assert "prefers-color-scheme:dark" in to_svg(workflow_from(CHART))


def test_labels_are_in_the_language_and_harmless() -> None:
    """Escaped, wrapped and cut; the whole text is in the title."""
    text = to_svg(workflow_from(CHART, "w"), "tr")
    assert "Çalışıyor" in text
    assert "◇ Go (90 min)" in text
    assert "<b>" not in text
    long = [t.text for t in drawn().iter(f"{SVG}title") if (t.text or "").startswith("A label")]
    assert len(long[0] or "") > 150
    assert max(len(t.text or "") for t in drawn().iter(f"{SVG}tspan")) <= 26


def test_ways_of_one_pair_share_an_arrow() -> None:
    """With a line for each."""
    (arrow,) = [a for a in picture_of(workflow_from(CHART)).arrows if (a.source, a.target) == ("run", "off")]
    assert arrow.lines == ("End", "Abort")


def test_the_drawing_is_the_same_every_time(safety: CompiledManifest) -> None:
    """Files that are kept do not change by themselves."""
    for flow in safety.workflows.values():
        assert to_svg(flow, "tr") == to_svg(flow, "tr")
        assert ElementTree.fromstring(to_svg(flow, "tr")).tag == f"{SVG}svg"


def test_mermaid() -> None:
    """Nested as declared, regions divided, nothing of a label can break out."""
    text = to_mermaid(workflow_from(CHART, "w"), "tr")
    lines = [line.strip() for line in text.splitlines()]
    assert lines[3] == "stateDiagram-v2"
    assert 'state "Çalışıyor" as s1' in lines
    assert lines.count("--") == 1
    assert "[*] --> s0" in lines
    assert "s0 --> s1 : Başla" in lines
    assert "s1 --> s7 : End / Abort" in lines
    assert "class s3 in_progress" in lines
    nasty = next(line for line in lines if line.endswith("as s6"))
    assert nasty == 'state "a #quot;quoted#quot; #lt;b#gt; & #123;c#125;#59; d#58; e #35; f #37;#37; g" as s6'


def test_texts() -> None:
    """Lines break between words, long words within; spans of time have one unit."""
    assert wrapped("one two three", 7, 3) == ["one two", "three"]
    assert wrapped("Gerçekleştirildi olarak", 10, 3) == ["Gerçekleşt", "irildi", "olarak"]
    assert wrapped("one two three four", 5, 2) == ["one", "two…"]
    assert wrapped("", 5, 2) == [""]
    assert [time_text(ms) for ms in (7_200_000, 5_400_000, 259_200_000, 1_500)] == ["2 h", "90 min", "3 d", "1500 ms"]
