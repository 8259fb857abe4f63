SET LOCAL ROLE alm_definer;
UPDATE alm.roles SET privileges = array_remove(array_remove(array_remove(privileges, 'artifact:comment'), 'artifact:attach'),
                                               'artifact:moderate')
 WHERE privileges && '{artifact:comment,artifact:attach,artifact:moderate}';
UPDATE alm.tenant_policies SET definition = jsonb_set(definition, '{events}', definition -> 'events' - 'comment' - 'attach')
 WHERE code = 'archived_projects_stand_still';
RESET ROLE;
DROP TABLE alm.watchers;
DROP TABLE alm.notifications;
DROP TABLE alm.comments;
