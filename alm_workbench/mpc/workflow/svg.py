"""Workflows as SVG: placed by graphlay (a layered layout with compound nodes and labelled edges), styled here.

The picture needs nothing beside itself, follows the reader's light or dark scheme, and shows the categories in the
colours of the workbench's own graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from unicodedata import east_asian_width

from ..model import WorkflowDef
from .picture import Arrow, Picture, StateMark, picture_of, wrapped

_STATE_LINE, _LABEL_LINE = 17.0, 15.0
_MARGIN = 20.0
_TITLE = 34.0
_BEND = 7.0
_OPTIONS = {
    "spacing": {"layer_gap": 26.0, "node_gap": 26.0, "dummy_gap": 22.0, "compound_padding": 30.0},
    "routing": {"style": "orthogonal", "bundle_parallel": False},
    "cycles": {"strategy": "follow_flow"},
    "effort": "thorough",
}
_Key = tuple[str, str]

_STYLE = """
.alm-flow{--page:#fff;--ink:#212121;--soft:#616161;--line:#9e9e9e;--box:#fff;--area:#f7f7f8;--edge:#d0d3d8;
--todo:#757575;--in_progress:#1976d2;--done:#388e3c;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
sans-serif}
@media (prefers-color-scheme:dark){.alm-flow{--page:#1b1d21;--ink:#eceff1;--soft:#b0b6bd;--line:#8a9199;--box:#25282d;
--area:#202328;--edge:#3c424a;--todo:#b0b6bd;--in_progress:#64b5f6;--done:#81c784}}
.alm-flow .page{fill:var(--page)}
.alm-flow .title{fill:var(--ink);font-size:16px;font-weight:600}
.alm-flow .state>rect{fill:var(--box);stroke:var(--c);stroke-width:1.2}
.alm-flow .state>.bar{fill:var(--c);stroke:none}
.alm-flow .state>.end{fill:none}
.alm-flow .area>rect{fill:var(--area);stroke:var(--edge);stroke-width:1.2}
.alm-flow .area.parallel>rect{stroke-dasharray:6 4}
.alm-flow .area>text{fill:var(--soft);font-size:12px;font-weight:600}
.alm-flow .state>text{fill:var(--ink);font-size:13px;font-weight:600}
.alm-flow .way{fill:none;stroke:var(--line);stroke-width:1.4}
.alm-flow .head{fill:var(--line)}
.alm-flow .start{fill:var(--ink)}
.alm-flow .label rect{fill:var(--page);opacity:.92}
.alm-flow .label text{fill:var(--ink);font-size:11.5px}
.alm-flow .todo{--c:var(--todo)}.alm-flow .in_progress{--c:var(--in_progress)}.alm-flow .done{--c:var(--done)}
"""


def to_svg(definition: WorkflowDef, lang: str = "en", *, direction: str = "topbottom") -> str:
    """The drawing as SVG text; `direction` is `topbottom` or `leftright`."""
    picture = picture_of(definition, lang)
    return _Drawing(picture, direction).svg(lang)


def text_width(text: str, size: float) -> float:
    """About how wide a text is in a sans-serif font of a size in pixels; rather too wide than too narrow."""
    return sum(_char_width(char) for char in text) * size


def _char_width(char: str) -> float:
    if east_asian_width(char) in "WF":
        return 1.05
    if char in "iıjlIİ.,:;|!'()[] ":
        return 0.36
    if char in "mwMW@%◇…":
        return 0.95
    return 0.74 if char.isupper() else 0.61


@dataclass(frozen=True, slots=True)
class _Text:
    lines: tuple[str, ...]
    width: float
    height: float


def _text(lines: Sequence[str], size: float, line: float) -> _Text:
    return _Text(tuple(lines), max(text_width(each, size) for each in lines), line * len(lines))


class _Drawing:
    """One picture on its way through the layout.

    Each label is a node of its own on the way from source to target: so it gets room, and nobody has to guess which
    arrow it belongs to. A loop keeps its label at its side.
    """

    def __init__(self, picture: Picture, direction: str) -> None:
        self.picture = picture
        self.texts = {s.id: _text(wrapped(s.label, 26, 3), 13, _STATE_LINE) for s in picture.states}
        self.labels = [
            _text([piece for line in arrow.lines for piece in wrapped(line, 26, 2)], 11.5, _LABEL_LINE)
            for arrow in picture.arrows
        ]
        self.layout = self._place(direction)
        self.boxes = dict(zip(self.layout.ids, self.layout.nodes, strict=True))

    def _place(self, direction: str) -> Any:
        import graphlay

        graph = graphlay.Graph()

        def add(key: _Key, width: float, height: float, parent: str | None, shape: str = "box") -> None:
            more: dict[str, Any] = {} if parent is None else {"parent": graph.ids.index(("state", parent))}
            graph.node(key, width=width, height=height, shape=shape, **more)

        for state in self.picture.states:
            text = self.texts[state.id]
            add(("state", state.id), max(104.0, text.width + 34), max(42.0, text.height + 20), state.parent)
        for state in self.picture.states:
            if state.initial:
                add(("start", state.id), 14, 14, state.parent, shape="ellipse")
                graph.edge(("start", state.id), ("state", state.id), weight=2.0)
        back = self.picture.backward()
        for number, (arrow, text) in enumerate(zip(self.picture.arrows, self.labels, strict=True)):
            source, target = ("state", arrow.source), ("state", arrow.target)
            if source == target:
                graph.edge(source, target, label_size={"width": text.width + 8, "height": text.height + 4})
                continue
            add(("label", str(number)), text.width + 8, text.height + 2, self.picture.home(arrow))
            turned = {"reverse_for_ranking": True} if arrow in back else {}
            graph.edge(source, ("label", str(number)), **turned)
            graph.edge(("label", str(number)), target, **turned)
        self.ends = [(graph.ids[edge["source"]], graph.ids[edge["target"]]) for edge in graph.edges]
        return graphlay.layout(graph, options={**_OPTIONS, "direction": direction})

    def svg(self, lang: str) -> str:
        """Everything, back to front: areas, arrows, states, labels."""
        left, top, width, height = self._frame()
        title = escape(self.picture.title)
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="alm-flow" role="img" lang="{escape(lang)}" '
            f'width="{_n(width)}" height="{_n(height)}" viewBox="{_n(left)} {_n(top)} {_n(width)} {_n(height)}">',
            f"<title>{title}</title>",
            f"<style>{_STYLE}</style>",
            '<defs><marker id="alm-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            'orient="auto-start-reverse"><path class="head" d="M0 0.8L10 5L0 9.2z"/></marker></defs>',
            f'<rect class="page" x="{_n(left)}" y="{_n(top)}" width="{_n(width)}" height="{_n(height)}"/>',
            f'<text class="title" x="{_n(left + _MARGIN)}" y="{_n(top + _MARGIN + 6)}">{title}</text>',
        ]
        marks = self.picture.states
        areas = [self._area(state) for state in marks if state.composite]
        ways = [self._way(edge["points"], target) for edge, (_, target) in zip(self._edges, self.ends, strict=True)]
        starts = [_start(self.boxes["start", state.id]) for state in marks if state.initial]
        states = [self._state(state) for state in marks if not state.composite]
        labels = [self._label(arrow, text, at) for arrow, text, at in self._anchors()]
        return "\n".join([*head, *areas, *ways, *starts, *states, *labels, "</svg>"]) + "\n"

    @property
    def _edges(self) -> list[dict[str, Any]]:
        edges: list[dict[str, Any]] = self.layout.edges
        return edges

    def _way(self, points: Sequence[dict[str, float]], target: _Key) -> str:
        head = "" if target[0] == "label" else ' marker-end="url(#alm-head)"'
        return f'<path class="way"{head} d="{_path(points)}"/>'

    def _anchors(self) -> Iterator[tuple[Arrow, _Text, dict[str, float]]]:
        """The labels with the middle of where they stand."""
        loops = {pair[0]: edge for edge, pair in zip(self._edges, self.ends, strict=True) if pair[0] == pair[1]}
        for number, (arrow, text) in enumerate(zip(self.picture.arrows, self.labels, strict=True)):
            if arrow.source != arrow.target:
                yield arrow, text, self.boxes["label", str(number)]["center"]
            else:
                loop = loops["state", arrow.source]
                yield arrow, text, loop["label_anchor"] or loop["points"][len(loop["points"]) // 2]

    def _frame(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the page."""
        low, high = self.layout.bounds["min"], self.layout.bounds["max"]
        around = [(at["x"], text.width / 2 + 5) for _, text, at in self._anchors()]
        left = min([low["x"], *(x - half for x, half in around)]) - _MARGIN
        right = max([high["x"], *(x + half for x, half in around)]) + _MARGIN
        top, bottom = low["y"] - _MARGIN - _TITLE, high["y"] + _MARGIN
        return left, top, max(right - left, text_width(self.picture.title, 16) + 2 * _MARGIN), bottom - top

    def _state(self, state: StateMark) -> str:
        x, y, width, height = _corner(self.boxes["state", state.id])
        side = f'<path class="bar" d="M{_n(x + 6)} {_n(y)}h-0.5a5.5 5.5 0 0 0 -5.5 5.5v{_n(height - 11)}a5.5 5.5 0 0 0 5.5 5.5h0.5z"/>'
        text = _lines(self.texts[state.id].lines, x + width / 2 + 3, y + height / 2, _STATE_LINE)
        parts = [_name(state), _end(state, x, y, width, height, 9), _box(x, y, width, height, 6), side, text]
        return f'<g class="state {state.category}">{"".join(parts)}</g>'

    def _area(self, state: StateMark) -> str:
        x, y, width, height = _corner(self.boxes["state", state.id])
        memory = {"shallow": " (H)", "deep": " (H*)"}.get(state.history or "", "")
        text = f'<text x="{_n(x + 12)}" y="{_n(y + 19)}">{escape(state.label + memory)}</text>'
        parts = [_name(state), _end(state, x, y, width, height, 13), _box(x, y, width, height, 10), text]
        return f'<g class="area{" parallel" if state.parallel else ""} {state.category}">{"".join(parts)}</g>'

    def _label(self, arrow: Arrow, text: _Text, at: dict[str, float]) -> str:
        width, height = text.width + 6, text.height + 2
        box = _box(at["x"] - width / 2, at["y"] - height / 2, width, height, 6)
        whole = escape(" / ".join(arrow.lines))
        return f'<g class="label"><title>{whole}</title>{box}{_lines(text.lines, at["x"], at["y"], _LABEL_LINE)}</g>'


def _name(state: StateMark) -> str:
    return f"<title>{escape(state.label)} ({escape(state.id)})</title>"


def _box(x: float, y: float, width: float, height: float, radius: int, css: str = "") -> str:
    return f'<rect{css} x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="{radius}"/>'


def _end(state: StateMark, x: float, y: float, width: float, height: float, radius: int) -> str:
    """The second outline of a final state."""
    return _box(x - 3, y - 3, width + 6, height + 6, radius, ' class="end"') if state.final else ""


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _corner(node: dict[str, Any]) -> tuple[float, float, float, float]:
    width, height = node["size"]["width"], node["size"]["height"]
    return node["center"]["x"] - width / 2, node["center"]["y"] - height / 2, width, height


def _start(node: dict[str, Any]) -> str:
    return f'<circle class="start" cx="{_n(node["center"]["x"])}" cy="{_n(node["center"]["y"])}" r="6"/>'


def _lines(lines: Sequence[str], x: float, y: float, line: float) -> str:
    first = y - line * (len(lines) - 1) / 2
    spans = "".join(
        f'<tspan x="{_n(x)}" y="{_n(first + number * line)}">{escape(text)}</tspan>'
        for number, text in enumerate(lines)
    )
    return f'<text text-anchor="middle" dominant-baseline="central">{spans}</text>'


def _path(points: Sequence[dict[str, float]]) -> str:
    """A line through the points with rounded corners."""
    found = [f"M{_n(points[0]['x'])} {_n(points[0]['y'])}"]
    for before, at, after in zip(points, points[1:], points[2:], strict=False):
        (x1, y1), (x2, y2) = _towards(at, before), _towards(at, after)
        found.append(f"L{_n(x1)} {_n(y1)}Q{_n(at['x'])} {_n(at['y'])} {_n(x2)} {_n(y2)}")
    return "".join([*found, f"L{_n(points[-1]['x'])} {_n(points[-1]['y'])}"])


def _towards(at: dict[str, float], other: dict[str, float]) -> tuple[float, float]:
    dx, dy = other["x"] - at["x"], other["y"] - at["y"]
    length = (dx * dx + dy * dy) ** 0.5
    share = min(_BEND, length / 2) / length if length else 0.0
    return at["x"] + dx * share, at["y"] + dy * share
