"""Writes ``api.py``, the typed facade: one method for every public message that names one.

``python -m alm_workbench.notebook.generate`` (or ``alm scaffold facade``) writes it, ``--check`` only compares.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import pkgutil
import sys
import typing
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import ModuleType
from typing import Any

from alm_workbench import contexts
from alm_workbench.shared import messages as shared_messages
from alm_workbench.shared.messages import REGISTRY, UNSET, Spec

TARGET = Path(__file__).with_name("api.py")
OWN = "alm_workbench.contexts."
HEAD = '''"""Every message as a typed method. Written by ``python -m alm_workbench.notebook.generate``; do not edit."""

from __future__ import annotations
'''


def source() -> str:
    """The text of the facade for the messages of our own contexts."""
    for module in pkgutil.walk_packages(contexts.__path__, OWN):
        if module.name.endswith("messages"):
            importlib.import_module(module.name)
    specs = [s for s in REGISTRY.public() if s.facade and s.cls.__module__.startswith(OWN)]
    groups: dict[str, list[tuple[str, Spec]]] = {}
    for spec in specs:
        group, _, name = (spec.facade or "").rpartition(".")
        groups.setdefault(group, []).append((name, spec))
    names = sorted(name for name in groups if name)
    classes = [part for name in names for part in group_class(name, sorted(groups[name], key=lambda m: m[0]))]
    root = root_class(names, sorted(groups.get("", []), key=lambda m: m[0]))
    return "\n".join([HEAD, *imports(specs), "", "", *classes, *root]) + "\n"


def group_class(name: str, members: Sequence[tuple[str, Spec]]) -> list[str]:
    """The class of one group."""
    lines = [
        f"class {class_name(name)}:",
        f'    """Messages about {name}."""',
        "",
        "    def __init__(self, mediator: Mediator) -> None:",
    ]
    lines += ["        self._mediator = mediator", ""]
    for method, spec in members:
        lines += [*method_lines(method, spec), ""]
    return [*lines, ""]


def root_class(groups: Sequence[str], members: Sequence[tuple[str, Spec]]) -> list[str]:
    """The class that holds the groups."""
    lines = ["class Api:", '    """All messages by group; plugins\' messages are found at run time."""', ""]
    lines += ["    def __init__(self, mediator: Mediator) -> None:", "        self._mediator = mediator"]
    lines += [f"        self.{name} = {class_name(name)}(mediator)" for name in groups]
    lines += [
        "",
        "    def __getattr__(self, name: str) -> PluginGroup:",
        '        if name.startswith("_"):',
        "            raise AttributeError(name)",
    ]
    lines += ["        return plugin_group(self._mediator, name)", ""]
    for method, spec in members:
        lines += [*method_lines(method, spec), ""]
    return lines[:-1]


def class_name(group: str) -> str:
    """``artifacts`` as ``ArtifactsApi``."""
    return group.title().replace("_", "") + "Api"


def method_lines(name: str, spec: Spec) -> list[str]:
    """One method: keyword arguments in, the DTO out."""
    own = fields(spec.cls)  # type: ignore[arg-type]
    parameters = [parameter(spec, f) for f in own]
    arguments = ", ".join(f"{f.name}={argument(f)}" for f in own)
    result = text_of(spec.result)
    head = f"    def {name}(self{''.join([', *, ', ', '.join(parameters)]) if parameters else ''}) -> {result}:"
    if len(head) > 120:
        head = "\n".join(
            [
                f"    def {name}(",
                "        self,",
                "        *,",
                *(f"        {p}," for p in parameters),
                f"    ) -> {result}:",
            ]
        )
    doc = inspect.cleandoc(spec.cls.__doc__ or "").replace("\n", "\n        ").replace("        \n", "\n")
    call = f"self._mediator.{'send' if spec.kind == 'command' else 'query'}"
    message = f"{spec.name}({arguments})"
    body = [f"        return {call}({message})"]
    if len(body[0]) > 120:
        given = [f"            {f.name}={argument(f)}," for f in own]
        body = [f"        message = {spec.name}(", *given, "        )", f"        return {call}(message)"]
    end = ['        """'] if "\n" in doc else []
    return [head, f'        """{doc}' + ("" if end else '"""'), *end, *body]


def parameter(spec: Spec, f: Field[Any]) -> str:
    """A parameter with its annotation and default."""
    annotation = annotations_of(spec)[f.name][0].replace("'", '"')
    if f.default_factory is not MISSING:
        return f"{f.name}: {annotation} | None = None"
    return f"{f.name}: {annotation}" + ("" if f.default is MISSING else f" = {literal(f.default)}")


def literal(value: Any) -> str:
    """A default as source, with double quotes."""
    if isinstance(value, tuple):
        inside = ", ".join(literal(v) for v in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def argument(f: Field[Any]) -> str:
    """What the message is given for a parameter."""
    return f"{{}} if {f.name} is None else {f.name}" if f.default_factory is not MISSING else f.name


def text_of(kind: Any) -> str:
    """A type as source."""
    if kind is ...:
        return "..."
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is None or not args:
        return str(getattr(kind, "__name__", kind))
    name = getattr(origin, "__name__", str(origin))
    return f"{name}[{', '.join(text_of(a) for a in args)}]"


def imports(specs: Iterable[Spec]) -> list[str]:
    """The import block: what annotations and results name, and the messages themselves."""
    wanted: dict[str, set[str]] = {
        "alm_workbench.notebook.plugins": {"PluginGroup", "plugin_group"},
        "alm_workbench.shared.mediator": {"Mediator"},
    }
    for spec in specs:
        wanted.setdefault(spec.cls.__module__, set()).add(spec.name)
        words = {(w, home) for text, home in annotations_of(spec).values() for w in names_in(text)}
        words |= {(w, spec.cls.__module__) for w in names_in(text_of(spec.result))}
        if any(f.default is UNSET for f in fields(spec.cls)):  # type: ignore[arg-type]
            wanted.setdefault(shared_messages.__name__, set()).add("UNSET")
        for word, home in words:
            if word not in dir(builtins):
                wanted.setdefault(home_of(word, spec, home), set()).add(word)
    standard = sorted(m for m in wanted if m.split(".")[0] in sys.stdlib_module_names)
    ours = sorted(set(wanted) - set(standard))
    return [*block(standard, wanted), "", *block(ours, wanted)]


def block(modules: Iterable[str], wanted: dict[str, set[str]]) -> list[str]:
    """Import statements in the linter's order."""
    out = []
    for module in modules:
        names = sorted(wanted[module], key=lambda n: (not n.isupper(), n.islower(), n.lower()))
        line = f"from {module} import {', '.join(names)}"
        out += [line] if len(line) <= 120 else [f"from {module} import (", *(f"    {name}," for name in names), ")"]
    return out


def names_in(annotation: str) -> set[str]:
    """The names that an annotation uses; texts of literals are none."""
    return {node.id for node in ast.walk(ast.parse(annotation, mode="eval")) if isinstance(node, ast.Name)}


def annotations_of(spec: Spec) -> dict[str, tuple[str, str]]:
    """The annotation of each field, and the module that says it (messages may share the fields of a base)."""
    bases = [base for base in reversed(spec.cls.__mro__) if "__annotations__" in base.__dict__]
    return {name: (text, base.__module__) for base in bases for name, text in base.__annotations__.items()}


def home_of(name: str, spec: Spec, home: str) -> str:
    """The module that defines what a message's module calls ``name``."""
    module = importlib.import_module(home)
    value = getattr(module, name, None)
    if value is None:  # a part of the result that the module knows under another name
        value = next(v for v in walk(spec.result) if getattr(v, "__name__", "") == name)
    if getattr(value, "__name__", None) == name:
        return str(value.__module__)
    return shared_messages.__name__ if hasattr(shared_messages, name) else maker_of(name, module)


def maker_of(name: str, module: ModuleType) -> str:
    """The module that gives an alias its name (aliases do not know): this one, or the one it was imported from."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ImportFrom) and any((a.asname or a.name) == name for a in node.names):
            return maker_of(name, importlib.import_module(node.module or ""))
    return module.__name__


def walk(kind: Any) -> Iterable[Any]:
    """A generic type, its origin and its arguments, all the way down."""
    yield kind
    if typing.get_origin(kind) is not None:
        yield typing.get_origin(kind)
        for part in typing.get_args(kind):
            yield from walk(part)


def main(arguments: Sequence[str] = ()) -> int:
    """Write the facade; with ``--check`` say whether it is up to date (exit code 1 when it is not)."""
    text = source()
    if "--check" in arguments:
        current = TARGET.read_text("utf-8") if TARGET.exists() else ""
        if current == text:
            return 0
        print(f"{TARGET.name} is not up to date; run python -m alm_workbench.notebook.generate")
        return 1
    TARGET.write_text(text, "utf-8")
    print(f"{TARGET} written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
