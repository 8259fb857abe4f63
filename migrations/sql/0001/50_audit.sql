-- Audit is written by triggers alone: hand-made SQL and COPY imports are audited too, and the app cannot forge a snapshot.
CREATE TABLE alm.audit_commits (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  actor_id uuid,
  command text NOT NULL,
  correlation_id text,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  properties jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_commits_recorded ON alm.audit_commits (tenant_id, recorded_at);

CREATE TABLE alm.audit_snapshots (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  commit_id uuid NOT NULL,
  entity_type text NOT NULL,
  entity_id uuid NOT NULL,
  version integer NOT NULL,
  change_type text NOT NULL CHECK (change_type IN ('INITIAL', 'UPDATE', 'DELETE', 'RESTORE')),
  payload jsonb,  -- payload and salt are removed by an erasure; the digest stays
  salt bytea,
  digest bytea NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, recorded_at, id)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX audit_snapshots_entity ON alm.audit_snapshots (tenant_id, entity_type, entity_id, version);
CREATE INDEX audit_snapshots_commit ON alm.audit_snapshots (tenant_id, commit_id);

CREATE TABLE alm.audit_snapshots_default PARTITION OF alm.audit_snapshots DEFAULT;

-- Partitioned tables cannot hold unique (entity, version): the newest version of each entity keeps it instead.
CREATE TABLE alm.audit_heads (
  tenant_id uuid NOT NULL,
  entity_type text NOT NULL,
  entity_id uuid NOT NULL,
  version integer NOT NULL,
  PRIMARY KEY (tenant_id, entity_type, entity_id)
);

CREATE TABLE alm.audit_seals (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  number bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  leaf_count integer NOT NULL,
  merkle_root bytea NOT NULL,
  prev_hash bytea NOT NULL,
  seal_hash bytea NOT NULL,
  signature bytea,
  key_id text,
  sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number)
);

CREATE TABLE alm.decision_log (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor_id uuid,
  command text NOT NULL,
  entity_type text,
  entity_id uuid,
  verdict text NOT NULL CHECK (verdict IN ('allow', 'deny')),
  rule_id text,
  manifest_hash text,
  manifest_version_id uuid,
  span jsonb,
  reasons jsonb NOT NULL DEFAULT '[]',
  correlation_id text,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX decision_log_at ON alm.decision_log (tenant_id, at);
CREATE INDEX decision_log_entity ON alm.decision_log (tenant_id, entity_id);

-- The commit that changes of this transaction belong to; made here when the pipeline made none (hand-made SQL).
CREATE FUNCTION alm.audit_commit(of_tenant uuid) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  wanted text := NULLIF(current_setting('app.commit_id', true), '');
BEGIN
  IF wanted IS NULL THEN
    wanted := gen_random_uuid();
    PERFORM set_config('app.commit_id', wanted, true);
  END IF;
  IF current_setting('app.audited_commit', true) IS DISTINCT FROM wanted || ' ' || of_tenant THEN
    INSERT INTO alm.audit_commits (tenant_id, id, actor_id, command, correlation_id, occurred_at)
    VALUES (of_tenant, wanted::uuid, alm.current_actor(),
            COALESCE(NULLIF(current_setting('app.command', true), ''), 'sql'),
            NULLIF(current_setting('app.correlation_id', true), ''), alm.current_occurred_at())
    ON CONFLICT DO NOTHING;
    PERFORM set_config('app.audited_commit', wanted || ' ' || of_tenant, true);
  END IF;
  RETURN wanted::uuid;
END $$;

-- One snapshot per changed row. TG_ARGV[0] is the entity type; a second argument marks tables with soft deletion.
-- `changed` holds the new rows (the old ones of a DELETE, which counts as one version more), `before` the old ones.
CREATE FUNCTION alm.audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  hidden CONSTANT text[] := '{tsv,search_text,row_xid}';
  entity CONSTANT text := TG_ARGV[0];
  change CONSTANT text := CASE TG_OP WHEN 'INSERT' THEN 'INITIAL' ELSE TG_OP END;
  happened CONSTANT timestamptz := alm.current_occurred_at();
  in_commit uuid;
  expected bigint;
  advanced bigint;
BEGIN
  SELECT sum(t.n), max(alm.audit_commit(t.tenant_id)::text) INTO expected, in_commit
  FROM (SELECT tenant_id, count(*) AS n FROM changed GROUP BY tenant_id) t;
  IF expected IS NULL THEN
    RETURN NULL;
  ELSIF TG_OP = 'UPDATE' AND TG_NARGS > 1 THEN
    WITH snapshots AS (
      SELECT n.tenant_id, to_jsonb(n) - hidden AS payload, uuid_send(gen_random_uuid()) AS salt,
        CASE WHEN (n.deleted_at IS NULL) = (o.deleted_at IS NULL) THEN 'UPDATE'
             WHEN n.deleted_at IS NULL THEN 'RESTORE' ELSE 'DELETE' END AS change_type
      FROM changed n JOIN before o ON o.tenant_id = n.tenant_id AND o.id = n.id
    ), written AS (
      INSERT INTO alm.audit_snapshots AS a (tenant_id, id, commit_id, entity_type, entity_id, version, change_type,
                                            payload, salt, digest, occurred_at)
      SELECT s.tenant_id, gen_random_uuid(), in_commit, entity, (s.payload ->> 'id')::uuid,
        (s.payload ->> 'version')::integer, s.change_type, s.payload, s.salt,
        sha256(s.salt || convert_to(s.payload::text, 'UTF8')), happened
      FROM snapshots s
      RETURNING a.tenant_id, a.entity_type, a.entity_id, a.version
    )
    INSERT INTO alm.audit_heads AS h SELECT * FROM written
    ON CONFLICT ON CONSTRAINT audit_heads_pkey DO UPDATE SET version = EXCLUDED.version
    WHERE h.version < EXCLUDED.version;
  ELSE
    WITH snapshots AS (
      SELECT n.tenant_id, to_jsonb(n) - hidden AS payload, uuid_send(gen_random_uuid()) AS salt FROM changed n
    ), written AS (
      INSERT INTO alm.audit_snapshots AS a (tenant_id, id, commit_id, entity_type, entity_id, version, change_type,
                                            payload, salt, digest, occurred_at)
      SELECT s.tenant_id, gen_random_uuid(), in_commit, entity,
        COALESCE(s.payload ->> 'id', s.payload ->> 'tenant_id')::uuid,
        COALESCE((s.payload ->> 'version')::integer, 1) + (TG_OP = 'DELETE')::integer, change, s.payload, s.salt,
        sha256(s.salt || convert_to(s.payload::text, 'UTF8')), happened
      FROM snapshots s
      RETURNING a.tenant_id, a.entity_type, a.entity_id, a.version
    )
    INSERT INTO alm.audit_heads AS h SELECT * FROM written
    ON CONFLICT ON CONSTRAINT audit_heads_pkey DO UPDATE SET version = EXCLUDED.version
    WHERE h.version < EXCLUDED.version;
  END IF;
  GET DIAGNOSTICS advanced = ROW_COUNT;
  IF advanced <> expected THEN
    RAISE EXCEPTION 'a version of % is audited already', entity USING ERRCODE = 'unique_violation';
  END IF;
  RETURN NULL;
END $$;

-- Puts the audit triggers on a table of schema alm.
CREATE PROCEDURE alm.audit_table(name text, entity_type text, soft_deletes boolean DEFAULT false) LANGUAGE plpgsql AS $$
DECLARE
  arguments text := quote_literal(entity_type) || CASE WHEN soft_deletes THEN ', ''soft''' ELSE '' END;
BEGIN
  EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON alm.%I REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION alm.audit(%s)', name, arguments);
  EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON alm.%I
    REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION alm.audit(%s)', name, arguments);
  EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON alm.%I REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION alm.audit(%s)', name, arguments);
END $$;

CALL alm.audit_table('tenants', 'Tenant');
CALL alm.audit_table('memberships', 'Membership', true);
CALL alm.audit_table('roles', 'Role');
CALL alm.audit_table('member_roles', 'MemberRole');
CALL alm.audit_table('tenant_policies', 'TenantPolicy');
CALL alm.audit_table('manifests', 'Manifest', true);
CALL alm.audit_table('manifest_versions', 'ManifestVersion');
CALL alm.audit_table('projects', 'Project', true);
CALL alm.audit_table('project_activations', 'ProjectActivation');
CALL alm.audit_table('project_members', 'ProjectMember');
CALL alm.audit_table('artifacts', 'Artifact', true);
CALL alm.audit_table('artifact_links', 'ArtifactLink', true);
CALL alm.audit_table('workflow_instances', 'WorkflowInstance');
CALL alm.audit_table('plugin_data', 'PluginData');

-- Monthly partitions for this month and `ahead` more. A month that already has rows in the default stays there.
CREATE FUNCTION alm.ensure_audit_partitions(ahead integer DEFAULT 3) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  month timestamptz;
  name text;
  made integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('alm.ensure_audit_partitions'));
  FOR month IN SELECT generate_series(date_trunc('month', now()), now() + make_interval(months => ahead), '1 month') LOOP
    name := 'audit_snapshots_' || to_char(month, 'YYYY_MM');
    CONTINUE WHEN to_regclass('alm.' || name) IS NOT NULL;
    BEGIN
      EXECUTE format('CREATE TABLE alm.%I PARTITION OF alm.audit_snapshots FOR VALUES FROM (%L) TO (%L)',
                     name, month, month + interval '1 month');
    EXCEPTION WHEN check_violation THEN
      CONTINUE;
    END;
    CALL alm.isolate(name);
    EXECUTE format('GRANT SELECT ON alm.%I TO alm_definer', name);  -- a backup reads partition by partition
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;
