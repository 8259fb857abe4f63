-- Erasing older values reaches the copies that stood elsewhere, and nothing but items, comments and names of files can be
-- erased: what else the trail keeps (roles, keys, policies, members) is what an auditor must find. The list is reviewed;
-- only values that people wrote belong on it.
SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.audit_erase(uuid, text, uuid, text);
CREATE FUNCTION alm.audit_erase(erasure_id uuid, of_type text, of_entity uuid, reason text)
RETURNS TABLE (up_to_version integer, snapshots integer, decisions integer, answers integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  tenant CONSTANT uuid := alm.current_tenant();
  erasable CONSTANT text[] := ARRAY['Artifact', 'Comment', 'Attachment'];
  note CONSTANT jsonb := '[{"code": "R_ERASED", "message": "the reasons went with an erasure of the item"}]';
  newest integer;
  erased integer;
  noted integer;
  dropped integer;
  request record;
  gone integer;
  more integer := 0;
BEGIN
  IF of_type <> ALL (erasable) THEN
    RAISE EXCEPTION '% is nothing that can be erased', of_type USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT h.version INTO newest FROM alm.audit_heads h
  WHERE h.tenant_id = tenant AND h.entity_type = of_type AND h.entity_id = of_entity FOR UPDATE;
  IF newest IS NULL OR newest < 2 THEN
    RETURN;
  END IF;
  UPDATE alm.audit_snapshots s SET payload = NULL, salt = NULL
  WHERE s.tenant_id = tenant AND s.entity_type = of_type AND s.entity_id = of_entity AND s.version < newest
    AND s.payload IS NOT NULL;
  GET DIAGNOSTICS erased = ROW_COUNT;
  -- Reasons quote the values that rules looked at. Who decided what, by which rule of which version, stays.
  UPDATE alm.decision_log d SET reasons = note
  WHERE d.tenant_id = tenant AND d.entity_id = of_entity AND d.reasons NOT IN (note, '[]');
  GET DIAGNOSTICS noted = ROW_COUNT;
  -- The key stays, so that a request that is sent again is not carried out again.
  UPDATE alm.idempotency_keys k SET body = '', etag = NULL
  WHERE k.tenant_id = tenant AND position(convert_to(of_entity::text, 'UTF8') IN k.body) > 0;
  GET DIAGNOSTICS dropped = ROW_COUNT;
  -- Requests for a step carry the values that come along with it. One that still waits needs them.
  FOR request IN
    UPDATE alm.approval_requests r SET fields = '{}'
    WHERE r.tenant_id = tenant AND r.artifact_id = of_entity AND r.status <> 'open' AND r.fields <> '{}'
    RETURNING r.id
  LOOP
    UPDATE alm.audit_snapshots s SET payload = NULL, salt = NULL
    FROM alm.audit_heads h
    WHERE s.tenant_id = tenant AND s.entity_type = 'ApprovalRequest' AND s.entity_id = request.id
      AND s.payload IS NOT NULL AND h.tenant_id = tenant AND h.entity_type = s.entity_type AND h.entity_id = s.entity_id
      AND s.version < h.version;
    GET DIAGNOSTICS gone = ROW_COUNT;
    INSERT INTO alm.audit_erasures (tenant_id, id, entity_type, entity_id, up_to_version, snapshots, reason)
    SELECT tenant, gen_random_uuid(), h.entity_type, h.entity_id, h.version - 1, gone, audit_erase.reason
    FROM alm.audit_heads h
    WHERE h.tenant_id = tenant AND h.entity_type = 'ApprovalRequest' AND h.entity_id = request.id AND h.version > 1;
    more := more + gone;
  END LOOP;
  IF erased + noted + dropped > 0 THEN
    INSERT INTO alm.audit_erasures (tenant_id, id, entity_type, entity_id, up_to_version, snapshots, reason)
    VALUES (tenant, erasure_id, of_type, of_entity, newest - 1, erased, audit_erase.reason);
  END IF;
  RETURN QUERY SELECT newest - 1, erased + more, noted, dropped;
END $$;
REVOKE ALL ON FUNCTION alm.audit_erase(uuid, text, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alm.audit_erase(uuid, text, uuid, text) TO alm_app;
RESET ROLE;
