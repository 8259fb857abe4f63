SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.quota_claim(text, bigint, bigint), alm.count_of(text), alm.storage_used(),
  alm.members(), alm.invitation_by_token(bytea), alm.enter(text), alm.tenant_discard(uuid),
  alm.tenant_prepare(uuid, text, text, text, text, text), alm.saga_find(uuid, text),
  alm.saga_record(uuid, text, text[], text), alm.saga_start(uuid, text, text, jsonb);
CREATE OR REPLACE FUNCTION alm.tenant_by_slug(slug text) RETURNS uuid
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
REVOKE ALL ON FUNCTION alm.members() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alm.members() TO alm_app;
UPDATE alm.tenants SET status = 'inactive' WHERE status = 'onboarding';
RESET ROLE;

DROP TABLE alm.saga_runs, alm.tenant_usage, alm.invitation_tokens, alm.invitations, alm.tenant_workflows;
ALTER TABLE alm.roles DROP COLUMN description;
ALTER TABLE alm.tenants DROP CONSTRAINT tenants_status_check;
ALTER TABLE alm.tenants ADD CONSTRAINT tenants_status_check CHECK (status IN ('active', 'inactive'));
