ALTER TABLE alm.outbox_messages ALTER next_attempt_at SET DEFAULT now();
SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.defer_job(text, text, jsonb, timestamptz);
RESET ROLE;
DROP SCHEMA alm_jobs CASCADE;
