-- The job queue: procrastinate's own objects in a schema of its own, so that its names and its upgrades stay apart from
-- ours (storage/job_schema.py brings them to the installed version). What follows are our rights on them.

-- The one door for the app: a job exists exactly when the transaction that defers it commits, and whose job it is comes
-- from the transaction's settings, not from the caller. Jobs of the installation carry no tenant; the app can make none.
CREATE FUNCTION alm.defer_job(name text, queue text, args jsonb, not_before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  tenant CONSTANT uuid := alm.current_tenant();
BEGIN
  IF tenant IS NULL THEN
    RAISE EXCEPTION 'a job belongs to an organisation' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN (alm_jobs.procrastinate_defer_jobs_v1(ARRAY[ROW(
    defer_job.queue, defer_job.name, 0, NULL, NULL,
    jsonb_build_object('tenant_id', tenant, 'actor_id', alm.current_actor(),
                       'correlation_id', NULLIF(current_setting('app.correlation_id', true), ''),
                       'args', defer_job.args),
    defer_job.not_before)::alm_jobs.procrastinate_job_to_defer_v1]))[1];
END $$;
GRANT EXECUTE ON FUNCTION alm.defer_job(text, text, jsonb, timestamptz) TO alm_app;

-- A new event is due whatever the clock says: one that was written just before the clock was set back must not wait until
-- it has caught up.
ALTER TABLE alm.outbox_messages ALTER next_attempt_at SET DEFAULT 'epoch';
