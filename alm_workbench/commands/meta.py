"""``alm meta``: the vocabulary of manifests, its history, and moving documents along with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alm_workbench import resources
from alm_workbench.commands.common import json_option, show
from alm_workbench.commands.manifest_files import format_of, parsed, read, vocabulary, write
from alm_workbench.errors import ConfigurationError, InvalidInput
from alm_workbench.mpc import DomainMeta, MPCError, load_domain_meta

if TYPE_CHECKING:
    from alm_workbench.mpc.meta.changelog import Changelog
    from alm_workbench.mpc.meta.migration import Change

FILE = click.Path(dir_okay=False, path_type=Path)


def read_meta(file: Path) -> DomainMeta:
    """The vocabulary in a file; raises ``ConfigurationError`` (exit code 2) on an unreadable or wrong one."""
    try:
        return load_domain_meta(read(file))
    except MPCError as error:
        raise ConfigurationError(f"{file}: {error.message}") from None


def changelog() -> Changelog:
    """The history that ships."""
    from alm_workbench.mpc.meta.changelog import load_changelog

    return load_changelog(resources.path("alm_meta", "domain_meta_changelog.yaml").read_text("utf-8"))


@click.group()
def meta() -> None:
    """The vocabulary of manifests, its history, and moving documents along with it."""


@meta.command("show")
@click.option("--kinds", is_flag=True, help="Only the kinds and templates with their properties.")
@click.option("--schema", is_flag=True, help="The JSON Schema of a vocabulary instead.")
@json_option
def show_meta(kinds: bool, schema: bool, as_json: bool) -> None:
    """Print kinds, templates, events, value types and functions."""
    if schema:
        from alm_workbench.mpc.meta.schema import DOMAIN_META_SCHEMA

        click.echo(json.dumps(DOMAIN_META_SCHEMA, indent=2))
        return
    found = vocabulary()
    data: dict[str, Any] = {
        "kinds": {
            k.name: {p.name: p.type + ("*" if p.required else "") for p in k.properties.values()} for k in found.kinds
        },
        "templates": {
            t.name: {"kind": t.kind, "required": list(t.required_props), "allowedTypes": list(t.allowed_types)}
            for t in found.templates
        },
    }
    if not kinds:
        data["events"] = list(found.allowed_events)
        data["value_types"] = list(found.allowed_types)
        data["functions"] = {f.name: f"({', '.join(f.args)}) {f.returns} {f.cost}" for f in found.allowed_functions}

    def lines() -> list[str]:
        out = [f"{name}: {', '.join(f'{p} {t}' for p, t in props.items())}" for name, props in data["kinds"].items()]
        out += ["", "templates (what such a type or kind must have):"]
        out += [f"{name}: {', '.join(p + '*' for p in t['required'])}" for name, t in data["templates"].items()]
        if not kinds:
            out += ["", "events: " + ", ".join(data["events"]), "types: " + ", ".join(data["value_types"]), ""]
            out += [f"{name}{text}" for name, text in data["functions"].items()]
        return out

    show(data, as_json, lines)


@meta.command("check")
@click.argument("file", required=False, type=FILE)
@json_option
def check_meta(file: Path | None, as_json: bool) -> int:
    """Check a vocabulary (the one that ships if no FILE); exit code 1 when it is wrong or not classified."""
    from alm_workbench.mpc.meta.changelog import unclassified

    name = str(file or "alm_meta/domain_meta.yaml")
    try:
        found = load_domain_meta(read(file)) if file is not None else vocabulary()
    except MPCError as error:
        message = error.message
        show({"ok": False, "file": name, "problem": message}, as_json, lambda: [f"{name}: {message}"])
        return 1
    problem = unclassified(changelog(), found) if file is None else None
    data = {"ok": problem is None, "file": name, "schemaVersion": found.schema_version, "hash": found.hash}
    sound = f"{name}: version {found.schema_version}, {len(found.kinds)} kinds, hash {found.hash}"
    show(data | ({"problem": problem} if problem else {}), as_json, lambda: [problem or sound])
    return 1 if problem else 0


@meta.command("diff")
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@json_option
def diff(old: Path, new: Path, as_json: bool) -> int:
    """Compare two vocabularies; exit code 1 when a breaking change has no migration."""
    from alm_workbench.mpc.meta.diff import diff_meta, require_migration

    before, after = read_meta(old), read_meta(new)
    found = diff_meta(before, after)
    problem = None
    try:
        require_migration(before, after, changelog().migrated)
    except MPCError as error:
        problem = f"{error.code}: {error.message}"

    def lines() -> list[str]:
        out = [f"breaking: {text}" for text in found.breaking]
        out += [f"non-breaking: {text}" for text in found.non_breaking]
        return [*out, f"class: {found.change_class}", *([problem] if problem else [])]

    show(found.to_data() | ({"problem": problem} if problem else {}), as_json, lines)
    return 1 if problem else 0


@meta.command("drift")
@click.argument("manifest", type=FILE)
@json_option
def drift(manifest: Path, as_json: bool) -> int:
    """Words of a manifest that the vocabulary does not have; exit code 1 when there are any."""
    from alm_workbench.mpc.meta.drift import detect_drift

    found = detect_drift(parsed(manifest), vocabulary())
    show({"drift": found}, as_json, lambda: found or [f"{manifest}: every word is in the vocabulary"])
    return 1 if found else 0


@meta.command("changelog")
@json_option
def show_changelog(as_json: bool) -> None:
    """The versions of the vocabulary, newest first."""
    entries = changelog().entries

    def lines() -> list[str]:
        out = []
        for entry in entries:
            out.append(f"{entry.schema_version}  {entry.date}  {entry.summary}")
            out += [f"  breaking: {text}" for text in entry.breaking]
            out += [f"  {text}" for text in entry.non_breaking]
            out += [f"  step: {step}" for step in entry.steps]
        return out

    show({"versions": [entry.to_data() for entry in entries]}, as_json, lines)


@meta.command("migrate")
@click.argument("file", type=FILE)
@click.option("--to", "to", type=int, required=True, help="The schema version to move to.")
@click.option("--from", "from_", type=int, default=1, show_default=True, help="The version of a list of items.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--items", type=FILE, help="Where definitions that are items now are written, as JSON.")
@json_option
def migrate(file: Path, to: int, from_: int, dry_run: bool, items: Path | None, as_json: bool) -> int:
    """Move a manifest, or a JSON list of items, to a later version; exit code 1 when something needs a hand.

    Comments and layout stay where the changed places can be written over; otherwise the manifest is printed afresh.
    """
    text = read(file)
    try:
        if text.lstrip().startswith("["):
            report = _migrate_items(file, text, from_, to, dry_run)
        else:
            report = _migrate_manifest(file, text, to, dry_run, items)
    except MPCError as error:
        raise InvalidInput(f"{file}: {error.message}") from None

    def lines() -> list[str]:
        out = []
        for change in report["changes"]:
            out += [f"{change['subject']}: {step}" for step in change["steps"]]
            out += [f"{change['subject']}: needs a hand: {problem}" for problem in change["problems"]]
        verb = "would change" if dry_run else "changed"
        return [*out, f"{file}: {verb}" if report["changed"] else f"{file}: nothing to do", *report["notes"]]

    show(report, as_json, lines)
    return 1 if any(change["problems"] for change in report["changes"]) else 0


def _migrate_manifest(file: Path, text: str, to: int, dry_run: bool, items: Path | None) -> dict[str, Any]:
    from alm_workbench.mpc import detect_format
    from alm_workbench.mpc.meta.migration import migrate_manifest
    from alm_workbench.mpc.meta.rewrite import rewrite

    ast = parsed(file)
    result = migrate_manifest(ast, changelog(), to)
    written = rewrite(text, ast, result.ast, format_of(file) or detect_format(text))
    if result.items and items is None and not dry_run:
        raise InvalidInput(
            f"{file}: {len(result.items)} definitions are items now; say where they go with --items FILE.json"
        )
    notes = [] if written.comments_kept else ["comments and layout could not be kept: the manifest is printed afresh"]
    if result.items:
        notes.append(f"{len(result.items)} definitions become items")
    if not dry_run:
        if items is not None and result.items:
            write(items, _json(list(result.items)))
        if written.text != text:
            write(file, written.text)
    report = _report(file, to, dry_run, written.text != text, result.changes, notes)
    return report | {"commentsKept": written.comments_kept, "items": list(result.items)}


def _migrate_items(file: Path, text: str, from_: int, to: int, dry_run: bool) -> dict[str, Any]:
    from alm_workbench.mpc.meta.migration import migrate_items

    try:
        data = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"{file}: {error}") from None
    if not all(isinstance(item, dict) for item in data):
        raise InvalidInput(f"{file}: a list of items holds objects only")
    result = migrate_items(data, changelog().steps(from_, to))
    if result.changed and not dry_run:
        write(file, _json(list(result.items)))
    return _report(file, to, dry_run, result.changed, result.changes, [])


def _report(
    file: Path, to: int, dry_run: bool, changed: bool, changes: tuple[Change, ...], notes: list[str]
) -> dict[str, Any]:
    return {
        "file": str(file),
        "to": to,
        "dryRun": dry_run,
        "changed": changed,
        "changes": [change.to_data() for change in changes],
        "notes": notes,
    }


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
