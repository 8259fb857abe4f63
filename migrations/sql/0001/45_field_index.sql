-- A typed index over artifacts.fields: under row-level security only leak-proof operators reach an index, and those on
-- jsonb are not among them. Triggers keep it; nobody writes it by hand.
CREATE TABLE alm.indexed_fields (
  tenant_id uuid NOT NULL,
  project_id uuid NOT NULL,
  type_id text NOT NULL,
  field_id text NOT NULL,
  value_kind text NOT NULL CHECK (value_kind IN ('text', 'float8', 'int8', 'ts', 'uuid')),
  PRIMARY KEY (tenant_id, project_id, type_id, field_id),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects
);

CREATE TABLE alm.artifact_field (
  tenant_id uuid NOT NULL,
  project_id uuid NOT NULL,
  field_id text NOT NULL,
  artifact_id uuid NOT NULL,
  ord integer NOT NULL,
  v_text text,
  v_float8 double precision,
  v_int8 bigint,
  v_ts timestamptz,
  v_uuid uuid,
  PRIMARY KEY (tenant_id, artifact_id, field_id, ord)
);
CREATE INDEX artifact_field_text ON alm.artifact_field (tenant_id, project_id, field_id, v_text) WHERE v_text IS NOT NULL;
CREATE INDEX artifact_field_float8 ON alm.artifact_field (tenant_id, project_id, field_id, v_float8) WHERE v_float8 IS NOT NULL;
CREATE INDEX artifact_field_int8 ON alm.artifact_field (tenant_id, project_id, field_id, v_int8) WHERE v_int8 IS NOT NULL;
CREATE INDEX artifact_field_ts ON alm.artifact_field (tenant_id, project_id, field_id, v_ts) WHERE v_ts IS NOT NULL;
CREATE INDEX artifact_field_uuid ON alm.artifact_field (tenant_id, project_id, field_id, v_uuid) WHERE v_uuid IS NOT NULL;

-- Casts that answer NULL instead of failing. Standard SQL bodies are bound when created and inlined when called; STABLE,
-- for pg_input_is_valid() is, and a function that claims more than its body is not inlined.
CREATE FUNCTION alm.json_int8(item jsonb) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN jsonb_typeof(item) = 'boolean' THEN CASE WHEN item = 'true'::jsonb THEN 1 ELSE 0 END
  WHEN jsonb_typeof(item) NOT IN ('number', 'string') OR NOT pg_input_is_valid(item #>> '{}', 'numeric') THEN NULL
  WHEN (item #>> '{}')::numeric IN ('NaN', 'Infinity', '-Infinity') THEN NULL
  WHEN (item #>> '{}')::numeric NOT BETWEEN -9223372036854775808 AND 9223372036854775807 THEN NULL
  WHEN (item #>> '{}')::numeric = trunc((item #>> '{}')::numeric) THEN (item #>> '{}')::numeric::bigint
END;

CREATE FUNCTION alm.json_float8(item jsonb) RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN jsonb_typeof(item) IN ('number', 'string') AND item #>> '{}' ~ '^\s*[-+]?[.0-9]'
   AND pg_input_is_valid(item #>> '{}', 'float8') THEN (item #>> '{}')::float8
END;

-- ISO dates and date-times only ("now" is valid for PostgreSQL, but it is not a value); without a zone they are UTC.
CREATE FUNCTION alm.zoned(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value ~ '[T ]\d{2}:.*(Z|[+-]\d{2}(:?\d{2})?)$' THEN value ELSE value || ' UTC' END;

CREATE FUNCTION alm.json_ts(item jsonb) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN jsonb_typeof(item) = 'string' AND item #>> '{}' ~ '^\d{4}-\d{2}-\d{2}($|[T ]\d{2}:)'
   AND pg_input_is_valid(alm.zoned(item #>> '{}'), 'timestamptz') THEN alm.zoned(item #>> '{}')::timestamptz
END;

CREATE FUNCTION alm.json_uuid(item jsonb) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN jsonb_typeof(item) = 'string' AND pg_input_is_valid(item #>> '{}', 'uuid') THEN (item #>> '{}')::uuid
END;

CREATE FUNCTION alm.json_text(item jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(item) IN ('string', 'number', 'boolean') THEN left(item #>> '{}', 500) END;

-- Every indexed value of one artifact: one row per item, in order; an item that cannot be cast gives no row.
CREATE FUNCTION alm.indexed_values(of_tenant uuid, of_project uuid, of_type text, of_fields jsonb)
RETURNS TABLE (field_id text, ord integer, v_text text, v_float8 double precision, v_int8 bigint,
               v_ts timestamptz, v_uuid uuid)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT v.* FROM (
    SELECT f.field_id, (i.ord - 1)::integer AS ord,
      CASE f.value_kind WHEN 'text' THEN alm.json_text(i.item) END AS v_text,
      CASE f.value_kind WHEN 'float8' THEN alm.json_float8(i.item) END AS v_float8,
      CASE f.value_kind WHEN 'int8' THEN alm.json_int8(i.item) END AS v_int8,
      CASE f.value_kind WHEN 'ts' THEN alm.json_ts(i.item) END AS v_ts,
      CASE f.value_kind WHEN 'uuid' THEN alm.json_uuid(i.item) END AS v_uuid
    FROM alm.indexed_fields f
    CROSS JOIN LATERAL jsonb_array_elements(
      CASE jsonb_typeof(of_fields -> f.field_id)
        WHEN 'array' THEN of_fields -> f.field_id ELSE jsonb_build_array(of_fields -> f.field_id) END
    ) WITH ORDINALITY AS i (item, ord)
    WHERE f.tenant_id = of_tenant AND f.project_id = of_project AND f.type_id = of_type AND of_fields ? f.field_id
    OFFSET 0  -- every cast runs once
  ) AS v
  WHERE num_nonnulls(v.v_text, v.v_float8, v.v_int8, v.v_ts, v.v_uuid) > 0;
END;

CREATE FUNCTION alm.index_fields() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO alm.artifact_field
    SELECT n.tenant_id, n.project_id, v.field_id, n.id, v.ord, v.v_text, v.v_float8, v.v_int8, v.v_ts, v.v_uuid
    FROM new_rows n CROSS JOIN LATERAL alm.indexed_values(n.tenant_id, n.project_id, n.type_id, n.fields) v;
  ELSIF TG_OP = 'UPDATE' THEN
    DELETE FROM alm.artifact_field a USING new_rows n, old_rows o
    WHERE a.tenant_id = o.tenant_id AND a.artifact_id = o.id AND n.tenant_id = o.tenant_id AND n.id = o.id
      AND (n.fields, n.project_id, n.type_id) IS DISTINCT FROM (o.fields, o.project_id, o.type_id);
    INSERT INTO alm.artifact_field
    SELECT n.tenant_id, n.project_id, v.field_id, n.id, v.ord, v.v_text, v.v_float8, v.v_int8, v.v_ts, v.v_uuid
    FROM new_rows n JOIN old_rows o ON o.tenant_id = n.tenant_id AND o.id = n.id
    CROSS JOIN LATERAL alm.indexed_values(n.tenant_id, n.project_id, n.type_id, n.fields) v
    WHERE (n.fields, n.project_id, n.type_id) IS DISTINCT FROM (o.fields, o.project_id, o.type_id);
  ELSE
    DELETE FROM alm.artifact_field a USING old_rows o WHERE a.tenant_id = o.tenant_id AND a.artifact_id = o.id;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER index_fields_insert AFTER INSERT ON alm.artifacts REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION alm.index_fields();
CREATE TRIGGER index_fields_update AFTER UPDATE ON alm.artifacts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION alm.index_fields();
CREATE TRIGGER index_fields_delete AFTER DELETE ON alm.artifacts REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION alm.index_fields();

-- When the set of indexed fields changes (an activation), the values of the project's artifacts follow.
CREATE FUNCTION alm.reindex_project(project_id uuid) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
  DELETE FROM alm.artifact_field f
  WHERE f.tenant_id = alm.current_tenant() AND f.project_id = reindex_project.project_id;
  INSERT INTO alm.artifact_field
  SELECT a.tenant_id, a.project_id, v.field_id, a.id, v.ord, v.v_text, v.v_float8, v.v_int8, v.v_ts, v.v_uuid
  FROM alm.artifacts a CROSS JOIN LATERAL alm.indexed_values(a.tenant_id, a.project_id, a.type_id, a.fields) v
  WHERE a.tenant_id = alm.current_tenant() AND a.project_id = reindex_project.project_id
$$;
