-- An organisation is set up in steps and is nobody's until the last one is done.
ALTER TABLE alm.tenants DROP CONSTRAINT tenants_status_check;
ALTER TABLE alm.tenants ADD CONSTRAINT tenants_status_check CHECK (status IN ('active', 'inactive', 'onboarding'));

ALTER TABLE alm.roles ADD COLUMN description jsonb NOT NULL DEFAULT '{}';

-- The life of items where a process declares none.
CREATE TABLE alm.tenant_workflows (
  tenant_id uuid NOT NULL REFERENCES alm.tenants,
  id uuid NOT NULL,
  code text NOT NULL,
  definition jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, code)
);

CREATE TABLE alm.invitations (
  tenant_id uuid NOT NULL REFERENCES alm.tenants,
  id uuid NOT NULL,
  email text NOT NULL CHECK (email = lower(email)),
  roles text[] NOT NULL DEFAULT '{}',
  invited_by uuid NOT NULL,  -- the membership whose rights the roles are measured by when the invitation is accepted
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, invited_by) REFERENCES alm.memberships
);
CREATE UNIQUE INDEX invitations_open ON alm.invitations (tenant_id, email)
  WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- Apart from the invitation, so that the audit trail holds nothing that belongs to a token; sending again replaces it.
CREATE TABLE alm.invitation_tokens (
  tenant_id uuid NOT NULL,
  invitation_id uuid NOT NULL,
  token_hash bytea NOT NULL,
  PRIMARY KEY (tenant_id, invitation_id),
  FOREIGN KEY (tenant_id, invitation_id) REFERENCES alm.invitations
);
CREATE INDEX invitation_tokens_hash ON alm.invitation_tokens (token_hash);

-- What is used of the resources that are slow to count. Claims add to it under a lock; it is counted anew every hour,
-- after a change of the organisation (nobody claims under an unlimited subscription), and before anybody is refused.
CREATE TABLE alm.tenant_usage (
  tenant_id uuid NOT NULL REFERENCES alm.tenants,
  resource text NOT NULL CHECK (resource IN ('artifacts', 'storage')),
  used bigint NOT NULL,
  counted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, resource)
);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['tenant_workflows', 'invitations', 'invitation_tokens', 'tenant_usage'] LOOP
    CALL alm.isolate(t);
    CALL alm.standard_triggers(t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON alm.%I TO alm_definer', t);
    EXECUTE format('GRANT SELECT ON alm.%I TO alm_worker', t);
  END LOOP;
END $$;
CALL alm.audit_table('tenant_workflows', 'TenantWorkflow');
CALL alm.audit_table('invitations', 'Invitation');
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.tenant_workflows, alm.invitations, alm.invitation_tokens TO alm_app;
GRANT SELECT ON alm.tenant_usage TO alm_app;

-- What a saga has done so far; it outlives the process that runs it. No tenant's: the tenant may not exist (any more).
CREATE TABLE alm.saga_runs (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  subject text NOT NULL,
  input jsonb NOT NULL,
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'compensating', 'compensated')),
  done text[] NOT NULL DEFAULT '{}',
  error text,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX saga_runs_unfinished ON alm.saga_runs (kind, subject) WHERE status IN ('running', 'compensating');
ALTER TABLE alm.saga_runs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_definer ON alm.saga_runs TO alm_definer USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON alm.saga_runs TO alm_definer;

CREATE FUNCTION alm.saga_start(id uuid, kind text, subject text, input jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  INSERT INTO alm.saga_runs (id, kind, subject, input)
  VALUES (saga_start.id, saga_start.kind, saga_start.subject, saga_start.input)
$$;

CREATE FUNCTION alm.saga_record(id uuid, status text, done text[], error text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.saga_runs r SET status = saga_record.status, done = saga_record.done, error = saga_record.error,
    updated_at = clock_timestamp()
  WHERE r.id = saga_record.id AND r.status IN ('running', 'compensating')
$$;

-- One run by its id, or the unfinished ones of a kind.
CREATE FUNCTION alm.saga_find(id uuid, kind text)
RETURNS TABLE (id uuid, subject text, input jsonb, status text, done text[], error text, started_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT r.id, r.subject, r.input, r.status, r.done, r.error, r.started_at FROM alm.saga_runs r
  WHERE r.id = saga_find.id OR (saga_find.id IS NULL AND r.kind = saga_find.kind
                                AND r.status IN ('running', 'compensating'))
  ORDER BY r.started_at
$$;

CREATE FUNCTION alm.tenant_prepare(tenant_id uuid, slug text, name text, tier text, timezone text, locale text)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  INSERT INTO alm.tenants (tenant_id, slug, name, tier, timezone, locale, status)
  VALUES (tenant_prepare.tenant_id, tenant_prepare.slug, tenant_prepare.name, tenant_prepare.tier,
          tenant_prepare.timezone, tenant_prepare.locale, 'onboarding')
$$;

-- Takes back what tenant_prepare made; an organisation that was ever in use is out of its reach.
CREATE FUNCTION alm.tenant_discard(tenant_id uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  PERFORM FROM alm.tenants t WHERE t.tenant_id = tenant_discard.tenant_id AND t.status = 'onboarding' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM alm.actors a WHERE a.tenant_id = tenant_discard.tenant_id;
  DELETE FROM alm.tombstones b WHERE b.tenant_id = tenant_discard.tenant_id;
  DELETE FROM alm.tenants t WHERE t.tenant_id = tenant_discard.tenant_id;
  RETURN true;
END $$;

-- Every transaction enters its tenant through here: one that is not active is closed at once, in every process,
-- whatever a token, a session or a process remembers. The rows themselves stay as they are.
CREATE FUNCTION alm.enter(tenant text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  IF tenant <> '' THEN
    PERFORM FROM alm.tenants t WHERE t.tenant_id = tenant::uuid AND t.status <> 'active';
    IF FOUND THEN
      RAISE EXCEPTION 'this organisation is not active' USING ERRCODE = 'AL001';
    END IF;
  END IF;
  RETURN tenant;
END $$;

CREATE FUNCTION alm.invitation_by_token(token_hash bytea)
RETURNS TABLE (tenant_id uuid, invitation_id uuid, email text, roles text[], invited_by uuid, expires_at timestamptz,
               tenant_slug text, tenant_name text, tenant_locale text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT i.tenant_id, i.id, i.email, i.roles, i.invited_by, i.expires_at, t.slug, t.name, t.locale
  FROM alm.invitation_tokens k JOIN alm.invitations i ON i.tenant_id = k.tenant_id AND i.id = k.invitation_id
  JOIN alm.tenants t ON t.tenant_id = i.tenant_id
  WHERE k.token_hash = invitation_by_token.token_hash AND t.status = 'active'
    AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > clock_timestamp()
$$;

-- Members with what an administrator needs; the address comes from the account.
SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.members();
RESET ROLE;
CREATE FUNCTION alm.members()
RETURNS TABLE (membership_id uuid, user_id uuid, actor_id uuid, email text, display_name text, status text,
               role_codes text[], version integer, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT m.id, m.user_id, m.actor_id, u.email, u.display_name, m.status,
    ARRAY(SELECT r.role_code FROM alm.member_roles r
          WHERE r.tenant_id = m.tenant_id AND r.membership_id = m.id ORDER BY r.role_code),
    m.version, m.created_at
  FROM alm.memberships m JOIN alm.users u ON u.id = m.user_id
  WHERE m.tenant_id = alm.current_tenant() AND m.deleted_at IS NULL
  ORDER BY u.display_name, m.id
$$;

SET LOCAL ROLE alm_definer;
CREATE OR REPLACE FUNCTION alm.tenant_by_slug(slug text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT t.tenant_id FROM alm.tenants t WHERE t.slug = tenant_by_slug.slug AND t.status <> 'onboarding'
$$;
RESET ROLE;

-- What the current tenant keeps, in bytes as they are stored.
CREATE FUNCTION alm.storage_used() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT (
    SELECT COALESCE(sum(pg_column_size(a.title) + pg_column_size(a.fields) + pg_column_size(a.originals)
                        + COALESCE(pg_column_size(a.search_text), 0)), 0)
    FROM alm.artifacts a WHERE a.tenant_id = alm.current_tenant()
  ) + (
    SELECT COALESCE(sum(pg_column_size(v.source) + pg_column_size(v.compiled)), 0)
    FROM alm.manifest_versions v WHERE v.tenant_id = alm.current_tenant()
  )
$$;

CREATE FUNCTION alm.count_of(resource text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  mine CONSTANT uuid := alm.current_tenant();
  n bigint;
BEGIN
  CASE resource
    WHEN 'projects' THEN SELECT count(*) INTO n FROM alm.projects p WHERE p.tenant_id = mine AND p.deleted_at IS NULL;
    WHEN 'artifacts' THEN SELECT count(*) INTO n FROM alm.artifacts a WHERE a.tenant_id = mine AND a.deleted_at IS NULL;
    WHEN 'members' THEN SELECT count(*) INTO n FROM alm.memberships m WHERE m.tenant_id = mine AND m.deleted_at IS NULL;
    WHEN 'manifests' THEN SELECT count(*) INTO n FROM alm.manifests d WHERE d.tenant_id = mine AND d.deleted_at IS NULL;
    WHEN 'storage' THEN n := alm.storage_used();
  END CASE;
  RETURN n;
END $$;

-- Claims room for more of a resource, with the door closed to other claims of this tenant until the transaction ends;
-- what was used before. Whatever is counted is counted after the lock, so it holds what a claim before this one committed.
-- A process may remember a subscription for some seconds: a count is trusted only when it is younger than that.
CREATE FUNCTION alm.quota_claim(resource text, amount bigint, cap bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
#variable_conflict use_column
DECLARE
  mine CONSTANT uuid := alm.current_tenant();
  known bigint;
  counted timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('alm.quota.' || quota_claim.resource || mine::text, 0));
  IF quota_claim.resource NOT IN ('artifacts', 'storage') THEN
    RETURN alm.count_of(quota_claim.resource);
  END IF;
  SELECT u.used, u.counted_at INTO known, counted FROM alm.tenant_usage u JOIN alm.tenants t USING (tenant_id)
  WHERE u.tenant_id = mine AND u.resource = quota_claim.resource AND u.used + quota_claim.amount <= quota_claim.cap
    AND u.counted_at > greatest(clock_timestamp() - interval '1 hour', t.updated_at + interval '10 seconds');
  IF known IS NULL THEN
    known := alm.count_of(quota_claim.resource);
    counted := clock_timestamp();
  END IF;
  IF known + quota_claim.amount <= quota_claim.cap THEN
    INSERT INTO alm.tenant_usage AS u (tenant_id, resource, used, counted_at)
    VALUES (mine, quota_claim.resource, known + quota_claim.amount, counted)
    ON CONFLICT (tenant_id, resource) DO UPDATE SET used = EXCLUDED.used, counted_at = EXCLUDED.counted_at;
  END IF;
  RETURN known;
END $$;

GRANT EXECUTE ON FUNCTION alm.saga_start(uuid, text, text, jsonb), alm.saga_record(uuid, text, text[], text),
  alm.saga_find(uuid, text), alm.tenant_prepare(uuid, text, text, text, text, text), alm.tenant_discard(uuid),
  alm.invitation_by_token(bytea), alm.members(), alm.count_of(text),
  alm.quota_claim(text, bigint, bigint) TO alm_app;
GRANT EXECUTE ON FUNCTION alm.enter(text) TO alm_app, alm_worker, alm_mirror;
GRANT EXECUTE ON FUNCTION alm.storage_used(), alm.count_of(text) TO alm_definer;
