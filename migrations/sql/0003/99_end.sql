-- Whatever runs with other rights than the caller's belongs to alm_definer.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'alm'::regnamespace AND prosecdef
             AND proname NOT IN ('ensure_audit_partitions', 'drop_retired_audit_partitions') AND proowner <> 'alm_definer'::regrole ORDER BY proname LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO alm_definer', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA alm FROM alm_definer;
SET LOCAL ROLE alm_definer;
REVOKE EXECUTE ON FUNCTION alm.audit(), alm.bury() FROM alm_owner;
RESET ROLE;
