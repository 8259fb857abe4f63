-- Who is logged in, from where, and what happened to accounts. These tables are global, since one person may belong to
-- several organisations; hence `organisation_id`, not `tenant_id`. The app reaches them through the functions below only.

-- One log-in: a family of refresh tokens, or a browser's cookie. Its organisation changes when the person switches.
CREATE TABLE alm.sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES alm.users (id),
  organisation_id uuid NOT NULL REFERENCES alm.tenants (tenant_id),
  client text NOT NULL DEFAULT '',
  address text,
  idle interval NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  reason text,
  CHECK ((revoked_at IS NULL) = (reason IS NULL))
);
CREATE INDEX sessions_user ON alm.sessions (user_id, last_used_at);
CREATE INDEX sessions_organisation ON alm.sessions (organisation_id);
CREATE INDEX sessions_expires ON alm.sessions (expires_at);

CREATE TABLE alm.refresh_tokens (
  hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES alm.sessions (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  used_at timestamptz
);
CREATE INDEX refresh_tokens_session ON alm.refresh_tokens (session_id);

CREATE TABLE alm.one_time_tokens (
  hash bytea PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('password_reset')),
  user_id uuid NOT NULL REFERENCES alm.users (id),
  organisation_id uuid REFERENCES alm.tenants (tenant_id),  -- where and by whom it was handed out; NULL: by mail
  issued_by uuid REFERENCES alm.users (id),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CHECK ((organisation_id IS NULL) = (issued_by IS NULL))
);
CREATE INDEX one_time_tokens_user ON alm.one_time_tokens (user_id);

-- What happened at the door. No address that was typed is kept: people type passwords there. Rows outlive their account.
CREATE TABLE alm.auth_log (
  id uuid PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind text NOT NULL,
  user_id uuid,
  organisation_id uuid,
  session_id uuid,
  address text,
  client text NOT NULL DEFAULT '',
  correlation_id text,
  detail text NOT NULL DEFAULT ''  -- of somebody who was renamed: the name before
);
CREATE INDEX auth_log_user ON alm.auth_log (user_id, at);
CREATE INDEX auth_log_at ON alm.auth_log (at);

-- Wrong passwords by a digest of what was tried, whether such an account exists or not: a lock must not tell.
CREATE TABLE alm.login_failures (
  key bytea PRIMARY KEY,
  failed integer NOT NULL,
  last_at timestamptz NOT NULL,
  locked_until timestamptz
);
CREATE INDEX login_failures_last ON alm.login_failures (last_at);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['sessions', 'refresh_tokens', 'one_time_tokens', 'auth_log', 'login_failures'] LOOP
    EXECUTE format('ALTER TABLE alm.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY all_definer ON alm.%I TO alm_definer USING (true) WITH CHECK (true)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON alm.%I TO alm_definer', t);
  END LOOP;
END $$;

-- Log-in ---------------------------------------------------------------------------------------------------------------

-- Two counters: this account from this address (five tries), and this account from anywhere (thirty), so that a stranger
-- who guesses from elsewhere does not keep its owner out at once.
CREATE FUNCTION alm.login_keys(email text, address text) RETURNS TABLE (key bytea, tries integer)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT sha256(convert_to(format('pair %s %s', address, lower(email)), 'UTF8')), 5
  UNION ALL SELECT sha256(convert_to('account ' || lower(email), 'UTF8')), 30
$$;

-- What a log-in needs, always one row: without `user_id` there is no such account.
CREATE FUNCTION alm.login_gate(email text, address text)
RETURNS TABLE (user_id uuid, email text, display_name text, password_hash text, is_active boolean, locale text,
               locked_until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT u.id, u.email, u.display_name, u.password_hash, u.is_active, u.locale,
    (SELECT max(f.locked_until) FROM alm.login_failures f
       JOIN alm.login_keys(login_gate.email, login_gate.address) k USING (key) WHERE f.locked_until > clock_timestamp())
  FROM (SELECT 1) one LEFT JOIN alm.users u ON u.email = lower(login_gate.email)
$$;

-- From the limit on the counter waits: 1, 2, 4 ... 60 minutes. A day without a try forgets. True when this one locked it.
CREATE FUNCTION alm.login_failed(email text, address text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  WITH counted AS (
    INSERT INTO alm.login_failures AS f (key, failed, last_at)
    SELECT k.key, 1, clock_timestamp() FROM alm.login_keys(login_failed.email, login_failed.address) k ORDER BY k.key
    ON CONFLICT (key) DO UPDATE SET
      failed = CASE WHEN f.last_at > clock_timestamp() - interval '1 day' THEN f.failed + 1 ELSE 1 END,
      last_at = clock_timestamp(),
      locked_until = (
        SELECT clock_timestamp() + make_interval(mins => least(60, 2 ^ least(f.failed + 1 - k.tries, 6))::integer)
        FROM alm.login_keys(login_failed.email, login_failed.address) k
        WHERE k.key = f.key AND f.failed + 1 >= k.tries AND f.last_at > clock_timestamp() - interval '1 day')
    RETURNING f.locked_until
  )
  SELECT bool_or(locked_until IS NOT NULL) FROM counted
$$;

CREATE FUNCTION alm.login_cleared(email text, address text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  DELETE FROM alm.login_failures f USING alm.login_keys(login_cleared.email, login_cleared.address) k
  WHERE f.key = k.key
$$;

CREATE FUNCTION alm.auth_note(id uuid, kind text, user_id uuid, organisation_id uuid, session_id uuid, address text,
                              client text, correlation_id text, detail text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  INSERT INTO alm.auth_log (id, kind, user_id, organisation_id, session_id, address, client, correlation_id, detail)
  VALUES (auth_note.id, auth_note.kind, auth_note.user_id, auth_note.organisation_id, auth_note.session_id,
          auth_note.address, COALESCE(auth_note.client, ''), auth_note.correlation_id, auth_note.detail)
$$;

-- The counters on the account itself told whether it exists.
SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.auth_record(uuid, boolean);
DROP FUNCTION alm.auth_lookup(text);
DROP FUNCTION alm.user_set_password(uuid, text);
GRANT EXECUTE ON FUNCTION alm.user_profile(uuid) TO alm_worker;
RESET ROLE;
ALTER TABLE alm.users DROP COLUMN failed_logins, DROP COLUMN locked_until;

CREATE FUNCTION alm.auth_lookup(email text)
RETURNS TABLE (user_id uuid, email text, display_name text, is_active boolean, locale text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT u.id, u.email, u.display_name, u.is_active, u.locale FROM alm.users u WHERE u.email = lower(auth_lookup.email)
$$;

-- Links to reset the former password are dead with it; `same`: only the hash is a new one.
CREATE FUNCTION alm.user_set_password(user_id uuid, password_hash text, same boolean) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.users u SET password_hash = user_set_password.password_hash, updated_at = clock_timestamp()
  WHERE u.id = user_set_password.user_id;
  UPDATE alm.one_time_tokens t SET used_at = clock_timestamp()
  WHERE t.user_id = user_set_password.user_id AND t.purpose = 'password_reset' AND t.used_at IS NULL
    AND NOT user_set_password.same
$$;

CREATE FUNCTION alm.user_update(user_id uuid, display_name text, locale text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.users u SET display_name = user_update.display_name, locale = user_update.locale,
    updated_at = clock_timestamp()
  WHERE u.id = user_update.user_id;
  -- the name under which history shows this person, in every organisation
  UPDATE alm.actors a SET display_name = user_update.display_name
  WHERE a.user_id = user_update.user_id AND a.display_name <> user_update.display_name
$$;

-- Sessions --------------------------------------------------------------------------------------------------------------

-- Only a member gets a session in an organisation; NULL otherwise. `refresh_hash` is NULL for a browser.
CREATE FUNCTION alm.session_open(id uuid, user_id uuid, organisation_id uuid, client text, address text,
                                 lifetime interval, idle interval, refresh_hash bytea) RETURNS timestamptz
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  WITH opened AS (
    INSERT INTO alm.sessions (id, user_id, organisation_id, client, address, idle, expires_at)
    SELECT session_open.id, m.user_id, m.tenant_id, COALESCE(session_open.client, ''), session_open.address,
      session_open.idle, clock_timestamp() + session_open.lifetime
    FROM alm.memberships m
    WHERE m.user_id = session_open.user_id AND m.tenant_id = session_open.organisation_id
      AND m.status = 'active' AND m.deleted_at IS NULL
    RETURNING sessions.id, sessions.expires_at
  ), kept AS (
    INSERT INTO alm.refresh_tokens (hash, session_id)
    SELECT session_open.refresh_hash, o.id FROM opened o WHERE session_open.refresh_hash IS NOT NULL
  )
  SELECT expires_at FROM opened
$$;

-- The person and organisation of a session that is alive; no row otherwise.
CREATE FUNCTION alm.session_look(id uuid)
RETURNS TABLE (user_id uuid, organisation_id uuid, last_used_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT s.user_id, s.organisation_id, s.last_used_at, s.expires_at FROM alm.sessions s
  WHERE s.id = session_look.id AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()
    AND s.last_used_at + s.idle > clock_timestamp()
$$;

CREATE FUNCTION alm.session_touch(id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.sessions s SET last_used_at = greatest(s.last_used_at, clock_timestamp())
  WHERE s.id = session_touch.id AND s.revoked_at IS NULL
$$;

-- Exchanges a refresh token for the next one. `outcome`: ok, unknown, ended (its session is over), reused.
CREATE FUNCTION alm.session_rotate(old_hash bytea, new_hash bytea)
RETURNS TABLE (outcome text, session_id uuid, user_id uuid, organisation_id uuid, expires_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  found record;
BEGIN
  -- both rows are locked, so that of two that come at the same time the second sees the first one's mark
  SELECT s.id, s.user_id, s.organisation_id, s.expires_at, r.used_at,
    s.revoked_at IS NULL AND s.expires_at > clock_timestamp() AND s.last_used_at + s.idle > clock_timestamp() AS alive
  INTO found FROM alm.refresh_tokens r JOIN alm.sessions s ON s.id = r.session_id
  WHERE r.hash = old_hash FOR UPDATE OF r, s;
  IF found.id IS NULL THEN
    outcome := 'unknown';
  ELSIF NOT found.alive THEN
    outcome := 'ended';
  ELSIF found.used_at IS NOT NULL THEN
    outcome := 'reused';
  ELSE
    outcome := 'ok';
    UPDATE alm.refresh_tokens r SET used_at = clock_timestamp() WHERE r.hash = old_hash;
    INSERT INTO alm.refresh_tokens (hash, session_id) VALUES (new_hash, found.id);
    UPDATE alm.sessions s SET last_used_at = greatest(s.last_used_at, clock_timestamp()) WHERE s.id = found.id;
  END IF;
  session_id := found.id;
  user_id := found.user_id;
  organisation_id := found.organisation_id;
  expires_at := found.expires_at;
  RETURN NEXT;
END $$;

-- The same log-in in another organisation of this person; refresh tokens given out before are spent. No row: no member.
CREATE FUNCTION alm.session_move(id uuid, user_id uuid, organisation_id uuid, refresh_hash bytea)
RETURNS TABLE (expires_at timestamptz, renewable boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  WITH moved AS (
    UPDATE alm.sessions s SET organisation_id = m.tenant_id, last_used_at = greatest(s.last_used_at, clock_timestamp())
    FROM alm.memberships m
    WHERE s.id = session_move.id AND s.user_id = session_move.user_id AND s.revoked_at IS NULL
      AND m.user_id = s.user_id AND m.tenant_id = session_move.organisation_id
      AND m.status = 'active' AND m.deleted_at IS NULL
    RETURNING s.id, s.expires_at
  ), spent AS (
    UPDATE alm.refresh_tokens r SET used_at = clock_timestamp() FROM moved
    WHERE r.session_id = moved.id AND r.used_at IS NULL RETURNING r.session_id
  ), next AS (
    INSERT INTO alm.refresh_tokens (hash, session_id)
    SELECT DISTINCT session_move.refresh_hash, session_id FROM spent RETURNING session_id
  )
  SELECT moved.expires_at, EXISTS (SELECT FROM next) FROM moved
$$;

-- Ends sessions of a person: one, or all but one. Gives the ended ones back.
CREATE FUNCTION alm.sessions_end(user_id uuid, only_id uuid, except_id uuid, reason text)
RETURNS TABLE (id uuid, organisation_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.sessions s SET revoked_at = clock_timestamp(), reason = sessions_end.reason
  WHERE s.user_id = sessions_end.user_id AND s.revoked_at IS NULL
    AND (sessions_end.only_id IS NULL OR s.id = sessions_end.only_id)
    AND s.id IS DISTINCT FROM sessions_end.except_id
  RETURNING s.id, s.organisation_id
$$;

-- A person's own sessions that are alive.
CREATE FUNCTION alm.sessions_of(user_id uuid)
RETURNS TABLE (id uuid, organisation_id uuid, organisation text, client text, address text, created_at timestamptz,
               last_used_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT s.id, s.organisation_id, t.name, s.client, s.address, s.created_at, s.last_used_at,
    least(s.expires_at, s.last_used_at + s.idle)
  FROM alm.sessions s JOIN alm.tenants t ON t.tenant_id = s.organisation_id
  WHERE s.user_id = sessions_of.user_id AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()
    AND s.last_used_at + s.idle > clock_timestamp()
  ORDER BY s.last_used_at DESC, s.id
$$;

-- What happened at the door to members of the current tenant, newest first: their log-ins here, and what concerns the
-- account as such. Log-ins in other organisations, and what was before the membership, are nobody's business here.
CREATE FUNCTION alm.sign_ins(of_user uuid, before_at timestamptz, before_id uuid, max integer)
RETURNS TABLE (id uuid, at timestamptz, kind text, user_id uuid, email text, display_name text, address text,
               client text, correlation_id text, detail text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT l.id, l.at, l.kind, l.user_id, u.email, u.display_name, l.address, l.client, l.correlation_id, l.detail
  FROM alm.memberships m JOIN alm.auth_log l ON l.user_id = m.user_id JOIN alm.users u ON u.id = m.user_id
  WHERE m.tenant_id = alm.current_tenant() AND l.at >= m.created_at AND (m.deleted_at IS NULL OR l.at <= m.deleted_at)
    AND (l.organisation_id IS NULL OR l.organisation_id = m.tenant_id)
    AND (sign_ins.of_user IS NULL OR m.user_id = sign_ins.of_user)
    AND (sign_ins.before_at IS NULL OR (l.at, l.id) < (sign_ins.before_at, sign_ins.before_id))
  ORDER BY l.at DESC, l.id DESC
  LIMIT least(sign_ins.max, 1000)
$$;

-- One-time links and external identities ---------------------------------------------------------------------------------

-- At most three links an hour to one account by mail, and three by hand: what strangers ask for keeps nobody from help.
-- False when there were that many.
CREATE FUNCTION alm.one_time_make(hash bytea, purpose text, user_id uuid, lifetime interval, organisation_id uuid,
                                  issued_by uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  WITH made AS (
    INSERT INTO alm.one_time_tokens (hash, purpose, user_id, organisation_id, issued_by, expires_at)
    SELECT one_time_make.hash, one_time_make.purpose, u.id, one_time_make.organisation_id, one_time_make.issued_by,
      clock_timestamp() + one_time_make.lifetime
    FROM alm.users u WHERE u.id = one_time_make.user_id AND u.is_active AND 3 > (
      SELECT count(*) FROM alm.one_time_tokens t WHERE t.user_id = u.id AND t.purpose = one_time_make.purpose
        AND (t.issued_by IS NULL) = (one_time_make.issued_by IS NULL)
        AND t.created_at > clock_timestamp() - interval '1 hour')
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM made)
$$;

CREATE FUNCTION alm.one_time_look(hash bytea, purpose text)
RETURNS TABLE (user_id uuid, email text, display_name text, organisation_id uuid, issued_by uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT u.id, u.email, u.display_name, t.organisation_id, t.issued_by FROM alm.one_time_tokens t JOIN alm.users u ON u.id = t.user_id AND u.is_active
  WHERE t.hash = one_time_look.hash AND t.purpose = one_time_look.purpose AND t.used_at IS NULL
    AND t.expires_at > clock_timestamp()
$$;

-- Uses a token, and with it every other one for the same purpose and person; NULL when it is not good.
CREATE FUNCTION alm.one_time_take(hash bytea, purpose text) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  WITH taken AS (
    UPDATE alm.one_time_tokens t SET used_at = clock_timestamp()
    WHERE t.hash = one_time_take.hash AND t.purpose = one_time_take.purpose AND t.used_at IS NULL
      AND t.expires_at > clock_timestamp()
    RETURNING t.user_id
  ), others AS (
    UPDATE alm.one_time_tokens t SET used_at = clock_timestamp() FROM taken
    WHERE t.user_id = taken.user_id AND t.purpose = one_time_take.purpose AND t.used_at IS NULL
      AND t.hash <> one_time_take.hash
  )
  SELECT user_id FROM taken
$$;

-- Whether the password of this member is the current tenant's to reset: nobody else knows the person.
CREATE FUNCTION alm.reset_allowed(user_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT count(*) > 0 AND bool_and(m.tenant_id = alm.current_tenant()) FROM alm.memberships m
  WHERE m.user_id = reset_allowed.user_id AND m.deleted_at IS NULL
$$;

CREATE FUNCTION alm.identity_link(issuer text, subject text, user_id uuid) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  INSERT INTO alm.user_identities (issuer, subject, user_id)
  VALUES (identity_link.issuer, identity_link.subject, identity_link.user_id) ON CONFLICT DO NOTHING;
  SELECT i.user_id FROM alm.user_identities i
  WHERE i.issuer = identity_link.issuer AND i.subject = identity_link.subject
$$;

CREATE FUNCTION alm.identity_find(issuer text, subject text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT i.user_id FROM alm.user_identities i JOIN alm.users u ON u.id = i.user_id AND u.is_active
  WHERE i.issuer = identity_find.issuer AND i.subject = identity_find.subject
$$;

CREATE FUNCTION alm.identity_unlink(issuer text, subject text, user_id uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  WITH gone AS (
    DELETE FROM alm.user_identities i WHERE i.issuer = identity_unlink.issuer
      AND i.subject = identity_unlink.subject AND i.user_id = identity_unlink.user_id RETURNING 1
  )
  SELECT EXISTS (SELECT FROM gone)
$$;

-- Upkeep: what is over for a month, and the log of the door after `log_days`. How many rows went.
CREATE FUNCTION alm.purge_accounts(log_days integer DEFAULT 730) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  WITH s AS (
    DELETE FROM alm.sessions WHERE least(expires_at, COALESCE(revoked_at, expires_at)) < now() - interval '30 days'
    RETURNING 1
  ), o AS (
    DELETE FROM alm.one_time_tokens WHERE expires_at < now() - interval '30 days' RETURNING 1
  ), f AS (
    DELETE FROM alm.login_failures WHERE last_at < now() - interval '1 day' RETURNING 1
  ), l AS (
    DELETE FROM alm.auth_log WHERE at < now() - make_interval(days => log_days) RETURNING 1
  )
  SELECT (SELECT count(*) FROM s) + (SELECT count(*) FROM o) + (SELECT count(*) FROM f) + (SELECT count(*) FROM l)
$$;

GRANT EXECUTE ON FUNCTION alm.login_keys(text, text) TO alm_definer;
GRANT EXECUTE ON FUNCTION alm.login_gate(text, text), alm.login_failed(text, text), alm.login_cleared(text, text),
  alm.auth_note(uuid, text, uuid, uuid, uuid, text, text, text, text), alm.auth_lookup(text),
  alm.user_set_password(uuid, text, boolean), alm.user_update(uuid, text, text),
  alm.session_open(uuid, uuid, uuid, text, text, interval, interval, bytea), alm.session_look(uuid),
  alm.session_touch(uuid), alm.session_rotate(bytea, bytea), alm.session_move(uuid, uuid, uuid, bytea),
  alm.sessions_end(uuid, uuid, uuid, text), alm.sessions_of(uuid), alm.sign_ins(uuid, timestamptz, uuid, integer),
  alm.one_time_make(bytea, text, uuid, interval, uuid, uuid), alm.one_time_look(bytea, text), alm.one_time_take(bytea, text),
  alm.reset_allowed(uuid), alm.identity_link(text, text, uuid), alm.identity_find(text, text),
  alm.identity_unlink(text, text, uuid) TO alm_app;
GRANT EXECUTE ON FUNCTION alm.purge_accounts(integer), alm.one_time_make(bytea, text, uuid, interval, uuid, uuid) TO alm_worker;
