-- What was changed together: one row a bulk change (or the plan of one), one for each item in it with the versions before
-- and after. Values are not kept here: undoing reads them from the audit trail, so an erasure takes them away there once.
CREATE TABLE alm.bulk_runs (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('plan', 'bulk', 'undo')),
  action text NOT NULL,
  request_hash text NOT NULL,
  manifest_version_id uuid NOT NULL,
  undo_of uuid,
  undone_by uuid,
  changed integer NOT NULL,
  refused integer NOT NULL,
  unchanged integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects,
  FOREIGN KEY (tenant_id, undo_of) REFERENCES alm.bulk_runs,
  FOREIGN KEY (tenant_id, undone_by) REFERENCES alm.bulk_runs
);
CREATE INDEX bulk_runs_newest ON alm.bulk_runs (tenant_id, project_id, created_at DESC, id DESC);
CREATE INDEX bulk_runs_undo_of ON alm.bulk_runs (tenant_id, undo_of) WHERE undo_of IS NOT NULL;
CREATE INDEX bulk_runs_undone_by ON alm.bulk_runs (tenant_id, undone_by) WHERE undone_by IS NOT NULL;

CREATE TABLE alm.bulk_items (
  tenant_id uuid NOT NULL,
  run_id uuid NOT NULL,
  ord integer NOT NULL,
  artifact_id uuid NOT NULL,
  version_before integer,  -- NULL: the bulk created the item
  version_after integer,   -- NULL: nothing was changed (a plan, or a refusal)
  outcome text NOT NULL CHECK (outcome IN ('changed', 'unchanged', 'refused', 'pending')),
  link_id uuid,
  PRIMARY KEY (tenant_id, run_id, ord),
  FOREIGN KEY (tenant_id, run_id) REFERENCES alm.bulk_runs ON DELETE CASCADE
);
CREATE INDEX bulk_items_artifact ON alm.bulk_items (tenant_id, artifact_id);

CALL alm.isolate('bulk_runs');
CALL alm.isolate('bulk_items');
CALL alm.standard_triggers('bulk_runs');
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.bulk_runs, alm.bulk_items TO alm_app, alm_definer;
GRANT SELECT ON alm.bulk_runs, alm.bulk_items TO alm_worker;
