"""The reference part of docs/manifest-language.md, made from the vocabulary and the registry of codes.

Run with --write to bring the document up to date; without, the exit code says whether it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from alm_workbench.mpc import ASTNode, DomainMeta, KindDef, ManifestAST, PropDef, freeze, load_domain_meta
from alm_workbench.mpc.codes import ERROR_CODES, INTENT_KINDS, REASON_CODES

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "manifest-language.md"
BEGIN = "<!-- From here on made by scripts/manifest_reference.py from alm_meta/domain_meta.yaml; do not edit. -->"

SCOPE = (
    ("`self.<core field>`", "The item: `self.title`, `self.state` and the others below."),
    ("`self.fields.<id>`", "Its fields."),
    ("`self.type`", "The id of its type."),
    ("`actor.id`, `actor.roles`, `actor.attributes`", "Who acts; `roles` holds implied roles too."),
    (
        "`event.name`, `event.from`, `event.to`, `event.changes`",
        "What happens: the event, a transition's states, changed fields.",
    ),
    ("`event.transition`, `event.reason`", "The transition and the chosen reason."),
    ("`project.id`, `project.key`, `project.name`, `project.settings`", "The project."),
    ("`now`", "The moment of the decision, as ISO text."),
)
_CORE = {
    "id": "Its identifier.",
    "key": "What people call it, such as REQ-12.",
    "title": "Its title.",
    "type": "The id of its type.",
    "state": "The id of its state.",
    "state_category": "`todo`, `in_progress` or `done`.",
    "project_id": "Its project.",
    "parent_id": "The item it lies under.",
    "assignee": "Who works on it.",
    "assignee_id": "The same, under its stored name.",
    "created_by": "Who made it.",
    "created_at": "When.",
    "updated_by": "Who changed it last.",
    "updated_at": "When.",
    "deleted_at": "When it went to the bin; missing otherwise.",
    "last_actor": "Who took the last transition.",
    "version": "How often it was changed, from 1.",
    "rank": "Its place in lists sorted by hand.",
    "tags": "Its tags.",
}
_TYPES = {
    "string": "text",
    "int": "whole number",
    "number": "number",
    "bool": "true or false",
    "any": "any value",
    "text": "text, or texts by language",
    "regex": "RE2 pattern",
    "field": "id of a field",
    "state": "id of a state",
    "event": "event",
    "privilege": "privilege code",
    "resource": "type, `type.field` or `*`",
}


def reference(meta: DomainMeta) -> str:
    """The whole generated part."""
    return "\n".join([BEGIN, "", *_expressions(meta), *_kinds(meta), *_words(meta), *_codes()]).rstrip() + "\n"


def table(header: list[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines] + [""]


def _expressions(meta: DomainMeta) -> Iterator[str]:
    yield from ("#### What expressions see", "")
    yield from table(["Name", "What it is"], SCOPE)
    yield "Core fields, which every item has by itself:"
    yield ""
    fields = ((f"`{name}`", kind, _CORE[name]) for name, kind in meta.core_fields.items())
    yield from table(["Field", "Type", "Meaning"], fields)
    yield from ("#### Functions", "")
    rows = (
        (f"`{f.name}({', '.join(f.args)})`", f.returns, str(f.cost), f.doc, f"`{f.example}`")
        for f in meta.allowed_functions
    )
    yield from table(["Function", "Gives", "Cost", "Meaning", "Example"], rows)
    yield "The cost counts against the budget of one evaluation."
    yield ""


def _kinds(meta: DomainMeta) -> Iterator[str]:
    yield from ("### Kinds and properties", "")
    yield "Properties marked \\* are required. `x[]` stands for an entry of the list `x`."
    yield ""
    for kind in meta.kinds:
        yield from _kind(kind)
    yield from ("#### Properties of every definition", "")
    yield from _properties(meta.common.values())
    yield from ("### Founding kinds", "")
    yield (
        "A type with a `template` has a field for each required property that is not a core field, and that field always "
        "has a value: it is required, computed, or has a default."
    )
    yield ""
    rows = (
        (
            f"`{t.name}`",
            t.doc,
            ", ".join(f"`{p}`" + (f" (core: `{t.core[p]}`)" if p in t.core else "") for p in t.required_props),
        )
        for t in meta.templates
    )
    yield from table(["Template", "Meaning", "Required properties"], rows)


def _kind(kind: KindDef) -> Iterator[str]:
    yield f"#### {kind.name}"
    yield ""
    more = " It stands inside another definition." if kind.child_only else ""
    if kind.children:
        more += f" It may hold {' and '.join(kind.children)} definitions."
    yield kind.doc + more
    yield ""
    yield "```alm part"
    yield kind.example.rstrip()
    yield "```"
    yield ""
    yield from _properties(kind.properties.values())


def _properties(props: Iterable[PropDef]) -> list[str]:
    rows = [row for prop in props for row in _rows(prop, "")]
    return table(["Property", "Type", "Meaning", "Example"], rows)


def _rows(prop: PropDef, owner: str) -> Iterator[tuple[str, ...]]:
    path = f"{owner}.{prop.name}" if owner else prop.name
    names = f"`{path}`" + ("\\*" if prop.required else "")
    doc = prop.doc + (f" Also written {', '.join(f'`{name}`' for name in prop.aka)}." if prop.aka else "")
    if prop.default is not None:
        doc += f" If not given: `{prop.default}`."
    yield names, type_text(prop), doc, f"`{written(prop)}`"
    for inner, place in _inner(prop, path):
        yield from _rows(inner, place)


def _inner(prop: PropDef, path: str) -> Iterator[tuple[PropDef, str]]:
    """Properties of objects in a property, with the path they are named by."""
    for inner in prop.props.values():
        yield inner, path
    for option in prop.options:
        yield from _inner(option, path)
    if prop.items is not None:
        yield from _inner(prop.items, path + "[]")


def type_text(prop: PropDef) -> str:
    """The type of a property in words."""
    if prop.type == "list":
        items = type_text(prop.items) if prop.items is not None else "any value"
        return f"list: {items}" + ("; one value may stand for a list" if prop.single else "")
    if prop.type == "enum":
        return " ".join(f"`{value}`" for value in prop.values)
    if prop.type == "ref":
        kind = str(prop.kind)
        return f"id of {'an' if kind[0] in 'AEIO' else 'a'} [{kind}](#{kind.lower()})"
    if prop.type == "expr":
        return "expression" + ("" if prop.returns == "any" else f" ({prop.returns})")
    if prop.type == "oneof":
        return ", or ".join(type_text(option) for option in prop.options)
    if prop.type == "object":
        return "object" + (" with any properties" if prop.open and not prop.props else "")
    if prop.type == "regex" and prop.values:
        return f"text like `{prop.values[0]}`"
    return _TYPES[prop.type]


def written(prop: PropDef) -> str:
    """A property's example as it is written in the DSL."""
    return one_line(prop.name, prop.example)


def one_line(name: str, value: Any) -> str:
    """A property in the DSL, on one line."""
    node = ASTNode("K", "x", None, freeze({name: value}))
    lines = ManifestAST(defs=(node,)).to_dsl().splitlines()
    body = lines[lines.index(next(line for line in lines if line.startswith("def "))) :]
    text = " ".join(line.strip() for line in body)
    return text[text.index("{") + 1 : text.rindex("}")].strip().replace("[ ", "[").replace(", ]", "]")


def _words(meta: DomainMeta) -> Iterator[str]:
    yield from ("### Events, actions and value types", "")
    yield f"Events: {_listed(meta.allowed_events)}."
    yield ""
    yield f"Actions of access rules: {_listed(meta.actions)}, and `*`."
    yield ""
    yield f"Value types: {_listed(meta.allowed_types)}."
    yield ""


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _codes() -> Iterator[str]:
    yield from ("### Codes", "", "Every finding has a code:", "")
    yield from table(["Code", "Meaning"], ((f"`{code}`", text) for code, text in ERROR_CODES.items()))
    yield from ("Every decision gives its reasons:", "")
    yield from table(["Reason", "Meaning"], ((f"`{code}`", text) for code, text in REASON_CODES.items()))
    yield from ("What a policy or an automation may ask for (`intents`):", "")
    rows = (
        (
            f"`{kind.name}`",
            kind.doc,
            kind.target,
            ", ".join(_param(p.name, p.required) for p in kind.params) or "none",
        )
        for kind in INTENT_KINDS.values()
    )
    yield from table(["Intent", "Meaning", "Target", "Parameters"], rows)


def _param(name: str, required: bool) -> str:
    return f"`{name}`" + ("\\*" if required else "")


def vocabulary() -> DomainMeta:
    """The vocabulary that ships."""
    return load_domain_meta((ROOT / "alm_meta" / "domain_meta.yaml").read_text("utf-8"))


def current(text: str) -> str:
    """The document with its generated part brought up to date."""
    written_by_hand = text.partition(BEGIN)[0].rstrip()
    return written_by_hand + "\n\n" + reference(vocabulary())


def main(arguments: list[str]) -> int:
    """Write the document, or say whether it is up to date."""
    text = DOCUMENT.read_text("utf-8")
    fresh = current(text)
    if "--write" in arguments:
        DOCUMENT.write_text(fresh, "utf-8")
        return 0
    if fresh != text:
        print("docs/manifest-language.md is not up to date: python scripts/manifest_reference.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
