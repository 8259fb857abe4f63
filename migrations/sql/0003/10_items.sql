-- Tags of items, the order of a project, and items that move to another project.

-- A rank is text that is compared byte by byte: between two of them there is always room for another one. New items come
-- last by the clock (microseconds in hexadecimal), whoever adds them.
ALTER TABLE alm.artifacts ADD COLUMN tags text[] NOT NULL DEFAULT '{}', ALTER COLUMN rank TYPE text COLLATE "C";

-- Items that are there already are ranked as they were created. Nobody changed them: no version, no snapshot.
ALTER TABLE alm.artifacts DISABLE TRIGGER USER;
SET LOCAL ROLE alm_definer;
UPDATE alm.artifacts a SET rank = r.rank
FROM (SELECT tenant_id, id, lpad(to_hex(row_number() OVER (PARTITION BY tenant_id, project_id ORDER BY created_at, id)), 14, '0') AS rank
      FROM alm.artifacts) r
WHERE a.tenant_id = r.tenant_id AND a.id = r.id AND a.rank IS NULL;
RESET ROLE;
ALTER TABLE alm.artifacts ENABLE TRIGGER USER;
ALTER TABLE alm.artifacts
  ALTER COLUMN rank SET DEFAULT lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000000)::bigint), 14, '0'),
  ALTER COLUMN rank SET NOT NULL;
CREATE INDEX artifacts_rank ON alm.artifacts (tenant_id, project_id, rank, id) INCLUDE (deleted_at);

-- Arrays have no operator that reaches an index under row-level security, so each tag is a row; triggers keep them.
CREATE TABLE alm.artifact_tag (
  tenant_id uuid NOT NULL,
  project_id uuid NOT NULL,
  tag text COLLATE "C" NOT NULL,
  artifact_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, artifact_id, tag)
);
CREATE INDEX artifact_tag_items ON alm.artifact_tag (tenant_id, project_id, tag, artifact_id);
CALL alm.isolate('artifact_tag');
GRANT SELECT ON alm.artifact_tag TO alm_app, alm_worker, alm_mirror;
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.artifact_tag TO alm_definer;

CREATE FUNCTION alm.index_tags() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO alm.artifact_tag
    SELECT DISTINCT n.tenant_id, n.project_id, t, n.id FROM new_rows n CROSS JOIN LATERAL unnest(n.tags) t;
  ELSIF TG_OP = 'UPDATE' THEN
    DELETE FROM alm.artifact_tag a USING new_rows n, old_rows o
    WHERE a.tenant_id = o.tenant_id AND a.artifact_id = o.id AND n.tenant_id = o.tenant_id AND n.id = o.id
      AND (n.tags, n.project_id) IS DISTINCT FROM (o.tags, o.project_id);
    INSERT INTO alm.artifact_tag
    SELECT DISTINCT n.tenant_id, n.project_id, t, n.id
    FROM new_rows n JOIN old_rows o ON o.tenant_id = n.tenant_id AND o.id = n.id CROSS JOIN LATERAL unnest(n.tags) t
    WHERE (n.tags, n.project_id) IS DISTINCT FROM (o.tags, o.project_id);
  ELSE
    DELETE FROM alm.artifact_tag a USING old_rows o WHERE a.tenant_id = o.tenant_id AND a.artifact_id = o.id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER index_tags_insert AFTER INSERT ON alm.artifacts REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION alm.index_tags();
CREATE TRIGGER index_tags_update AFTER UPDATE ON alm.artifacts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION alm.index_tags();
CREATE TRIGGER index_tags_delete AFTER DELETE ON alm.artifacts REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION alm.index_tags();

-- What hangs on items follows them to another project: every table that names both, links by their source. Histories are
-- else immutable. Keys in other tools stay behind where the new project knows them already.
CREATE FUNCTION alm.take_along(items uuid[], to_project uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  t record;
  changed bigint := 0;
  n bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM alm.projects p WHERE p.tenant_id = alm.current_tenant() AND p.id = to_project) THEN
    RAISE EXCEPTION 'there is no such project' USING ERRCODE = 'foreign_key_violation';
  END IF;
  DELETE FROM alm.external_refs r USING alm.external_refs other
  WHERE r.tenant_id = alm.current_tenant() AND r.artifact_id = ANY (items)
    AND other.tenant_id = r.tenant_id AND other.project_id = to_project AND other.system = r.system AND other.ref = r.ref;
  FOR t IN
    SELECT c.relname AS name, CASE c.relname WHEN 'artifact_links' THEN 'source_id' ELSE 'artifact_id' END AS item
    FROM pg_class c
    WHERE c.relnamespace = 'alm'::regnamespace AND c.relkind = 'r'
      AND c.relname NOT IN ('key_aliases', 'artifact_field', 'artifact_tag')  -- former keys stay, indexes follow by trigger
      AND 3 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN
               ('tenant_id', 'project_id', CASE c.relname WHEN 'artifact_links' THEN 'source_id' ELSE 'artifact_id' END))
    ORDER BY 1
  LOOP
    EXECUTE format('UPDATE alm.%I SET project_id = $1 WHERE tenant_id = alm.current_tenant() AND %I = ANY ($2)
      AND project_id IS DISTINCT FROM $1', t.name, t.item) USING to_project, items;
    GET DIAGNOSTICS n = ROW_COUNT;
    changed := changed + n;
  END LOOP;
  RETURN changed;
END $$;
GRANT EXECUTE ON FUNCTION alm.take_along(uuid[], uuid) TO alm_app;
