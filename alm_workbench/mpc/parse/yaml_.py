"""The YAML front end: YAML 1.2 scalars, no tags, no merge keys, bounded aliases, a place for every value."""

from __future__ import annotations

import re
from typing import Any

from ..ast import Located, ManifestAST
from ..errors import Source
from .common import Entry, ParseLimits, ParseResult, Problem, manifest_from, mapping

_INT = re.compile(r"[-+]?[0-9]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z|0o[0-7]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class _Stop(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def plain_scalar(text: str) -> Any:
    """The value of an unquoted scalar in the YAML 1.2 core schema; on, off, yes, no and dates stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text) and len(text) <= 40:
        return int(text)
    if _HEX.match(text) and len(text) <= 40:
        return int(text, 0)
    if _FLOAT.match(text):
        return float(text)
    return text


class _Reader:
    def __init__(self, text: str, limits: ParseLimits) -> None:
        import yaml

        self.yaml = yaml
        self.text = text
        self.limits = limits
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Located, int]] = {}
        self.values = 0
        loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        self.events = yaml.parse(text, Loader=loader)

    def document(self) -> Located | None:
        """The root of the first document; a second one is a problem."""
        root: Located | None = None
        for event in self.events:
            if isinstance(event, self.yaml.DocumentStartEvent):
                if root is not None:
                    message = "A manifest is one YAML document; a second one begins here"
                    raise _Stop(self.problem("E_PARSE_SYNTAX", message, event))
                root = self.node(next(self.events), 0)
        return root

    def problem(self, code: str, message: str, event: Any, hint: str | None = None) -> Problem:
        start = event.start_mark.index
        return Problem(code, message, start, max(event.end_mark.index, start + 1), hint)

    def node(self, event: Any, depth: int) -> Located:
        yaml = self.yaml
        before = self.values
        self.count(1, event)
        if depth > self.limits.max_depth:
            message = f"Nested more than {self.limits.max_depth} levels deep"
            raise _Stop(self.problem("E_PARSE_LIMIT", message, event))
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        if event.tag is not None and event.tag != "!":
            self.problems.append(self.problem("E_PARSE_SYNTAX", f"YAML tags are not used here: '{event.tag}'", event))
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.sequence(event, depth)
        else:
            value = self.mapping(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, self.values - before)
        return value

    def count(self, number: int, event: Any) -> None:
        self.values += number
        if self.values > self.limits.max_values:
            message = f"The document unfolds to more than {self.limits.max_values} values"
            raise _Stop(self.problem("E_PARSE_LIMIT", message, event, "aliases multiply what they repeat"))

    def alias(self, event: Any) -> Located:
        if event.anchor not in self.anchors:
            raise _Stop(self.problem("E_PARSE_SYNTAX", f"'*{event.anchor}' stands for nothing written before", event))
        target, size = self.anchors[event.anchor]
        self.count(size, event)
        return Located(target.value, event.start_mark.index, event.end_mark.index, target.inside)

    def scalar(self, event: Any) -> Located:
        start, end = event.start_mark.index, event.end_mark.index
        text = event.value
        if event.implicit[0]:
            if _NOT_A_NUMBER.match(text):
                self.problems.append(self.problem("E_PARSE_SYNTAX", "NaN and infinite numbers are not values", event))
                return Located(None, start, end)
            return Located(plain_scalar(text), start, end)
        if event.style in ("|", ">"):
            end = start + len(self.text[start:end].rstrip())
        return Located(text, start, end)

    def sequence(self, event: Any, depth: int) -> Located:
        items: list[Located] = []
        while not isinstance(inner := next(self.events), self.yaml.SequenceEndEvent):
            items.append(self.node(inner, depth + 1))
        end = self.end(event, inner)
        return Located(tuple(item.value for item in items), event.start_mark.index, end, tuple(items))

    def mapping(self, event: Any, depth: int) -> Located:
        entries: list[Entry] = []
        while not isinstance(inner := next(self.events), self.yaml.MappingEndEvent):
            key = self.key(inner, depth)
            value = self.node(next(self.events), depth + 1)
            if key is not None:
                entries.append(Entry(*key, value))
        return mapping(entries, event.start_mark.index, self.end(event, inner), self.problems)

    def key(self, event: Any, depth: int) -> tuple[str, int, int] | None:
        if not isinstance(event, self.yaml.ScalarEvent):
            self.problems.append(self.problem("E_PARSE_SYNTAX", "A key must be a word or text", event))
            self.node(event, depth + 1)
            return None
        if event.value == "<<" and event.implicit[0]:
            self.problems.append(self.problem("E_PARSE_SYNTAX", "Merge keys ('<<') are not used here", event))
            return None
        start, end = _ends(event)
        return event.value, start, end

    def end(self, opening: Any, closing: Any) -> int:
        # A block collection "ends" where the next token begins; cut the blank tail off.
        start, end = int(opening.start_mark.index), int(closing.end_mark.index)
        return start + len(self.text[start:end].rstrip())


def _ends(event: Any) -> tuple[int, int]:
    return int(event.start_mark.index), int(event.end_mark.index)


def read_yaml(text: str, limits: ParseLimits) -> tuple[Located | None, list[Problem]]:
    """The located value of a YAML text, or None with the problem that stopped it."""
    from yaml import MarkedYAMLError, YAMLError

    reader: _Reader | None = None
    try:
        reader = _Reader(text, limits)
        return reader.document(), reader.problems
    except _Stop as stop:
        return None, [*(reader.problems if reader else []), stop.problem]
    except MarkedYAMLError as error:
        return None, [*(reader.problems if reader else []), _marked(error, text)]
    except (YAMLError, UnicodeEncodeError) as error:
        at = getattr(error, "position", None) or getattr(error, "start", None) or 0
        message = "The text holds a character that YAML does not allow"
        return None, [Problem("E_PARSE_SYNTAX", message, at, at + 1)]


def _marked(error: Any, text: str) -> Problem:
    if error.context == "while scanning a quoted scalar" and "end of stream" in (error.problem or ""):
        start = min(int(error.context_mark.index), max(len(text) - 1, 0))
        end = text.find("\n", start)
        message = "The text in quotes that begins here is never closed"
        return Problem("E_PARSE_SYNTAX", message, start, len(text) if end < 0 else end)
    mark = error.problem_mark or error.context_mark
    at = min(int(mark.index) if mark is not None else 0, max(len(text) - 1, 0))
    sentence = (error.problem or error.context or "cannot be read").strip()
    if "'\\t'" in sentence or text[at : at + 1] == "\t":
        sentence = "a tab stands where YAML needs spaces"
    context = f" ({error.context})" if error.context and error.problem else ""
    return Problem("E_PARSE_SYNTAX", f"Not valid YAML: {sentence}{context}", at, at + 1)


def parse_yaml_text(text: str, source: Source, limits: ParseLimits) -> ParseResult:
    """Read a YAML manifest."""
    root, problems = read_yaml(text, limits)
    ast = ManifestAST(source=source) if root is None else manifest_from(root, source, problems, limits)
    return ParseResult(ast, [problem.located(source) for problem in problems])


def load_yaml(text: str) -> Any:
    """The frozen value of a YAML text (data files such as domain_meta.yaml); raises ValueError with the place."""
    value, problems = read_yaml(text, ParseLimits())
    if problems:
        raise ValueError(str(problems[0].located(Source(text))))
    return value.value if value is not None else None
