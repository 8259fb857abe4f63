"""How generated code names things: variables for paths and intermediate results, constants, and when each is bound."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..ast import EMPTY
from . import emit
from .ir import Expr

CASES = {"lower": "to_lower", "upper": "to_upper"}


@dataclass(frozen=True, slots=True)
class Mode:
    """What kind of function is wanted.

    scoped: its argument is a Scope, else a plain mapping · types: the value groups ("text", "number", "bool", "list")
    of paths whose values are known to be of that group or null · sized: lists are measured before they are looked
    through · traced: the function returns its result and the outcome of every leaf · kept: and the values of all paths, in
    the order of `paths_of`, None where one was not looked up.
    """

    strict: bool = True
    condition: bool = True
    scoped: bool = True
    sized: bool = True
    traced: bool = False
    kept: bool = False
    types: Mapping[str, str] = EMPTY


class Slots:
    """The names of one function. A path is looked up where it is first needed and kept if it is needed again."""

    def __init__(self, expr: Expr, mode: Mode, prefix: str = "k") -> None:
        self.expr, self.mode, self.prefix = expr, mode, prefix
        self.constants: dict[str, Any] = {}
        self.leaves: list[Expr] = []
        self._uses: Counter[str] = Counter()
        self._slots: dict[str, str] = {}
        self._bound: set[str] = set()
        self._temporaries = 0
        for node in expr.walk():
            if node.op == "ref":
                self._count(node.value)
        self._uses.update(paths_of(expr) if mode.kept else ())

    def _count(self, path: str) -> None:
        self._uses[path] += 1
        head = path
        while self._uses[path] == 1 and "." in head:
            head = head.rpartition(".")[0]
            self._uses[head + "."] += 1

    @contextmanager
    def _branch(self) -> Iterator[None]:
        """What is bound inside may not be bound afterwards."""
        before = set(self._bound)
        yield
        self._bound = before

    def _twice(self, node: Expr, *, lenient: bool = False) -> tuple[ast.expr, ast.expr]:
        """Code for a value that is needed again: at first, and afterwards."""
        if node.op == "lit":
            return self._literal(node.value), self._literal(node.value)
        if node.op == "ref":
            first = self._ref(node.value, keep=True, lenient=lenient)
            return first, emit.name(self._slots[node.value])
        name = self._temporary()
        return emit.bind(name, self.value(node)), emit.name(name)

    def _variable(self, node: Expr) -> ast.expr:
        """Code for a value that `is` may stand beside: the compiler warns about constants there."""
        if node.op in ("lit", "neg", "list"):
            return emit.bind(self._temporary(), self.value(node))
        return self.value(node)

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    def _literal(self, value: Any) -> ast.expr:
        if value is None or isinstance(value, (bool, int, float, str)):
            return ast.Constant(value)
        return self._constant(value)

    def _constant(self, value: Any) -> ast.expr:
        name = f"{self.prefix}{len(self.constants)}"
        self.constants[name] = value
        return emit.name(name)

    def _ref(self, path: str, *, keep: bool = False, lenient: bool = False) -> ast.expr:
        slot = self._slots.setdefault(path, f"v{len(self._slots)}")
        if slot in self._bound:
            return emit.name(slot)
        code = self._fetch(path, lenient or not self.mode.strict)
        if not keep and self._uses[path] < 2:
            return code
        self._bound.add(slot)
        return emit.bind(slot, code)

    def _fetch(self, path: str, lenient: bool) -> ast.expr:
        root, dot, rest = path.partition(".")
        scope = emit.name("c")
        if self.mode.scoped and root == "actor" and (not dot or rest.partition(".")[0] == "roles"):
            return emit.item(scope, path) if rest == "roles" else emit.call("lookup", scope, ast.Constant(path))
        head, dot, last = path.rpartition(".")
        if not dot and self.mode.scoped:
            return emit.item(scope, path)
        whole = self._prefix(head) if dot else scope
        return emit.call("get", whole, ast.Constant(last)) if lenient else emit.item(whole, last)

    def _prefix(self, path: str) -> ast.expr:
        slot = self._slots.setdefault(path + ".", f"v{len(self._slots)}")
        if slot in self._bound:
            return emit.name(slot)
        head, dot, last = path.rpartition(".")
        code = emit.item(self._prefix(head) if dot else emit.name("c"), last)
        if self._uses[path + "."] < 2:
            return code
        self._bound.add(slot)
        return emit.bind(slot, code)

    def _group(self, node: Expr) -> tuple[str | None, bool]:
        """The group of a node's value where that is certain, and whether it may be null."""
        if node.op == "lit":
            return group_of(node.value), node.value is None
        if node.op == "ref":
            return self.mode.types.get(node.value), True
        if node.op == "fn" and len(node.args) == 1 and node.value in ("len", *CASES):
            return ("number" if node.value == "len" else "text"), False
        return None, True

    def kept(self) -> list[str]:
        """The variables of all paths, in the order of `paths_of`."""
        return [self._slots.setdefault(path, f"v{len(self._slots)}") for path in paths_of(self.expr)]

    def value(self, node: Expr) -> ast.expr:
        """Code that gives the value of a node."""
        raise NotImplementedError


def paths_of(expr: Expr) -> tuple[str, ...]:
    """The paths a tree names, each once, in the order of its text."""
    return tuple(dict.fromkeys(node.value for node in expr.walk() if node.op == "ref"))


def group_of(value: Any) -> str | None:
    """The group a value is compared in."""
    for kinds, group in ((bool, "bool"), ((int, float), "number"), (str, "text"), ((list, tuple), "list")):
        if isinstance(value, kinds):
            return group
    return None
