DROP FUNCTION alm.drop_retired_audit_partitions();
SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.audit_readmit(text);
DROP FUNCTION alm.audit_month_is_retired(text, timestamptz);
DROP FUNCTION alm.audit_retire(uuid, timestamptz);
DROP FUNCTION alm.audit_kept(uuid, timestamptz);
DROP FUNCTION alm.audit_erase(uuid, text, uuid, text);
RESET ROLE;
DROP TABLE alm.audit_erasures;
ALTER TABLE alm.audit_seals
  DROP COLUMN kind,
  DROP COLUMN cluster,
  DROP COLUMN upto_xid,
  DROP COLUMN next_xid,
  DROP COLUMN not_before,
  DROP COLUMN cut_at,
  DROP COLUMN retired,
  DROP COLUMN leaves;
DROP TRIGGER stamp_xid ON alm.audit_commits;
DROP INDEX alm.audit_commits_correlation;
ALTER TABLE alm.audit_commits DROP COLUMN row_xid;
ALTER TABLE alm.audit_snapshots DROP COLUMN row_xid;
