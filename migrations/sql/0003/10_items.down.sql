SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.take_along(uuid[], uuid);
RESET ROLE;
DROP TRIGGER index_tags_insert ON alm.artifacts;
DROP TRIGGER index_tags_update ON alm.artifacts;
DROP TRIGGER index_tags_delete ON alm.artifacts;
SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.index_tags();
RESET ROLE;
DROP TABLE alm.artifact_tag;
DROP INDEX alm.artifacts_rank;
ALTER TABLE alm.artifacts DROP COLUMN tags, ALTER COLUMN rank DROP DEFAULT, ALTER COLUMN rank DROP NOT NULL,
  ALTER COLUMN rank TYPE text;
