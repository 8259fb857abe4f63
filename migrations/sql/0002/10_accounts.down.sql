SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.login_gate(text, text), alm.login_failed(text, text), alm.login_cleared(text, text),
  alm.auth_note(uuid, text, uuid, uuid, uuid, text, text, text, text), alm.auth_lookup(text),
  alm.user_set_password(uuid, text, boolean), alm.user_update(uuid, text, text),
  alm.session_open(uuid, uuid, uuid, text, text, interval, interval, bytea), alm.session_look(uuid),
  alm.session_touch(uuid), alm.session_rotate(bytea, bytea), alm.session_move(uuid, uuid, uuid, bytea),
  alm.sessions_end(uuid, uuid, uuid, text), alm.sessions_of(uuid), alm.sign_ins(uuid, timestamptz, uuid, integer),
  alm.one_time_make(bytea, text, uuid, interval, uuid, uuid), alm.one_time_look(bytea, text), alm.one_time_take(bytea, text),
  alm.reset_allowed(uuid), alm.identity_link(text, text, uuid), alm.identity_find(text, text),
  alm.identity_unlink(text, text, uuid), alm.purge_accounts(integer);
REVOKE EXECUTE ON FUNCTION alm.user_profile(uuid) FROM alm_worker;
RESET ROLE;
DROP FUNCTION alm.login_keys(text, text);
DROP TABLE alm.refresh_tokens, alm.sessions, alm.one_time_tokens, alm.auth_log, alm.login_failures;

ALTER TABLE alm.users ADD COLUMN failed_logins integer NOT NULL DEFAULT 0, ADD COLUMN locked_until timestamptz;

SET LOCAL ROLE alm_definer;
CREATE FUNCTION alm.user_set_password(user_id uuid, password_hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.users u SET password_hash = user_set_password.password_hash, failed_logins = 0, locked_until = NULL,
    updated_at = clock_timestamp()
  WHERE u.id = user_set_password.user_id
$$;
CREATE FUNCTION alm.auth_lookup(email text)
RETURNS TABLE (user_id uuid, email text, display_name text, password_hash text, is_active boolean,
               locked_until timestamptz, locale text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT u.id, u.email, u.display_name, u.password_hash, u.is_active, u.locked_until, u.locale
  FROM alm.users u WHERE u.email = lower(auth_lookup.email)
$$;
-- From the fifth wrong password on the account waits: 1, 2, 4 ... 60 minutes.
CREATE FUNCTION alm.auth_record(user_id uuid, ok boolean) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.users u SET
    failed_logins = CASE WHEN ok THEN 0 ELSE u.failed_logins + 1 END,
    locked_until = CASE WHEN NOT ok AND u.failed_logins + 1 >= 5
      THEN clock_timestamp() + make_interval(mins => least(60, 2 ^ least(u.failed_logins - 4, 6))::integer) END,
    updated_at = clock_timestamp()
  WHERE u.id = auth_record.user_id
$$;
REVOKE ALL ON FUNCTION alm.auth_lookup(text), alm.auth_record(uuid, boolean),
  alm.user_set_password(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alm.auth_lookup(text), alm.auth_record(uuid, boolean),
  alm.user_set_password(uuid, text) TO alm_app;
RESET ROLE;
