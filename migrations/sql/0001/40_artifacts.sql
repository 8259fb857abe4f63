CREATE TABLE alm.artifacts (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  type_id text NOT NULL,
  key text NOT NULL,
  title text NOT NULL,
  state text NOT NULL,
  state_category text NOT NULL CHECK (state_category IN ('todo', 'in_progress', 'done')),
  fields jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(fields) = 'object'),
  originals jsonb NOT NULL DEFAULT '{}',  -- rich texts as they came, where cleaning changed them
  search_text text,  -- texts of fields that no access rule masks, for the common search vector
  parent_id uuid,
  assignee_id uuid,
  rank text,
  manifest_version_id uuid NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  deleted_at timestamptz,
  deleted_by uuid,
  tsv tsvector GENERATED ALWAYS AS (alm.search_vector(key, title, search_text)) STORED,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, project_id, key),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects,
  FOREIGN KEY (tenant_id, parent_id) REFERENCES alm.artifacts,
  FOREIGN KEY (tenant_id, assignee_id) REFERENCES alm.actors,
  FOREIGN KEY (tenant_id, manifest_version_id) REFERENCES alm.manifest_versions
);
-- deleted_at rides along for the policy that hides the bin: counts need not touch the rows. An import gives thousands of
-- rows one created_at, so pages need the id in the same direction.
CREATE INDEX artifacts_newest ON alm.artifacts (tenant_id, project_id, created_at DESC, id DESC) INCLUDE (deleted_at);
CREATE INDEX artifacts_newest_of_type ON alm.artifacts (tenant_id, project_id, type_id, created_at DESC, id DESC);
CREATE INDEX artifacts_state ON alm.artifacts (tenant_id, project_id, type_id, state) INCLUDE (deleted_at);
CREATE INDEX artifacts_updated ON alm.artifacts (tenant_id, project_id, updated_at);
CREATE INDEX artifacts_parent ON alm.artifacts (tenant_id, parent_id);
CREATE INDEX artifacts_row_xid ON alm.artifacts (row_xid);
CREATE INDEX artifacts_tsv ON alm.artifacts USING gin (tsv);

CREATE TABLE alm.external_refs (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  system text NOT NULL,
  ref text NOT NULL,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, project_id, system, ref),
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts ON DELETE CASCADE
);
CREATE INDEX external_refs_artifact ON alm.external_refs (tenant_id, artifact_id);

CREATE TABLE alm.key_aliases (
  tenant_id uuid NOT NULL,
  project_id uuid NOT NULL,
  key text NOT NULL,
  artifact_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, project_id, key),
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts ON DELETE CASCADE
);
CREATE INDEX key_aliases_artifact ON alm.key_aliases (tenant_id, artifact_id);

CREATE TABLE alm.artifact_links (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  link_type text NOT NULL,
  source_id uuid NOT NULL,
  target_id uuid NOT NULL,
  pinned_version integer,
  suspect boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects,
  FOREIGN KEY (tenant_id, source_id) REFERENCES alm.artifacts,
  FOREIGN KEY (tenant_id, target_id) REFERENCES alm.artifacts
);
CREATE UNIQUE INDEX artifact_links_once ON alm.artifact_links (tenant_id, link_type, source_id, target_id)
  WHERE deleted_at IS NULL;
CREATE INDEX artifact_links_source ON alm.artifact_links (tenant_id, source_id);
CREATE INDEX artifact_links_target ON alm.artifact_links (tenant_id, target_id);
CREATE INDEX artifact_links_row_xid ON alm.artifact_links (row_xid);

CREATE TABLE alm.workflow_instances (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  workflow_id text NOT NULL,
  manifest_version_id uuid NOT NULL,
  state text NOT NULL,
  entered_at timestamptz NOT NULL DEFAULT now(),
  is_final boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, artifact_id),
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts,
  FOREIGN KEY (tenant_id, manifest_version_id) REFERENCES alm.manifest_versions
);
CREATE INDEX workflow_instances_row_xid ON alm.workflow_instances (row_xid);

CREATE TABLE alm.state_history (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  instance_id uuid NOT NULL,
  transition_id text,
  from_state text,
  to_state text NOT NULL,
  from_category text,
  to_category text NOT NULL,
  actor_id uuid,
  reason text,
  duration_s double precision,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  manifest_version_id uuid NOT NULL,
  correlation_id text,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts,
  FOREIGN KEY (tenant_id, instance_id) REFERENCES alm.workflow_instances
);
CREATE INDEX state_history_artifact ON alm.state_history (tenant_id, artifact_id, occurred_at);
CREATE INDEX state_history_project ON alm.state_history (tenant_id, project_id, occurred_at);
CREATE INDEX state_history_row_xid ON alm.state_history (row_xid);

CREATE TABLE alm.tombstones (
  tenant_id uuid NOT NULL,
  tbl text NOT NULL,
  id uuid NOT NULL,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, tbl, id, row_xid)
);
CREATE INDEX tombstones_row_xid ON alm.tombstones (row_xid);
