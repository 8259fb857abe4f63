-- Triggers, row-level security, grants and owners. Everything here names what may be done; nothing else is allowed.

-- Standard triggers, by the columns that a table has.
CREATE PROCEDURE alm.standard_triggers(name text) LANGUAGE plpgsql AS $$
DECLARE
  present text[] := ARRAY(SELECT attname FROM pg_attribute WHERE attrelid = format('alm.%I', name)::regclass
                          AND attnum > 0 AND NOT attisdropped);
BEGIN
  IF 'updated_by' = ANY (present) THEN
    EXECUTE format('CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON alm.%I
      FOR EACH ROW EXECUTE FUNCTION alm.touch()', name);
  ELSIF 'row_xid' = ANY (present) THEN
    EXECUTE format('CREATE TRIGGER stamp_xid BEFORE INSERT OR UPDATE ON alm.%I
      FOR EACH ROW EXECUTE FUNCTION alm.stamp_xid()', name);
  END IF;
  IF 'deleted_at' = ANY (present) THEN
    EXECUTE format('CREATE TRIGGER touch_deletion BEFORE INSERT OR UPDATE ON alm.%I FOR EACH ROW
      WHEN (NEW.deleted_at IS NOT NULL OR NEW.deleted_by IS NOT NULL) EXECUTE FUNCTION alm.touch_deletion()', name);
  END IF;
END $$;

-- For tables that the mirror reads: hard deletes leave tombstones.
CREATE PROCEDURE alm.leave_tombstones(name text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER bury AFTER DELETE ON alm.%I REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION alm.bury()', name);
END $$;

-- Row-level security: the tenant's rows only, deleted ones hidden from the app unless it asks for them.
-- worker, mirror and definer see all tenants by explicit policies (managed servers may refuse BYPASSRLS).
CREATE PROCEDURE alm.isolate(name text) LANGUAGE plpgsql AS $$
DECLARE
  other text;
BEGIN
  EXECUTE format('ALTER TABLE alm.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY tenant_isolation ON alm.%I USING (tenant_id = (SELECT alm.current_tenant()))
    WITH CHECK (tenant_id = (SELECT alm.current_tenant()))', name);
  FOREACH other IN ARRAY ARRAY['worker', 'mirror', 'definer'] LOOP
    EXECUTE format('CREATE POLICY all_tenants_%s ON alm.%I TO alm_%s USING (true) WITH CHECK (true)', other, name, other);
  END LOOP;
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = format('alm.%I', name)::regclass
             AND attname = 'deleted_at' AND NOT attisdropped) THEN
    EXECUTE format('CREATE POLICY active_records ON alm.%I AS RESTRICTIVE FOR SELECT TO alm_app, alm_owner
      USING (deleted_at IS NULL OR (SELECT current_setting(''app.include_deleted'', true)) = ''on'')', name);
  END IF;
END $$;

DO $$
DECLARE
  t text;
BEGIN
  FOR t IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
           WHERE c.relnamespace = 'alm'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1 LOOP
    CALL alm.isolate(t);
    CALL alm.standard_triggers(t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['projects', 'artifacts', 'artifact_links', 'state_history', 'workflow_instances', 'actors',
                           'project_activations'] LOOP
    CALL alm.leave_tombstones(t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['manifest_versions', 'audit_commits', 'audit_snapshots', 'audit_seals', 'decision_log'] LOOP
    EXECUTE format('CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON alm.%I
      FOR EACH ROW EXECUTE FUNCTION alm.refuse_change()', t);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON alm.%I
      FOR EACH STATEMENT EXECUTE FUNCTION alm.refuse_truncate()', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['project_activations', 'state_history'] LOOP
    EXECUTE format('CREATE TRIGGER immutable BEFORE UPDATE ON alm.%I
      FOR EACH ROW EXECUTE FUNCTION alm.refuse_change()', t);
  END LOOP;
END $$;

ALTER TABLE alm.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_definer ON alm.users TO alm_definer USING (true) WITH CHECK (true);
ALTER TABLE alm.user_identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_definer ON alm.user_identities TO alm_definer USING (true) WITH CHECK (true);

-- Grants. No TRUNCATE and no REFERENCES for anyone; what a role does not need it does not get.
GRANT USAGE ON SCHEMA alm TO alm_app, alm_worker, alm_mirror, alm_definer;

GRANT SELECT, INSERT, UPDATE, DELETE ON
  alm.memberships, alm.roles, alm.member_roles, alm.tenant_policies, alm.plugin_data, alm.manifests, alm.projects,
  alm.project_members, alm.key_counters, alm.import_runs, alm.artifacts, alm.external_refs, alm.key_aliases,
  alm.artifact_links, alm.workflow_instances, alm.indexed_fields TO alm_app;
GRANT SELECT, UPDATE ON alm.tenants TO alm_app;
GRANT SELECT, INSERT, UPDATE ON alm.actors TO alm_app;
GRANT SELECT, INSERT ON
  alm.manifest_versions, alm.project_activations, alm.state_history, alm.audit_commits, alm.decision_log,
  alm.outbox_messages TO alm_app;
GRANT SELECT ON
  alm.artifact_field, alm.audit_snapshots, alm.audit_heads, alm.audit_seals, alm.tombstones,
  alm.dead_letter_messages TO alm_app;

GRANT SELECT ON ALL TABLES IN SCHEMA alm TO alm_worker;
REVOKE ALL ON alm.users, alm.user_identities, alm.audit_snapshots_default, alm.alembic_version FROM alm_worker;
GRANT UPDATE, DELETE ON alm.outbox_messages TO alm_worker;
GRANT INSERT, UPDATE, DELETE ON alm.dead_letter_messages TO alm_worker;
GRANT INSERT ON alm.outbox_messages, alm.audit_commits, alm.audit_seals, alm.decision_log TO alm_worker;
GRANT INSERT, UPDATE ON alm.import_runs TO alm_worker;
GRANT DELETE ON alm.tombstones TO alm_worker;

GRANT SELECT ON
  alm.tenants, alm.actors, alm.manifests, alm.manifest_versions, alm.projects, alm.project_activations,
  alm.artifacts, alm.artifact_links, alm.artifact_field, alm.indexed_fields, alm.external_refs, alm.key_aliases,
  alm.workflow_instances, alm.state_history, alm.tombstones TO alm_mirror;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA alm TO alm_definer;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA alm TO alm_definer;

-- Functions: nobody may call one that is not listed.
REVOKE ALL ON ALL ROUTINES IN SCHEMA alm FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alm.current_tenant(), alm.current_actor(), alm.current_occurred_at(), alm.tr_lower(text),
  alm.fold(text), alm.search_vector(text, text, text), alm.search_term(text), alm.search_query(text)
  TO alm_app, alm_worker, alm_mirror, alm_definer;
GRANT EXECUTE ON FUNCTION alm.json_int8(jsonb), alm.json_float8(jsonb), alm.json_ts(jsonb), alm.json_uuid(jsonb),
  alm.json_text(jsonb), alm.zoned(text), alm.indexed_values(uuid, uuid, text, jsonb), alm.audit_commit(uuid)
  TO alm_definer;
GRANT EXECUTE ON FUNCTION alm.reserve_keys(uuid, text, integer), alm.auth_lookup(text), alm.auth_record(uuid, boolean),
  alm.user_create(uuid, text, text, text, text), alm.user_set_password(uuid, text), alm.user_profile(uuid),
  alm.user_tenants(uuid), alm.tenant_create(uuid, text, text, text, text, text), alm.tenant_by_slug(text),
  alm.members(), alm.search(uuid, text, integer), alm.reindex_project(uuid) TO alm_app;
GRANT EXECUTE ON FUNCTION alm.ensure_audit_partitions(integer) TO alm_worker;
DO $$
BEGIN
  IF to_regprocedure('alm.unaccent(regdictionary, text)') IS NOT NULL THEN
    GRANT EXECUTE ON FUNCTION alm.unaccent(regdictionary, text) TO alm_app, alm_worker, alm_mirror, alm_definer;
  END IF;
END $$;

-- Owners of what runs with other rights than the caller's. CREATE on the schema is needed for the hand-over only.
GRANT CREATE ON SCHEMA alm TO alm_definer;
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'alm'::regnamespace AND prosecdef
             AND proname <> 'ensure_audit_partitions' ORDER BY proname LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO alm_definer', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA alm FROM alm_definer;

SELECT alm.ensure_audit_partitions();
