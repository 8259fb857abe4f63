-- What one commit put into the bin, row by row, so that restoring it brings back exactly that. A row that was put there
-- before this table was has no entry, and is restored by itself.
CREATE TABLE alm.bin_entries (
  tenant_id uuid NOT NULL REFERENCES alm.tenants,
  commit_id uuid NOT NULL,
  tbl text NOT NULL,
  row_id uuid NOT NULL,
  binned_at timestamptz NOT NULL,  -- deleted_at of the row; one that was restored and deleted anew belongs to another commit
  parent_id uuid,  -- tasks live on when what they lie under goes: where they lay (tbl is 'tasks')
  PRIMARY KEY (tenant_id, commit_id, tbl, row_id)
);
CREATE INDEX bin_entries_row ON alm.bin_entries (tenant_id, tbl, row_id);
CALL alm.isolate('bin_entries');
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.bin_entries TO alm_app, alm_definer;
GRANT SELECT ON alm.bin_entries TO alm_worker;

-- The bin of a project, newest deletion first.
CREATE INDEX artifacts_bin ON alm.artifacts (tenant_id, project_id, deleted_at DESC, id DESC) WHERE deleted_at IS NOT NULL;
