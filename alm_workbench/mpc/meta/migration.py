"""Moving manifests and items to a later vocabulary.

A migration is a list of steps (steps.py). Running it twice changes nothing the second time: a manifest carries its
schema version, and for items a plan whose second run would change its own result is refused.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..ast import ASTNode, FrozenDict, ManifestAST, freeze, thaw
from ..errors import MPCError
from .changelog import Changelog
from .steps import Step, Subject, apply_step


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to one definition or item."""

    subject: str
    steps: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def to_data(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {"subject": self.subject, "steps": list(self.steps), "problems": list(self.problems)}


@dataclass(frozen=True, slots=True)
class ManifestMigration:
    """A manifest in the new vocabulary, what changed, and definitions that are items now."""

    ast: ManifestAST
    changes: tuple[Change, ...] = ()
    items: tuple[Mapping[str, Any], ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything was done."""
        return any(change.steps for change in self.changes)


@dataclass(frozen=True, slots=True)
class ItemMigration:
    """Items in the new vocabulary, in their order, and what changed."""

    items: tuple[dict[str, Any], ...]
    changes: tuple[Change, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything was done."""
        return any(change.steps for change in self.changes)


def migrate_manifest(ast: ManifestAST, changelog: Changelog, to: int) -> ManifestMigration:
    """The manifest at schema version `to`; one that is there already comes back as it is.

    Raises MPCError E_META_INVALID for a version the changelog does not know or one below the manifest's, and
    E_META_BREAKING_CHANGE where a version on the way has no steps.
    """
    if ast.schema_version == to:
        return ManifestMigration(ast)
    if ast.schema_version > to:
        message = f"The manifest has schema version {ast.schema_version}; there is no way back to {to}"
        raise MPCError("E_META_INVALID", message)
    steps = changelog.steps(ast.schema_version, to)
    item_types = {step.args["kind"]: step.args["type"] for step in steps if step.op == "to_items"}
    changes: list[Change] = []
    kept = tuple(_node(node, steps, changes) for node in ast.defs if node.kind not in item_types)
    taken = [_item_of(node) for node in ast.defs if node.kind in item_types]
    moved = migrate_items(taken, steps)
    changes += [replace(change, steps=("becomes an item", *change.steps)) for change in moved.changes]
    result = replace(ast, schema_version=to, defs=kept, source=None, header={})
    return ManifestMigration(result, tuple(changes), moved.items)


def _node(node: ASTNode, steps: Sequence[Step], changes: list[Change]) -> ASTNode:
    subject = Subject(node.kind, thaw(node.properties))
    for step in steps:
        apply_step(step, subject)
    if subject.done or subject.problems:
        changes.append(Change(f"{node.kind} '{node.id}'", tuple(subject.done), tuple(subject.problems)))
    children = tuple(_node(child, steps, changes) for child in node.children)
    properties = freeze(subject.properties)
    assert isinstance(properties, FrozenDict)
    return ASTNode(subject.kind, node.id, node.name, properties, children)


def _item_of(node: ASTNode) -> dict[str, Any]:
    title = {"title": node.name} if node.name is not None else {}
    return {"kind": node.kind, "id": node.id, **title, **thaw(node.properties)}


def migrate_items(items: Iterable[Mapping[str, Any]], steps: Sequence[Step]) -> ItemMigration:
    """Items (plain dicts with `kind` or `type`; values at the top or under `fields`) after the steps.

    The given items are not changed. Raises MPCError E_META_INVALID if running the steps again would change the result.
    """
    found: list[dict[str, Any]] = []
    changes: list[Change] = []
    for number, item in enumerate(items):
        result, change = _item(item, steps, number)
        again, _ = _item(result, steps, number)
        if again != result:
            message = f"The migration is not safe to repeat: it would change {change.subject} a second time"
            raise MPCError("E_META_INVALID", message)
        found.append(result)
        if change.steps or change.problems:
            changes.append(change)
    return ItemMigration(tuple(found), tuple(changes))


def _item(item: Mapping[str, Any], steps: Sequence[Step], number: int) -> tuple[dict[str, Any], Change]:
    data = copy.deepcopy(dict(item))
    key = "kind" if "kind" in data else "type"
    name = data.get(key)
    subject_name = f"{name or 'item'} {data.get('key') or data.get('id') or number + 1}"
    if not isinstance(name, str):
        return data, Change(subject_name, problems=("it says neither kind nor type",))
    subject = Subject(name, data)
    for step in _for_items(steps, name):
        _apply(step, subject, data)
    data[key] = subject.kind
    return data, Change(subject_name, tuple(subject.done), tuple(subject.problems))


def _for_items(steps: Sequence[Step], name: str) -> Iterable[Step]:
    """The steps, `to_items` last as the renaming it is for items; a type's id may stand for its former kind."""
    renamed = [step.args for step in steps if step.op == "to_items"]
    former = next((args["kind"] for args in renamed if args["type"] == name), None)
    for step in steps:
        if former is not None and step.args.get("kind") == former and step.op != "to_items":
            yield Step(step.op, FrozenDict({**step.args, "kind": name}))
        elif step.op != "to_items":
            yield step
    for args in renamed:
        yield Step("rename_kind", FrozenDict({"from": args["kind"], "to": args["type"]}))


def _apply(step: Step, subject: Subject, data: dict[str, Any]) -> None:
    """Apply a step to an item: among its fields where it keeps them apart."""
    path = str(step.args.get("property", step.args.get("from", "")))
    fields = data.get("fields")
    inside = step.op != "rename_kind" and isinstance(fields, dict) and path.split(".")[0] not in data
    subject.properties = fields if inside and isinstance(fields, dict) else data
    apply_step(step, subject)
    subject.properties = data
