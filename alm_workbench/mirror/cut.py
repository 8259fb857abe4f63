"""Writing a mirror file that holds no more than a caller may see, so that no SQL over it can reach more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from alm_workbench.contexts.reporting.domain import ANY, MirrorRights
from alm_workbench.mirror.publish import attached, literal, workspace
from alm_workbench.mirror.schema import BY_NAME, create_base, create_views

CORE_FIELDS: dict[str, frozenset[str]] = {
    "title": frozenset({"title"}),
    "assignee_id": frozenset({"assignee", "assignee_id"}),
    "parent_id": frozenset({"parent", "parent_id"}),
    "rank": frozenset({"rank"}),
    "tags": frozenset({"tags"}),
    "state": frozenset({"state", "status"}),
    "state_category": frozenset({"state", "status", "state_category"}),
    "created_by": frozenset({"created_by", "reported_by"}),
}
"""Columns of artifacts that a mask can empty, with the field ids that mean them."""

Expression = Callable[[frozenset[str]], str]


def write_cut(source: Path, rights: MirrorRights, path: Path) -> None:
    """Write the part of ``source`` that ``rights`` leave; deleted rows are left out with all that hangs on them."""
    connection = workspace()
    try:
        connection.execute(f"ATTACH {literal(str(source))} AS m (READ_ONLY)")
        with attached(connection, path):
            connection.execute(f"USE o; {create_base()}; USE memory")
            connection.execute("INSERT INTO o.base.calendar SELECT * FROM m.base.calendar")
            for name, (columns, condition) in _selections(rights).items():
                connection.execute(
                    f"INSERT INTO o.base.{name} BY NAME SELECT {columns} FROM m.base.{name} WHERE {condition}"
                )
            # people who appear nowhere in the cut, and parents outside it, stay unknown
            connection.execute(
                "UPDATE o.base.artifacts SET parent_id = NULL WHERE parent_id NOT IN (SELECT id FROM o.base.artifacts)"
            )
            connection.execute(f"INSERT INTO o.base.actors SELECT * FROM m.base.actors WHERE id IN ({_people()})")
            connection.execute(f"USE o; {create_views()}; USE memory")
        path.chmod(0o600)
    finally:
        connection.close()


def _selections(rights: MirrorRights) -> dict[str, tuple[str, str]]:
    """For each raw table, in order, what is taken of it and which rows."""
    project = "true" if rights.project_ids is None else _is_in("{0}", rights.project_ids)
    visible_type = f"type_id NOT IN ({_texts(rights.hidden_types)})" if rights.hidden_types else "true"
    mine = "SELECT id FROM o.base.artifacts"
    stateful = f"SELECT id FROM o.base.artifacts WHERE {_by_type(rights, _shows_state)}"
    return {
        "tenants": ("*", "true"),
        "projects": ("*", f"deleted_at IS NULL AND {project.format('id')}"),
        "artifacts": (
            _artifact_columns(rights),
            f"deleted_at IS NULL AND {visible_type} AND project_id IN (SELECT id FROM o.base.projects)",
        ),
        "artifact_links": ("*", f"deleted_at IS NULL AND source_id IN ({mine}) AND target_id IN ({mine})"),
        "workflow_instances": ("*", f"artifact_id IN ({stateful})"),
        "state_history": ("*", f"artifact_id IN ({stateful})"),
        "project_activations": ("*", "project_id IN (SELECT id FROM o.base.projects)"),
    }


def _artifact_columns(rights: MirrorRights) -> str:
    columns = []
    for name, kind in BY_NAME["artifacts"].all_columns.items():
        if name == "fields":
            columns.append(f"({_by_type(rights, _masked_fields)})::JSON AS fields")
        elif name in CORE_FIELDS:
            columns.append(f"{_by_type(rights, _masked_column(name, kind))} AS {name}")
        else:
            columns.append(name)
    return ", ".join(columns)


def _by_type(rights: MirrorRights, expression: Expression) -> str:
    """A CASE over the type id; masks for every type hold beside those for one."""
    masks = {} if rights.all_fields else rights.masks
    general = masks.get(ANY, frozenset())
    cases = [
        f"WHEN {literal(type_id)} THEN {expression(fields | general)}"
        for type_id, fields in sorted(masks.items())
        if type_id != ANY and fields
    ]
    return f"CASE type_id {' '.join(cases)} ELSE {expression(general)} END" if cases else expression(general)


def _masked_fields(mask: frozenset[str]) -> str:
    if ANY in mask:
        return "'{}'::JSON"
    patch = json.dumps(dict.fromkeys(sorted(mask)))
    return f"json_merge_patch(fields, {literal(patch)})" if mask else "fields"  # RFC 7396: null removes a key


def _masked_column(name: str, kind: str) -> Expression:
    hidden_by = CORE_FIELDS[name] | {ANY}
    return lambda mask: f"NULL::{kind}" if mask & hidden_by else name


def _shows_state(mask: frozenset[str]) -> str:
    return "false" if mask & (CORE_FIELDS["state"] | {ANY}) else "true"


def _people() -> str:
    places = (
        ("artifacts", "assignee_id"),
        ("artifacts", "created_by"),
        ("state_history", "actor_id"),
        ("project_activations", "activated_by"),
    )
    return " UNION ALL ".join(f"SELECT {column} FROM o.base.{table}" for table, column in places)


def _is_in(column: str, ids: frozenset[UUID]) -> str:
    return f"{column} IN ({_texts(frozenset(str(i) for i in ids))})" if ids else "false"


def _texts(values: frozenset[str]) -> str:
    return ", ".join(literal(value) for value in sorted(values))
