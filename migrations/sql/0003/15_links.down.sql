DROP INDEX alm.artifact_links_suspects;
ALTER TABLE alm.artifact_links DROP CONSTRAINT artifact_links_suspect, DROP COLUMN suspect_since;
