SET LOCAL ROLE alm_definer;
UPDATE alm.roles SET privileges = array_remove(array_remove(array_remove(privileges, 'artifact:comment'), 'artifact:attach'),
                                               'artifact:moderate')
 WHERE privileges && '{artifact:comment,artifact:attach,artifact:moderate}';
UPDATE alm.tenant_policies SET definition = jsonb_set(definition, '{events}', (definition -> 'events') - 'comment'::text - 'attach'::text)
 WHERE code = 'archived_projects_stand_still';
CREATE OR REPLACE FUNCTION alm.storage_used() RETURNS bigint
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
RESET ROLE;
DROP TABLE alm.watchers;
DROP TABLE alm.notifications;
DROP TABLE alm.attachments;
DROP TABLE alm.comments;
