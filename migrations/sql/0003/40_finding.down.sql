REVOKE EXECUTE ON FUNCTION alm.json_int8(jsonb), alm.json_float8(jsonb), alm.json_ts(jsonb), alm.zoned(text) FROM alm_app;
DROP TABLE alm.saved_queries;

DROP STATISTICS alm.artifacts_places, alm.artifact_tag_values, alm.artifact_field_text, alm.artifact_field_int8, alm.artifact_field_uuid;
DROP INDEX alm.artifacts_assignee, alm.artifacts_updated;
CREATE INDEX artifacts_updated ON alm.artifacts (tenant_id, project_id, updated_at);
DROP INDEX alm.artifact_field_text, alm.artifact_field_float8, alm.artifact_field_int8, alm.artifact_field_ts, alm.artifact_field_uuid;
CREATE INDEX artifact_field_text ON alm.artifact_field (tenant_id, project_id, field_id, v_text) WHERE v_text IS NOT NULL;
CREATE INDEX artifact_field_float8 ON alm.artifact_field (tenant_id, project_id, field_id, v_float8) WHERE v_float8 IS NOT NULL;
CREATE INDEX artifact_field_int8 ON alm.artifact_field (tenant_id, project_id, field_id, v_int8) WHERE v_int8 IS NOT NULL;
CREATE INDEX artifact_field_ts ON alm.artifact_field (tenant_id, project_id, field_id, v_ts) WHERE v_ts IS NOT NULL;
CREATE INDEX artifact_field_uuid ON alm.artifact_field (tenant_id, project_id, field_id, v_uuid) WHERE v_uuid IS NOT NULL;

DROP TRIGGER index_search_insert ON alm.artifacts;
DROP TRIGGER index_search_update ON alm.artifacts;
DROP TRIGGER index_search_delete ON alm.artifacts;
SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.index_search();
DROP FUNCTION alm.search(uuid[], text, integer);
RESET ROLE;
DROP TABLE alm.artifact_search;
DROP FUNCTION alm.search_document(uuid, uuid, text, text, text);
DROP FUNCTION alm.search_hits(text, text[]);
DROP FUNCTION alm.search_begun(text);
CREATE OR REPLACE FUNCTION alm.search_term(term text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  start_of_word text := quote_literal(alm.fold(rtrim(term, '*')));
BEGIN
  IF term ~ '^[[:alnum:]]+\*$' THEN
    RETURN to_tsquery('simple', start_of_word || ':*');
  END IF;
  RETURN phraseto_tsquery('turkish', alm.tr_lower(term)) || phraseto_tsquery('english', lower(term))
      || phraseto_tsquery('simple', alm.fold(term));
END $$;
ALTER TABLE alm.artifacts ADD COLUMN tsv tsvector GENERATED ALWAYS AS (alm.search_vector(key, title, search_text)) STORED;
CREATE INDEX artifacts_tsv ON alm.artifacts USING gin (tsv);

SET LOCAL ROLE alm_definer;
CREATE FUNCTION alm.search(project_id uuid, query text, max integer) RETURNS TABLE (artifact_id uuid, rank real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT m.id, ts_rank(m.tsv, m.q) AS rank
  FROM (
    SELECT a.id, a.tsv, q.q FROM alm.search_query(search.query) AS q (q), alm.artifacts a
    WHERE a.tsv @@ q.q AND a.tenant_id = alm.current_tenant() AND a.deleted_at IS NULL
      AND (search.project_id IS NULL OR a.project_id = search.project_id)
    LIMIT 2000
  ) m
  ORDER BY rank DESC, m.id
  LIMIT least(search.max, 2000)
$$;
GRANT EXECUTE ON FUNCTION alm.search(uuid, text, integer) TO alm_app;
RESET ROLE;
