-- Keys of programs. What a key is and may do belongs to the tenant and is audited; what proves it does not: nobody but
-- the functions below ever reads a hash, and its use leaves no audit snapshot.
CREATE TABLE alm.api_keys (
  tenant_id uuid NOT NULL REFERENCES alm.tenants,
  id uuid NOT NULL,
  actor_id uuid NOT NULL,
  membership_id uuid NOT NULL,
  user_id uuid NOT NULL REFERENCES alm.users (id),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  prefix text NOT NULL,
  scopes text[] NOT NULL CHECK (cardinality(scopes) <= 100),
  role_codes text[],
  project_ids uuid[],
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  revoked_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, actor_id) REFERENCES alm.actors,
  FOREIGN KEY (tenant_id, membership_id) REFERENCES alm.memberships
);
CREATE INDEX api_keys_membership ON alm.api_keys (tenant_id, membership_id);

CALL alm.isolate('api_keys');
CALL alm.standard_triggers('api_keys');
CALL alm.audit_table('api_keys', 'ApiKey');
GRANT SELECT, INSERT, UPDATE ON alm.api_keys TO alm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.api_keys TO alm_definer;
GRANT SELECT ON alm.api_keys TO alm_worker;

-- One row for each secret that was ever given out; after a rotation the old one lives on for a while.
CREATE TABLE alm.api_key_secrets (
  prefix text PRIMARY KEY,
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  of_tenant uuid NOT NULL,
  key_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  last_used_at timestamptz
);
CREATE INDEX api_key_secrets_key ON alm.api_key_secrets (of_tenant, key_id);
ALTER TABLE alm.api_key_secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_definer ON alm.api_key_secrets TO alm_definer USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.api_key_secrets TO alm_definer;

-- Whose key it is, whatever the tenant: the caller has not said yet who it is. It compares the hash itself.
CREATE FUNCTION alm.key_lookup(prefix text)
RETURNS TABLE (tenant_id uuid, key_id uuid, hash bytea, actor_id uuid, user_id uuid, membership_id uuid, name text,
               scopes text[], role_codes text[], project_ids uuid[], expires_at timestamptz, last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT k.tenant_id, k.id, s.hash, k.actor_id, k.user_id, k.membership_id, k.name, k.scopes, k.role_codes,
    k.project_ids, least(k.expires_at, s.expires_at), s.last_used_at
  FROM alm.api_key_secrets s JOIN alm.api_keys k ON k.tenant_id = s.of_tenant AND k.id = s.key_id
  WHERE s.prefix = key_lookup.prefix AND k.revoked_at IS NULL
$$;

-- A new secret for a key of this tenant; the ones before it end at `old_until`.
CREATE FUNCTION alm.key_secret(key_id uuid, prefix text, hash bytea, expires_at timestamptz, old_until timestamptz)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.api_key_secrets s SET expires_at = key_secret.old_until
  WHERE s.of_tenant = alm.current_tenant() AND s.key_id = key_secret.key_id AND s.expires_at > key_secret.old_until;
  INSERT INTO alm.api_key_secrets (prefix, hash, of_tenant, key_id, expires_at)
  SELECT key_secret.prefix, key_secret.hash, k.tenant_id, k.id, key_secret.expires_at
  FROM alm.api_keys k WHERE k.tenant_id = alm.current_tenant() AND k.id = key_secret.key_id;
$$;

-- At most one write a minute, however many processes see the key.
CREATE FUNCTION alm.key_used(prefix text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.api_key_secrets s SET last_used_at = clock_timestamp()
  WHERE s.prefix = key_used.prefix
    AND (s.last_used_at IS NULL OR s.last_used_at < clock_timestamp() - interval '1 minute')
$$;

-- When the keys of this tenant were used last, and until when an older secret still opens the door.
CREATE FUNCTION alm.key_usage() RETURNS TABLE (key_id uuid, last_used_at timestamptz, old_until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT k.id, max(s.last_used_at),
    max(s.expires_at) FILTER (WHERE s.prefix <> k.prefix AND s.expires_at > clock_timestamp())
  FROM alm.api_keys k JOIN alm.api_key_secrets s ON s.of_tenant = k.tenant_id AND s.key_id = k.id
  WHERE k.tenant_id = alm.current_tenant() GROUP BY k.id
$$;

GRANT EXECUTE ON FUNCTION alm.key_lookup(text), alm.key_secret(uuid, text, bytea, timestamptz, timestamptz),
  alm.key_used(text), alm.key_usage() TO alm_app;

-- Whoever leaves takes his keys along: they do not come back to life when he is invited again.
CREATE FUNCTION alm.revoke_keys_of_member() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  UPDATE alm.api_keys SET revoked_at = clock_timestamp(), revoked_by = alm.current_actor()
  WHERE tenant_id = NEW.tenant_id AND membership_id = NEW.id AND revoked_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER revoke_keys AFTER UPDATE OF deleted_at ON alm.memberships FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION alm.revoke_keys_of_member();
