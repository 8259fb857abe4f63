"""The AST: frozen, copyable, equal across languages, printable."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm_workbench.mpc import ASTNode, ManifestAST, MPCError, ast_hash, freeze, parse

words = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
keys = words.filter(lambda w: w not in ("kind", "id", "name", "children", "source"))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | words, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def nodes(draw: st.DrawFn, depth: int = 0) -> ASTNode:
    children = draw(st.lists(nodes(depth + 1), max_size=2)) if depth < 2 else []
    properties = freeze(draw(st.dictionaries(keys, values, max_size=4)))
    return ASTNode(draw(words), draw(words), draw(st.none() | texts), properties, tuple(children))


manifests = st.builds(ManifestAST, st.integers(0, 9), texts, texts, texts, st.lists(nodes(), max_size=3).map(tuple))


@settings(max_examples=60, deadline=None)
@given(manifests)
def test_printing_and_reading_gives_the_same_manifest(ast: ManifestAST) -> None:
    """For each of the three languages parse(print(x)) == x, so all three have one hash."""
    for format, text in (("dsl", ast.to_dsl()), ("yaml", ast.to_yaml()), ("json", ast.to_json())):
        again = parse(text, format=format)
        assert again == ast
        assert ast_hash(again) == ast_hash(ast)


@settings(max_examples=40, deadline=None)
@given(manifests, st.randoms())
def test_the_order_of_definitions_does_not_change_the_hash(ast: ManifestAST, random: object) -> None:
    """Definitions may be moved about."""
    shuffled = list(ast.defs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = ManifestAST(ast.schema_version, ast.namespace, ast.name, ast.manifest_version, tuple(shuffled))
    assert ast_hash(other) == ast_hash(ast)


def test_two_kinds_with_one_id_hash_alike_in_either_order() -> None:
    """The kind settles the order where name and id are equal."""
    one, two = ASTNode("P", "x"), ASTNode("Q", "x")
    assert ast_hash(ManifestAST(defs=(one, two))) == ast_hash(ManifestAST(defs=(two, one)))


def test_values_are_frozen_deeply_and_can_be_copied(safety_text: str) -> None:
    """No list or mapping inside can be changed; copy, pickle and hash work."""
    ast = parse(safety_text)
    node = ast.defs[0]
    with pytest.raises(TypeError):
        node.properties["values"] = 1
    with pytest.raises(TypeError):
        node.properties["values"][0].update(id="x")
    assert isinstance(node.properties["values"], tuple)
    assert copy.deepcopy(ast) == ast == pickle.loads(pickle.dumps(ast))
    assert hash(node) == hash(copy.copy(node))


def test_places_do_not_count_for_equality(safety_text: str) -> None:
    """The same content further down the page is the same manifest."""
    assert parse("\n\n" + safety_text) == parse(safety_text) == parse(safety_text).without_source()


def test_reserved_words_cannot_be_printed_as_json() -> None:
    """A property called `children` has no JSON form: an error, not another meaning."""
    ast = parse('def P a { children: ["x"] }')
    with pytest.raises(MPCError, match="reserved"):
        ast.to_json()
