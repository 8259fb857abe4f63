-- What the app may know about global tables, and only through these doors. Owned by alm_definer (see 90_protect.sql).

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

CREATE FUNCTION alm.user_create(id uuid, email text, display_name text, password_hash text, locale text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  INSERT INTO alm.users (id, email, display_name, password_hash, locale)
  VALUES (user_create.id, lower(user_create.email), user_create.display_name, user_create.password_hash,
          COALESCE(user_create.locale, 'en'))
$$;

CREATE FUNCTION alm.user_set_password(user_id uuid, password_hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  UPDATE alm.users u SET password_hash = user_set_password.password_hash, failed_logins = 0, locked_until = NULL,
    updated_at = clock_timestamp()
  WHERE u.id = user_set_password.user_id
$$;

CREATE FUNCTION alm.user_profile(user_id uuid)
RETURNS TABLE (user_id uuid, email text, display_name text, locale text, is_active boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT u.id, u.email, u.display_name, u.locale, u.is_active FROM alm.users u WHERE u.id = user_profile.user_id
$$;

CREATE FUNCTION alm.user_tenants(user_id uuid)
RETURNS TABLE (tenant_id uuid, slug text, name text, status text, membership_id uuid, actor_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT t.tenant_id, t.slug, t.name, m.status, m.id, m.actor_id
  FROM alm.memberships m JOIN alm.tenants t USING (tenant_id)
  WHERE m.user_id = user_tenants.user_id AND m.deleted_at IS NULL AND t.status = 'active'
  ORDER BY t.name
$$;

CREATE FUNCTION alm.tenant_create(tenant_id uuid, slug text, name text, tier text, timezone text, locale text)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  INSERT INTO alm.tenants (tenant_id, slug, name, tier, timezone, locale)
  VALUES (tenant_create.tenant_id, tenant_create.slug, tenant_create.name, tenant_create.tier,
          tenant_create.timezone, tenant_create.locale)
$$;

CREATE FUNCTION alm.tenant_by_slug(slug text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT t.tenant_id FROM alm.tenants t WHERE t.slug = tenant_by_slug.slug
$$;

CREATE FUNCTION alm.members()
RETURNS TABLE (membership_id uuid, user_id uuid, actor_id uuid, email text, display_name text, status text,
               role_codes text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT m.id, m.user_id, m.actor_id, u.email, u.display_name, m.status,
    ARRAY(SELECT r.role_code FROM alm.member_roles r
          WHERE r.tenant_id = m.tenant_id AND r.membership_id = m.id ORDER BY r.role_code)
  FROM alm.memberships m JOIN alm.users u ON u.id = m.user_id
  WHERE m.tenant_id = alm.current_tenant() AND m.deleted_at IS NULL
  ORDER BY u.display_name, m.id
$$;

-- Under row-level security the GIN index is out of reach (@@ is not leak-proof), so this function has the tenant
-- predicate itself. Only the first 2,000 matches are ranked: a common word must not cost a second.
CREATE FUNCTION alm.search(project_id uuid, query text, max integer) RETURNS TABLE (artifact_id uuid, rank real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT m.id, ts_rank(m.tsv, m.q) AS rank
  FROM (
    SELECT a.id, a.tsv, q.q FROM alm.search_query(search.query) AS q (q), alm.artifacts a
    WHERE a.tsv @@ q.q AND a.tenant_id = alm.current_tenant() AND a.deleted_at IS NULL
      AND (search.project_id IS NULL OR a.project_id = search.project_id)
    LIMIT 2000
  ) m
  ORDER BY rank DESC, m.id
  LIMIT least(search.max, 2000)
$$;
