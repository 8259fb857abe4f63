-- What commands with an Idempotency-Key answered, kept for a day in the transaction that did them. Not audited: it is
-- a copy of an answer, and what the command changed is audited itself.
CREATE TABLE alm.idempotency_keys (
  tenant_id uuid NOT NULL,
  actor_id uuid NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  command text NOT NULL,
  fingerprint bytea NOT NULL,
  body bytea NOT NULL,
  etag integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, actor_id, key)
);
CREATE INDEX idempotency_keys_created ON alm.idempotency_keys (created_at);
CALL alm.isolate('idempotency_keys');
GRANT SELECT, INSERT, DELETE ON alm.idempotency_keys TO alm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.idempotency_keys TO alm_definer;
GRANT SELECT, DELETE ON alm.idempotency_keys TO alm_worker;

-- Takes a key of the caller for this transaction. `free` is false while another transaction has it; otherwise the rest
-- is what it answered, or null for a key that is new. Several statements, so that each sees what was committed before it.
CREATE FUNCTION alm.idempotency_claim(wanted text, OUT free boolean, OUT command text, OUT fingerprint bytea,
                                      OUT body bytea, OUT etag integer)
LANGUAGE plpgsql SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  of_tenant CONSTANT uuid := alm.current_tenant();
  of_actor CONSTANT uuid := alm.current_actor();
BEGIN
  free := pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', of_tenant, of_actor, wanted), 40));
  IF free THEN
    SELECT k.command, k.fingerprint, k.body, k.etag INTO command, fingerprint, body, etag
    FROM alm.idempotency_keys k
    WHERE k.tenant_id = of_tenant AND k.actor_id = of_actor AND k.key = wanted
      AND k.created_at > now() - interval '24 hours';
    IF NOT FOUND THEN
      DELETE FROM alm.idempotency_keys k WHERE k.tenant_id = of_tenant AND k.actor_id = of_actor AND k.key = wanted;
    END IF;
  END IF;
END $$;
REVOKE ALL ON FUNCTION alm.idempotency_claim(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alm.idempotency_claim(text) TO alm_app;

-- Requests of the present and the last window, of all server processes together. Names are hashes that say nothing of
-- whom they count; a crash empties the table, which only forgives.
CREATE UNLOGGED TABLE alm.rate_counters (
  name text PRIMARY KEY,
  hits bigint NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX rate_counters_expires ON alm.rate_counters (expires_at);
ALTER TABLE alm.rate_counters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_definer ON alm.rate_counters TO alm_definer USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.rate_counters TO alm_definer;

-- Adds what one process counted since it was here, and gives the sums of all.
CREATE FUNCTION alm.rate_exchange(names text[], counted bigint[], seconds float8[])
RETURNS TABLE (name text, hits bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
#variable_conflict use_column
BEGIN
  DELETE FROM alm.rate_counters WHERE name IN (
    SELECT name FROM alm.rate_counters WHERE expires_at < now() ORDER BY name LIMIT 1000 FOR UPDATE SKIP LOCKED);
  INSERT INTO alm.rate_counters AS c (name, hits, expires_at)
  SELECT g.name, g.hits, now() + make_interval(secs => g.secs)
  FROM unnest(names, counted, seconds) AS g (name, hits, secs) WHERE g.hits > 0 ORDER BY g.name
  ON CONFLICT ON CONSTRAINT rate_counters_pkey DO UPDATE SET hits = c.hits + EXCLUDED.hits;
  RETURN QUERY SELECT c.name, c.hits FROM alm.rate_counters c WHERE c.name = ANY (names);
END $$;
REVOKE ALL ON FUNCTION alm.rate_exchange(text[], bigint[], float8[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alm.rate_exchange(text[], bigint[], float8[]) TO alm_app;

-- The trace a change belongs to (W3C Trace Context), from the transaction's settings as the correlation id is.
ALTER TABLE alm.outbox_messages ADD COLUMN traceparent text DEFAULT NULLIF(current_setting('app.traceparent', true), '');
ALTER TABLE alm.audit_commits ADD COLUMN traceparent text DEFAULT NULLIF(current_setting('app.traceparent', true), '');
ALTER TABLE alm.decision_log ADD COLUMN traceparent text DEFAULT NULLIF(current_setting('app.traceparent', true), '');
ALTER TABLE alm.dead_letter_messages ADD COLUMN traceparent text;
