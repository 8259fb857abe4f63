"""Manifests of any content, and the same content written in many ways, for property tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from textwrap import dedent
from typing import Any

from hypothesis import strategies as st

from alm_workbench.mpc import ASTNode, ManifestAST, freeze
from alm_workbench.mpc.parse.lexical import is_word

RESERVED = ("kind", "id", "name", "children", "source")
words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]{0,8}", fullmatch=True)
keys = (words | st.sampled_from(["on", "off", "yes", "no", "y", "true", "null"])).filter(
    lambda word: word not in (*RESERVED, "def")
)
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = (
    st.text(characters, max_size=20) | words | st.sampled_from(["true", "null", "def", "1e5", "~", "😀", "a: b", " #x"])
)
lines = st.lists(st.text("ab \t\"\\'@d{}[]#/:,", max_size=8), min_size=2, max_size=4).map("\n".join)
numbers = st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts | lines,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def nodes(draw: st.DrawFn, depth: int = 0) -> ASTNode:
    """A definition with nested ones."""
    children = draw(st.lists(nodes(depth + 1), max_size=2)) if depth < 2 else []
    properties = freeze(draw(st.dictionaries(keys | texts.filter(lambda t: t not in RESERVED), values, max_size=4)))
    return ASTNode(draw(words), draw(words), draw(st.none() | texts), properties, tuple(children))


manifests = st.builds(ManifestAST, st.integers(0, 9), texts, texts, texts, st.lists(nodes(), max_size=3).map(tuple))


@st.composite
def dsl_texts(draw: st.DrawFn) -> tuple[ManifestAST, str]:
    """A manifest and a DSL text that says it: spaces, commas, comments and forms of texts as they come."""
    ast = draw(manifests)
    return ast, _Writer(Random(draw(st.integers(0, 1 << 30)))).manifest(ast)


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.comments = 0

    def one_of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def coin(self) -> bool:
        return self.random.random() < 0.5

    def gap(self) -> str:
        """Space between two tokens, now and then with a comment."""
        self.comments += 1
        number = self.comments
        return self.one_of(
            " ", " ", " ", "\n", "\n\n\n", "\t", "\r\n", f" // {number} {{ \"\n", f"\n# {number} ]\n", f" /* {number}\n\" */ "
        )  # fmt: skip

    def manifest(self, ast: ManifestAST) -> str:
        """The whole text."""
        head = [
            f"@schema{self.gap()}{ast.schema_version}",
            f"@namespace{self.gap()}{self.quoted(ast.namespace)}",
            f"@name{self.gap()}{self.quoted(ast.name)}",
            f"@version{self.gap()}{self.quoted(ast.manifest_version)}",
        ]
        self.random.shuffle(head)
        return self.gap() + "".join(part + self.gap() for part in [*head, *map(self.node, ast.defs)])

    def node(self, node: ASTNode) -> str:
        """One definition."""
        words = ["def", node.kind, node.id, *([self.quoted(node.name)] if node.name is not None else [])]
        members = [self.property(key, value) for key, value in node.properties.items()]
        members += [self.node(child) for child in node.children]
        return "".join(word + self.gap() for word in words) + self.body(members)

    def body(self, members: list[str]) -> str:
        """Members in braces, with or without commas."""
        inside = "".join(member + self.gap() + self.one_of("", ",", ", ") + self.gap() for member in members)
        return "{" + self.gap() + inside + "}"

    def property(self, key: str, value: Any) -> str:
        """A property; an object may go without the colon."""
        name = key if is_word(key) and key != "def" and self.coin() else self.quoted(key)
        if isinstance(value, Mapping) and self.coin():
            return name + self.gap() + self.body([self.property(k, v) for k, v in value.items()])
        return name + self.gap() + ":" + self.gap() + self.value(value)

    def value(self, value: Any) -> str:
        """A value in any form that means it."""
        if isinstance(value, Mapping):
            return self.list("{}", [self.property(k, v) for k, v in value.items()])
        if isinstance(value, tuple):
            return self.list("[]", [self.value(item) for item in value])
        if isinstance(value, str):
            return self.text(value)
        return json.dumps(value)

    def list(self, brackets: str, parts: list[str]) -> str:
        """Items with commas."""
        tail = self.one_of("", ",") if parts else ""
        return brackets[0] + self.gap() + (self.gap() + "," + self.gap()).join(parts) + self.gap() + tail + brackets[1]

    def text(self, text: str) -> str:
        """A bare word, a text in quotes, one over several lines or in triple quotes."""
        if is_word(text) and text not in ("true", "false", "null", "def") and self.coin():
            return text
        return self.quoted(text)

    def quoted(self, text: str) -> str:
        plain = json.dumps(text, ensure_ascii=self.coin())
        forms = [plain]
        if "\n" in text and not any(line.lstrip(" \t")[:1] in ("@", "d") for line in text.split("\n")[1:]):
            forms.append(plain.replace("\\n", "\n") if "\\" not in plain.replace("\\n", "") else plain)
        if dedent(text) == text and "\r" not in text:
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            pad = self.one_of("  ", "\t", "      ")
            forms.append('"""\n' + "\n".join(pad + line for line in escaped.split("\n")) + '"""')
        return self.one_of(*forms)
