-- Finding: what text search looks into as a table of its own, indexes for lists in any order, saved queries.

-- Beginnings of words while somebody types: the last word of a search also matches keys and titles that begin with it.
CREATE FUNCTION alm.search_beginning(term text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  words tsquery := phraseto_tsquery('simple', alm.fold(term));
BEGIN
  IF length(term) < 2 OR numnode(words) = 0 THEN
    RETURN words;
  END IF;
  RETURN (words::text || ':*AB')::tsquery;
END $$;

CREATE OR REPLACE FUNCTION alm.search_query(query text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  parts text[];
  words text := left(query, 1000);
  last_word CONSTANT text := substring(words FROM '(?:^|\s)([^\s"*-][^\s"*]*)$');
  term tsquery;
  conjunction tsquery := ''::tsquery;
  result tsquery := ''::tsquery;
BEGIN
  FOR parts IN SELECT regexp_matches(words, '(-?)(?:"([^"]*)"|([^\s"]+))', 'g') LOOP
    IF lower(parts[3]) IN ('or', 'veya') THEN
      result := result || conjunction;
      conjunction := ''::tsquery;
      CONTINUE;
    END IF;
    term := alm.search_term(COALESCE(parts[2], parts[3]));
    IF parts[1] = '' AND parts[3] = last_word THEN
      term := term || alm.search_beginning(last_word);
    END IF;
    IF numnode(term) > 0 THEN
      conjunction := conjunction && CASE parts[1] WHEN '-' THEN !!term ELSE term END;
    END IF;
  END LOOP;
  RETURN result || conjunction;
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

-- The vector of an item. Its first words say whose it is, so that one scan of the index finds the words of one project.
CREATE FUNCTION alm.search_document(tenant_id uuid, project_id uuid, key text, title text, body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(ARRAY['t:' || tenant_id, 'p:' || project_id]) || alm.search_vector(key, title, body);

GRANT EXECUTE ON FUNCTION alm.search_beginning(text), alm.search_hits(text, text[]),
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
-- No projects means all of them. Only the first 2,000 matches are ranked: a common word must not cost a second.
SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.search(uuid, text, integer);
RESET ROLE;
CREATE FUNCTION alm.search(projects uuid[], query text, most integer) RETURNS TABLE (artifact_id uuid, rank real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT m.artifact_id, ts_rank(m.tsv, m.q) AS rank
  FROM (
    SELECT s.artifact_id, s.tsv, q.q
    FROM alm.search_query(search.query) AS q (q),
      LATERAL (SELECT CASE WHEN search.projects IS NULL THEN quote_literal('t:' || alm.current_tenant())
        ELSE (SELECT string_agg(quote_literal('p:' || p), '|') FROM unnest(search.projects) AS p) END::tsquery AS whose) AS w,
      alm.artifact_search s
    WHERE numnode(q.q) > 0 AND s.tsv @@ (w.whose && q.q) AND s.tenant_id = alm.current_tenant()
    LIMIT 2000
  ) m
  ORDER BY rank DESC, m.artifact_id
  LIMIT least(search.most, 2000)
$$;

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
-- Values go with fields: without this the planner takes every value of every field for equally frequent.
CREATE STATISTICS alm.artifact_field_values (mcv, dependencies) ON project_id, field_id, v_text FROM alm.artifact_field;

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
