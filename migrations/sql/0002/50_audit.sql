-- Seals, erasures and retention. A seal covers whole transactions: which ones are over is known from the snapshot's
-- xmin, never from a clock, so no transaction that commits late is missed.
ALTER TABLE alm.audit_snapshots ADD COLUMN row_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE alm.audit_commits ADD COLUMN row_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX audit_snapshots_row_xid ON alm.audit_snapshots (tenant_id, row_xid);
CREATE INDEX audit_commits_row_xid ON alm.audit_commits (tenant_id, row_xid);
CREATE INDEX audit_commits_correlation ON alm.audit_commits (tenant_id, correlation_id);
CREATE TRIGGER stamp_xid BEFORE INSERT ON alm.audit_commits FOR EACH ROW EXECUTE FUNCTION alm.stamp_xid();

-- What is signed of a seal is the canonical JSON of these columns (storage/audit/seals.py). `leaves` lists what was
-- sealed, record by record: the root proves the list, the list says where a row that differs is.
ALTER TABLE alm.audit_seals
  ADD COLUMN kind text NOT NULL DEFAULT 'batch' CHECK (kind IN ('batch', 'checkpoint')),
  ADD COLUMN cluster text NOT NULL DEFAULT '',  -- transaction ids mean something in the cluster they were made in only
  ADD COLUMN upto_xid xid8 NOT NULL DEFAULT '0',  -- transactions below it are sealed
  ADD COLUMN next_xid xid8 NOT NULL DEFAULT '0',  -- transactions from it on began after this seal
  ADD COLUMN not_before timestamptz,  -- when the oldest transaction of the batch cannot have begun yet
  ADD COLUMN cut_at timestamptz,  -- a checkpoint: what was recorded before it is retired, but for the leaves of this seal
  ADD COLUMN retired integer NOT NULL DEFAULT 0,
  ADD COLUMN leaves bytea NOT NULL DEFAULT '';
ALTER TABLE alm.audit_seals ALTER COLUMN leaves SET STORAGE EXTERNAL;
CREATE INDEX audit_seals_upto ON alm.audit_seals (tenant_id, upto_xid);

-- Erasures: payload and salt of an entity's older versions go, digests stay. Each one is itself audited and sealed.
CREATE TABLE alm.audit_erasures (
  tenant_id uuid NOT NULL REFERENCES alm.tenants,
  id uuid NOT NULL,
  entity_type text NOT NULL,
  entity_id uuid NOT NULL,
  up_to_version integer NOT NULL CHECK (up_to_version > 0),
  snapshots integer NOT NULL,
  reason text NOT NULL CHECK (reason <> ''),
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_erasures_entity ON alm.audit_erasures (tenant_id, entity_type, entity_id);
CALL alm.isolate('audit_erasures');
CALL alm.standard_triggers('audit_erasures');
CALL alm.audit_table('audit_erasures', 'Erasure');
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON alm.audit_erasures
  FOR EACH ROW EXECUTE FUNCTION alm.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON alm.audit_erasures
  FOR EACH STATEMENT EXECUTE FUNCTION alm.refuse_truncate();
GRANT SELECT ON alm.audit_erasures TO alm_app, alm_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.audit_erasures TO alm_definer;

-- The privilege is checked by the caller; the tenant here. Gives the versions that lost their values.
CREATE FUNCTION alm.audit_erase(erasure_id uuid, of_type text, of_entity uuid, reason text)
RETURNS TABLE (up_to_version integer, snapshots integer) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  tenant CONSTANT uuid := alm.current_tenant();
  newest integer;
  erased integer;
BEGIN
  SELECT h.version INTO newest FROM alm.audit_heads h
  WHERE h.tenant_id = tenant AND h.entity_type = of_type AND h.entity_id = of_entity FOR UPDATE;
  IF newest IS NULL OR newest < 2 THEN
    RETURN;
  END IF;
  UPDATE alm.audit_snapshots s SET payload = NULL, salt = NULL
  WHERE s.tenant_id = tenant AND s.entity_type = of_type AND s.entity_id = of_entity AND s.version < newest
    AND s.payload IS NOT NULL;
  GET DIAGNOSTICS erased = ROW_COUNT;
  IF erased > 0 THEN
    INSERT INTO alm.audit_erasures (tenant_id, id, entity_type, entity_id, up_to_version, snapshots, reason)
    VALUES (tenant, erasure_id, of_type, of_entity, newest - 1, erased, audit_erase.reason);
  END IF;
  RETURN QUERY SELECT newest - 1, erased;
END $$;
GRANT EXECUTE ON FUNCTION alm.audit_erase(uuid, text, uuid, text) TO alm_app;

-- Which rows of a tenant stay at a cut: of each entity that was not deleted the last version recorded before it.
CREATE FUNCTION alm.audit_kept(of_tenant uuid, cut timestamptz) RETURNS TABLE (id uuid, recorded_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT k.id, k.recorded_at FROM (
    SELECT DISTINCT ON (s.entity_type, s.entity_id) s.id, s.recorded_at, s.change_type, s.entity_type
    FROM alm.audit_snapshots s WHERE s.tenant_id = of_tenant AND s.recorded_at < cut
    ORDER BY s.entity_type, s.entity_id, s.version DESC
  ) k WHERE k.change_type <> 'DELETE'
$$;

-- Retires what was recorded before a cut, but for what stays. Only behind a checkpoint that was sealed for this cut.
CREATE FUNCTION alm.audit_retire(of_tenant uuid, cut timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  gone integer;
BEGIN
  IF NOT EXISTS (SELECT FROM alm.audit_seals c WHERE c.tenant_id = of_tenant AND c.kind = 'checkpoint'
                 AND c.cut_at = cut AND c.signature IS NOT NULL) THEN
    RAISE EXCEPTION 'nothing is retired without a checkpoint' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  DELETE FROM alm.audit_snapshots s
  WHERE s.tenant_id = of_tenant AND s.recorded_at < cut
    AND NOT EXISTS (SELECT FROM alm.audit_kept(of_tenant, cut) k WHERE k.id = s.id);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;
GRANT EXECUTE ON FUNCTION alm.audit_kept(uuid, timestamptz), alm.audit_retire(uuid, timestamptz) TO alm_worker;
GRANT EXECUTE ON FUNCTION alm.audit_kept(uuid, timestamptz) TO alm_definer;

-- Past months that every tenant in them has retired. The owner of the table may drop partitions but sees no row: it asks,
-- and has the rows that stay written back, which the default partition takes then.
SET LOCAL ROLE alm_definer;
CREATE FUNCTION alm.audit_month_is_retired(name text, ended timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  needed boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM (SELECT DISTINCT tenant_id FROM alm.%I) t WHERE NOT EXISTS (
    SELECT FROM alm.audit_seals c WHERE c.tenant_id = t.tenant_id AND c.kind = ''checkpoint'' AND c.cut_at >= $1))', name)
    INTO needed USING ended;
  RETURN NOT needed;
END $$;

CREATE FUNCTION alm.audit_readmit(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  columns text := 'tenant_id, id, commit_id, entity_type, entity_id, version, change_type, payload, salt, digest,'
    ' occurred_at, recorded_at, row_xid';
BEGIN
  EXECUTE format('INSERT INTO alm.audit_snapshots (%s) SELECT %s FROM alm.%I', columns, columns, name);
END $$;
REVOKE ALL ON FUNCTION alm.audit_month_is_retired(text, timestamptz), alm.audit_readmit(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alm.audit_month_is_retired(text, timestamptz), alm.audit_readmit(text) TO alm_owner;
RESET ROLE;

CREATE FUNCTION alm.drop_retired_audit_partitions() RETURNS text[] LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s' AS $$
DECLARE
  part text;
  ended timestamptz;
  dropped text[] := '{}';
BEGIN
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = 'alm.audit_snapshots'::regclass AND c.relname ~ '^audit_snapshots_\d{4}_\d{2}$'
              ORDER BY 1 LOOP
    ended := to_date(right(part, 7), 'YYYY_MM') + interval '1 month';
    CONTINUE WHEN ended > now() OR NOT alm.audit_month_is_retired(part, ended);
    EXECUTE format('ALTER TABLE alm.audit_snapshots DETACH PARTITION alm.%I', part);
    PERFORM alm.audit_readmit(part);
    EXECUTE format('DROP TABLE alm.%I', part);
    dropped := dropped || part;
  END LOOP;
  RETURN dropped;
END $$;
GRANT EXECUTE ON FUNCTION alm.drop_retired_audit_partitions() TO alm_worker;
