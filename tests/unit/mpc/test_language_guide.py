"""docs/manifest-language.md: every example is read and checked, and the reference is that of the vocabulary."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from alm_workbench.mpc import ASTNode, CheckResult, DomainMeta, ManifestAST, PropDef, ast_hash, check, freeze, parse
from alm_workbench.mpc.codes import ERROR_CODES
from alm_workbench.mpc.imports import MemoryLibrary
from alm_workbench.mpc.validate import validate

from .conftest import ROOT

sys.path.insert(0, str(ROOT))
from scripts import manifest_reference as reference

GUIDE = ROOT / "docs" / "manifest-language.md"
TEXT = GUIDE.read_text("utf-8")
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
UNCHECKED = {"sh", "ebnf"}
# What the examples of single definitions and functions refer to.
AROUND = """
def Workflow simple_flow { initial: draft states: [{id: draft, category: todo}, {id: review, category: in_progress},
  {id: approved, category: done}] transitions: [{id: submit, from: draft, to: review}, {from: review, to: approved}] }
def Role reviewer "Reviewer" { }
def ArtifactType requirement "Requirement" { workflow: simple_flow
  def FieldDef text { type: text } def FieldDef priority { type: choice choices: [low, high] }
  def FieldDef note { type: text } def FieldDef asil { type: string } }
def ArtifactType task "Task" { workflow: simple_flow aggregate: Task }
def LinkType verifies { from: [task] to: [requirement] inverse: verified_by }
"""


@dataclass(frozen=True)
class Example:
    """A fenced block: its language, what is claimed of it, and the line it begins at."""

    language: str
    claim: str
    text: str
    line: int


def examples() -> Iterator[Example]:
    for found in FENCE.finditer(TEXT):
        language, _, claim = found[1].partition(" ")
        yield Example(language, claim, found[2], TEXT.count("\n", 0, found.start()) + 1)


EXAMPLES = list(examples())


def of(claim: str) -> list[Example]:
    return [example for example in EXAMPLES if example.claim.split(" ")[0] == claim]


def said(example: Example) -> str:
    return f"line {example.line}"


def _lines(language: str) -> list[str]:
    return [line for e in EXAMPLES if e.language == language for line in e.text.splitlines() if line.strip()]


def errors(result: CheckResult) -> list[str]:
    return [str(d) for d in result.diagnostics if d.severity == "error"]


def tutorial(until: Example | None = None, claims: tuple[str, ...] = ("sound", "continues")) -> str:
    """The manifest of the tutorial as it stands after an example."""
    return "\n".join(e.text for e in EXAMPLES if e.claim in claims and (until is None or e.line <= until.line))


def without(text: str, around: str) -> str:
    """Definitions of a text that another one does not define again."""
    own = {(node.kind, node.id) for node in parse(text, format="dsl").defs}
    kept = tuple(node for node in parse(around, format="dsl").defs if (node.kind, node.id) not in own)
    ids = {id_ for _, id_ in own}
    return ManifestAST(defs=tuple(node for node in kept if node.id not in ids)).to_dsl().partition("\n\n")[2]


def test_every_example_says_what_it_shows() -> None:
    """No block escapes the tests by its name, and there are enough of them to be a guide."""
    claims = {"sound", "continues", "same", "library", "imports", "part", "wrong", ""}
    for example in EXAMPLES:
        assert example.claim.split(" ")[0] in claims, said(example)
        assert example.claim or example.language in {"expr", *UNCHECKED}, said(example)
    assert len(EXAMPLES) > 35


@pytest.mark.parametrize("example", [*of("sound"), *of("continues")], ids=said)
def test_the_tutorials_manifest_is_sound_after_each_piece(example: Example, meta: DomainMeta) -> None:
    """And the whole of it leaves nothing to remark."""
    found = check(tutorial(example), meta, format="dsl")
    assert errors(found) == []
    if example is of("continues")[-1]:
        assert [str(d) for d in found.diagnostics] == []


@pytest.mark.parametrize("example", of("same"), ids=said)
def test_the_other_notations_say_the_same(example: Example) -> None:
    """One hash for the three."""
    first = parse(of("sound")[0].text, format="dsl")
    assert ast_hash(parse(example.text, format=example.language)) == ast_hash(first)


def test_imports_and_overlays_put_together_are_sound(meta: DomainMeta) -> None:
    """The library's manifest stands alone, and the tutorial's with all of its pieces is sound."""
    library = MemoryLibrary()
    (common,) = of("library")
    assert errors(check(common.text, meta, format="dsl")) == []
    library.register("acme/common", parse(common.text, format="dsl"))
    result = check(tutorial(claims=("sound", "continues", "imports")), meta, format="dsl", library=library)
    assert errors(result) == []
    assert result.compiled is not None
    assert [c.id for c in result.compiled.types["risk"].fields["priority"].choices] == ["low", "medium", "high"]
    assert result.compiled.types["test_case"].max_depth == 2
    assert result.compiled.workflows["task_flow"].states["doing"].wip_limit == 3


@pytest.mark.parametrize("line", [line for line in _lines("sh") if line.startswith("alm ")])
def test_the_commands_are_there(line: str) -> None:
    """With each of the options that the guide gives them."""
    import click

    from alm_workbench.cli import alm

    words = shlex.split(line, comments=True)[1:]
    command: click.Command | None = alm
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words.pop(0))
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options


@pytest.mark.parametrize("example", of("wrong"), ids=said)
def test_what_is_shown_as_wrong_is_wrong(example: Example, meta: DomainMeta) -> None:
    """With exactly the code that the guide names."""
    found = check(example.text, meta, format="dsl").diagnostics
    assert [d.code for d in found if d.severity == "error"] == [example.claim.split(" ")[1]]


@pytest.mark.parametrize("example", of("part"), ids=said)
def test_the_example_of_each_kind_is_sound(example: Example, meta: DomainMeta) -> None:
    """Among the definitions it refers to; imports are looked at for their shape."""
    text = without(example.text, AROUND) + example.text
    if "def Import" in example.text:
        assert validate(parse(text, format="dsl"), meta) is not None
        text = text.replace(example.text, "")
    assert errors(check(text, meta, format="dsl")) == []


@pytest.mark.parametrize("text", _lines("expr"))
def test_expressions_fit_the_tutorials_process(text: str, meta: DomainMeta) -> None:
    """As the value of a computed field they may be of any type."""
    field = f"def FieldDef probe {{ type: string computed: {reference.one_line('x', text).removeprefix('x: ')} }}"
    manifest = tutorial().replace("def FieldDef steps {", field + "\n  def FieldDef steps {", 1)
    assert field in manifest
    assert errors(check(manifest, meta, format="dsl")) == []


def test_the_example_of_each_function_is_a_condition(meta: DomainMeta) -> None:
    """It calls the function, and holds or does not."""
    for function in meta.allowed_functions:
        assert f"{function.name}(" in function.example
        policy = (
            f"def Policy p {{ events: update applies_to: requirement {reference.one_line('when', function.example)} }}"
        )
        assert errors(check(AROUND + policy, meta, format="dsl")) == [], function.name


def _all(prop: PropDef) -> Iterator[PropDef]:
    yield prop
    for inner in (*prop.props.values(), *prop.options, *((prop.items,) if prop.items else ())):
        yield from _all(inner)


def test_every_property_has_its_meaning_and_an_example(meta: DomainMeta) -> None:
    """Properties of entries too; the vocabulary is where the guide, completion and hover take them from."""
    for kind in meta.kinds:
        assert kind.doc, kind.name
        assert kind.example.startswith("def "), kind.name
        for prop in kind.properties.values():
            for path, owner in ((prop, ""), *reference._inner(prop, prop.name)):
                assert path.doc, (kind.name, owner, path.name)
                assert path.example is not None, (kind.name, owner, path.name)


STRUCTURE = {code for code in ERROR_CODES if code.startswith(("E_META_", "E_EXPR_PARSE", "E_EXPR_TYPE"))}


def test_the_example_of_each_property_has_its_shape(meta: DomainMeta) -> None:
    """Written as the guide writes it and read again, each fits the declared type; entries fit inside their list."""
    for kind in meta.kinds:
        for prop in (*kind.properties.values(), *meta.common.values()):
            for inner, owner in ((prop, ""), *reference._inner(prop, prop.name)):
                text = reference.written(inner)
                parsed = parse(f"def K x {{ {text} }}", format="dsl").defs[0].properties
                assert parsed == freeze({inner.name: inner.example}), text
                node = ASTNode(kind.name, "x", None, freeze({inner.name: inner.example}))
                probe = _probe(meta, kind.name, inner)
                codes = {d.code for d in validate(ManifestAST(defs=(node,)), probe)} & STRUCTURE
                assert codes <= {"E_META_MISSING_REQUIRED_FIELD"}, (kind.name, owner, text)


def _probe(meta: DomainMeta, kind: str, prop: PropDef) -> DomainMeta:
    """A vocabulary in which a kind has just this property."""
    from dataclasses import replace

    found = meta.get_kind(kind)
    assert found is not None
    alone = replace(found, properties={prop.name: prop}, required_props=(), child_only=False)
    return replace(meta, kinds=(alone,), common={})


def test_the_reference_is_up_to_date() -> None:
    """`python scripts/manifest_reference.py --write` brings it up to date."""
    assert reference.current(TEXT) == TEXT


def test_the_reference_names_everything(meta: DomainMeta) -> None:
    """Every kind, property, function, event and code of the vocabulary."""
    part = TEXT.partition(reference.BEGIN)[2]
    for kind in meta.kinds:
        assert f"#### {kind.name}\n" in part
        assert all(f"| `{name}`" in part for name in kind.properties)
    names = (*meta.function_names, *meta.allowed_events, *ERROR_CODES, *(t.name for t in meta.templates))
    assert all(f"`{name}" in part for name in names)
