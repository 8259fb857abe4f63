-- Manifests: a document and its immutable versions.
CREATE TABLE alm.manifests (
  tenant_id uuid NOT NULL REFERENCES alm.tenants,
  id uuid NOT NULL,
  namespace text NOT NULL,
  name text NOT NULL,
  title text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, namespace, name)
);

CREATE TABLE alm.manifest_versions (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  manifest_id uuid NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  label text NOT NULL,
  format text NOT NULL CHECK (format IN ('dsl', 'yaml', 'json')),
  source text NOT NULL,
  ast_hash text NOT NULL,
  meta_hash text NOT NULL,
  artifact_hash text NOT NULL,
  compiled json NOT NULL,  -- not jsonb: the order of fields and states is part of the process
  message text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, manifest_id, number),
  FOREIGN KEY (tenant_id, manifest_id) REFERENCES alm.manifests
);

CREATE TABLE alm.projects (
  tenant_id uuid NOT NULL REFERENCES alm.tenants,
  id uuid NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived')),
  settings jsonb NOT NULL DEFAULT '{}',
  active_version_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, key),
  FOREIGN KEY (tenant_id, active_version_id) REFERENCES alm.manifest_versions
);
CREATE INDEX projects_row_xid ON alm.projects (row_xid);

CREATE TABLE alm.project_activations (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  manifest_version_id uuid NOT NULL,
  previous_version_id uuid,
  state_map jsonb NOT NULL DEFAULT '{}',
  reason text NOT NULL DEFAULT '',
  moved integer NOT NULL DEFAULT 0,  -- items whose state the map changed
  activated_at timestamptz NOT NULL DEFAULT now(),
  activated_by uuid,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects,
  FOREIGN KEY (tenant_id, manifest_version_id) REFERENCES alm.manifest_versions,
  FOREIGN KEY (tenant_id, previous_version_id) REFERENCES alm.manifest_versions
);
CREATE INDEX project_activations_project ON alm.project_activations (tenant_id, project_id, activated_at);
CREATE INDEX project_activations_row_xid ON alm.project_activations (row_xid);

CREATE TABLE alm.project_members (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  membership_id uuid NOT NULL,
  role_code text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, project_id, membership_id, role_code),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects,
  FOREIGN KEY (tenant_id, membership_id) REFERENCES alm.memberships
);

CREATE TABLE alm.key_counters (
  tenant_id uuid NOT NULL,
  project_id uuid NOT NULL,
  prefix text NOT NULL,
  last_number bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, project_id, prefix),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects
);

-- The first of `n` numbers for keys such as REQ-12; the row stays locked until the end of the transaction.
CREATE FUNCTION alm.reserve_keys(project_id uuid, prefix text, n integer) RETURNS bigint LANGUAGE sql VOLATILE
SET search_path = pg_catalog, alm, pg_temp AS $$
  INSERT INTO alm.key_counters AS c (tenant_id, project_id, prefix, last_number)
  VALUES (alm.current_tenant(), reserve_keys.project_id, reserve_keys.prefix, reserve_keys.n)
  ON CONFLICT ON CONSTRAINT key_counters_pkey DO UPDATE SET last_number = c.last_number + EXCLUDED.last_number
  RETURNING c.last_number - reserve_keys.n + 1
$$;

CREATE TABLE alm.import_runs (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  source_name text NOT NULL,
  content_hash text NOT NULL,
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'failed')),
  rows_total integer NOT NULL DEFAULT 0,
  rows_done integer NOT NULL DEFAULT 0,
  problems jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects
);
CREATE INDEX import_runs_content ON alm.import_runs (tenant_id, project_id, content_hash);
