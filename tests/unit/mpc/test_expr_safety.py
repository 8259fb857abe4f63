"""Nothing of a manifest becomes Python: generated code is made of a few kinds of nodes and of names from one table."""

from __future__ import annotations

import ast
import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc.expr.codegen import TABLE_NAMES
from alm_workbench.mpc.expr.generate import Generator, Mode
from alm_workbench.mpc.expr.ir import Expr, make
from tests.factories.expressions import GRAVE, Grower, wild

from .conftest import ROOT
from .soak import soak

NODES = {
    "Add", "And", "BinOp", "BoolOp", "Call", "Compare", "Constant", "Eq", "ExceptHandler", "Gt", "GtE", "IfExp", "In", "Is",
    "IsNot", "Load", "Lt", "LtE", "Name", "NamedExpr", "Not", "NotEq", "Or", "Raise", "Return", "Store", "Sub", "Subscript",
    "Try", "Tuple", "UnaryOp", "Assign",
}  # fmt: skip
LOCAL = re.compile(r"c|[vtok][0-9]+")
MODES = [
    Mode(strict, condition, scoped, sized, traced, traced and scoped, types)
    for strict in (True, False)
    for condition in (True, False)
    for scoped in (True, False)
    for sized, traced, types in ((True, False, {}), (False, True, {"n": "number", "s": "text"}))
]


def offences(expr: Expr, mode: Mode) -> set[str]:
    """Kinds of nodes and names that generated code must not have."""
    found: set[str] = set()
    for statement in Generator(expr, mode).body():
        for node in ast.walk(statement):
            found |= {type(node).__name__} - NODES
            if isinstance(node, ast.Name) and node.id not in TABLE_NAMES and not LOCAL.fullmatch(node.id):
                found.add(node.id)
            if isinstance(node, ast.Call):
                assert isinstance(node.func, ast.Name)
                assert not node.keywords
                assert not any(isinstance(arg, ast.Starred) for arg in node.args)
                found |= {node.func.id} - TABLE_NAMES
            if isinstance(node, ast.Subscript):
                assert isinstance(node.slice, ast.Constant)
                assert isinstance(node.slice.value, str)
            if isinstance(node, ast.Constant):
                assert node.value is None or type(node.value) in (bool, int, float, str)
    return found


@soak(150)
@given(st.integers(0, 2**64))
def test_generated_code_is_made_of_a_whitelist(seed: int) -> None:
    """Forty trees an example, well typed and wild, with names and texts made to hurt, in every mode."""
    random = Random(seed)
    for number in range(40):
        expr = Grower(random).condition(3) if number % 2 else wild(random, 4)
        assert offences(expr, random.choice(MODES)) == set()


@pytest.mark.parametrize("word", GRAVE)
def test_grave_words_arrive_as_data(word: str) -> None:
    """As names, texts and functions they are keys and constants."""
    parts = (make("ref", word), make("lit", word), make("fn", word, (make("ref", f"a.{word}"),)))
    for part in parts:
        for mode in MODES:
            assert offences(make("bin", "==", (part, make("ref", "x"))), mode) == set()


def test_the_check_itself_sees_an_intruder() -> None:
    """A generator that let a name through would be caught."""

    class Leaky(Generator):
        def _ref(self, path: str, *, keep: bool = False, lenient: bool = False) -> ast.expr:
            return ast.Attribute(ast.Name(path, ast.Load()), "real", ast.Load())

    body = Leaky(make("ref", "open"), Mode(condition=False)).body()
    names = {node.id for part in body for node in ast.walk(part) if isinstance(node, ast.Name)}
    assert "open" in names - TABLE_NAMES
    assert any(isinstance(node, ast.Attribute) for part in body for node in ast.walk(part))


def test_no_text_is_ever_evaluated() -> None:
    """In the whole core there is one compile(), of a syntax tree, and neither eval nor exec nor __import__."""
    calls: list[tuple[str, str]] = []
    for path in (ROOT / "alm_workbench" / "mpc").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in ("eval", "exec", "compile", "__import__", "getattr_static", "literal_eval"):
                    calls.append((path.name, f"{node.func.id}({ast.unparse(node.args[0])})"))
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
                assert not names & {"pickle", "marshal", "ctypes", "subprocess", "os", "builtins"}, path
    assert calls == [("codegen.py", "compile(module)")]


def test_generated_code_has_no_builtins() -> None:
    """Its globals are one table; names of Python are names without a value."""
    from alm_workbench.mpc.expr.compiled import compile_expression

    found = compile_expression("open == null and __import__ == null and type == null")
    assert found.decide({}) is True
    assert found.evaluate.__globals__["__builtins__"] == {}
