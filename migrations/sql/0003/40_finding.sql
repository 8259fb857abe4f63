-- Finding: what text search looks into as a table of its own, indexes for lists in any order, saved queries.

-- One word or quoted phrase in the three readings, each of them once: the index reads every word that a query names.
CREATE OR REPLACE FUNCTION alm.search_term(term text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  turkish tsquery;
  english tsquery;
  plain tsquery;
BEGIN
  IF term ~ '^[[:alnum:]]+\*$' THEN
    RETURN to_tsquery('simple', quote_literal(alm.fold(rtrim(term, '*'))) || ':*');
  END IF;
  turkish := phraseto_tsquery('turkish', alm.tr_lower(term));
  english := phraseto_tsquery('english', lower(term));
  plain := phraseto_tsquery('simple', alm.fold(term));
  IF english::text = turkish::text THEN
    english := ''::tsquery;
  END IF;
  IF plain::text IN (turkish::text, english::text) THEN
    plain := ''::tsquery;
  END IF;
  RETURN turkish || english || plain;
END $$;

-- What is meant while somebody types: the last word of a search as the beginning of one in a key or title.
CREATE FUNCTION alm.search_begun(query text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  last_word CONSTANT text := substring(left(query, 1000) FROM '(?:^|\s)([^\s"*-][^\s"*]{2,})$');
  before CONSTANT text := left(query, -length(last_word));
  others tsquery := alm.search_query(before);
  words tsquery;
BEGIN
  IF last_word IS NULL THEN
    RETURN ''::tsquery;
  END IF;
  words := (quote_literal('^' || replace(alm.fold(last_word), '\', '')) || ':*')::tsquery;
  RETURN CASE WHEN before ~* '\m(or|veya)\s*$' THEN others || words ELSE others && words END;
END $$;

-- Which of some words a search means: by the stems of both languages, without accents, or as a beginning.
CREATE FUNCTION alm.search_hits(query text, words text[]) RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, alm, pg_temp AS $$
  WITH parts AS (
    SELECT p, row_number() OVER () = count(*) OVER () AS is_last
    FROM regexp_matches(left(search_hits.query, 1000), '(-?)(?:"([^"]*)"|([^\s"]+))', 'g') AS p
  ), asked AS MATERIALIZED (
    SELECT alm.fold(w) AS plain, ts_lexize('turkish_stem', alm.tr_lower(w)) AS turkish,
      ts_lexize('english_stem', lower(w)) AS english,
      p[3] IS NOT NULL AND length(w) > 1 AND (is_last OR p[3] LIKE '%*') AS begins
    FROM parts, regexp_split_to_table(COALESCE(p[2], p[3]), '[^[:alnum:]]+') AS w
    WHERE p[1] = '' AND w <> '' AND COALESCE(lower(p[3]), '') NOT IN ('or', 'veya')
  )
  SELECT d FROM unnest(search_hits.words) AS d
  WHERE EXISTS (
    SELECT FROM asked a
    WHERE alm.fold(d) = a.plain OR (a.begins AND starts_with(alm.fold(d), a.plain))
      OR ts_lexize('turkish_stem', alm.tr_lower(d)) && a.turkish OR ts_lexize('english_stem', lower(d)) && a.english
  )
$$;

-- The vector of an item. Words of our own say whose it is, so that one scan of the index finds the words of one project,
-- and how its key and the words of its title begin (^), so that beginnings are not looked for in long texts.
CREATE FUNCTION alm.search_document(tenant_id uuid, project_id uuid, key text, title text, body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(ARRAY['t:' || tenant_id, 'p:' || project_id, '^' || alm.fold(key)]
    || ARRAY(SELECT DISTINCT '^' || w FROM regexp_split_to_table(alm.fold(left(title, 2000)), '[^[:alnum:]]+') AS w WHERE w <> ''))
  || alm.search_vector(key, title, body);

GRANT EXECUTE ON FUNCTION alm.search_begun(text), alm.search_hits(text, text[]),
  alm.search_document(uuid, uuid, text, text, text) TO alm_app, alm_worker, alm_mirror, alm_definer;

CREATE TABLE alm.artifact_search (
  tenant_id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  tsv tsvector NOT NULL,
  PRIMARY KEY (tenant_id, artifact_id)
);
CALL alm.isolate('artifact_search');
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.artifact_search TO alm_definer;
GRANT SELECT ON alm.artifact_search TO alm_worker;

DROP INDEX alm.artifacts_tsv;
ALTER TABLE alm.artifacts DROP COLUMN tsv;
SET LOCAL ROLE alm_definer;
INSERT INTO alm.artifact_search
SELECT a.tenant_id, a.id, alm.search_document(a.tenant_id, a.project_id, a.key, a.title, a.search_text)
FROM alm.artifacts a WHERE a.deleted_at IS NULL;
RESET ROLE;
CREATE INDEX artifact_search_tsv ON alm.artifact_search USING gin (tsv);

-- Items in the bin are not searched. Steps and moves that change no text cost nothing here.
CREATE FUNCTION alm.index_search() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO alm.artifact_search
    SELECT n.tenant_id, n.id, alm.search_document(n.tenant_id, n.project_id, n.key, n.title, n.search_text)
    FROM new_rows n WHERE n.deleted_at IS NULL;
  ELSIF TG_OP = 'UPDATE' THEN
    DELETE FROM alm.artifact_search s USING new_rows n
    WHERE s.tenant_id = n.tenant_id AND s.artifact_id = n.id AND n.deleted_at IS NOT NULL;
    INSERT INTO alm.artifact_search
    SELECT n.tenant_id, n.id, alm.search_document(n.tenant_id, n.project_id, n.key, n.title, n.search_text)
    FROM new_rows n JOIN old_rows o ON o.tenant_id = n.tenant_id AND o.id = n.id
    WHERE n.deleted_at IS NULL AND (n.project_id, n.key, n.title, n.search_text, n.deleted_at)
      IS DISTINCT FROM (o.project_id, o.key, o.title, o.search_text, o.deleted_at)
    ON CONFLICT (tenant_id, artifact_id) DO UPDATE SET tsv = EXCLUDED.tsv;
  ELSE
    DELETE FROM alm.artifact_search s USING old_rows o WHERE s.tenant_id = o.tenant_id AND s.artifact_id = o.id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER index_search_insert AFTER INSERT ON alm.artifacts REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION alm.index_search();
CREATE TRIGGER index_search_update AFTER UPDATE ON alm.artifacts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION alm.index_search();
CREATE TRIGGER index_search_delete AFTER DELETE ON alm.artifacts REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION alm.index_search();

-- Under row-level security the GIN index is out of reach (@@ is not leak-proof), so this function names the tenant itself.
-- No projects means all of them. Only the first 2,000 matches are ranked: a common word must not cost a second. Whose
-- items these are is part of what the index is asked for, and looked at once more in the rows. Beginnings of words come
-- behind whole ones, and only where those leave room.
SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.search(uuid, text, integer);
RESET ROLE;
CREATE FUNCTION alm.search(projects uuid[], query text, most integer) RETURNS TABLE (artifact_id uuid, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  tenant CONSTANT uuid := alm.current_tenant();
  whose CONSTANT tsquery := CASE WHEN projects IS NULL THEN quote_literal('t:' || tenant)::tsquery
    ELSE (SELECT string_agg(quote_literal('p:' || p), '|') FROM unnest(projects) AS p)::tsquery END;
  whole CONSTANT tsquery := alm.search_query(query);
  begun CONSTANT tsquery := alm.search_begun(query);
  wanted tsquery := whose && whole;
  room integer := least(most, 2000);
  n integer := 0;
BEGIN
  IF tenant IS NULL OR whose IS NULL THEN
    RETURN;
  END IF;
  IF numnode(whole) > 0 THEN
    RETURN QUERY SELECT m.artifact_id, ts_rank(m.tsv, whole) FROM (
      SELECT s.tenant_id, s.artifact_id, s.tsv FROM alm.artifact_search s WHERE s.tsv @@ wanted LIMIT room) m
      WHERE m.tenant_id = tenant;
    GET DIAGNOSTICS n = ROW_COUNT;
  END IF;
  room := room - n;
  IF room > 0 AND numnode(begun) > 0 THEN
    wanted := whose && begun && CASE WHEN numnode(whole) > 0 THEN !!whole ELSE whole END;
    RETURN QUERY SELECT m.artifact_id, ts_rank(m.tsv, begun) * 0.01::real FROM (
      SELECT s.tenant_id, s.artifact_id, s.tsv FROM alm.artifact_search s WHERE s.tsv @@ wanted LIMIT room) m
      WHERE m.tenant_id = tenant;
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION alm.search(uuid[], text, integer) TO alm_app;

-- Filters read values out of fields as the typed index does.
GRANT EXECUTE ON FUNCTION alm.json_int8(jsonb), alm.json_float8(jsonb), alm.json_ts(jsonb), alm.zoned(text) TO alm_app;

-- Lists in the order of a value go along these; the item at the end makes the order total.
DROP INDEX alm.artifact_field_text, alm.artifact_field_float8, alm.artifact_field_int8, alm.artifact_field_ts, alm.artifact_field_uuid;
CREATE INDEX artifact_field_text ON alm.artifact_field (tenant_id, project_id, field_id, v_text, artifact_id) WHERE v_text IS NOT NULL;
CREATE INDEX artifact_field_float8 ON alm.artifact_field (tenant_id, project_id, field_id, v_float8, artifact_id) WHERE v_float8 IS NOT NULL;
CREATE INDEX artifact_field_int8 ON alm.artifact_field (tenant_id, project_id, field_id, v_int8, artifact_id) WHERE v_int8 IS NOT NULL;
CREATE INDEX artifact_field_ts ON alm.artifact_field (tenant_id, project_id, field_id, v_ts, artifact_id) WHERE v_ts IS NOT NULL;
CREATE INDEX artifact_field_uuid ON alm.artifact_field (tenant_id, project_id, field_id, v_uuid, artifact_id) WHERE v_uuid IS NOT NULL;
DROP INDEX alm.artifacts_updated;
CREATE INDEX artifacts_updated ON alm.artifacts (tenant_id, project_id, updated_at DESC, id DESC);
CREATE INDEX artifacts_assignee ON alm.artifacts (tenant_id, project_id, assignee_id, created_at DESC, id DESC)
  WHERE assignee_id IS NOT NULL;
-- Values go with fields, fields and states with projects: else the planner takes all of them for equally frequent, and a
-- project for a small part of its organisation.
CREATE STATISTICS alm.artifacts_places (mcv) ON tenant_id, project_id, type_id, state FROM alm.artifacts;
CREATE STATISTICS alm.artifact_tag_values (mcv) ON tenant_id, project_id, tag FROM alm.artifact_tag;
CREATE STATISTICS alm.artifact_field_text (mcv) ON tenant_id, project_id, field_id, v_text FROM alm.artifact_field;
ALTER STATISTICS alm.artifact_field_text SET STATISTICS 1000;  -- many fields, each with values of its own
CREATE STATISTICS alm.artifact_field_int8 (mcv) ON tenant_id, project_id, field_id, v_int8 FROM alm.artifact_field;
CREATE STATISTICS alm.artifact_field_uuid (mcv) ON tenant_id, project_id, field_id, v_uuid FROM alm.artifact_field;

-- Questions that people keep. What one finds is always what its reader may see.
CREATE TABLE alm.saved_queries (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  search_text text,
  filter text,
  sort text,
  columns text[] NOT NULL DEFAULT '{}',
  owner_id uuid NOT NULL,
  sharing text NOT NULL CHECK (sharing IN ('private', 'project', 'roles')),
  roles text[] NOT NULL DEFAULT '{}',
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
  FOREIGN KEY (tenant_id, owner_id) REFERENCES alm.actors
);
CREATE UNIQUE INDEX saved_queries_name ON alm.saved_queries (tenant_id, project_id, owner_id, name) WHERE deleted_at IS NULL;
CALL alm.isolate('saved_queries');
CALL alm.standard_triggers('saved_queries');
CALL alm.audit_table('saved_queries', 'SavedQuery', true);
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.saved_queries TO alm_app, alm_definer;
GRANT SELECT ON alm.saved_queries TO alm_worker;
