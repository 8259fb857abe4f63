"""A lot of items at once: one large organisation among twenty, made by set-wise statements past triggers and audit.

Only for reading: no histories, no snapshots. Texts repeat after 20,000 of them, as words do.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg

from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.mediator import LocalMediator
from tests.performance.world import Issues

PROCESS = """
@schema 2
@namespace "bench.domain"
@name "many"
@version "1.0.0"

def Workflow flow {
  initial: "open"
  states: [{id: "open", category: "todo"}, {id: "busy", category: "in_progress"}, {id: "done", category: "done"}]
  transitions: [{id: "begin", from: "open", to: "busy"}, {id: "end", from: ["open", "busy"], to: "done"}]
}
def ArtifactType story {
  workflow: "flow"
  key_prefix: "ST"
  def FieldDef priority { type: "choice" choices: ["low", "medium", "high", "urgent"] indexed: true }
  def FieldDef points { type: "int" indexed: true }
  def FieldDef due { type: "date" indexed: true }
  def FieldDef reviewer { type: "user" indexed: true }
  def FieldDef component { type: "string" indexed: true }
  def FieldDef story_text { type: "text" }
  def FieldDef cost { type: "number" }
}
def ArtifactType bug {
  workflow: "flow"
  key_prefix: "BUG"
  def FieldDef priority { type: "choice" choices: ["low", "medium", "high", "urgent"] indexed: true }
  def FieldDef points { type: "int" indexed: true }
  def FieldDef due { type: "date" indexed: true }
  def FieldDef story_text { type: "text" }
}
def Role owner { privileges: ["*"] }
def Role viewer { privileges: ["artifact:read"] }
def ACL all { action: "*" resource: "*" roles: ["owner"] priority: 100 }
def ACL reading { action: "read" resource: "*" roles: ["viewer"] mask: ["cost"] priority: 10 }
"""
TENANTS = 20
TEXTS = 20_000

FILL = """
INSERT INTO alm.artifacts (tenant_id, id, project_id, type_id, key, title, state, state_category, fields, search_text,
  assignee_id, tags, rank, manifest_version_id, occurred_at, created_at, updated_at)
SELECT %(tenant)s, gen_random_uuid(), %(project)s, k.type_id, k.prefix || '-' || n, t.title, s.state, s.category,
  jsonb_build_object('priority', (ARRAY['low', 'medium', 'medium', 'medium', 'high', 'high', 'urgent'])[1 + (h / 21) %% 7],
    'points', h %% 21, 'due', to_char(DATE '2026-01-01' + (h %% 700)::integer, 'YYYY-MM-DD'),
    'reviewer', (%(actors)s::uuid[])[1 + h %% cardinality(%(actors)s)], 'component', 'part-' || h %% 997,
    'story_text', t.body, 'cost', h %% 1000),
  t.body, CASE WHEN h %% 3 > 0 THEN (%(actors)s::uuid[])[1 + (h / 7) %% cardinality(%(actors)s)] END,
  ARRAY['team-' || h %% 40] || CASE WHEN h %% 50 = 0 THEN ARRAY['red'] ELSE '{}' END, lpad(to_hex(n), 14, '0'), %(version)s,
  m.at, m.at, m.at + make_interval(mins => (h %% 5000)::integer)
FROM generate_series(1, %(n)s) AS n
CROSS JOIN LATERAL (SELECT abs(hashint8(n)::bigint) AS h) x
CROSS JOIN LATERAL (SELECT TIMESTAMPTZ '2025-01-01 00:00+00' + make_interval(secs => n * 20) AS at) m
JOIN stage_texts t ON t.number = n %% %(texts)s
CROSS JOIN LATERAL (SELECT CASE WHEN h %% 4 = 0 THEN 'bug' ELSE 'story' END AS type_id,
  CASE WHEN h %% 4 = 0 THEN 'BUG' ELSE 'ST' END AS prefix) k
CROSS JOIN LATERAL (SELECT (ARRAY['open', 'busy', 'done', 'done'])[1 + h %% 4] AS state,
  (ARRAY['todo', 'in_progress', 'done', 'done'])[1 + h %% 4] AS category) s
"""
INDEXES = (
    "INSERT INTO alm.artifact_field SELECT a.tenant_id, a.project_id, v.field_id, a.id, v.ord, v.v_text, v.v_float8,"
    " v.v_int8, v.v_ts, v.v_uuid FROM alm.artifacts a"
    " CROSS JOIN LATERAL alm.indexed_values(a.tenant_id, a.project_id, a.type_id, a.fields) v WHERE a.project_id = %(project)s",
    "INSERT INTO alm.artifact_tag SELECT a.tenant_id, a.project_id, t, a.id FROM alm.artifacts a"
    " CROSS JOIN LATERAL unnest(a.tags) t WHERE a.project_id = %(project)s",
    "INSERT INTO alm.artifact_search SELECT a.tenant_id, a.id,"
    " alm.search_document(a.tenant_id, a.project_id, a.key, a.title, a.search_text)"
    " FROM alm.artifacts a WHERE a.project_id = %(project)s",
)


def made(owner: LocalMediator, superuser: str, n: int, texts: int = TEXTS) -> ProjectId:
    """A project of the owner's organisation with ``n`` items, and nineteen organisations with as many between them."""
    project = owner.send(CreateProject("MANY", "Many items"))
    version = owner.send(SaveManifest(PROCESS, "dsl"))
    owner.send(ActivateManifest(project.id, version.version_id))
    assert owner.principal is not None
    fill(superuser, owner.principal.tenant_id, project.id, version.version_id, n, min(texts, n))
    return project.id


def fill(superuser: str, tenant: UUID, project: UUID, version: UUID, n: int, texts: int) -> None:
    """Write the items and their indexes; the other organisations have the same fields."""
    with psycopg.connect(superuser) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("CREATE TEMP TABLE stage_texts (number bigint PRIMARY KEY, title text, body text)")
        issues = Issues()
        with conn.cursor().copy("COPY stage_texts FROM STDIN") as copy:
            for number in range(texts):
                title = issues.sentence(4 + number % 8).capitalize()
                copy.write_row((number, title, issues.sentence(5 + number * number % 60)))
        known: Any = conn.execute("SELECT array_agg(id) FROM alm.actors WHERE tenant_id = %s", (tenant,)).fetchone()
        for number in range(TENANTS):
            place = {"tenant": tenant, "project": project} if number == 0 else {"tenant": uuid4(), "project": uuid4()}
            actors = known[0] if number == 0 else [uuid4(), uuid4()]
            rows = n if number == 0 else max(1, n // (TENANTS - 1))
            params = {**place, "actors": actors, "version": version, "n": rows, "texts": texts}
            if number:
                conn.execute(
                    "INSERT INTO alm.indexed_fields SELECT %(tenant)s, %(project)s, type_id, field_id, value_kind"
                    " FROM alm.indexed_fields WHERE project_id = %(like)s",
                    {**place, "like": project},
                )
            conn.execute(FILL, params)
            for statement in INDEXES:
                conn.execute(statement, place)
        conn.commit()
        conn.autocommit = True
        for table in ("artifacts", "artifact_field", "artifact_tag", "artifact_search"):
            conn.execute(psycopg.sql.SQL("VACUUM ANALYZE alm.{}").format(psycopg.sql.Identifier(table)))
