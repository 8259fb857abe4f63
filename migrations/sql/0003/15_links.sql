-- Since when a link is suspect: something it speaks of changed, and nobody has looked since.
ALTER TABLE alm.artifact_links ADD COLUMN suspect_since timestamptz;
ALTER TABLE alm.artifact_links DISABLE TRIGGER USER;
SET LOCAL ROLE alm_definer;
UPDATE alm.artifact_links SET suspect_since = updated_at WHERE suspect;
RESET ROLE;
ALTER TABLE alm.artifact_links ENABLE TRIGGER USER;
ALTER TABLE alm.artifact_links ADD CONSTRAINT artifact_links_suspect CHECK (suspect = (suspect_since IS NOT NULL));
CREATE INDEX artifact_links_suspects ON alm.artifact_links (tenant_id, project_id) WHERE suspect AND deleted_at IS NULL;
