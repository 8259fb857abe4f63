SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.audit_erase(uuid, text, uuid, text);
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
REVOKE ALL ON FUNCTION alm.audit_erase(uuid, text, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alm.audit_erase(uuid, text, uuid, text) TO alm_app;
RESET ROLE;
