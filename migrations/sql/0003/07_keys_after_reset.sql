-- Whoever had somebody's password may have made keys with it: they end when the password is set by a link, in every
-- organisation of the person. Gives the keys that ended now.
CREATE FUNCTION alm.keys_revoke_of(of_user uuid) RETURNS TABLE (tenant_id uuid, key_id uuid, name text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.api_keys k SET revoked_at = clock_timestamp(), revoked_by = m.actor_id
  FROM alm.memberships m
  WHERE k.user_id = of_user AND k.revoked_at IS NULL AND k.expires_at > now()
    AND m.tenant_id = k.tenant_id AND m.id = k.membership_id
  RETURNING k.tenant_id, k.id, k.name
$$;
REVOKE ALL ON FUNCTION alm.keys_revoke_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alm.keys_revoke_of(uuid) TO alm_app;
CREATE INDEX api_keys_user ON alm.api_keys (user_id);
