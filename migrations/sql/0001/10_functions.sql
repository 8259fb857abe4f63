-- Who is asking: transaction settings put there by storage/engine.py. An empty setting means nobody: no row is visible.
CREATE FUNCTION alm.current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN NULLIF(current_setting('app.current_tenant_id', true), '')::uuid;

CREATE FUNCTION alm.current_actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN NULLIF(current_setting('app.actor_id', true), '')::uuid;

CREATE FUNCTION alm.current_occurred_at() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(NULLIF(current_setting('app.occurred_at', true), '')::timestamptz, now());

-- Triggers every table of a kind shares ---------------------------------------------------------------------------

-- Tables with the standard columns: who, when, version, and the transaction that wrote the row (the mirror's watermark).
CREATE FUNCTION alm.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  NEW.row_xid := pg_current_xact_id();
  IF TG_OP = 'INSERT' THEN
    NEW.version := 1;
    NEW.created_by := COALESCE(NEW.created_by, alm.current_actor());
    NEW.updated_by := COALESCE(NEW.updated_by, NEW.created_by);
  ELSE
    NEW.version := OLD.version + 1;
    NEW.created_at := OLD.created_at;
    NEW.created_by := OLD.created_by;
    NEW.updated_at := clock_timestamp();
    NEW.updated_by := alm.current_actor();
  END IF;
  RETURN NEW;
END $$;

-- The same for tables whose rows can be soft-deleted: deleted_by follows deleted_at.
CREATE FUNCTION alm.touch_deletion() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  IF NEW.deleted_at IS NULL THEN
    NEW.deleted_by := NULL;
  ELSE
    NEW.deleted_by := COALESCE(NEW.deleted_by, alm.current_actor());
  END IF;
  RETURN NEW;
END $$;

-- Tables without versions that are mirrored or read by watermark.
CREATE FUNCTION alm.stamp_xid() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  NEW.row_xid := pg_current_xact_id();
  RETURN NEW;
END $$;

CREATE FUNCTION alm.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  -- alm_definer alone may, in reviewed functions (erasure keeps the digest and removes the payload).
  IF current_user = 'alm_definer' THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  RAISE EXCEPTION '% rows are immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION alm.refuse_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% rows are immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- Hard deletes leave a tombstone, so that a mirror which reads changes by row_xid hears of them.
CREATE FUNCTION alm.bury() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  INSERT INTO alm.tombstones (tenant_id, tbl, id)
  SELECT tenant_id, TG_TABLE_NAME, id FROM old_rows ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
