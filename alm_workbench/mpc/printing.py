"""An AST as text in any of the three languages; reading the text gives an equal AST back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .ast import ASTNode, ManifestAST, thaw
from .errors import MPCError
from .parse.common import RESERVED

_IDENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*\Z")
# Characters a YAML reader refuses, and line breaks that a one-line text cannot hold.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_WIDTH = 120


def quote(text: str) -> str:
    """A text in double quotes, read alike by the three languages."""
    return _UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return quote(value)
    return json.dumps(value, ensure_ascii=False)


# ---------------------------------------------------------------- DSL


def to_dsl(ast: ManifestAST) -> str:
    """The manifest in the DSL; raises MPCError where a kind or id cannot be a word there."""
    head = [
        f"@schema {ast.schema_version}",
        f"@namespace {quote(ast.namespace)}",
        f"@name {quote(ast.name)}",
        f"@version {quote(ast.manifest_version)}",
    ]
    return "\n".join(head) + "\n" + "".join("\n" + _dsl_node(node, "") + "\n" for node in ast.defs)


def _dsl_node(node: ASTNode, pad: str) -> str:
    for word in (node.kind, node.id):
        if not _IDENT.match(word):
            raise MPCError("E_PRINT", f"'{word}' cannot be written as a name in the DSL")
    title = f" {quote(node.name)}" if node.name is not None else ""
    inner = pad + "  "
    lines = [f"{inner}{_dsl_key(key)}: {_dsl_value(value, inner)}" for key, value in node.properties.items()]
    lines += [f"{inner}{_dsl_node(child, inner)}" for child in node.children]
    body = "{\n" + "\n".join(lines) + f"\n{pad}}}" if lines else "{}"
    return f"def {node.kind} {node.id}{title} {body}"


def _dsl_key(key: str) -> str:
    return key if _IDENT.match(key) and key != "def" else quote(key)


def _dsl_value(value: Any, pad: str) -> str:
    flat = _dsl_flat(value)
    if len(flat) + len(pad) <= _WIDTH or not isinstance(value, tuple):
        return flat
    inner = pad + "  "
    return "[\n" + "".join(f"{inner}{_dsl_value(item, inner)},\n" for item in value) + f"{pad}]"


def _dsl_flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_dsl_key(key)}: {_dsl_flat(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_dsl_flat(item) for item in value) + "]"
    return _scalar(value)


# ---------------------------------------------------------------- JSON and YAML


def to_dict(ast: ManifestAST) -> dict[str, Any]:
    """The JSON and YAML form as plain data; raises MPCError for a property that form reserves the name of."""
    return {
        "schemaVersion": ast.schema_version,
        "namespace": ast.namespace,
        "name": ast.name,
        "manifestVersion": ast.manifest_version,
        "defs": [_dict_node(node) for node in ast.defs],
    }


def _dict_node(node: ASTNode) -> dict[str, Any]:
    for key, value in node.properties.items():
        if key in RESERVED and not (key == "source" and not isinstance(value, Mapping)):
            message = (
                f"'{key}' of {node.kind} '{node.id}' cannot be written in JSON or YAML, where that word is reserved"
            )
            raise MPCError("E_PRINT", message)
    data: dict[str, Any] = {"kind": node.kind, "id": node.id}
    if node.name is not None:
        data["name"] = node.name
    data.update(thaw(node.properties))
    if node.children:
        data["children"] = [_dict_node(child) for child in node.children]
    return data


def to_json(ast: ManifestAST) -> str:
    """The manifest as indented JSON."""
    text = json.dumps(to_dict(ast), ensure_ascii=False, indent=2, allow_nan=False)
    return _UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", text) + "\n"


def to_yaml(ast: ManifestAST) -> str:
    """The manifest as YAML in block style, every text in quotes."""
    return _yaml_map(to_dict(ast), "").lstrip("\n") + "\n"


def _yaml(value: Any, pad: str) -> str:
    if isinstance(value, dict) and value:
        return _yaml_map(value, pad)
    if isinstance(value, list) and value:
        return "".join(f"\n{pad}-{_yaml_item(item, pad)}" for item in value)
    return " " + _scalar(value)


def _yaml_map(value: dict[str, Any], pad: str) -> str:
    return "".join(f"\n{pad}{_yaml_key(key)}:{_yaml(item, pad + '  ')}" for key, item in value.items())


def _yaml_item(item: Any, pad: str) -> str:
    text = _yaml(item, pad + "  ")
    # The first line of a nested block may stand behind its dash.
    return " " + text.lstrip("\n").removeprefix(pad + "  ") if text.startswith("\n") else text


def _yaml_key(key: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_\-]*", key) is not None
    return key if plain else quote(key)
