-- Events leave with the transaction that caused them; a poller publishes them afterwards.
CREATE TABLE alm.outbox_messages (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  event_type text NOT NULL,
  aggregate_type text NOT NULL,
  aggregate_id uuid NOT NULL,
  payload jsonb NOT NULL,
  schema_version integer NOT NULL DEFAULT 1,
  correlation_id text,
  created_at timestamptz NOT NULL DEFAULT now(),
  published_at timestamptz,
  retry_count integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  locked_until timestamptz,
  error text,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX outbox_waiting ON alm.outbox_messages (id) WHERE published_at IS NULL;
CREATE INDEX outbox_waiting_aggregate ON alm.outbox_messages (tenant_id, aggregate_id, id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON alm.outbox_messages (published_at) WHERE published_at IS NOT NULL;
CREATE INDEX outbox_row_xid ON alm.outbox_messages (row_xid);

CREATE TABLE alm.dead_letter_messages (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL,
  event_type text NOT NULL,
  aggregate_type text NOT NULL,
  aggregate_id uuid NOT NULL,
  payload jsonb NOT NULL,
  schema_version integer NOT NULL,
  correlation_id text,
  created_at timestamptz NOT NULL,
  published_at timestamptz,
  retry_count integer NOT NULL,
  next_attempt_at timestamptz NOT NULL,
  locked_until timestamptz,
  error text,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  moved_at timestamptz NOT NULL DEFAULT now(),
  reviewed_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);

-- NOTIFY is heard by the whole database, so it carries nothing.
CREATE FUNCTION alm.wake_publisher() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  PERFORM pg_notify('alm_outbox', '');
  RETURN NULL;
END $$;
CREATE TRIGGER wake_publisher AFTER INSERT ON alm.outbox_messages
  FOR EACH STATEMENT EXECUTE FUNCTION alm.wake_publisher();
