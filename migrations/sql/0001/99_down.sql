-- Everything of this revision goes; the schema stays, for Alembic keeps its own table there.
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON ROUTINES TO PUBLIC;
DO $$
DECLARE
  t text;
  r record;
BEGIN
  FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'alm'::regnamespace AND relkind IN ('r', 'p')
           AND relname <> 'alembic_version' AND NOT relispartition LOOP
    EXECUTE format('DROP TABLE alm.%I CASCADE', t);
  END LOOP;
  FOR t IN SELECT extname FROM pg_extension WHERE extnamespace = 'alm'::regnamespace LOOP
    EXECUTE format('DROP EXTENSION %I CASCADE', t);
  END LOOP;
  FOR r IN SELECT oid::regprocedure AS signature, pg_get_userbyid(proowner) AS owner FROM pg_proc
           WHERE pronamespace = 'alm'::regnamespace LOOP
    CONTINUE WHEN to_regprocedure(r.signature::text) IS NULL;
    EXECUTE format('SET LOCAL ROLE %I', r.owner);
    EXECUTE format('DROP ROUTINE %s CASCADE', r.signature);
    RESET ROLE;
  END LOOP;
END $$;
REVOKE ALL ON SCHEMA alm FROM alm_app, alm_worker, alm_mirror, alm_definer;
